-- Lists of access: who holds which right in one system at one moment, as they were handed in. They do not change; a later
-- list is another one.

-- `system` is folded to small letters, as lists of the same system are found by it. `body` is
-- core::program::access::AccessList as JSON.
CREATE TABLE access_list (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL CHECK (key >= 1),
    system       TEXT   NOT NULL,
    run_at       BIGINT NOT NULL,
    handed_in_at BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, key),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
CREATE INDEX access_list_of_system ON access_list (organization, system, run_at);
{{APPEND_ONLY access_list}}

-- Its rows, in their order. `right_key` names account and right, as they are found again in a later list. `body` is
-- core::program::access::Holding as JSON.
CREATE TABLE access_holding (
    organization BIGINT NOT NULL,
    list         BIGINT NOT NULL,
    seq          BIGINT NOT NULL CHECK (seq >= 1),
    right_key    TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, list, seq),
    UNIQUE (organization, list, right_key),
    FOREIGN KEY (organization, list) REFERENCES access_list (organization, key)
);
{{APPEND_ONLY access_holding}}
