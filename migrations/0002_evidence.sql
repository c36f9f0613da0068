-- Artifacts: what was read, byte for byte after redaction, and how.
--
-- Written on change: a look at a target adds a row for an artifact only when its bytes differ from those of the look
-- before, and a row with `present` 0 when it was there before and is not now. What a run saw is therefore, for each
-- name, the newest row up to that run. Moments of each look stand with the run.

CREATE TABLE artifact (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key BIGINT NOT NULL,
    -- Run and target that it came from; no target for what belongs to the whole run, neither for documents that were
    -- added by hand or made here.
    run BIGINT,
    target BIGINT,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 400),
    present SMALLINT NOT NULL CHECK (present IN (0, 1)),
    media_type TEXT,
    size_bytes BIGINT CHECK (size_bytes >= 0),
    -- SHA-256 of the bytes as stored; the name of the object.
    stored {{BYTES}},
    -- HMAC-SHA-256 of the content under the salt beside this table; stays when the salt is erased.
    commitment {{BYTES}},
    provenance TEXT,
    -- The ledger entry that commits to this row.
    leaf TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (organization, key),
    CHECK (target IS NULL OR run IS NOT NULL),
    CHECK (
        (present = 0) = (stored IS NULL)
        AND (present = 0) = (commitment IS NULL)
        AND (present = 0) = (media_type IS NULL)
        AND (present = 0) = (size_bytes IS NULL)
    )
);

-- The artifacts of a target as of a run: one walk over this index.
CREATE UNIQUE INDEX artifact_by_target ON artifact (organization, target, name, run) WHERE target IS NOT NULL;
CREATE INDEX artifact_by_stored ON artifact (organization, stored) WHERE stored IS NOT NULL;

{{APPEND_ONLY artifact}}

-- Deleting a row here is what makes an artifact's commitment say nothing about its content any more.
CREATE TABLE artifact_salt (
    organization BIGINT NOT NULL,
    artifact BIGINT NOT NULL,
    salt {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, artifact),
    FOREIGN KEY (organization, artifact) REFERENCES artifact (organization, key)
);

{{FROZEN artifact_salt}}
