-- The tail: one that may be sent again, one that nobody sends.
INSERT INTO events (id, user_id, session_id, product_id, type, at_ms, value, price_minor, position, order_ref, recommendation, key) VALUES
    (101, 1, 1, 1, 0, 1764057600000, 1.0, -1, 0, NULL, NULL, -77),
    (102, NULL, 2, 1, 8, 1764057600001, 1.0, -1, 0, NULL, NULL, NULL);
UPDATE totals SET events = events + 2;
