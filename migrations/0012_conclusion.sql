-- Answers of people to the four questions of a readiness assessment. Append-only: the newest counts, the older ones
-- say what was thought when. Suggestions of automated tests are computed and never stored here.
CREATE TABLE rating_decision (
    organization BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    question     TEXT   NOT NULL CHECK (question IN ('designed', 'implemented', 'operating', 'evidenced')),
    at           BIGINT NOT NULL,
    answer       TEXT   NOT NULL CHECK (answer IN ('yes', 'partly', 'no', 'not_assessed')),
    decided_by   TEXT   NOT NULL,
    reason       TEXT   NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (organization, code, question, at),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code),
    FOREIGN KEY (organization, decided_by) REFERENCES actor (organization, id)
);
{{APPEND_ONLY rating_decision}}

-- A frozen readiness assessment: the model of its report, as a blob under its digest.
CREATE TABLE assessment (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    taken_at     BIGINT NOT NULL,
    taken_by     TEXT   NOT NULL,
    model        {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, key),
    FOREIGN KEY (organization, taken_by) REFERENCES actor (organization, id)
);
{{APPEND_ONLY assessment}}
