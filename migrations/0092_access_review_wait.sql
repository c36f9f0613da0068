-- Whose answer items of open reviews wait for: of each seat without an answer whoever has it and those who decide in their
-- place. Kept by the transaction that changes a review, so that nobody reads a review to see whether it waits for them. All
-- of it can be made again from reviews, items and entries.
CREATE TABLE access_review_wait (
    organization BIGINT NOT NULL,
    who          TEXT   NOT NULL,
    review       BIGINT NOT NULL,
    item         BIGINT NOT NULL,
    seat         TEXT   NOT NULL CHECK (seat IN ('manager', 'owner')),
    -- From when it does not wait for them any more: the end of a delegation.
    until        BIGINT,
    PRIMARY KEY (organization, who, review, item, seat)
) {{CLUSTERED}};
CREATE INDEX access_review_wait_of_item ON access_review_wait (organization, review, item);
