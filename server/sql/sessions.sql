-- name: token_get
SELECT t.session_id, s.ext, t.user_id, u.ext, coalesce(a.admin, 0), t.created_ms, t.used_ms
FROM tokens t
     JOIN sessions s ON s.id = t.session_id
     LEFT JOIN users u ON u.id = t.user_id
     LEFT JOIN accounts a ON a.user_id = t.user_id
WHERE t.hash = ?1;

-- name: token_add
INSERT INTO tokens (hash, session_id, user_id, created_ms, used_ms, agent) VALUES (?1, ?2, ?3, ?4, ?4, ?5);

-- name: token_touch
UPDATE tokens SET used_ms = max(used_ms, ?2) WHERE hash = ?1;

-- name: token_of_user
SELECT session_id, created_ms, used_ms, agent FROM tokens WHERE user_id = ?1 ORDER BY used_ms DESC, session_id LIMIT ?2;

-- name: token_end
DELETE FROM tokens WHERE session_id = ?1 AND user_id IS ?2 RETURNING 1;

-- name: token_drop
DELETE FROM tokens WHERE session_id = ?1;

-- name: token_prune
-- The newest hundred of a person stay: what is in no list can be revoked by nobody.
DELETE FROM tokens
WHERE user_id = ?1
  AND session_id NOT IN (SELECT session_id FROM tokens WHERE user_id = ?1 ORDER BY used_ms DESC, session_id LIMIT 100);

-- name: token_end_others
DELETE FROM tokens WHERE user_id = ?1 AND session_id <> ?2;

-- name: token_purge
DELETE FROM tokens WHERE used_ms < ?1;

-- name: token_latest
SELECT max(used_ms) FROM tokens;

-- name: session_own
UPDATE sessions SET user_id = ?2 WHERE id = ?1 AND user_id IS NULL;

-- name: throttle_get
SELECT failures, at_ms, until_ms FROM throttles WHERE key = ?1;

-- name: throttle_put
INSERT INTO throttles (key, failures, at_ms, until_ms) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (key) DO UPDATE SET failures = ?2, at_ms = ?3, until_ms = ?4;

-- name: throttle_drop
DELETE FROM throttles WHERE key = ?1;

-- name: throttle_purge
DELETE FROM throttles WHERE at_ms < ?1;
