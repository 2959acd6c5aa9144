-- name: import_reject_add
INSERT INTO import_rejects (job, n, line, reason, field, got, wanted, row, person)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: import_rejects_drop
-- A job that is run again says what it has dropped now.
DELETE FROM import_rejects WHERE job = ?1;

-- name: import_rejects_forget
-- All but those of the newest ?1 jobs that have some.
DELETE FROM import_rejects
WHERE job NOT IN (SELECT DISTINCT job FROM import_rejects ORDER BY job DESC LIMIT ?1);

-- name: import_rejects_page
SELECT n, line, reason, field, got, wanted, row FROM import_rejects
WHERE job = ?1 AND n > ?2 AND (?3 IS NULL OR reason = ?3) ORDER BY n LIMIT ?4;

-- name: person_rejects_erase
-- ?1 = users.id. Rows whose user could not be read go, too, whoever is erased: they may name anybody, in whatever way the file
-- wrote an id (escaped, in two columns, cut off).
DELETE FROM import_rejects WHERE person IS NULL OR person = '' OR person = (SELECT ext FROM users WHERE id = ?1);

-- name: tuning_add
INSERT INTO tunings (ended_ms, looks, head) VALUES (?1, ?2, ?3) RETURNING id;

-- name: tuning_look_add
INSERT INTO tuning_looks (tuning, n, body) VALUES (?1, ?2, ?3);

-- name: tunings_forget
DELETE FROM tunings WHERE id NOT IN (SELECT id FROM tunings ORDER BY id DESC LIMIT ?1);

-- name: tuning_looks_forget
DELETE FROM tuning_looks WHERE tuning NOT IN (SELECT id FROM tunings);

-- name: tunings_page
SELECT id, ended_ms, looks, head FROM tunings WHERE id < ?1 ORDER BY id DESC LIMIT ?2;

-- name: tuning_get
SELECT id, ended_ms, looks, head FROM tunings WHERE id = ?1;

-- name: tuning_looks_page
SELECT n, body FROM tuning_looks WHERE tuning = ?1 AND n > ?2 ORDER BY n LIMIT ?3;
