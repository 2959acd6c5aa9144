/* Eigenvectors of the scaled Gramian and the change of basis. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/backend/als.h"
#include "cpu/kernels/eigen.h"

/* Eigenvector j is row j of v. */
static void pack_basis(const aisle_device *d, const als_basis *b, const double *v, float *square)
{
    int32_t f = b->f;
    int64_t ld = aisle_ld(f);
#pragma omp parallel for num_threads(d->threads) schedule(static)
    for (int32_t i = 0; i < f; i++)
        for (int32_t j = 0; j < f; j++) square[i * ld + j] = (float)v[(int64_t)j * f + i];
    aisle_panels_pack(d->k, f, f, square, ld, b->q);
}

aisle_status als_basis_init(aisle_device *d, const aisle_dev_mat *y, double a0, als_basis *b,
                            aisle_error *err)
{
    int32_t f = y->m.n_cols;
    int64_t n = (int64_t)f * f, panels = (aisle_panels_floats(d->k, f, f) + 15) / 16 * 16, ld = aisle_ld(f);
    int64_t floats = 3 * ld + panels, scratch = 2 * n + f * ld;
    const double *g;
    *b = (als_basis){.f = f};
    AISLE_TRY(aisle_cpu_gram(d, y, &g, err));
    float *block = aisle_cpu_floats(d, floats, "ALS basis", err);
    float *wide = block ? aisle_cpu_floats(d, scratch, "eigenvector work space", err) : NULL;
    aisle_status st = wide ? AISLE_OK : AISLE_ENOMEM;
    if (!block) return st;
    *b = (als_basis){f, (double *)(void *)block, block + 2 * ld, block + 3 * ld, floats};
    if (!wide) goto done;
    double *v = (double *)(void *)wide;
    memcpy(v, g, (size_t)n * sizeof *v);
    st = aisle_eigen(f, v, b->diagonal, err);
    if (st != AISLE_OK) goto done;
    memset(b->lambda, 0, (size_t)(ld + panels) * sizeof *b->lambda);
    for (int32_t i = 0; i < f; i++) { /* negative by rounding alone */
        if (b->diagonal[i] < 0) b->diagonal[i] = 0;
        b->lambda[i] = (float)(a0 * b->diagonal[i]);
    }
    pack_basis(d, b, v, wide + 2 * n);
done:
    if (wide) aisle_cpu_release(d, wide, scratch);
    if (st != AISLE_OK) als_basis_deinit(d, b);
    return st;
}

void als_basis_deinit(aisle_device *d, als_basis *b)
{
    if (b->diagonal) aisle_cpu_release(d, b->diagonal, b->floats);
    *b = (als_basis){0};
}

aisle_status als_rotate(aisle_device *d, const als_basis *b, aisle_dev_mat *y, aisle_error *err)
{
    aisle_mat *m = &y->m;
    int64_t each = (int64_t)b->f * AISLE_ROW_BLOCK + AISLE_KERNEL_SLACK;
    float *work = aisle_cpu_floats(d, each * d->threads, "rotation work space", err);
    if (!work) return AISLE_ENOMEM;
#pragma omp parallel for num_threads(d->threads) schedule(dynamic)
    for (int32_t r = 0; r < m->n_rows; r += AISLE_ROW_BLOCK) {
        int32_t n = m->n_rows - r < AISLE_ROW_BLOCK ? m->n_rows - r : AISLE_ROW_BLOCK;
        aisle_right product = {b->f, b->f, b->q, work + each * aisle_cpu_thread()};
        aisle_multiply(d->k, &product, n, aisle_mat_row(m, r), m->ld, aisle_mat_row(m, r), m->ld);
    }
    aisle_cpu_release(d, work, each * d->threads);
    aisle_cpu_gram_diagonal(y, b->diagonal);
    return AISLE_OK;
}
