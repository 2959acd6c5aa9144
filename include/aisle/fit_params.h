/* Settings of the kinds of model beside ALS and text (fit.h), with ranges and defaults. */
#ifndef AISLE_FIT_PARAMS_H
#define AISLE_FIT_PARAMS_H

#include <stdint.h>

/* r_ui > 0: confidences; x_ui = sqrt(r_ui / mean r): a pair of ten purchases does not count ten times, and nothing depends
 * on the weights' unit. What is compared are the columns (item-knn) or rows (user-knn), called vectors here; |v| is the
 * length of v, n_v the number of its entries, dot and common count are over the shared entries.
 *   item-knn: score(u, i) = sum over the items j of u that are among the k known ones most similar to i of x_uj s(j, i)
 *   user-knn: score(u, i) = sum over the k users v most similar to u of s(v, u) x_vi
 * -INFINITY where there is no neighbour. */
typedef enum aisle_similarity {
    AISLE_SIMILARITY_COSINE,  /* a.b / (|a| |b|), of x */
    AISLE_SIMILARITY_JACCARD, /* common / (n_a + n_b - common); weights are not looked at */
    AISLE_SIMILARITY_TFIDF,   /* cosine of r, tf-idf weighted as by aisle_text_scheme with users as terms */
    AISLE_SIMILARITY_BM25,    /* dot of r, BM25 weighted likewise */
    AISLE_SIMILARITY_ASYMMETRIC /* a.b / (|a|^2 alpha |b|^2 (1 - alpha)) of x, a the one that votes: j, or v (Aiolli 2013) */
} aisle_similarity;

/* With asymmetric, binary r and a k of all, item-knn is the linear graph filter or three-step walk
 * R D_i^-alpha (R' D_u^-damping R) D_i^-(1-alpha) without self-loops (Shen et al. 2021, GF-CF: alpha .5, damping 1;
 * Fu et al. 2022, LinkProp). Memory: 16 bytes a neighbour while they are found, 8 once they are. */
/* The defaults are good on very different data (bench/NOTES.md, "Neighbours and EASE"); best is found by `aisle tune`. */
typedef struct aisle_knn_params {
    aisle_similarity similarity; /* default asymmetric */
    int32_t k;                   /* neighbours kept of each, 1..10000; default 200 */
    double
        shrink; /* >= 0, added to the denominator (Bell, Koren 2007; Ferrari Dacrema 2021, 4.1): 0 = none; default
                       10 of items, 0 of users */
    double alpha; /* of asymmetric, 0..1; default .6 */
    double
        damping; /* 0..2: a product counts its partner's n^-damping (users of item-knn), lengths do not; 0 = none;
                       default .5 */
    double power; /* > 0: similarities are raised to it; default 1 of items, 1.5 of users */
} aisle_knn_params;

/* EASE^R (Steck 2019, eq. 8): score(u, i) = sum over u's items j of x_uj B_ji, with B the minimiser of |X - X B|^2 +
 * reg |B|^2 with a diagonal of 0. -INFINITY for users and items without a pair. Up to max_dense items by the dense inverse,
 * 4 n^2 bytes and n^3 operations in f32; above it column i is solved for the `block` items most similar to i by cosine
 * alone (Steck 2019b, "Markov random fields", section 3.2), block^3 / 3 operations an item. */
typedef struct aisle_ease_params {
    double reg;        /* lambda > 0 of the diagonal; default 100 */
    int32_t max_dense; /* 0..50000; default 20000 */
    int32_t block;     /* 1..2000; default 200 */
    int32_t
        keep; /* of a dense B so many weights of each column, the largest; 0 = all, of a part of a hybrid 500 */
} aisle_ease_params;

/* Popularity: the sum of an item's confidences. Age is counted from the newest event. Both want events with times. */
typedef struct aisle_popular_params {
    double
        window_days; /* events of this age and older, and those without time, count nothing; 0 = all count */
    double
        half_life_days; /* of an event's weight, instead of that of aisle_weights; `binary` of those is then not looked
                              at, and events without time do not decay; 0 = as the weights have it */
} aisle_popular_params;

/* Explicit ALS with biases (Koren, Bell, Volinsky 2009, eq. 4) and weighted-lambda regularisation (Zhou, Wilkinson,
 * Schreiber, Pan 2008, eq. 2), which `prior` makes safe for short rows: stars_ui = mean + b_u + b_i + x_u . y_i,
 *   min sum (r_ui - stars_ui)^2 + bias_reg (|b_u|^2 + |b_i|^2) + reg s ((n_u + prior) |x_u|^2 + (n_i + prior) |y_i|^2)
 * summed over what is rated, over users and over items; n = the row's number of stars, s = the deviation of the stars
 * from mean and biases alone, so that the defaults suit any scale. Predictions lie between the fewest and the most stars
 * seen; users and items without stars have no bias and no factors. */
typedef struct aisle_stars_params {
    int32_t factors;    /* 0..512; 0 = biases only, as the kind stars-bias is */
    int32_t iterations; /* 1..1000 */
    double reg;         /* > 0 */
    double
        prior; /* >= 0: stars' worth of regularisation that a row has beside its own; 0 = weighted lambda */
    double bias_reg; /* >= 0: b = sum of residuals / (bias_reg + n) */
} aisle_stars_params;

/* What the kinds hybrid, fusion and switch combine; hybrid.h says how. */
typedef struct aisle_hybrid_params {
    const char *parts; /* comma-separated kinds; NULL = als-content (als without texts), item-knn, ease (up to
                          6000 items), content, popular, trending, demographic: those that the data allow; switch
                          has no ease and no trending */
    double
        validation; /* share of pairs, the newest, to learn weights on beside each user's newest of the others; default
                       .1; without times each user's newest alone */
    double fusion_k; /* of reciprocal rank fusion: 1 / (k + rank) (Cormack, Clarke, Buettcher 2009); 60 */
    double cold_reg; /* ridge of the map from content to factors; default 1 */
    int32_t
        few; /* users with fewer pairs, but one at least, have weights, or in `switch` a part, of their own */
} aisle_hybrid_params;

#endif
