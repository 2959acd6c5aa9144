-- name: totals_get
SELECT products, users, events, catalogue FROM totals;

-- name: totals_add
UPDATE totals SET products = products + ?1, users = users + ?2, events = events + ?3, catalogue = catalogue + ?4
RETURNING catalogue;

-- name: key_add
INSERT INTO api_keys (name, scope, hash, created_ms, publishable) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: key_remove
DELETE FROM api_keys WHERE name = ?1 RETURNING id;

-- name: key_all
SELECT name, scope, created_ms, publishable, used_ms, old_until_ms FROM api_keys ORDER BY id LIMIT ?1;

-- name: key_rotate
UPDATE api_keys SET old_hash = hash, old_until_ms = ?3, hash = ?2 WHERE name = ?1 AND publishable = ?4 RETURNING id;

-- name: key_used
UPDATE api_keys SET used_ms = ?2 WHERE id = ?1;

-- name: key_check
SELECT id, scope, publishable, used_ms FROM api_keys
WHERE hash = ?1 OR (old_hash = ?1 AND old_until_ms > ?2);

-- name: job_add
INSERT INTO jobs (kind, state, request, result, created_ms, started_ms, ended_ms, cause, events)
VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, (SELECT events FROM totals)) RETURNING id;

-- name: job_update
UPDATE jobs SET kind = ?2, state = ?3, request = ?4, result = ?5, created_ms = ?6, started_ms = ?7, ended_ms = ?8
WHERE id = ?1 RETURNING id;

-- name: job_get
SELECT id, kind, state, request, result, created_ms, started_ms, ended_ms, coalesce(cause, 'request')
FROM jobs WHERE id = ?1;

-- name: job_all
SELECT id, kind, state, request, result, created_ms, started_ms, ended_ms, coalesce(cause, 'request')
FROM jobs ORDER BY id DESC LIMIT ?1;

-- name: training_newest
-- A refused one has read the events, too: the same again would be refused again. Such ones were "failed" once, and said so in the
-- result.
SELECT id, started_ms, ended_ms, coalesce(events, 0),
       (SELECT coalesce(max(ended_ms), 0) FROM jobs WHERE kind = 'training' AND state = 'succeeded')
FROM jobs WHERE kind = 'training' AND (state IN ('succeeded', 'refused') OR state = 'failed' AND result ->> '$.refused')
ORDER BY id DESC LIMIT 1;

-- name: training_failures
-- Since the job ?1; ?2: the result of those that the end of a server took along.
SELECT count(*), coalesce(max(ended_ms), 0) FROM jobs
WHERE id > ?1 AND kind = 'training' AND cause <> 'request' AND state IN ('failed', 'canceled') AND result IS NOT ?2;

-- name: training_asked
SELECT request FROM jobs
WHERE kind = 'training' AND state = 'succeeded' AND coalesce(cause, 'request') = 'request' ORDER BY id DESC LIMIT 1;

-- name: model_seen_get
SELECT events FROM model_seen WHERE made_ms = ?1;

-- name: model_seen_forget
DELETE FROM model_seen;

-- name: model_seen_put
INSERT INTO model_seen (made_ms, events) VALUES (?1, ?2);

-- name: tx_begin
BEGIN IMMEDIATE;

-- name: tx_commit
COMMIT;

-- name: tx_rollback
ROLLBACK;

-- name: tx_mark
SAVEPOINT mark;

-- name: tx_keep
RELEASE mark;

-- name: tx_undo
ROLLBACK TO mark;
