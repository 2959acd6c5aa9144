/* The most similar rows of one row: its features' lists are added into an accumulator (Gustavson 1978), a tile of
 * cells at a time, rare features first. Once the frequent ones together cannot lift an untouched row to the k-th best
 * sum so far, their lists, the longest, are left out: rows that were touched and can still get there look their
 * products up (the bounds of Bayardo, Ma, Srikant 2007, "Scaling up all pairs similarity search", for top-k).
 *
 * Which way a sum takes does not show in its bytes: products are added in the order of features in both, and what
 * is left out cannot be among the best. Sums only grow, so a k-th best sum so far is a lower bound of the last one;
 * f32 sums of m products are at most (1 + gamma_m) times the real ones, which the upper bounds allow for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/backend/similar.h"

enum {
    RANK_MAX = 256,      /* keys that are sorted by n^2 comparisons */
    WORTH_A_LOOK = 4096, /* products left, below which no bound is looked at */
    LOOKUP_COST = 24,    /* products that are added in the time of one row's lookup */
    CANCEL_EVERY = 64,   /* lists; the sums are then left as they are: nobody asks for them again */
    FETCH_AHEAD = 4,     /* lists */
    FETCH_BYTES = 1024   /* of each */
};

aisle_status aisle_similar_scratch_init(aisle_similar_scratch *s, const aisle_similar_lists *l, int32_t k,
                                        const aisle_kernels *kernels, aisle_error *err)
{
    int32_t cells = l->n < AISLE_SIMILAR_TILE ? l->n : AISLE_SIMILAR_TILE;
    int64_t room = (int64_t)cells + AISLE_KERNEL_SLACK;
    bool wide = l->wild || l->longest > AISLE_SIMILAR_BLOCK;
    *s = (aisle_similar_scratch){.k = kernels, .keep = k < l->n_rows ? k + 1 : l->n_rows, .cells = cells};
    s->sum = aisle_calloc((size_t)room, sizeof *s->sum);
    s->wide_sum = wide ? aisle_calloc((size_t)room, sizeof *s->wide_sum) : NULL;
    s->touched = aisle_array(room, sizeof *s->touched);
    s->value = aisle_array(room, sizeof *s->value);
    s->weight = aisle_array(room, sizeof *s->weight);
    s->at = aisle_array(room, sizeof *s->at);
    s->wide = aisle_calloc((size_t)l->n_features + 1, sizeof *s->wide);
    s->cursor = aisle_array((int64_t)l->longest + 1, sizeof *s->cursor);
    s->rest = aisle_array((int64_t)l->longest + 1, sizeof *s->rest);
    s->key = aisle_array(aisle_select_room(s->keep), sizeof *s->key);
    s->sorted = aisle_array(aisle_select_room(s->keep), sizeof *s->sorted);
    if (s->sum && (s->wide_sum || !wide) && s->touched && s->value && s->weight && s->at && s->wide &&
        s->cursor && s->rest && s->key && s->sorted)
        return AISLE_OK;
    aisle_similar_scratch_deinit(s);
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for similarities of %d rows", l->n_rows);
}

void aisle_similar_scratch_deinit(aisle_similar_scratch *s)
{
    aisle_free(s->sum);
    aisle_free(s->wide_sum);
    aisle_free(s->touched);
    aisle_free(s->value);
    aisle_free(s->weight);
    aisle_free(s->at);
    aisle_free(s->wide);
    aisle_free(s->cursor);
    aisle_free(s->rest);
    aisle_free(s->key);
    aisle_free(s->sorted);
    *s = (aisle_similar_scratch){0};
}

/* One row against the groups first .. end - 1, cell c being group first + c. */
typedef struct tile {
    const aisle_similar_lists *l;
    aisle_similar_scratch *s;
    const aisle_posting *row;
    int32_t m; /* features */
    int32_t first, end;
} tile;

static inline bool is_zero(float x)
{
    uint32_t bits; /* a comparison of floats would also ask about NaN */
    memcpy(&bits, &x, sizeof bits);
    return bits == 0;
}

/* Adds w times a list, and what was zero to the touched cells; returns their new number. A cell at a time: an AVX-512
 * scatter is slower (Zen 4). Here and in lookup() a product is rounded, then the sum: the same bytes everywhere. */
static int32_t scatter(const tile *t, const aisle_posting *list, int64_t n, float w, int32_t n_touched)
{
    float *sum = t->s->sum;
    int32_t *touched = t->s->touched, first = t->first;
    for (int64_t i = 0; i < n; i++) {
        int32_t cell = list[i].id - first;
        float before = sum[cell];
        touched[n_touched] = cell;
        n_touched += is_zero(before);
        sum[cell] = before + w * list[i].w;
    }
    return n_touched;
}

/* s and what scatter() would have added to it with the features of `wide`, in the same order. */
static float lookup(int64_t n, const aisle_posting *row, const float *wide, float s)
{
    for (int64_t i = 0; i < n; i++) s += wide[row[i].id] * row[i].w;
    return s;
}

/* The part of list j that lies in the tile. Lists ascend and so do tiles: the cursor waits at the next one. */
static int64_t list_part(const tile *t, int32_t j, const aisle_posting **from)
{
    int64_t begin = t->s->cursor[j], end = t->l->list_ptr[t->row[j].id + 1];
    *from = t->l->list + begin;
    if (t->end == t->l->n) return end - begin;
    int64_t low = begin, high = end;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (t->l->list[middle].id < t->end)
            low = middle + 1;
        else
            high = middle;
    }
    t->s->cursor[j] = low;
    return low - begin;
}

/* Lists lie anywhere, and most are over before the hardware has seen where they go. e: an entry of any row. */
static void fetch_ahead(const aisle_similar_lists *l, int64_t e)
{
    if (e >= l->row_ptr[l->n]) return;
    const char *from = (const char *)(l->list + l->list_ptr[l->row[e].id]);
    const char *end = (const char *)(l->list + l->list_ptr[l->row[e].id + 1]);
    if (end - from > FETCH_BYTES) end = from + FETCH_BYTES;
    for (; from < end; from += 64) __builtin_prefetch(from);
}

/* The sums of the n touched cells, and how many rows each stands for; zeroes them if wanted. */
static void read_cells(const tile *t, int32_t n, bool clear)
{
    aisle_similar_scratch *s = t->s;
    if (clear)
        for (int32_t i = 0; i < n; i++) {
            float *cell = s->sum + s->touched[i];
            s->value[i] = *cell;
            *cell = 0;
        }
    else
        for (int32_t i = 0; i < n; i++) s->value[i] = s->sum[s->touched[i]];
    if (t->l->weight)
        for (int32_t i = 0; i < n; i++) s->weight[i] = t->l->weight[t->first + s->touched[i]];
}

static void clear_cells(const tile *t, int32_t n)
{
    for (int32_t i = 0; i < n; i++) t->s->sum[t->s->touched[i]] = 0;
}

/* What the keep-th best row has at least, as far as is known. */
static float floor_now(const tile *t, int32_t n)
{
    aisle_similar_scratch *s = t->s;
    float cut = s->k->cut(n, s->value, t->l->weight ? s->weight : NULL, s->keep);
    return cut > s->best.threshold ? cut : s->best.threshold;
}

/* s->rest[j]: no f32 sum over the features j .. m - 1 of the row and any other is greater. Both bounds, the sum of
 * the largest products and Cauchy-Schwarz, rounded up for gamma_m of the sum and some more for themselves. */
static void bound_rest(const tile *t)
{
    double sum = 0, square = 0, up = 1 + (2 * t->m + 8) * 0x1p-24;
    t->s->rest[t->m] = 0;
    for (int32_t j = t->m - 1; j >= 0; j--) {
        double w = (double)t->row[j].w;
        sum += w * (double)t->l->most[t->row[j].id];
        square += w * w;
        double norm = sqrt(square) * t->l->longest_norm;
        t->s->rest[j] = (float)((sum < norm ? sum : norm) * up);
    }
}

/* Lets the touched cells that can still be among the best look up their products with features j .. m - 1. Returns
 * how many they are: their numbers in touched, their sums in value; all sums are zero again. low: what is needed now. */
static int32_t look_up(const tile *t, int32_t n, int32_t j, float low)
{
    aisle_similar_scratch *s = t->s;
    const aisle_similar_lists *l = t->l;
    int32_t left = s->k->above(n, s->value, low, s->at), from = t->row[j].id;
    clear_cells(t, n);
    for (int32_t i = j; i < t->m; i++) s->wide[t->row[i].id] = t->row[i].w;
    for (int32_t i = 0; i < left; i++) {
        int32_t cell = s->touched[s->at[i]];
        int64_t begin = l->row_ptr[t->first + cell], end = l->row_ptr[t->first + cell + 1], e = end;
        while (e > begin && l->row[e - 1].id >= from) e--;
        s->value[i] = lookup(end - e, l->row + e, s->wide, s->value[s->at[i]]);
        s->touched[i] = cell;
        if (l->weight) s->weight[i] = l->weight[t->first + cell];
    }
    for (int32_t i = j; i < t->m; i++) s->wide[t->row[i].id] = 0;
    return left;
}

/* True when the lists j .. m - 1 may be left out; *low is then what a touched cell needs to be looked at again. */
static bool may_stop(const tile *t, int32_t n, int32_t j, int64_t products_left, float *low)
{
    read_cells(t, n, false);
    float cut = floor_now(t, n), rest = t->s->rest[j];
    if (!(rest < cut)) return false;
    /* sum + rest < cut, with rest rounded up and the sum's own gamma_m: sums below this cannot reach cut */
    double up = 1 + (2 * t->m + 8) * 0x1p-24;
    *low = nextafterf((float)((double)cut / up - (double)rest), 0);
    return (int64_t)t->s->k->above(n, t->s->value, *low, t->s->at) * LOOKUP_COST < products_left;
}

/* Adds the lists; returns how many cells hold something, with numbers in touched and sums in value. */
static int32_t add_lists(const tile *t)
{
    aisle_similar_scratch *s = t->s;
    int64_t left = 0;
    int32_t n = 0;
    for (int32_t j = 0; j < t->m; j++) left += t->l->list_ptr[t->row[j].id + 1] - s->cursor[j];
    if (left >= WORTH_A_LOOK) bound_rest(t);
    float tried = INFINITY;
    int64_t e = t->row - t->l->row + FETCH_AHEAD; /* the next row's first lists too */
    for (int32_t j = 0; j < t->m; j++) {
        float low;
        if (j % CANCEL_EVERY == 0 && aisle_canceled(s->progress)) return 0;
        fetch_ahead(t->l, e + j);
        if (left >= WORTH_A_LOOK && left >= 4 * (int64_t)n && n > 0 && s->rest[j] < tried) {
            if (may_stop(t, n, j, left, &low)) return look_up(t, n, j, low);
            tried = .8F * s->rest[j];
        }
        const aisle_posting *list;
        int64_t part = list_part(t, j, &list);
        n = scatter(t, list, part, t->row[j].w, n);
        left -= part;
    }
    read_cells(t, n, true);
    return n;
}

/* The same for rows whose sums are long or whose products may be too small or too large for f32. */
static int32_t add_lists_wide(const tile *t)
{
    aisle_similar_scratch *s = t->s;
    int32_t n_cells = t->end - t->first, n = 0;
    for (int32_t j = 0; j < t->m; j++) {
        const aisle_posting *list;
        if (j % CANCEL_EVERY == 0 && aisle_canceled(s->progress)) return 0;
        int64_t part = list_part(t, j, &list);
        for (int64_t i = 0; i < part; i++)
            s->wide_sum[list[i].id - t->first] += (double)t->row[j].w * (double)list[i].w;
    }
    for (int32_t c = 0; c < n_cells; c++) {
        float v = (float)s->wide_sum[c];
        s->wide_sum[c] = 0;
        s->touched[n] = c;
        s->value[n] = v;
        n += v > 0;
    }
    for (int32_t i = 0; t->l->weight && i < n; i++) s->weight[i] = t->l->weight[t->first + s->touched[i]];
    return n;
}

/* The rows of a group, smallest ids first: as many as could be kept. */
static void push_members(const aisle_similar_lists *l, aisle_similar_scratch *s, int32_t g, float score)
{
    if (!l->weight) { /* each group is a row, and member_ptr would be one miss more */
        if (score >= s->best.threshold) aisle_select_push(&s->best, score, l->member[g]);
        return;
    }
    int32_t begin = l->member_ptr[g], end = l->member_ptr[g + 1];
    if (end - begin > s->keep) end = begin + s->keep;
    for (int32_t i = begin; i < end && score >= s->best.threshold; i++)
        aisle_select_push(&s->best, score, l->member[i]);
}

static int descending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

static int32_t sort_best(aisle_similar_scratch *s)
{
    aisle_select_shrink(&s->best);
    int32_t n = s->best.count;
    if (n <= RANK_MAX) {
        s->k->rank(n, s->key, s->sorted);
    } else {
        memcpy(s->sorted, s->key, (size_t)n * sizeof *s->key);
        qsort(s->sorted, (size_t)n, sizeof *s->sorted, descending);
    }
    return n;
}

int32_t aisle_similar_group(const aisle_similar_lists *l, aisle_similar_scratch *s, int32_t g)
{
    tile t = {
        .l = l, .s = s, .row = l->row + l->row_ptr[g], .m = (int32_t)(l->row_ptr[g + 1] - l->row_ptr[g])};
    bool wide = l->wild || t.m > AISLE_SIMILAR_BLOCK;
    aisle_select_init(&s->best, s->key, s->keep);
    if (l->own[g] > 0) push_members(l, s, g, l->own[g]);
    for (int32_t j = 0; j < t.m; j++) s->cursor[j] = l->list_ptr[t.row[j].id];
    for (; t.m > 0 && t.first < l->n; t.first = t.end) {
        t.end = l->n - t.first < s->cells ? l->n : t.first + s->cells;
        int32_t n = wide ? add_lists_wide(&t) : add_lists(&t);
        n = s->k->above(n, s->value, floor_now(&t, n), s->at);
        for (int32_t i = 0; i < n; i++) {
            int32_t other = t.first + s->touched[s->at[i]];
            if (other != g) push_members(l, s, other, s->value[s->at[i]]);
        }
    }
    return sort_best(s);
}
