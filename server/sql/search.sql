-- name: search_add
INSERT INTO product_search (rowid, ext, title, brand, category, attributes, description)
VALUES (?1, ?2, ?3, ?4, ?5,
        (SELECT group_concat(value, ' ') FROM json_tree(iif(json_valid(?6), ?6, NULL)) WHERE atom IS NOT NULL), ?7);

-- name: search_remove
DELETE FROM product_search WHERE rowid = ?1;

-- name: search_same
-- A row when the index has exactly these texts: a new price or stock is no reason to index anew.
SELECT 1 FROM product_search
WHERE rowid = ?1 AND ext IS ?2 AND title IS ?3 AND brand IS ?4 AND category IS ?5
  AND attributes IS (SELECT group_concat(value, ' ') FROM json_tree(iif(json_valid(?6), ?6, NULL))
                     WHERE atom IS NOT NULL)
  AND description IS ?7;

-- name: search_table
SELECT sql FROM sqlite_schema WHERE name = 'product_search';

-- name: search_hashsize
INSERT INTO product_search (product_search, rank) VALUES ('hashsize', 16777216);

-- name: search_fill
INSERT INTO product_search (rowid, ext, title, brand, category, attributes, description)
SELECT id, ext, title, brand, category,
       (SELECT group_concat(value, ' ') FROM json_tree(iif(json_valid(attributes), attributes, NULL))
        WHERE atom IS NOT NULL),
       description
FROM products WHERE version > 0;

-- name: search_fill_one
INSERT INTO product_search (rowid, ext, title, brand, category, attributes, description)
SELECT id, ext, title, brand, category,
       (SELECT group_concat(value, ' ') FROM json_tree(iif(json_valid(attributes), attributes, NULL))
        WHERE atom IS NOT NULL),
       description
FROM products WHERE id = ?1 AND version > 0;

-- name: search_changed
UPDATE search_state SET version = version + 1;

-- name: search_version
SELECT version FROM search_state;

-- name: search_rows
-- ?2: an aisle_collector, which takes the hits. There is a row only when it wants no more.
SELECT 1 FROM product_search WHERE product_search MATCH ?1 AND aisle_collect(product_search, ?2);

-- name: search_texts
SELECT p.id, p.title, p.brand, p.category, s.attributes, p.description
FROM product_search s CROSS JOIN products p ON p.id = s.rowid
WHERE p.version > 0 AND p.hidden = 0;

-- name: synonym_all
SELECT set_id, phrase FROM search_synonyms ORDER BY set_id, id;

-- name: synonym_clear
DELETE FROM search_synonyms;

-- name: synonym_add
INSERT INTO search_synonyms (set_id, phrase) VALUES (?1, ?2);
