-- Observation history: targets, check versions, runs, facts, blocks, and the index of intervals over them.
-- Keys are counted from 1 in each organization, so that hot rows stay narrow.

-- Something that is observed. Never deleted; a target that is gone is retired.
CREATE TABLE target (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    external_id  TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    first_seen   BIGINT NOT NULL,
    retired_at   BIGINT,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, kind, external_id)
);

-- One version of one check with one set of parameters. Sources are the record; bytecode is not kept.
CREATE TABLE check_version (
    organization  BIGINT NOT NULL REFERENCES organization (key),
    key           BIGINT NOT NULL,
    check_id      TEXT   NOT NULL,
    version       {{BYTES}} NOT NULL,
    engine        TEXT   NOT NULL,
    origin        TEXT   NOT NULL,
    definition    TEXT   NOT NULL,
    logic         TEXT   NOT NULL,
    introduced_at BIGINT NOT NULL,
    -- When another version (or none) took its place; its history ends there.
    superseded_at BIGINT,
    PRIMARY KEY (organization, key)
);
-- A version that comes back after another one is a new row: its history has a hole.
CREATE UNIQUE INDEX check_version_current ON check_version (organization, check_id) WHERE superseded_at IS NULL;

-- The targets of a run in the order that blocks use, stored once per distinct list.
CREATE TABLE population (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    digest       {{BYTES}} NOT NULL,
    size         BIGINT NOT NULL,
    targets      {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, digest)
);

CREATE TABLE run (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    source       TEXT   NOT NULL,
    -- open: started; complete: every expected target was reached; partial: some were not; missed: ended without a result.
    state        TEXT   NOT NULL CHECK (state IN ('open', 'complete', 'partial', 'missed')),
    collector    TEXT   NOT NULL,
    started_at   BIGINT NOT NULL,
    -- The moment all of the run's observations carry.
    finished_at  BIGINT,
    population   BIGINT,
    gaps         BIGINT NOT NULL DEFAULT 0,
    evaluated    BIGINT NOT NULL DEFAULT 0,
    reused       BIGINT NOT NULL DEFAULT 0,
    changed      BIGINT NOT NULL DEFAULT 0,
    -- Digest over (check version, block) of the run, and over (target, facts), as the run's leaf commits to them.
    blocks       {{BYTES}},
    facts        {{BYTES}},
    PRIMARY KEY (organization, key),
    CHECK ((state IN ('complete', 'partial')) = (population IS NOT NULL AND blocks IS NOT NULL AND facts IS NOT NULL)),
    CHECK ((state = 'open') = (finished_at IS NULL))
);
CREATE INDEX run_finished ON run (organization, finished_at);

-- Which facts document held for a target, written on change. The document is a blob under its digest.
CREATE TABLE facts_interval (
    organization BIGINT NOT NULL,
    target       BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    until        BIGINT,
    digest       {{BYTES}} NOT NULL,
    schema_name  TEXT   NOT NULL,
    -- Not null when the document does not conform to its schema; every check is then unknown (parse error).
    defect       TEXT,
    run          BIGINT NOT NULL,
    PRIMARY KEY (organization, target, since),
    FOREIGN KEY (organization, target) REFERENCES target (organization, key),
    FOREIGN KEY (organization, run) REFERENCES run (organization, key)
);
CREATE UNIQUE INDEX facts_interval_open ON facts_interval (organization, target) WHERE until IS NULL;

-- What a check version answered about a facts document: a pure function, so never computed twice. A new row for the
-- same pair is written only when the time of a time-dependent answer ran out.
CREATE TABLE verdict_memo (
    organization  BIGINT   NOT NULL,
    check_version BIGINT   NOT NULL,
    facts         {{BYTES}} NOT NULL,
    evaluated_at  BIGINT   NOT NULL,
    valid_until   BIGINT,
    verdict       SMALLINT NOT NULL CHECK (verdict BETWEEN 0 AND 3),
    reason        SMALLINT NOT NULL CHECK (reason BETWEEN 0 AND 7),
    outcome       TEXT     NOT NULL,
    PRIMARY KEY (organization, check_version, facts, evaluated_at),
    FOREIGN KEY (organization, check_version) REFERENCES check_version (organization, key)
);

-- Packed verdicts; format in core::observation::block. Equal content is stored once.
CREATE TABLE block (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    digest       {{BYTES}} NOT NULL,
    bytes        {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, digest)
);

-- One row per run and check: what was expected, what was seen. "Last seen" follows from it; nothing is updated.
CREATE TABLE coverage (
    organization   BIGINT NOT NULL,
    check_version  BIGINT NOT NULL,
    run            BIGINT NOT NULL,
    block          BIGINT NOT NULL,
    expected       BIGINT NOT NULL,
    pass           BIGINT NOT NULL,
    fail           BIGINT NOT NULL,
    not_applicable BIGINT NOT NULL,
    unknown        BIGINT NOT NULL,
    PRIMARY KEY (organization, check_version, run),
    CHECK (expected = pass + fail + not_applicable + unknown)
) {{CLUSTERED}};
CREATE INDEX coverage_run ON coverage (organization, run);

-- The index over blocks: a row is written only when a verdict or its reason changes. Rebuildable from blocks.
CREATE TABLE verdict_interval (
    organization  BIGINT   NOT NULL,
    check_version BIGINT   NOT NULL,
    target        BIGINT   NOT NULL,
    since         BIGINT   NOT NULL,
    until         BIGINT,
    verdict       SMALLINT NOT NULL CHECK (verdict BETWEEN 0 AND 3),
    reason        SMALLINT NOT NULL CHECK (reason BETWEEN 0 AND 7),
    PRIMARY KEY (organization, check_version, target, since)
) {{CLUSTERED}};
CREATE INDEX verdict_interval_failing ON verdict_interval (organization, since) WHERE verdict = 2;

-- When a time-dependent verdict of unchanged facts must be computed again.
CREATE TABLE reevaluation (
    organization  BIGINT NOT NULL,
    check_version BIGINT NOT NULL,
    target        BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    PRIMARY KEY (organization, check_version, target)
) {{CLUSTERED}};
