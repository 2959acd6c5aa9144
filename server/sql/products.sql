-- name: product_upsert
-- A record equal to what is stored changes nothing, so that its version and caches stay.
INSERT INTO products (ext, version, title, description, brand, category, currency, attributes,
                      price_minor, stock, created_ms)
VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (ext) DO UPDATE
SET version = version + 1, title = excluded.title, description = excluded.description, brand = excluded.brand,
    category = excluded.category, currency = excluded.currency, attributes = excluded.attributes,
    price_minor = excluded.price_minor, stock = excluded.stock,
    created_ms = iif(excluded.created_ms = 0, created_ms, excluded.created_ms)
WHERE version = 0
   OR title IS NOT excluded.title OR description IS NOT excluded.description OR brand IS NOT excluded.brand
   OR category IS NOT excluded.category OR currency IS NOT excluded.currency
   OR attributes IS NOT excluded.attributes OR price_minor <> excluded.price_minor
   OR stock <> excluded.stock OR (excluded.created_ms <> 0 AND created_ms <> excluded.created_ms)
RETURNING version;

-- name: product_id
SELECT id FROM products WHERE ext = ?1;

-- name: product_id_add
INSERT INTO products (ext) VALUES (?1) RETURNING id;

-- name: product_get
SELECT id, ext, title, description, brand, category, currency, attributes, price_minor, stock, created_ms,
       version
FROM products WHERE ext = ?1 AND version > 0;

-- name: product_all
SELECT id, ext, title, description, brand, category, currency, attributes, price_minor, stock, created_ms,
       version
FROM products ORDER BY id;

-- name: product_unavailable
SELECT ext FROM products WHERE stock = 0 AND version > 0 ORDER BY ext;

-- name: product_count_unavailable
SELECT count(*) FROM products WHERE stock = 0 AND version > 0;

-- name: product_page
-- {key}, {index}, {after} and {narrow} are put in by view_products.c: the sort key, the index to walk, the place to
-- go on from, the range of the filter.
SELECT id, ext, title, description, brand, category, currency, attributes, price_minor, stock, created_ms,
       version, {key}
FROM products INDEXED BY {index}
WHERE version > 0 AND {key} {after} AND {narrow}
  AND (?3 IS NULL OR category = ?3 OR (category >= ?4 AND category < ?5))
  AND (?6 IS NULL OR brand = ?6)
  AND price_minor BETWEEN ?7 AND ?8
  AND (NOT ?9 OR stock <> 0)
ORDER BY {key}, id
LIMIT ?10;

-- name: product_count
SELECT count(*)
FROM products INDEXED BY {index}
WHERE version > 0 AND {narrow}
  AND (?3 IS NULL OR category = ?3 OR (category >= ?4 AND category < ?5))
  AND (?6 IS NULL OR brand = ?6)
  AND price_minor BETWEEN ?7 AND ?8
  AND (NOT ?9 OR stock <> 0);

-- name: product_indexes
-- All that a bulk insert may do without; it looks products up by ext.
SELECT 'DROP INDEX ' || name || ';', sql || ';'
FROM sqlite_schema
WHERE type = 'index' AND tbl_name = 'products' AND name <> 'products_ext';
