-- The guided start: what was answered and chosen so far, kept until it is gone on with. One for each organization. `body`
-- is core::control::start::Draft as JSON.
CREATE TABLE program_start (
    organization BIGINT NOT NULL PRIMARY KEY REFERENCES organization (key),
    body         TEXT   NOT NULL,
    saved_by     TEXT   NOT NULL,
    saved_at     BIGINT NOT NULL,
    FOREIGN KEY (organization, saved_by) REFERENCES actor (organization, id)
);
