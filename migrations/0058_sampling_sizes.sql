-- Sizes that a control has instead of those of the preset, with why: judgment of its own. The newest row holds; without sizes
-- those of the preset hold again.
CREATE TABLE sampling_own_size (
    organization BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    low          BIGINT CHECK (low BETWEEN 1 AND 10000),
    usual        BIGINT CHECK (usual BETWEEN 1 AND 10000),
    high         BIGINT CHECK (high BETWEEN 1 AND 10000),
    reason       TEXT   NOT NULL CHECK (length(reason) <= 4000),
    set_by       TEXT   NOT NULL,
    PRIMARY KEY (organization, code, since),
    CHECK ((low IS NULL) = (usual IS NULL) AND (usual IS NULL) = (high IS NULL)),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code),
    FOREIGN KEY (organization, set_by) REFERENCES actor (organization, id)
);
{{APPEND_ONLY sampling_own_size}}

-- The version of the preset that an engagement uses, whole: that of the first sample that was drawn by it for its period. What
-- the catalog says later is for later engagements. `body` is core::catalog::SamplingPreset as JSON.
CREATE TABLE engagement_preset (
    organization BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    catalog      {{BYTES}} NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, engagement),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
);
{{APPEND_ONLY engagement_preset}}
