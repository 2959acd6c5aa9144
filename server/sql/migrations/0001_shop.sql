-- The shop: products, people, events, keys, jobs. Unknown numbers are the sentinels of include/aisle/shop.h.

-- version 0: only the id is known, from an event; such a row is no record and is in no list.
CREATE TABLE products (
    id          INTEGER PRIMARY KEY,
    ext         TEXT    NOT NULL,
    version     INTEGER NOT NULL DEFAULT 0,
    title       TEXT,
    description TEXT,
    brand       TEXT,
    category    TEXT,
    currency    TEXT,
    attributes  TEXT,
    price_minor INTEGER NOT NULL DEFAULT -1,
    stock       INTEGER NOT NULL DEFAULT -1,
    created_ms  INTEGER NOT NULL DEFAULT 0,
    -- Sort keys: ascending, ties by id, unknown last.
    price_up    INTEGER AS (iif(price_minor < 0, 9223372036854775807, price_minor)) VIRTUAL,
    price_down  INTEGER AS (-price_minor) VIRTUAL,
    newest      INTEGER AS (-created_ms) VIRTUAL,
    title_key   TEXT COLLATE NOCASE AS (substr(coalesce(title, ext), 1, 64)) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX products_ext ON products (ext);
CREATE INDEX products_price_up ON products (price_up) WHERE version > 0;
CREATE INDEX products_price_down ON products (price_down) WHERE version > 0;
CREATE INDEX products_newest ON products (newest) WHERE version > 0;
CREATE INDEX products_title ON products (title_key) WHERE version > 0;
-- A node and all below it are one range of this index; the other columns let it count without the table.
CREATE INDEX products_category ON products (category, brand, price_minor, stock, version) WHERE version > 0;
CREATE INDEX products_brand ON products (brand, category, price_minor, stock, version) WHERE version > 0;
CREATE INDEX products_unavailable ON products (ext, version) WHERE stock = 0;

CREATE TABLE users (
    id       INTEGER PRIMARY KEY,
    ext      TEXT NOT NULL UNIQUE,
    age_band TEXT,
    gender   TEXT,
    country  TEXT
) STRICT;

-- Guests: browser sessions that acted without an account.
CREATE TABLE sessions (
    id  INTEGER PRIMARY KEY,
    ext TEXT NOT NULL UNIQUE
) STRICT;

-- What was seen before: 64 bits of BLAKE2b of the sender's event id, else of the record. An event is taken for a known
-- one by chance with n^2 / 2^65: 3e-8 among a million events, 3 % for one among a billion. A table of its own, and
-- integers: an import fills it in order of the keys, and that is several times faster than an index filled at random.
CREATE TABLE event_keys (
    key INTEGER PRIMARY KEY
) STRICT;

-- Append-only.
CREATE TABLE events (
    id             INTEGER PRIMARY KEY,
    user_id        INTEGER REFERENCES users (id),
    session_id     INTEGER REFERENCES sessions (id),
    product_id     INTEGER NOT NULL REFERENCES products (id),
    type           INTEGER NOT NULL,
    at_ms          INTEGER NOT NULL,
    value          REAL    NOT NULL,
    price_minor    INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    order_ref      TEXT,
    recommendation TEXT,
    CHECK (user_id IS NOT NULL OR session_id IS NOT NULL)
) STRICT;
CREATE INDEX events_user ON events (user_id, at_ms) WHERE user_id IS NOT NULL;
CREATE INDEX events_session ON events (session_id, at_ms) WHERE session_id IS NOT NULL;

CREATE TABLE api_keys (
    id         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    scope      TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE jobs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    request    TEXT    NOT NULL,
    result     TEXT,
    created_ms INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER NOT NULL
) STRICT;

-- Kept by the writer once a transaction, so that nothing counts a million rows to show a number.
-- catalogue: rises whenever a product changes.
CREATE TABLE totals (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    products  INTEGER NOT NULL,
    users     INTEGER NOT NULL,
    events    INTEGER NOT NULL,
    catalogue INTEGER NOT NULL
) STRICT;
INSERT INTO totals VALUES (1, 0, 0, 0, 1);
