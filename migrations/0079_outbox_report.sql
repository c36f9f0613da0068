-- Recipients of reports are written to: a link, and codes that open it.
CREATE TABLE outbox_of_reports (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind IN ('invitation', 'reset', 'reminder', 'escalation', 'digest', 'security', 'address', 'report')),
    -- What it is about, as kind and id: when that is taken back, so is the letter.
    about        TEXT   NOT NULL CHECK (length(about) BETWEEN 1 AND 200),
    recipient    TEXT   NOT NULL CHECK (length(recipient) BETWEEN 3 AND 254),
    -- The letter, sealed with the key of accounts, as it may hold a link that works once. Gone when it was sent or is over.
    content      {{BYTES}},
    sealed_by    TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'called_off')),
    made_at      BIGINT NOT NULL,
    -- After that it is of no use, as its link is over.
    good_until   BIGINT,
    -- Not before then: at once, or after the pause that a failure costs.
    due_at       BIGINT NOT NULL,
    attempts     BIGINT NOT NULL CHECK (attempts >= 0),
    lease_until  BIGINT,
    ended_at     BIGINT,
    -- Why it failed last time.
    problem      TEXT   NOT NULL CHECK (length(problem) <= 1000),
    PRIMARY KEY (organization, key),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('sent', 'failed', 'called_off')) = (ended_at IS NOT NULL)),
    CHECK (content IS NOT NULL OR ended_at IS NOT NULL)
);
INSERT INTO outbox_of_reports
    (organization, key, kind, about, recipient, content, sealed_by, state, made_at, good_until, due_at, attempts,
    lease_until, ended_at, problem)
SELECT organization, key, kind, about, recipient, content, sealed_by, state, made_at, good_until, due_at, attempts,
    lease_until, ended_at, problem
FROM outbox ORDER BY organization, key;
DROP TABLE outbox;
ALTER TABLE outbox_of_reports RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (organization, due_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX outbox_about ON outbox (organization, about) WHERE content IS NOT NULL;
