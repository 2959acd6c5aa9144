/* Branch and bound over the weights. The best m of a range of weights are asked for; what is not among them scores at most as
 * the last of them, and counts at most that by the range's largest weight. Where this is below the n-th best so far the range is
 * done; else it is halved, and a range of one weight is done by its own order. */
#include "server/recommend/boost.h"

#include <math.h>
#include <string.h>

/* Of a product: the shop keeper's boosts come on top of the question's, and low * high must stay a float. */
static const double least_weight = 1e-18, most_weight = 1e18;

typedef struct ranked {
    double key; /* boosted: a double keeps scores apart that a float would round together */
    aisle_hit hit;
} ranked;

typedef struct search {
    const aisle_boosting *b;
    aisle_arena *arena;
    float *by;      /* [n_items]: the product of its boosts */
    uint64_t *seen; /* what has been returned */
    uint64_t *bits;
    aisle_hits hits; /* of one call */
    ranked *best;    /* [n]: sorted */
    int32_t n_best;
    bool popular; /* all so far is */
    bool begun;
    aisle_strategy strategy;
} search;

static int64_t words(const search *s)
{
    return ((int64_t)s->b->n_items + 63) / 64;
}

static bool has(const uint64_t *bits, int32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static bool is_before(const ranked *a, const ranked *b)
{
    return a->key > b->key || (a->key == b->key && a->hit.item < b->hit.item);
}

static void offer(search *s, const aisle_hit *hit)
{
    ranked r = {aisle_boosted((double)hit->score, (double)s->by[hit->item]), *hit};
    int32_t at = s->n_best;
    if (at == s->b->n) {
        if (!is_before(&r, &s->best[at - 1])) return;
        at--;
    } else
        s->n_best++;
    for (; at > 0 && is_before(&r, &s->best[at - 1]); at--) s->best[at] = s->best[at - 1];
    r.hit.score = (float)r.key;
    s->best[at] = r;
}

/* Popular items stand in for a strategy that found nothing: beside hits of another one their scores mean nothing. */
static bool counts(search *s)
{
    bool popular = s->hits.strategy == AISLE_STRATEGY_POPULAR;
    if (s->hits.n == 0) return false;
    if (s->begun && popular && !s->popular) return false;
    if (s->begun && !popular && s->popular) s->n_best = 0;
    s->begun = true;
    s->popular = popular;
    s->strategy = s->hits.strategy;
    return true;
}

/* The best m of what is not seen yet, of weights low..high. */
static aisle_status call(search *s, float low, float high, int32_t m, aisle_error *err)
{
    const aisle_boosting *b = s->b;
    memset(s->bits, 0, (size_t)words(s) * sizeof *s->bits);
    for (int32_t i = 0; i < b->n_items; i++)
        s->bits[i / 64] |= (uint64_t)(s->by[i] >= low && s->by[i] <= high) << (i % 64);
    for (int64_t w = 0; w < words(s); w++) s->bits[w] &= b->allowed[w] & ~s->seen[w];
    s->hits.n = 0;
    AISLE_TRY(b->source->best(b->source->ctx, s->bits, m, false, &s->hits, err));
    if (!counts(s)) s->hits.n = 0;
    for (int32_t h = 0; h < s->hits.n; h++) {
        int32_t i = s->hits.hit[h].item;
        s->seen[i / 64] |= (uint64_t)1 << (i % 64);
        offer(s, &s->hits.hit[h]);
    }
    return AISLE_OK;
}

/* The weights that there are in low..high of what is allowed, and whether only those two. False: none. */
static bool narrow(const search *s, float *low, float *high, bool *two)
{
    float least = INFINITY, most = 0;
    for (int32_t i = 0; i < s->b->n_items; i++) {
        float by = s->by[i];
        if (by < *low || by > *high || !has(s->b->allowed, i)) continue;
        least = by < least ? by : least;
        most = by > most ? by : most;
    }
    *two = true;
    for (int32_t i = 0; i < s->b->n_items && *two; i++)
        *two = s->by[i] <= least || s->by[i] >= most || !has(s->b->allowed, i);
    *low = least;
    *high = most;
    return least <= most;
}

static aisle_status look(search *s, float low, float high, aisle_error *err)
{
    const int32_t n = s->b->n;
    bool two;
    if (!narrow(s, &low, &high, &two)) return AISLE_OK;
    if (two && low < high) { /* sooner than both at once, and then each */
        AISLE_TRY(look(s, high, high, err));
        return look(s, low, low, err);
    }
    int32_t m = low == high ? n : 4 * n;
    if (m > AISLE_SOURCE_MOST || s->b->source->unsorted) m = AISLE_SOURCE_MOST;
    AISLE_TRY(call(s, low, high, m, err));
    if (s->hits.n < m || low == high) return AISLE_OK;
    double bound = aisle_boosted((double)s->hits.hit[m - 1].score, (double)high);
    if (s->n_best == n && bound < s->best[n - 1].key) return AISLE_OK;
    float middle = sqrtf(low * high); /* rounding must not leave a half empty */
    if (!(middle >= low && middle < high)) middle = low;
    AISLE_TRY(look(s, nextafterf(middle, INFINITY), high, err));
    return look(s, low, middle, err);
}

static aisle_status make_room(search *s, aisle_error *err)
{
    const aisle_boosting *b = s->b;
    s->by = aisle_arena_alloc(s->arena, ((size_t)b->n_items + 1) * sizeof *s->by);
    s->seen = aisle_arena_calloc(s->arena, (size_t)words(s) + 1, sizeof *s->seen);
    s->bits = aisle_arena_calloc(s->arena, (size_t)words(s) + 1, sizeof *s->bits);
    s->best = aisle_arena_calloc(s->arena, (size_t)b->n + 1, sizeof *s->best);
    s->hits.hit = aisle_arena_calloc(s->arena, AISLE_SOURCE_MOST, sizeof *s->hits.hit);
    if (!s->by || !s->seen || !s->bits || !s->best || !s->hits.hit)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for boosts");
    for (int32_t i = 0; i < b->n_items; i++) {
        double by = 1;
        for (int32_t k = 0; k < b->n_boosts; k++)
            if (has(b->boosts[k].bits, i)) by *= b->boosts[k].by;
        s->by[i] = (float)fmin(fmax(by, least_weight), most_weight);
    }
    return AISLE_OK;
}

aisle_status aisle_boost_best(const aisle_boosting *b, aisle_arena *a, aisle_hits *out, aisle_error *err)
{
    search s = {.b = b, .arena = a, .strategy = AISLE_STRATEGY_POPULAR};
    if (!b->n_boosts) return b->source->best(b->source->ctx, b->allowed, b->n, false, out, err);
    AISLE_TRY(make_room(&s, err));
    AISLE_TRY(look(&s, 0, INFINITY, err));
    for (int32_t h = 0; h < s.n_best; h++) out->hit[h] = s.best[h].hit;
    out->n = s.n_best;
    out->strategy = s.strategy;
    return AISLE_OK;
}
