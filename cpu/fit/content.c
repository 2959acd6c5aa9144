/* Content: how alike an item's text is to that of what the user took. Not text neighbours (cpu/train): there is no cut to the
 * most similar. */
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"

aisle_status table_content(const aisle_fit_input *in, fit_table *out, aisle_error *err)
{
    fit_table f = {.t = {.kind = AISLE_TABLE_TEXT, .n_items = aisle_part_n_items(in->part)}};
    aisle_status st = aisle_part_text(in->part, &in->params->text, &f.t.text, NULL, err);
    if (st == AISLE_OK && aisle_csr_nnz(&f.t.text) == 0)
        st = aisle_fail(err, AISLE_EINVAL,
                        "content: no item of the events trained on has text that another one shares; import "
                        "titles, descriptions, categories, brands, attributes or prices");
    if (st == AISLE_OK) st = aisle_csr_transpose(&f.t.text, &f.t.terms, err);
    if (st == AISLE_OK)
        *out = f;
    else
        fit_table_deinit(&f);
    return st;
}

aisle_status fit_content(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit_by_table(in, table_content, out, err);
}
