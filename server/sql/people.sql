-- name: user_merge
-- What the newer record leaves out stays.
UPDATE users
SET age_band = coalesce(?2, age_band), gender = coalesce(?3, gender), country = coalesce(?4, country)
WHERE id = ?1;

-- name: user_id
SELECT id FROM users WHERE ext = ?1;

-- name: user_id_add
INSERT INTO users (ext) VALUES (?1);

-- name: user_record
SELECT age_band, gender, country FROM users WHERE ext = ?1;

-- name: user_all
SELECT id, ext, age_band, gender, country FROM users ORDER BY id;

-- name: session_id
SELECT id FROM sessions WHERE ext = ?1;

-- name: session_id_add
INSERT INTO sessions (ext) VALUES (?1);

-- name: session_all
SELECT id, ext FROM sessions ORDER BY id;

-- name: user_page
-- By id: ?1 <= ext < ?2 and behind ?3; their email where they have an account.
SELECT u.ext, u.age_band, u.gender, u.country, a.email
FROM users u LEFT JOIN accounts a ON a.user_id = u.id
WHERE u.ext >= ?1 AND (?2 IS NULL OR u.ext < ?2) AND (?3 IS NULL OR u.ext > ?3) ORDER BY u.ext LIMIT ?4;

-- name: user_events
-- Of the user ?1, newest first, behind the event ?3 of the time ?2. See events.sql for what finds them.
SELECT r.id, p.ext, p.title, r.type, r.at_ms, r.value, r.price_minor, p.currency, r.recommendation
FROM (SELECT * FROM (SELECT e.id, e.product_id, e.type, e.at_ms, e.value, e.price_minor, e.recommendation
                     FROM event_by_user x
                          CROSS JOIN events e ON e.id = x.event AND e.user_id = x.user_id AND e.at_ms = x.at_ms
                     WHERE x.user_id = ?1 AND x.at_ms <= ?2 AND (x.at_ms < ?2 OR x.event < ?3)
                     ORDER BY x.at_ms DESC, x.event DESC LIMIT ?4)
      UNION
      SELECT e.id, e.product_id, e.type, e.at_ms, e.value, e.price_minor, e.recommendation
      FROM event_tail(?1, NULL) t CROSS JOIN events e ON e.id = t.id
      WHERE e.user_id = ?1 AND e.at_ms <= ?2 AND (e.at_ms < ?2 OR e.id < ?3)) r
     CROSS JOIN products p ON p.id = r.product_id
ORDER BY r.at_ms DESC, r.id DESC LIMIT ?4;
