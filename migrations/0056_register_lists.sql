-- How often records of a kind were changed: what is computed from them holds as long as the count does.
CREATE TABLE register_change (
    organization BIGINT NOT NULL REFERENCES organization (key),
    kind         TEXT   NOT NULL,
    number       BIGINT NOT NULL,
    PRIMARY KEY (organization, kind)
);

-- Whether a record has a word and how much it weighs, once another word has found it.
DROP INDEX register_word_by_record;
CREATE INDEX register_word_by_record ON register_word (organization, record, word, weight);
