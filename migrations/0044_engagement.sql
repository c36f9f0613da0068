-- Examinations on their way from scope to report. `once` names the page from which one was planned: sent twice, it is
-- planned once.
CREATE TABLE engagement (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    once         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, once)
);

-- The record as it stood, whole: scope, description, assertion, signatures. `body` is core::engagement::Engagement as JSON.
CREATE TABLE engagement_version (
    organization BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, engagement, number),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
);
{{APPEND_ONLY engagement_version}}
