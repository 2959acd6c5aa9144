UPDATE sessions SET user_id = 1 WHERE id = 1;
INSERT INTO accounts (user_id, email, email_key, name, password, admin, created_ms) VALUES (1, 'A@b.example', 'a@b.example', 'A', '$argon2id$', 1, 1), (2, 'c@d.example', 'c@d.example', NULL, '$argon2id$', 0, 2);
INSERT INTO tokens (hash, session_id, user_id, created_ms, used_ms, agent) VALUES (zeroblob(32), 1, 1, 1, 2, 'browser');
INSERT INTO throttles (key, failures, at_ms, until_ms) VALUES (zeroblob(16), 3, 1, 2);
INSERT INTO erased (hash, at_ms) VALUES (zeroblob(16), 1);
UPDATE api_keys SET publishable = 1, used_ms = 3, old_hash = randomblob(32), old_until_ms = 9 WHERE id = 1;
