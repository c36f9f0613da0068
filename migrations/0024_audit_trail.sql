-- The audit trail, to be searched: one row for each `audit.event` entry of the ledger that accounts and rights make. The
-- entry is what can be proven; this row has the words beside it, which can be erased.
CREATE TABLE audit_event (
    organization BIGINT    NOT NULL REFERENCES organization (key),
    -- Counted from 1 in each organization, without gaps: the order in which it happened, whatever the clock said.
    number       BIGINT    NOT NULL,
    -- The entry.
    leaf         TEXT      NOT NULL,
    at           BIGINT    NOT NULL,
    actor        TEXT      NOT NULL,
    event        TEXT      NOT NULL,
    outcome      TEXT      NOT NULL CHECK (outcome IN ('done', 'denied', 'failed')),
    object_kind  TEXT      NOT NULL,
    object       TEXT      NOT NULL,
    -- Reason code of what was denied or failed; empty else.
    reason       TEXT      NOT NULL,
    -- What a person wrote. The entry has a commitment to it under this salt.
    why          TEXT,
    salt         {{BYTES}},
    request      TEXT      NOT NULL,
    session      TEXT      NOT NULL,
    PRIMARY KEY (organization, number),
    UNIQUE (organization, leaf),
    CHECK ((why IS NULL) = (salt IS NULL))
);
CREATE INDEX audit_event_by_actor ON audit_event (organization, actor, number);
CREATE INDEX audit_event_by_object ON audit_event (organization, object, number);
