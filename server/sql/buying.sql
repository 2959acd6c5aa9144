-- name: cart_get
-- ?1 the user, ?2 the session: one of them is NULL.
SELECT id, version, currency, changed_ms FROM carts WHERE user_id = ?1 OR session_id = ?2;

-- name: cart_add
INSERT INTO carts (user_id, session_id, version, currency, changed_ms) VALUES (?1, ?2, 0, NULL, ?3);

-- name: cart_touch
UPDATE carts SET version = version + 1, currency = ?2, changed_ms = ?3 WHERE id = ?1 RETURNING version;

-- name: cart_remove
DELETE FROM carts WHERE id = ?1;

-- name: cart_lines
SELECT c.product_id, p.ext, p.title, p.currency, iif(p.version > 0 AND NOT p.hidden, p.price_minor, -1), p.stock, c.quantity,
       c.seen_minor, c.recommendation, c.added_ms
FROM cart_items c JOIN products p ON p.id = c.product_id
WHERE c.cart_id = ?1
ORDER BY c.added_ms, c.product_id;

-- name: cart_item_put
INSERT INTO cart_items (cart_id, product_id, quantity, seen_minor, recommendation, added_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE
SET quantity = excluded.quantity, seen_minor = excluded.seen_minor,
    recommendation = coalesce(excluded.recommendation, recommendation);

-- name: cart_item_remove
DELETE FROM cart_items WHERE cart_id = ?1 AND product_id = ?2;

-- name: cart_items_remove
DELETE FROM cart_items WHERE cart_id = ?1;

-- name: cart_items_see
UPDATE cart_items
SET seen_minor = (SELECT iif(p.version > 0 AND NOT p.hidden, p.price_minor, -1) FROM products p WHERE p.id = product_id)
WHERE cart_id = ?1;

-- name: product_offer
SELECT id, ext, title, currency, price_minor, stock FROM products
WHERE ext = ?1 AND version > 0 AND NOT hidden;

-- name: order_add
INSERT INTO orders (ext, user_id, session_id, email, state, currency, total_minor, created_ms, changed_ms)
VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?7);

-- name: order_line_add
INSERT INTO order_lines (order_id, line, product_id, title, price_minor, quantity, tracked)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: order_get
SELECT id, ext, user_id, session_id, email, state, currency, total_minor, created_ms, changed_ms, paid_ms
FROM orders WHERE ext = ?1;

-- name: order_lines
SELECT l.product_id, p.ext, l.title, l.price_minor, l.quantity, l.tracked
FROM order_lines l JOIN products p ON p.id = l.product_id
WHERE l.order_id = ?1
ORDER BY l.line;

-- name: order_page_own
-- Newest first. ?1 the user, ?2 the session: one of them is NULL.
SELECT id, ext, user_id, session_id, email, state, currency, total_minor, created_ms, changed_ms, paid_ms
FROM orders WHERE (user_id = ?1 OR session_id = ?2) AND id < ?3
ORDER BY id DESC LIMIT ?4;

-- name: order_page_state
SELECT id, ext, user_id, session_id, email, state, currency, total_minor, created_ms, changed_ms, paid_ms
FROM orders WHERE state = ?1 AND id < ?2
ORDER BY id DESC LIMIT ?3;

-- name: order_page_all
SELECT id, ext, user_id, session_id, email, state, currency, total_minor, created_ms, changed_ms, paid_ms
FROM orders WHERE id < ?1
ORDER BY id DESC LIMIT ?2;

-- name: order_set_state
UPDATE orders SET state = ?2, changed_ms = ?3, paid_ms = iif(?4 > 0, ?4, paid_ms) WHERE id = ?1;

-- name: payment_note_add
INSERT OR IGNORE INTO payment_notes VALUES (?1, ?2);

-- name: payment_notes_forget
DELETE FROM payment_notes WHERE at_ms < ?1;

-- name: once_get
SELECT request, status, type, location, body, coalesce(user_id, 0) FROM idempotency WHERE key = ?1 AND created_ms >= ?2;

-- name: once_put
INSERT OR REPLACE INTO idempotency (key, request, status, type, location, body, created_ms, user_id, session_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: once_forget
-- A few at a time: a write must not wait for a day of them.
DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE created_ms < ?1 LIMIT 100);

-- name: cart_adopt
UPDATE carts SET user_id = ?1, session_id = NULL, version = version + 1 WHERE id = ?2;

-- name: cart_merge
-- Into ?1 from ?2, both of currency ?3.
INSERT INTO cart_items (cart_id, product_id, quantity, seen_minor, recommendation, added_ms)
SELECT ?1, c.product_id, c.quantity, c.seen_minor, c.recommendation, c.added_ms
FROM cart_items c
WHERE c.cart_id = ?2 AND (SELECT currency FROM carts WHERE id = ?2) IS ?3
ORDER BY c.added_ms
LIMIT max(0, 100 - (SELECT count(*) FROM cart_items WHERE cart_id = ?1))
ON CONFLICT DO UPDATE
SET quantity = max(1, min(1000, quantity + excluded.quantity,
                          (SELECT iif(p.stock < 0, 1000, p.stock) FROM products p WHERE p.id = product_id)));

-- name: orders_adopt
UPDATE orders SET user_id = ?1, session_id = NULL WHERE session_id = ?2;
