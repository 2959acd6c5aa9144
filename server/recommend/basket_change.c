/* Both sides by the code of the training, from one small dataset, so that they cannot differ from it. */
#include "server/recommend/basket_change.h"

#include <stdio.h>
#include <stdlib.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"

typedef struct change {
    aisle_dataset *d;
    int32_t *row;      /* [n events]: of the dataset's items */
    uint8_t *keep;     /* [n events]: those of before */
    aisle_csr was, is; /* baskets x items */
} change;

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for later baskets");
}

static aisle_status fill(change *c, const aisle_bought *list, int32_t n, int64_t before, aisle_error *err)
{
    c->d = aisle_dataset_new();
    c->keep = aisle_calloc((size_t)n + 1, sizeof *c->keep);
    c->row = aisle_calloc((size_t)n + 1, sizeof *c->row);
    if (!c->d || !c->keep || !c->row) return no_memory(err);
    const aisle_sink sink = aisle_dataset_sink(c->d);
    for (int32_t i = 0; i < n; i++) {
        char name[24];
        snprintf(name, sizeof name, "%lld", (long long)list[i].product);
        const aisle_event e = {.user = AISLE_STR("u"),
                               .item = aisle_str_from(name),
                               .type = list[i].type,
                               .at_ms = list[i].at_ms,
                               .value = list[i].value,
                               .order = list[i].order};
        AISLE_TRY(sink.event(sink.ctx, &e, err));
        c->row[aisle_dataset_events(c->d).item[i]] = (int32_t)list[i].product;
        c->keep[i] = list[i].id <= before;
    }
    return AISLE_OK;
}

static int32_t length(const aisle_csr *m, int32_t r)
{
    return (int32_t)(m->row_ptr[r + 1] - m->row_ptr[r]);
}

typedef struct basket {
    const int32_t *col; /* ascending */
    int32_t n, r;
} basket;

static int by_products(const void *a, const void *b)
{
    const basket *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? -1 : 1;
    for (int32_t i = 0; i < x->n; i++)
        if (x->col[i] != y->col[i]) return x->col[i] < y->col[i] ? -1 : 1;
    return 0;
}

/* Equal ones beside each other, so that two lists are compared in one walk: a wholesaler has thousands. NULL: out of memory. */
static basket *sorted(const aisle_csr *m, aisle_arena *a)
{
    basket *list = aisle_arena_calloc(a, (size_t)m->n_rows + 1, sizeof *list);
    for (int32_t r = 0; list && r < m->n_rows; r++)
        list[r] = (basket){m->col + m->row_ptr[r], length(m, r), r};
    if (list && m->n_rows > 1) qsort(list, (size_t)m->n_rows, sizeof *list, by_products);
    return list;
}

static bool put(const change *c, const aisle_csr *m, int32_t r, int32_t delta, aisle_arena *a,
                aisle_basket_delta *out)
{
    const int32_t n = length(m, r);
    int32_t *rows = aisle_arena_alloc(a, (size_t)n * sizeof *rows);
    for (int32_t i = 0; rows && i < n; i++) rows[i] = c->row[m->col[m->row_ptr[r] + i]];
    *out = (aisle_basket_delta){rows, n, delta};
    return rows != NULL;
}

static bool compare(const change *c, aisle_arena *a, aisle_basket_delta **out, int32_t *n)
{
    const basket *was = sorted(&c->was, a), *is = sorted(&c->is, a);
    const int32_t n_was = c->was.n_rows, n_is = c->is.n_rows;
    bool ok = true;
    *out = aisle_arena_calloc(a, (size_t)n_was + (size_t)n_is + 1, sizeof **out);
    *n = 0;
    for (int32_t w = 0, i = 0; was && is && *out && ok && (w < n_was || i < n_is);) {
        const int order = w == n_was ? 1 : i == n_is ? -1 : by_products(&was[w], &is[i]);
        if (order < 0)
            ok = put(c, &c->was, was[w].r, -1, a, &(*out)[(*n)++]);
        else if (order > 0)
            ok = put(c, &c->is, is[i].r, 1, a, &(*out)[(*n)++]);
        w += order <= 0;
        i += order >= 0;
    }
    return was && is && *out && ok;
}

aisle_status aisle_basket_change(const aisle_bought *list, int32_t n, int64_t before, aisle_arena *a,
                                 aisle_basket_delta **out, int32_t *n_out, aisle_error *err)
{
    change c = {0};
    aisle_status st = fill(&c, list, n, before, err);
    if (st == AISLE_OK) st = aisle_dataset_baskets(c.d, c.keep, 1, &c.was, err);
    if (st == AISLE_OK) st = aisle_dataset_baskets(c.d, NULL, 1, &c.is, err);
    if (st == AISLE_OK && !compare(&c, a, out, n_out)) st = no_memory(err);
    aisle_dataset_free(c.d);
    aisle_csr_deinit(&c.was);
    aisle_csr_deinit(&c.is);
    aisle_free(c.keep);
    aisle_free(c.row);
    return st;
}
