-- Who: tenants, the systems their reports describe, and who acts.
--
-- Tables of a tenant carry `organization` first in their keys. It is a small number, not the organization's id,
-- because hot tables and all their indexes repeat it.

CREATE TABLE organization (
    key BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    created_at BIGINT NOT NULL
);

CREATE TABLE system (
    organization BIGINT NOT NULL REFERENCES organization (key),
    id TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization, id),
    UNIQUE (organization, name)
);

-- The ledger knows an actor by `id` only. `label` is for people and may be emptied when somebody must be forgotten.
CREATE TABLE actor (
    organization BIGINT NOT NULL REFERENCES organization (key),
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'program')),
    label TEXT NOT NULL CHECK (length(label) <= 200),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization, id)
);

-- Two actors of one kind with the same label would be one and the same to a reader. Emptied labels may repeat.
CREATE UNIQUE INDEX actor_by_label ON actor (organization, kind, label) WHERE label <> '';
