/* Staged events into the tables, a batch at a time. A B-tree that is filled at random touches another page
 * with every row, and once it outgrows the cache each of them goes to the log again. So the keys of a batch
 * are added in their own order, and its events in the order of event_by_user. Memory is that of one batch. */
#include <stdlib.h>

#include "server/store/event_rows.h"
#include "server/store/store_import.h"

enum { BATCH_EVENTS = 1 << 18, BATCH_TEXT = 1 << 25 };

/* Where an event of the batch belongs in an order; ties as in the file. */
typedef struct place {
    int64_t first, second;
    int32_t at;
} place;

typedef struct batch {
    aisle_store_import *import;
    aisle_tx *tx;
    aisle_staged_event *events;
    place *places;
    aisle_buf text;
    int32_t n;
    int64_t n_read;  /* of the spool, over all batches */
    int64_t *ids[3]; /* row ids by aisle_ext_kind and number; 0 = not looked up yet */
} batch;

static int compare(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    if (x->second != y->second) return x->second < y->second ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

static aisle_status fill(batch *b, bool *end, aisle_error *err)
{
    const uint8_t *keep = b->import->keep;
    b->n = 0;
    b->text.len = 0;
    while (b->n < BATCH_EVENTS && b->text.len < BATCH_TEXT) {
        AISLE_TRY(aisle_staging_event(&b->import->staging, &b->events[b->n], &b->text, end, err));
        if (*end) break;
        AISLE_TRY(aisle_store_import_step(b->import, err));
        b->n += !keep || keep[b->n_read];
        b->n_read++;
    }
    return AISLE_OK;
}

static aisle_status claim_keys(batch *b, aisle_error *err)
{
    for (int32_t i = 0; i < b->n; i++) b->places[i] = (place){b->events[i].key, 0, i};
    qsort(b->places, (size_t)b->n, sizeof *b->places, compare);
    for (int32_t i = 0; i < b->n; i++) {
        aisle_staged_event *r = &b->events[b->places[i].at];
        AISLE_TRY(aisle_tx_event_claim(b->tx, r->key, &r->known, err));
        b->import->known += r->known;
    }
    return AISLE_OK;
}

static aisle_status resolve(batch *b, const aisle_staged_event *r, aisle_ext_kind kind, aisle_error *err)
{
    int32_t number = r->id[kind];
    if (number < 0 || b->ids[kind][number]) return AISLE_OK;
    aisle_str ext = aisle_idmap_get(b->import->staging.ids[kind], number);
    return aisle_tx_ext(b->tx, kind, ext, &b->ids[kind][number], err);
}

/* Ids are made only for events that stay, and in the order of the file. */
static aisle_status resolve_all(batch *b, aisle_error *err)
{
    for (int32_t i = 0; i < b->n; i++) {
        const aisle_staged_event *r = &b->events[i];
        for (int kind = 0; kind < 3 && !r->known; kind++) AISLE_TRY(resolve(b, r, (aisle_ext_kind)kind, err));
    }
    return AISLE_OK;
}

static aisle_event_ids ids_of(const batch *b, const aisle_staged_event *r)
{
    int64_t id[3];
    for (int kind = 0; kind < 3; kind++) id[kind] = r->id[kind] < 0 ? 0 : b->ids[kind][r->id[kind]];
    return (aisle_event_ids){
        .user = id[AISLE_EXT_USER], .session = id[AISLE_EXT_SESSION], .product = id[AISLE_EXT_PRODUCT]};
}

static void get_row(void *ctx, int32_t i, aisle_event *e, aisle_event_ids *ids)
{
    const batch *b = ctx;
    const aisle_staged_event *r = &b->events[b->places[i].at];
    *e = aisle_staged_event_view(r, &b->text);
    *ids = ids_of(b, r);
}

/* By user and time; guests behind, by session and time. */
static aisle_status insert_all(batch *b, aisle_error *err)
{
    int32_t n = 0;
    for (int32_t i = 0; i < b->n; i++) {
        if (b->events[i].known) continue;
        aisle_event_ids ids = ids_of(b, &b->events[i]);
        int64_t owner = ids.user ? ids.user : INT64_MAX / 2 + ids.session;
        b->places[n++] = (place){owner, b->events[i].at_ms, i};
    }
    qsort(b->places, (size_t)n, sizeof *b->places, compare);
    const aisle_event_rows rows = {n, b, get_row};
    return aisle_tx_event_rows(b->tx, &rows, err);
}

static aisle_status allocate(batch *b, aisle_error *err)
{
    const aisle_staging *s = &b->import->staging;
    int64_t n = s->n_events < BATCH_EVENTS ? s->n_events + 1 : BATCH_EVENTS; /* one more to meet the end */
    b->events = aisle_array(n, sizeof *b->events);
    b->places = aisle_array(n, sizeof *b->places);
    bool got = b->events && b->places;
    for (int k = 0; got && k < 3; k++)
        got = (b->ids[k] = aisle_calloc((size_t)aisle_idmap_count(s->ids[k]), sizeof *b->ids[k])) != NULL;
    return got ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for a batch of an import's events");
}

aisle_status aisle_store_import_events(aisle_store_import *i, aisle_tx *tx, aisle_error *err)
{
    batch b = {.import = i, .tx = tx};
    bool end = false;
    aisle_status st = allocate(&b, err);
    if (st == AISLE_OK) st = aisle_tx_events_merge(tx, err);
    if (st == AISLE_OK) st = aisle_spool_rewind(&i->staging.events, err);
    while (st == AISLE_OK && !end) {
        st = fill(&b, &end, err);
        if (st == AISLE_OK) st = claim_keys(&b, err);
        if (st == AISLE_OK) st = resolve_all(&b, err);
        if (st == AISLE_OK) st = insert_all(&b, err);
    }
    for (int k = 0; k < 3; k++) aisle_free(b.ids[k]);
    aisle_free(b.places);
    aisle_free(b.events);
    aisle_buf_deinit(&b.text);
    return st;
}
