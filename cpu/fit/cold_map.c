/* ALS with something to say of the new. Items without a pair get factors from their text, by the ridge regression of the
 * other items' factors on theirs (Gantner et al. 2010, "Learning attribute-to-feature mappings", the linear map); users
 * without one get the mean factors of their demographic groups.
 *
 * Items: cpu/train/text_map_fit.c. Users: cold_users.c. Known items and users are ALS's. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"
#include "cpu/train/text_map_fit.h"

/* ---- items ---- */

static aisle_status map_items(const aisle_fit_input *in, aisle_mat *y, aisle_error *err)
{
    aisle_csr text = {0};
    const aisle_csr *by_item = aisle_part_by_item(in->part);
    aisle_text_map map = {0};
    float *pairs = aisle_array(y->n_rows, sizeof *pairs);
    if (!pairs) return aisle_fail(err, AISLE_ENOMEM, "als-content: out of memory for %d items", y->n_rows);
    for (int32_t i = 0; i < y->n_rows; i++) pairs[i] = (float)(by_item->row_ptr[i + 1] - by_item->row_ptr[i]);
    aisle_status st = aisle_part_text(in->part, &in->params->text, &text, NULL, err);
    if (st == AISLE_OK && aisle_csr_nnz(&text) == 0)
        st = aisle_fail(err, AISLE_EINVAL,
                        "als-content: no item of the events trained on has text that another one shares");
    const text_map_input map_in = {&text, pairs, in->params->hybrid.cold_reg, in->trainer};
    if (st == AISLE_OK && text_map_has_new(&map_in)) st = text_map_fit(&map_in, y, &map, err);
    aisle_text_map_deinit(&map);
    aisle_csr_deinit(&text);
    aisle_free(pairs);
    return st;
}

aisle_status table_cold_map(const aisle_fit_input *in, fit_table *out, aisle_error *err)
{
    fit_table f;
    AISLE_TRY(table_als(in, &f, err));
    f.t.ranks = AISLE_RANKS_ALL;
    aisle_status st = map_items(in, &f.t.items, err);
    if (st == AISLE_OK) st = place_cold_users(in->part, &f, err);
    if (st == AISLE_OK)
        *out = f;
    else
        fit_table_deinit(&f);
    return st;
}

aisle_status fit_cold_map(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit_by_table(in, table_cold_map, out, err);
}
