-- name: secret_get
SELECT value FROM secrets WHERE name = ?1;

-- name: secret_add
-- No change when there is one of this name.
INSERT OR IGNORE INTO secrets VALUES (?1, ?2);
