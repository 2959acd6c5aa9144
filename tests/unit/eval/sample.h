/* Scores out of a table, and random train and test parts, for the tests of the evaluator. */
#ifndef AISLE_TESTS_EVAL_SAMPLE_H
#define AISLE_TESTS_EVAL_SAMPLE_H

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aisle/eval.h"
#include "aisle/rng.h"
#include "cpu/eval/rank.h"

/* Scores straight out of a users x items table. */
typedef struct table {
    const float *scores;
    int32_t n_items;
} table;

static inline aisle_status table_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n,
                                        float *out, aisle_error *err)
{
    const table *t = ctx;
    (void)thread, (void)err;
    for (int32_t r = 0; r < n; r++)
        memcpy(out + (int64_t)r * t->n_items, t->scores + (int64_t)users[r] * t->n_items,
               (size_t)t->n_items * sizeof *out);
    return AISLE_OK;
}

static inline aisle_csr csr(int32_t n_rows, int32_t n_cols, int64_t n, const int32_t *row, const int32_t *col)
{
    aisle_csr m;
    cr_assert_eq(aisle_csr_from_coo(n_rows, n_cols, n, row, col, NULL, &m, NULL), AISLE_OK);
    return m;
}

enum { USERS = 150, ITEMS = 97 };

typedef struct sample {
    float scores[USERS * ITEMS];
    bool in_train[USERS][ITEMS], in_test[USERS][ITEMS];
    aisle_csr train, test;
} sample;

/* Every tenth user has no train item. */
static inline void draw(sample *s, uint64_t seed)
{
    int32_t row[2][USERS * ITEMS], col[2][USERS * ITEMS];
    int64_t n[2] = {0, 0};
    aisle_rng rng;
    aisle_rng_init(&rng, seed, 0);
    memset(s, 0, sizeof *s);
    for (int32_t u = 0; u < USERS; u++)
        for (int32_t i = 0; i < ITEMS; i++) {
            uint64_t x = aisle_rng_below(&rng, 20), q = aisle_rng_below(&rng, 12);
            /* few distinct values, so that ties are everywhere, and some items that cannot be ranked */
            s->scores[u * ITEMS + i] = q == 0 ? -INFINITY : (float)q;
            s->in_train[u][i] = x < 3 && u % 10 != 0;
            s->in_test[u][i] = x == 4 || (x == 5 && u % 2) || x == 0;
            if (s->in_train[u][i]) row[0][n[0]] = u, col[0][n[0]++] = i;
            if (s->in_test[u][i]) row[1][n[1]] = u, col[1][n[1]++] = i;
        }
    s->train = csr(USERS, ITEMS, n[0], row[0], col[0]);
    s->test = csr(USERS, ITEMS, n[1], row[1], col[1]);
}

/* Item number p of those that are tied for user u; order is what aisle_evaluate makes of the seed. */
static inline int32_t tied(const aisle_tie_order *order, int32_t u, int32_t p)
{
    return aisle_tie_item(order, aisle_tie_start(order, u), p);
}

static inline aisle_tie_order tie_order(int32_t n, uint64_t seed)
{
    aisle_tie_order order;
    cr_assert_eq(aisle_tie_order_init(&order, n, seed, NULL), AISLE_OK);
    return order;
}

static inline void undraw(sample *s)
{
    aisle_csr_deinit(&s->train);
    aisle_csr_deinit(&s->test);
}

#endif
