-- What was last found about each item of a list, packed in the order of the list: when it occurred (8 bytes, little endian)
-- and what followed (1 byte). It follows from the rows of items and results and is written with them; whoever concludes
-- over a year reads this instead of a row for each item. Lists from before have none, and are read row by row.
CREATE TABLE population_outcome (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    outcomes     {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, population),
    FOREIGN KEY (organization, population) REFERENCES trigger_population (organization, key)
);
