-- What management confirmed of the controls in scope that changed since it signed: exactly these changes, who, when and why. A
-- control that changes once more needs another row. `body` is the list, as core::engagement::ControlChange, in JSON; `digest`
-- is that of its canonical form.
CREATE TABLE engagement_confirmation (
    organization BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    number       BIGINT NOT NULL CHECK (number >= 1),
    since        BIGINT NOT NULL,
    confirmed_by TEXT   NOT NULL,
    reason       TEXT   NOT NULL CHECK (length(reason) BETWEEN 1 AND 4000),
    digest       {{BYTES}} NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organization, engagement, number),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key),
    FOREIGN KEY (organization, confirmed_by) REFERENCES actor (organization, id)
);
{{APPEND_ONLY engagement_confirmation}}
