-- One invitation of somebody of an audit firm is about each engagement that they were let into before they came in: a link that
-- takes the place of an earlier one lets them into what that one was about as well.

CREATE TABLE promised_engagement (
    organization BIGINT NOT NULL,
    invitation   TEXT   NOT NULL,
    engagement   BIGINT NOT NULL,
    valid_until  BIGINT NOT NULL,
    PRIMARY KEY (organization, invitation, engagement),
    FOREIGN KEY (organization, invitation) REFERENCES invitation (organization, id),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
);

INSERT INTO promised_engagement (organization, invitation, engagement, valid_until)
    SELECT organization, invitation, engagement, valid_until FROM invitation_engagement;

DROP TABLE invitation_engagement;
