-- What people say about records. Texts stand in versions, which entries of the log commit to with a salt; taking the rows of
-- texts away erases what was said, and that something was stays.

CREATE TABLE comment (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    -- Made with the form, so that one form makes one comment.
    once         TEXT   NOT NULL,
    object_kind  TEXT   NOT NULL CHECK (object_kind IN ('control', 'commitment', 'evidence', 'finding', 'occurrence', 'waiver_request')),
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
CREATE INDEX comment_by_object ON comment (organization, object_kind, object, key);

CREATE TABLE comment_text (
    organization BIGINT NOT NULL,
    comment      BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    body         TEXT   NOT NULL CHECK (length(body) BETWEEN 1 AND 4000),
    at           BIGINT NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, comment, number),
    FOREIGN KEY (organization, comment) REFERENCES comment (organization, key)
);
{{FROZEN comment_text}}

-- Whom a comment names, and when they said that they had seen it.
CREATE TABLE comment_mention (
    organization BIGINT NOT NULL,
    comment      BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    seen_at      BIGINT,
    PRIMARY KEY (organization, comment, actor),
    FOREIGN KEY (organization, comment) REFERENCES comment (organization, key),
    FOREIGN KEY (organization, actor) REFERENCES actor (organization, id)
);
CREATE INDEX comment_mention_unseen ON comment_mention (organization, actor, comment) WHERE seen_at IS NULL;
