UPDATE scenarios SET version = 2, body = '[{"name": "home", "steps": [{"source": "newest"}]}]';
