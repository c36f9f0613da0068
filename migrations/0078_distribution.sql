-- Who gets an issued report: agreements, recipients with their grants, the links and codes by which they come in, and what
-- they took. Of secrets only digests are here.

-- What recipients agree to, with its versions. `body` is core::distribution::Agreement as JSON.
CREATE TABLE use_agreement (
    organization BIGINT NOT NULL REFERENCES organization (key),
    class        TEXT   NOT NULL CHECK (class IN ('user_entities', 'specified_parties')),
    version      BIGINT NOT NULL CHECK (version >= 1),
    since        BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, class, version)
);
{{APPEND_ONLY use_agreement}}

CREATE TABLE report_grant (
    organization BIGINT NOT NULL,
    key          BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    -- The page from which it was entered: sent twice, it is entered once.
    once         TEXT   NOT NULL CHECK (length(once) BETWEEN 1 AND 64),
    made_at      BIGINT NOT NULL,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, once),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
);
CREATE INDEX report_grant_of_engagement ON report_grant (organization, engagement, key);

-- A grant as it stood. `body` is core::distribution::Grant as JSON.
CREATE TABLE report_grant_version (
    organization BIGINT NOT NULL,
    key          BIGINT NOT NULL,
    number       BIGINT NOT NULL CHECK (number >= 1),
    since        BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, key, number),
    FOREIGN KEY (organization, key) REFERENCES report_grant (organization, key)
);
{{APPEND_ONLY report_grant_version}}

-- The link of a recipient: the newest one counts.
CREATE TABLE report_link (
    organization BIGINT    NOT NULL,
    key          BIGINT    NOT NULL,
    number       BIGINT    NOT NULL CHECK (number >= 1),
    digest       {{BYTES}} NOT NULL UNIQUE,
    made_at      BIGINT    NOT NULL,
    -- When another one took its place.
    over_at      BIGINT,
    PRIMARY KEY (organization, key, number),
    FOREIGN KEY (organization, key) REFERENCES report_grant (organization, key)
);

-- Codes that were asked for by a link, each bound to the browser that asked.
CREATE TABLE report_code (
    organization BIGINT    NOT NULL,
    key          BIGINT    NOT NULL,
    number       BIGINT    NOT NULL CHECK (number >= 1),
    browser      {{BYTES}} NOT NULL,
    -- What both sides see where a person hands the code over: no secret.
    reference    TEXT      NOT NULL CHECK (length(reference) BETWEEN 1 AND 20),
    -- None until somebody makes it, where no mail goes out.
    digest       {{BYTES}},
    asked_at     BIGINT    NOT NULL,
    expires_at   BIGINT    NOT NULL,
    tries        BIGINT    NOT NULL CHECK (tries >= 0),
    -- When it was shown, and until when that browser reads.
    opened_at    BIGINT,
    open_until   BIGINT,
    PRIMARY KEY (organization, key, number),
    CHECK ((opened_at IS NULL) = (open_until IS NULL)),
    FOREIGN KEY (organization, key) REFERENCES report_grant (organization, key)
);

-- What recipients took, with the copy that was made for them.
CREATE TABLE report_download (
    organization BIGINT NOT NULL,
    key          BIGINT NOT NULL,
    number       BIGINT NOT NULL CHECK (number >= 1),
    item         TEXT   NOT NULL CHECK (length(item) BETWEEN 1 AND 60),
    -- Digest of the model that was set.
    model        TEXT   NOT NULL,
    copy         BIGINT NOT NULL,
    network      TEXT   NOT NULL CHECK (length(network) <= 100),
    at           BIGINT NOT NULL,
    PRIMARY KEY (organization, key, number),
    FOREIGN KEY (organization, key) REFERENCES report_grant (organization, key),
    FOREIGN KEY (organization, copy) REFERENCES document_copy (organization, key)
);
{{APPEND_ONLY report_download}}
