-- name: rules_get
SELECT version, body FROM rules;

-- name: rules_put
UPDATE rules SET version = version + 1, body = ?1;

-- name: kept_wished
SELECT p.ext FROM wishes w JOIN products p ON p.id = w.product_id
WHERE w.user_id = (SELECT id FROM users WHERE ext = ?1) ORDER BY w.id DESC LIMIT 1000;

-- name: kept_wished_guest
SELECT p.ext FROM wishes w JOIN products p ON p.id = w.product_id
WHERE w.session_id = (SELECT id FROM sessions WHERE ext = ?1) ORDER BY w.id DESC LIMIT 1000;

-- name: kept_cart
SELECT p.ext FROM carts c JOIN cart_items i ON i.cart_id = c.id JOIN products p ON p.id = i.product_id
WHERE c.user_id = (SELECT id FROM users WHERE ext = ?1);

-- name: kept_cart_guest
SELECT p.ext FROM carts c JOIN cart_items i ON i.cart_id = c.id JOIN products p ON p.id = i.product_id
WHERE c.session_id = (SELECT id FROM sessions WHERE ext = ?1);
