-- Systems are written, described and retired by people; a retired one stays, as reports of before are about it.
ALTER TABLE system ADD COLUMN boundary TEXT NOT NULL DEFAULT '';
ALTER TABLE system ADD COLUMN retired_at BIGINT;
