-- version: rises whenever a text in product_search or a synonym changes; not with prices or stock, as totals.catalogue does.
CREATE TABLE search_state (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO search_state VALUES (1, 1);
