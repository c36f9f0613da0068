-- What people and organizations set about time and reminders, and what somebody is told.

-- What people set for themselves, whatever organizations they are in.
CREATE TABLE person_setting (
    person     TEXT   NOT NULL PRIMARY KEY REFERENCES person (id),
    -- A name of the IANA database, as Europe/Berlin; that of the organization where there is none.
    time_zone  TEXT            CHECK (length(time_zone) BETWEEN 1 AND 60),
    reminders  TEXT   NOT NULL CHECK (reminders IN ('in_app', 'each', 'daily', 'weekly')),
    changed_at BIGINT NOT NULL
);

-- The newest row counts.
CREATE TABLE organization_setting (
    organization  BIGINT NOT NULL REFERENCES organization (key),
    since         BIGINT NOT NULL,
    time_zone     TEXT   NOT NULL CHECK (length(time_zone) BETWEEN 1 AND 60),
    date_style    TEXT   NOT NULL CHECK (date_style IN ('day_first', 'month_first', 'iso')),
    -- Days after which others are told of what nobody did; 0: never.
    escalate_days BIGINT NOT NULL CHECK (escalate_days BETWEEN 0 AND 90),
    set_by        TEXT   NOT NULL,
    PRIMARY KEY (organization, since),
    FOREIGN KEY (organization, set_by) REFERENCES actor (organization, id)
);
{{APPEND_ONLY organization_setting}}

-- What somebody is told: each thing and step once.
CREATE TABLE notice (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    -- What it is, the same as long as it is the same.
    about        TEXT   NOT NULL CHECK (length(about) BETWEEN 1 AND 300),
    step         TEXT   NOT NULL CHECK (step IN ('new', 'soon', 'today', 'overdue', 'escalated')),
    matter       TEXT   NOT NULL CHECK (matter IN ('occurrence', 'returned', 'decision', 'evidence', 'waiver', 'finding', 'mention', 'week')),
    title        TEXT   NOT NULL,
    path         TEXT   NOT NULL,
    -- More lines, where there are.
    detail       TEXT   NOT NULL,
    due_at       BIGINT,
    made_at      BIGINT NOT NULL,
    read_at      BIGINT,
    -- When it went into a letter.
    mailed_at    BIGINT,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, actor, about, step),
    FOREIGN KEY (organization, actor) REFERENCES actor (organization, id)
);
CREATE INDEX notice_unread ON notice (organization, actor) WHERE read_at IS NULL;

-- Mornings on which somebody was written to, so that there is one letter for each.
CREATE TABLE notice_slot (
    organization BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    slot         TEXT   NOT NULL CHECK (length(slot) BETWEEN 1 AND 40),
    at           BIGINT NOT NULL,
    PRIMARY KEY (organization, actor, slot),
    FOREIGN KEY (organization, actor) REFERENCES actor (organization, id)
);
