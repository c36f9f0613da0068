-- Checks as they are written and not yet in force: each draft with its exact files, who wrote it, and what was decided.
-- The files of a check in force lie in the data folder; a draft reaches them once somebody else has approved its digest.
-- `body` is core::observation::CheckDraft as JSON; what lists ask for is repeated beside it.
CREATE TABLE check_draft (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    check_id     TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'approved', 'declined', 'replaced')),
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, key)
);
CREATE UNIQUE INDEX check_draft_waiting ON check_draft (organization, check_id) WHERE state = 'waiting';
CREATE INDEX check_draft_check ON check_draft (organization, check_id, key);
