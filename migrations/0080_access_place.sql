-- Which systems (boundaries) the system of lists of access belongs to, in versions; the newest counts. `system` is folded
-- to small letters, as in `access_list`. `body` is core::program::access::Place as JSON.
CREATE TABLE access_place (
    organization BIGINT NOT NULL REFERENCES organization (key),
    system       TEXT   NOT NULL,
    version      BIGINT NOT NULL CHECK (version >= 1),
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, system, version),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY access_place}}
