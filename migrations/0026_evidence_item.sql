-- Items of evidence as people hand them in: records over artifacts. Nothing of an item is ever changed or deleted but its
-- own row, which says where it stands; texts can be erased, and the item stays.

CREATE TABLE evidence_item (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    -- Made with the form, so that one form makes one item.
    once         TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('draft', 'submitted', 'accepted', 'returned', 'withdrawn')),
    -- Counts every change; whoever changes it says which one they saw.
    revision     BIGINT NOT NULL,
    -- The newest version.
    version      BIGINT NOT NULL,
    retention    TEXT   NOT NULL,
    made_by      TEXT   NOT NULL,
    made_at      BIGINT NOT NULL,
    submitted_by TEXT,
    submitted_at BIGINT,
    decided_by   TEXT,
    decided_at   BIGINT,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, once),
    FOREIGN KEY (organization, made_by) REFERENCES actor (organization, id),
    CHECK ((submitted_by IS NULL) = (submitted_at IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
CREATE INDEX evidence_item_by_state ON evidence_item (organization, state, key);

-- What is said of an item, in versions. `body` is core::evidence::item::Description as JSON. Deleting a row erases what
-- was said; that there was a version stays with its files and in the log.
CREATE TABLE evidence_item_version (
    organization BIGINT NOT NULL,
    item         BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    reason       TEXT   NOT NULL CHECK (length(reason) <= 4000),
    made_by      TEXT   NOT NULL,
    made_at      BIGINT NOT NULL,
    salt         {{BYTES}} NOT NULL,
    -- HMAC-SHA-256 of the whole version under the salt; what the leaf says.
    commitment   {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, item, number),
    FOREIGN KEY (organization, item) REFERENCES evidence_item (organization, key)
);
{{FROZEN evidence_item_version}}

CREATE TABLE evidence_item_file (
    organization BIGINT NOT NULL,
    item         BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    artifact     BIGINT NOT NULL,
    name         TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    PRIMARY KEY (organization, item, version, seq),
    FOREIGN KEY (organization, item) REFERENCES evidence_item (organization, key),
    FOREIGN KEY (organization, artifact) REFERENCES artifact (organization, key)
);
CREATE INDEX evidence_item_file_by_artifact ON evidence_item_file (organization, artifact);
{{FROZEN evidence_item_file}}

-- Which controls an item serves, with when.
CREATE TABLE evidence_item_control (
    organization BIGINT NOT NULL,
    item         BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    linked_at    BIGINT NOT NULL,
    linked_by    TEXT   NOT NULL,
    unlinked_at  BIGINT,
    unlinked_by  TEXT,
    PRIMARY KEY (organization, item, code, linked_at),
    FOREIGN KEY (organization, item) REFERENCES evidence_item (organization, key),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code),
    CHECK ((unlinked_at IS NULL) = (unlinked_by IS NULL))
);
CREATE UNIQUE INDEX evidence_item_control_now ON evidence_item_control (organization, item, code) WHERE unlinked_at IS NULL;
CREATE INDEX evidence_item_by_control ON evidence_item_control (organization, code);

-- What happened to an item, in order.
CREATE TABLE evidence_item_event (
    organization BIGINT NOT NULL,
    item         BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    event        TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    -- A control's id for links; empty else.
    about        TEXT   NOT NULL,
    note         TEXT   NOT NULL CHECK (length(note) <= 4000),
    PRIMARY KEY (organization, item, number),
    FOREIGN KEY (organization, item) REFERENCES evidence_item (organization, key)
);
{{FROZEN evidence_item_event}}
