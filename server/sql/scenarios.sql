-- name: scenarios_get
SELECT version, body FROM scenarios;

-- name: scenarios_put
UPDATE scenarios SET version = version + 1, body = ?1;
