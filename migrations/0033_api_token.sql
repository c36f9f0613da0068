-- Tokens by which programs act for a member: with what the token was given, as far as the member still has it. Of a token
-- only the digest is here.
CREATE TABLE api_token (
    organization BIGINT    NOT NULL,
    id           TEXT      NOT NULL,
    digest       {{BYTES}} NOT NULL UNIQUE,
    membership   TEXT      NOT NULL,
    name         TEXT      NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- Permissions, as words with spaces between.
    atoms        TEXT      NOT NULL,
    made_at      BIGINT    NOT NULL,
    expires_at   BIGINT    NOT NULL,
    -- The last request, at most an hour old.
    used_at      BIGINT,
    revoked_at   BIGINT,
    PRIMARY KEY (organization, id),
    FOREIGN KEY (organization, membership) REFERENCES membership (organization, id),
    CHECK (made_at < expires_at)
);
CREATE INDEX api_token_of_member ON api_token (organization, membership, id);
