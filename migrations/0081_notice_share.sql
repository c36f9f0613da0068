-- Reviews of access are told of as their time passes: at half of it, at four fifths, and at its end.
CREATE TABLE notice_of_review (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    -- What it is, the same as long as it is the same.
    about        TEXT   NOT NULL CHECK (length(about) BETWEEN 1 AND 300),
    step         TEXT   NOT NULL CHECK (step IN ('new', 'half', 'most', 'soon', 'today', 'overdue', 'escalated')),
    matter       TEXT   NOT NULL CHECK (matter IN ('occurrence', 'returned', 'decision', 'evidence', 'waiver', 'finding', 'mention', 'request', 'response', 'access_review', 'ledger', 'week')),
    title        TEXT   NOT NULL,
    path         TEXT   NOT NULL,
    -- More lines, where there are.
    detail       TEXT   NOT NULL,
    due_at       BIGINT,
    made_at      BIGINT NOT NULL,
    read_at      BIGINT,
    -- When it went into a letter.
    mailed_at    BIGINT,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, actor, about, step),
    FOREIGN KEY (organization, actor) REFERENCES actor (organization, id)
);
INSERT INTO notice_of_review
    (organization, key, actor, about, step, matter, title, path, detail, due_at, made_at, read_at, mailed_at)
SELECT organization, key, actor, about, step, matter, title, path, detail, due_at, made_at, read_at, mailed_at
FROM notice ORDER BY organization, key;
DROP TABLE notice;
ALTER TABLE notice_of_review RENAME TO notice;
CREATE INDEX notice_unread ON notice (organization, actor) WHERE read_at IS NULL;
