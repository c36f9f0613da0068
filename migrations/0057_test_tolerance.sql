-- How long a check may fail before that is a deviation of a control: the limit that the control sets itself. What held when
-- a failing stretch began judges it, so nothing is ever changed here. No hours: every failing stretch is a deviation.
CREATE TABLE test_tolerance (
    organization BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    check_id     TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    hours        BIGINT CHECK (hours BETWEEN 1 AND 17568),
    reason       TEXT   NOT NULL CHECK (length(reason) <= 4000),
    set_by       TEXT   NOT NULL,
    PRIMARY KEY (organization, code, check_id, since),
    FOREIGN KEY (organization, code) REFERENCES control (organization, code),
    FOREIGN KEY (organization, set_by) REFERENCES actor (organization, id)
);
{{APPEND_ONLY test_tolerance}}
