-- Events of a user or session are those in event_by_user or event_by_session and those that event_tail(user, session) lists (either
-- may be NULL). Both may list an id that is no longer theirs, or twice: the row itself is asked. See migrations/0012_event_tail.sql.

-- name: event_key_add
-- No change when the key is known.
INSERT OR IGNORE INTO event_keys VALUES (?1);

-- name: event_key_find
SELECT 1 FROM event_keys WHERE key = ?1;

-- name: event_insert
INSERT INTO events (id, user_id, session_id, product_id, type, at_ms, value, price_minor, position, order_ref,
                    recommendation, key)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12);

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
SELECT p.ext, r.type, r.at_ms, r.value
FROM (SELECT * FROM (SELECT e.id, e.product_id, e.type, e.at_ms, e.value
                     FROM event_by_user x
                          CROSS JOIN events e ON e.id = x.event AND e.user_id = x.user_id AND e.at_ms = x.at_ms
                     WHERE x.user_id = (SELECT id FROM users WHERE ext = ?1) AND e.type <> 10
                     ORDER BY x.at_ms DESC, x.event DESC LIMIT ?2)
      UNION
      SELECT e.id, e.product_id, e.type, e.at_ms, e.value
      FROM event_tail((SELECT id FROM users WHERE ext = ?1), NULL) t CROSS JOIN events e ON e.id = t.id
      WHERE e.user_id = (SELECT id FROM users WHERE ext = ?1) AND e.type <> 10) r
     CROSS JOIN products p ON p.id = r.product_id
ORDER BY r.at_ms DESC, r.id DESC LIMIT ?2;

-- name: event_recent_session
SELECT p.ext, r.type, r.at_ms, r.value
FROM (SELECT * FROM (SELECT e.id, e.product_id, e.type, e.at_ms, e.value
                     FROM event_by_session x
                          CROSS JOIN events e ON e.id = x.event AND e.session_id = x.session_id AND e.at_ms = x.at_ms
                     WHERE x.session_id = (SELECT id FROM sessions WHERE ext = ?1) AND e.type <> 10
                     ORDER BY x.at_ms DESC, x.event DESC LIMIT ?2)
      UNION
      SELECT e.id, e.product_id, e.type, e.at_ms, e.value
      FROM event_tail(NULL, (SELECT id FROM sessions WHERE ext = ?1)) t CROSS JOIN events e ON e.id = t.id
      WHERE e.session_id = (SELECT id FROM sessions WHERE ext = ?1) AND e.type <> 10) r
     CROSS JOIN products p ON p.id = r.product_id
ORDER BY r.at_ms DESC, r.id DESC LIMIT ?2;

-- name: event_last
SELECT coalesce(max(id), 0) FROM events;

-- name: event_scan_up
SELECT id, product_id, at_ms, value, type FROM events WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: event_scan_down
SELECT id, product_id, at_ms, value, type FROM events WHERE id < ?1 ORDER BY id DESC LIMIT ?2;

-- name: event_buyers
-- Purchase and cancel.
SELECT user_id, session_id FROM events WHERE id > ?1 AND id <= ?2 AND type IN (4, 5) ORDER BY id;

-- name: event_bought_user
SELECT e.id, e.product_id, e.type, e.at_ms, e.value, e.order_ref, e.session_id
FROM (SELECT * FROM (SELECT event FROM event_by_user WHERE user_id = ?1 ORDER BY at_ms DESC, event DESC LIMIT ?3)
      UNION
      SELECT id FROM event_tail(?1, NULL)) x
     CROSS JOIN events e ON e.id = x.event
WHERE e.user_id = ?1 AND e.type IN (4, 5) AND e.id <= ?2 ORDER BY e.id;

-- name: event_bought_session
-- Of guests: what they did before they were known to be somebody is the somebody's.
SELECT e.id, e.product_id, e.type, e.at_ms, e.value, e.order_ref, e.session_id
FROM (SELECT * FROM (SELECT event FROM event_by_session WHERE session_id = ?1 ORDER BY at_ms DESC, event DESC LIMIT ?3)
      UNION
      SELECT id FROM event_tail(NULL, ?1)) x
     CROSS JOIN events e ON e.id = x.event
WHERE e.session_id = ?1 AND e.user_id IS NULL AND e.type IN (4, 5) AND e.id <= ?2 ORDER BY e.id;

-- name: event_tail_from
SELECT upto FROM event_merge;

-- name: event_tail_rows
SELECT id, key, user_id, session_id FROM events WHERE id > ?1;

-- name: event_tail_of
SELECT id FROM events WHERE id > ?1 AND (user_id = ?2 OR session_id = ?3);

-- name: event_data_version
PRAGMA data_version;

-- name: event_keys_put
-- numbers: the list bound to ?1, see number_list.c.
INSERT OR IGNORE INTO event_keys SELECT value FROM numbers(?1);

-- name: event_users_put
-- As the rows are now: some may have been removed since they were listed.
INSERT OR IGNORE INTO event_by_user
SELECT e.user_id, e.at_ms, e.id FROM numbers(?1) n CROSS JOIN events e ON e.id = n.value WHERE e.user_id IS NOT NULL;

-- name: event_sessions_put
INSERT OR IGNORE INTO event_by_session
SELECT e.session_id, e.at_ms, e.id FROM numbers(?1) n CROSS JOIN events e ON e.id = n.value WHERE e.session_id IS NOT NULL;

-- name: event_keys_after
INSERT OR IGNORE INTO event_keys SELECT key FROM events WHERE id > ?1 AND key IS NOT NULL ORDER BY key;

-- name: event_users_after
INSERT OR IGNORE INTO event_by_user
SELECT user_id, at_ms, id FROM events WHERE id > ?1 AND user_id IS NOT NULL ORDER BY user_id, at_ms, id;

-- name: event_sessions_after
INSERT OR IGNORE INTO event_by_session
SELECT session_id, at_ms, id FROM events WHERE id > ?1 AND session_id IS NOT NULL ORDER BY session_id, at_ms, id;

-- name: event_merged
UPDATE event_merge SET upto = max(upto, ?1);
