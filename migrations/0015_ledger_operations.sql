-- Keys and epochs of a log, and what of it left the building.

-- Every key that ever signed, with the sizes of the checkpoints for which it counts. Public keys are kept for good;
-- the same follows from the entries log.genesis, key.rotate and key.revoke.
CREATE TABLE log_key (
    organization BIGINT NOT NULL REFERENCES organization (key),
    verifier_key TEXT   NOT NULL,
    origin       TEXT   NOT NULL,
    epoch        BIGINT NOT NULL CHECK (epoch >= 1),
    from_size    BIGINT NOT NULL CHECK (from_size >= 0),
    -- The last size; none while it signs.
    -- Smaller than the first one if the key was revoked before it signed anything that counts.
    to_size      BIGINT CHECK (to_size >= 0),
    PRIMARY KEY (organization, verifier_key)
);
INSERT INTO log_key (organization, verifier_key, origin, epoch, from_size, to_size)
    SELECT organization, verifier_key, origin, epoch, 0, NULL FROM log_head;

-- A log that went on under a new origin. The reason is free text: the entry holds a salted commitment to it.
CREATE TABLE log_epoch (
    organization     BIGINT NOT NULL REFERENCES organization (key),
    epoch            BIGINT NOT NULL CHECK (epoch >= 2),
    -- Number of entries that were there when it began.
    began_at_size    BIGINT NOT NULL,
    -- The checkpoint of the epoch before on which it builds.
    continued_size   BIGINT NOT NULL,
    continued_root   {{BYTES}} NOT NULL,
    reason           TEXT   NOT NULL,
    salt             {{BYTES}} NOT NULL,
    began_at         BIGINT NOT NULL,
    PRIMARY KEY (organization, epoch)
);

-- A checkpoint on its way to a place outside: one row for each place and size, tried again until it arrives or a newer
-- one takes its place.
CREATE TABLE log_delivery (
    organization BIGINT NOT NULL REFERENCES organization (key),
    target       TEXT   NOT NULL,
    size         BIGINT NOT NULL,
    note         TEXT   NOT NULL,
    attempts     BIGINT NOT NULL,
    -- When to try, and until when a process that tries has it to itself; none once it is over.
    due_at       BIGINT,
    delivered_at BIGINT,
    -- What went wrong last time.
    problem      TEXT,
    PRIMARY KEY (organization, target, size)
);

-- A timestamp token of an authority over a checkpoint.
CREATE TABLE log_anchor (
    organization BIGINT NOT NULL REFERENCES organization (key),
    authority    TEXT   NOT NULL,
    size         BIGINT NOT NULL,
    -- The exact bytes of the checkpoint that the token is over.
    note         TEXT   NOT NULL,
    -- The artifact that holds the authority's answer.
    artifact     BIGINT NOT NULL,
    -- The checkpoint existed at this moment at the latest, and the token at this moment at the earliest.
    latest_at    BIGINT NOT NULL,
    earliest_at  BIGINT NOT NULL,
    -- End of the certificate behind it.
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, authority, size)
);
{{APPEND_ONLY log_anchor}}

-- A cosignature of a witness over a checkpoint.
CREATE TABLE log_cosignature (
    organization BIGINT NOT NULL REFERENCES organization (key),
    witness      TEXT   NOT NULL,
    size         BIGINT NOT NULL,
    -- The signature line.
    line         TEXT   NOT NULL,
    cosigned_at  BIGINT NOT NULL,
    PRIMARY KEY (organization, witness, size)
);
{{APPEND_ONLY log_cosignature}}
