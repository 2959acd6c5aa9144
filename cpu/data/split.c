/* Train and test labels: at random, each user's last, or the newest by time. A pair is never on both sides.
 */
#include <stdlib.h>
#include <string.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/data/pairs.h"

static void label_random(const pairs *p, const aisle_split_params *params, bool *test)
{
    for (int64_t k = 0; k < p->n; k++) {
        aisle_rng r; /* a stream a pair: a pair's label does not depend on which others are in */
        aisle_rng_init(&r, params->seed, ((uint64_t)(uint32_t)p->user[k] << 32) | (uint32_t)p->item[k]);
        test[k] = aisle_rng_f64(&r) < params->fraction;
    }
}

/* Equal times are broken by arrival: what came in later is newer. */
static void label_last(const pairs *p, const aisle_events *e, bool *test)
{
    for (int64_t k = 0, last = 0; k < p->n; k++) {
        if (k == 0 || p->user[k] != p->user[k - 1]) last = k;
        int64_t a = p->event[p->start[last]], b = p->event[p->start[k]];
        if (e->at_ms[b] > e->at_ms[a] || (e->at_ms[b] == e->at_ms[a] && b > a)) last = k;
        bool ends = k + 1 == p->n || p->user[k + 1] != p->user[k];
        bool only = (k == 0 || p->user[k - 1] != p->user[k]) && ends;
        if (ends && !only) test[last] = true;
    }
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The cut is the time of the last event of the first (1 - fraction); events at the cut are train. */
static aisle_status label_time(const pairs *p, const aisle_events *e, double fraction, bool *test,
                               aisle_error *err)
{
    int64_t n = p->start[p->n];
    if (n == 0) return AISLE_OK;
    int64_t *times = aisle_array(n, sizeof *times);
    if (!times) return aisle_fail(err, AISLE_ENOMEM, "out of memory to split %lld events", (long long)n);
    for (int64_t i = 0; i < n; i++) times[i] = e->at_ms[p->event[i]];
    qsort(times, (size_t)n, sizeof *times, by_time);
    int64_t n_train = n - (int64_t)((double)n * fraction);
    int64_t cut = times[(n_train < 1 ? 1 : n_train) - 1];
    for (int64_t k = 0; k < p->n; k++) test[k] = e->at_ms[p->event[p->start[k]]] > cut;
    aisle_free(times);
    return AISLE_OK;
}

static aisle_status check(const aisle_events *e, const aisle_split_params *p, const uint8_t *in,
                          aisle_error *err)
{
    if ((unsigned)p->kind > AISLE_SPLIT_TIME)
        return aisle_fail(err, AISLE_EINVAL, "split kind %d is unknown", (int)p->kind);
    if (p->kind != AISLE_SPLIT_LEAVE_LAST && !(p->fraction > 0 && p->fraction < 1))
        return aisle_fail(err, AISLE_EINVAL, "split fraction %g: must lie between 0 and 1", p->fraction);
    for (int64_t i = 0; p->kind != AISLE_SPLIT_RANDOM && i < e->n; i++)
        if ((!in || in[i]) && e->at_ms[i] == 0)
            return aisle_fail(err, AISLE_EINVAL,
                              "event %lld has no time, which a %s split needs; use the random split",
                              (long long)i, p->kind == AISLE_SPLIT_TIME ? "time" : "leave-last");
    return AISLE_OK;
}

aisle_status aisle_split(const aisle_dataset *d, const aisle_split_params *params, const uint8_t *in,
                         uint8_t *label, aisle_error *err)
{
    aisle_events e = aisle_dataset_events(d);
    pairs p = {0};
    bool *test = NULL;
    AISLE_TRY(check(&e, params, in, err));
    aisle_status st = pairs_init(&p, d, in, err);
    if (st != AISLE_OK) goto done;
    test = aisle_calloc((size_t)p.n, sizeof *test);
    if (!test) {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory to split %lld pairs", (long long)p.n);
        goto done;
    }
    if (params->kind == AISLE_SPLIT_RANDOM) label_random(&p, params, test);
    if (params->kind == AISLE_SPLIT_LEAVE_LAST) label_last(&p, &e, test);
    if (params->kind == AISLE_SPLIT_TIME) st = label_time(&p, &e, params->fraction, test, err);
    if (st != AISLE_OK) goto done;
    memset(label, 255, (size_t)e.n);
    for (int64_t k = 0; k < p.n; k++)
        for (int64_t i = p.start[k]; i < p.start[k + 1]; i++) label[p.event[i]] = test[k];
done:
    aisle_free(test);
    pairs_deinit(&p);
    return st;
}
