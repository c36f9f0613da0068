-- Ends of periods in the ledger, and salts of what testing found.

-- A period that an examination is about, opened by an entry of the log. What the examination may say of it is bounded by
-- the entries period.open and period.close: between them nothing can be added or left out.
CREATE TABLE log_period (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    covers_from  BIGINT NOT NULL,
    covers_to    BIGINT NOT NULL,
    opened_at    BIGINT NOT NULL,
    -- Id of the entry period.open.
    leaf         TEXT   NOT NULL,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, covers_from, covers_to),
    CHECK (covers_from < covers_to)
);
{{APPEND_ONLY log_period}}

CREATE TABLE log_period_end (
    organization BIGINT NOT NULL,
    period       BIGINT NOT NULL,
    closed_at    BIGINT NOT NULL,
    -- Id of the entry period.close.
    leaf         TEXT   NOT NULL,
    PRIMARY KEY (organization, period),
    FOREIGN KEY (organization, period) REFERENCES log_period (organization, key)
);
{{APPEND_ONLY log_period_end}}

-- One time that items of a population were tested: what the ledger commits to are the rows of population_result with this
-- moment. Deleting a row erases the salt: afterwards nobody can hold the results against their commitment.
CREATE TABLE population_test (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    commitment   {{BYTES}} NOT NULL,
    at           BIGINT NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, population, commitment),
    FOREIGN KEY (organization, population) REFERENCES trigger_population (organization, key)
);
{{FROZEN population_test}}
