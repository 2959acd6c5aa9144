/* What moves now: decayed.h's counts of all events of the shop, kept up by the background thread as events come. Weights are those
 * of the serving model's training by type and stars (aisle_weights_event); what weighs 0 or less (impressions, cancels,
 * dislikes) is not counted, and an event that says it is of the future counts as of when it is read.
 *
 * In memory alone. After a start events are read from the newest backwards, a part a second: what was done last counts at once,
 * and after 10 million events some minutes later everything does. An event that is removed (erasing a person, taking back a like)
 * stays in the sums, which say nothing of persons, until the next start. */
#ifndef AISLE_SERVER_TRENDS_H
#define AISLE_SERVER_TRENDS_H

#include "aisle/scorer.h"
#include "server/jobs/shelf.h"
#include "server/recommend/decayed.h"

typedef struct aisle_trends aisle_trends;
/* A view of its own; the store is borrowed. */
aisle_status aisle_trends_open(aisle_store *s, aisle_trends **out, aisle_error *err);
void aisle_trends_close(aisle_trends *t); /* NULL is a no-op */
/* Counts what came since the last call, and then of what was there before, for 200 ms at most. Readers wait for a slice, below a
 * millisecond. Begins anew when the weights are others. One thread, not a loop. */
aisle_status aisle_trends_run(aisle_trends *t, const aisle_weights *w, aisle_error *err);

/* The n best of the allowed items of the shelf by their counts in this window at now_ms, best first, ties by smaller item;
 * none where no allowed product has an event in it. hits->hit has room for n. A shop without a catalogue has none: the
 * shelf does not say which events are whose. Any thread; a nanosecond an allowed item. */
void aisle_trends_best(aisle_trends *t, const aisle_shelf *s, int32_t window, int64_t now_ms,
                       const uint64_t *allowed, int32_t n, aisle_hits *hits);

#endif
