-- Who outside was asked to see the log, and since when they do not answer; and owners and compliance managers are told.
CREATE TABLE notice_of_ledger (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    -- What it is, the same as long as it is the same.
    about        TEXT   NOT NULL CHECK (length(about) BETWEEN 1 AND 300),
    step         TEXT   NOT NULL CHECK (step IN ('new', 'soon', 'today', 'overdue', 'escalated')),
    matter       TEXT   NOT NULL CHECK (matter IN ('occurrence', 'returned', 'decision', 'evidence', 'waiver', 'finding', 'mention', 'request', 'response', 'ledger', 'week')),
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
INSERT INTO notice_of_ledger
    (organization, key, actor, about, step, matter, title, path, detail, due_at, made_at, read_at, mailed_at)
SELECT organization, key, actor, about, step, matter, title, path, detail, due_at, made_at, read_at, mailed_at
FROM notice ORDER BY organization, key;
DROP TABLE notice;
ALTER TABLE notice_of_ledger RENAME TO notice;
CREATE INDEX notice_unread ON notice (organization, actor) WHERE read_at IS NULL;

-- A place, authority or witness of the settings as it last answered. Derived: what they said is kept elsewhere.
CREATE TABLE log_party (
    organization  BIGINT NOT NULL REFERENCES organization (key),
    kind          TEXT   NOT NULL CHECK (kind IN ('place', 'authority', 'witness')),
    -- Of a place or authority as in the settings, of a witness that of its key.
    name          TEXT   NOT NULL,
    answered_at   BIGINT,
    -- When it was first asked without an answer since it last answered; none while it answers.
    failing_since BIGINT,
    -- What went wrong last time.
    problem       TEXT,
    PRIMARY KEY (organization, kind, name),
    CHECK ((failing_since IS NULL) = (problem IS NULL)),
    CHECK (failing_since IS NOT NULL OR answered_at IS NOT NULL)
);
