-- Which duties one person should not hold together, in versions. `body` is core::program::segregation::MatrixVersion as
-- JSON.
CREATE TABLE segregation_matrix (
    organization BIGINT NOT NULL REFERENCES organization (key),
    version      BIGINT NOT NULL CHECK (version >= 1),
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, version),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY segregation_matrix}}

-- Exceptions: whole and in versions, the newest counts. `body` is core::program::segregation::ConflictException as JSON.
-- `salt` opens the commitment that the ledger has.
CREATE TABLE segregation_exception (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL CHECK (key >= 1),
    version      BIGINT NOT NULL CHECK (version >= 1),
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, key, version),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY segregation_exception}}
