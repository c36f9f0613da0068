-- Exceptions to checks. What was granted is never changed: taking one back is a row of its own.
CREATE TABLE waiver (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    check_id     TEXT   NOT NULL,
    -- 1: every target the check is about, those to come included; 0: those of waiver_target.
    covers_all   SMALLINT NOT NULL CHECK (covers_all IN (0, 1)),
    requested_by TEXT   NOT NULL,
    approved_by  TEXT   NOT NULL,
    granted_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, key),
    CHECK (granted_at < expires_at),
    FOREIGN KEY (organization, requested_by) REFERENCES actor (organization, id),
    FOREIGN KEY (organization, approved_by) REFERENCES actor (organization, id)
);
{{APPEND_ONLY waiver}}

CREATE TABLE waiver_target (
    organization BIGINT NOT NULL,
    waiver       BIGINT NOT NULL,
    target       BIGINT NOT NULL,
    PRIMARY KEY (organization, waiver, target),
    FOREIGN KEY (organization, waiver) REFERENCES waiver (organization, key),
    FOREIGN KEY (organization, target) REFERENCES target (organization, key)
);
{{APPEND_ONLY waiver_target}}

CREATE TABLE waiver_revocation (
    organization BIGINT NOT NULL,
    waiver       BIGINT NOT NULL,
    revoked_by   TEXT   NOT NULL,
    revoked_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, waiver),
    FOREIGN KEY (organization, waiver) REFERENCES waiver (organization, key),
    FOREIGN KEY (organization, revoked_by) REFERENCES actor (organization, id)
);
{{APPEND_ONLY waiver_revocation}}

-- What people wrote, as the canonical JSON that the ledger commits to, with the salt of that commitment. A row may be
-- erased as a whole; the commitment then says that there was a text, and nothing more.
CREATE TABLE waiver_text (
    organization BIGINT NOT NULL,
    waiver       BIGINT NOT NULL,
    event        TEXT   NOT NULL CHECK (event IN ('granted', 'revoked')),
    body         TEXT   NOT NULL,
    salt         {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, waiver, event),
    FOREIGN KEY (organization, waiver) REFERENCES waiver (organization, key)
);
{{FROZEN waiver_text}}
