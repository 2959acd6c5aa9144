/* Neighbourhood model of items: score(u, i) = sum over u's items j of x_uj s(j, i), where j is among the k nearest of i.
 * Lists are of the items to be recommended and not of those known: each item has its k voters, where in lists of the known
 * there may be no room for it at all. On gowalla that is worth a twentieth to a tenth of NDCG@20 (bench/NOTES.md). */
#include "cpu/fit/fits.h"
#include "cpu/fit/knn.h"

aisle_status fit_item_knn(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    const aisle_csr *pairs = aisle_part_pairs(in->part);
    sparse_product p = {.left = *pairs, .owns_left_values = true, .owns_right = true};
    aisle_csr lists = {0};
    AISLE_TRY(knn_root_values(pairs, &p.left.val, err));
    aisle_status st =
        knn_lists(aisle_part_by_item(in->part), pairs, &in->params->item_knn, in->trainer, &lists, err);
    if (st == AISLE_OK) st = aisle_csr_transpose(&lists, &p.right, err); /* from j to all that it votes for */
    aisle_csr_deinit(&lists);
    if (st == AISLE_OK) return sparse_product_source(&p, in->trainer->threads, out, err);
    sparse_product_deinit(&p);
    return st;
}
