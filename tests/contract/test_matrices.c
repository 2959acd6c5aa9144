/* Matrices on the device: round trips and refusals; memory that runs out anywhere. */
#include "tests/contract/contract.h"

CONTRACT(matrices, dense_matrices_come_back_as_they_went)
{
    aisle_mat m = random_mat(37, 21, 1), wide = {37, 21, 30, NULL};
    wide.data = aisle_calloc(37 * 30, sizeof(float));
    aisle_dev_mat *d = put_mat(s, &m), *fresh;
    MUST(s->ops->mat_get(s->d, d, &wide, err)); /* any leading dimension */
    for (int32_t r = 0; r < 37; r++)
        for (int32_t j = 0; j < 21; j++) cr_assert(aisle_mat_row(&wide, r)[j] == aisle_mat_row(&m, r)[j]);
    MUST(s->ops->mat_new(s->d, 37, 21, &fresh, err));
    MUST(s->ops->mat_get(s->d, fresh, &m, err));
    for (int i = 0; i < 37 * 21; i++) cr_assert(m.data[i] == 0);
    s->ops->mat_free(s->d, fresh);
    s->ops->mat_free(s->d, d);
    s->ops->mat_free(s->d, NULL);
    aisle_free(wide.data);
    aisle_mat_deinit(&m);
}

/* Twice: the limit leaves no room for both, unless the first no longer counts. */
CONTRACT(matrices, a_matrix_that_is_taken_comes_with_its_values_and_leaves_its_room)
{
    const aisle_device_params p = {.threads = 1, .memory_bytes = 1 << 20};
    aisle_mat m = random_mat(2000, 100, 1), out[2];
    subject t = *s;
    MUST(s->ops->open(&p, &t.d, err));
    for (int i = 0; i < 2; i++) {
        aisle_dev_mat *d = put_mat(&t, &m);
        MUST(s->ops->mat_take(t.d, d, &out[i], err));
    }
    s->ops->close(t.d);
    for (int i = 0; i < 2; i++) {
        cr_assert(out[i].n_rows == 2000 && out[i].n_cols == 100 && out[i].ld >= 100, "%s", s->name);
        for (int32_t r = 0; r < 2000; r++)
            cr_assert(memcmp(aisle_mat_row(&out[i], r), aisle_mat_row(&m, r), 100 * sizeof(float)) == 0,
                      "%s: row %d", s->name, r);
        aisle_mat_deinit(&out[i]);
    }
    aisle_mat_deinit(&m);
}

CONTRACT(matrices, factor_counts_out_of_range_are_refused)
{
    static const int32_t bad[] = {0, -1, AISLE_MAX_FACTORS + 1, 100000, INT32_MAX};
    aisle_dev_mat *d;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        MUST_FAIL(AISLE_EINVAL, s->ops->mat_new(s->d, 3, bad[i], &d, err));
        cr_assert_null(d);
    }
    MUST_FAIL(AISLE_EINVAL, s->ops->mat_new(s->d, -1, 4, &d, err));
    MUST(s->ops->mat_new(s->d, 2, AISLE_MAX_FACTORS, &d, err));
    s->ops->mat_free(s->d, d);
}

CONTRACT(matrices, wrong_shapes_and_numbers_are_refused)
{
    aisle_mat m = random_mat(4, 3, 1), other = random_mat(3, 4, 1);
    aisle_dev_mat *d = put_mat(s, &m);
    MUST_FAIL(AISLE_EINVAL, s->ops->mat_put(s->d, &other, d, err));
    MUST_FAIL(AISLE_EINVAL, s->ops->mat_get(s->d, d, &other, err));
    m.data[5] = NAN;
    MUST_FAIL(AISLE_ENUMERIC, s->ops->mat_put(s->d, &m, d, err));
    s->ops->mat_free(s->d, d);
    aisle_mat_deinit(&m);
    aisle_mat_deinit(&other);
}

CONTRACT(matrices, broken_sparse_matrices_are_refused)
{
    int64_t row_ptr[] = {0, 2, 3};
    int32_t col[] = {0, 1, 1};
    float val[] = {1, 2, 3};
    const aisle_csr m = {2, 2, row_ptr, col, val};
    aisle_dev_csr *d;
    MUST(s->ops->csr_put(s->d, &m, &d, err));
    s->ops->csr_free(s->d, d);
    val[1] = 0;
    MUST_FAIL(AISLE_EINVAL, s->ops->csr_put(s->d, &m, &d, err));
    cr_assert_null(d);
    val[1] = INFINITY;
    MUST_FAIL(AISLE_EFORMAT, s->ops->csr_put(s->d, &m, &d, err));
    val[1] = 2;
    col[1] = 2;
    MUST_FAIL(AISLE_EFORMAT, s->ops->csr_put(s->d, &m, &d, err));
    col[1] = 0;
    MUST_FAIL(AISLE_EFORMAT, s->ops->csr_put(s->d, &m, &d, err));
}

CONTRACT(matrices, describe_fits_any_buffer)
{
    char text[80] = "x", one[1] = {'x'};
    s->ops->describe(s->d, text, sizeof text);
    cr_assert(strlen(text) > 3);
    s->ops->describe(s->d, one, 1);
    cr_assert(one[0] == '\0');
}

/* How fast is nobody's business here; that it was measured is. 64 MiB leave room for smaller arrays only. */
CONTRACT(matrices, peaks_are_measured_within_the_memory_limit)
{
    const aisle_device_params small = {.threads = 2, .memory_bytes = 64 << 20}, none = {.memory_bytes = 1024};
    aisle_peaks p = {0}, untouched = {.copy_bytes_s = -1};
    aisle_device *d;
    MUST(s->ops->open(&small, &d, err));
    MUST(s->ops->peaks(d, &p, err));
    const double rates[] = {p.copy_bytes_s, p.gather_bytes_s, p.f32_flops_s, p.low_flops_s};
    for (int i = 0; i < 4; i++) cr_assert(isfinite(rates[i]) && rates[i] > 0, "%s: rate %d", s->name, i);
    cr_assert(p.low_flops_s >= p.f32_flops_s);
    s->ops->close(d);
    MUST(s->ops->open(&none, &d, err));
    MUST_FAIL(AISLE_ENOMEM, s->ops->peaks(d, &untouched, err));
    cr_assert(untouched.copy_bytes_s == -1, "%s: written though it failed", s->name);
    s->ops->close(d);
}

/* Everything a back-end does, once; the first failure is returned and nothing may leak. */
static aisle_status everything(const aisle_backend_ops *ops, const aisle_csr *c, const aisle_csr *ct)
{
    int32_t ids[40 * 5];
    float scores[40 * 5], g[64];
    double loss;
    const aisle_device_params open = {.threads = 2};
    aisle_als_params p = {.a0 = .1F, .reg = .1F, .nu = 1, .n_other = 30};
    const aisle_topn_params top = {.n = 5, .seen = c};
    aisle_device *d = NULL;
    aisle_dev_csr *dc = NULL, *dct = NULL;
    aisle_dev_mat *x = NULL, *y = NULL;
    aisle_status st = ops->open(&open, &d, NULL);
    if (st != AISLE_OK) return st;
    if (!st) st = ops->csr_put(d, c, &dc, NULL);
    if (!st) st = ops->csr_put(d, ct, &dct, NULL);
    if (!st) st = ops->mat_new(d, 40, 8, &x, NULL);
    if (!st) st = ops->mat_new(d, 30, 8, &y, NULL);
    if (!st) st = ops->gram(d, y, g, NULL);
    for (int solver = AISLE_SOLVER_PCG; solver <= AISLE_SOLVER_CHOLESKY && !st; solver++) {
        p.solver = (aisle_als_solver)solver;
        st = ops->als_half_step(d, dc, y, &p, x, NULL);
    }
    if (!st) st = ops->als_loss(d, dc, dct, x, y, &p, &loss, NULL);
    if (!st) st = ops->topn(d, x, 0, 40, y, &top, ids, scores, NULL);
    if (!st) st = ops->similar_topk(d, dc, 5, ids, scores, NULL, NULL);
    if (!st) {
        aisle_mat taken;
        st = ops->mat_take(d, y, &taken, NULL);
        aisle_mat_deinit(&taken);
        y = NULL;
    }
    ops->mat_free(d, y);
    ops->mat_free(d, x);
    ops->csr_free(d, dct);
    ops->csr_free(d, dc);
    ops->close(d);
    return st;
}

/* Plug-ins have allocators of their own, so only cpu can be made to fail from here. */
Test(matrices, any_allocation_may_fail)
{
    const aisle_backend_ops *ops = aisle_backend_at(NULL, 0);
    aisle_csr c = random_csr(40, 30, true, 1), ct;
    MUST(aisle_csr_transpose(&c, &ct, err));
    int64_t n = 1;
    for (aisle_status st = AISLE_ENOMEM; st != AISLE_OK; n++) {
        aisle_alloc_fail_after(n);
        st = everything(ops, &c, &ct);
        aisle_alloc_fail_after(0);
        cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "allocation %lld: %s", (long long)n,
                  aisle_status_name(st));
        cr_assert(n < 500);
    }
    cr_assert(n > 20, "only %lld allocations were seen", (long long)n);
    aisle_csr_deinit(&c);
    aisle_csr_deinit(&ct);
}

/* The same on the emulated device of tests/softgpu, which fails its N-th allocation and all after it when the
 * environment says so, and reports at the end what was not freed. */
CONTRACT(matrices, any_device_allocation_may_fail)
{
    if (strcmp(s->ops->name, "cuda") != 0 || !getenv("SOFTGPU_SEED")) return;
    aisle_csr c = random_csr(40, 30, true, 1), ct;
    MUST(aisle_csr_transpose(&c, &ct, err));
    int64_t n = 1;
    for (aisle_status st = AISLE_ENOMEM; st != AISLE_OK; n++) {
        char value[32];
        snprintf(value, sizeof value, "%lld+", (long long)n);
        setenv("SOFTGPU_FAIL_MALLOC", value, 1);
        st = everything(s->ops, &c, &ct);
        unsetenv("SOFTGPU_FAIL_MALLOC");
        cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "allocation %lld: %s", (long long)n,
                  aisle_status_name(st));
        cr_assert(n < 500);
    }
    cr_assert(n > 10, "only %lld allocations were seen", (long long)n);
    aisle_csr_deinit(&c);
    aisle_csr_deinit(&ct);
}

CONTRACT(matrices, a_memory_limit_is_kept_and_comes_back)
{
    const aisle_device_params p = {.threads = 1, .memory_bytes = 1 << 20};
    aisle_device *d;
    aisle_dev_mat *a, *b;
    MUST(s->ops->open(&p, &d, err));
    MUST(s->ops->mat_new(d, 2000, 100, &a, err));
    MUST_FAIL(AISLE_ENOMEM, s->ops->mat_new(d, 2000, 100, &b, err));
    cr_assert_null(b);
    s->ops->mat_free(d, a);
    MUST(s->ops->mat_new(d, 2000, 100, &b, err));
    s->ops->mat_free(d, b);
    s->ops->close(d);
}
