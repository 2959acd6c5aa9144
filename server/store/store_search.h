/* The store's part of the search: questions to the full-text index, the texts it was made of, and the synonyms. What a
 * visitor typed never comes here: questions are made of terms by server/search/. */
#ifndef AISLE_SERVER_STORE_SEARCH_H
#define AISLE_SERVER_STORE_SEARCH_H

#include "server/store/store.h"

/* One phrase of a question, in the order in which phrases stand in it. */
typedef struct aisle_rank_phrase {
    int32_t group; /* -1: does not count */
    float weight;  /* 1 for what was asked, less for what is only near it */
} aisle_rank_phrase;

enum { AISLE_RANK_PHRASES = 256, AISLE_RANK_GROUPS = 32 };

/* How hits are scored: BM25F (Robertson, Zaragoza 2009, section 3.6). For every group of phrases that mean one word of
 * the question, tf = sum over the phrases and fields of weight * field weight * occurrences, the title's divided by
 * 1 - b + b * words of the title / mean; the score is the sum over the groups of idf * tf / (k1 + tf). */
typedef struct aisle_rank {
    int32_t n_phrases, n_groups;
    aisle_rank_phrase phrase[AISLE_RANK_PHRASES];
    float idf[AISLE_RANK_GROUPS];
    bool coverage;              /* a hit of more groups comes before every hit of fewer */
    const uint8_t *title_words; /* by row; borrowed; 0 = unknown */
    int64_t n_rows;
    double mean_title;
} aisle_rank;

typedef struct aisle_search_hit {
    int64_t row; /* products.id */
    float score; /* > 0 */
} aisle_search_hit;

/* All hits in order of row, or the first `most` of them (INT64_MAX = all). *out is released with aisle_free. About
 * 100 ns a hit. AISLE_EINVAL: not an expression of FTS5 (our bug). */
aisle_status aisle_view_search(aisle_view *v, aisle_str expression, const aisle_rank *rank, int64_t most,
                               aisle_search_hit **out, int64_t *n, aisle_error *err);

/* Rises whenever a text of a product or a synonym changes, and not with prices or stock. */
aisle_status aisle_view_search_version(aisle_view *v, int64_t *out, aisle_error *err);

typedef struct aisle_search_texts {
    int64_t row;
    aisle_str title, brand, category, attributes,
        description; /* attributes: the values, one space between them */
} aisle_search_texts;
typedef aisle_status aisle_search_texts_fn(void *ctx, const aisle_search_texts *t, aisle_error *err);
/* Every product that is shown, of one snapshot. */
aisle_status aisle_view_search_texts(aisle_view *v, aisle_search_texts_fn *fn, void *ctx, aisle_error *err);

typedef struct aisle_synonym {
    int64_t set;
    aisle_str phrase;
} aisle_synonym;
/* In order of the sets; in the arena. */
aisle_status aisle_view_synonyms(aisle_view *v, aisle_arena *a, aisle_synonym **out, int32_t *n,
                                 aisle_error *err);
aisle_status aisle_tx_synonyms(aisle_tx *tx, const aisle_synonym *list, int32_t n,
                               aisle_error *err); /* all of them */

#endif
