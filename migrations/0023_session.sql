-- Who is signed in, and who failed to.

-- A browser that is signed in to one organization. Going to another one is another session. Of the cookie only the digest
-- is here; a proof that is shown again replaces it.
CREATE TABLE session (
    organization BIGINT    NOT NULL,
    id           TEXT      NOT NULL,
    digest       {{BYTES}} NOT NULL UNIQUE,
    membership   TEXT      NOT NULL,
    factor       TEXT      NOT NULL CHECK (factor IN ('password', 'code', 'passkey')),
    begun_at     BIGINT    NOT NULL,
    -- The last request, at most a minute old.
    seen_at      BIGINT    NOT NULL,
    proven_at    BIGINT    NOT NULL,
    network      TEXT      NOT NULL,
    agent        TEXT      NOT NULL CHECK (length(agent) <= 200),
    ended_at     BIGINT,
    end_reason   TEXT,
    PRIMARY KEY (organization, id),
    FOREIGN KEY (organization, membership) REFERENCES membership (organization, id),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX session_of_member ON session (organization, membership, begun_at) WHERE ended_at IS NULL;

-- Failures in a row. `account` is a keyed digest of the address that was typed, whether anybody has it or not; empty for a
-- network as a whole. `network` is empty for an account as a whole. Belongs to the installation: nobody is known yet.
CREATE TABLE sign_in_failure (
    account     TEXT   NOT NULL,
    network     TEXT   NOT NULL,
    failures    BIGINT NOT NULL,
    in_window   BIGINT NOT NULL,
    window_from BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    PRIMARY KEY (account, network)
);
CREATE INDEX sign_in_failure_by_age ON sign_in_failure (last_at);

-- Networks from which an account was signed in to before.
CREATE TABLE known_network (
    account TEXT   NOT NULL,
    network TEXT   NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (account, network)
);
