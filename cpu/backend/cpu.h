/* The cpu back-end's own structs and helpers. Private to cpu/backend/. */
#ifndef AISLE_CPU_BACKEND_H
#define AISLE_CPU_BACKEND_H

#include <omp.h>

#include "aisle/backend.h"
#include "cpu/kernels/kernels.h"

struct aisle_device {
    int32_t threads;
    int64_t memory_bytes; /* limit; 0 = none */
    int64_t used_bytes;   /* matrices and work space at present; atomic */
    const aisle_kernels *k;
};

struct aisle_dev_csr {
    aisle_csr m;            /* the caller's arrays */
    int32_t *longest_first; /* row ids by falling length, then by id: balances dynamic schedules, and rows of
                               one length meet */
    int64_t bytes;
    bool dislikes; /* some values are below 0 */
};

struct aisle_dev_mat {
    aisle_mat m; /* ld from aisle_ld; padding is zero; AISLE_KERNEL_SLACK floats follow */
    int64_t bytes;
    double *gram; /* kept from when it was wanted until m changes; NULL = not known. Not part of the value. */
};

/* 64-byte aligned storage that counts against the device's limit; NULL with err set (AISLE_ENOMEM names
 * `what`). floats < 0 means that the size overflowed. */
float *aisle_cpu_floats(aisle_device *d, int64_t floats, const char *what, aisle_error *err);
void aisle_cpu_release(aisle_device *d, void *p, int64_t floats);

/* The number of the calling thread inside a parallel region, 0 .. threads-1. */
static inline int aisle_cpu_thread(void)
{
    return omp_get_thread_num();
}

/* The const table. */
const aisle_backend_ops *aisle_backend_cpu(void);

/* m's Gramian in double, full symmetric f x f, unscaled; sums over fixed blocks of rows. Borrowed until m changes. A loss
 * and the half-step after it want the same one. */
aisle_status aisle_cpu_gram(aisle_device *d, const aisle_dev_mat *m, const double **g, aisle_error *err);
/* m has changed: its Gramian is not known any more, or is this diagonal (f doubles). */
void aisle_cpu_gram_forget(aisle_device *d, aisle_dev_mat *m);
void aisle_cpu_gram_diagonal(aisle_dev_mat *m, const double *diagonal);
int64_t aisle_cpu_gram_floats(int32_t n_rows, int32_t f); /* work space while it is made */

/* Entries of the table that have a file of their own; backend.h says what they do. */
aisle_status aisle_cpu_als_half_step(aisle_device *d, const aisle_dev_csr *c, aisle_dev_mat *y,
                                     const aisle_als_params *p, aisle_dev_mat *x, aisle_error *err);
aisle_status aisle_cpu_als_loss(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_csr *ct,
                                const aisle_dev_mat *x, const aisle_dev_mat *y, const aisle_als_params *p,
                                double *loss, aisle_error *err);
aisle_status aisle_cpu_similar_topk(aisle_device *d, const aisle_dev_csr *a, int32_t k, int32_t *ids,
                                    float *scores, const aisle_progress *progress, aisle_error *err);
aisle_status aisle_cpu_topn(aisle_device *d, const aisle_dev_mat *users, int32_t first, int32_t n_rows,
                            const aisle_dev_mat *items, const aisle_topn_params *p, int32_t *ids,
                            float *scores, aisle_error *err);
aisle_host_bytes aisle_cpu_als_bytes(aisle_device *d, const aisle_sizes *s, const aisle_als_params *p);
int64_t aisle_cpu_similar_bytes(aisle_device *d, const aisle_sizes *s, int32_t k);
aisle_status aisle_cpu_peaks(aisle_device *d, aisle_peaks *out, aisle_error *err);

#endif
