-- What people say about a target: who answers for it, which system it belongs to, how much hangs on it; and that they took
-- it out. Whole and in versions. `body` is core::observation::estate::TargetRecord as JSON.
CREATE TABLE target_record (
    organization BIGINT NOT NULL,
    target       BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    event        TEXT   NOT NULL CHECK (event IN ('described', 'retired')),
    reason       TEXT   NOT NULL CHECK (length(reason) <= 2000),
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, target, number),
    FOREIGN KEY (organization, target) REFERENCES target (organization, key),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY target_record}}
