-- What changed, or was opened, since a moment is found without reading all that there is.
CREATE INDEX control_version_by_time ON control_version (organization, since) WHERE until IS NULL;
CREATE INDEX finding_by_time ON finding (organization, opened_at) WHERE is_closed = 0;
