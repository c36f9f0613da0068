-- What an audit event knows about who did it: as JSON, the same as in its entry, with what they signed in, how many seconds
-- ago they last showed who they are, and the roles they had. Empty where nobody was signed in.
ALTER TABLE audit_event ADD COLUMN auth TEXT NOT NULL DEFAULT '';
-- From which network. It says where somebody was, so it stands here only, and can be erased.
ALTER TABLE audit_event ADD COLUMN network TEXT NOT NULL DEFAULT '';

-- What the installation itself keeps secret, sealed with the key of accounts, which is outside of the database.
CREATE TABLE installation_secret (
    name      TEXT      NOT NULL PRIMARY KEY CHECK (name IN ('mail_password')),
    sealed    {{BYTES}} NOT NULL,
    sealed_by TEXT      NOT NULL,
    set_at    BIGINT    NOT NULL
);
