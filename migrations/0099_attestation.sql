-- Attested passkeys: whose word an organization takes for the devices that its people sign in with.

-- How a maker vouched for the device when the key was made, and the model (AAGUID) where the maker's certificate covers it.
ALTER TABLE passkey ADD COLUMN attestation TEXT NOT NULL DEFAULT 'none'
    CHECK (attestation IN ('none', 'self', 'basic', 'authority', 'other'));
ALTER TABLE passkey ADD COLUMN model TEXT;

-- The passkey that was shown last; none where less was shown. It may be gone by now.
ALTER TABLE session ADD COLUMN passkey TEXT;

-- Certificates at which the chains of makers end. Two of one name cannot be told apart in a chain.
CREATE TABLE attestation_root (
    organization BIGINT    NOT NULL REFERENCES organization (key),
    digest       {{BYTES}} NOT NULL,
    certificate  {{BYTES}} NOT NULL,
    name         TEXT      NOT NULL CHECK (length(name) BETWEEN 1 AND 500),
    ends_at      BIGINT    NOT NULL,
    added_by     TEXT      NOT NULL,
    added_at     BIGINT    NOT NULL,
    PRIMARY KEY (organization, digest),
    UNIQUE (organization, name),
    FOREIGN KEY (organization, added_by) REFERENCES actor (organization, id)
);

-- Models that are accepted. What is not here is not, whoever vouches for it.
CREATE TABLE attestation_model (
    organization BIGINT NOT NULL REFERENCES organization (key),
    aaguid       TEXT   NOT NULL,
    name         TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    added_by     TEXT   NOT NULL,
    added_at     BIGINT NOT NULL,
    PRIMARY KEY (organization, aaguid),
    FOREIGN KEY (organization, added_by) REFERENCES actor (organization, id)
);

-- Passkeys whose chain ends at a certificate of the organization, as was found when they were made or shown. Whether the
-- model is accepted is asked each time. Goes with the passkey and with the certificate.
CREATE TABLE passkey_trust (
    organization BIGINT    NOT NULL REFERENCES organization (key),
    passkey      TEXT      NOT NULL REFERENCES passkey (id) ON DELETE CASCADE,
    root         {{BYTES}} NOT NULL,
    model        TEXT      NOT NULL,
    found_at     BIGINT    NOT NULL,
    PRIMARY KEY (organization, passkey, root),
    FOREIGN KEY (organization, root) REFERENCES attestation_root (organization, digest) ON DELETE CASCADE
);
CREATE INDEX passkey_trust_of_key ON passkey_trust (passkey);
CREATE INDEX passkey_trust_of_root ON passkey_trust (organization, root);

-- Two more steps at the top.
CREATE TABLE sign_in_rule_with_attestation (
    organization BIGINT NOT NULL PRIMARY KEY REFERENCES organization (key),
    rule         TEXT   NOT NULL CHECK (rule IN ('second_factor', 'passkey_of_privileged', 'passkey', 'attested_of_privileged', 'attested')),
    set_by       TEXT   NOT NULL,
    set_at       BIGINT NOT NULL,
    FOREIGN KEY (organization, set_by) REFERENCES actor (organization, id)
);
INSERT INTO sign_in_rule_with_attestation (organization, rule, set_by, set_at)
SELECT organization, rule, set_by, set_at FROM sign_in_rule ORDER BY organization;
DROP TABLE sign_in_rule;
ALTER TABLE sign_in_rule_with_attestation RENAME TO sign_in_rule;
