-- Whose a kept answer is, so that it is erased with the person: it may hold an order's email.
ALTER TABLE idempotency ADD COLUMN user_id INTEGER;
ALTER TABLE idempotency ADD COLUMN session_id INTEGER;
CREATE INDEX idempotency_user ON idempotency (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX idempotency_session ON idempotency (session_id) WHERE session_id IS NOT NULL;
