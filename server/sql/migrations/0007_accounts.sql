-- Accounts, the sessions that people and guests act in, what waits after failed attempts, and who was erased.

-- The person whom a guest's session has become, or whose session it was from the start.
ALTER TABLE sessions ADD COLUMN user_id INTEGER REFERENCES users (id);
CREATE INDEX sessions_user ON sessions (user_id) WHERE user_id IS NOT NULL;

-- A person who may sign in; the demographics stand in users.
CREATE TABLE accounts (
    user_id    INTEGER PRIMARY KEY REFERENCES users (id),
    email      TEXT    NOT NULL,
    email_key  TEXT    NOT NULL UNIQUE, -- in lower case
    name       TEXT,
    password   TEXT    NOT NULL,        -- Argon2id with its salt and cost
    admin      INTEGER NOT NULL CHECK (admin IN (0, 1)),
    created_ms INTEGER NOT NULL
) STRICT;

-- What a cookie or a bearer token opens: one session, of a person or (user_id NULL) of a guest. Only a hash is kept.
CREATE TABLE tokens (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    session_id INTEGER NOT NULL UNIQUE REFERENCES sessions (id),
    user_id    INTEGER REFERENCES users (id),
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,
    agent      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_user ON tokens (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX tokens_used ON tokens (used_ms);

-- Failed attempts by account and by source, under a hash of their name.
CREATE TABLE throttles (
    key      BLOB    PRIMARY KEY CHECK (length(key) = 16),
    failures INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL, -- of the last attempt
    until_ms INTEGER NOT NULL  -- none is taken before
) STRICT, WITHOUT ROWID;

-- Hashes of the ids that models know of erased people and their guest sessions: a model that was made of older data
-- must not know them.
CREATE TABLE erased (
    hash  BLOB    PRIMARY KEY CHECK (length(hash) = 16),
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- scope: a list out of read, events, admin. A rotated key is good until old_until_ms (wall clock).
ALTER TABLE api_keys ADD COLUMN publishable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN used_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN old_hash BLOB;
ALTER TABLE api_keys ADD COLUMN old_until_ms INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX api_keys_old ON api_keys (old_hash) WHERE old_hash IS NOT NULL;
