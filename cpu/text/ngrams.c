/* The n-gram trie in one hash table, and the walk over a product's fields that feeds it. */
#include "cpu/text/ngrams.h"

#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"

enum { FIRST_SLOTS = 1024 }; /* a power of two */

aisle_status aisle_ngrams_init(aisle_ngrams *g, aisle_error *err)
{
    *g = (aisle_ngrams){.n_slots = FIRST_SLOTS};
    g->stems = aisle_idmap_new();
    g->slot = aisle_calloc(FIRST_SLOTS, sizeof *g->slot);
    if (g->stems && g->slot) return AISLE_OK;
    aisle_ngrams_deinit(g);
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the vocabulary");
}

void aisle_ngrams_deinit(aisle_ngrams *g)
{
    aisle_idmap_free(g->stems);
    aisle_free(g->slot);
    aisle_free(g->key);
    *g = (aisle_ngrams){0};
}

static uint64_t make_key(int32_t parent, int32_t stem)
{
    return (uint64_t)(uint32_t)(parent + 1) << 32 | (uint32_t)stem;
}

/* Half of the hash beside the node: a miss, the usual case, never touches the keys. */
static uint64_t pack(uint64_t hash, int32_t node)
{
    return (hash & ~(uint64_t)UINT32_MAX) | (uint32_t)(node + 1);
}

static int32_t node_of(uint64_t slot)
{
    return (int32_t)(slot & UINT32_MAX) - 1;
}

/* The slot that holds key, or the empty one where it belongs. */
static uint64_t *probe(const aisle_ngrams *g, uint64_t key, uint64_t hash)
{
    uint64_t mask = (uint64_t)g->n_slots - 1, i = hash & mask;
    while (g->slot[i] && (g->slot[i] >> 32 != hash >> 32 || g->key[node_of(g->slot[i])] != key))
        i = (i + 1) & mask;
    return &g->slot[i];
}

int32_t aisle_ngrams_find(const aisle_ngrams *g, int32_t parent, int32_t stem)
{
    uint64_t key = make_key(parent, stem);
    return node_of(*probe(g, key, aisle_mix64(key)));
}

/* At most half full. */
static bool make_room(aisle_ngrams *g)
{
    if (2 * (g->n + 1) <= g->n_slots) return true;
    uint64_t *old = g->slot;
    uint64_t *slot = g->n < INT32_MAX / 2 ? aisle_calloc((size_t)g->n_slots * 2, sizeof *slot) : NULL;
    if (!slot) return false;
    g->slot = slot;
    g->n_slots *= 2;
    for (int32_t i = 0; i < g->n; i++) {
        uint64_t hash = aisle_mix64(g->key[i]);
        *probe(g, g->key[i], hash) = pack(hash, i);
    }
    aisle_free(old);
    return true;
}

int32_t aisle_ngrams_add(aisle_ngrams *g, int32_t parent, int32_t stem)
{
    uint64_t key = make_key(parent, stem), hash = aisle_mix64(key);
    uint64_t *at = probe(g, key, hash);
    if (*at) return node_of(*at);
    if (!aisle_grow((void **)&g->key, &g->key_cap, g->n + 1, sizeof *g->key) || !make_room(g)) return -1;
    int32_t node = (int32_t)g->n++;
    g->key[node] = key;
    *probe(g, key, hash) = pack(hash, node);
    return node;
}

static aisle_status on_stem(void *ctx, aisle_str text)
{
    aisle_ngram_walk *w = ctx;
    int32_t stem = w->grow ? aisle_idmap_add(w->grams->stems, text) : aisle_idmap_find(w->grams->stems, text);
    if (stem < 0 && w->grow) return AISLE_ENOMEM;
    w->tokens[w->field]++;
    for (int32_t n = w->ngram - 1; n >= 0; n--) { /* longest first: it extends the tails of the stem before */
        int32_t parent = n ? w->tail[n - 1] : -1, node = -1;
        bool whole = n == 0 || parent >= 0;
        if (whole && stem >= 0) {
            node = w->grow ? aisle_ngrams_add(w->grams, parent, stem)
                           : aisle_ngrams_find(w->grams, parent, stem);
            if (node < 0 && w->grow) return AISLE_ENOMEM;
        }
        w->tail[n] = node;
        if (node >= 0) AISLE_TRY(w->fn(w->ctx, node, w->field));
    }
    return AISLE_OK;
}

aisle_status aisle_ngram_walk_product(aisle_ngram_walk *w, const aisle_product *p, aisle_error *err)
{
    const aisle_str text[AISLE_TEXT_ATTRIBUTES] = {p->title, p->description, p->category, p->brand};
    memset(w->tokens, 0, sizeof w->tokens);
    for (w->field = 0; w->field < AISLE_TEXT_ATTRIBUTES; w->field++) {
        for (int32_t n = 0; n < AISLE_NGRAM_MAX; n++) w->tail[n] = -1;
        AISLE_TRY(aisle_tokenizer_run(w->tokenizer, text[w->field], on_stem, w, err));
    }
    return aisle_whole_terms_walk(w, p, err);
}

aisle_status aisle_ngram_walk_whole(aisle_ngram_walk *w, aisle_str term)
{
    for (int32_t n = 0; n < AISLE_NGRAM_MAX; n++) w->tail[n] = -1;
    int32_t ngram = w->ngram;
    w->ngram = 1;
    aisle_status st = on_stem(w, term);
    w->ngram = ngram;
    return st;
}
