-- What imports and tunings leave to be looked at: of an import by a job, the first dropped rows of each reason (texts are shortened;
-- person: the user's id, NULL = none could be read); of `aisle tune`, what it was (head: JSON without the looks) and its looks.
CREATE TABLE import_rejects (
    job    INTEGER NOT NULL,
    n      INTEGER NOT NULL, -- 1, 2, ... in the file's order
    line   INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    field  TEXT,             -- of the file; NULL = the row as a whole
    got    TEXT,
    wanted TEXT    NOT NULL,
    row    TEXT    NOT NULL,
    person TEXT,
    PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE tunings (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    ended_ms INTEGER NOT NULL,
    looks    INTEGER NOT NULL,
    head     TEXT    NOT NULL
) STRICT;

CREATE TABLE tuning_looks (
    tuning INTEGER NOT NULL,
    n      INTEGER NOT NULL, -- 1, 2, ... in the order they ended
    body   TEXT    NOT NULL, -- JSON
    PRIMARY KEY (tuning, n)
) STRICT, WITHOUT ROWID;
