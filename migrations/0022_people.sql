-- People, what they sign in with, and where they belong.
--
-- A person is one human in this installation and may belong to several organizations; everything that an organization
-- decides about them hangs from `membership` and begins with `organization`. The ledger knows them by their actor.

-- `email` is how a person signs in, in the form in which it is compared. Nothing refers to it.
CREATE TABLE person (
    id         TEXT   NOT NULL PRIMARY KEY,
    email      TEXT   NOT NULL UNIQUE CHECK (length(email) BETWEEN 3 AND 254),
    name       TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at BIGINT NOT NULL
);

-- `pepper` names the key outside of the database without which the hash says nothing.
CREATE TABLE password (
    person TEXT   NOT NULL PRIMARY KEY REFERENCES person (id),
    hash   TEXT   NOT NULL,
    pepper TEXT   NOT NULL,
    set_at BIGINT NOT NULL
);

-- `last_step` is the time step of the last code that counted; only a later one counts again.
CREATE TABLE authenticator (
    person      TEXT      NOT NULL PRIMARY KEY REFERENCES person (id),
    sealed      {{BYTES}} NOT NULL,
    sealed_by   TEXT      NOT NULL,
    last_step   BIGINT    NOT NULL,
    enrolled_at BIGINT    NOT NULL
);

CREATE TABLE recovery_code (
    person  TEXT      NOT NULL REFERENCES person (id),
    digest  {{BYTES}} NOT NULL,
    made_at BIGINT    NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (person, digest)
);

-- A person in an organization. One that is removed stays as it was, and coming back makes a new one with the same actor.
-- `valid_until` is compared on every request.
CREATE TABLE membership (
    organization BIGINT   NOT NULL REFERENCES organization (key),
    id           TEXT     NOT NULL,
    person       TEXT     NOT NULL REFERENCES person (id),
    actor        TEXT     NOT NULL,
    source       TEXT     NOT NULL CHECK (source IN ('set_up', 'invitation', 'operator')),
    state        TEXT     NOT NULL CHECK (state IN ('active', 'suspended', 'removed')),
    -- Whether it is about all systems, those to come included; else about those of `membership_system`.
    all_systems  SMALLINT NOT NULL CHECK (all_systems IN (0, 1)),
    valid_from   BIGINT   NOT NULL,
    valid_until  BIGINT,
    changed_at   BIGINT   NOT NULL,
    PRIMARY KEY (organization, id),
    FOREIGN KEY (organization, actor) REFERENCES actor (organization, id)
);
CREATE UNIQUE INDEX membership_of_person ON membership (organization, person) WHERE state <> 'removed';
CREATE INDEX membership_by_person ON membership (person, organization);

CREATE TABLE membership_role (
    organization BIGINT NOT NULL,
    membership   TEXT   NOT NULL,
    role         TEXT   NOT NULL,
    granted_by   TEXT   NOT NULL,
    granted_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, membership, role),
    FOREIGN KEY (organization, membership) REFERENCES membership (organization, id)
);

CREATE TABLE membership_system (
    organization BIGINT NOT NULL,
    membership   TEXT   NOT NULL,
    system       TEXT   NOT NULL,
    PRIMARY KEY (organization, membership, system),
    FOREIGN KEY (organization, membership) REFERENCES membership (organization, id),
    FOREIGN KEY (organization, system) REFERENCES system (organization, id)
);

-- Owners and administrators are made by two people: one asks, another one agrees.
CREATE TABLE role_proposal (
    organization BIGINT NOT NULL,
    id           TEXT   NOT NULL,
    membership   TEXT   NOT NULL,
    role         TEXT   NOT NULL,
    asked_by     TEXT   NOT NULL,
    asked_at     BIGINT NOT NULL,
    PRIMARY KEY (organization, id),
    UNIQUE (organization, membership, role),
    FOREIGN KEY (organization, membership) REFERENCES membership (organization, id)
);

-- Links that let somebody in once. Of the link's secret only the digest is here. Roles are words with spaces between.
CREATE TABLE invitation (
    organization BIGINT    NOT NULL REFERENCES organization (key),
    id           TEXT      NOT NULL,
    digest       {{BYTES}} NOT NULL UNIQUE,
    -- None for the first owner, whose address nobody knows yet.
    email        TEXT,
    roles        TEXT      NOT NULL,
    source       TEXT      NOT NULL CHECK (source IN ('set_up', 'invitation', 'operator')),
    made_by      TEXT      NOT NULL,
    made_at      BIGINT    NOT NULL,
    expires_at   BIGINT    NOT NULL,
    used_at      BIGINT,
    revoked_at   BIGINT,
    PRIMARY KEY (organization, id),
    CHECK (used_at IS NULL OR revoked_at IS NULL)
);
