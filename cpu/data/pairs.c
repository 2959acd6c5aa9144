/* Grouping by a counting sort on the user and a comparison sort inside each user's few events. Only numbers of events
 * are moved: what they stand for stays in the dataset. */
#include "cpu/data/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/data/csr_rows.h"

static int compare(const void *pa, const void *pb, void *events)
{
    const aisle_events *e = events;
    int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;
    if (e->item[a] != e->item[b]) return e->item[a] < e->item[b] ? -1 : 1;
    if (e->at_ms[a] != e->at_ms[b]) return e->at_ms[a] < e->at_ms[b] ? -1 : 1;
    return (a > b) - (a < b); /* total: any sort gives one answer */
}

/* Scatters the kept events into their user's range; first[u], where user u starts, has been counted. */
static void scatter(const aisle_events *e, const uint8_t *in, by_user *b)
{
    for (int64_t i = 0; i < e->n; i++)
        if (!in || in[i]) b->event[b->first[e->user[i]]++] = i;
    memmove(b->first + 1, b->first, (size_t)b->n_users * sizeof *b->first);
    b->first[0] = 0;
}

aisle_status by_user_init(by_user *b, const aisle_dataset *d, const uint8_t *in, int32_t threads,
                          aisle_error *err)
{
    aisle_events e = aisle_dataset_events(d);
    by_user made = {.n_users = aisle_idmap_count(aisle_dataset_users(d))};
    *b = (by_user){0};
    made.first = aisle_calloc((size_t)made.n_users + 1, sizeof *made.first);
    for (int64_t i = 0; made.first && i < e.n; i++)
        if (!in || in[i]) made.first[e.user[i] + 1]++;
    for (int32_t u = 0; made.first && u < made.n_users; u++) made.first[u + 1] += made.first[u];
    if (made.first) made.event = aisle_array(made.first[made.n_users], sizeof *made.event);
    if (!made.event) {
        by_user_deinit(&made);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory to group %lld events by user", (long long)e.n);
    }
    scatter(&e, in, &made);
#pragma omp parallel for schedule(dynamic, 256) num_threads(csr_threads(threads))
    for (int32_t u = 0; u < made.n_users; u++) {
        int64_t n = made.first[u + 1] - made.first[u];
        if (n > 1) qsort_r(made.event + made.first[u], (size_t)n, sizeof *made.event, compare, &e);
    }
    *b = made;
    return AISLE_OK;
}

void by_user_deinit(by_user *b)
{
    aisle_free(b->first);
    aisle_free(b->event);
    *b = (by_user){0};
}

static bool alloc_pairs(pairs *p, int64_t n_pairs)
{
    p->start = aisle_array(n_pairs + 1, sizeof *p->start);
    p->user = aisle_array(n_pairs, sizeof *p->user);
    p->item = aisle_array(n_pairs, sizeof *p->item);
    return p->start && p->user && p->item;
}

static void fill(pairs *p, const aisle_events *e, const by_user *b)
{
    p->n = 0;
    for (int32_t u = 0; u < b->n_users; u++)
        for (int64_t i = b->first[u]; i < b->first[u + 1]; i = pair_end(e, b->event, i, b->first[u + 1])) {
            p->start[p->n] = i;
            p->user[p->n] = u;
            p->item[p->n] = e->item[b->event[i]];
            p->n++;
        }
    p->start[p->n] = b->first[b->n_users];
}

aisle_status pairs_init(pairs *p, const aisle_dataset *d, const uint8_t *in, aisle_error *err)
{
    aisle_events e = aisle_dataset_events(d);
    by_user b;
    pairs made = {0};
    *p = (pairs){0};
    AISLE_TRY(by_user_init(&b, d, in, 0, err));
    aisle_status st = AISLE_OK;
    int64_t n_pairs = 0;
    for (int32_t u = 0; u < b.n_users; u++)
        for (int64_t i = b.first[u]; i < b.first[u + 1]; i = pair_end(&e, b.event, i, b.first[u + 1]))
            n_pairs++;
    if (alloc_pairs(&made, n_pairs)) {
        fill(&made, &e, &b);
        made.event = b.event;
        b.event = NULL;
        *p = made;
        made = (pairs){0};
    } else
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the pairs of %lld events", (long long)e.n);
    by_user_deinit(&b);
    pairs_deinit(&made);
    return st;
}

void pairs_deinit(pairs *p)
{
    aisle_free(p->start);
    aisle_free(p->event);
    aisle_free(p->user);
    aisle_free(p->item);
    *p = (pairs){0};
}
