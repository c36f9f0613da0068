-- What is known of the lists of populations beyond their keys: how a list was read, to which part of the population an item
-- belongs, and whether somebody looked that the list is complete and accurate.

-- How a list was read: core::program::population::Reading as JSON. Lists in the plain form have none.
CREATE TABLE population_reading (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, population),
    FOREIGN KEY (organization, population) REFERENCES population_extract (organization, population)
);
{{FROZEN population_reading}}

-- Stratum and amount (in ten-thousandths) of the items that have one.
CREATE TABLE population_item_part (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    stratum      TEXT,
    amount       BIGINT,
    PRIMARY KEY (organization, population, seq),
    FOREIGN KEY (organization, population, seq) REFERENCES population_item (organization, population, seq)
);
{{FROZEN population_item_part}}

-- Checks of completeness and accuracy, and explanations of what they found: core::program::population::Checked as JSON.
CREATE TABLE population_check (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    number       BIGINT NOT NULL CHECK (number >= 1),
    made_at      BIGINT NOT NULL,
    made_by      TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, population, number),
    FOREIGN KEY (organization, population) REFERENCES trigger_population (organization, key),
    FOREIGN KEY (organization, made_by) REFERENCES actor (organization, id)
);
{{FROZEN population_check}}

-- Which column is what in the lists of one source, saved by name: core::program::population::Mapping as JSON.
CREATE TABLE population_mapping (
    organization BIGINT NOT NULL REFERENCES organization (key),
    name         TEXT   NOT NULL,
    version      BIGINT NOT NULL CHECK (version >= 1),
    saved_at     BIGINT NOT NULL,
    saved_by     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, name),
    FOREIGN KEY (organization, saved_by) REFERENCES actor (organization, id)
);
