-- Tokens for some systems only, and from some addresses only.

-- Ids of systems with spaces between; none: as far as whoever it acts for reaches.
ALTER TABLE api_token ADD COLUMN systems TEXT;
-- Addresses and ranges of them with spaces between, from which it works; none: from anywhere.
ALTER TABLE api_token ADD COLUMN addresses TEXT;
