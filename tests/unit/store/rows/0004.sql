INSERT INTO carts (id, user_id, session_id, version, currency, changed_ms) VALUES (1, 1, NULL, 3, 'EUR', 1), (2, NULL, 2, 1, NULL, 2);
INSERT INTO cart_items (cart_id, product_id, quantity, seen_minor, recommendation, added_ms) VALUES (1, 1, 2, 4900, 'rec 1', 1), (2, 3, 1000, -1, NULL, 2);
INSERT INTO orders (id, ext, user_id, session_id, email, state, currency, total_minor, created_ms, changed_ms, paid_ms) VALUES
    (1, 'o1', 1, NULL, 'a@b.example', 0, 'EUR', 9800, 1, 2, 0), (2, 'o2', NULL, 2, NULL, 1, NULL, 0, 3, 4, 5);
INSERT INTO order_lines (order_id, line, product_id, title, price_minor, quantity, tracked) VALUES (1, 1, 1, 'Cast-iron pot', 4900, 2, 1), (2, 1, 2, NULL, 0, 1, 0);
INSERT INTO idempotency (key, request, status, type, location, body, created_ms) VALUES (zeroblob(32), zeroblob(32), 201, 'application/json', '/v1/orders/o1', '{}', 1);
INSERT INTO payment_notes (id, at_ms) VALUES (zeroblob(32), 1);
