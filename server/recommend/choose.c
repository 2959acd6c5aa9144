/* Rounds: the best of what is allowed, and of them those that diversity and caps take. When caps left places empty, what they
 * are full of is no longer allowed in the next round, so that each adds something. */
#include "server/recommend/choose.h"

#include <math.h>
#include <string.h>

#include "aisle/rng.h"
#include "server/recommend/boost.h"
#include "server/recommend/diversify.h"
#include "server/recommend/item_likeness.h"
#include "server/recommend/offer.h"

typedef struct choice {
    const aisle_choosing *c;
    uint64_t *allowed; /* a copy: what has been looked at goes out */
    aisle_boost *boosts;
    aisle_diversity diversity;
    aisle_candidate *chosen;     /* [n]; the first are those that stood before */
    aisle_str *name[AISLE_CAPS]; /* [n]: the groups' names, with caps */
    int32_t n_chosen;
    aisle_hits pool;
    int32_t pool_n;
    aisle_candidate *candidates; /* [pool_n] */
    aisle_str *pool_name[AISLE_CAPS];
} choice;

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the recommendations");
}

static void take_out(uint64_t *bits, int32_t i)
{
    bits[i / 64] &= ~((uint64_t)1 << (i % 64));
}

static bool is_capped(const aisle_wishes *wish)
{
    return wish->max_per_category > 0 || wish->max_per_brand > 0;
}

static bool is_plain(const aisle_wishes *wish)
{
    return !wish->n_boosts && !(wish->min_score > -INFINITY) && !(wish->diversity > 0) && !is_capped(wish);
}

static double likeness(const void *ctx, int32_t a, int32_t b)
{
    return aisle_likeness(ctx, a, b);
}

/* ---- groups ---- */

static bool copy_name(aisle_arena *a, aisle_str from, aisle_str *to)
{
    *to = (aisle_str){from.ptr ? aisle_arena_strndup(a, from.ptr, from.len) : NULL, from.len};
    return !from.ptr || to->ptr;
}

/* Categories and brands of n items, by name: numbers of the catalogue do not outlive its end. */
aisle_status aisle_find_groups(const aisle_choosing *c, aisle_candidate *of, int32_t n,
                               aisle_str *const *name, aisle_error *err)
{
    bool ok = true;
    if (!is_capped(c->wishes)) return AISLE_OK;
    AISLE_TRY(aisle_catalogue_begin(c->w->catalogue, c->w->view, err));
    for (int32_t i = 0; i < n && ok; i++) {
        int32_t row = c->w->shelf->row[of[i].item];
        int32_t slot = row < 0 ? -1 : aisle_catalogue_slot_of_row(c->w->catalogue, row);
        if (slot < 0) continue;
        const aisle_str of_item[AISLE_CAPS] = {aisle_catalogue_category(c->w->catalogue, slot),
                                               aisle_catalogue_brand(c->w->catalogue, slot)};
        for (int g = 0; g < AISLE_CAPS && ok; g++) {
            ok = !name || copy_name(c->w->arena, of_item[g], &name[g][i]);
            if (of_item[g].ptr) of[i].group[g] = aisle_hash64(of_item[g].ptr, of_item[g].len, 1) | 1;
        }
    }
    aisle_catalogue_end(c->w->catalogue);
    return ok ? AISLE_OK : no_memory(err);
}

/* Takes out what the caps let no more of in. */
static aisle_status close_groups(choice *k, aisle_error *err)
{
    static const aisle_where_kind kinds[AISLE_CAPS] = {AISLE_WHERE_NODE, AISLE_WHERE_BRAND};
    const aisle_answering *w = k->c->w;
    aisle_where any = {.kind = AISLE_WHERE_ANY}, leaf[AISLE_CAPS];
    const aisle_where **end = &any.child;
    const uint64_t *full;
    for (int g = 0; g < AISLE_CAPS; g++) {
        aisle_str *values = aisle_arena_calloc(w->arena, (size_t)k->n_chosen + 1, sizeof *values);
        if (!values) return no_memory(err);
        leaf[g] = (aisle_where){.kind = kinds[g], .values = values};
        for (int32_t i = 0; i < k->n_chosen; i++) {
            aisle_diversity one = {
                .cap = {g == 0 ? k->diversity.cap[0] : 0, g == 1 ? k->diversity.cap[1] : 0}};
            if (aisle_is_capped(&k->chosen[i], &one, k->chosen, k->n_chosen))
                values[leaf[g].n_values++] = k->name[g][i];
        }
        *end = &leaf[g];
        end = &leaf[g].next;
    }
    const aisle_filter filter = {.where = &any};
    AISLE_TRY(aisle_offer_bits(w, &filter, &full, err));
    for (int64_t i = 0; i < aisle_shelf_words(w->shelf); i++) k->allowed[i] &= ~full[i];
    return AISLE_OK;
}

/* ---- rounds ---- */

static aisle_status compile_boosts(choice *k, aisle_error *err)
{
    const aisle_wishes *wish = k->c->wishes;
    k->boosts = aisle_arena_calloc(k->c->w->arena, (size_t)wish->n_boosts + 1, sizeof *k->boosts);
    if (!k->boosts) return no_memory(err);
    for (int32_t i = 0; i < wish->n_boosts; i++) {
        k->boosts[i].by = wish->boosts[i].by;
        AISLE_TRY(aisle_offer_bits(k->c->w, &wish->boosts[i].filter, &k->boosts[i].bits, err));
    }
    return AISLE_OK;
}

static int32_t pool_size(const aisle_choosing *c)
{
    int64_t n = c->n;
    if (is_capped(c->wishes)) n *= 4;
    if (c->wishes->diversity > 0) {
        n = c->n * (int64_t)AISLE_DIVERSITY_TIMES;
        if (n < AISLE_DIVERSITY_POOL) n = AISLE_DIVERSITY_POOL;
    }
    return n < AISLE_SOURCE_MOST && !c->source->unsorted ? (int32_t)n : AISLE_SOURCE_MOST;
}

static aisle_status begin(choice *k, const uint64_t *allowed, const aisle_hits *hits, aisle_error *err)
{
    const aisle_answering *w = k->c->w;
    const size_t words = (size_t)aisle_shelf_words(w->shelf), n = (size_t)k->c->n + 1;
    k->pool_n = pool_size(k->c);
    k->allowed = aisle_arena_calloc(w->arena, words + 1, sizeof *k->allowed);
    k->chosen = aisle_arena_calloc(w->arena, n, sizeof *k->chosen);
    k->candidates = aisle_arena_calloc(w->arena, (size_t)k->pool_n, sizeof *k->candidates);
    k->pool.hit = aisle_arena_calloc(w->arena, (size_t)k->pool_n, sizeof *k->pool.hit);
    bool ok = k->allowed && k->chosen && k->candidates && k->pool.hit;
    for (int g = 0; g < AISLE_CAPS; g++) {
        k->name[g] = aisle_arena_calloc(w->arena, n, sizeof **k->name);
        k->pool_name[g] = aisle_arena_calloc(w->arena, (size_t)k->pool_n, sizeof **k->pool_name);
        ok = ok && k->name[g] && k->pool_name[g];
    }
    if (!ok) return no_memory(err);
    memcpy(k->allowed, allowed, words * sizeof *allowed);
    for (int32_t h = 0; h < hits->n; h++) {
        take_out(k->allowed, hits->hit[h].item);
        k->chosen[k->n_chosen++] = (aisle_candidate){hits->hit[h].item, (double)hits->hit[h].score, {0}};
    }
    AISLE_TRY(aisle_find_groups(k->c, k->chosen, k->n_chosen, k->name, err));
    return compile_boosts(k, err);
}

static aisle_status fill_pool(choice *k, aisle_error *err)
{
    const aisle_boosting b = {.source = k->c->source,
                              .allowed = k->allowed,
                              .n_items = k->c->w->shelf->n_items,
                              .boosts = k->boosts,
                              .n_boosts = k->c->wishes->n_boosts,
                              .n = k->pool_n};
    k->pool.n = 0;
    return aisle_boost_best(&b, k->c->w->arena, &k->pool, err);
}

/* Names go with the candidates that were chosen. */
static void note_names(choice *k, int32_t from, int32_t n_pool)
{
    for (int32_t i = from; i < k->n_chosen; i++)
        for (int32_t p = 0; p < n_pool; p++)
            if (k->candidates[p].item == k->chosen[i].item)
                for (int g = 0; g < AISLE_CAPS; g++) k->name[g][i] = k->pool_name[g][p];
}

/* *done: there is no more to be had. */
static aisle_status take_round(choice *k, bool *done, aisle_error *err)
{
    const aisle_choosing *c = k->c;
    const int32_t before = k->n_chosen;
    int32_t n = 0;
    AISLE_TRY(fill_pool(k, err));
    for (int32_t h = 0; h < k->pool.n; h++) {
        take_out(k->allowed, k->pool.hit[h].item);
        if ((double)k->pool.hit[h].score >= c->wishes->min_score)
            k->candidates[n++] = (aisle_candidate){k->pool.hit[h].item, (double)k->pool.hit[h].score, {0}};
    }
    AISLE_TRY(aisle_find_groups(c, k->candidates, n, k->pool_name, err));
    if (!aisle_diversify(k->candidates, n, &k->diversity, c->n, k->chosen, &k->n_chosen, c->w->arena))
        return no_memory(err);
    note_names(k, before, n);
    *done = k->n_chosen == c->n || k->pool.n < k->pool_n || (n < k->pool.n && !c->source->unsorted);
    return *done ? AISLE_OK : close_groups(k, err);
}

/* ---- reasons ---- */

/* The source's own memory is written to, or freed, when it is asked again. */
static aisle_status keep_shares(const aisle_answering *w, aisle_hits *hits, aisle_error *err)
{
    const size_t n = (size_t)hits->n * (size_t)hits->n_parts;
    if (!hits->shares) return AISLE_OK;
    float *copy = aisle_arena_calloc(w->arena, n + 1, sizeof *copy);
    if (!copy) return no_memory(err);
    memcpy(copy, hits->shares, n * sizeof *copy);
    hits->shares = copy;
    return AISLE_OK;
}

/* Asks for just the chosen ones, and puts what is said of them where they stand. */
static aisle_status explain(const choice *k, int32_t from, aisle_hits *hits, aisle_error *err)
{
    const aisle_answering *w = k->c->w;
    const int32_t n = hits->n - from;
    uint64_t *bits = aisle_arena_calloc(w->arena, (size_t)aisle_shelf_words(w->shelf) + 1, sizeof *bits);
    aisle_hits said = {.hit = aisle_arena_calloc(w->arena, (size_t)n + 1, sizeof *said.hit)};
    if (!bits || !said.hit) return no_memory(err);
    for (int32_t h = from; h < hits->n; h++)
        bits[hits->hit[h].item / 64] |= (uint64_t)1 << (hits->hit[h].item % 64);
    AISLE_TRY(k->c->source->best(k->c->source->ctx, bits, n, true, &said, err));
    const int32_t parts = said.n_parts > hits->n_parts ? said.n_parts : hits->n_parts;
    float *shares = aisle_arena_calloc(w->arena, (size_t)hits->n * (size_t)parts + 1, sizeof *shares);
    if (!shares) return no_memory(err);
    if (hits->shares && hits->n_parts == parts)
        memcpy(shares, hits->shares, (size_t)from * (size_t)parts * sizeof *shares);
    for (int32_t s = 0; s < said.n; s++)
        for (int32_t h = from; h < hits->n; h++) {
            if (hits->hit[h].item != said.hit[s].item) continue;
            said.hit[s].score = hits->hit[h].score;
            hits->hit[h] = said.hit[s];
            if (said.shares)
                memcpy(shares + (int64_t)h * parts, said.shares + (int64_t)s * parts,
                       (size_t)parts * sizeof *shares);
        }
    hits->shares = parts ? shares : NULL;
    hits->n_parts = parts;
    return AISLE_OK;
}

aisle_status aisle_choose(const aisle_choosing *c, aisle_hits *hits, aisle_error *err)
{
    const uint64_t *allowed;
    const int32_t from = hits->n;
    bool done = hits->n >= c->n;
    choice k = {.c = c,
                .diversity = {.by = c->wishes->diversity,
                              .cap = {c->wishes->max_per_category, c->wishes->max_per_brand},
                              .likeness = likeness,
                              .ctx = c->w->shelf}};
    if (done) return AISLE_OK;
    AISLE_TRY(aisle_offer_bits(c->w, c->filter, &allowed, err));
    if (!from && is_plain(c->wishes)) {
        AISLE_TRY(c->source->best(c->source->ctx, allowed, c->n, c->explain, hits, err));
        return keep_shares(c->w, hits, err);
    }
    AISLE_TRY(begin(&k, allowed, hits, err));
    while (!done) AISLE_TRY(take_round(&k, &done, err));
    if (!from) hits->strategy = k.pool.strategy;
    for (; hits->n < k.n_chosen; hits->n++)
        hits->hit[hits->n] =
            (aisle_hit){.item = k.chosen[hits->n].item, .score = (float)k.chosen[hits->n].score};
    return c->explain && hits->n > from ? explain(&k, from, hits, err) : AISLE_OK;
}
