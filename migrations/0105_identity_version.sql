-- What was said of systems, of what is asked when people sign in, and of connections to identity providers: every version,
-- with who said it, when and why. The newest is what the record says. Nothing is said of who where that was not kept yet.
CREATE TABLE system_version (
    organization BIGINT NOT NULL,
    system       TEXT   NOT NULL,
    number       BIGINT NOT NULL CHECK (number >= 1),
    since        BIGINT NOT NULL,
    set_by       TEXT,
    reason       TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    boundary     TEXT   NOT NULL,
    retired_at   BIGINT,
    PRIMARY KEY (organization, system, number),
    FOREIGN KEY (organization, system) REFERENCES system (organization, id),
    FOREIGN KEY (organization, set_by) REFERENCES actor (organization, id)
);
INSERT INTO system_version (organization, system, number, since, set_by, reason, name, boundary, retired_at)
SELECT organization, id, 1, created_at, NULL, '', name, boundary, retired_at FROM system ORDER BY organization, id;
{{APPEND_ONLY system_version}}

CREATE TABLE sign_in_rule_version (
    organization BIGINT NOT NULL REFERENCES organization (key),
    number       BIGINT NOT NULL CHECK (number >= 1),
    since        BIGINT NOT NULL,
    set_by       TEXT,
    reason       TEXT   NOT NULL,
    rule         TEXT   NOT NULL CHECK (rule IN ('second_factor', 'passkey_of_privileged', 'passkey', 'attested_of_privileged', 'attested')),
    PRIMARY KEY (organization, number),
    FOREIGN KEY (organization, set_by) REFERENCES actor (organization, id)
);
INSERT INTO sign_in_rule_version (organization, number, since, set_by, reason, rule)
SELECT organization, 1, set_at, set_by, '', rule FROM sign_in_rule ORDER BY organization;
{{APPEND_ONLY sign_in_rule_version}}

-- No version holds a secret; that there was another one is said.
CREATE TABLE identity_provider_version (
    organization   BIGINT   NOT NULL,
    provider       TEXT     NOT NULL,
    number         BIGINT   NOT NULL CHECK (number >= 1),
    since          BIGINT   NOT NULL,
    set_by         TEXT,
    reason         TEXT     NOT NULL,
    name           TEXT     NOT NULL,
    issuer         TEXT     NOT NULL,
    client         TEXT     NOT NULL,
    algorithms     TEXT     NOT NULL,
    domains        TEXT     NOT NULL,
    second         TEXT     NOT NULL,
    strong         TEXT     NOT NULL,
    is_required    SMALLINT NOT NULL CHECK (is_required IN (0, 1)),
    is_on          SMALLINT NOT NULL CHECK (is_on IN (0, 1)),
    has_new_secret SMALLINT NOT NULL CHECK (has_new_secret IN (0, 1)),
    PRIMARY KEY (organization, provider, number),
    FOREIGN KEY (organization, provider) REFERENCES identity_provider (organization, id),
    FOREIGN KEY (organization, set_by) REFERENCES actor (organization, id)
);
INSERT INTO identity_provider_version (organization, provider, number, since, set_by, reason, name, issuer, client, algorithms, domains, second, strong, is_required, is_on, has_new_secret)
SELECT organization, id, 1, changed_at, NULL, '', name, issuer, client, algorithms, domains, second, strong, is_required, is_on, 0 FROM identity_provider ORDER BY organization, id;
{{APPEND_ONLY identity_provider_version}}
