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
