/* Neighbourhood model of users: score(u, i) = sum over the k users v nearest to u of s(v, u) x_vi. */
#include "cpu/fit/fits.h"
#include "cpu/fit/knn.h"

aisle_status fit_user_knn(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    const aisle_csr *pairs = aisle_part_pairs(in->part);
    sparse_product p = {.right = *pairs, .owns_right_values = true, .owns_left = true};
    AISLE_TRY(knn_root_values(pairs, &p.right.val, err));
    aisle_status st =
        knn_lists(pairs, aisle_part_by_item(in->part), &in->params->user_knn, in->trainer, &p.left, err);
    if (st == AISLE_OK) return sparse_product_source(&p, in->trainer->threads, out, err);
    sparse_product_deinit(&p);
    return st;
}
