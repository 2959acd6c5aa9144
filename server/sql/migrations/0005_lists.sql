-- Lists of products come from the catalogue in memory: their sort keys and indexes go, and with them the cost of keeping
-- them at every write.
DROP INDEX products_price_up;
DROP INDEX products_price_down;
DROP INDEX products_newest;
DROP INDEX products_title;
DROP INDEX products_category;
DROP INDEX products_brand;
DROP INDEX products_unavailable;
ALTER TABLE products DROP COLUMN price_up;
ALTER TABLE products DROP COLUMN price_down;
ALTER TABLE products DROP COLUMN newest;
ALTER TABLE products DROP COLUMN title_key;
CREATE INDEX products_unavailable ON products (ext) WHERE stock = 0 OR hidden;
