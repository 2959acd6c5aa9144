-- Experiments for other lists than recommendations, and for a while; what they are has a version.
-- surfaces: 1 recommendations, 2 related, 4 trending, 8 rank, added up. scenarios: of recommendations, those that it is for, a
-- space between; '' = all. Times: NULL = without a bound.
ALTER TABLE experiments ADD COLUMN surfaces INTEGER NOT NULL DEFAULT 1;
ALTER TABLE experiments ADD COLUMN scenarios TEXT NOT NULL DEFAULT '';
ALTER TABLE experiments ADD COLUMN from_ms INTEGER;
ALTER TABLE experiments ADD COLUMN until_ms INTEGER;

CREATE TABLE experiment_set (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO experiment_set VALUES (1, 0);
