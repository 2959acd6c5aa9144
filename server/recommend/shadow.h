/* A candidate model that is only watched: a share of the questions that the serving model has answered is asked of it, too, later
 * and on a thread of its own, and the two lists are compared. Nobody sees its answers, and nobody waits for them: when the
 * bounded queue is full a question is dropped and counted. One candidate at a time; the models folder keeps which (registry.h), so that
 * a restart goes on with it and counts anew.
 *
 * Compared are questions without a filter, boosts, pins or a scenario that are in no experiment, with as many items as were asked for (k):
 *   overlap            items that are in both lists / k: the mean over the answers
 *   rank correlation   Spearman's 1 - 6 sum d^2 / (m (m^2 - 1)) of the order of the m items in both lists; the mean over
 *                      the answers with m >= 2
 *   coverage           how many different items either of them has shown so far */
#ifndef AISLE_SERVER_SHADOW_H
#define AISLE_SERVER_SHADOW_H

#include "server/jobs/shelf_rack.h"
#include "server/recommend/ask.h"

typedef struct aisle_shadow aisle_shadow;
/* Starts the thread. All borrowed. */
aisle_status aisle_shadow_open(aisle_store *s, aisle_shelf_rack *rack, aisle_catalogue *c, aisle_shadow **out,
                               aisle_error *err);
void aisle_shadow_close(aisle_shadow *s); /* after the loops have ended; NULL is a no-op */
/* From now on a share (0..1) of the questions goes to this version, which the rack must keep, and counting begins anew. Share 0
 * ends it, and what was counted stays to be read. */
void aisle_shadow_watch(aisle_shadow *s, int64_t version, double share);
int64_t aisle_shadow_version(aisle_shadow *s); /* 0 = none */
/* The serving model has answered. Nanoseconds where nothing is watched, else some microseconds for the share; never waits. */
void aisle_shadow_offer(aisle_shadow *s, const aisle_answering *w, const aisle_ask *ask,
                        const aisle_hits *hits);

typedef struct aisle_shadow_report {
    int64_t version; /* 0: nothing is watched, nor was since the start; the last one stays to be read */
    double share;
    int64_t since_ms; /* wall clock: when counting began */
    int64_t answered, dropped, failed;
    double overlap, rank_correlation; /* means; NaN without any */
    double mean_ms, most_ms;          /* of the candidate's answers */
    int64_t served_items, shadow_items;
} aisle_shadow_report;
void aisle_shadow_read(aisle_shadow *s, aisle_shadow_report *out);

#endif
