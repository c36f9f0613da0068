-- Reviews of access: whole and in versions, the newest counts. `body` is core::program::access_review::Review as JSON.
CREATE TABLE access_review (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL CHECK (key >= 1),
    version      BIGINT NOT NULL CHECK (version >= 1),
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, key, version),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY access_review}}

-- What a review decides about, from when its snapshot is frozen. `body` is core::program::access_review::Item as JSON.
CREATE TABLE access_review_item (
    organization BIGINT NOT NULL,
    review       BIGINT NOT NULL,
    number       BIGINT NOT NULL CHECK (number >= 1),
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, review, number)
);
{{APPEND_ONLY access_review_item}}

-- What happened to items: decisions, who decides instead, tickets. What stands follows from them. `body` is
-- core::program::access_review::Entry as JSON; `salt` opens the commitment that the ledger has.
CREATE TABLE access_review_entry (
    organization BIGINT NOT NULL,
    review       BIGINT NOT NULL,
    number       BIGINT NOT NULL CHECK (number >= 1),
    at           BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, review, number),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY access_review_entry}}
