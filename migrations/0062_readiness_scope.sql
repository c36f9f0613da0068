-- What an organization chose to be assessed for, as it stood, whole. `body` is core::conclusion::chosen::Chosen as JSON.
CREATE TABLE readiness_scope (
    organization BIGINT NOT NULL REFERENCES organization (key),
    number       BIGINT NOT NULL CHECK (number > 0),
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, number),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY readiness_scope}}
