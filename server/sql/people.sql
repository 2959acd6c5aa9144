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
