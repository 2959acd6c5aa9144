/* The pinned ones that the source has not chosen are asked for by themselves; then both lists are laid out anew. */
#include "server/recommend/pin.h"

#include <string.h>

#include "server/recommend/boost.h"
#include "server/recommend/diversify.h"
#include "server/recommend/offer.h"

typedef struct pinned {
    int32_t position, order;
    aisle_hit hit;
    const float *shares; /* of the hit; NULL = none */
    bool known;          /* the hit has the source's score */
} pinned;

typedef struct pinning {
    const aisle_choosing *c;
    int64_t before; /* products on earlier pages */
    pinned *pins;
    int32_t n;
    bool *capped;    /* [hits->n]: pins have taken its place */
    aisle_hits said; /* of the source, of those that it had not chosen */
} pinning;

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for pinned products");
}

static const float *shares_of(const aisle_hits *hits, int32_t h)
{
    return hits->shares ? hits->shares + (int64_t)h * hits->n_parts : NULL;
}

static bool is_pinned(const pinning *p, int32_t item)
{
    for (int32_t i = 0; i < p->n; i++)
        if (p->pins[i].hit.item == item) return true;
    return false;
}

/* In order of their places, those of one place as they came. */
static void insert(pinning *p, int32_t item, int32_t position)
{
    int32_t at = p->n++;
    for (; at > 0 && p->pins[at - 1].position > position; at--) p->pins[at] = p->pins[at - 1];
    p->pins[at] = (pinned){.position = position, .hit = {.item = item}};
}

static aisle_status gather(pinning *p, bool (*masked)(const void *ctx, int32_t item), const void *ctx,
                           aisle_error *err)
{
    const aisle_wishes *wish = p->c->wishes;
    const uint64_t *allowed;
    p->pins = aisle_arena_calloc(p->c->w->arena, (size_t)wish->n_pins, sizeof *p->pins);
    if (!p->pins) return no_memory(err);
    AISLE_TRY(aisle_offer_bits(p->c->w, p->c->filter, &allowed, err));
    for (int32_t k = 0; k < wish->n_pins; k++) {
        int32_t i = aisle_shelf_find(p->c->w->shelf, wish->pins[k].product);
        if (i < 0 || !(allowed[i / 64] >> (i % 64) & 1) || is_pinned(p, i)) continue;
        if (!masked || !masked(ctx, i)) insert(p, i, wish->pins[k].position);
    }
    return AISLE_OK;
}

static void learn(pinning *p, const aisle_hits *from, bool score)
{
    for (int32_t i = 0; i < p->n; i++)
        for (int32_t h = 0; h < from->n; h++) {
            pinned *pin = &p->pins[i];
            if (from->hit[h].item != pin->hit.item) continue;
            float kept = pin->hit.score;
            pin->hit = from->hit[h];
            if (!score) pin->hit.score = kept;
            pin->shares = shares_of(from, h);
            pin->known = true;
        }
}

/* Scores, and then reasons, of those that are not in the list. */
static aisle_status ask(pinning *p, aisle_error *err)
{
    const aisle_choosing *c = p->c;
    const aisle_shelf *s = c->w->shelf;
    uint64_t *bits = aisle_arena_calloc(c->w->arena, (size_t)aisle_shelf_words(s) + 1, sizeof *bits);
    aisle_boost *boosts = aisle_arena_calloc(c->w->arena, (size_t)c->wishes->n_boosts + 1, sizeof *boosts);
    int32_t n = 0;
    p->said.hit = aisle_arena_calloc(c->w->arena, (size_t)p->n, sizeof *p->said.hit);
    if (!bits || !boosts || !p->said.hit) return no_memory(err);
    for (int32_t i = 0; i < p->n; i++) {
        if (p->pins[i].known) continue;
        bits[p->pins[i].hit.item / 64] |= (uint64_t)1 << (p->pins[i].hit.item % 64);
        n++;
    }
    if (!n) return AISLE_OK;
    for (int32_t k = 0; k < c->wishes->n_boosts; k++) {
        boosts[k].by = c->wishes->boosts[k].by;
        AISLE_TRY(aisle_offer_bits(c->w, &c->wishes->boosts[k].filter, &boosts[k].bits, err));
    }
    const aisle_boosting b = {c->source, bits, s->n_items, boosts, c->wishes->n_boosts, n};
    AISLE_TRY(aisle_boost_best(&b, c->w->arena, &p->said, err));
    learn(p, &p->said, true);
    if (!c->explain) return AISLE_OK;
    AISLE_TRY(c->source->best(c->source->ctx, bits, n, true, &p->said, err));
    learn(p, &p->said, false);
    return AISLE_OK;
}

/* Pins that stand in this list count for the caps, wherever in it; of the others, the better ones go first. */
static aisle_status find_capped(pinning *p, const aisle_hits *hits, aisle_error *err)
{
    const aisle_choosing *c = p->c;
    const aisle_diversity caps = {.cap = {c->wishes->max_per_category, c->wishes->max_per_brand}};
    const size_t room = (size_t)p->n + (size_t)hits->n + 1;
    aisle_candidate *all = aisle_arena_calloc(c->w->arena, room, sizeof *all);
    int32_t n = 0;
    p->capped = aisle_arena_calloc(c->w->arena, (size_t)hits->n + 1, sizeof *p->capped);
    if (!all || !p->capped) return no_memory(err);
    for (int32_t i = 0; i < p->n && p->pins[i].position - p->before <= c->n; i++)
        all[n++].item = p->pins[i].hit.item;
    const int32_t n_pins = n;
    for (int32_t h = 0; h < hits->n; h++) all[n + h].item = hits->hit[h].item;
    AISLE_TRY(aisle_find_groups(c, all, n + hits->n, NULL, err));
    for (int32_t h = 0; h < hits->n; h++) {
        const aisle_candidate one = all[n_pins + h];
        if (is_pinned(p, one.item)) continue;
        p->capped[h] = aisle_is_capped(&one, &caps, all, n);
        if (!p->capped[h]) all[n++] = one;
    }
    return AISLE_OK;
}

static aisle_status lay_out(const pinning *p, aisle_hits *hits, aisle_error *err)
{
    const int32_t parts = hits->n_parts > p->said.n_parts ? hits->n_parts : p->said.n_parts;
    const int32_t most = p->c->n;
    aisle_hit *out = aisle_arena_calloc(p->c->w->arena, (size_t)most + 1, sizeof *out);
    float *shares = aisle_arena_calloc(p->c->w->arena, (size_t)most * (size_t)parts + 1, sizeof *shares);
    int32_t n = 0, pin = 0, h = 0;
    if (!out || !shares) return no_memory(err);
    while (n < most) {
        const float *from = NULL;
        while (h < hits->n && (p->capped[h] || is_pinned(p, hits->hit[h].item))) h++;
        if (pin < p->n && (p->pins[pin].position - p->before <= n + 1 || h == hits->n)) {
            from = p->pins[pin].shares;
            out[n] = p->pins[pin++].hit;
        } else if (h < hits->n) {
            from = shares_of(hits, h);
            out[n] = hits->hit[h++];
        } else
            break;
        if (from) memcpy(shares + (int64_t)n * parts, from, (size_t)parts * sizeof *shares);
        n++;
    }
    memcpy(hits->hit, out, (size_t)n * sizeof *out);
    hits->n = n;
    hits->shares = parts ? shares : NULL;
    hits->n_parts = parts;
    return AISLE_OK;
}

aisle_status aisle_pin_hits(const aisle_choosing *c, int64_t before,
                            bool (*masked)(const void *ctx, int32_t item), const void *ctx, aisle_hits *hits,
                            aisle_error *err)
{
    pinning p = {.c = c, .before = before};
    if (!c->wishes->n_pins) return AISLE_OK;
    AISLE_TRY(gather(&p, masked, ctx, err));
    if (!p.n) return AISLE_OK;
    learn(&p, hits, true);
    AISLE_TRY(ask(&p, err));
    AISLE_TRY(find_capped(&p, hits, err));
    return lay_out(&p, hits, err);
}
