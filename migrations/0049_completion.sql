-- What completes an engagement, as it stood, whole: subsequent events, representation letter, the report as it was
-- received, bridge letters. `body` is core::engagement::completion::Completion as JSON.
CREATE TABLE engagement_completion (
    organization BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, engagement, number),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
);
{{APPEND_ONLY engagement_completion}}

-- Copies of documents that were made for somebody. The ledger has number and digest of each; who it was for stands here
-- only.
CREATE TABLE document_copy (
    organization BIGINT NOT NULL,
    key          BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    document     TEXT   NOT NULL CHECK (length(document) BETWEEN 1 AND 60),
    -- Digest of the model that was set.
    model        TEXT   NOT NULL,
    recipient    TEXT   NOT NULL CHECK (length(recipient) BETWEEN 1 AND 200),
    company      TEXT   NOT NULL CHECK (length(company) BETWEEN 1 AND 200),
    made_by      TEXT   NOT NULL,
    made_at      BIGINT NOT NULL,
    PRIMARY KEY (organization, key),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key),
    FOREIGN KEY (organization, made_by) REFERENCES actor (organization, id)
);
CREATE INDEX document_copy_engagement ON document_copy (organization, engagement);
{{APPEND_ONLY document_copy}}
