/* What is bought together: of every item those that baskets hold beside it more often than chance would have it, by the
 * log-likelihood ratio of Dunning (1993). Baskets, not likeness: what replaces a product is seldom in one basket with it, so it
 * drops out by itself, and what looks alike but is bought together (a red and a blue cup) rightly stays. A pair seen in a single
 * basket counts where both are rare: without it half the products of a small shop have an empty list, and with it a product of a
 * later basket is in the first ten more often (.48 for .32, made-up shop of 8,000 purchases; as often in Online Retail). */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/train/train_parts.h"

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for what is bought together");
}

/* n ln(n / expected), 0 for n = 0. */
static double part(double n, double expected)
{
    return n > 0 ? n * log(n / expected) : 0;
}

double aisle_log_likelihood_ratio(int64_t both, int64_t of_a, int64_t of_b, int64_t all)
{
    const double n = (double)all, a = (double)of_a, b = (double)of_b, k = (double)both;
    double sum = part(k, a * b / n) + part(a - k, a * (n - b) / n) + part(b - k, (n - a) * b / n) +
                 part(n - a - b + k, (n - a) * (n - b) / n);
    return sum > 0 ? 2 * sum : 0; /* rounding */
}

typedef struct candidate {
    float score;
    int32_t item, both;
} candidate;

/* One thread's room. */
typedef struct counter {
    int32_t *count, *touched; /* [items], all 0 between items */
    candidate *found;         /* [items] */
} counter;

static bool counter_init(counter *c, int32_t n_items)
{
    c->count = aisle_calloc((size_t)n_items + 1, sizeof *c->count);
    c->touched = aisle_array(n_items, sizeof *c->touched);
    c->found = aisle_array(n_items, sizeof *c->found);
    return c->count && c->touched && c->found;
}

static void counter_deinit(counter *c)
{
    aisle_free(c->count);
    aisle_free(c->touched);
    aisle_free(c->found);
}

static int best_first(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

typedef struct basket_table {
    const aisle_csr *by_basket, *by_item;
    int32_t k;
} basket_table;

static int64_t baskets_of(const basket_table *t, int32_t item)
{
    return t->by_item->row_ptr[item + 1] - t->by_item->row_ptr[item];
}

/* c->found[0 .. the result): item i's complements, best first, at most k. */
static int32_t find(const basket_table *t, int32_t i, counter *c)
{
    const aisle_csr *rows = t->by_item, *baskets = t->by_basket;
    int32_t touched = 0, n = 0;
    for (int64_t r = rows->row_ptr[i]; r < rows->row_ptr[i + 1]; r++) {
        const int32_t b = rows->col[r];
        for (int64_t e = baskets->row_ptr[b]; e < baskets->row_ptr[b + 1]; e++)
            if (c->count[baskets->col[e]]++ == 0) c->touched[touched++] = baskets->col[e];
    }
    for (int32_t j = 0; j < touched; j++) {
        const int32_t other = c->touched[j];
        const int64_t both = c->count[other], here = baskets_of(t, i), there = baskets_of(t, other);
        c->count[other] = 0;
        if (other == i || (double)both * baskets->n_rows <= (double)here * (double)there) continue;
        float score = (float)aisle_log_likelihood_ratio(both, here, there, baskets->n_rows);
        if (score >= AISLE_COMPLEMENT_LEAST) c->found[n++] = (candidate){score, other, (int32_t)both};
    }
    if (n > 1) qsort(c->found, (size_t)n, sizeof *c->found, best_first);
    return n < t->k ? n : t->k;
}

/* Items are looked at a block at a time: k places for each, of which most stay empty. */
enum { BLOCK_ITEMS = 8192 };
typedef struct item_block {
    int32_t first, n;
    int32_t *found;  /* [n] */
    candidate *list; /* [n * k] */
} item_block;

static aisle_status find_block(const aisle_trainer *t, const basket_table *table, item_block *b,
                               aisle_error *err)
{
    int32_t threads = t->threads > 0 ? t->threads : omp_get_max_threads();
    bool failed = false;
#pragma omp parallel num_threads(threads)
    {
        counter c = {0};
        bool ok = counter_init(&c, table->by_item->n_rows);
#pragma omp for schedule(dynamic, 64)
        for (int32_t i = 0; i < b->n; i++) {
            if (!ok || aisle_canceled(t->progress)) continue;
            b->found[i] = find(table, b->first + i, &c);
            if (b->found[i])
                memcpy(b->list + (int64_t)i * table->k, c.found, (size_t)b->found[i] * sizeof *c.found);
        }
        if (!ok) {
#pragma omp atomic write
            failed = true;
        }
        counter_deinit(&c);
    }
    if (failed) return no_memory(err);
    return aisle_canceled(t->progress) ? aisle_fail(err, AISLE_ECANCELED, "training canceled") : AISLE_OK;
}

/* What grows, block by block. */
typedef struct lists {
    int64_t *rows; /* [items + 1] */
    int32_t *item, *both;
    float *score;
    int64_t n, item_cap, both_cap, score_cap;
} lists;

static bool append(lists *l, const item_block *b, int32_t k)
{
    int64_t more = 0;
    for (int32_t i = 0; i < b->n; i++) more += b->found[i];
    if (!aisle_grow((void **)&l->item, &l->item_cap, l->n + more, sizeof *l->item) ||
        !aisle_grow((void **)&l->both, &l->both_cap, l->n + more, sizeof *l->both) ||
        !aisle_grow((void **)&l->score, &l->score_cap, l->n + more, sizeof *l->score))
        return false;
    for (int32_t i = 0; i < b->n; i++) {
        const candidate *from = b->list + (int64_t)i * k;
        for (int32_t e = 0; e < b->found[i]; e++, l->n++) {
            l->item[l->n] = from[e].item;
            l->both[l->n] = from[e].both;
            l->score[l->n] = from[e].score;
        }
        l->rows[b->first + i + 1] = l->n;
    }
    return true;
}

static aisle_status fill(const aisle_trainer *t, const basket_table *table, aisle_trained *out,
                         aisle_error *err)
{
    const int32_t n_items = table->by_item->n_rows;
    int32_t most = n_items < BLOCK_ITEMS ? n_items : BLOCK_ITEMS;
    item_block b = {.found = aisle_array(most, sizeof *b.found),
                    .list = aisle_array((int64_t)most * table->k, sizeof *b.list)};
    lists l = {.rows = aisle_calloc((size_t)n_items + 1, sizeof *l.rows)};
    aisle_status st = b.found && b.list && l.rows ? AISLE_OK : no_memory(err);
    for (; b.first < n_items && st == AISLE_OK; b.first += most) {
        b.n = n_items - b.first < most ? n_items - b.first : most;
        st = find_block(t, table, &b, err);
        if (st == AISLE_OK && !append(&l, &b, table->k)) st = no_memory(err);
    }
    aisle_free(b.found);
    aisle_free(b.list);
    aisle_csr made = {n_items, n_items, l.rows, l.item, l.score};
    if (st == AISLE_OK && l.n > 0) {
        out->complements = made;
        out->complement_both = l.both;
    } else {
        aisle_csr_deinit(&made);
        aisle_free(l.both);
    }
    return st;
}

/* Of later baskets the ratios need to know how many there were. */
static aisle_status count_baskets(const basket_table *table, aisle_trained *out, aisle_error *err)
{
    const int32_t n = table->by_item->n_rows;
    out->complement_baskets = aisle_array((int64_t)n + 1, sizeof *out->complement_baskets);
    if (!out->complement_baskets) return no_memory(err);
    for (int32_t i = 0; i < n; i++) out->complement_baskets[i] = (int32_t)baskets_of(table, i);
    out->complement_baskets[n] = table->by_basket->n_rows;
    return AISLE_OK;
}

aisle_status aisle_train_complements(const aisle_dataset *d, const uint8_t *keep, const aisle_trainer *t,
                                     const aisle_train_params *p, aisle_trained *out, aisle_error *err)
{
    aisle_csr baskets = {0}, by_item = {0};
    if (p->k_complements == 0) return AISLE_OK;
    aisle_status st = aisle_dataset_baskets(d, keep, t->threads, &baskets, err);
    if (st == AISLE_OK) st = aisle_csr_transpose(&baskets, &by_item, err);
    const basket_table table = {&baskets, &by_item, p->k_complements};
    if (st == AISLE_OK && baskets.n_rows > 0) st = fill(t, &table, out, err);
    if (st == AISLE_OK) st = count_baskets(&table, out, err);
    aisle_csr_deinit(&baskets);
    aisle_csr_deinit(&by_item);
    return st;
}
