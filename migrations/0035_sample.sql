-- Samples of populations: what was selected from a frozen list, by whom and how, and what became of it since. Picks are
-- never changed: the one extension and replacements stand beside them. The reserve is not kept, as seed and list give it.

-- `body` is core::program::sampling::Drawn as JSON: seed, rule of the size, reasons, picks.
CREATE TABLE population_sample (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    number       BIGINT NOT NULL CHECK (number >= 1),
    drawn_at     BIGINT NOT NULL,
    drawn_by     TEXT   NOT NULL,
    method       TEXT   NOT NULL,
    size         BIGINT NOT NULL CHECK (size >= 1),
    body         TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, population, number),
    -- Only what is frozen is sampled.
    FOREIGN KEY (organization, population) REFERENCES population_freeze (organization, population),
    FOREIGN KEY (organization, drawn_by) REFERENCES actor (organization, id)
);
{{FROZEN population_sample}}

-- The units in order of selection. `part` says how one came in: p picked, e by the extension, r as a replacement.
CREATE TABLE population_sample_unit (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    place        BIGINT NOT NULL CHECK (place >= 1),
    seq          BIGINT NOT NULL,
    part         TEXT   NOT NULL CHECK (part IN ('p', 'e', 'r')),
    PRIMARY KEY (organization, population, number, place),
    UNIQUE (organization, population, number, seq),
    FOREIGN KEY (organization, population, number) REFERENCES population_sample (organization, population, number),
    FOREIGN KEY (organization, population, seq) REFERENCES population_item (organization, population, seq)
);
{{FROZEN population_sample_unit}}

-- What happened to a sample since it was drawn: it is extended once, and each unit is replaced once.
-- `body` is core::program::sampling::Happened as JSON.
CREATE TABLE population_sample_event (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    event        BIGINT NOT NULL CHECK (event >= 1),
    -- The item that was replaced; 0 for the extension.
    replaced     BIGINT NOT NULL CHECK (replaced >= 0),
    happened_at  BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, population, number, event),
    UNIQUE (organization, population, number, replaced),
    FOREIGN KEY (organization, population, number) REFERENCES population_sample (organization, population, number),
    FOREIGN KEY (organization, actor) REFERENCES actor (organization, id)
);
{{FROZEN population_sample_event}}
