-- Which organizations are made up. The mark cannot be taken away: what was drawn from a seed never becomes evidence.
CREATE TABLE example (
    organization BIGINT NOT NULL PRIMARY KEY REFERENCES organization (key),
    -- The bits of an unsigned number.
    seed         BIGINT NOT NULL,
    begun_at     BIGINT NOT NULL
);
{{APPEND_ONLY example}}
