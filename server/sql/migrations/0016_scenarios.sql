-- The shop's own scenarios (recommend/scenario.h): the whole set as a JSON array, and its version.
CREATE TABLE scenarios (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL
) STRICT;
INSERT INTO scenarios (only, version, body) VALUES (1, 0, '[]');
