/* The best hits of a search in the order of who searches. */
#include <stdlib.h>

#include "server/http/handlers/ask_search.h"

static const float text_share = 0.6F;

static int by_blend(const void *a, const void *b)
{
    const aisle_search_item *x = a, *y = b;
    if (x->blend != y->blend) return x->blend > y->blend ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

/* The shelf's items among the hits. */
static uint64_t *allow(const aisle_shelf *shelf, const aisle_search_item *items, int32_t n, int32_t *known,
                       aisle_arena *a)
{
    uint64_t *bits = aisle_arena_calloc(a, (size_t)aisle_shelf_words(shelf), sizeof *bits);
    for (int32_t i = 0; i < n && bits; i++) {
        known[i] = aisle_shelf_find(shelf, items[i].id);
        if (known[i] >= 0) bits[known[i] / 64] |= (uint64_t)1 << (known[i] % 64);
    }
    return bits;
}

static float score_of(const aisle_hits *hits, int32_t item, float least)
{
    for (int32_t i = 0; i < hits->n; i++)
        if (hits->hit[i].item == item) return hits->hit[i].score;
    return least;
}

static void blend(aisle_search_item *items, int32_t n, const int32_t *known, const aisle_hits *hits)
{
    float best = items[0].score, high = hits->hit[0].score, low = hits->hit[hits->n - 1].score;
    for (int32_t i = 0; i < n; i++) {
        float text = best > 0 ? items[i].score / best : 0;
        float model = high > low ? (score_of(hits, known[i], low) - low) / (high - low) : 0;
        items[i].blend = text_share * text + (1 - text_share) * model;
    }
    qsort(items, (size_t)n, sizeof *items, by_blend);
}

aisle_status aisle_search_personalize(aisle_search *s, aisle_search_item *items, int32_t n, bool *applied)
{
    aisle_request *r = s->work.r;
    aisle_arena *a = aisle_request_arena(r);
    aisle_shelf *shelf = aisle_shelf_get(aisle_request_app(r)->shelves);
    aisle_status st = AISLE_OK;
    *applied = false;
    if (!shelf) return AISLE_OK;
    int32_t *known = aisle_arena_calloc(a, (size_t)n, sizeof *known);
    uint64_t *allowed = known ? allow(shelf, items, n, known, a) : NULL;
    aisle_hits hits = {.hit = aisle_arena_calloc(a, (size_t)n, sizeof *hits.hit)};
    const aisle_answering w = aisle_answering_of(r, shelf, s->with);
    if (!allowed || !hits.hit)
        st = aisle_no_memory(r);
    else
        st = aisle_score_for(&w, &s->who, allowed, n, &hits, aisle_request_error(r));
    bool somebody = hits.strategy == AISLE_STRATEGY_PERSONAL || hits.strategy == AISLE_STRATEGY_SESSION ||
                    hits.strategy == AISLE_STRATEGY_HYBRID;
    if (st == AISLE_OK && hits.n && somebody) {
        blend(items, n, known, &hits);
        *applied = true;
    }
    aisle_shelf_unref(shelf);
    return st;
}
