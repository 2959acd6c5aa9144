-- Events are appended and nothing else: one commit writes the last pages of one table. What finds them again is kept apart and is
-- brought up to date later, many events a page, in the order of its keys (store/event_merge.c):
--   event_keys        of all events up to event_merge.upto, and of removed ones
--   event_by_user     entries of all events up to event_merge.upto; some beyond may be there, and some whose event is gone
--   event_by_session  the same
-- Events beyond upto are the tail: event_tail(user, session) finds theirs, and their keys stand in events.key.
CREATE TABLE event_merge (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    upto INTEGER NOT NULL
) STRICT;
INSERT INTO event_merge SELECT 1, coalesce(max(id), 0) FROM events;

CREATE TABLE event_by_user (
    user_id INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    event   INTEGER NOT NULL,
    PRIMARY KEY (user_id, at_ms, event)
) STRICT, WITHOUT ROWID;
INSERT INTO event_by_user
SELECT user_id, at_ms, id FROM events WHERE user_id IS NOT NULL ORDER BY user_id, at_ms, id;

CREATE TABLE event_by_session (
    session_id INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,
    event      INTEGER NOT NULL,
    PRIMARY KEY (session_id, at_ms, event)
) STRICT, WITHOUT ROWID;
INSERT INTO event_by_session
SELECT session_id, at_ms, id FROM events WHERE session_id IS NOT NULL ORDER BY session_id, at_ms, id;

-- key: NULL where nobody sends the event again, and where event_keys got it at once. No references: without an index on the
-- columns each removal of a user or session would read all events to check them.
CREATE TABLE events_next (
    id             INTEGER PRIMARY KEY,
    user_id        INTEGER,
    session_id     INTEGER,
    product_id     INTEGER NOT NULL,
    type           INTEGER NOT NULL,
    at_ms          INTEGER NOT NULL,
    value          REAL    NOT NULL,
    price_minor    INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    order_ref      TEXT,
    recommendation TEXT,
    key            INTEGER,
    CHECK (user_id IS NOT NULL OR session_id IS NOT NULL)
) STRICT;
INSERT INTO events_next
SELECT id, user_id, session_id, product_id, type, at_ms, value, price_minor, position, order_ref, recommendation, NULL
FROM events ORDER BY id;
DROP TABLE events;
ALTER TABLE events_next RENAME TO events;

-- As it was (0011): after a restart the id of a removed newest event may be given again.
CREATE TRIGGER events_removed_newest AFTER DELETE ON events
WHEN old.id > (SELECT coalesce(max(id), 0) FROM events) BEGIN
    UPDATE outcome_state SET upto = min(upto, (SELECT coalesce(max(id), 0) FROM events));
END;

-- Whoever removes an event leaves no entry behind, and the event stays known.
CREATE TRIGGER events_removed AFTER DELETE ON events BEGIN
    DELETE FROM event_by_user WHERE user_id = old.user_id AND at_ms = old.at_ms AND event = old.id;
    DELETE FROM event_by_session WHERE session_id = old.session_id AND at_ms = old.at_ms AND event = old.id;
    INSERT OR IGNORE INTO event_keys SELECT old.key WHERE old.key IS NOT NULL;
END;
CREATE TRIGGER events_given AFTER UPDATE OF user_id ON events BEGIN
    DELETE FROM event_by_user WHERE user_id = old.user_id AND at_ms = old.at_ms AND event = old.id;
    INSERT OR IGNORE INTO event_by_user SELECT new.user_id, new.at_ms, new.id WHERE new.user_id IS NOT NULL;
END;
