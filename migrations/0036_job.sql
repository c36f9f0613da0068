-- Work that goes on beside the pages. A row is one piece of work from the wish to its end; whoever works on it holds a
-- lease, so that what died with its worker is taken over.
CREATE TABLE job (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind IN ('collect', 'report')),
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'called_off')),
    asked_by     TEXT   NOT NULL,
    asked_at     BIGINT NOT NULL,
    -- Not before then: now, or after the pause that a failure costs.
    due_at       BIGINT NOT NULL,
    attempts     BIGINT NOT NULL CHECK (attempts >= 0),
    lease_until  BIGINT,
    started_at   BIGINT,
    finished_at  BIGINT,
    -- What is being done now, in words.
    progress     TEXT   NOT NULL,
    -- What came of it, or why it failed.
    outcome      TEXT   NOT NULL,
    PRIMARY KEY (organization, key),
    FOREIGN KEY (organization, asked_by) REFERENCES actor (organization, id),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'called_off')) = (finished_at IS NOT NULL))
);
-- One of a kind at a time: whoever asks while it waits or runs gets the one that is there.
CREATE UNIQUE INDEX job_open ON job (organization, kind) WHERE state IN ('waiting', 'running');

-- How often work is asked for by itself; 0 hours: not at all. The newest row of a kind counts.
CREATE TABLE job_schedule (
    organization BIGINT NOT NULL REFERENCES organization (key),
    kind         TEXT   NOT NULL CHECK (kind IN ('collect', 'report')),
    since        BIGINT NOT NULL,
    every_hours  BIGINT NOT NULL CHECK (every_hours BETWEEN 0 AND 8760),
    set_by       TEXT   NOT NULL,
    PRIMARY KEY (organization, kind, since),
    FOREIGN KEY (organization, set_by) REFERENCES actor (organization, id)
);
{{APPEND_ONLY job_schedule}}
