-- name: event_key_add
-- No change when the key is known.
INSERT OR IGNORE INTO event_keys VALUES (?1);

-- name: event_insert
INSERT INTO events (user_id, session_id, product_id, type, at_ms, value, price_minor, position, order_ref,
                    recommendation)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: event_insert_rows
-- staged_events: see event_rows.c.
INSERT INTO events (user_id, session_id, product_id, type, at_ms, value, price_minor, position, order_ref,
                    recommendation)
SELECT user_id, session_id, product_id, type, at_ms, value, price_minor, position, order_ref, recommendation
FROM staged_events;

-- name: event_all
SELECT user_id, session_id, product_id, type, at_ms, value, price_minor, position, order_ref, recommendation
FROM events ORDER BY id;

-- name: event_recent_user
-- Type 10 is the impression: it was shown, not acted on.
SELECT p.ext, e.type, e.at_ms, e.value
FROM events e INDEXED BY events_user JOIN products p ON p.id = e.product_id
WHERE e.user_id = (SELECT id FROM users WHERE ext = ?1) AND e.type <> 10
ORDER BY e.at_ms DESC, e.id DESC LIMIT ?2;

-- name: event_recent_session
SELECT p.ext, e.type, e.at_ms, e.value
FROM events e INDEXED BY events_session JOIN products p ON p.id = e.product_id
WHERE e.session_id = (SELECT id FROM sessions WHERE ext = ?1) AND e.type <> 10
ORDER BY e.at_ms DESC, e.id DESC LIMIT ?2;
