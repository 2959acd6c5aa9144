-- name: account_add
INSERT INTO accounts (user_id, email, email_key, name, password, admin, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: account_get
SELECT a.user_id, u.ext, a.email, a.name, a.password, a.admin, u.age_band, u.gender, u.country, a.created_ms
FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.user_id = ?1;

-- name: account_find
SELECT a.user_id, u.ext, a.email, a.name, a.password, a.admin, u.age_band, u.gender, u.country, a.created_ms
FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.email_key = ?1;

-- name: account_all
SELECT a.user_id, u.ext, a.email, a.name, a.password, a.admin, u.age_band, u.gender, u.country, a.created_ms
FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.user_id > ?1 ORDER BY a.user_id LIMIT ?2;

-- name: account_admins
SELECT count(*) FROM accounts WHERE admin = 1;

-- name: account_update
UPDATE accounts SET name = ?2 WHERE user_id = ?1;

-- name: account_profile
UPDATE users SET age_band = ?2, gender = ?3, country = ?4 WHERE id = ?1;

-- name: account_password
UPDATE accounts SET password = ?2 WHERE user_id = ?1 AND (?3 IS NULL OR password = ?3) RETURNING 1;
