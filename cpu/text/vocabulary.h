/* What a vocabulary holds; shared by learning and weighting. */
#ifndef AISLE_TEXT_VOCABULARY_H
#define AISLE_TEXT_VOCABULARY_H

#include "aisle/memory.h"
#include "cpu/text/ngrams.h"

struct aisle_vocabulary {
    char *language;
    int32_t ngram;
    aisle_text_scheme scheme;
    double k1, b;
    float weight[AISLE_TEXT_FIELDS];

    aisle_ngrams
        grams; /* nodes 0 .. n_terms - 1 are the terms; later ones are too common, only inner nodes */
    int32_t n_terms;
    aisle_str *term;    /* n_terms; in strings */
    int32_t *df;        /* n_terms: products that have the term, */
    int32_t n_products; /* of so many that were learned from */
    double *idf;        /* n_terms, from these */
    double mean_length; /* of the products learned from: weighted stems a product */
    aisle_arena strings;
};

/* idf of the scheme, from df and n_products. */
void aisle_vocabulary_weigh(aisle_vocabulary *v);

/* ---- a vocabulary as flat arrays, for the model file (vocabulary_flat.c) ---- */
typedef struct aisle_flat_vocabulary {
    int32_t n_terms, n_nodes, n_stems;
    const int32_t *df;   /* n_terms */
    const int32_t *node; /* n_nodes x 2: the last stem, and 1 + the node of the stems before it (0 = none) */
    aisle_str (*stem)(const void *ctx, int32_t i); /* not empty */
    const void *ctx;
    aisle_str settings; /* one JSON object: FORMAT.md, section text-settings */
} aisle_flat_vocabulary;

/* What v holds; borrowed from it but for settings, which is in *room (released with aisle_buf_deinit). */
aisle_status aisle_vocabulary_flatten(const aisle_vocabulary *v, aisle_buf *room, aisle_flat_vocabulary *out,
                                      aisle_error *err);
/* The vocabulary again, which gives the same rows to the bit. AISLE_EINVAL for what no vocabulary is: a node twice or with
 * more stems than the n-grams have, a stem twice, numbers out of range, settings that say nothing readable. */
aisle_status aisle_vocabulary_restore(const aisle_flat_vocabulary *f, aisle_vocabulary **out,
                                      aisle_error *err);

/* The weighted number of stems of a product. */
static inline double aisle_vocabulary_length(const aisle_vocabulary *v,
                                             const int64_t tokens[AISLE_TEXT_FIELDS])
{
    double sum = 0;
    for (int32_t f = 0; f < AISLE_TEXT_FIELDS; f++) sum += (double)v->weight[f] * (double)tokens[f];
    return sum;
}

#endif
