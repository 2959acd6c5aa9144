-- Rows as a program of schema 1 wrote them: every table has some, with what is optional both there and missing.
INSERT INTO products (id, ext, version, title, description, brand, category, currency, attributes, price_minor, stock, created_ms) VALUES
    (1, 'P1', 3, 'Cast-iron pot', 'Heavy, black', 'Ferrum', 'Home > Kitchen > Pots', 'EUR', '{"colour":"black","size":[20,24]}', 4900, 7, 1700000000000),
    (2, 'P2', 1, NULL, NULL, NULL, NULL, NULL, NULL, -1, -1, 0),
    (3, 'P3', 2, 'Ünïcode – "pan"', '', 'Ferrum', 'Home > Kitchen', 'EUR', 'not json', 0, 0, 1700000001000),
    (4, 'only an id', 0, NULL, NULL, NULL, NULL, NULL, NULL, -1, -1, 0);
INSERT INTO users (id, ext, age_band, gender, country) VALUES (1, 'u1', '25-34', 'f', 'FI'), (2, 'u2', NULL, NULL, NULL);
INSERT INTO sessions (id, ext) VALUES (1, 's1'), (2, 's2');
INSERT INTO event_keys (key) VALUES (-9000000000000000000), (1), (9000000000000000000);
INSERT INTO events (id, user_id, session_id, product_id, type, at_ms, value, price_minor, position, order_ref, recommendation) VALUES
    (1, 1, NULL, 1, 0, 1700000000000, 1.0, -1, -1, NULL, NULL),
    (2, NULL, 2, 4, 4, 1700000002000, 2.0, 4900, 3, 'order 1', 'rec 1'),
    (3, 1, 1, 3, 6, 1700000003000, 4.5, -1, -1, NULL, NULL);
INSERT INTO api_keys (id, name, scope, hash, created_ms) VALUES (1, 'ops', 'admin', zeroblob(32), 1700000000000);
INSERT INTO jobs (id, kind, state, request, result, created_ms, started_ms, ended_ms) VALUES
    (1, 'training', 'succeeded', '{}', '{"version":1}', 1, 2, 3), (2, 'import', 'failed', '{}', NULL, 4, 5, 6);
UPDATE totals SET products = 3, users = 2, events = 3, catalogue = 5;
