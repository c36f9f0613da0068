-- Answers in full, once per check version and text, and which held at a target from when. They replace verdict_memo,
-- which wrote a row for every check whenever facts changed, although most checks do not read what changed. A verdict is
-- a pure function of facts, check version and parameters, so answers of before can be computed again at any time; only
-- those that hold now are carried over.
CREATE TABLE answer (
    organization  BIGINT NOT NULL,
    key           BIGINT NOT NULL,
    check_version BIGINT NOT NULL,
    -- The first 63 bits of the body's SHA-256; they find it, the body decides. 0 in rows from before.
    hash          BIGINT NOT NULL,
    body          TEXT   NOT NULL,
    PRIMARY KEY (organization, key),
    FOREIGN KEY (organization, check_version) REFERENCES check_version (organization, key)
);
CREATE INDEX answer_hash ON answer (organization, check_version, hash);

-- Written when a computed answer is another one than before; the newest up to a moment held at it. A target that was
-- not reached has no answer: its verdict is unknown, whatever stands here.
CREATE TABLE answer_since (
    organization  BIGINT NOT NULL,
    check_version BIGINT NOT NULL,
    target        BIGINT NOT NULL,
    since         BIGINT NOT NULL,
    answer        BIGINT NOT NULL,
    PRIMARY KEY (organization, check_version, target, since)
) {{CLUSTERED}};

INSERT INTO answer (organization, key, check_version, hash, body)
SELECT organization, ROW_NUMBER() OVER (PARTITION BY organization ORDER BY check_version, outcome), check_version, 0, outcome
FROM (SELECT DISTINCT organization, check_version, outcome FROM verdict_memo) AS distinct_answers;

INSERT INTO answer_since (organization, check_version, target, since, answer)
SELECT held.organization, held.check_version, held.target, memo.evaluated_at, answer.key
FROM verdict_interval AS held
JOIN facts_interval AS facts ON facts.organization = held.organization AND facts.target = held.target AND facts.until IS NULL
JOIN verdict_memo AS memo ON memo.organization = held.organization AND memo.check_version = held.check_version
    AND memo.facts = facts.digest
JOIN answer ON answer.organization = held.organization AND answer.check_version = held.check_version
    AND answer.body = memo.outcome
WHERE held.until IS NULL;

DROP TABLE verdict_memo;

-- Digests of the sections of the facts that hold now, to tell which checks must be asked again when they change. A cache.
CREATE TABLE facts_section (
    organization BIGINT NOT NULL,
    target       BIGINT NOT NULL,
    sections     {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, target)
) {{CLUSTERED}};

-- Paths at which a gap does not take a pass away, as a JSON list: part of a version, needed to ask it again. Null in
-- rows from before.
ALTER TABLE check_version ADD COLUMN tolerated_gaps TEXT;
