-- What somebody asked to be waived, and what became of it: `body` has the scope and the texts as JSON. Granted, it is a
-- waiver of its own. `once` names the page from which it was asked: sent twice, it is asked once.
CREATE TABLE waiver_request (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    once         TEXT   NOT NULL,
    check_id     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    expires_at   BIGINT NOT NULL,
    requested_by TEXT   NOT NULL,
    requested_at BIGINT NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('open', 'granted', 'refused')),
    decided_by   TEXT,
    decided_at   BIGINT,
    waiver       BIGINT,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, once),
    CHECK ((state = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((state = 'granted') = (waiver IS NOT NULL)),
    FOREIGN KEY (organization, requested_by) REFERENCES actor (organization, id),
    FOREIGN KEY (organization, decided_by) REFERENCES actor (organization, id),
    FOREIGN KEY (organization, waiver) REFERENCES waiver (organization, key)
);

-- Findings that somebody took on. What the rules find is computed; `reference` names what it is about, so that it is known
-- again. At most one of them is open at a time for each reference.
CREATE TABLE finding (
    organization BIGINT   NOT NULL REFERENCES organization (key),
    id           TEXT     NOT NULL,
    reference    TEXT     NOT NULL CHECK (length(reference) BETWEEN 1 AND 200),
    opened_at    BIGINT   NOT NULL,
    is_closed    SMALLINT NOT NULL CHECK (is_closed IN (0, 1)),
    PRIMARY KEY (organization, id)
);
CREATE UNIQUE INDEX finding_open ON finding (organization, reference) WHERE is_closed = 0;
CREATE INDEX finding_by_reference ON finding (organization, reference, opened_at);

-- The record as it stood, whole, with what made it so. `body` is core::conclusion::finding::Finding as JSON.
CREATE TABLE finding_version (
    organization BIGINT NOT NULL,
    finding      TEXT   NOT NULL,
    number       BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    event        TEXT   NOT NULL CHECK (event IN ('opened', 'planned', 'extended', 'fixed', 'closed', 'reopened')),
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, finding, number),
    FOREIGN KEY (organization, finding) REFERENCES finding (organization, id),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY finding_version}}
