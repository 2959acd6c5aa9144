/* The random order of items of equal score. */
#include "aisle/memory.h"
#include "cpu/eval/rank.h"

aisle_status aisle_tie_order_init(aisle_tie_order *o, int32_t n_items, uint64_t seed, aisle_error *err)
{
    aisle_rng rng; /* the streams from 0 up are the sample of users and the resamples */
    *o = (aisle_tie_order){.seed = seed, .n = n_items};
    o->place = aisle_array(n_items, sizeof *o->place);
    o->item = aisle_array(n_items, sizeof *o->item);
    if (!o->place || !o->item)
        return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for %d items", n_items);
    aisle_rng_init(&rng, seed, UINT64_MAX);
    for (int32_t i = 0; i < n_items; i++) o->item[i] = i;
    for (int32_t i = n_items - 1; i > 0; i--) { /* Fisher-Yates */
        int32_t j = (int32_t)aisle_rng_below(&rng, (uint64_t)i + 1), item = o->item[i];
        o->item[i] = o->item[j];
        o->item[j] = item;
    }
    for (int32_t p = 0; p < n_items; p++) o->place[o->item[p]] = p;
    return AISLE_OK;
}

void aisle_tie_order_deinit(aisle_tie_order *o)
{
    aisle_free(o->place);
    aisle_free(o->item);
    *o = (aisle_tie_order){0};
}
