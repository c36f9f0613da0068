-- What somebody asked to be waived, and what became of it: `body` has the scope and the texts as JSON. Granted, it is a
-- waiver of its own. `once` names the page from which it was asked: sent twice, it is asked once.
CREATE TABLE waiver_request (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    once         TEXT   NOT NULL,
    check_id     TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    expires_at   BIGINT NOT NULL,
    requested_by TEXT   NOT NULL,
    requested_at BIGINT NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('open', 'granted', 'refused')),
    decided_by   TEXT,
    decided_at   BIGINT,
    waiver       BIGINT,
    PRIMARY KEY (organization, key),
    UNIQUE (organization, once),
    CHECK ((state = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((state = 'granted') = (waiver IS NOT NULL)),
    FOREIGN KEY (organization, requested_by) REFERENCES actor (organization, id),
    FOREIGN KEY (organization, decided_by) REFERENCES actor (organization, id),
    FOREIGN KEY (organization, waiver) REFERENCES waiver (organization, key)
);
