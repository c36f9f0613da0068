-- Controls as adopted from the starter library or written by the organization. Text is versioned: a period uses the
-- version in force on each date.
CREATE TABLE control (
    organization BIGINT NOT NULL REFERENCES organization (key),
    code         TEXT   NOT NULL,
    -- draft: proposed, not yet said to be run; active; retired.
    state        TEXT   NOT NULL CHECK (state IN ('draft', 'active', 'retired')),
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, code)
);

CREATE TABLE control_version (
    organization BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    until        BIGINT,
    -- The whole text as JSON of core::control::Control, criteria with their key marks included.
    body         TEXT   NOT NULL,
    author       TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    PRIMARY KEY (organization, code, version),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code)
);
CREATE UNIQUE INDEX control_version_current ON control_version (organization, code) WHERE until IS NULL;

-- Which check is a test of which control, by validity. Never check -> criterion.
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
