-- Controls of the organization: adopted from the starter library as drafts, or written here.

CREATE TABLE control (
    organization BIGINT NOT NULL REFERENCES organization (key),
    code         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, code)
);

-- The record as it stood, whole: a period report needs what was true on each day. `body` is core::control::Control
-- as JSON; `state` is repeated for lists.
CREATE TABLE control_version (
    organization BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    until        BIGINT,
    state        TEXT   NOT NULL CHECK (state IN ('draft', 'active', 'retired')),
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, code, since),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code)
);
CREATE UNIQUE INDEX control_version_current ON control_version (organization, code) WHERE until IS NULL;

-- Which check is a test of which control, by validity. A check reaches a criterion only through a control.
CREATE TABLE test_of_control (
    organization BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    check_id     TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    until        BIGINT,
    PRIMARY KEY (organization, code, check_id, since),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code)
);
CREATE INDEX test_of_control_check ON test_of_control (organization, check_id);
