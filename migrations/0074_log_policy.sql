-- Policies of a log: whose signatures count, who outside is asked, how often, how long evidence is kept. The entry
-- policy.set says the same; this is which one was recorded last.
CREATE TABLE log_policy (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    -- Body of the entry.
    body         TEXT   NOT NULL,
    set_at       BIGINT NOT NULL,
    -- Id of the entry policy.set.
    leaf         TEXT   NOT NULL,
    PRIMARY KEY (organization, key)
);
{{APPEND_ONLY log_policy}}
