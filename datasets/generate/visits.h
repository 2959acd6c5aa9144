/* What one person does over the whole period, as a stream of events in time order. */
#ifndef AISLE_GENERATE_VISITS_H
#define AISLE_GENERATE_VISITS_H

#include "datasets/generate/person.h"

/* Sends about `budget` events to the sink (never more); *next_event numbers them across persons. */
aisle_status gen_visits(const gen_shop *s, const gen_person *p, int64_t budget, const aisle_sink *sink,
                        int64_t *next_event, aisle_error *err);

#endif
