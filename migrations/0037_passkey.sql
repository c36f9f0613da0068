-- Passkeys: what people sign in with that a false page cannot ask for. And what each organization asks of its members.

-- Belongs to the person, as password and authenticator do. `credential` is what the authenticator calls it; `body` is the
-- public key with what was said of it at registration. `counter` is the highest that was ever shown.
CREATE TABLE passkey (
    id           TEXT      NOT NULL PRIMARY KEY,
    person       TEXT      NOT NULL REFERENCES person (id),
    credential   {{BYTES}} NOT NULL UNIQUE,
    body         TEXT      NOT NULL,
    name         TEXT      NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    counter      BIGINT    NOT NULL CHECK (counter >= 0),
    -- Whether it can be on several devices, as its authenticator says.
    is_synced    SMALLINT  NOT NULL CHECK (is_synced IN (0, 1)),
    added_at     BIGINT    NOT NULL,
    used_at      BIGINT
);
CREATE INDEX passkey_of_person ON passkey (person, added_at, id);

-- What was asked of a browser and waits for its answer: a few minutes, once. `browser` is the digest of the cookie of the
-- browser that was asked. `person` is whose answer it must be; none where the passkey says so. Belongs to the
-- installation: nobody is known yet.
CREATE TABLE passkey_ceremony (
    id         TEXT      NOT NULL PRIMARY KEY,
    purpose    TEXT      NOT NULL CHECK (purpose IN ('sign_in', 'step_up', 'add', 'join')),
    browser    {{BYTES}} NOT NULL,
    person     TEXT,
    network    TEXT      NOT NULL,
    state      TEXT      NOT NULL,
    begun_at   BIGINT    NOT NULL,
    expires_at BIGINT    NOT NULL
);
CREATE INDEX passkey_ceremony_of_network ON passkey_ceremony (network, begun_at, id);
CREATE INDEX passkey_ceremony_by_end ON passkey_ceremony (expires_at);

-- How strongly members must have shown who they are; a second factor where there is no row.
CREATE TABLE sign_in_rule (
    organization BIGINT NOT NULL PRIMARY KEY REFERENCES organization (key),
    rule         TEXT   NOT NULL CHECK (rule IN ('second_factor', 'passkey_of_privileged', 'passkey')),
    set_by       TEXT   NOT NULL,
    set_at       BIGINT NOT NULL,
    FOREIGN KEY (organization, set_by) REFERENCES actor (organization, id)
);
