-- Identity providers of organizations: OpenID Connect.

-- A connection of an organization to its provider. The client secret is sealed with the key of accounts, which is outside of
-- the database. Nothing is deleted: what is off lets nobody in.
CREATE TABLE identity_provider (
    organization BIGINT    NOT NULL REFERENCES organization (key),
    id           TEXT      NOT NULL,
    name         TEXT      NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    issuer       TEXT      NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    client       TEXT      NOT NULL CHECK (length(client) BETWEEN 1 AND 500),
    secret       {{BYTES}} NOT NULL,
    sealed_by    TEXT      NOT NULL,
    -- Words with spaces between: algorithms of signatures that are taken, domains of addresses, and what in `amr` or `acr`
    -- shows a second factor or one that no false page can ask for.
    algorithms   TEXT      NOT NULL,
    domains      TEXT      NOT NULL,
    second       TEXT      NOT NULL,
    strong       TEXT      NOT NULL,
    -- Whether those who are linked to it sign in by nothing else; owners always can.
    is_required  SMALLINT  NOT NULL CHECK (is_required IN (0, 1)),
    is_on        SMALLINT  NOT NULL CHECK (is_on IN (0, 1)),
    changed_at   BIGINT    NOT NULL,
    PRIMARY KEY (organization, id),
    UNIQUE (organization, name)
);

-- Who somebody at a provider is here. By issuer and subject only: an address is no identity.
CREATE TABLE provider_link (
    organization BIGINT NOT NULL,
    id           TEXT   NOT NULL,
    provider     TEXT   NOT NULL,
    issuer       TEXT   NOT NULL,
    subject      TEXT   NOT NULL CHECK (length(subject) BETWEEN 1 AND 300),
    membership   TEXT   NOT NULL,
    how          TEXT   NOT NULL CHECK (how IN ('invitation', 'approval')),
    made_by      TEXT   NOT NULL,
    made_at      BIGINT NOT NULL,
    ended_at     BIGINT,
    PRIMARY KEY (organization, id),
    FOREIGN KEY (organization, provider) REFERENCES identity_provider (organization, id),
    FOREIGN KEY (organization, membership) REFERENCES membership (organization, id)
);
CREATE UNIQUE INDEX provider_link_of_subject ON provider_link (organization, provider, issuer, subject)
    WHERE ended_at IS NULL;
CREATE INDEX provider_link_of_member ON provider_link (organization, membership) WHERE ended_at IS NULL;

-- Somebody whom a provider knows and nobody here does yet: waits until it is said who they are. Name and address are what
-- the provider says of them.
CREATE TABLE provider_request (
    organization BIGINT NOT NULL,
    id           TEXT   NOT NULL,
    provider     TEXT   NOT NULL,
    issuer       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    email        TEXT   NOT NULL,
    asked_at     BIGINT NOT NULL,
    PRIMARY KEY (organization, id),
    UNIQUE (organization, provider, issuer, subject),
    FOREIGN KEY (organization, provider) REFERENCES identity_provider (organization, id)
);

-- Browsers that were sent to a provider and have not come back: ten minutes, once. `digest` is that of the cookie that the
-- browser brings back.
CREATE TABLE provider_visit (
    organization BIGINT    NOT NULL,
    digest       {{BYTES}} NOT NULL PRIMARY KEY,
    provider     TEXT      NOT NULL,
    purpose      TEXT      NOT NULL CHECK (purpose IN ('sign_in', 'join', 'step_up')),
    state        TEXT      NOT NULL,
    nonce        TEXT      NOT NULL,
    verifier     TEXT      NOT NULL,
    -- The session that is to be shown once more, or the digest of the link of an invitation.
    session      TEXT,
    invitation   {{BYTES}},
    back         TEXT      NOT NULL,
    network      TEXT      NOT NULL,
    begun_at     BIGINT    NOT NULL,
    expires_at   BIGINT    NOT NULL,
    FOREIGN KEY (organization, provider) REFERENCES identity_provider (organization, id)
);
CREATE INDEX provider_visit_of_network ON provider_visit (network, begun_at);
CREATE INDEX provider_visit_by_end ON provider_visit (expires_at);

-- Logouts that a provider told of, so that none is taken twice.
CREATE TABLE provider_logout (
    organization BIGINT NOT NULL,
    provider     TEXT   NOT NULL,
    jti          TEXT   NOT NULL CHECK (length(jti) BETWEEN 1 AND 300),
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, provider, jti),
    FOREIGN KEY (organization, provider) REFERENCES identity_provider (organization, id)
);

-- What a session has from a provider: until when the provider lets it last, and what the provider calls it.
CREATE TABLE session_provider (
    organization BIGINT   NOT NULL,
    session      TEXT     NOT NULL,
    provider     TEXT     NOT NULL,
    subject      TEXT     NOT NULL,
    sid          TEXT     NOT NULL,
    ends_at      BIGINT,
    -- Whether what somebody has here was shown in it as well: only that counts in other organizations.
    is_own       SMALLINT NOT NULL CHECK (is_own IN (0, 1)),
    PRIMARY KEY (organization, session),
    FOREIGN KEY (organization, session) REFERENCES session (organization, id),
    FOREIGN KEY (organization, provider) REFERENCES identity_provider (organization, id)
);
CREATE INDEX session_provider_of_subject ON session_provider (organization, provider, subject);
