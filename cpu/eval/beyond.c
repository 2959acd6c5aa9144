/* Novelty, diversity and popularity of lists, and the Gini index over the catalogue. */
#include "cpu/eval/beyond.h"

#include <math.h>
#include <stdlib.h>

#include "aisle/memory.h"

/* Every train pair is one vote: the mean popularity of a pair is sum n_i^2 / sum n_i. */
static void weigh_items(aisle_beyond *b, const aisle_csr *train, const int32_t *popularity)
{
    double users = 0, squares = 0, pairs = (double)aisle_csr_nnz(train);
    for (int32_t u = 0; u < train->n_rows; u++) users += train->row_ptr[u + 1] > train->row_ptr[u];
    for (int32_t i = 0; i < b->n_items; i++) squares += (double)popularity[i] * popularity[i];
    for (int32_t i = 0; i < b->n_items; i++) {
        b->novelty[i] = users > 0 ? log2(users / (popularity[i] > 0 ? popularity[i] : 1)) : 0;
        b->popularity[i] = pairs > 0 ? popularity[i] / (squares / pairs) : 0;
    }
}

static void measure_vectors(aisle_beyond *b)
{
    const aisle_csr *v = b->p->item_vectors;
    for (int32_t i = 0; i < v->n_rows; i++) {
        double square = 0;
        for (int64_t e = v->row_ptr[i]; e < v->row_ptr[i + 1]; e++)
            square += v->val ? (double)v->val[e] * (double)v->val[e] : 1;
        b->scale[i] = square > 0 ? 1 / sqrt(square) : 0;
    }
}

aisle_status aisle_beyond_init(aisle_beyond *b, const aisle_csr *train, const int32_t *popularity,
                               const aisle_eval_params *p, int32_t threads, aisle_error *err)
{
    *b = (aisle_beyond){.p = p, .n_items = train->n_cols};
    if (p->beyond) {
        b->novelty = aisle_array(b->n_items, sizeof *b->novelty);
        b->popularity = aisle_array(b->n_items, sizeof *b->popularity);
        b->listed = aisle_calloc((size_t)p->n_cuts * (size_t)b->n_items, sizeof *b->listed);
        if (!b->novelty || !b->popularity || !b->listed)
            return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for %d items", b->n_items);
        weigh_items(b, train, popularity);
    }
    if (p->item_vectors) {
        b->scale = aisle_array(b->n_items, sizeof *b->scale);
        b->sums = aisle_calloc((size_t)threads * (size_t)p->item_vectors->n_cols, sizeof *b->sums);
        if (!b->scale || !b->sums)
            return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for vectors of %d columns",
                              p->item_vectors->n_cols);
        measure_vectors(b);
    }
    return AISLE_OK;
}

void aisle_beyond_deinit(aisle_beyond *b)
{
    aisle_free(b->novelty);
    aisle_free(b->popularity);
    aisle_free(b->listed);
    aisle_free(b->scale);
    aisle_free(b->sums);
    *b = (aisle_beyond){0};
}

/* The sum of cosines with all items of the list so far is one product with the sum of their unit vectors, to which the
 * item's is then added: a list costs its vectors' entries, not its pairs. */
static double meet(const aisle_beyond *b, double *sum, int32_t item)
{
    const aisle_csr *v = b->p->item_vectors;
    double cosines = 0;
    for (int64_t e = v->row_ptr[item]; e < v->row_ptr[item + 1]; e++) {
        double x = (v->val ? (double)v->val[e] : 1) * b->scale[item];
        cosines += x * sum[v->col[e]];
        sum[v->col[e]] += x;
    }
    return cosines;
}

static void clear(const aisle_beyond *b, double *sum, const int32_t *top, int32_t n)
{
    const aisle_csr *v = b->p->item_vectors;
    for (int32_t r = 0; r < n; r++)
        for (int64_t e = v->row_ptr[top[r]]; e < v->row_ptr[top[r] + 1]; e++) sum[v->col[e]] = 0;
}

void aisle_beyond_user(aisle_beyond *b, int32_t thread, const int32_t *top, int32_t n_top, double *values)
{
    double *sum = b->sums ? b->sums + (int64_t)thread * b->p->item_vectors->n_cols : NULL;
    double novelty = 0, popularity = 0, cosines = 0;
    int32_t rank = 0;
    for (int32_t c = 0; c < b->p->n_cuts; c++) {
        for (; rank < b->p->cuts[c] && rank < n_top; rank++) {
            int32_t item = top[rank];
            if (sum) cosines += meet(b, sum, item);
            if (!b->p->beyond) continue;
            novelty += b->novelty[item];
            popularity += b->popularity[item];
            __atomic_add_fetch(&b->listed[(int64_t)c * b->n_items + item], 1, __ATOMIC_RELAXED);
        }
        double *v = values + (int64_t)c * AISLE_BEYOND, pairs = .5 * rank * (rank - 1.0);
        v[AISLE_BEYOND_NOVELTY] = rank > 0 ? novelty / rank : NAN;
        v[AISLE_BEYOND_DIVERSITY] = rank > 0 ? pairs > 0 ? 1 - cosines / pairs : 0 : NAN;
        v[AISLE_BEYOND_POPULARITY] = rank > 0 ? popularity / rank : NAN;
    }
    if (sum) clear(b, sum, top, rank);
}

static int by_count(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

aisle_status aisle_beyond_gini(const aisle_beyond *b, int32_t c, double *gini, aisle_error *err)
{
    int64_t *count = aisle_array(b->n_items, sizeof *count), n = 0;
    double weighed = 0, sum = 0;
    if (!count) return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for %d items", b->n_items);
    for (int32_t i = 0; i < b->n_items; i++) {
        if (b->p->candidates && !b->p->candidates[i]) continue;
        count[n] = 0;
        for (int32_t k = 0; k <= c; k++) count[n] += b->listed[(int64_t)k * b->n_items + i];
        n++;
    }
    qsort(count, (size_t)n, sizeof *count, by_count);
    for (int64_t j = 0; j < n; j++) {
        weighed += (double)(2 * (j + 1) - n - 1) * (double)count[j];
        sum += (double)count[j];
    }
    *gini = sum > 0 ? weighed / ((double)n * sum) : 0;
    aisle_free(count);
    return AISLE_OK;
}
