/* Reciprocal rank fusion: parts are added up by rank alone, all alike. Nothing is learned, so nothing is held out. */
#include "cpu/fit/fits.h"
#include "cpu/fit/hybrid_parts.h"

aisle_status fit_fusion(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    hybrid *h = hybrid_new(in, hybrid_scale_rank, err);
    if (!h) return AISLE_ENOMEM;
    aisle_status st = hybrid_parts_choose(in->params, HYBRID_USUAL_PARTS, &h->parts, err);
    if (st != AISLE_OK) {
        hybrid_free(h);
        return st;
    }
    AISLE_TRY(hybrid_finish(h, in, out, err));
    hybrid_weigh_equally(h);
    return AISLE_OK;
}
