UPDATE rules SET version = 3, body = '[{"name": "sale", "pin": {"product": "p1", "position": 1}}]';
