-- What the shop holds of a person, table by table: see store/person_rows.h. Erasing: ?1 = users.id. Joining: ?1 = sessions.id
-- of the guest, ?2 = users.id. Exporting: ?1 = users.id, one JSON text a row.

-- name: person_events_erase
DELETE FROM events
WHERE id IN (SELECT event FROM event_by_user WHERE user_id = ?1
             UNION ALL SELECT id FROM event_tail(?1, NULL)
             UNION ALL SELECT x.event FROM sessions s CROSS JOIN event_by_session x ON x.session_id = s.id WHERE s.user_id = ?1
             UNION ALL SELECT t.id FROM sessions s CROSS JOIN event_tail(NULL, s.id) t WHERE s.user_id = ?1)
  AND (user_id = ?1 OR session_id IN (SELECT id FROM sessions WHERE user_id = ?1));

-- name: person_events_join
UPDATE events SET user_id = ?2
WHERE id IN (SELECT event FROM event_by_session WHERE session_id = ?1 UNION ALL SELECT id FROM event_tail(NULL, ?1))
  AND session_id = ?1 AND user_id IS NULL;

-- name: person_events_export
SELECT json_object('type', json_extract('["view","click","add_to_cart","remove_from_cart","purchase","cancel","rating","review","like","dislike","impression"]', '$[' || e.type || ']'),
                   'item', p.ext, 'time', strftime('%Y-%m-%dT%H:%M:%fZ', e.at_ms / 1000.0, 'unixepoch'),
                   'value', e.value, 'price', iif(e.price_minor < 0, NULL, e.price_minor), 'order', e.order_ref,
                   'recommendation_id', e.recommendation)
FROM events e JOIN products p ON p.id = e.product_id
WHERE e.id IN (SELECT event FROM event_by_user WHERE user_id = ?1 UNION ALL SELECT id FROM event_tail(?1, NULL))
  AND e.user_id = ?1
ORDER BY e.at_ms, e.id;

-- name: person_tokens_erase
DELETE FROM tokens
WHERE user_id = ?1 OR session_id IN (SELECT id FROM sessions WHERE user_id = ?1);

-- name: person_tokens_join
DELETE FROM tokens WHERE session_id = ?1 AND ?2;

-- name: person_tokens_export
SELECT json_object('id', session_id, 'created', strftime('%Y-%m-%dT%H:%M:%fZ', created_ms / 1000.0, 'unixepoch'),
                   'last_used', strftime('%Y-%m-%dT%H:%M:%fZ', used_ms / 1000.0, 'unixepoch'), 'agent', agent)
FROM tokens WHERE user_id = ?1 ORDER BY created_ms;

-- name: person_wishes_erase
DELETE FROM wishes
WHERE user_id = ?1 OR session_id IN (SELECT id FROM sessions WHERE user_id = ?1);

-- name: person_wishes_join
UPDATE wishes SET user_id = ?2, session_id = NULL WHERE session_id = ?1;

-- name: person_wishes_export
SELECT json_object('item', p.ext, 'added', strftime('%Y-%m-%dT%H:%M:%fZ', w.added_ms / 1000.0, 'unixepoch'))
FROM wishes w JOIN products p ON p.id = w.product_id WHERE w.user_id = ?1 ORDER BY w.id;

-- name: person_votes_erase
-- The counts stay.
DELETE FROM review_votes WHERE user_id = ?1;

-- name: person_votes_export
SELECT json_object('review', review_id, 'helpful', json(iif(helpful, 'true', 'false')))
FROM review_votes WHERE user_id = ?1 ORDER BY review_id;

-- name: person_ratings_erase
UPDATE ratings SET user_id = NULL WHERE user_id = ?1;

-- name: person_ratings_export
SELECT json_object('item', p.ext, 'stars', r.half_stars / 2.0,
                   'time', strftime('%Y-%m-%dT%H:%M:%fZ', r.at_ms / 1000.0, 'unixepoch'))
FROM ratings r JOIN products p ON p.id = r.product_id WHERE r.user_id = ?1 ORDER BY r.id;

-- name: person_drafts_erase
-- What was never published: its votes are none.
DELETE FROM reviews WHERE user_id = ?1 AND state <> 1 AND NOT EXISTS (SELECT 1 FROM review_votes WHERE review_id = reviews.id);

-- name: person_reviews_erase
UPDATE reviews SET user_id = NULL WHERE user_id = ?1;

-- name: person_reviews_export
SELECT json_object('item', p.ext, 'title', r.title, 'text', r.body, 'stars', r.half_stars / 2.0,
                   'created', strftime('%Y-%m-%dT%H:%M:%fZ', r.created_ms / 1000.0, 'unixepoch'))
FROM reviews r JOIN products p ON p.id = r.product_id WHERE r.user_id = ?1 ORDER BY r.id;

-- name: person_cart_items_erase
DELETE FROM cart_items
WHERE cart_id IN (SELECT id FROM carts
                  WHERE user_id = ?1 OR session_id IN (SELECT id FROM sessions WHERE user_id = ?1));

-- name: person_carts_erase
DELETE FROM carts
WHERE user_id = ?1 OR session_id IN (SELECT id FROM sessions WHERE user_id = ?1);

-- name: person_carts_export
SELECT json_object('item', p.ext, 'quantity', i.quantity,
                   'added', strftime('%Y-%m-%dT%H:%M:%fZ', i.added_ms / 1000.0, 'unixepoch'),
                   'recommendation_id', i.recommendation)
FROM carts c JOIN cart_items i ON i.cart_id = c.id JOIN products p ON p.id = i.product_id
WHERE c.user_id = ?1 ORDER BY i.added_ms, i.product_id;

-- name: person_orders_erase
-- The books stay, without a name.
UPDATE orders SET user_id = NULL, session_id = NULL, email = NULL
WHERE user_id = ?1 OR session_id IN (SELECT id FROM sessions WHERE user_id = ?1);

-- name: person_orders_export
SELECT json_object('id', o.ext, 'email', o.email, 'total', o.total_minor, 'currency', o.currency,
                   'created', strftime('%Y-%m-%dT%H:%M:%fZ', o.created_ms / 1000.0, 'unixepoch'),
                   'items', (SELECT json_group_array(json_object('item', p.ext, 'title', l.title,
                                                                 'price', l.price_minor, 'quantity', l.quantity))
                             FROM order_lines l JOIN products p ON p.id = l.product_id WHERE l.order_id = o.id))
FROM orders o WHERE o.user_id = ?1 ORDER BY o.id;

-- name: person_kept_erase
DELETE FROM idempotency
WHERE user_id = ?1 OR session_id IN (SELECT id FROM sessions WHERE user_id = ?1);

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

-- name: erased_last
SELECT count(*), ifnull(max(at_ms), 0) FROM erased;

-- name: erased_all
SELECT hash FROM erased WHERE at_ms >= ?1;
