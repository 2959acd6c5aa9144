INSERT INTO experiments VALUES (0, 'personal', 'personal', 0.5, 1764057600000);
INSERT INTO experiment_variants VALUES ('personal', 0, 'control', 1.0, 0, '', '', -1.0), ('personal', 1, 'popular', 0.5, 3, 'popular', 'home', 0.25);
INSERT INTO experiment_results VALUES ('personal', 'control', 100, 7, 1);
INSERT INTO experiment_people VALUES ('personal', -17);
