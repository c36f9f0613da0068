-- What the audit firm writes, whole and in versions: workpapers, notes, and what is recorded about the report. No statement
-- of management's use cases writes here, and they read what is shared.
-- `body` is core::engagement::fieldwork::{Workpaper, Note, Report} as JSON.
CREATE TABLE working_paper (
    organization BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind IN ('workpaper', 'note', 'report')),
    number       BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, engagement, kind, number, version),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY working_paper}}

-- What management says about exceptions that were shared with it: theirs alone. `number` is that of the workpaper.
-- `body` is core::engagement::fieldwork::ManagementResponse as JSON.
CREATE TABLE management_response (
    organization BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    exception    BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, engagement, number, exception, version),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY management_response}}
