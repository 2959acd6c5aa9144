/* The weighted blend: what "hybrid" means where nothing else is said. Weights are learned (hybrid_learn.c), then the parts
 * are fitted again to all of the part. */
#include "cpu/fit/fits.h"
#include "cpu/fit/hybrid_parts.h"

aisle_status fit_hybrid(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    hybrid *h = hybrid_new(in, hybrid_scale_deviation, err);
    if (!h) return AISLE_ENOMEM;
    aisle_status st = hybrid_parts_choose(in->params, HYBRID_USUAL_PARTS, &h->parts, err);
    bool learned = false;
    if (st == AISLE_OK) st = hybrid_learn(h, in, &learned, err);
    if (st != AISLE_OK) {
        h->parts.n = 0; /* chosen, not fitted */
        hybrid_free(h);
        return st;
    }
    AISLE_TRY(hybrid_finish(h, in, out, err));
    if (!learned) hybrid_weigh_equally(h);
    return AISLE_OK;
}
