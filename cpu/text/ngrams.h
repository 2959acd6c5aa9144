/* The set of n-grams as a trie of stems: one node an n-gram, found by (node of all stems but the last, last
 * stem). No weights, no strings of whole n-grams. */
#ifndef AISLE_TEXT_NGRAMS_H
#define AISLE_TEXT_NGRAMS_H

#include "aisle/dataset.h"
#include "aisle/text.h"

enum { AISLE_NGRAM_MAX = 3 };

/* Nodes are numbered in order of addition, so a parent comes before its children. */
typedef struct aisle_ngrams {
    aisle_idmap *stems;
    uint64_t *slot; /* open addressing, linear probing: high half of the hash | node + 1; 0 = empty */
    int64_t n_slots;
    uint64_t *key; /* per node: (parent + 1) << 32 | stem */
    int64_t n, key_cap;
} aisle_ngrams;

aisle_status aisle_ngrams_init(aisle_ngrams *g, aisle_error *err);
void aisle_ngrams_deinit(aisle_ngrams *g); /* no-op on a zeroed struct */

/* parent -1 = none. find: -1 when absent. add: the node, new or old; -1 when memory is short. */
int32_t aisle_ngrams_find(const aisle_ngrams *g, int32_t parent, int32_t stem);
int32_t aisle_ngrams_add(aisle_ngrams *g, int32_t parent, int32_t stem);

static inline int32_t aisle_ngrams_parent(const aisle_ngrams *g, int32_t node)
{
    return (int32_t)(g->key[node] >> 32) - 1;
}

static inline int32_t aisle_ngrams_stem(const aisle_ngrams *g, int32_t node)
{
    return (int32_t)(g->key[node] & UINT32_MAX);
}

/* The fields of a product that give terms, in the order of the weights. */
enum {
    AISLE_TEXT_TITLE,
    AISLE_TEXT_DESCRIPTION,
    AISLE_TEXT_CATEGORY,
    AISLE_TEXT_BRAND,
    AISLE_TEXT_ATTRIBUTES,
    AISLE_TEXT_PRICE,
    AISLE_TEXT_FIELDS
};

/* Walks the products' text. Each n-gram that is in the set (or is added to it, when grow) is reported with
 * the field it stands in; n-grams never reach across fields. tokens[field] counts the stems of the last
 * product. */
typedef struct aisle_ngram_walk {
    aisle_ngrams *grams;
    aisle_tokenizer *tokenizer;
    int32_t ngram;
    bool grow;
    aisle_status (*fn)(void *ctx, int32_t node, int32_t field);
    void *ctx;
    int64_t tokens[AISLE_TEXT_FIELDS];
    /* within a field: the nodes of the n-grams of 1, 2, ... stems that end at the last stem, -1 = not in the
     * set */
    int32_t field, tail[AISLE_NGRAM_MAX];
    aisle_buf scratch; /* zero at first; released with aisle_buf_deinit */
} aisle_ngram_walk;

aisle_status aisle_ngram_walk_product(aisle_ngram_walk *w, const aisle_product *p, aisle_error *err);

/* Reports one term as it stands, in w->field: no n-gram has it as a part. It counts as a stem. */
aisle_status aisle_ngram_walk_whole(aisle_ngram_walk *w, aisle_str term);
/* The whole terms of a product (text.h): category prefixes, attributes, price bands. */
aisle_status aisle_whole_terms_walk(aisle_ngram_walk *w, const aisle_product *p, aisle_error *err);

#endif
