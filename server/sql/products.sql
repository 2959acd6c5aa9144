-- name: product_insert
-- RETURNING would make SQLite copy every page before it changes it: it is left to the update, which is rare.
INSERT INTO products (ext, version, title, description, brand, category, currency, attributes,
                      price_minor, stock, created_ms, images, hidden, changed)
VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 = 2, (SELECT catalogue + 1 FROM totals))
ON CONFLICT (ext) DO NOTHING;

-- name: product_update
-- A record equal to what is stored changes nothing, so that its version and caches stay. ?12: aisle_visibility.
UPDATE products
SET version = abs(version) + 1, title = ?2, description = ?3, brand = ?4, category = ?5, currency = ?6, attributes = ?7,
    price_minor = ?8, stock = ?9, created_ms = iif(?10 = 0, created_ms, ?10), images = ?11,
    hidden = iif(?12 = 0, hidden, ?12 = 2), changed = (SELECT catalogue + 1 FROM totals)
WHERE ext = ?1
  AND (version <= 0
       OR title IS NOT ?2 OR description IS NOT ?3 OR brand IS NOT ?4 OR category IS NOT ?5 OR currency IS NOT ?6
       OR attributes IS NOT ?7 OR price_minor <> ?8 OR stock <> ?9 OR (?10 <> 0 AND created_ms <> ?10)
       OR images IS NOT ?11 OR (?12 <> 0 AND hidden <> (?12 = 2)))
RETURNING version, id;

-- name: product_changed
SELECT changed FROM products WHERE ext = ?1 AND version > 0;

-- name: product_version
SELECT version, id FROM products WHERE ext = ?1;

-- name: product_remove
-- Events, orders and ratings name the row: it stays, without a record. The version is kept below 0, so that no later
-- record has one that was seen before. No stock: what is gone is not recommended.
UPDATE products
SET version = -version, title = NULL, description = NULL, brand = NULL, category = NULL, currency = NULL,
    attributes = NULL, images = NULL, price_minor = -1, stock = 0, created_ms = 0, hidden = 0,
    changed = (SELECT catalogue + 1 FROM totals)
WHERE ext = ?1 AND version > 0;

-- name: product_id
SELECT id FROM products WHERE ext = ?1;

-- name: product_id_add
INSERT INTO products (ext) VALUES (?1);

-- name: product_get
SELECT id, ext, title, description, brand, category, currency, attributes, price_minor, stock, created_ms,
       version, images, hidden, rating_half_stars, rating_count, changed
FROM products WHERE ext = ?1 AND version > 0;

-- name: product_rating
-- The version stays: a rating is no part of the record that the shop keeper writes.
UPDATE products
SET rating_half_stars = rating_half_stars + ?2, rating_count = rating_count + ?3,
    changed = (SELECT catalogue + 1 FROM totals)
WHERE id = ?1 AND rating_half_stars + ?2 >= 0 AND rating_count + ?3 >= 0;

-- name: product_stock
-- Stock that is not counted (-1) stays so.
UPDATE products
SET stock = iif(stock < 0, stock, stock + ?2), version = version + (stock >= 0 AND ?2 <> 0),
    changed = (SELECT catalogue + 1 FROM totals)
WHERE id = ?1 AND version > 0 AND (stock < 0 OR stock + ?2 BETWEEN 0 AND 9007199254740992)
RETURNING stock;

-- name: product_has_record
SELECT 1 FROM products WHERE id = ?1 AND version > 0;

-- name: product_all
SELECT id, ext, title, description, brand, category, currency, attributes, price_minor, stock, created_ms,
       version, images, hidden, rating_half_stars, rating_count, changed
FROM products ORDER BY id;

-- name: product_facts
-- What the catalogue in memory holds; no long texts.
SELECT id, ext, title, brand, category, attributes, price_minor, stock, created_ms, hidden, version, changed,
       rating_half_stars, rating_count
FROM products WHERE version > 0 ORDER BY id;

-- name: product_changes
-- Those that were removed come too, with a version of 0 or less.
SELECT id, ext, title, brand, category, attributes, price_minor, stock, created_ms, hidden, version, changed,
       rating_half_stars, rating_count
FROM products INDEXED BY products_changed
WHERE changed > 0 AND (changed, id) > (?1, ?2)
ORDER BY changed, id LIMIT ?3;

-- name: product_changes_count
SELECT count(*)
FROM (SELECT 1 FROM products INDEXED BY products_changed WHERE changed > 0 AND (changed, id) > (?1, ?2) LIMIT ?3);

-- name: product_unavailable
-- Removed products too: their stock is 0.
SELECT ext FROM products WHERE stock = 0 OR hidden ORDER BY ext;

-- name: product_indexes
-- All that a bulk insert may do without; it looks products up by ext.
SELECT 'DROP INDEX ' || name || ';', sql || ';'
FROM sqlite_schema
WHERE type = 'index' AND tbl_name = 'products' AND name <> 'products_ext';
