/* Exact top-N of many users through a compact table. Users go in chunks, the table in blocks that stay in the second-level
 * cache while a chunk passes in eights; whoever the rest of the table cannot serve leaves between blocks, and the others
 * close ranks. What a user gets does not depend on the others: neither chunks nor threads show in the result. */
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/compact/compact_seek.h"

enum {
    CHUNK = 64,             /* users; their bounds and lists stay in the second-level cache */
    BLOCK_BYTES = 64 << 10, /* of codes */
    MAX_N = 1024,
    LINE = 64,         /* bytes of a cache */
    COARSE_TILES = 32, /* at once */
    LISTED = 20,       /* one in so many allowed, or fewer: scoring these alone reads less than all codes */
    LISTED_READ = 200  /* the same where a row is read by a call of the system */
};

/* One thread's memory. */
typedef struct place {
    int8_t *code, *packed; /* users' codes by rows, and in the order of the kernels */
    compact_seek *seek;    /* CHUNK */
    uint64_t *key;
    compact_held *held;
    float *row; /* of the items */
} place;

struct aisle_compact_work {
    int32_t threads, n, f4; /* n and f4: what the places have room for */
    place *place;
};

aisle_compact_work *aisle_compact_work_new(int32_t threads)
{
    aisle_compact_work *w = aisle_calloc(1, sizeof *w);
    if (!w) return NULL;
    w->threads = threads > 0 ? threads : omp_get_max_threads();
    w->place = aisle_calloc((size_t)w->threads, sizeof *w->place);
    if (w->place) return w;
    aisle_free(w);
    return NULL;
}

static void empty(place *p)
{
    aisle_free(p->code);
    aisle_free(p->packed);
    aisle_free(p->seek);
    aisle_free(p->key);
    aisle_free(p->held);
    aisle_free(p->row);
    *p = (place){0};
}

void aisle_compact_work_free(aisle_compact_work *w)
{
    if (!w) return;
    for (int32_t t = 0; t < w->threads; t++) empty(&w->place[t]);
    aisle_free(w->place);
    aisle_free(w);
}

static aisle_status make_room(aisle_compact_work *w, int32_t n, int32_t f4, aisle_error *err)
{
    if (n <= w->n && f4 <= w->f4) return AISLE_OK;
    n = n > w->n ? n : w->n;
    f4 = f4 > w->f4 ? f4 : w->f4;
    w->n = w->f4 = 0;
    for (int32_t t = 0; t < w->threads; t++) {
        place *p = &w->place[t];
        empty(p);
        p->code = aisle_array((int64_t)CHUNK * f4, 1);
        p->packed = aisle_array((int64_t)CHUNK * f4, 1);
        p->seek = aisle_array(CHUNK, sizeof *p->seek);
        p->key = aisle_array((int64_t)CHUNK * 2 * aisle_select_room(n), sizeof *p->key);
        p->held = aisle_array((int64_t)CHUNK * compact_held_room(n), sizeof *p->held);
        p->row = aisle_alloc_aligned(((size_t)f4 + AISLE_KERNEL_SLACK) * sizeof *p->row);
        if (!p->row || !p->code || !p->packed || !p->seek || !p->key || !p->held)
            return aisle_fail(err, AISLE_ENOMEM, "out of memory for top-N of %d", n);
    }
    w->n = n;
    w->f4 = f4;
    return AISLE_OK;
}

/* The users still looking, by slot. */
typedef struct crowd {
    int32_t n, slot[CHUNK];
} crowd;

/* Eights of users in the order of int8_tile, or a lone one as it is for int8_one. Places of nobody have codes 0. */
static void pack(const place *p, const crowd *c, int32_t groups)
{
    const int32_t f4 = groups * 4;
    memset(p->packed, 0, (size_t)(c->n + AISLE_INT8_USERS - 1) / AISLE_INT8_USERS * AISLE_INT8_USERS * f4);
    for (int32_t i = 0; i < c->n; i++) {
        int8_t *to =
            p->packed + (int64_t)i / AISLE_INT8_USERS * AISLE_INT8_USERS * f4 + i % AISLE_INT8_USERS * 4;
        const int8_t *from = p->code + (int64_t)c->slot[i] * f4;
        for (int32_t g = 0; g < groups; g++)
            memcpy(to + (int64_t)g * 4 * AISLE_INT8_USERS, from + (int64_t)g * 4, 4);
    }
}

/* m <= 8 users, slots[0 .. m-1], against tiles first .. end-1. */
static void pass_tiles(const compact_job *j, const place *p, const int32_t *slots, int32_t m,
                       const int8_t *user, int32_t first, int32_t end)
{
    const aisle_compact *t = j->q->table;
    aisle_int8_tile tile = {.groups = t->groups, .user = user, .users = m};
    aisle_int8_hits hits;
    compact_floors floors = {.least = {0}};
    for (int32_t u = 0; u < m; u++) {
        compact_floors_set(&floors, u, &p->seek[slots[u]]);
        tile.start[u] = p->seek[slots[u]].start;
    }
    bool (*kernel)(const aisle_int8_tile *, aisle_int8_hits *) = m == 1 ? j->k->int8_one : j->k->int8_tile;
    for (int32_t i = first; i < end; i++) {
        tile.item = t->codes + (int64_t)i * t->groups * (4 * AISLE_COMPACT_TILE);
        tile.scale = t->scale + (int64_t)i * AISLE_COMPACT_TILE;
        compact_floors_of(&floors, t, i, tile.floor);
        if (!kernel(&tile, &hits)) continue;
        for (int32_t u = 0; u < m; u++)
            if (hits.at[u]) {
                compact_seek_take(&p->seek[slots[u]], j, i, hits.at[u], hits.score + u * AISLE_INT8_ITEMS);
                compact_floors_set(&floors, u, &p->seek[slots[u]]);
            }
    }
}

/* What the coarse codes leave of some tiles, 0 where nothing. Nearly all of the table passes here, and little of it further: what
 * that will read is asked for on the way. */
static void take_coarse(const compact_job *j, const compact_floors *floors, const int8_t *user, int32_t first,
                        int32_t n, uint64_t *at)
{
    const aisle_compact *t = j->q->table;
    const int64_t bytes = (int64_t)(t->groups + 1) / 2 * (4 * AISLE_COMPACT_TILE);
    aisle_int8_tile tile = {.groups = t->groups, .user = user};
    aisle_int8_hits hits;
    for (int32_t i = 0; i < n; i++) {
        const int64_t e = (int64_t)(first + i) * AISLE_COMPACT_TILE;
        tile.item = t->coarse + (first + i) * bytes;
        tile.scale = t->scale + e;
        compact_coarse_bound(floors, t, first + i, &tile);
        at[i] = j->k->coarse_one(&tile, &hits) ? hits.at[0] : 0;
        for (int32_t k = 0; at[i] && k < AISLE_COMPACT_TILE; k += LINE / 4)
            __builtin_prefetch(t->ids + e + k);
    }
}

static void fetch_tile(const aisle_compact *t, int32_t tile)
{
    const int64_t bytes = (int64_t)t->groups * (4 * AISLE_COMPACT_TILE);
    for (int64_t b = 0; b < bytes; b += LINE) __builtin_prefetch(t->codes + tile * bytes + b);
}

/* One user against tiles first .. end-1: all by the coarse codes, then those of which something may be answered with. */
static void pass_coarse(const compact_job *j, const place *p, int32_t slot, int32_t first, int32_t end)
{
    const aisle_compact *t = j->q->table;
    const int8_t *user = p->code + (int64_t)slot * t->groups * 4;
    compact_seek *s = &p->seek[slot];
    aisle_int8_tile tile = {.groups = t->groups, .user = user, .start = {s->start}};
    aisle_int8_hits hits;
    compact_floors floors = {.least = {0}};
    uint64_t at[COARSE_TILES];
    for (int32_t n; first < end; first += n) {
        n = end - first < COARSE_TILES ? end - first : COARSE_TILES;
        compact_floors_set(&floors, 0, s);
        take_coarse(j, &floors, user, first, n, at);
        for (int32_t i = 0; i < n; i++)
            if (at[i] && (at[i] = compact_seek_may(s, t, first + i, at[i]))) fetch_tile(t, first + i);
        for (int32_t i = 0; i < n; i++) {
            if (!at[i]) continue;
            tile.item = t->codes + (first + i) * (int64_t)t->groups * (4 * AISLE_COMPACT_TILE);
            tile.scale = t->scale + (int64_t)(first + i) * AISLE_COMPACT_TILE;
            compact_floors_set(&floors, 0, s);
            compact_floors_of(&floors, t, first + i, tile.floor);
            if (j->k->int8_one(&tile, &hits) && hits.at[0] & at[i])
                compact_seek_take(s, j, first + i, hits.at[0] & at[i], hits.score);
        }
    }
}

/* Sends off those whom no item from the tile on can serve; true when there were any. */
static bool send_off(const compact_job *j, const place *p, crowd *c, int32_t tile)
{
    int32_t left = 0;
    for (int32_t i = 0; i < c->n; i++)
        if (compact_seek_reaches(&p->seek[c->slot[i]], j->q->table, (int64_t)tile * AISLE_COMPACT_TILE))
            c->slot[left++] = c->slot[i];
    bool any = left < c->n;
    c->n = left;
    return any;
}

static void pass_table(const compact_job *j, const place *p, int32_t n)
{
    const aisle_compact *t = j->q->table;
    const int32_t f4 = t->groups * 4;
    int32_t block = BLOCK_BYTES / (f4 * AISLE_COMPACT_TILE);
    if (block < 1) block = 1;
    int32_t refine_at = t->n_tiles / 4; /* by then the list is near what it will be */
    crowd c = {0};
    for (int32_t i = 0; i < n; i++)
        if (!p->seek[i].listed) c.slot[c.n++] = i;
    pack(p, &c, t->groups);
    for (int32_t first = 0; first < t->n_tiles && c.n; first += block) {
        int32_t end = t->n_tiles - first < block ? t->n_tiles : first + block;
        if (first >= refine_at) {
            for (int32_t i = 0; i < c.n; i++) compact_seek_refine(&p->seek[c.slot[i]], j);
            refine_at = 2 * first + 1;
        }
        if (send_off(j, p, &c, first) && c.n > 1) pack(p, &c, t->groups);
        /* Of a lone one: two read of all codes together what each would read of the coarse ones. */
        if (c.n == 1 && t->coarse) {
            pass_coarse(j, p, c.slot[0], first, end);
            continue;
        }
        for (int32_t i = 0; i < c.n; i += AISLE_INT8_USERS) {
            int32_t m = c.n - i < AISLE_INT8_USERS ? c.n - i : AISLE_INT8_USERS;
            const int8_t *user = m == 1 ? p->code + (int64_t)c.slot[i] * f4 : p->packed + (int64_t)i * f4;
            pass_tiles(j, p, c.slot + i, m, user, first, end);
        }
    }
}

/* Each allowed row is read once for neighbours first .. end-1, who have the same ones. */
static void pass_list(const compact_job *j, const place *p, int32_t first, int32_t end)
{
    const uint64_t *allowed = p->seek[first].allowed;
    const int32_t n_items = j->q->items->n_rows;
    for (int32_t w = 0; w * (int64_t)64 < n_items; w++)
        for (uint64_t bits = allowed[w]; bits; bits &= bits - 1) {
            int64_t id = (int64_t)w * 64 + __builtin_ctzll(bits);
            if (id >= n_items) return;
            const float *y = compact_row(j, (int32_t)id, p->row);
            for (int32_t i = first; i < end; i++) compact_seek_score(&p->seek[i], j, (int32_t)id, y);
        }
}

static void pass_lists(const compact_job *j, const place *p, int32_t n)
{
    for (int32_t first = 0, end; first < n; first = end) {
        const compact_seek *s = &p->seek[first];
        for (end = first + 1; end < n && s->listed && p->seek[end].allowed == s->allowed;) end++;
        if (s->listed) pass_list(j, p, first, end);
    }
}

static bool few_allowed(const aisle_compact_query *q, const uint64_t *allowed)
{
    int64_t n = 0;
    if (!allowed) return false;
    for (int32_t w = 0; w * (int64_t)64 < q->items->n_rows; w++) n += __builtin_popcountll(allowed[w]);
    return n <= q->items->n_rows / (q->row ? LISTED_READ : LISTED);
}

static void one_chunk(const compact_job *j, place *p, int32_t first, int32_t *ids, float *scores)
{
    const aisle_compact_query *q = j->q;
    const int32_t n = q->users->n_rows - first < j->chunk ? q->users->n_rows - first : j->chunk;
    const int32_t top = q->top.n, f4 = q->table->groups * 4;
    memset(p->code, 0, (size_t)n * f4);
    for (int32_t i = 0; i < n; i++) {
        compact_seek *s = &p->seek[i];
        compact_seek_storage(s, compact_wish(q, first + i).n,
                             p->key + (int64_t)i * 2 * aisle_select_room(top),
                             p->held + (int64_t)i * compact_held_room(top), p->row);
        compact_seek_start(s, j, first + i, p->code + (int64_t)i * f4);
        s->listed = i && s[-1].allowed == s->allowed ? s[-1].listed : few_allowed(q, s->allowed);
    }
    pass_lists(j, p, n);
    pass_table(j, p, n);
    for (int32_t i = 0; i < n; i++) {
        int64_t at = (int64_t)(first + i) * top;
        compact_seek_finish(&p->seek[i], j, ids + at, scores + at);
    }
}

static aisle_status check(const aisle_kernels *k, const aisle_compact_query *q, aisle_error *err)
{
    const aisle_compact *t = q->table;
    const aisle_csr *seen = q->top.seen;
    const int32_t f = t->n_factors;
    if (q->items->n_rows != t->n_rows || q->items->n_cols != f || q->users->n_cols != f)
        return aisle_fail(err, AISLE_EINVAL, "top-N: items %d x %d, users' factors %d, table %d x %d",
                          q->items->n_rows, q->items->n_cols, q->users->n_cols, t->n_rows, f);
    if (q->top.n < 1 || q->top.n > MAX_N)
        return aisle_fail(err, AISLE_EINVAL, "top-N: n %d must be 1 to %d", q->top.n, (int)MAX_N);
    if (seen && (seen->n_rows < q->users->n_rows || seen->n_cols != t->n_rows))
        return aisle_fail(err, AISLE_EINVAL, "top-N: seen is %d x %d, wanted %d x %d", seen->n_rows,
                          seen->n_cols, q->users->n_rows, t->n_rows);
    for (int32_t u = 0; u < q->users->n_rows; u++) {
        if (q->wish && (q->wish[u].n < 1 || q->wish[u].n > q->top.n))
            return aisle_fail(err, AISLE_EINVAL, "top-N: row %d wants %d, wanted 1 to %d", u, q->wish[u].n,
                              q->top.n);
        const float *x = aisle_mat_row(q->users, u);
        if (!(k->dot(f, x, x) < 0x1p125F)) /* a NaN fails too; rounding is far below the factor of 2 */
            return aisle_fail(err, AISLE_ENUMERIC, "top-N: row %d of the users is not finite or too long", u);
    }
    return AISLE_OK;
}

aisle_status compact_topn(const aisle_kernels *k, aisle_compact_work *w, const aisle_compact_query *q,
                          int32_t *ids, float *scores, aisle_error *err)
{
    AISLE_TRY(check(k, q, err));
    AISLE_TRY(make_room(w, q->top.n, q->table->groups * 4, err));
    int32_t n = q->users->n_rows, share = (int32_t)(((int64_t)n + w->threads - 1) / w->threads);
    share = (share + AISLE_INT8_USERS - 1) / AISLE_INT8_USERS * AISLE_INT8_USERS;
    const compact_job j = {k, q, share < CHUNK ? share : CHUNK};
    if (n <= AISLE_INT8_USERS) { /* no team for a handful */
        if (n) one_chunk(&j, &w->place[0], 0, ids, scores);
        return AISLE_OK;
    }
#pragma omp parallel for num_threads(w->threads) schedule(dynamic)
    for (int32_t c = 0; c < n; c += j.chunk) one_chunk(&j, &w->place[omp_get_thread_num()], c, ids, scores);
    return AISLE_OK;
}

aisle_status aisle_compact_topn(aisle_compact_work *w, const aisle_compact_query *q, int32_t *ids,
                                float *scores, aisle_error *err)
{
    return compact_topn(aisle_kernels_get(), w, q, ids, scores, err);
}
