INSERT INTO outcomes VALUES (20420, 3, 'hybrid', 'home', '', '', 100, 7, 2, 1);
INSERT INTO outcome_revenue VALUES (20420, 3, 'hybrid', 'home', '', '', 'EUR', 4900, 24010000.0);
INSERT INTO outcome_seen VALUES (20420, -17);
