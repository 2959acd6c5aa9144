-- Experiments: who takes part is computed (server/recommend/experiments.h), so that only the settings and the sums are kept.

CREATE TABLE experiments (
    position   INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    salt       TEXT    NOT NULL,
    share      REAL    NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

-- What a variant changes: model 0, strategy and scenario '', diversity -1 where it changes nothing.
CREATE TABLE experiment_variants (
    experiment TEXT    NOT NULL REFERENCES experiments (name),
    position   INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    weight     REAL    NOT NULL,
    model      INTEGER NOT NULL,
    strategy   TEXT    NOT NULL,
    scenario   TEXT    NOT NULL,
    diversity  REAL    NOT NULL,
    PRIMARY KEY (experiment, position)
) STRICT, WITHOUT ROWID;

-- People (accounts, or sessions of guests) who were shown something, and those of them who clicked and bought.
CREATE TABLE experiment_results (
    experiment TEXT    NOT NULL,
    variant    TEXT    NOT NULL,
    people     INTEGER NOT NULL,
    clicked    INTEGER NOT NULL,
    bought     INTEGER NOT NULL,
    PRIMARY KEY (experiment, variant)
) STRICT, WITHOUT ROWID;

-- Who is counted already, by a keyed hash; kept as long as the experiment.
CREATE TABLE experiment_people (
    experiment TEXT    NOT NULL,
    key        INTEGER NOT NULL,
    PRIMARY KEY (experiment, key)
) STRICT, WITHOUT ROWID;
