/* Purchases -> baskets. One user after the other: the purchases that cancels left, sorted by order and time, then cut. */
#include <math.h>
#include <stdlib.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"
#include "cpu/data/csr_rows.h"
#include "cpu/data/pairs.h"

typedef struct bought {
    uint32_t order;
    int32_t item;
    int64_t at_ms;
} bought;

/* One user's purchases, and the baskets of all so far. */
typedef struct filling {
    aisle_events e;
    bought *of_user;
    int64_t n, cap;
    int64_t *ends; /* of basket b: where its items end */
    int64_t n_baskets, ends_cap;
    int32_t *item;
    int64_t n_entries, entries_cap;
} filling;

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the baskets");
}

/* Newest first, as the pair's weight is summed (confidence.c): a cancel undoes what was bought before it. */
static bool take_pair(filling *f, const int64_t *event, int64_t begin, int64_t end)
{
    double cancelled = 0;
    for (int64_t i = end; i-- > begin;) {
        const int64_t v = event[i];
        double value = fmax((double)f->e.value[v], 0);
        if (f->e.type[v] == AISLE_EVENT_CANCEL) cancelled += value;
        if (f->e.type[v] != AISLE_EVENT_PURCHASE) continue;
        double taken = fmin(cancelled, value);
        cancelled -= taken;
        if (value - taken <= 0 || (f->e.order[v] == 0 && f->e.at_ms[v] == 0)) continue;
        if (!aisle_grow((void **)&f->of_user, &f->cap, f->n + 1, sizeof *f->of_user)) return false;
        f->of_user[f->n++] = (bought){f->e.order[v], f->e.item[v], f->e.at_ms[v]};
    }
    return true;
}

static int by_order(const void *a, const void *b)
{
    const bought *x = a, *y = b;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    if (x->at_ms != y->at_ms && x->order == 0) return x->at_ms < y->at_ms ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static int by_item(const void *a, const void *b)
{
    const bought *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

/* b[0 .. n) are one basket. */
static bool close_basket(filling *f, bought *b, int64_t n)
{
    int64_t distinct = 0;
    qsort(b, (size_t)n, sizeof *b, by_item);
    for (int64_t i = 0; i < n; i++) distinct += i == 0 || b[i].item != b[i - 1].item;
    if (distinct > AISLE_BASKET_MAX) return true;
    if (!aisle_grow((void **)&f->item, &f->entries_cap, f->n_entries + distinct, sizeof *f->item) ||
        !aisle_grow((void **)&f->ends, &f->ends_cap, f->n_baskets + 1, sizeof *f->ends))
        return false;
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || b[i].item != b[i - 1].item) f->item[f->n_entries++] = b[i].item;
    f->ends[f->n_baskets++] = f->n_entries;
    return true;
}

static bool is_same_basket(const bought *first, const bought *b)
{
    const int64_t day_ms = 86400000;
    if (first->order || b->order) return first->order == b->order;
    return b->at_ms <= first->at_ms || (uint64_t)b->at_ms - (uint64_t)first->at_ms <= (uint64_t)day_ms;
}

static bool take_user(filling *f, const by_user *b, int32_t u)
{
    f->n = 0;
    for (int64_t i = b->first[u], next; i < b->first[u + 1]; i = next) {
        next = pair_end(&f->e, b->event, i, b->first[u + 1]);
        if (!take_pair(f, b->event, i, next)) return false;
    }
    if (f->n > 1) qsort(f->of_user, (size_t)f->n, sizeof *f->of_user, by_order);
    for (int64_t i = 0, next; i < f->n; i = next) {
        for (next = i + 1; next < f->n && is_same_basket(&f->of_user[i], &f->of_user[next]);) next++;
        if (!close_basket(f, f->of_user + i, next - i)) return false;
    }
    return true;
}

static aisle_status pack(const filling *f, int32_t n_items, aisle_csr *out, aisle_error *err)
{
    aisle_csr m = {0};
    if (f->n_baskets >= INT32_MAX)
        return aisle_fail(err, AISLE_EINVAL, "%lld baskets, wanted below %d", (long long)f->n_baskets,
                          INT32_MAX);
    AISLE_TRY(csr_alloc(&m, (int32_t)f->n_baskets, n_items, f->n_entries, false, err));
    for (int64_t b = 0; b < f->n_baskets; b++) m.row_ptr[b + 1] = f->ends[b];
    for (int64_t e = 0; e < f->n_entries; e++) m.col[e] = f->item[e];
    *out = m;
    return AISLE_OK;
}

/* Purchases and what undoes them: few of a shop's events, and only these are sorted. */
static bool mark(const aisle_events *e, const uint8_t *keep, uint8_t *in)
{
    bool any = false;
    for (int64_t i = 0; i < e->n; i++) {
        in[i] =
            (!keep || keep[i]) && (e->type[i] == AISLE_EVENT_PURCHASE || e->type[i] == AISLE_EVENT_CANCEL);
        any = any || in[i];
    }
    return any;
}

static aisle_status fill(filling *f, const aisle_dataset *d, const uint8_t *in, int32_t threads,
                         aisle_error *err)
{
    by_user b;
    bool ok = true;
    AISLE_TRY(by_user_init(&b, d, in, threads, err));
    for (int32_t u = 0; u < b.n_users && ok; u++) ok = take_user(f, &b, u);
    by_user_deinit(&b);
    return ok ? AISLE_OK : no_memory(err);
}

aisle_status aisle_dataset_baskets(const aisle_dataset *d, const uint8_t *keep, int32_t threads,
                                   aisle_csr *out, aisle_error *err)
{
    filling f = {.e = aisle_dataset_events(d)};
    aisle_status st = AISLE_OK;
    *out = (aisle_csr){0};
    uint8_t *in = aisle_array(f.e.n, sizeof *in);
    if (!in) return no_memory(err);
    if (mark(&f.e, keep, in)) st = fill(&f, d, in, threads, err);
    aisle_free(in);
    if (st == AISLE_OK) st = pack(&f, aisle_idmap_count(aisle_dataset_items(d)), out, err);
    aisle_free(f.of_user);
    aisle_free(f.ends);
    aisle_free(f.item);
    return st;
}
