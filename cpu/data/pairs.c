/* Grouping by a counting sort on the user and a comparison sort inside each user's few events. */
#include "cpu/data/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"

typedef struct entry {
    int32_t item;
    int64_t at_ms, event;
} entry;

static int compare(const void *pa, const void *pb)
{
    const entry *a = pa, *b = pb;
    if (a->item != b->item) return a->item < b->item ? -1 : 1;
    if (a->at_ms != b->at_ms) return a->at_ms < b->at_ms ? -1 : 1;
    return (a->event > b->event) - (a->event < b->event); /* total: any sort gives one answer */
}

/* Scatters the kept events into their user's range of `entries`; first[u] is where user u starts. */
static void scatter(const aisle_events *e, const uint8_t *in, int32_t n_users, int64_t *first, entry *entries)
{
    for (int64_t i = 0; i < e->n; i++)
        if (!in || in[i]) first[e->user[i] + 1]++;
    for (int32_t u = 0; u < n_users; u++) first[u + 1] += first[u];
    for (int64_t i = 0; i < e->n; i++)
        if (!in || in[i]) entries[first[e->user[i]]++] = (entry){e->item[i], e->at_ms[i], i};
    memmove(first + 1, first, (size_t)n_users * sizeof *first);
    first[0] = 0;
}

static bool alloc_pairs(pairs *p, int64_t n_pairs, int64_t n_events)
{
    p->start = aisle_array(n_pairs + 1, sizeof *p->start);
    p->event = aisle_array(n_events, sizeof *p->event);
    p->user = aisle_array(n_pairs, sizeof *p->user);
    p->item = aisle_array(n_pairs, sizeof *p->item);
    return p->start && p->event && p->user && p->item;
}

static void fill(pairs *p, const entry *entries, const int64_t *first, int32_t n_users)
{
    p->n = 0;
    for (int32_t u = 0; u < n_users; u++)
        for (int64_t i = first[u]; i < first[u + 1]; i++) {
            if (i == first[u] || entries[i].item != entries[i - 1].item) {
                p->start[p->n] = i;
                p->user[p->n] = u;
                p->item[p->n] = entries[i].item;
                p->n++;
            }
            p->event[i] = entries[i].event;
        }
    p->start[p->n] = first[n_users];
}

aisle_status pairs_init(pairs *p, const aisle_dataset *d, const uint8_t *in, aisle_error *err)
{
    aisle_events e = aisle_dataset_events(d);
    int32_t n_users = aisle_idmap_count(aisle_dataset_users(d));
    *p = (pairs){0};
    pairs made = {0};
    aisle_status st = AISLE_OK;
    int64_t *first = aisle_calloc((size_t)n_users + 1, sizeof *first);
    entry *entries = aisle_array(e.n, sizeof *entries);
    if (!first || !entries) goto no_memory;
    scatter(&e, in, n_users, first, entries);
    int64_t n_pairs = 0;
#pragma omp parallel for schedule(dynamic, 256) reduction(+ : n_pairs)
    for (int32_t u = 0; u < n_users; u++) {
        int64_t n = first[u + 1] - first[u];
        if (n > 1) qsort(entries + first[u], (size_t)n, sizeof *entries, compare);
        for (int64_t i = first[u]; i < first[u + 1]; i++)
            n_pairs += i == first[u] || entries[i].item != entries[i - 1].item;
    }
    if (!alloc_pairs(&made, n_pairs, first[n_users])) goto no_memory;
    fill(&made, entries, first, n_users);
    *p = made;
    made = (pairs){0};
done:
    aisle_free(first);
    aisle_free(entries);
    pairs_deinit(&made);
    return st;
no_memory:
    st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the pairs of %lld events", (long long)e.n);
    goto done;
}

void pairs_deinit(pairs *p)
{
    aisle_free(p->start);
    aisle_free(p->event);
    aisle_free(p->user);
    aisle_free(p->item);
    *p = (pairs){0};
}
