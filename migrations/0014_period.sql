-- What people did and what triggers produced: performances of controls in windows, and populations with their items.

-- When a control is due, where that is not what its frequency usually means. The newest row up to a moment held then.
CREATE TABLE performance_schedule (
    organization BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    frequency    TEXT   NOT NULL,
    grace_days   BIGINT NOT NULL CHECK (grace_days BETWEEN 0 AND 366),
    days         TEXT   NOT NULL CHECK (days IN ('weekdays', 'all')),
    PRIMARY KEY (organization, code, since),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code)
);
{{APPEND_ONLY performance_schedule}}

-- One time that a control was performed, for one window. Two moments stand here: when it was done, as somebody says,
-- and when that was written down, which the ledger dates.
CREATE TABLE performance (
    organization BIGINT NOT NULL,
    key          BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    window_id    TEXT   NOT NULL,
    performed_at BIGINT NOT NULL,
    performed_by TEXT   NOT NULL,
    recorded_at  BIGINT NOT NULL,
    -- HMAC-SHA-256 of the whole record under the salt beside the note; what the leaf says.
    commitment   {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, key),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code),
    FOREIGN KEY (organization, performed_by) REFERENCES actor (organization, id),
    CHECK (performed_at <= recorded_at)
);
CREATE INDEX performance_by_control ON performance (organization, code, window_id);
{{APPEND_ONLY performance}}

-- Free text and the salt of the commitment. Deleting a row erases what was noted; the performance stays.
CREATE TABLE performance_note (
    organization BIGINT NOT NULL,
    performance  BIGINT NOT NULL,
    note         TEXT   NOT NULL CHECK (length(note) <= 4000),
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, performance),
    FOREIGN KEY (organization, performance) REFERENCES performance (organization, key)
);
{{FROZEN performance_note}}

CREATE TABLE performance_evidence (
    organization BIGINT NOT NULL,
    performance  BIGINT NOT NULL,
    artifact     BIGINT NOT NULL,
    PRIMARY KEY (organization, performance, artifact),
    FOREIGN KEY (organization, performance) REFERENCES performance (organization, key),
    FOREIGN KEY (organization, artifact) REFERENCES artifact (organization, key)
);
{{APPEND_ONLY performance_evidence}}

-- Everything a trigger produced over a span. `body` is core::program::population::Definition as JSON, `extract` its
-- core::program::population::Ipe once the list came. (The table `population` holds lists of targets of runs.)
CREATE TABLE trigger_population (
    organization BIGINT NOT NULL,
    key          BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    covers_from  BIGINT NOT NULL,
    covers_to    BIGINT NOT NULL,
    defined_at   BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, key),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code),
    CHECK (covers_from < covers_to)
);
{{APPEND_ONLY trigger_population}}

-- Where the list came from, and the list itself as it was handed in.
CREATE TABLE population_extract (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    imported_at  BIGINT NOT NULL,
    artifact     BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, population),
    FOREIGN KEY (organization, population) REFERENCES trigger_population (organization, key),
    FOREIGN KEY (organization, artifact) REFERENCES artifact (organization, key)
);
{{FROZEN population_extract}}

CREATE TABLE population_item (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    item_key     TEXT   NOT NULL CHECK (length(item_key) BETWEEN 1 AND 200),
    occurred_at  BIGINT NOT NULL,
    PRIMARY KEY (organization, population, seq),
    UNIQUE (organization, population, item_key),
    FOREIGN KEY (organization, population) REFERENCES trigger_population (organization, key)
);
{{FROZEN population_item}}

-- What testing found, one letter for each attribute: m met, n not met, - not tested. The newest row of an item counts.
CREATE TABLE population_result (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    states       TEXT   NOT NULL,
    note         TEXT   NOT NULL CHECK (length(note) <= 4000),
    PRIMARY KEY (organization, population, seq, at),
    FOREIGN KEY (organization, population, seq) REFERENCES population_item (organization, population, seq)
);
{{FROZEN population_result}}

-- From here on the items do not change any more.
CREATE TABLE population_freeze (
    organization BIGINT NOT NULL,
    population   BIGINT NOT NULL,
    frozen_at    BIGINT NOT NULL,
    items        BIGINT NOT NULL CHECK (items >= 0),
    -- SHA-256 of the keys sorted bytewise and joined with line feeds.
    keys         {{BYTES}} NOT NULL,
    -- What shows that nothing happened, exactly when there are no items.
    zero         BIGINT,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, population),
    FOREIGN KEY (organization, population) REFERENCES trigger_population (organization, key),
    FOREIGN KEY (organization, zero) REFERENCES artifact (organization, key),
    CHECK ((items = 0) = (zero IS NOT NULL))
);
{{APPEND_ONLY population_freeze}}
