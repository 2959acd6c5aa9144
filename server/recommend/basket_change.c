/* Both sides by the code of the training, from one small dataset, so that they cannot differ from it. */
#include "server/recommend/basket_change.h"

#include <stdio.h>
#include <string.h>

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

/* Products of a basket are ascending. */
static bool is_equal(const aisle_csr *a, int32_t i, const aisle_csr *b, int32_t j)
{
    return length(a, i) == length(b, j) &&
           memcmp(a->col + a->row_ptr[i], b->col + b->row_ptr[j], (size_t)length(a, i) * sizeof *a->col) == 0;
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
    bool ok = true;
    bool *same = aisle_arena_calloc(a, (size_t)c->was.n_rows + 1, sizeof *same);
    *out = aisle_arena_calloc(a, (size_t)c->was.n_rows + (size_t)c->is.n_rows + 1, sizeof **out);
    *n = 0;
    for (int32_t i = 0; same && *out && ok && i < c->is.n_rows; i++) {
        int32_t w = 0;
        while (w < c->was.n_rows && (same[w] || !is_equal(&c->was, w, &c->is, i))) w++;
        if (w < c->was.n_rows)
            same[w] = true;
        else
            ok = put(c, &c->is, i, 1, a, &(*out)[(*n)++]);
    }
    for (int32_t w = 0; same && *out && ok && w < c->was.n_rows; w++)
        if (!same[w]) ok = put(c, &c->was, w, -1, a, &(*out)[(*n)++]);
    return same && *out && ok;
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
