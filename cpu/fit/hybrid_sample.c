/* Gathering candidates block by block, and the metric over them. */
#include "cpu/fit/hybrid_sample.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/kernels/select.h"

enum { BLOCK_BYTES = 64 << 20, CUT = 20 };

static bool has_pair(const aisle_csr *pairs, int32_t u, int32_t item)
{
    int64_t low = pairs->row_ptr[u], high = pairs->row_ptr[u + 1];
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (pairs->col[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < pairs->row_ptr[u + 1] && pairs->col[low] == item;
}

static bool is_held(const hybrid_sampling *p, int32_t u, int32_t item)
{
    return p->eligible[item] && has_pair(p->held, u, item) &&
           !has_pair(aisle_part_pairs(p->h->part), u, item);
}

static int32_t count_held(const hybrid_sampling *p, int32_t u)
{
    int32_t n = 0;
    for (int64_t e = p->held->row_ptr[u]; e < p->held->row_ptr[u + 1]; e++)
        n += is_held(p, u, p->held->col[e]);
    return n;
}

static int by_id(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* users: room for all; returns how many. */
static int32_t choose_users(const hybrid_sampling *p, int32_t *users)
{
    int32_t n = 0;
    for (int32_t u = 0; u < p->held->n_rows; u++)
        if (count_held(p, u) > 0) users[n++] = u;
    if (n <= p->max_users) return n;
    aisle_rng rng;
    aisle_rng_init(&rng, p->seed, 0);
    for (int32_t i = 0; i < p->max_users; i++) { /* the head of a Fisher-Yates shuffle */
        int32_t j = i + (int32_t)aisle_rng_below(&rng, (uint64_t)(n - i)), u = users[i];
        users[i] = users[j];
        users[j] = u;
    }
    qsort(users, (size_t)p->max_users, sizeof *users, by_id);
    return p->max_users;
}

/* ---- candidates ---- */

/* One thread's room. */
typedef struct gathering {
    float *rows;    /* parts x block x items */
    uint64_t *room; /* of the scale, and of the selection */
    int32_t *ids;   /* parts x HYBRID_TOP */
    float *scores;
} gathering;

static int32_t best_of(const hybrid_sampling *p, const float *row, gathering *g, int32_t *ids)
{
    aisle_select best;
    aisle_select_init(&best, g->room, HYBRID_TOP);
    for (int32_t i = 0; i < p->held->n_cols; i++)
        if (row[i] > 0 && row[i] >= best.threshold && p->eligible[i]) aisle_select_push(&best, row[i], i);
    return aisle_select_take(&best, ids, g->scores);
}

static void gather_user(const hybrid_sampling *p, hybrid_sample *s, gathering *g, int32_t at, int32_t u,
                        int32_t r, int32_t block)
{
    const uint8_t *fresh = aisle_part_fresh(p->h->part);
    int32_t n_items = p->held->n_cols, found = 0, n = 0;
    for (int32_t k = 0; k < s->n_parts; k++)
        found += best_of(p, g->rows + ((int64_t)k * block + r) * n_items, g, g->ids + found);
    qsort(g->ids, (size_t)found, sizeof *g->ids, by_id);
    for (int32_t k = 0; k < found; k++) {
        int32_t i = g->ids[k];
        int64_t to = at * s->stride + n;
        if (k > 0 && i == g->ids[k - 1]) continue;
        for (int32_t q = 0; q < s->n_parts; q++)
            s->c[to * s->n_parts + q] = g->rows[((int64_t)q * block + r) * n_items + i];
        s->mark[to] = (uint8_t)((is_held(p, u, i) ? HYBRID_HELD : 0) | (fresh[i] ? HYBRID_NEW_ITEM : 0));
        n++;
    }
    s->n[at] = n;
    s->n_held[at] = count_held(p, u);
    s->segment[at] = (uint8_t)hybrid_segment(p->h->part, p->h->few, u);
}

static aisle_status gather_block(const hybrid_sampling *p, hybrid_sample *s, gathering *g,
                                 const int32_t *users, int32_t first, int32_t block, int32_t thread,
                                 aisle_error *err)
{
    int32_t n = s->n_users - first < block ? s->n_users - first : block, n_items = p->held->n_cols;
    const hybrid_asked asked = {thread, n, users + first, g->room};
    rank_scale scales[HYBRID_BLOCK];
    for (int32_t k = 0; k < s->n_parts; k++) {
        float *rows = g->rows + (int64_t)k * block * n_items;
        AISLE_TRY(hybrid_part_rows(p->h, k, &asked, rows, scales, err));
        for (int32_t r = 0; r < n; r++)
            for (int32_t i = 0; i < n_items; i++) {
                float *at = rows + (int64_t)r * n_items + i;
                *at = rank_scaled(*at, scales[r]);
            }
    }
    for (int32_t r = 0; r < n; r++) gather_user(p, s, g, first + r, users[first + r], r, block);
    return AISLE_OK;
}

static bool gathering_init(gathering *g, const hybrid_sampling *p, int32_t n_parts, int32_t block)
{
    g->rows = aisle_array((int64_t)n_parts * block * p->held->n_cols, sizeof *g->rows);
    g->room = aisle_array(HYBRID_ROOM, sizeof *g->room);
    g->ids = aisle_array((int64_t)n_parts * HYBRID_TOP, sizeof *g->ids);
    g->scores = aisle_array(HYBRID_TOP, sizeof *g->scores);
    return g->rows && g->room && g->ids && g->scores;
}

static void gathering_deinit(gathering *g)
{
    aisle_free(g->rows);
    aisle_free(g->room);
    aisle_free(g->ids);
    aisle_free(g->scores);
}

static aisle_status gather(const hybrid_sampling *p, hybrid_sample *s, const int32_t *users, aisle_error *err)
{
    int64_t fit = BLOCK_BYTES / ((int64_t)s->n_parts * p->held->n_cols * (int64_t)sizeof(float));
    int32_t block = fit > HYBRID_BLOCK ? HYBRID_BLOCK : fit < 1 ? 1 : (int32_t)fit;
    int32_t threads = p->threads, n_blocks = (s->n_users + block - 1) / block;
    gathering *of_thread = aisle_calloc((size_t)threads, sizeof *of_thread);
    aisle_status st = AISLE_OK;
    bool ok = of_thread != NULL;
    for (int32_t t = 0; ok && t < threads; t++) ok = gathering_init(&of_thread[t], p, s->n_parts, block);
    if (!ok) st = aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory for candidates");
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) if (ok)
    for (int32_t b = 0; b < n_blocks; b++) {
        aisle_error mine = {0};
        if (!ok || aisle_canceled(p->progress)) continue;
        int32_t t = omp_get_thread_num();
        aisle_status got = gather_block(p, s, &of_thread[t], users, b * block, block, t, &mine);
        if (got == AISLE_OK) continue;
#pragma omp critical
        {
            if (st == AISLE_OK && err) *err = mine;
            st = got;
        }
    }
    for (int32_t t = 0; of_thread && t < threads; t++) gathering_deinit(&of_thread[t]);
    aisle_free(of_thread);
    if (st == AISLE_OK && aisle_canceled(p->progress))
        st = aisle_fail(err, AISLE_ECANCELED, "hybrid: the learning of weights was canceled");
    return st;
}

aisle_status hybrid_sample_init(hybrid_sample *s, const hybrid_sampling *p, aisle_error *err)
{
    int64_t n = 0;
    hybrid_sample made = {.n_parts = p->h->parts.n};
    aisle_status st = AISLE_OK;
    int32_t *users = aisle_array(p->held->n_rows, sizeof *users);
    *s = (hybrid_sample){0};
    if (!users) return aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory for user ids");
    made.n_users = choose_users(p, users);
    made.stride = (int64_t)made.n_parts * HYBRID_TOP;
    n = made.n_users * made.stride;
    made.n = aisle_calloc((size_t)made.n_users, sizeof *made.n);
    made.n_held = aisle_calloc((size_t)made.n_users, sizeof *made.n_held);
    made.segment = aisle_calloc((size_t)made.n_users, 1);
    made.mark = aisle_array(n, 1);
    made.c = aisle_array(n * made.n_parts, sizeof *made.c);
    if (!made.n || !made.n_held || !made.segment || !made.mark || !made.c)
        st = aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory for the candidates of %d users",
                        made.n_users);
    if (st == AISLE_OK) st = gather(p, &made, users, err);
    aisle_free(users);
    if (st == AISLE_OK)
        *s = made;
    else
        hybrid_sample_deinit(&made);
    return st;
}

void hybrid_sample_deinit(hybrid_sample *s)
{
    aisle_free(s->n);
    aisle_free(s->n_held);
    aisle_free(s->segment);
    aisle_free(s->mark);
    aisle_free(s->c);
    *s = (hybrid_sample){0};
}

/* ---- metric ---- */

static double ndcg_of(const hybrid_sample *s, const hybrid_weights *w, int32_t u)
{
    uint64_t key[2 * CUT + 32];
    int32_t top[CUT];
    float scores[CUT];
    double gain = 0, ideal = 0;
    aisle_select best;
    aisle_select_init(&best, key, CUT);
    for (int32_t k = 0; k < s->n[u]; k++) {
        int64_t at = u * s->stride + k;
        const float *by = s->mark[at] & HYBRID_NEW_ITEM ? w->new_item : w->usual, *c = s->c + at * s->n_parts;
        float score = 0;
        if (!by) continue;
        for (int32_t p = 0; p < s->n_parts; p++) score += by[p] * c[p];
        if (score >= best.threshold) aisle_select_push(&best, score, k);
    }
    int32_t n = aisle_select_take(&best, top, scores);
    for (int32_t r = 0; r < n; r++)
        if (s->mark[u * s->stride + top[r]] & HYBRID_HELD) gain += 1 / log2(r + 2.0);
    for (int32_t r = 0; r < s->n_held[u] && r < CUT; r++) ideal += 1 / log2(r + 2.0);
    return gain / ideal;
}

double hybrid_sample_ndcg(const hybrid_sample *s, const hybrid_weights *w, int32_t threads, double *values)
{
    double sum = 0, n = 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 16)
    for (int32_t u = 0; u < s->n_users; u++)
        values[u] = w->segment < 0 || s->segment[u] == w->segment ? ndcg_of(s, w, u) : 0;
    for (int32_t u = 0; u < s->n_users; u++) {
        sum += values[u];
        n += w->segment < 0 || s->segment[u] == w->segment;
    }
    return n > 0 ? sum / n : 0;
}
