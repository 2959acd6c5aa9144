/* Confidences by item: a pair of a popular item says less of its user's taste than one of a rare item. */
#include <math.h>

#include "aisle/memory.h"
#include "cpu/train/als_loop.h"

aisle_status aisle_item_confidence(const aisle_csr *ct, float damping, float **out, aisle_error *err)
{
    float *s = aisle_array(ct->n_rows, sizeof *s);
    double sum = 0;
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for %d confidences", ct->n_rows);
    for (int32_t i = 0; i < ct->n_rows; i++) {
        double n = (double)(ct->row_ptr[i + 1] - ct->row_ptr[i]);
        s[i] = n > 0 ? (float)pow(n, -(double)damping) : 1;
        sum += n * (double)s[i];
    }
    float scale = (float)((double)aisle_csr_nnz(ct) / sum); /* a0 keeps its meaning */
    for (int32_t i = 0; i < ct->n_rows; i++)
        if (ct->row_ptr[i + 1] > ct->row_ptr[i]) s[i] *= scale;
    *out = s;
    return AISLE_OK;
}
