-- What one run writes lies together, so that recording it changes few pages of the database: how much that is follows
-- from what changed, not from how many checks and targets there are.

-- By run first, as it is written. What a check answered is found through its runs.
CREATE TABLE coverage_of_run (
    organization   BIGINT NOT NULL,
    run            BIGINT NOT NULL,
    check_version  BIGINT NOT NULL,
    block          BIGINT NOT NULL,
    expected       BIGINT NOT NULL,
    pass           BIGINT NOT NULL,
    fail           BIGINT NOT NULL,
    not_applicable BIGINT NOT NULL,
    unknown        BIGINT NOT NULL,
    PRIMARY KEY (organization, run, check_version),
    CHECK (expected = pass + fail + not_applicable + unknown)
) {{CLUSTERED}};
INSERT INTO coverage_of_run
    (organization, run, check_version, block, expected, pass, fail, not_applicable, unknown)
SELECT organization, run, check_version, block, expected, pass, fail, not_applicable, unknown
FROM coverage ORDER BY organization, run, check_version;
DROP TABLE coverage;
ALTER TABLE coverage_of_run RENAME TO coverage;

-- What held before at a target lies beside what holds now, with the digests of its sections, which tell which checks
-- must be asked again when they change: a cache, kept for the facts that hold now.
CREATE TABLE facts_of_target (
    organization BIGINT NOT NULL,
    target       BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    until        BIGINT,
    digest       {{BYTES}} NOT NULL,
    schema_name  TEXT   NOT NULL,
    -- Not null when the document does not conform to its schema; every check is then unknown (parse error).
    defect       TEXT,
    run          BIGINT NOT NULL,
    -- The pack that holds the document; null where the document is an object of its own.
    pack         BIGINT,
    sections     {{BYTES}},
    PRIMARY KEY (organization, target, since),
    FOREIGN KEY (organization, target) REFERENCES target (organization, key),
    FOREIGN KEY (organization, run) REFERENCES run (organization, key)
) {{CLUSTERED}};
INSERT INTO facts_of_target
    (organization, target, since, until, digest, schema_name, defect, run, pack, sections)
SELECT facts_interval.organization, facts_interval.target, since, until, digest, schema_name, defect, run, pack,
    CASE WHEN until IS NULL THEN facts_section.sections END
FROM facts_interval LEFT JOIN facts_section ON facts_section.organization = facts_interval.organization
    AND facts_section.target = facts_interval.target
ORDER BY facts_interval.organization, facts_interval.target, since;
DROP TABLE facts_interval;
DROP TABLE facts_section;
ALTER TABLE facts_of_target RENAME TO facts_interval;
CREATE UNIQUE INDEX facts_interval_open ON facts_interval (organization, target) WHERE until IS NULL;

-- No question looks for failures by time.
DROP INDEX verdict_interval_failing;
