-- Service commitments and system requirements. `once` names the page from which one was written: sent twice, it is
-- written once.
CREATE TABLE commitment (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    once         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, once)
);

-- The record as it stood, whole. `body` is core::control::commitment::Commitment as JSON.
CREATE TABLE commitment_version (
    organization BIGINT NOT NULL,
    commitment   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, commitment, number),
    FOREIGN KEY (organization, commitment) REFERENCES commitment (organization, key)
);
{{APPEND_ONLY commitment_version}}
