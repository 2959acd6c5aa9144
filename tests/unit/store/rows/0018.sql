UPDATE experiments SET surfaces = 3, scenarios = 'home cart', from_ms = 1764057600000 WHERE name = 'personal';
UPDATE experiment_set SET version = 4;
