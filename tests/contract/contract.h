/* What every back-end is measured against: small seeded matrices, and plain double loops. A test body runs
 * once for each usable back-end, and for cpu once for each set of kernels that this machine has, and for
 * cuda also with rows split over three parts of one GPU ("cuda/3"). */
#ifndef AISLE_CONTRACT_H
#define AISLE_CONTRACT_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/backend.h"
#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/backend/cpu.h"

typedef struct subject {
    const aisle_backend_ops *ops;
    aisle_device *d;
    char name[64];
    int32_t kernels; /* index of cpu's kernel table; elsewhere minus the number of shards */
} subject;

typedef void (*subject_fn)(const subject *s);

/* Succeeds or fails the test with the call's own message. */
#define MUST(call)                                                                                           \
    do {                                                                                                     \
        aisle_error error_ = {0}, *err = &error_;                                                            \
        aisle_status status_ = (call);                                                                       \
        cr_assert(status_ == AISLE_OK, "%s: %s", #call, error_.message);                                     \
    } while (0)

/* Fails with this status and a message. */
#define MUST_FAIL(status, call)                                                                              \
    do {                                                                                                     \
        aisle_error error_ = {0}, *err = &error_;                                                            \
        aisle_status status_ = (call);                                                                       \
        cr_assert(status_ == (status), "%s: got %s (%s)", #call, aisle_status_name(status_),                 \
                  error_.message);                                                                           \
        cr_assert(error_.message[0] != '\0', "%s: no message", #call);                                       \
    } while (0)

static inline const char *contract_folder(void)
{
    const char *folder = getenv("AISLE_BACKEND_DIR");
    return folder ? folder : CONTRACT_PLUGINS;
}

static inline subject subject_open(const aisle_backend_ops *ops, int32_t kernels, int32_t threads)
{
    subject s = {.ops = ops, .kernels = kernels};
    const aisle_device_params p = {.threads = threads, .shards = kernels < 0 ? -kernels : 0};
    MUST(ops->open(&p, &s.d, err));
    if (kernels >= 0) s.d->k = aisle_kernels_at(kernels);
    snprintf(s.name, sizeof s.name, "%s", ops->name);
    if (kernels >= 0) snprintf(s.name, sizeof s.name, "%s/%s", ops->name, s.d->k->name);
    if (kernels < -1) snprintf(s.name, sizeof s.name, "%s/%d", ops->name, -kernels);
    return s;
}

static inline void run_subject(subject_fn body, const aisle_backend_ops *ops, int32_t kernels)
{
    subject s = subject_open(ops, kernels, 2);
    body(&s);
    ops->close(s.d);
}

/* AISLE_CONTRACT_ONLY=NAME leaves out all other back-ends; that one must then be there. */
static inline void for_each_subject(subject_fn body)
{
    const aisle_backend_ops *ops;
    const char *only = getenv("AISLE_CONTRACT_ONLY");
    int32_t n = 0;
    for (int32_t i = 0; (ops = aisle_backend_at(contract_folder(), i)); i++) {
        if (only && strcmp(only, ops->name) != 0) continue;
        if (ops->score() <= 0) {
            printf("[ SKIP ] back-end %s: no device on this machine\n", ops->name);
            continue;
        }
        n++;
        if (strcmp(ops->name, "cpu") == 0)
            for (int32_t k = 0; aisle_kernels_at(k); k++) run_subject(body, ops, k);
        else
            run_subject(body, ops, -1);
        if (strcmp(ops->name, "cuda") == 0) run_subject(body, ops, -3);
    }
    cr_assert(n > 0, "no usable back-end %s in %s", only, contract_folder());
}

/* A test that every back-end must pass; the body has `const subject *s`. */
#define CONTRACT(suite, name)                                                                                \
    static void name(const subject *s);                                                                      \
    Test(suite, name)                                                                                        \
    {                                                                                                        \
        for_each_subject(name);                                                                              \
    }                                                                                                        \
    static void name(const subject *s)

/* gamma_n = n u / (1 - n u), u = 2^-24 (Higham 2002, 3.4). */
static inline double gamma_n(double n)
{
    double nu = n * 0x1p-24;
    return nu / (1 - nu);
}

static inline aisle_mat random_mat(int32_t n_rows, int32_t n_cols, uint64_t seed)
{
    aisle_mat m;
    aisle_rng r;
    MUST(aisle_mat_init(&m, n_rows, n_cols, err));
    aisle_rng_init(&r, seed, 1);
    for (int64_t i = 0; i < (int64_t)n_rows * n_cols; i++) m.data[i] = (float)aisle_rng_normal(&r) * .3F;
    return m;
}

/* Whole numbers -3 .. 3: every dot product is exact in f32, and ties are common. */
static inline aisle_mat whole_mat(int32_t n_rows, int32_t n_cols, uint64_t seed)
{
    aisle_mat m;
    aisle_rng r;
    MUST(aisle_mat_init(&m, n_rows, n_cols, err));
    aisle_rng_init(&r, seed, 2);
    for (int64_t i = 0; i < (int64_t)n_rows * n_cols; i++) m.data[i] = (float)aisle_rng_below(&r, 7) - 3;
    return m;
}

/* Row u has about n_cols / (u + 1) entries, from nearly all to few; every seventh row is empty. Weights are
 * whole numbers 1 .. 4, or none. */
static inline aisle_csr random_csr(int32_t n_rows, int32_t n_cols, bool weighted, uint64_t seed)
{
    aisle_csr m = {n_rows, n_cols, aisle_array((int64_t)n_rows + 1, sizeof(int64_t)),
                   aisle_array((int64_t)n_rows * n_cols, sizeof(int32_t)),
                   weighted ? aisle_array((int64_t)n_rows * n_cols, sizeof(float)) : NULL};
    aisle_rng r;
    aisle_rng_init(&r, seed, 3);
    int64_t n = 0;
    for (int32_t u = 0; u < n_rows; u++) {
        m.row_ptr[u] = n;
        for (int32_t i = 0; i < n_cols; i++) {
            if (u % 7 == 3 || aisle_rng_below(&r, (uint64_t)(u + 10)) >= 9) continue;
            m.col[n] = i;
            if (weighted) m.val[n] = (float)(1 + aisle_rng_below(&r, 4));
            n++;
        }
    }
    m.row_ptr[n_rows] = n;
    return m;
}

static inline aisle_dev_mat *put_mat(const subject *s, const aisle_mat *m)
{
    aisle_dev_mat *d;
    MUST(s->ops->mat_new(s->d, m->n_rows, m->n_cols, &d, err));
    MUST(s->ops->mat_put(s->d, m, d, err));
    return d;
}

static inline aisle_mat get_mat(const subject *s, const aisle_dev_mat *d, int32_t n_rows, int32_t n_cols)
{
    aisle_mat m;
    MUST(aisle_mat_init(&m, n_rows, n_cols, err));
    MUST(s->ops->mat_get(s->d, d, &m, err));
    return m;
}

static inline aisle_dev_csr *put_csr(const subject *s, const aisle_csr *m)
{
    aisle_dev_csr *d;
    MUST(s->ops->csr_put(s->d, m, &d, err));
    return d;
}

/* Every third entry or so becomes a dislike. */
static inline void dislike_some(aisle_csr *c)
{
    for (int64_t e = 0; c->val && e < aisle_csr_nnz(c); e++)
        if (aisle_mix64((uint64_t)e) % 3 == 0) c->val[e] = -c->val[e];
}

/* The entry's confidence and preference. */
static inline double weight_of(const aisle_csr *c, int64_t e)
{
    return c->val ? fabs((double)c->val[e]) : 1;
}

static inline double preference_of(const aisle_csr *c, int64_t e)
{
    return !c->val || c->val[e] > 0 ? 1 : 0;
}

static inline double regularisation(const aisle_als_params *p, const aisle_csr *c, int32_t u, int32_t n_other)
{
    return p->reg * pow((double)(c->row_ptr[u + 1] - c->row_ptr[u]) + (double)p->a0 * n_other, p->nu);
}

static inline double dot64(int32_t n, const float *x, const float *y)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += (double)x[i] * y[i];
    return sum;
}

#endif
