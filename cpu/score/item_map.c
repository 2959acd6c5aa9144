/* Principal components of the most popular items' factors. The covariance of f factors is small (f x f), so its eigenvectors
 * are found whole; only the items that are shown count, which bounds the work for a large catalogue. */
#include "aisle/item_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/kernels/eigen.h"

typedef struct ranked_item {
    float popularity;
    int32_t item;
} ranked_item;

static int by_popularity(const void *a, const void *b)
{
    const ranked_item *x = a, *y = b;
    if (x->popularity != y->popularity) return x->popularity > y->popularity ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static bool has_factors(const float *row, int32_t f)
{
    for (int32_t j = 0; j < f; j++)
        if (row[j] != 0) return true;
    return false;
}

static aisle_status choose(const aisle_model *m, int32_t most, aisle_item_map *map, aisle_error *err)
{
    const aisle_mat y = aisle_model_items(m);
    const float *popularity = aisle_model_popularity(m);
    ranked_item *all = aisle_array(y.n_rows ? y.n_rows : 1, sizeof *all);
    if (!all) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the order of %d items", y.n_rows);
    int32_t n = 0;
    for (int32_t i = 0; i < y.n_rows; i++)
        if (has_factors(y.data + i * y.ld, y.n_cols))
            all[n++] = (ranked_item){popularity ? popularity[i] : 0, i};
    qsort(all, (size_t)n, sizeof *all, by_popularity);
    map->n = n < most ? n : most;
    map->items = aisle_array(map->n ? map->n : 1, sizeof *map->items);
    for (int32_t i = 0; map->items && i < map->n; i++) map->items[i] = all[i].item;
    aisle_free(all);
    return map->items ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for %d points", map->n);
}

/* mean[f] and the whole of cov[f x f]. */
static void covariance(const aisle_mat *y, const aisle_item_map *map, double *mean, double *cov)
{
    int32_t f = y->n_cols;
    for (int32_t i = 0; i < map->n; i++)
        for (int32_t j = 0; j < f; j++) mean[j] += (double)y->data[map->items[i] * y->ld + j] / map->n;
    for (int32_t i = 0; i < map->n; i++) {
        const float *row = y->data + map->items[i] * y->ld;
        for (int32_t p = 0; p < f; p++)
            for (int32_t q = p; q < f; q++)
                cov[p * f + q] += ((double)row[p] - mean[p]) * ((double)row[q] - mean[q]);
    }
    for (int32_t p = 0; p < f; p++)
        for (int32_t q = 0; q < p; q++) cov[p * f + q] = cov[q * f + p];
}

/* An axis has two directions; this one is told by its largest component, the first of equals. */
static void turn(double *axis, int32_t f)
{
    int32_t largest = 0;
    for (int32_t j = 1; j < f; j++)
        if (fabs(axis[j]) > fabs(axis[largest])) largest = j;
    if (axis[largest] < 0)
        for (int32_t j = 0; j < f; j++) axis[j] = -axis[j];
}

/* Along axis `a`, of all variance `total`; value: the axis' eigenvalue, which rounding may leave below 0. */
static void place(const aisle_mat *y, aisle_item_map *map, int a, const double *mean, const double *axis,
                  double value, double total)
{
    for (int32_t i = 0; i < map->n; i++) {
        double at = 0;
        for (int32_t j = 0; j < y->n_cols; j++)
            at += axis[j] * ((double)y->data[map->items[i] * y->ld + j] - mean[j]);
        map->at[i * 2 + a] = (float)at;
    }
    map->share[a] = total > 0 && value > 0 ? value / total : 0;
}

static aisle_status project(const aisle_mat *y, aisle_item_map *map, double *work, aisle_error *err)
{
    int32_t f = y->n_cols;
    double *cov = work, *mean = cov + (int64_t)f * f, *values = mean + f, total = 0;
    covariance(y, map, mean, cov);
    AISLE_TRY(aisle_eigen(f, cov, values, err));
    for (int32_t j = 0; j < f; j++) total += values[j] > 0 ? values[j] : 0;
    for (int a = 0; a < 2 && a < f; a++) {
        double *axis = cov + (int64_t)(f - 1 - a) * f;
        turn(axis, f);
        place(y, map, a, mean, axis, values[f - 1 - a], total);
    }
    return AISLE_OK;
}

aisle_status aisle_item_map_new(const aisle_model *m, int32_t most, aisle_item_map *out, aisle_error *err)
{
    const aisle_mat y = aisle_model_items(m);
    aisle_item_map map = {0};
    double *work = NULL;
    aisle_status st = AISLE_OK;
    if (y.n_cols > 0) {
        st = choose(m, most, &map, err);
        if (st != AISLE_OK) goto done;
        map.at = aisle_calloc((size_t)(map.n ? map.n : 1) * 2, sizeof *map.at);
        work = aisle_calloc((size_t)y.n_cols * (size_t)y.n_cols + 2 * (size_t)y.n_cols, sizeof *work);
        st = map.at && work ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the item map");
        if (st == AISLE_OK && map.n > 0) st = project(&y, &map, work, err);
        aisle_model_rows_read(m, 2 * (int64_t)map.n);
        if (st != AISLE_OK) goto done;
    }
    *out = map;
    map = (aisle_item_map){0};
done:
    aisle_free(work);
    aisle_item_map_deinit(&map);
    return st;
}

void aisle_item_map_deinit(aisle_item_map *map)
{
    aisle_free(map->items);
    aisle_free(map->at);
    *map = (aisle_item_map){0};
}
