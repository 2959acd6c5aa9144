/* Neighbourhood model of items: score(u, i) = sum over u's items j of r_uj s(j, i), where j is among the k nearest of
 * i. Lists are of the items to be recommended, not of those known: each item then has its k voters, where lists of
 * the known would leave an item that nobody's list has room for without a score. */
#include "cpu/fit/fits.h"
#include "cpu/fit/knn.h"

aisle_status fit_item_knn(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    const aisle_csr *pairs = aisle_part_pairs(in->part);
    sparse_product p = {.left = *pairs, .owns_right = true};
    aisle_csr lists = {0};
    AISLE_TRY(
        knn_lists(aisle_part_by_item(in->part), pairs, &in->params->item_knn, in->trainer, &lists, err));
    aisle_status st =
        aisle_csr_transpose(&lists, &p.right, err); /* from the known j to all that it votes for */
    aisle_csr_deinit(&lists);
    return st == AISLE_OK ? sparse_product_source(&p, in->trainer->threads, out, err) : st;
}
