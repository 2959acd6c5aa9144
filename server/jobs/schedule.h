/* When the shop trains by itself: at an interval, or after so many new events; never without a new event, and never beside
 * another training. It orders jobs (jobs.h) as anybody does. What it goes by is in the store: a restart changes nothing. */
#ifndef AISLE_SERVER_SCHEDULE_H
#define AISLE_SERVER_SCHEDULE_H

#include "server/config/config.h"
#include "server/jobs/jobs.h"

typedef struct aisle_schedule aisle_schedule;
typedef struct aisle_schedule_params {
    const aisle_config *config; /* train_*: all borrowed */
    aisle_jobs *jobs;
    aisle_store *store;
    aisle_view *view; /* of the thread that calls aisle_schedule_run */
} aisle_schedule_params;
aisle_status aisle_schedule_open(const aisle_schedule_params *p, aisle_schedule **out, aisle_error *err);
void aisle_schedule_close(
    aisle_schedule *s); /* after the store: the writer may still answer an order; NULL is a no-op */

/* Orders a training when it is time for one; once a second. model_ms: when the serving model was made, 0 = there is none: a
 * model that no job of ours made counts as a training, whose new events are those since it was first seen.
 *   interval: measured from the start of the last training that succeeded; at once when there was none. One that was
 *     refused (jobs.h) counts as one that succeeded, here and for the events: the same again would be refused again
 *   failure (or cancellation) of such a training: the next one not before the interval, a minute at most, twice as long
 *     after each further one, a day at most
 *   settings: the file of the configuration, else those of the newest training that somebody asked for
 * Clocks that are set can delay a training by one interval at most. Not on a loop. */
aisle_status aisle_schedule_run(aisle_schedule *s, int64_t model_ms, aisle_error *err);

typedef struct aisle_schedule_state {
    int64_t succeeded_ms; /* wall clock of the newest success, 0 = none */
    int64_t new_events;   /* since it read them */
    int64_t failures;     /* since, in a row, of trainings that nobody asked for */
    int64_t wait_ms; /* until the interval or the pause after a failure is over; 0 = over, -1 = no interval */
} aisle_schedule_state;
void aisle_schedule_look(aisle_schedule *s, aisle_schedule_state *out); /* any thread */

#endif
