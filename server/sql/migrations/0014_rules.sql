-- Rules of recommendations (recommend/rules.h): the whole set as a JSON array, and its version.
CREATE TABLE rules (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL
) STRICT;
INSERT INTO rules (only, version, body) VALUES (1, 0, '[]');
