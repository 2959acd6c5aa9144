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
    double *idf;        /* n_terms */
    double mean_length; /* of the products learned from: weighted stems a product */
    aisle_arena strings;
};

/* The weighted number of stems of a product. */
static inline double aisle_vocabulary_length(const aisle_vocabulary *v,
                                             const int64_t tokens[AISLE_TEXT_FIELDS])
{
    double sum = 0;
    for (int32_t f = 0; f < AISLE_TEXT_FIELDS; f++) sum += (double)v->weight[f] * (double)tokens[f];
    return sum;
}

#endif
