-- Facts documents that one run found are kept together, so that they are durable with one flush instead of one each:
-- a pack is one stored object with one document on each line.
CREATE TABLE facts_pack (
    organization BIGINT NOT NULL REFERENCES organization (key),
    key          BIGINT NOT NULL,
    -- Digest of the stored object.
    object       {{BYTES}} NOT NULL,
    PRIMARY KEY (organization, key)
);
CREATE INDEX facts_pack_object ON facts_pack (object);

-- The pack that holds the document; null where the document is an object of its own.
ALTER TABLE facts_interval ADD COLUMN pack BIGINT;
