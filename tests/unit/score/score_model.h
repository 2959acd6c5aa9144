/* A random model for the scorer's tests: 40 users, 300 items of which the last 20 have no factors, 16
 * factors; users are the exact minimisers. Plain double arithmetic as the reference. */
#ifndef AISLE_TESTS_SCORE_MODEL_H
#define AISLE_TESTS_SCORE_MODEL_H

#include <math.h>

#include "aisle/scorer.h"
#include "tests/unit/model/small_model.h"

enum { N_USERS = 40, N_ITEMS = 300, N_WARM = 280, N_F = 16, N_K = 6, EMPTY_USER = 5, SHORT_USER = 6 };

typedef struct score_model {
    float users[N_USERS * N_F], items[N_ITEMS * N_F], gram[N_F * N_F];
    int64_t rows[N_USERS + 1];
    int32_t col[N_USERS * N_ITEMS];
    float val[N_USERS * N_ITEMS];
    int32_t similar[N_ITEMS * N_K], content[N_ITEMS * N_K];
    float similar_scores[N_ITEMS * N_K], content_scores[N_ITEMS * N_K];
    float popularity[N_ITEMS], trending[N_ITEMS];
    aisle_model *open, *compact; /* compact: the same, with a compact table */
} score_model;

static inline double u_of(uint32_t *state)
{
    return (double)small_value(state) / 2;
}

/* A of one user in double, from the model's own floats; weights below 0 are dislikes. */
static inline void system_f64(const score_model *m, const aisle_weighted_item *g, int n, double *a, double *b)
{
    const double a0 = 0.125, l = 0.0625 * (n + a0 * N_ITEMS);
    for (int i = 0; i < N_F * N_F; i++) a[i] = a0 * (double)m->gram[i];
    for (int i = 0; i < N_F; i++) {
        a[i * N_F + i] += l;
        b[i] = 0;
    }
    for (int j = 0; j < n; j++) {
        const float *y = m->items + g[j].item * N_F;
        for (int p = 0; p < N_F; p++) {
            double c = fabs((double)g[j].weight);
            if (g[j].weight > 0) b[p] += c * (double)y[p];
            for (int q = 0; q < N_F; q++) a[p * N_F + q] += c * (double)y[p] * (double)y[q];
        }
    }
}

/* Gaussian elimination; A is positive definite, so without pivots. b becomes x. */
static inline void solve_f64(const double *a_in, double *b)
{
    double a[N_F * N_F];
    memcpy(a, a_in, sizeof a);
    for (int k = 0; k < N_F; k++)
        for (int i = k + 1; i < N_F; i++) {
            double r = a[i * N_F + k] / a[k * N_F + k];
            for (int j = k; j < N_F; j++) a[i * N_F + j] -= r * a[k * N_F + j];
            b[i] -= r * b[k];
        }
    for (int k = N_F - 1; k >= 0; k--) {
        for (int j = k + 1; j < N_F; j++) b[k] -= a[k * N_F + j] * b[j];
        b[k] /= a[k * N_F + k];
    }
}

static inline int history_of(const score_model *m, int u, aisle_weighted_item *out)
{
    int n = 0;
    for (int64_t e = m->rows[u]; e < m->rows[u + 1]; e++)
        out[n++] = (aisle_weighted_item){m->col[e], m->val[e]};
    return n;
}

static inline void score_model_seen(score_model *m, uint32_t *state)
{
    int64_t e = 0;
    for (int u = 0; u < N_USERS; u++) {
        int one_in = u == SHORT_USER ? 0 : 12;
        for (int i = 0; i < N_WARM; i++) {
            *state = *state * 1664525u + 1013904223u;
            bool in = one_in ? (*state >> 16) % (unsigned)one_in == 0 : i == 7 || i == 90 || i == 201;
            if (u == EMPTY_USER || !in) continue;
            m->col[e] = i;
            m->val[e++] = 1.0f + (float)(*state % 3);
        }
        m->rows[u + 1] = e;
    }
}

static inline void score_model_users(score_model *m)
{
    static aisle_weighted_item given[N_ITEMS];
    double a[N_F * N_F], b[N_F];
    for (int u = 0; u < N_USERS; u++) {
        system_f64(m, given, history_of(m, u, given), a, b);
        solve_f64(a, b);
        for (int k = 0; k < N_F; k++) m->users[u * N_F + k] = (float)b[k];
    }
}

static inline void score_model_lists(score_model *m)
{
    for (int i = 0; i < N_ITEMS; i++) {
        m->popularity[i] = (float)((i * 37) % 50);
        m->trending[i] = (float)((i * 13) % 50);
        for (int k = 0; k < N_K; k++) {
            bool warm = i < N_WARM && k < 4;
            m->similar[i * N_K + k] = warm ? (i * 3 + k + 1) % N_WARM : -1;
            m->similar_scores[i * N_K + k] = warm ? 0.5f / (float)(k + 1) : 0;
            /* items 299 has no text at all */
            bool text = i < N_ITEMS - 1 && k < 5;
            m->content[i * N_K + k] = text ? (i + 2 * k + 1) % (N_ITEMS - 1) : -1;
            m->content_scores[i * N_K + k] = text ? 0.75f / (float)(k + 1) : 0;
        }
    }
}

static inline aisle_model_parts score_parts(score_model *m)
{
    return (aisle_model_parts){.users = {N_USERS, N_F, N_F, m->users},
                               .items = {N_ITEMS, N_F, N_F, m->items},
                               .item_gram = m->gram,
                               .n_users = N_USERS,
                               .n_items = N_ITEMS,
                               .user_id = small_id,
                               .item_id = small_id,
                               .user_ctx = "u",
                               .item_ctx = "x",
                               .seen = {N_USERS, N_ITEMS, m->rows, m->col, m->val},
                               .k_similar = N_K,
                               .k_content = N_K,
                               .similar_ids = m->similar,
                               .similar_scores = m->similar_scores,
                               .content_ids = m->content,
                               .content_scores = m->content_scores,
                               .popularity = m->popularity,
                               .trending = m->trending,
                               .meta = "{}",
                               .a0 = 0.125f,
                               .reg = 0.0625f,
                               .nu = 1.0f};
}

static inline aisle_model *parts_opened(const aisle_model_parts *p)
{
    aisle_error err = {0};
    aisle_model *m = NULL;
    const char *path = temp_path("score.aisle");
    if (aisle_model_write(path, p, &err) != AISLE_OK || aisle_model_open(path, &m, &err) != AISLE_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return m;
}

static inline void score_model_init(score_model *m)
{
    uint32_t state = 3;
    memset(m, 0, sizeof *m);
    for (int i = 0; i < N_WARM * N_F; i++) m->items[i] = (float)u_of(&state);
    for (int a = 0; a < N_F; a++)
        for (int b = 0; b < N_F; b++) {
            double sum = 0;
            for (int i = 0; i < N_ITEMS; i++)
                sum += (double)m->items[i * N_F + a] * (double)m->items[i * N_F + b];
            m->gram[a * N_F + b] = (float)sum;
        }
    score_model_seen(m, &state);
    score_model_users(m);
    score_model_lists(m);
    aisle_model_parts p = score_parts(m);
    m->open = parts_opened(&p);
}

/* m->compact; the caller's to unref. */
static inline void score_model_compact(score_model *m)
{
    aisle_compact table;
    aisle_model_parts p = score_parts(m);
    if (aisle_compact_init(&p.items, &table, NULL) != AISLE_OK) abort();
    p.compact = &table;
    m->compact = parts_opened(&p);
    aisle_compact_deinit(&table);
}

static inline double dot_f64(const float *x, const float *y)
{
    double s = 0;
    for (int k = 0; k < N_F; k++) s += (double)x[k] * (double)y[k];
    return s;
}

/* |fl(x.y) - x.y| <= gamma_n sum |x_i y_i|, in any order of the sum (Higham 2002, section 3.1), u = 2^-24 */
static inline double dot_bound(const float *x, const float *y)
{
    const double nu = (N_F + 1) * 0x1p-24;
    double s = 0;
    for (int k = 0; k < N_F; k++) s += fabs((double)x[k] * (double)y[k]);
    return nu / (1 - nu) * s;
}

#endif
