-- What the shop holds of a person, table by table: see store/person_rows.h. Erasing: ?1 = users.id. Joining: ?1 = sessions.id
-- of the guest, ?2 = users.id. Exporting: ?1 = users.id, one JSON text a row.

-- name: person_events_erase
DELETE FROM events
WHERE user_id = ?1 OR session_id IN (SELECT id FROM sessions WHERE user_id = ?1);

-- name: person_events_join
UPDATE events SET user_id = ?2 WHERE session_id = ?1 AND user_id IS NULL;

-- name: person_events_export
SELECT json_object('type', json_extract('["view","click","add_to_cart","remove_from_cart","purchase","cancel","rating","review","like","dislike","impression"]', '$[' || e.type || ']'),
                   'item', p.ext, 'time', strftime('%Y-%m-%dT%H:%M:%fZ', e.at_ms / 1000.0, 'unixepoch'),
                   'value', e.value, 'price', iif(e.price_minor < 0, NULL, e.price_minor), 'order', e.order_ref,
                   'recommendation_id', e.recommendation)
FROM events e JOIN products p ON p.id = e.product_id
WHERE e.user_id = ?1 ORDER BY e.at_ms, e.id;

-- name: person_tokens_erase
DELETE FROM tokens
WHERE user_id = ?1 OR session_id IN (SELECT id FROM sessions WHERE user_id = ?1);

-- name: person_tokens_join
DELETE FROM tokens WHERE session_id = ?1 AND ?2;

-- name: person_tokens_export
SELECT json_object('id', session_id, 'created', strftime('%Y-%m-%dT%H:%M:%fZ', created_ms / 1000.0, 'unixepoch'),
                   'last_used', strftime('%Y-%m-%dT%H:%M:%fZ', used_ms / 1000.0, 'unixepoch'), 'agent', agent)
FROM tokens WHERE user_id = ?1 ORDER BY created_ms;

-- name: person_ids
-- The ids that a model may know the person under.
SELECT ext FROM users WHERE id = ?1
UNION ALL
SELECT 'session:' || ext FROM sessions WHERE user_id = ?1;

-- name: person_sessions_erase
DELETE FROM sessions WHERE user_id = ?1;

-- name: person_account_erase
DELETE FROM accounts WHERE user_id = ?1;

-- name: person_user_erase
DELETE FROM users WHERE id = ?1;

-- name: erased_add
INSERT OR REPLACE INTO erased (hash, at_ms) VALUES (?1, ?2);

-- name: erased_get
SELECT 1 FROM erased WHERE hash = ?1;

-- name: erased_all
SELECT hash FROM erased WHERE at_ms >= ?1;
