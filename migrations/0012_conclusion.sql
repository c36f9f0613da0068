-- Answers of people to the four questions of a readiness assessment. A new answer closes the one before; nothing is
-- overwritten. Suggestions of automated tests are computed, never stored here.
CREATE TABLE rating_decision (
    organization BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    question     TEXT   NOT NULL CHECK (question IN ('designed', 'implemented', 'operating', 'evidenced')),
    since        BIGINT NOT NULL,
    until        BIGINT,
    answer       TEXT   NOT NULL CHECK (answer IN ('yes', 'partly', 'no', 'not_assessed')),
    decided_by   TEXT   NOT NULL CHECK (decided_by <> ''),
    reason       TEXT   NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (organization, code, question, since),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code)
);
CREATE UNIQUE INDEX rating_decision_current ON rating_decision (organization, code, question) WHERE until IS NULL;

-- A frozen readiness assessment: the model of its report, as a blob under its digest.
CREATE TABLE assessment (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    taken_at     BIGINT NOT NULL,
    taken_by     TEXT   NOT NULL,
    model        {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, key)
);
