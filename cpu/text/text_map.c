/* From a text to item factors by a map that was learned elsewhere. */
#include <string.h>

#include "aisle/memory.h"
#include "aisle/text.h"

void aisle_text_map_deinit(aisle_text_map *m)
{
    aisle_free(m->w);
    aisle_free(m->mean);
    *m = (aisle_text_map){0};
}

void aisle_text_map_apply(const aisle_text_map *m, const int32_t *terms, const float *weights, int64_t n,
                          float *out)
{
    const int32_t f = m->n_factors;
    if (n == 0) {
        memset(out, 0, (size_t)f * sizeof *out);
        return;
    }
    memcpy(out, m->mean, (size_t)f * sizeof *out);
    for (int64_t e = 0; e < n; e++) {
        const float *w = m->w + (int64_t)terms[e] * f;
        for (int32_t k = 0; k < f; k++) out[k] += weights[e] * w[k];
    }
    for (int32_t k = 0; k < f; k++) out[k] *= m->scale;
}
