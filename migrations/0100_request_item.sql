-- Which items of evidence each request is answered with as it stands, kept by the transaction that answers it, so that an item
-- is shown with its requests without reading all of them. All of it can be made again from the requests.
CREATE TABLE evidence_request_item (
    organization BIGINT NOT NULL,
    item         BIGINT NOT NULL,
    engagement   BIGINT NOT NULL,
    request      BIGINT NOT NULL,
    PRIMARY KEY (organization, item, engagement, request),
    FOREIGN KEY (organization, engagement) REFERENCES engagement (organization, key)
) {{CLUSTERED}};
CREATE INDEX evidence_request_item_of_request ON evidence_request_item (organization, engagement, request);
