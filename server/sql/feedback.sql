-- name: opinion_events_remove
-- ?1 the user, ?2 the session (one is NULL), ?3 the product, ?4 to ?5 the types. Likes of wishes go with their wish.
DELETE FROM events
WHERE id IN (SELECT event FROM event_by_user WHERE user_id = ?1
             UNION ALL SELECT event FROM event_by_session WHERE session_id = ?2
             UNION ALL SELECT id FROM event_tail(?1, ?2))
  AND (user_id = ?1 OR session_id = ?2) AND product_id = ?3 AND type BETWEEN ?4 AND ?5
  AND id NOT IN (SELECT w.event_id FROM wishes w WHERE (w.user_id = ?1 OR w.session_id = ?2) AND w.product_id = ?3);

-- name: opinion_get
-- Parameters as above: the newest of them, NULL when there is none.
SELECT e.type, max(e.id) FROM events e
WHERE e.id IN (SELECT event FROM event_by_user WHERE user_id = ?1
               UNION ALL SELECT event FROM event_by_session WHERE session_id = ?2
               UNION ALL SELECT id FROM event_tail(?1, ?2))
  AND (e.user_id = ?1 OR e.session_id = ?2) AND e.product_id = ?3 AND e.type BETWEEN ?4 AND ?5
  AND e.id NOT IN (SELECT w.event_id FROM wishes w WHERE (w.user_id = ?1 OR w.session_id = ?2) AND w.product_id = ?3);

-- name: event_remove
DELETE FROM events WHERE id = ?1;

-- name: rating_get
SELECT half_stars FROM ratings WHERE product_id = ?1 AND user_id = ?2;

-- name: rating_put
INSERT INTO ratings (product_id, user_id, half_stars, at_ms) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (product_id, user_id) DO UPDATE SET half_stars = excluded.half_stars, at_ms = excluded.at_ms;

-- name: rating_remove
DELETE FROM ratings WHERE product_id = ?1 AND user_id = ?2;

-- name: rating_histogram
SELECT half_stars, count(*) FROM ratings WHERE product_id = ?1 GROUP BY half_stars;

-- name: bought
-- Paid, shipped or delivered.
SELECT 1 FROM orders o JOIN order_lines l ON l.order_id = o.id
WHERE o.user_id = ?1 AND l.product_id = ?2 AND o.state BETWEEN 1 AND 3 LIMIT 1;

-- name: review_add
INSERT INTO reviews (product_id, user_id, title, body, half_stars, state, verified, created_ms, changed_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
ON CONFLICT DO NOTHING;

-- name: review_of
SELECT id FROM reviews WHERE product_id = ?1 AND user_id = ?2;

-- name: review_get
SELECT r.id, p.ext, r.user_id, a.name, r.title, r.body, r.half_stars, r.state, r.verified, r.helpful, r.unhelpful,
       r.created_ms, r.changed_ms, r.product_id, 0
FROM reviews r JOIN products p ON p.id = r.product_id LEFT JOIN accounts a ON a.user_id = r.user_id
WHERE r.id = ?1;

-- name: review_update
UPDATE reviews SET title = ?2, body = ?3, state = ?4, changed_ms = ?5 WHERE id = ?1;

-- name: review_stars
UPDATE reviews SET half_stars = ?3 WHERE product_id = ?1 AND user_id = ?2;

-- name: review_votes_remove
DELETE FROM review_votes WHERE review_id = ?1;

-- name: review_remove
DELETE FROM reviews WHERE id = ?1;

-- name: review_vote_get
SELECT helpful FROM review_votes WHERE review_id = ?1 AND user_id = ?2;

-- name: review_vote_put
INSERT INTO review_votes VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET helpful = excluded.helpful;

-- name: review_count_votes
UPDATE reviews SET helpful = helpful + ?2, unhelpful = unhelpful + ?3 WHERE id = ?1;

-- name: review_page_helpful
SELECT r.id, p.ext, r.user_id, a.name, r.title, r.body, r.half_stars, r.state, r.verified, r.helpful, r.unhelpful,
       r.created_ms, r.changed_ms, r.product_id, r.by_helpful
FROM reviews r INDEXED BY reviews_helpful JOIN products p ON p.id = r.product_id
     LEFT JOIN accounts a ON a.user_id = r.user_id
WHERE r.product_id = ?1 AND r.state = 1 AND (r.by_helpful, r.newest) > (?2, ?3)
ORDER BY r.by_helpful, r.newest LIMIT ?4;

-- name: review_page_best
SELECT r.id, p.ext, r.user_id, a.name, r.title, r.body, r.half_stars, r.state, r.verified, r.helpful, r.unhelpful,
       r.created_ms, r.changed_ms, r.product_id, r.by_stars
FROM reviews r INDEXED BY reviews_best JOIN products p ON p.id = r.product_id
     LEFT JOIN accounts a ON a.user_id = r.user_id
WHERE r.product_id = ?1 AND r.state = 1 AND (r.by_stars, r.newest) > (?2, ?3)
ORDER BY r.by_stars, r.newest LIMIT ?4;

-- name: review_page_newest
SELECT r.id, p.ext, r.user_id, a.name, r.title, r.body, r.half_stars, r.state, r.verified, r.helpful, r.unhelpful,
       r.created_ms, r.changed_ms, r.product_id, 0
FROM reviews r INDEXED BY reviews_newest JOIN products p ON p.id = r.product_id
     LEFT JOIN accounts a ON a.user_id = r.user_id
WHERE r.product_id = ?1 AND r.state = 1 AND r.newest > ?3 AND ?2 IS NOT NULL
ORDER BY r.newest LIMIT ?4;

-- name: review_queue
SELECT r.id, p.ext, r.user_id, a.name, r.title, r.body, r.half_stars, r.state, r.verified, r.helpful, r.unhelpful,
       r.created_ms, r.changed_ms, r.product_id, 0
FROM reviews r INDEXED BY reviews_queue JOIN products p ON p.id = r.product_id
     LEFT JOIN accounts a ON a.user_id = r.user_id
WHERE r.state = ?1 AND r.newest > ?3 AND ?2 IS NOT NULL
ORDER BY r.newest LIMIT ?4;

-- name: wish_get
SELECT id, event_id, added_ms FROM wishes WHERE (user_id = ?1 OR session_id = ?2) AND product_id = ?3;

-- name: wish_add
INSERT INTO wishes (user_id, session_id, product_id, event_id, added_ms) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: wish_remove
DELETE FROM wishes WHERE id = ?1;

-- name: wish_page
SELECT w.id, p.ext, w.added_ms FROM wishes w JOIN products p ON p.id = w.product_id
WHERE (w.user_id = ?1 OR w.session_id = ?2) AND w.id < ?3 AND p.version > 0 AND NOT p.hidden
ORDER BY w.id DESC LIMIT ?4;

-- name: wishes_drop_twins
-- The guest's wish for what the person wishes already goes, with its like.
DELETE FROM wishes WHERE session_id = ?1 AND product_id IN (SELECT product_id FROM wishes WHERE user_id = ?2);
