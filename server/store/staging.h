/* The records of one import while they wait: products and people in one spool, events in another, ids as
 * numbers.
 */
#ifndef AISLE_SERVER_STAGING_H
#define AISLE_SERVER_STAGING_H

#include "aisle/dataset.h"
#include "server/store/spool.h"
#include "server/store/store_internal.h"

typedef struct aisle_staging {
    aisle_spool catalogue, events;
    aisle_idmap *ids[3]; /* by aisle_ext_kind: products, users, sessions that events name */
    aisle_idmap *keys;   /* with keep_duplicates: keys seen, and how often */
    uint32_t *repeats;
    int64_t repeats_cap;
    aisle_dataset *dataset; /* with a k-core: its events in the order of the spool */
    int64_t n_records, n_events, n_products;
} aisle_staging;

/* An event as it lies in the spool; its order and recommendation follow. Numbers of absent ids are -1. */
typedef struct aisle_staged_event {
    double value;
    int64_t at_ms, price_minor, key;
    int32_t id[3]; /* by aisle_ext_kind */
    int32_t position;
    int32_t text_at; /* set at reading: where its texts begin */
    uint8_t type, order_len, recommendation_len;
    bool has_order, has_recommendation;
    bool known; /* set by the commit: stored before */
} aisle_staged_event;

aisle_status aisle_staging_open(const char *folder, bool keep_duplicates, bool with_core, aisle_staging *out,
                                aisle_error *err);
void aisle_staging_close(aisle_staging *s);
aisle_sink aisle_staging_sink(aisle_staging *s);
/* Sends products and users back out. Borrowed for the call. */
aisle_status aisle_staging_catalogue(aisle_staging *s, const aisle_sink *sink, aisle_error *err);
/* The next event, after a rewind of s->events; its texts are appended to `text`. */
aisle_status aisle_staging_event(aisle_staging *s, aisle_staged_event *out, aisle_buf *text, bool *end,
                                 aisle_error *err);
/* What a row of the table needs, without the ids. Borrows from `text`. */
aisle_event aisle_staged_event_view(const aisle_staged_event *r, const aisle_buf *text);

#endif
