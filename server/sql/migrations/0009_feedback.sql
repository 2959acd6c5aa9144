-- Ratings, reviews, votes and wishes. Whoever is erased leaves stars and published reviews without a name (user_id NULL).

CREATE TABLE ratings (
    id         INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products (id),
    user_id    INTEGER REFERENCES users (id),
    half_stars INTEGER NOT NULL CHECK (half_stars BETWEEN 1 AND 10),
    at_ms      INTEGER NOT NULL,
    UNIQUE (product_id, user_id)
) STRICT;
CREATE INDEX ratings_stars ON ratings (product_id, half_stars);
CREATE INDEX ratings_user ON ratings (user_id) WHERE user_id IS NOT NULL;

-- state: aisle_review_state. half_stars: those of the writer's rating, NULL = none. verified: the writer had bought it.
CREATE TABLE reviews (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    product_id INTEGER NOT NULL REFERENCES products (id),
    user_id    INTEGER REFERENCES users (id),
    title      TEXT,
    body       TEXT    NOT NULL,
    half_stars INTEGER CHECK (half_stars BETWEEN 1 AND 10),
    state      INTEGER NOT NULL,
    verified   INTEGER NOT NULL CHECK (verified IN (0, 1)),
    helpful    INTEGER NOT NULL DEFAULT 0,
    unhelpful  INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    -- Sort keys: ascending, ties by the newer.
    by_helpful INTEGER AS (unhelpful - helpful) VIRTUAL,
    by_stars   INTEGER AS (-coalesce(half_stars, 0)) VIRTUAL,
    newest     INTEGER AS (-id) VIRTUAL,
    UNIQUE (product_id, user_id)
) STRICT;
CREATE INDEX reviews_helpful ON reviews (product_id, state, by_helpful, newest);
CREATE INDEX reviews_best ON reviews (product_id, state, by_stars, newest);
CREATE INDEX reviews_newest ON reviews (product_id, state, newest);
CREATE INDEX reviews_queue ON reviews (state, newest);
CREATE INDEX reviews_user ON reviews (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE review_votes (
    review_id INTEGER NOT NULL REFERENCES reviews (id),
    user_id   INTEGER NOT NULL REFERENCES users (id),
    helpful   INTEGER NOT NULL CHECK (helpful IN (0, 1)),
    PRIMARY KEY (review_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX review_votes_user ON review_votes (user_id);

-- event_id: the like that the wish has written, which goes with it.
CREATE TABLE wishes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER REFERENCES users (id),
    session_id INTEGER REFERENCES sessions (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    event_id   INTEGER NOT NULL,
    added_ms   INTEGER NOT NULL,
    CHECK ((user_id IS NULL) <> (session_id IS NULL))
) STRICT;
CREATE UNIQUE INDEX wishes_user ON wishes (user_id, product_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX wishes_session ON wishes (session_id, product_id) WHERE session_id IS NOT NULL;
