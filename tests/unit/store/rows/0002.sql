UPDATE products SET images = '[{"url":"/p1.jpg"}]', rating_half_stars = 17, rating_count = 2, changed = 4 WHERE id = 1;
UPDATE products SET hidden = 1, changed = 5 WHERE id = 3;
