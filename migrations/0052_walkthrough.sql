-- Walkthroughs that the audit firm writes: one transaction traced through each step of a process, whole and in versions.
-- No statement of management's use cases writes here, and they read what is shared. `kind` is always the same: the
-- statements that read working papers read these too.
-- `body` is core::engagement::fieldwork::Walkthrough as JSON.
CREATE TABLE walkthrough (
    organization BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind = 'walkthrough'),
    number       BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, engagement, kind, number, version),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY walkthrough}}
