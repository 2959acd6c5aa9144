/* What searches of `aisle tune` found, kept for people to look at: the newest, each with its looks. The store does not look into
 * the texts. */
#ifndef AISLE_SERVER_TUNINGS_H
#define AISLE_SERVER_TUNINGS_H

#include "server/store/store.h"

enum { AISLE_TUNINGS_KEPT = 50, AISLE_TUNING_LOOKS_KEPT = 5000 };

/* JSON texts: one object, and an object a look in the order they ended; of more than AISLE_TUNING_LOOKS_KEPT the last ones, which
 * had the most effort. */
typedef struct aisle_tuning_text {
    const char *head;
    const char *const *looks;
    int64_t n_looks;
} aisle_tuning_text;
/* Keeps one, and forgets the oldest. Blocks (command line). AISLE_EBUSY while another process holds the lock, AISLE_EIO. */
aisle_status aisle_store_tuning_keep(aisle_store *s, const aisle_tuning_text *t, aisle_error *err);

typedef struct aisle_tuning_row {
    int64_t id, ended_ms, n_looks; /* n_looks: kept */
    aisle_str head;
} aisle_tuning_row;
/* Newest first, at most `limit` with ids below `before`; in the arena. */
aisle_status aisle_view_tunings(aisle_view *v, int64_t before, int32_t limit, aisle_arena *a,
                                aisle_tuning_row **out, int32_t *n, aisle_error *err);
/* AISLE_ENOTFOUND. */
aisle_status aisle_view_tuning(aisle_view *v, int64_t id, aisle_arena *a, aisle_tuning_row *out,
                               aisle_error *err);

typedef struct aisle_tuning_looks_page {
    int64_t tuning, after; /* after: the last number of the page before; 0 = from the first */
    int32_t limit;
} aisle_tuning_looks_page;
/* Texts in the arena; *last: the number of the last one. */
aisle_status aisle_view_tuning_looks(aisle_view *v, const aisle_tuning_looks_page *page, aisle_arena *a,
                                     aisle_str **out, int32_t *n, int64_t *last, aisle_error *err);

#endif
