-- Comments are about more kinds of records: which ones there are, the program knows. Texts and mentions hang on them, so all
-- three tables are made anew.
CREATE TABLE comment_of_record (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    -- Made with the form, so that one form makes one comment.
    once         TEXT   NOT NULL,
    object_kind  TEXT   NOT NULL CHECK (length(object_kind) BETWEEN 1 AND 40),
    object       TEXT   NOT NULL CHECK (length(object) BETWEEN 1 AND 200),
    made_by      TEXT   NOT NULL,
    made_at      BIGINT NOT NULL,
    -- The newest version.
    version      BIGINT NOT NULL,
    removed_at   BIGINT,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, once),
    FOREIGN KEY (organization, made_by) REFERENCES actor (organization, id)
);
INSERT INTO comment_of_record
    (organization, key, once, object_kind, object, made_by, made_at, version, removed_at)
SELECT organization, key, once, object_kind, object, made_by, made_at, version, removed_at
FROM comment ORDER BY organization, key;

CREATE TABLE comment_words (
    organization BIGINT NOT NULL,
    comment      BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    body         TEXT   NOT NULL CHECK (length(body) BETWEEN 1 AND 4000),
    at           BIGINT NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, comment, number),
    FOREIGN KEY (organization, comment) REFERENCES comment_of_record (organization, key)
);
INSERT INTO comment_words (organization, comment, number, body, at, salt)
SELECT organization, comment, number, body, at, salt FROM comment_text ORDER BY organization, comment, number;

CREATE TABLE comment_naming (
    organization BIGINT NOT NULL,
    comment      BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    seen_at      BIGINT,
    PRIMARY KEY (organization, comment, actor),
    FOREIGN KEY (organization, comment) REFERENCES comment_of_record (organization, key),
    FOREIGN KEY (organization, actor) REFERENCES actor (organization, id)
);
INSERT INTO comment_naming (organization, comment, actor, seen_at)
SELECT organization, comment, actor, seen_at FROM comment_mention ORDER BY organization, comment, actor;

DROP TABLE comment_mention;
DROP TABLE comment_text;
DROP TABLE comment;
ALTER TABLE comment_of_record RENAME TO comment;
ALTER TABLE comment_words RENAME TO comment_text;
ALTER TABLE comment_naming RENAME TO comment_mention;
{{FROZEN comment_text}}
CREATE INDEX comment_by_object ON comment (organization, object_kind, object, key);
CREATE INDEX comment_mention_unseen ON comment_mention (organization, actor, comment) WHERE seen_at IS NULL;
