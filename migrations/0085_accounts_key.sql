-- With which key of accounts the digest of a recovery code was made; empty where that was not noted, as there was one key only.
ALTER TABLE recovery_code ADD COLUMN keyed_by TEXT NOT NULL DEFAULT '';
