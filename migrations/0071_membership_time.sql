-- Memberships for a time, and addresses that are about to be somebody's.

-- Until when whoever comes in by it is a member; none: without an end.
ALTER TABLE invitation ADD COLUMN valid_until BIGINT;
-- When it was noted that the time is over: sessions are ended then, and what the member made for others is taken back. Nothing
-- waits for it, as `valid_until` is compared on every request.
ALTER TABLE membership ADD COLUMN expired_at BIGINT;
CREATE INDEX membership_to_expire ON membership (organization, valid_until)
    WHERE valid_until IS NOT NULL AND expired_at IS NULL;

-- Links by which somebody shows that a new address is theirs. Of the link's secret only the digest is here.
CREATE TABLE address_change (
    organization BIGINT    NOT NULL,
    id           TEXT      NOT NULL,
    digest       {{BYTES}} NOT NULL UNIQUE,
    membership   TEXT      NOT NULL,
    email        TEXT      NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    made_at      BIGINT    NOT NULL,
    expires_at   BIGINT    NOT NULL,
    -- When it was used, or another one took its place.
    over_at      BIGINT,
    PRIMARY KEY (organization, id),
    FOREIGN KEY (organization, membership) REFERENCES membership (organization, id)
);
CREATE INDEX address_change_of_member ON address_change (organization, membership) WHERE over_at IS NULL;
