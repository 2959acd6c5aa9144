-- What came of recommendations, counted from the events by the id of the answer that led to them (server/recommend/outcomes.c).
-- Sums only: nobody's id and no product stands here, so that whoever is erased leaves them as they are.

-- upto: events up to this id are counted.
CREATE TABLE outcome_state (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    upto INTEGER NOT NULL
) STRICT;
INSERT INTO outcome_state SELECT 1, coalesce(max(id), 0) FROM events;
-- The id of the newest event is given again when that event is removed.
CREATE TRIGGER events_removed_newest AFTER DELETE ON events
WHEN old.id > (SELECT coalesce(max(id), 0) FROM events) BEGIN
    UPDATE outcome_state SET upto = min(upto, (SELECT coalesce(max(id), 0) FROM events));
END;

-- day: of the answer, since 1970 in UTC. Names are '' where there is none.
CREATE TABLE outcomes (
    day         INTEGER NOT NULL,
    model       INTEGER NOT NULL,
    strategy    TEXT    NOT NULL,
    scenario    TEXT    NOT NULL,
    experiment  TEXT    NOT NULL,
    variant     TEXT    NOT NULL,
    impressions INTEGER NOT NULL,
    clicks      INTEGER NOT NULL,
    carts       INTEGER NOT NULL,
    purchases   INTEGER NOT NULL,
    PRIMARY KEY (day, model, strategy, scenario, experiment, variant)
) STRICT, WITHOUT ROWID;

-- minor: of all purchases; squares: the sum of each one's square, for the spread.
CREATE TABLE outcome_revenue (
    day        INTEGER NOT NULL,
    model      INTEGER NOT NULL,
    strategy   TEXT    NOT NULL,
    scenario   TEXT    NOT NULL,
    experiment TEXT    NOT NULL,
    variant    TEXT    NOT NULL,
    currency   TEXT    NOT NULL,
    minor      INTEGER NOT NULL,
    squares    REAL    NOT NULL,
    PRIMARY KEY (day, model, strategy, scenario, experiment, variant, currency)
) STRICT, WITHOUT ROWID;

-- What is counted already, by a keyed hash of answer, product and kind. Days that no event counts for any more are dropped.
CREATE TABLE outcome_seen (
    day INTEGER NOT NULL,
    key INTEGER NOT NULL,
    PRIMARY KEY (day, key)
) STRICT, WITHOUT ROWID;
