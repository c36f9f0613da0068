-- What lists and the search look at: one row for each record, kept by the transaction that changes the record. All of it can
-- be made again from the records.

CREATE TABLE register (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    -- What names the record in addresses.
    id           TEXT   NOT NULL,
    -- Its place in a list when no order is asked for.
    place        TEXT   NOT NULL,
    title        TEXT   NOT NULL,
    -- What is said of it under its title where it is found.
    detail       TEXT   NOT NULL,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, kind, id)
);
CREATE INDEX register_by_place ON register (organization, kind, place, key);

-- What rows are filtered and ordered by. A record may have several values of one name, but one of each that orders.
CREATE TABLE register_value (
    organization BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    value        TEXT   NOT NULL,
    -- That of the record: rows of one value come in the order of the list.
    place        TEXT   NOT NULL,
    record       BIGINT NOT NULL,
    PRIMARY KEY (organization, kind, name, value, place, record)
) {{CLUSTERED}};
CREATE INDEX register_value_by_record ON register_value (organization, record, name, value);

-- Words of the texts of a record, in small letters; those of its name and title weigh more.
CREATE TABLE register_word (
    organization BIGINT   NOT NULL,
    word         TEXT     NOT NULL,
    record       BIGINT   NOT NULL,
    weight       SMALLINT NOT NULL,
    PRIMARY KEY (organization, word, record)
) {{CLUSTERED}};
CREATE INDEX register_word_by_record ON register_word (organization, record);

-- Which form the rows of an organization have: a program that knows a newer one makes them again.
CREATE TABLE register_form (
    organization BIGINT NOT NULL PRIMARY KEY REFERENCES organization (key),
    form         BIGINT NOT NULL
);

-- A filter and order of a list that somebody named, as the query of its address.
CREATE TABLE saved_view (
    organization BIGINT   NOT NULL REFERENCES organization (key),
    id           TEXT     NOT NULL,
    list         TEXT     NOT NULL,
    name         TEXT     NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    query        TEXT     NOT NULL CHECK (length(query) <= 2000),
    is_shared    SMALLINT NOT NULL CHECK (is_shared IN (0, 1)),
    made_by      TEXT     NOT NULL,
    made_at      BIGINT   NOT NULL,
    PRIMARY KEY (organization, id),
    FOREIGN KEY (organization, made_by) REFERENCES actor (organization, id)
);
CREATE UNIQUE INDEX saved_view_by_name ON saved_view (organization, list, made_by, name);
