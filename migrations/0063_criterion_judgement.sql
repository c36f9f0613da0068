-- What people said about a criterion beyond the ratings of its controls. Append-only: the newest counts. `body` is
-- core::conclusion::readiness::CriterionJudgement as JSON; the status that the rule suggests is never stored.
CREATE TABLE criterion_judgement (
    organization BIGINT NOT NULL REFERENCES organization (key),
    framework    TEXT   NOT NULL,
    criterion    TEXT   NOT NULL,
    number       BIGINT NOT NULL CHECK (number > 0),
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    reason       TEXT   NOT NULL CHECK (reason <> ''),
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, framework, criterion, number),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY criterion_judgement}}
