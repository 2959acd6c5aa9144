/* The plain switch: one part for users of whom nothing is known, one for those of whom little is, one for the others. Of
 * each list below the first that the data allow. */
#include <string.h>

#include "cpu/fit/fits.h"
#include "cpu/fit/hybrid_parts.h"

static const char *const order[AISLE_HYBRID_SEGMENTS][4] = {
    [AISLE_HYBRID_NEW] = {"demographic", "popular", NULL},
    [AISLE_HYBRID_FEW] = {"content", "item-knn", "als", NULL},
    [AISLE_HYBRID_KNOWN] = {"als-content", "als", NULL},
    [AISLE_HYBRID_NEW_ITEM] = {"content", "als-content", "popular", NULL},
};

static int32_t find(const hybrid_parts *p, const char *name)
{
    for (int32_t i = 0; i < p->n; i++)
        if (strcmp(p->kind[i]->name, name) == 0) return i;
    return -1;
}

/* With parts named by the user it can be that none of a list is there: the last part then takes the segment. */
static void choose(hybrid *h, int segment)
{
    int32_t at = -1;
    for (int k = 0; at < 0 && order[segment][k]; k++) at = find(&h->parts, order[segment][k]);
    h->weight[segment][at < 0 ? h->parts.n - 1 : at] = 1;
}

aisle_status fit_switch(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    hybrid *h = hybrid_new(in, hybrid_scale_deviation, err);
    if (!h) return AISLE_ENOMEM;
    aisle_status st = hybrid_parts_choose(in->params, "als-content,als,item-knn,content,demographic,popular",
                                          &h->parts, err);
    if (st != AISLE_OK) {
        hybrid_free(h);
        return st;
    }
    AISLE_TRY(hybrid_finish(h, in, out, err));
    for (int s = 0; s < AISLE_HYBRID_SEGMENTS; s++) choose(h, s);
    return AISLE_OK;
}
