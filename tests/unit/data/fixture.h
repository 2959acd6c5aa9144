/* Small datasets from one-line events for the data tests. */
#ifndef AISLE_TESTS_DATA_FIXTURE_H
#define AISLE_TESTS_DATA_FIXTURE_H

#include <criterion/criterion.h>

#include "aisle/dataset.h"

#define VIEW   AISLE_EVENT_VIEW
#define BUY    AISLE_EVENT_PURCHASE
#define CANCEL AISLE_EVENT_CANCEL

typedef struct tiny {
    const char *user, *item;
    aisle_event_type type;
    double value;
    int64_t at_ms;
} tiny;

static inline aisle_status fill(aisle_dataset *d, const tiny *t, size_t n, aisle_error *err)
{
    aisle_sink sink = aisle_dataset_sink(d);
    for (size_t i = 0; i < n; i++) {
        aisle_event e = {.user = aisle_str_from(t[i].user),
                         .item = aisle_str_from(t[i].item),
                         .type = t[i].type,
                         .value = t[i].value,
                         .at_ms = t[i].at_ms,
                         .price_minor = -1};
        AISLE_TRY(sink.event(sink.ctx, &e, err));
    }
    return AISLE_OK;
}

static inline aisle_dataset *dataset_of(const tiny *t, size_t n)
{
    aisle_error err = {0};
    aisle_dataset *d = aisle_dataset_new();
    cr_assert_not_null(d);
    cr_assert_eq(fill(d, t, n, &err), AISLE_OK, "%s", err.message);
    return d;
}

#define DATASET(array) dataset_of(array, sizeof(array) / sizeof *(array))

/* The matrix cell (u, i), 0 when it is not stored. */
static inline float cell(const aisle_csr *m, int32_t u, int32_t i)
{
    for (int64_t e = m->row_ptr[u]; e < m->row_ptr[u + 1]; e++)
        if (m->col[e] == i) return m->val[e];
    return 0;
}

#endif
