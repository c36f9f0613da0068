-- What waits of papers, kept by the transaction that writes a paper, so that nobody reads all papers to see whether one waits
-- for them. All of it can be made again from the papers.

-- Papers of the firm that somebody signs next: whole ones that nobody prepared as they stand, and prepared ones that nobody
-- reviewed. As the papers themselves, nothing of it is management's to read.
CREATE TABLE paper_to_sign (
    organization BIGINT   NOT NULL,
    engagement   BIGINT   NOT NULL,
    kind         TEXT     NOT NULL CHECK (kind IN ('workpaper', 'walkthrough')),
    number       BIGINT   NOT NULL,
    since        BIGINT   NOT NULL,
    subject      TEXT     NOT NULL,
    -- Ids of those who wrote in it, with spaces between.
    authors      TEXT     NOT NULL,
    is_prepared  SMALLINT NOT NULL CHECK (is_prepared IN (0, 1)),
    -- Not yet, where a day that it names lay ahead when it was written: then the paper itself says.
    is_whole     SMALLINT NOT NULL CHECK (is_whole IN (0, 1)),
    PRIMARY KEY (organization, engagement, kind, number),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
);

-- Exceptions as the workpaper had them when it was shared last. `number` is that of the workpaper.
CREATE TABLE shared_exception (
    organization BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    exception    BIGINT NOT NULL,
    control      TEXT   NOT NULL,
    nature       TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    PRIMARY KEY (organization, engagement, number, exception),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
);
