-- What browsing needs of a product beside its record, and which products changed since when.

-- [{"url": ..., "alt": ..., "width": ..., "height": ...}]
ALTER TABLE products ADD COLUMN images TEXT;
-- Hidden products are in no list, search or recommendation.
ALTER TABLE products ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
-- Kept by whatever writes ratings (product_rating): the sum of half stars, and of how many ratings.
ALTER TABLE products ADD COLUMN rating_half_stars INTEGER NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN rating_count INTEGER NOT NULL DEFAULT 0;
-- totals.catalogue after the transaction that changed the product last, in whatever way; removed ones too. 0: before
-- this column, or no record ever. An index in memory reads on from the place where it was.
ALTER TABLE products ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX products_changed ON products (changed, id) WHERE changed > 0;
