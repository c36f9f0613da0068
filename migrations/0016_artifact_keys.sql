-- Artifacts at rest: the key of each, how long it is kept, what keeps it from being deleted, and what is gone.
--
-- The bytes of an artifact are encrypted with a key of their own. That key is here, wrapped by the organization's
-- wrapping key, which is in a file outside of the database. Deleting a row of `artifact_key` therefore makes the bytes
-- unreadable wherever copies of them are.

-- Wrapping keys that have been in use. Only ids: a digest of the key.
CREATE TABLE wrapping_key (
    organization BIGINT NOT NULL REFERENCES organization (key),
    id           TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    retired_at   BIGINT,
    PRIMARY KEY (organization, id)
);
CREATE UNIQUE INDEX wrapping_key_current ON wrapping_key (organization) WHERE retired_at IS NULL;

-- No row: the artifact's bytes are stored as they are, or are gone.
CREATE TABLE artifact_key (
    organization BIGINT NOT NULL,
    artifact     BIGINT NOT NULL,
    -- What ledger entries call the data key. Artifacts with equal content share bytes and data key; each has its own
    -- row, so one can be erased without the other.
    id           TEXT   NOT NULL,
    wrapped_by   TEXT   NOT NULL,
    wrapped      {{BYTES}} NOT NULL,
    -- SHA-256 of the content, by which equal content is recognized. Goes with the key.
    content      {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, artifact),
    FOREIGN KEY (organization, artifact) REFERENCES artifact (organization, key),
    FOREIGN KEY (organization, wrapped_by) REFERENCES wrapping_key (organization, id)
);
CREATE INDEX artifact_key_by_content ON artifact_key (organization, content);
CREATE INDEX artifact_key_by_wrapping ON artifact_key (wrapped_by, organization, artifact);

-- How the bytes were obtained can name people. Beside `artifact`, which refuses changes, so that it can be erased.
CREATE TABLE artifact_provenance (
    organization BIGINT NOT NULL,
    artifact     BIGINT NOT NULL,
    provenance   TEXT   NOT NULL,
    PRIMARY KEY (organization, artifact),
    FOREIGN KEY (organization, artifact) REFERENCES artifact (organization, key)
);

{{FROZEN artifact_provenance}}

-- Retention class; none in rows from before there were classes, which count as `evidence`.
ALTER TABLE artifact ADD COLUMN retention TEXT;

-- Days of a class that differ from the built-in ones.
CREATE TABLE retention_class (
    organization BIGINT NOT NULL REFERENCES organization (key),
    class        TEXT   NOT NULL,
    keep_days    BIGINT NOT NULL CHECK (keep_days BETWEEN 1 AND 36525),
    set_at       BIGINT NOT NULL,
    PRIMARY KEY (organization, class)
);

-- Legal holds. Neither artifact nor target: everything.
CREATE TABLE legal_hold (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    artifact     BIGINT,
    target       BIGINT,
    reason       TEXT   NOT NULL,
    placed_by    TEXT   NOT NULL,
    placed_at    BIGINT NOT NULL,
    released_by  TEXT,
    released_at  BIGINT,
    PRIMARY KEY (organization, key),
    CHECK (artifact IS NULL OR target IS NULL),
    CHECK ((released_by IS NULL) = (released_at IS NULL))
);

-- Artifacts whose content is gone: erased on request, or pruned when their time was over. The entry `leaf` says so.
CREATE TABLE artifact_removal (
    organization BIGINT NOT NULL,
    artifact     BIGINT NOT NULL,
    cause        TEXT   NOT NULL CHECK (cause IN ('erased', 'pruned')),
    leaf         TEXT   NOT NULL,
    removed_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, artifact),
    FOREIGN KEY (organization, artifact) REFERENCES artifact (organization, key)
);

{{APPEND_ONLY artifact_removal}}

-- Why something was erased, in words; the entry has a commitment to it under this salt.
CREATE TABLE erasure_basis (
    organization BIGINT NOT NULL REFERENCES organization (key),
    leaf         TEXT   NOT NULL,
    basis        TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, leaf)
);

-- Stored bytes that nothing names any more. They are deleted after the change that says so is durable, and a crash in
-- between must not leave them.
CREATE TABLE object_removal (
    organization BIGINT NOT NULL REFERENCES organization (key),
    stored       {{BYTES}} NOT NULL,
    -- Bytes stored as they are can be named by others too, such as the facts of a run.
    is_plain     SMALLINT NOT NULL CHECK (is_plain IN (0, 1)),
    PRIMARY KEY (organization, stored)
);

-- Who names an object, whatever the organization: plain objects are shared.
CREATE INDEX artifact_by_object ON artifact (stored) WHERE stored IS NOT NULL;
