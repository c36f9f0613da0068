-- Links by which somebody gets another password, or another authenticator. A link alone is not enough: whoever lost the one
-- shows the other. Of the link's secret only the digest is here.
CREATE TABLE reset_link (
    organization BIGINT    NOT NULL,
    id           TEXT      NOT NULL,
    digest       {{BYTES}} NOT NULL UNIQUE,
    membership   TEXT      NOT NULL,
    lost         TEXT      NOT NULL CHECK (lost IN ('password', 'authenticator')),
    made_by      TEXT      NOT NULL,
    made_at      BIGINT    NOT NULL,
    expires_at   BIGINT    NOT NULL,
    -- When it was used, or another one took its place.
    over_at      BIGINT,
    PRIMARY KEY (organization, id),
    FOREIGN KEY (organization, membership) REFERENCES membership (organization, id)
);
CREATE INDEX reset_link_of_member ON reset_link (organization, membership) WHERE over_at IS NULL;

-- Every way of searching the audit trail ends in the order of numbers, so that a page is found without looking at the rest.
CREATE INDEX audit_event_by_event ON audit_event (organization, event, number);
CREATE INDEX audit_event_by_actor_and_event ON audit_event (organization, actor, event, number);
CREATE INDEX audit_event_by_request ON audit_event (organization, request, number) WHERE request <> '';
CREATE INDEX audit_event_by_time ON audit_event (organization, at, number);
