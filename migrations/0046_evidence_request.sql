-- What the auditor asks for and what management answers, as each request stood: whole, in versions. `body` is
-- core::engagement::fieldwork::EvidenceRequest as JSON.
CREATE TABLE evidence_request (
    organization BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    by_actor     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, engagement, number, version),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key),
    FOREIGN KEY (organization, by_actor) REFERENCES actor (organization, id)
);
{{APPEND_ONLY evidence_request}}
