-- Whom of an audit firm an engagement lets in, and until when: their role reaches no further, and `valid_until` is compared
-- on every request. The audit trail has each extension.
CREATE TABLE membership_engagement (
    organization BIGINT NOT NULL,
    membership   TEXT   NOT NULL,
    engagement   BIGINT NOT NULL,
    valid_from   BIGINT NOT NULL,
    valid_until  BIGINT NOT NULL,
    granted_by   TEXT   NOT NULL,
    PRIMARY KEY (organization, membership, engagement),
    FOREIGN KEY (organization, membership) REFERENCES membership (organization, id),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
);
CREATE INDEX membership_of_engagement ON membership_engagement (organization, engagement);

-- The same, as an invitation promises it.
CREATE TABLE invitation_engagement (
    organization BIGINT NOT NULL,
    invitation   TEXT   NOT NULL,
    engagement   BIGINT NOT NULL,
    valid_until  BIGINT NOT NULL,
    PRIMARY KEY (organization, invitation),
    FOREIGN KEY (organization, invitation) REFERENCES invitation (organization, id),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
);
