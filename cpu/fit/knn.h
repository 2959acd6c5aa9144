/* Neighbourhoods of the rows of a sparse matrix, and scores made of them; private to cpu/fit. Items compared by their
 * users and users compared by their items are the same thing with rows and columns exchanged. */
#ifndef AISLE_CPU_FIT_KNN_H
#define AISLE_CPU_FIT_KNN_H

#include "aisle/fit.h"

/* What is compared: row v of `a` is vector v, weighed by the similarity's scheme, each entry times its partner's
 * n^(-damping / 2), so that a product of two has n^-damping. A similarity of known a and target b is
 *   dot / (known_a target_b + shrink), and for Jaccard dot / (n_a + n_b - common + shrink).
 * Lengths are those of vectors without damping: with asymmetric alpha that gives the three steps of a random walk or
 * a linear graph filter, D_u^-damping R D_i^-alpha (Fu et al. 2022, LinkProp; Shen et al. 2021, GF-CF). */
typedef struct knn_vectors {
    aisle_csr a, at;        /* rows x partners and its transpose */
    double *known, *target; /* [n_rows] */
    bool jaccard;
} knn_vectors;

/* rows and partners are transposes of each other, with values > 0 or without values. */
aisle_status knn_vectors_init(const aisle_csr *rows, const aisle_csr *partners, const aisle_knn_params *p,
                              knn_vectors *out, aisle_error *err);
void knn_vectors_deinit(knn_vectors *v);

/* lists [n_rows x n_rows]: row b holds the p->k known ones most similar to b, with similarity^power > 0, ties by
 * smaller id, in no order of their own. The same for any number of threads. AISLE_ENOMEM names the bytes and what to
 * lower; AISLE_ENUMERIC when the power overflows. */
aisle_status knn_lists_sparse(const knn_vectors *v, const aisle_knn_params *p, const aisle_trainer *t,
                              aisle_csr *lists, aisle_error *err);
/* The same by the back-end's similar_topk, where knn_is_product: the similarity of a and b is the product of two rows. */
bool knn_is_product(const aisle_knn_params *p);
aisle_status knn_lists_product(const knn_vectors *v, const aisle_knn_params *p, const aisle_trainer *t,
                               aisle_csr *lists, aisle_error *err);
/* The faster of both. */
aisle_status knn_lists(const aisle_csr *rows, const aisle_csr *partners, const aisle_knn_params *p,
                       const aisle_trainer *t, aisle_csr *lists, aisle_error *err);

/* The mean of pairs' values: sqrt(value / unit) is x of fit_params.h. */
float knn_unit(const aisle_csr *pairs);
/* x of the entries of pairs, which have values; *out is the caller's. */
aisle_status knn_root_values(const aisle_csr *pairs, float **out, aisle_error *err);

#endif
