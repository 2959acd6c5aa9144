/* Rows and lists for similar_topk: equal rows grouped, groups and features renumbered, both directions stored.
 * Everything by counting: no sort, and nothing depends on the number of threads. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/backend/similar.h"

static float value(const aisle_csr *m, int64_t e)
{
    return m->val ? m->val[e] : 1.0F;
}

static int64_t length(const aisle_csr *m, int32_t r)
{
    return m->row_ptr[r + 1] - m->row_ptr[r];
}

static bool equal_rows(const aisle_csr *m, int32_t r, int32_t s)
{
    size_t n = (size_t)length(m, r);
    return length(m, s) == (int64_t)n &&
           memcmp(m->col + m->row_ptr[r], m->col + m->row_ptr[s], n * sizeof *m->col) == 0 &&
           (!m->val || memcmp(m->val + m->row_ptr[r], m->val + m->row_ptr[s], n * sizeof *m->val) == 0);
}

/* What is built on the way. */
typedef struct plan {
    const aisle_csr *a;
    int32_t threads;
    const aisle_progress *progress;
    uint64_t *hash;   /* [n_rows] */
    int32_t *slot;    /* [slots] group + 1 */
    int32_t *first;   /* [groups] its first row, in order of appearance */
    int32_t *group;   /* [n_rows] -1 = empty row */
    int32_t *number;  /* [groups] in order of length, of those in order of appearance */
    int32_t *feature; /* [n_cols] new number, -1 = left out */
} plan;

static void plan_deinit(plan *p)
{
    aisle_free(p->hash);
    aisle_free(p->slot);
    aisle_free(p->first);
    aisle_free(p->group);
    aisle_free(p->number);
    aisle_free(p->feature);
}

static void hash_rows(const plan *p)
{
    const aisle_csr *a = p->a;
#pragma omp parallel for num_threads(p->threads) schedule(dynamic, 512)
    for (int32_t r = 0; r < a->n_rows; r++) {
        size_t n = (size_t)length(a, r);
        uint64_t h = aisle_hash64(a->col + a->row_ptr[r], n * sizeof *a->col, n);
        p->hash[r] = a->val ? aisle_hash64(a->val + a->row_ptr[r], n * sizeof *a->val, h) : h;
    }
}

/* Open addressing, at most half full. Returns the number of groups. */
static int32_t find_groups(const plan *p, uint64_t slots)
{
    int32_t n = 0;
    for (int32_t r = 0; r < p->a->n_rows; r++) {
        p->group[r] = -1;
        if (length(p->a, r) == 0) continue;
        uint64_t i = p->hash[r] & (slots - 1);
        while (p->slot[i] && (p->hash[p->first[p->slot[i] - 1]] != p->hash[r] ||
                              !equal_rows(p->a, p->first[p->slot[i] - 1], r)))
            i = (i + 1) & (slots - 1);
        if (!p->slot[i]) {
            p->first[n] = r;
            p->slot[i] = ++n;
        }
        p->group[r] = p->slot[i] - 1;
    }
    return n;
}

/* order[i] of n things with these sizes, 0 .. most: their places by size, rising or falling, equal ones in order. */
static aisle_status places(int32_t n, const int32_t *size, int32_t most, bool falling, int32_t *place)
{
    int32_t *count = aisle_calloc((size_t)most + 2, sizeof *count);
    if (!count) return AISLE_ENOMEM;
    for (int32_t i = 0; i < n; i++) count[(falling ? most - size[i] : size[i]) + 1]++;
    for (int32_t l = 0; l < most; l++) count[l + 1] += count[l];
    for (int32_t i = 0; i < n; i++) place[i] = count[falling ? most - size[i] : size[i]]++;
    aisle_free(count);
    return AISLE_OK;
}

/* Numbers the groups and lists their members. */
static aisle_status make_members(const plan *p, aisle_similar_lists *l)
{
    int32_t n_rows = p->a->n_rows;
    int32_t *size = aisle_array(l->n, sizeof *size);
    l->member_ptr = aisle_calloc((size_t)l->n + 2, sizeof *l->member_ptr);
    l->member = aisle_array(n_rows, sizeof *l->member);
    aisle_status st = size && l->member_ptr && l->member ? AISLE_OK : AISLE_ENOMEM;
    for (int32_t g = 0; g < l->n && st == AISLE_OK; g++) {
        size[g] = (int32_t)length(p->a, p->first[g]);
        if (size[g] > l->longest) l->longest = size[g];
    }
    if (st == AISLE_OK) st = places(l->n, size, l->longest, true, p->number);
    aisle_free(size);
    if (st != AISLE_OK) return st;
    int32_t *begin = l->member_ptr + 1; /* moves on to the end of each group as it fills */
    for (int32_t r = 0; r < n_rows; r++)
        if (p->group[r] >= 0) begin[p->number[p->group[r]] + 1]++;
    for (int32_t g = 1; g <= l->n; g++) begin[g] += begin[g - 1];
    for (int32_t r = 0; r < n_rows; r++)
        if (p->group[r] >= 0) l->member[begin[p->number[p->group[r]]]++] = r;
    int32_t rows = l->member_ptr[l->n];
    if (rows == l->n) return AISLE_OK;
    l->weight = aisle_array(l->n, sizeof *l->weight);
    if (!l->weight) return AISLE_ENOMEM;
    for (int32_t g = 0; g < l->n; g++) l->weight[g] = l->member_ptr[g + 1] - l->member_ptr[g];
    return AISLE_OK;
}

static int32_t first_member(const aisle_similar_lists *l, int32_t g)
{
    return l->member[l->member_ptr[g]];
}

/* Numbers the features and sizes the lists. */
static aisle_status number_features(const plan *p, aisle_similar_lists *l)
{
    const aisle_csr *a = p->a;
    int32_t *df = aisle_calloc((size_t)a->n_cols + 1, sizeof *df);
    int32_t most = 0, alone = 0;
    aisle_status st = df ? AISLE_OK : AISLE_ENOMEM;
    if (st != AISLE_OK) goto done;
#pragma omp parallel for num_threads(p->threads) schedule(dynamic, 512)
    for (int32_t g = 0; g < l->n; g++) {
        int32_t r = first_member(l, g);
        for (int64_t e = a->row_ptr[r]; e < a->row_ptr[r + 1]; e++)
            __atomic_fetch_add(&df[a->col[e]], 1, __ATOMIC_RELAXED);
    }
    for (int32_t c = 0; c < a->n_cols; c++) {
        if (df[c] > most) most = df[c];
        alone += df[c] < 2;
    }
    st = places(a->n_cols, df, most, false, p->feature);
    if (st != AISLE_OK) goto done;
    l->n_features = a->n_cols - alone;
    l->list_ptr = aisle_calloc((size_t)l->n_features + 1, sizeof *l->list_ptr);
    if (!l->list_ptr) st = AISLE_ENOMEM;
    for (int32_t c = 0; c < a->n_cols && st == AISLE_OK; c++) {
        p->feature[c] = p->feature[c] < alone ? -1 : p->feature[c] - alone;
        if (p->feature[c] >= 0) l->list_ptr[p->feature[c] + 1] = df[c];
    }
    for (int32_t f = 0; f < l->n_features && st == AISLE_OK; f++) l->list_ptr[f + 1] += l->list_ptr[f];
done:
    aisle_free(df);
    return st;
}

/* The groups' rows with their features renumbered, in any order. */
static aisle_status renumber_rows(const plan *p, aisle_similar_lists *l)
{
    const aisle_csr *a = p->a;
    float least = INFINITY, greatest = 0;
    l->row_ptr = aisle_calloc((size_t)l->n + 1, sizeof *l->row_ptr);
    l->own = aisle_array(l->n, sizeof *l->own);
    l->row = aisle_array(l->list_ptr[l->n_features], sizeof *l->row);
    if (!l->row_ptr || !l->own || !l->row) return AISLE_ENOMEM;
#pragma omp parallel for num_threads(p->threads) schedule(dynamic, 512) reduction(min                        \
                                                                                  : least)                   \
    reduction(max                                                                                            \
              : greatest)
    for (int32_t g = 0; g < l->n; g++) {
        int32_t r = first_member(l, g), n = 0;
        double square = 0;
        for (int64_t e = a->row_ptr[r]; e < a->row_ptr[r + 1]; e++) {
            float v = value(a, e);
            n += p->feature[a->col[e]] >= 0;
            square += (double)v * (double)v;
            least = v < least ? v : least;
            greatest = v > greatest ? v : greatest;
        }
        l->row_ptr[g + 1] = n;
        l->own[g] = (float)square;
    }
    /* each product at least 2^-126, each sum of one block below 2^127 */
    l->wild = (double)least * (double)least < 0x1p-126 ||
              (double)greatest * (double)greatest * AISLE_SIMILAR_BLOCK > 0x1p127;
    for (int32_t g = 0; g < l->n; g++) l->row_ptr[g + 1] += l->row_ptr[g];
#pragma omp parallel for num_threads(p->threads) schedule(dynamic, 512)
    for (int32_t g = 0; g < l->n; g++) {
        int32_t r = first_member(l, g);
        int64_t at = l->row_ptr[g];
        for (int64_t e = a->row_ptr[r]; e < a->row_ptr[r + 1]; e++)
            if (p->feature[a->col[e]] >= 0)
                l->row[at++] = (aisle_posting){p->feature[a->col[e]], value(a, e)};
    }
    return AISLE_OK;
}

/* Rows (or lists) with a posting for each entry. */
typedef struct postings {
    int32_t n;
    const int64_t *ptr;
    aisle_posting *p;
} postings;

/* The first row at or after the part's share of the entries. */
static int32_t part_begin(const postings *m, int64_t part, int64_t parts)
{
    int64_t share = m->ptr[m->n] / parts * part;
    int32_t low = 0, high = m->n;
    if (part == parts) return m->n;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (m->ptr[middle] < share)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* to = the transpose of from; to->ptr is known. Each part of the rows counts, then writes behind the parts before
 * it. */
static aisle_status turn(const postings *from, const postings *to, int32_t threads)
{
    int64_t parts = 1 + from->ptr[from->n] / (2 * (int64_t)to->n + 65536); /* counts cost less than entries */
    parts = parts < threads ? parts : threads;
    int64_t cells;
    int64_t *at =
        aisle_size_mul(parts, (int64_t)to->n + 1, &cells) ? NULL : aisle_calloc((size_t)cells, sizeof *at);
    if (!at) return AISLE_ENOMEM;
#pragma omp parallel num_threads((int)parts)
    {
#pragma omp for schedule(static, 1)
        for (int64_t part = 0; part < parts; part++) {
            int64_t *mine = at + part * to->n;
            int32_t begin = part_begin(from, part, parts), end = part_begin(from, part + 1, parts);
            for (int64_t e = from->ptr[begin]; e < from->ptr[end]; e++) mine[from->p[e].id]++;
        }
#pragma omp for schedule(static)
        for (int32_t i = 0; i < to->n; i++) {
            int64_t sum = to->ptr[i];
            for (int64_t part = 0; part < parts; part++) {
                int64_t count = at[part * to->n + i];
                at[part * to->n + i] = sum;
                sum += count;
            }
        }
#pragma omp for schedule(static, 1)
        for (int64_t part = 0; part < parts; part++) {
            int64_t *mine = at + part * to->n;
            for (int32_t r = part_begin(from, part, parts), end = part_begin(from, part + 1, parts); r < end;
                 r++)
                for (int64_t e = from->ptr[r]; e < from->ptr[r + 1]; e++)
                    to->p[mine[from->p[e].id]++] = (aisle_posting){r, from->p[e].w};
        }
    }
    aisle_free(at);
    return AISLE_OK;
}

/* What bounds are made of. */
static aisle_status measure(const plan *p, aisle_similar_lists *l)
{
    double norm = 0;
    l->most = aisle_array(l->n_features, sizeof *l->most);
    if (!l->most) return AISLE_ENOMEM;
#pragma omp parallel for num_threads(p->threads) schedule(dynamic, 512)
    for (int32_t f = 0; f < l->n_features; f++) {
        l->most[f] = 0;
        for (int64_t e = l->list_ptr[f]; e < l->list_ptr[f + 1]; e++)
            if (l->list[e].w > l->most[f]) l->most[f] = l->list[e].w;
    }
#pragma omp parallel for num_threads(p->threads) schedule(dynamic, 512) reduction(max : norm)
    for (int32_t g = 0; g < l->n; g++) {
        double square = 0;
        for (int64_t e = l->row_ptr[g]; e < l->row_ptr[g + 1]; e++)
            square += (double)l->row[e].w * (double)l->row[e].w;
        norm = square > norm ? square : norm;
    }
    l->longest_norm = sqrt(norm);
    return AISLE_OK;
}

static aisle_status build(plan *p, aisle_similar_lists *l)
{
    const aisle_csr *a = p->a;
    uint64_t slots = 16;
    while (slots < 2 * (uint64_t)a->n_rows) slots *= 2;
    p->hash = aisle_array(a->n_rows, sizeof *p->hash);
    p->slot = aisle_calloc(slots, sizeof *p->slot);
    p->first = aisle_array(a->n_rows, sizeof *p->first);
    p->group = aisle_array(a->n_rows, sizeof *p->group);
    p->number = aisle_array(a->n_rows, sizeof *p->number);
    p->feature = aisle_array(a->n_cols, sizeof *p->feature);
    if (!p->hash || !p->slot || !p->first || !p->group || !p->number || !p->feature) return AISLE_ENOMEM;
    hash_rows(p);
    l->n_rows = a->n_rows;
    l->n = find_groups(p, slots);
    AISLE_TRY(make_members(p, l));
    if (aisle_canceled(p->progress)) return AISLE_ECANCELED;
    AISLE_TRY(number_features(p, l));
    AISLE_TRY(renumber_rows(p, l));
    if (aisle_canceled(p->progress)) return AISLE_ECANCELED;
    l->list = aisle_array(l->row_ptr[l->n], sizeof *l->list);
    if (!l->list) return AISLE_ENOMEM;
    const postings rows = {l->n, l->row_ptr, l->row}, lists = {l->n_features, l->list_ptr, l->list};
    AISLE_TRY(turn(&rows, &lists, p->threads));
    if (aisle_canceled(p->progress)) return AISLE_ECANCELED;
    AISLE_TRY(turn(&lists, &rows, p->threads)); /* and back: now each row's features ascend */
    return measure(p, l);
}

aisle_status aisle_similar_lists_init(aisle_similar_lists *l, const aisle_csr *a, int32_t threads,
                                      const aisle_progress *progress, aisle_error *err)
{
    plan p = {.a = a, .threads = threads, .progress = progress};
    *l = (aisle_similar_lists){0};
    aisle_status st = build(&p, l);
    plan_deinit(&p);
    if (st == AISLE_OK) return st;
    aisle_similar_lists_deinit(l);
    return st == AISLE_ECANCELED
               ? aisle_fail(err, st, "similar rows canceled")
               : aisle_fail(err, st, "out of memory for similarities of %d rows", a->n_rows);
}

void aisle_similar_lists_deinit(aisle_similar_lists *l)
{
    aisle_free(l->member_ptr);
    aisle_free(l->member);
    aisle_free(l->weight);
    aisle_free(l->own);
    aisle_free(l->row_ptr);
    aisle_free(l->list_ptr);
    aisle_free(l->row);
    aisle_free(l->list);
    aisle_free(l->most);
    *l = (aisle_similar_lists){0};
}
