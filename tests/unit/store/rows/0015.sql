INSERT INTO model_seen VALUES (1000, 3);
UPDATE jobs SET cause = 'schedule', events = 2;
