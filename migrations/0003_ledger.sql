-- The evidence ledger: one append-only Merkle log per organization.
--
-- A change inserts its entries into `log_pending` in its own transaction; the sequencer moves them into `leaf`.
-- Positions come from `log_head.size`, never from a sequence: sequences leave holes when a transaction fails.

CREATE TABLE log_pending (
    organization BIGINT NOT NULL REFERENCES organization (key),
    -- UUID version 7 inside the entry: makes handing it in twice harmless.
    id TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    -- Order among the entries of one transaction.
    position BIGINT NOT NULL,
    content {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, id)
);

CREATE INDEX log_pending_by_order ON log_pending (organization, recorded_at, position, id);

CREATE TABLE leaf (
    organization BIGINT NOT NULL REFERENCES organization (key),
    position BIGINT NOT NULL CHECK (position >= 0),
    id TEXT NOT NULL,
    hash {{BYTES}} NOT NULL,
    -- The exact bytes that were hashed.
    content {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, position),
    UNIQUE (organization, id)
);

{{APPEND_ONLY leaf}}

-- Full tiles only, 256 hashes each; partial ones follow from leaves and tiles.
CREATE TABLE tile (
    organization BIGINT NOT NULL REFERENCES organization (key),
    level SMALLINT NOT NULL CHECK (level BETWEEN 0 AND 7),
    position BIGINT NOT NULL CHECK (position >= 0),
    hashes {{BYTES}} NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (organization, level, position)
);

{{APPEND_ONLY tile}}

-- The one row that decides. Every write names the size and epoch it found.
CREATE TABLE log_head (
    organization BIGINT NOT NULL PRIMARY KEY REFERENCES organization (key),
    origin TEXT NOT NULL UNIQUE,
    -- The verifier key of the signatures, as text of the signed-note format.
    verifier_key TEXT NOT NULL,
    epoch BIGINT NOT NULL CHECK (epoch >= 1),
    size BIGINT NOT NULL CHECK (size >= 0),
    root {{BYTES}} NOT NULL,
    frontier {{BYTES}} NOT NULL,
    checkpoint TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Every checkpoint that was ever signed.
CREATE TABLE log_checkpoint (
    organization BIGINT NOT NULL REFERENCES organization (key),
    size BIGINT NOT NULL,
    root {{BYTES}} NOT NULL,
    note TEXT NOT NULL,
    signed_at BIGINT NOT NULL,
    PRIMARY KEY (organization, size)
);

{{APPEND_ONLY log_checkpoint}}

-- When everything stored was last read and hashed again, and what differed.
CREATE TABLE log_scrub (
    organization BIGINT NOT NULL REFERENCES organization (key),
    finished_at BIGINT NOT NULL,
    size BIGINT NOT NULL,
    leaves BIGINT NOT NULL,
    tiles BIGINT NOT NULL,
    objects BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    findings TEXT NOT NULL,
    PRIMARY KEY (organization, finished_at)
);
