INSERT INTO ratings VALUES (1, 1, 1, 9, 1764057600000), (2, 1, NULL, 4, 1764057600001);
INSERT INTO reviews (id, product_id, user_id, title, body, half_stars, state, verified, helpful, unhelpful, created_ms, changed_ms)
VALUES (1, 1, 1, 'Good', 'Good enough.', 9, 1, 1, 2, 1, 1764057600000, 1764057600001),
       (2, 1, NULL, NULL, 'Of somebody erased.', NULL, 0, 0, 0, 0, 1764057600000, 1764057600000);
INSERT INTO review_votes VALUES (2, 1, 1);
INSERT INTO wishes VALUES (1, 1, NULL, 1, 1, 1764057600000), (2, NULL, 1, 1, 2, 1764057600001);
