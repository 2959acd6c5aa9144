/* Product text to weighted sparse vectors: tokenizer, vocabulary, TF-IDF and BM25. No similarity search here
 * (backend.h). */
#ifndef AISLE_TEXT_H
#define AISLE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/dataset.h"
#include "aisle/matrix.h"
#include "aisle/progress.h"
#include "aisle/status.h"
#include "aisle/str.h"

/* Tokens: maximal runs of letters and digits after Unicode NFKC case folding with marks removed (utf8proc);
 * then stop words go, the Snowball stemmer of the language runs (libstemmer), and n-grams of 1..ngram
 * adjacent stems are made. Beside them a product has whole terms, which no token can equal:
 *   "category:A > B"   each prefix of the category path, so that siblings share all but the last
 *   "key=value"        each scalar member of `attributes`, and each scalar of a member that is an array
 *   "price:GBP:b", "price:GBP:b+"   with b = floor(2 log2(minor units)), a band of a factor 1.41: a product has its own
 *                      band and the pairs of neighbours (b - 1, b) and (b, b + 1), so that neighbours are alike */
typedef enum aisle_text_scheme {
    AISLE_TEXT_TFIDF, /* (1 + ln tf) * (ln((1 + N) / (1 + df)) + 1), Manning, Raghavan, Schuetze 2008, ch. 6
                         (smoothed idf); a tf below 1, which field weights below 1 make, weighs tf */
    AISLE_TEXT_BM25   /* tf (k1+1) / (tf + k1 (1 - b + b dl/avgdl)) * ln(1 + (N - df + .5)/(df + .5)),
                         Robertson, Zaragoza 2009 */
} aisle_text_scheme;

typedef struct aisle_text_params {
    const char *language; /* Snowball name; NULL = "english"; "none" = no stemming and no stop words */
    int32_t ngram;        /* 1..3; 0 = 2 */
    int32_t min_df;       /* terms in fewer products are dropped; 0 = 2 */
    double max_df;        /* terms in more than this share of products are dropped; 0 = .5 */
    aisle_text_scheme scheme;
    double k1, b; /* BM25; 0 = 1.2 and .75 */
    float title_weight, description_weight, category_weight, brand_weight, attributes_weight,
        price_weight;               /* multiply tf; all 0 = 3, 1, 2, 2, 1, .5 */
    const aisle_progress *progress; /* its cancel flag is looked at for every product; may be NULL */
} aisle_text_params;

/* Terms with document frequencies, learned from one set of products and then fixed. */
typedef struct aisle_vocabulary aisle_vocabulary;
void aisle_vocabulary_free(aisle_vocabulary *v);
int32_t aisle_vocabulary_count(const aisle_vocabulary *v);
aisle_str aisle_vocabulary_term(const aisle_vocabulary *v,
                                int32_t i); /* n-gram stems joined by one space; borrowed */

/* Learns the vocabulary from the products of d whose in[i] != 0 (NULL = all). Term ids are in descending df,
 * ties by term bytes, so the result does not depend on order. */
aisle_status aisle_vocabulary_learn(const aisle_dataset *d, const uint8_t *in, const aisle_text_params *p,
                                    aisle_vocabulary **out, aisle_error *err);
/* items x terms CSR of weights; every non-empty row has length 1, so row dot products are cosines. progress as
 * in aisle_text_params. */
aisle_status aisle_text_matrix(const aisle_dataset *d, const aisle_vocabulary *v,
                               const aisle_progress *progress, aisle_csr *out, aisle_error *err);

/* The same, a product at a time: the numbers of aisle_text_matrix, also for a product that came after the vocabulary was
 * learned (aisle_model_vocabulary); terms that the vocabulary has not are passed over. v is borrowed for the object's life.
 * One thread at a time. */
typedef struct aisle_text_rows aisle_text_rows;
aisle_status aisle_text_rows_new(const aisle_vocabulary *v, aisle_text_rows **out, aisle_error *err);
void aisle_text_rows_free(aisle_text_rows *r);
/* Appends a product's row, which may be empty; nothing after a failure. */
aisle_status aisle_text_rows_add(aisle_text_rows *r, const aisle_product *p, aisle_error *err);
/* Appends a row that the same vocabulary made before: n terms, ascending, with their weights. */
aisle_status aisle_text_rows_copy(aisle_text_rows *r, const int32_t *terms, const float *weights, int64_t n,
                                  aisle_error *err);
void aisle_text_rows_drop(aisle_text_rows *r); /* takes the last row off again */
/* All rows so far; borrowed until the next call. */
const aisle_csr *aisle_text_rows_get(const aisle_text_rows *r);
/* The caller's; nothing but aisle_text_rows_free may follow. */
aisle_csr aisle_text_rows_take(aisle_text_rows *r);

/* A linear map from text to item factors: y = scale (mean + t W), t a row of the text matrix; W of n_terms x n_factors
 * row-major. scale 0 = no map. Learned with every ALS model whose products have text (train.h). */
typedef struct aisle_text_map {
    int32_t n_terms, n_factors;
    float *w, *mean; /* of a model: views into it */
    float scale;
} aisle_text_map;
void aisle_text_map_deinit(aisle_text_map *m); /* of a map that owns its arrays; no-op on a zeroed struct */
/* Factors of a text of n terms into out[n_factors]; all 0 for none, of which nothing is known. */
void aisle_text_map_apply(const aisle_text_map *m, const int32_t *terms, const float *weights, int64_t n,
                          float *out);

/* The tokenizer alone: calls fn for each stem in order; the view is borrowed for the call. */
typedef struct aisle_tokenizer aisle_tokenizer;
aisle_status aisle_tokenizer_new(const char *language, aisle_tokenizer **out,
                                 aisle_error *err); /* EINVAL: unknown language */
void aisle_tokenizer_free(aisle_tokenizer *t);
aisle_status aisle_tokenizer_run(aisle_tokenizer *t, aisle_str text,
                                 aisle_status (*fn)(void *ctx, aisle_str stem), void *ctx, aisle_error *err);

#endif
