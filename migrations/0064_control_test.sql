-- Tests of controls as people decide about them, whole and in versions: who proposed each, who approved or ended it, why.
-- What the library maps and nobody has decided about has no row here; which check is a test of which control at a moment
-- stands in test_of_control. `body` is core::control::TestRecord as JSON; `waits` is repeated for lists.
CREATE TABLE control_test (
    organization BIGINT   NOT NULL,
    code         TEXT     NOT NULL,
    test         TEXT     NOT NULL,
    since        BIGINT   NOT NULL,
    until        BIGINT,
    waits        SMALLINT NOT NULL CHECK (waits IN (0, 1)),
    body         TEXT     NOT NULL,
    PRIMARY KEY (organization, code, test, since),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code)
);
CREATE UNIQUE INDEX control_test_current ON control_test (organization, code, test) WHERE until IS NULL;
