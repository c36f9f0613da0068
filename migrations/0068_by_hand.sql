-- A legal hold may be on an item of evidence: on the files of all its versions, those to come included.
ALTER TABLE legal_hold ADD COLUMN item BIGINT;

-- Findings that people write down. `once` is made with the form, so that one form makes one finding.
ALTER TABLE finding ADD COLUMN once TEXT;
CREATE UNIQUE INDEX finding_once ON finding (organization, once) WHERE once IS NOT NULL;
