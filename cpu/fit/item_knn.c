/* Neighbourhood model of items: score(u, i) = sum over u's items j of x_uj s(j, i), where j is among the k nearest of i.
 * Lists are of the items to be recommended and not of those known: each item has its k voters, where in lists of the known
 * there may be no room for it at all. On gowalla that is worth a twentieth to a tenth of NDCG@20 (bench/NOTES.md). */
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"
#include "cpu/fit/knn.h"

aisle_status table_item_knn(const aisle_fit_input *in, fit_table *out, aisle_error *err)
{
    const aisle_csr *pairs = aisle_part_pairs(in->part);
    aisle_table t = {.kind = AISLE_TABLE_LINKS,
                     .ranks = AISLE_RANKS_ABOVE,
                     .n_items = pairs->n_cols,
                     .unit = knn_unit(pairs)};
    aisle_csr lists = {0};
    AISLE_TRY(
        knn_lists(aisle_part_by_item(in->part), pairs, &in->params->item_knn, in->trainer, &lists, err));
    aisle_status st = aisle_csr_transpose(&lists, &t.links, err); /* from j to all that it votes for */
    aisle_csr_deinit(&lists);
    if (st == AISLE_OK) *out = (fit_table){.t = t};
    return st;
}

aisle_status fit_item_knn(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit_by_table(in, table_item_knn, out, err);
}
