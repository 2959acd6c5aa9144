-- The full-text index of the products, changed in the transaction that changes a product (server/store/tx_search.c).
-- Its tokenizer is the program's (server/store/search_index.c). It has a copy of the texts: a product is taken out by its
-- id alone, and what is in the index is always what was put there.
-- Positions are kept, for phrases; sizes are not, the ranking has its own. One and two letters have an index of their
-- own, since they begin a large part of all words. Of the attributes the values are indexed, not the names.
CREATE VIRTUAL TABLE product_search USING fts5 (
    ext, title, brand, category, attributes, description, columnsize = 0, tokenize = 'aisle', prefix = '1 2'
);
-- The terms of a transaction are gathered in memory up to here, then written as one segment.
INSERT INTO product_search (product_search, rank) VALUES ('hashsize', 16777216);
INSERT INTO product_search (rowid, ext, title, brand, category, attributes, description)
SELECT id, ext, title, brand, category,
       (SELECT group_concat(value, ' ') FROM json_tree(iif(json_valid(attributes), attributes, NULL))
        WHERE atom IS NOT NULL),
       description
FROM products WHERE version > 0;

-- Sets of words that mean the same; a member may be several words. In the order that the admin gave.
CREATE TABLE search_synonyms (
    id     INTEGER PRIMARY KEY,
    set_id INTEGER NOT NULL,
    phrase TEXT    NOT NULL
) STRICT;
