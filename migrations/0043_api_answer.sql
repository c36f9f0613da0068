-- What programs were answered, for a day, by the key that they sent with it: sent again, it is answered again and not done
-- again.
CREATE TABLE api_answer (
    organization BIGINT    NOT NULL REFERENCES organization (key),
    -- The token.
    token        TEXT      NOT NULL,
    key          TEXT      NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    -- Of method, path and body.
    digest       {{BYTES}} NOT NULL,
    status       BIGINT    NOT NULL CHECK (status BETWEEN 200 AND 299),
    tag          TEXT      NOT NULL,
    location     TEXT      NOT NULL,
    body         {{BYTES}} NOT NULL,
    at           BIGINT    NOT NULL,
    PRIMARY KEY (organization, token, key)
);
CREATE INDEX api_answer_by_time ON api_answer (organization, at);
