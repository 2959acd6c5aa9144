/* Exact top-N for many users: a panel of items stays in the first cache while all users of a chunk pass it in
 * register tiles; scores above a user's rising threshold are the only ones looked at. A score is the same sum
 * in the same order wherever its tile lies, so neither threads nor chunks show in the result. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/backend/cpu.h"
#include "cpu/kernels/dense.h"
#include "cpu/kernels/select.h"

enum { CHUNK = 512, MAX_N = 1024 }; /* users that share one packing of the items; 256 KiB at 128 factors */

typedef struct job {
    const aisle_kernels *k;
    const aisle_mat *users, *items;
    const aisle_topn_params *p;
    int32_t first, n_rows, chunk;
    int32_t *ids;
    float *scores;
} job;

typedef struct scratch {
    float *users, *panel; /* tiles' operands */
    aisle_select *best;   /* chunk */
    uint64_t *key;        /* chunk * room */
    int64_t *seen;        /* chunk: how far each user's seen row was read; ids ascend, so it only moves on */
} scratch;

static int64_t user_floats(const job *j)
{
    return (int64_t)(j->chunk + j->k->mr) * j->users->n_cols + AISLE_KERNEL_SLACK;
}

static int64_t panel_floats(const job *j)
{
    return (int64_t)j->k->nr * j->users->n_cols + AISLE_KERNEL_SLACK;
}

static bool is_seen(const job *j, int64_t *at, int32_t user, int32_t item)
{
    const aisle_csr *s = j->p->seen;
    if (!s) return false;
    while (*at < s->row_ptr[user + 1] && s->col[*at] < item) ++*at;
    return *at < s->row_ptr[user + 1] && s->col[*at] == item;
}

/* Offers scores[0 .. n-1] of items first_item .. to one user. */
static void offer(const job *j, scratch *s, int32_t user, int32_t slot, const float *scores,
                  int32_t first_item, int32_t n)
{
    int32_t at[AISLE_TILE_MAX];
    aisle_select *best = &s->best[slot];
    int32_t found = j->k->above(n, scores, best->threshold, at);
    for (int32_t i = 0; i < found; i++) {
        int32_t item = first_item + at[i];
        float score = scores[at[i]];
        if (!(score >= best->threshold)) continue; /* it rose meanwhile */
        if (j->p->allowed && !(j->p->allowed[item / 64] >> (item % 64) & 1)) continue;
        if (!is_seen(j, &s->seen[slot], user, item)) aisle_select_push(best, score, item);
    }
}

/* Users first .. first+n-1 of the call against items item .. item+width-1, packed in s->panel. */
static void pass_panel(const job *j, scratch *s, int32_t first, int32_t n, int32_t item, int32_t width)
{
    const aisle_kernels *k = j->k;
    int32_t f = j->users->n_cols;
    float scores[AISLE_TILE_MAX];
    for (int32_t u = 0; u < n; u += k->mr) {
        for (int32_t p = 0; p < f; p += AISLE_DEPTH)
            k->tile(f - p < AISLE_DEPTH ? f - p : AISLE_DEPTH, s->users + (int64_t)u * f + (int64_t)p * k->mr,
                    k->mr, s->panel + (int64_t)p * k->nr, k->nr, p ? AISLE_TILE_ADD : AISLE_TILE_SET, scores,
                    k->nr);
        for (int32_t i = 0; i < k->mr && u + i < n; i++)
            offer(j, s, first + u + i, u + i, scores + i * k->nr, item, width);
    }
}

static bool any_allowed(const uint64_t *allowed, int32_t first, int32_t n)
{
    if (!allowed) return true;
    for (int32_t i = first; i < first + n; i++)
        if (allowed[i / 64] >> (i % 64) & 1) return true;
    return false;
}

static void one_chunk(const job *j, scratch *s, int32_t first)
{
    const aisle_kernels *k = j->k;
    int32_t n = j->n_rows - first < j->chunk ? j->n_rows - first : j->chunk, f = j->users->n_cols;
    for (int32_t u = 0; u < n; u += k->mr) {
        int32_t m = n - u < k->mr ? n - u : k->mr;
        k->transpose(m, f, aisle_mat_row(j->users, j->first + first + u), j->users->ld,
                     s->users + (int64_t)u * f, k->mr);
    }
    for (int32_t u = 0; u < n; u++) {
        aisle_select_init(&s->best[u], s->key + (int64_t)u * aisle_select_room(j->p->n), j->p->n);
        s->seen[u] = j->p->seen ? j->p->seen->row_ptr[first + u] : 0;
    }
    for (int32_t item = 0; item < j->items->n_rows; item += k->nr) {
        int32_t width = j->items->n_rows - item < k->nr ? j->items->n_rows - item : k->nr;
        if (!any_allowed(j->p->allowed, item, width)) continue;
        k->transpose(width, f, aisle_mat_row(j->items, item), j->items->ld, s->panel, k->nr);
        pass_panel(j, s, first, n, item, width);
    }
    for (int32_t u = 0; u < n; u++) {
        int64_t at = (int64_t)(first + u) * j->p->n;
        aisle_select_take(&s->best[u], j->ids + at, j->scores + at);
    }
}

static aisle_status check(const aisle_mat *users, const aisle_mat *items, int32_t first, int32_t n_rows,
                          const aisle_topn_params *p, aisle_error *err)
{
    if (users->n_cols != items->n_cols)
        return aisle_fail(err, AISLE_EINVAL, "top-N: users have %d factors, items %d", users->n_cols,
                          items->n_cols);
    if (first < 0 || n_rows < 0 || first > users->n_rows - n_rows)
        return aisle_fail(err, AISLE_EINVAL, "top-N: rows %d + %d are outside 0 .. %d", first, n_rows,
                          users->n_rows);
    if (p->n < 1 || p->n > MAX_N)
        return aisle_fail(err, AISLE_EINVAL, "top-N: n %d must be 1 to %d", p->n, (int)MAX_N);
    if (p->seen && (p->seen->n_rows < n_rows || p->seen->n_cols != items->n_rows))
        return aisle_fail(err, AISLE_EINVAL, "top-N: seen is %d x %d, wanted %d x %d", p->seen->n_rows,
                          p->seen->n_cols, n_rows, items->n_rows);
    return AISLE_OK;
}

/* Small calls are spread over the threads, in whole tiles. */
static int32_t chunk_size(const aisle_device *d, int32_t n_rows)
{
    int32_t share = (int32_t)(((int64_t)n_rows + d->threads - 1) / d->threads), mr = d->k->mr;
    if (share > CHUNK) share = CHUNK;
    return (share + mr - 1) / mr * mr;
}

aisle_status aisle_cpu_topn(aisle_device *d, const aisle_dev_mat *users, int32_t first, int32_t n_rows,
                            const aisle_dev_mat *items, const aisle_topn_params *p, int32_t *ids,
                            float *scores, aisle_error *err)
{
    AISLE_TRY(check(&users->m, &items->m, first, n_rows, p, err));
    if (n_rows == 0) return AISLE_OK;
    const job j = {d->k, &users->m, &items->m, p, first, n_rows, chunk_size(d, n_rows), ids, scores};
    int64_t tile = user_floats(&j) + panel_floats(&j), t = d->threads, room = aisle_select_room(p->n);
    float *floats = aisle_cpu_floats(d, tile * t, "top-N work space", err);
    aisle_select *best = aisle_array(j.chunk * t, sizeof *best);
    uint64_t *key = aisle_array(j.chunk * t * room, sizeof *key);
    int64_t *seen = aisle_array(j.chunk * t, sizeof *seen);
    aisle_status st = AISLE_OK;
    if (!floats || !best || !key || !seen) {
        st = floats ? aisle_fail(err, AISLE_ENOMEM, "out of memory for top-N of %d rows", n_rows)
                    : AISLE_ENOMEM;
        goto done;
    }
    memset(floats, 0, (size_t)(tile * t) * sizeof *floats);
#pragma omp parallel for num_threads(d->threads) schedule(dynamic)
    for (int32_t c = 0; c < n_rows; c += j.chunk) {
        int64_t me = aisle_cpu_thread();
        scratch s = {floats + tile * me, floats + tile * me + user_floats(&j), best + j.chunk * me,
                     key + j.chunk * me * room, seen + j.chunk * me};
        one_chunk(&j, &s, c);
    }
done:
    if (floats) aisle_cpu_release(d, floats, tile * t);
    aisle_free(best);
    aisle_free(key);
    aisle_free(seen);
    return st;
}
