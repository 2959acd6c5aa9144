-- Why a job runs: "request" (also when it is not known), "schedule" or "events"; and how many events the shop had taken when
-- it was ordered (totals.events): a model knows no newer ones.
ALTER TABLE jobs ADD COLUMN cause TEXT;
ALTER TABLE jobs ADD COLUMN events INTEGER;

-- The newest model that no job of the server made, by the time when it was made, and the events when it was first seen: newer
-- ones may not be in it.
CREATE TABLE model_seen (
    made_ms INTEGER PRIMARY KEY,
    events  INTEGER NOT NULL
) STRICT;
