/* Greedy: what is chosen next lifts the largest likeness of what is left, so that each pair is compared once. */
#include "server/recommend/diversify.h"

#include <math.h>

bool aisle_is_capped(const aisle_candidate *c, const aisle_diversity *d, const aisle_candidate *chosen,
                     int32_t n_chosen)
{
    for (int g = 0; g < AISLE_CAPS; g++) {
        int32_t same = 0;
        for (int32_t k = 0; d->cap[g] && c->group[g] && k < n_chosen; k++)
            same += chosen[k].group[g] == c->group[g];
        if (d->cap[g] && same >= d->cap[g]) return true;
    }
    return false;
}

typedef struct state {
    const aisle_candidate *pool;
    const aisle_diversity *d;
    int32_t n;
    double *relevance; /* (1 - d) rel */
    double *nearest;   /* largest likeness to what is chosen; -INFINITY = nothing is */
    bool *gone;        /* chosen, or capped for good */
} state;

static bool init(state *s, aisle_arena *a)
{
    s->relevance = aisle_arena_calloc(a, (size_t)s->n + 1, sizeof *s->relevance);
    s->nearest = aisle_arena_calloc(a, (size_t)s->n + 1, sizeof *s->nearest);
    s->gone = aisle_arena_calloc(a, (size_t)s->n + 1, sizeof *s->gone);
    if (!s->relevance || !s->nearest || !s->gone) return false;
    double least = INFINITY, most = -INFINITY;
    for (int32_t i = 0; i < s->n; i++) {
        least = fmin(least, s->pool[i].score);
        most = fmax(most, s->pool[i].score);
    }
    for (int32_t i = 0; i < s->n; i++) {
        double rel = most > least ? (s->pool[i].score - least) / (most - least) : 1;
        s->relevance[i] = (1 - s->d->by) * rel;
        s->nearest[i] = -INFINITY;
    }
    return true;
}

static void note(state *s, int32_t item)
{
    for (int32_t i = 0; i < s->n; i++) {
        s->gone[i] = s->gone[i] || s->pool[i].item == item;
        if (s->gone[i] || !(s->d->by > 0)) continue;
        s->nearest[i] = fmax(s->nearest[i], s->d->likeness(s->d->ctx, s->pool[i].item, item));
    }
}

static double value(const state *s, int32_t i)
{
    return s->relevance[i] - (s->nearest[i] > -INFINITY ? s->d->by * s->nearest[i] : 0);
}

/* -1: none is left. */
static int32_t next(state *s, const aisle_candidate *chosen, int32_t n_chosen)
{
    int32_t best = -1;
    for (int32_t i = 0; i < s->n; i++) {
        if (s->gone[i] || (best >= 0 && !(value(s, i) > value(s, best)))) continue;
        if (aisle_is_capped(&s->pool[i], s->d, chosen, n_chosen))
            s->gone[i] = true;
        else
            best = i;
    }
    return best;
}

bool aisle_diversify(const aisle_candidate *pool, int32_t n_pool, const aisle_diversity *d, int32_t n,
                     aisle_candidate *chosen, int32_t *n_chosen, aisle_arena *a)
{
    state s = {.pool = pool, .d = d, .n = n_pool};
    if (!init(&s, a)) return false;
    for (int32_t k = 0; k < *n_chosen; k++) note(&s, chosen[k].item);
    for (int32_t i; *n_chosen < n && (i = next(&s, chosen, *n_chosen)) >= 0;) {
        chosen[(*n_chosen)++] = pool[i];
        note(&s, pool[i].item);
    }
    return true;
}
