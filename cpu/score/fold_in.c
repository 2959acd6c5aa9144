/* The system of one user: A = a0 Y'Y + sum_j c_j y_j y_j' + l I, c_j = |weight| (Hu, Koren, Volinsky 2008, eq. 4, with the
 * weights of Rendle et al. 2022), by Cholesky. Same objective as training's half-step, one row at a time, and made of the same
 * kernels. l depends on the number of items, so that one event more changes the whole diagonal: a kept factor of the system
 * could not be updated, and the system is made anew. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/kernels/dense.h"
#include "cpu/score/score_state.h"

enum {
    FOLD_BLOCK = 256, /* rows gathered at a time: sums stay short, and the block fits the cache */
    FETCH_AHEAD = 4   /* items: of 128 factors each, as many lines as a core waits for at a time */
};

/* system | gathered rows | their weights */
typedef struct fold_room {
    int64_t ld, rows_at, root_at, floats;
} fold_room;

static fold_room lay_out(int32_t f)
{
    int64_t ld = aisle_ld(f), rows_at = f * ld + AISLE_KERNEL_SLACK,
            root_at = rows_at + FOLD_BLOCK * ld + AISLE_KERNEL_SLACK;
    return (fold_room){ld, rows_at, root_at, root_at + FOLD_BLOCK};
}

int64_t fold_floats(int32_t f)
{
    return lay_out(f).floats;
}

const float *score_factors(const aisle_model *m, const aisle_newcomers *newcomers, int32_t item)
{
    const int32_t n_items = aisle_model_n_items(m);
    aisle_mat y = item < n_items ? aisle_model_items(m) : aisle_newcomers_factors(newcomers);
    if (!y.data) return NULL;
    const float *row = aisle_mat_row(&y, item < n_items ? item : item - n_items);
    for (int32_t k = 0; k < y.n_cols; k++)
        if (row[k] != 0) return row;
    return NULL;
}

static int by_item(const void *a, const void *b)
{
    int32_t x = ((const aisle_weighted_item *)a)->item, y = ((const aisle_weighted_item *)b)->item;
    return (x > y) - (x < y);
}

int32_t score_merge(aisle_weighted_item *items, int32_t n)
{
    int32_t to = 0;
    if (n) qsort(items, (size_t)n, sizeof *items, by_item);
    for (int32_t i = 0; i < n; i++) {
        if (!to || items[to - 1].item != items[i].item) {
            items[to++] = items[i];
            continue;
        }
        float *sum = &items[to - 1].weight, more = items[i].weight;
        bool disliked = *sum < 0 || more < 0;
        *sum = disliked ? fminf(*sum, more) : *sum + more;
    }
    return to;
}

aisle_status score_check_items(int32_t n_items, const aisle_weighted_item *items, int32_t n, aisle_error *err)
{
    if (n < 0 || (n && !items)) return aisle_fail(err, AISLE_EINVAL, "%d items given at no address", n);
    for (int32_t i = 0; i < n; i++)
        if (items[i].item < 0 || items[i].item >= n_items || items[i].weight == 0 ||
            !isfinite(items[i].weight))
            return aisle_fail(
                err, AISLE_EINVAL,
                "given item %d of weight %g: wanted an item below %d and a finite weight that is not 0",
                items[i].item, (double)items[i].weight, n_items);
    return AISLE_OK;
}

/* l_u of backend.h. */
static float regularisation(const aisle_model *m, int32_t n_u)
{
    float a0, reg, nu;
    aisle_model_objective(m, &a0, &reg, &nu);
    return (float)((double)reg * pow(n_u + (double)a0 * aisle_model_n_items(m), (double)nu));
}

float fold_weight(const aisle_model *m, const aisle_weighted_item *g)
{
    const float *confidence = aisle_model_item_confidence(m);
    return confidence && g->item < aisle_model_n_items(m) ? g->weight * confidence[g->item] : g->weight;
}

/* Asks for the factors of a given item that will be wanted a few items later. */
static void fetch(const aisle_mat *items, given_items given, int32_t at)
{
    if (at >= given.n || given.at[at].item >= items->n_rows) return;
    const float *y = aisle_mat_row(items, given.at[at].item);
    for (int32_t k = 0; k < items->n_cols; k += 16) __builtin_prefetch(y + k);
}

/* Gathers sqrt(c) y of up to FOLD_BLOCK items that have factors, from *from on, with zeros up to ld, and sqrt(c) p; returns
 * how many. */
static int32_t gather(const aisle_model *m, given_items given, int32_t *from, float *rows, float *root)
{
    const aisle_mat items = aisle_model_items(m);
    int32_t n = 0, f = items.n_cols;
    int64_t ld = aisle_ld(f);
    for (; *from < given.n && n < FOLD_BLOCK; ++*from) {
        const aisle_weighted_item *g = &given.at[*from];
        fetch(&items, given, *from + FETCH_AHEAD);
        const float *y = score_factors(m, given.newcomers, g->item);
        if (!y) continue;
        float weight = fold_weight(m, g), scale = sqrtf(fabsf(weight)), *row = rows + n * ld;
        for (int32_t k = 0; k < f; k++) row[k] = scale * y[k];
        for (int64_t k = f; k < ld; k++) row[k] = 0;
        root[n++] = weight > 0 ? scale : 0;
    }
    return n;
}

aisle_status fold_factor(const aisle_model *m, given_items given, float *room, float *x, aisle_error *err)
{
    const aisle_kernels *kernels = aisle_kernels_get();
    const float *gram = aisle_model_item_gram(m);
    const int32_t f = aisle_model_n_factors(m);
    const fold_room at = lay_out(f);
    float *rows = room + at.rows_at, *root = room + at.root_at, a0, reg, nu;
    int32_t n_u = 0;
    aisle_model_objective(m, &a0, &reg, &nu);
    for (int32_t i = 0; i < f; i++)
        for (int32_t j = i; j < f; j++) room[i * at.ld + j] = a0 * gram[(int64_t)i * f + j];
    if (x) memset(x, 0, (size_t)at.ld * sizeof *x);
    for (int32_t from = 0, n; (n = gather(m, given, &from, rows, root)) > 0; n_u += n) {
        aisle_syrk(kernels, f, n, rows, at.ld, room, at.ld);
        if (x) kernels->combine(n, at.ld, root, rows, at.ld, x); /* sqrt(c) p times sqrt(c) y */
    }
    float l = regularisation(m, n_u);
    for (int32_t k = 0; k < f; k++) room[k * at.ld + k] += l;
    if (!aisle_cholesky(kernels, f, room, at.ld))
        return aisle_fail(err, AISLE_ENUMERIC, "the system of %d given items is not positive definite", n_u);
    return AISLE_OK;
}

void fold_solve(int32_t f, const float *room, int32_t n, float *sides)
{
    const aisle_kernels *kernels = aisle_kernels_get();
    for (int32_t i = 0; i < n; i++) kernels->cholesky_solve(f, room, aisle_ld(f), sides + (int64_t)i * f);
}

aisle_status aisle_fold_in(const aisle_model *m, const aisle_weighted_item *items, int32_t n, float *out,
                           aisle_error *err)
{
    if (!m || !out) return aisle_fail(err, AISLE_EINVAL, "fold-in without a model or a result");
    const int32_t f = aisle_model_n_factors(m);
    AISLE_TRY(score_check_items(aisle_model_n_items(m), items, n, err));
    if (f == 0) return AISLE_OK;
    aisle_weighted_item *given = aisle_array(n, sizeof *given);
    float *room = aisle_array(fold_floats(f) + aisle_ld(f) + AISLE_KERNEL_SLACK, sizeof *room);
    aisle_status st = AISLE_OK;
    if (!given || !room) {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory to fold in %d items with %d factors", n, f);
        goto done;
    }
    if (n) memcpy(given, items, (size_t)n * sizeof *given);
    float *x = room + fold_floats(f);
    st = fold_factor(m, (given_items){given, score_merge(given, n), NULL}, room, x, err);
    if (st != AISLE_OK) goto done;
    fold_solve(f, room, 1, x);
    memcpy(out, x, (size_t)f * sizeof *out);
done:
    aisle_free(given);
    aisle_free(room);
    return st;
}
