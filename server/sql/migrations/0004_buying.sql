-- Carts and orders. An owner is an account (user_id) or, until it signs in, a guest's session (session_id).

CREATE TABLE carts (
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER UNIQUE REFERENCES users (id),
    session_id INTEGER UNIQUE REFERENCES sessions (id),
    version    INTEGER NOT NULL,
    currency   TEXT,
    changed_ms INTEGER NOT NULL,
    CHECK ((user_id IS NULL) <> (session_id IS NULL))
) STRICT;

-- seen_minor: the price that the owner was last shown by a change of the cart; -1 = none was known.
CREATE TABLE cart_items (
    cart_id        INTEGER NOT NULL REFERENCES carts (id),
    product_id     INTEGER NOT NULL REFERENCES products (id),
    quantity       INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
    seen_minor     INTEGER NOT NULL,
    recommendation TEXT,
    added_ms       INTEGER NOT NULL,
    PRIMARY KEY (cart_id, product_id)
) STRICT, WITHOUT ROWID;

-- state: aisle_order_state. The owner is unknown (both NULL) once it was erased; the order stays for the books.
CREATE TABLE orders (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    ext         TEXT    NOT NULL UNIQUE,
    user_id     INTEGER REFERENCES users (id),
    session_id  INTEGER REFERENCES sessions (id),
    email       TEXT,
    state       INTEGER NOT NULL,
    currency    TEXT,
    total_minor INTEGER NOT NULL CHECK (total_minor >= 0),
    created_ms  INTEGER NOT NULL,
    changed_ms  INTEGER NOT NULL,
    paid_ms     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX orders_user ON orders (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX orders_session ON orders (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX orders_state ON orders (state);

-- As things were when it was placed. tracked: stock was taken, and goes back when the order is cancelled.
CREATE TABLE order_lines (
    order_id    INTEGER NOT NULL REFERENCES orders (id),
    line        INTEGER NOT NULL,
    product_id  INTEGER NOT NULL REFERENCES products (id),
    title       TEXT,
    price_minor INTEGER NOT NULL,
    quantity    INTEGER NOT NULL,
    tracked     INTEGER NOT NULL,
    PRIMARY KEY (order_id, line)
) STRICT, WITHOUT ROWID;

-- Answers of requests with an Idempotency-Key. key: a hash of who asks, the route and the key; request: of the body.
CREATE TABLE idempotency (
    key        BLOB    PRIMARY KEY CHECK (length(key) = 32),
    request    BLOB    NOT NULL CHECK (length(request) = 32),
    status     INTEGER NOT NULL,
    type       TEXT    NOT NULL,
    location   TEXT,
    body       TEXT    NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_ms);

-- Notes of the payment provider that were acted upon, by a hash of their id.
CREATE TABLE payment_notes (
    id    BLOB    PRIMARY KEY CHECK (length(id) = 32),
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_notes_at ON payment_notes (at_ms);
