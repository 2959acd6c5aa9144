INSERT INTO import_rejects VALUES (1, 1, 7, 'bad-time', 'time', 'yesterday', 'a time', 'u1,p1,view,yesterday', 'u1'), (1, 2, 9, 'unreadable', NULL, NULL, '4 fields', 'u1,p1', NULL);
INSERT INTO tunings VALUES (3, 1764057600000, 1, '{"model": "als"}');
INSERT INTO tuning_looks VALUES (3, 1, '{"trial": 0, "value": 0.5}');
