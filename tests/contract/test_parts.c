/* Rows split over parts, streamed through little memory, or both: the same bytes as whole and resident. And memory
 * that runs out at any point. */
#include "tests/contract/contract.h"

enum { NEAREST = 7, SOLVERS = AISLE_SOLVER_CHOLESKY + 1 };

/* What everything that a back-end computes comes to. */
typedef struct outcome {
    uint64_t factors[SOLVERS], similar, best; /* hashes; factors by solver */
    double loss[SOLVERS];
} outcome;

static uint64_t hash_factors(const subject *s, const aisle_dev_mat *d, int32_t n_rows, int32_t f)
{
    aisle_mat m;
    MUST(aisle_mat_init(&m, n_rows, f, err));
    MUST(s->ops->mat_get(s->d, d, &m, err));
    uint64_t hash = aisle_hash64(m.data, (size_t)n_rows * (size_t)f * sizeof(float), 1);
    aisle_mat_deinit(&m);
    return hash;
}

static uint64_t hash_lists(const int32_t *ids, const float *scores, size_t n)
{
    return aisle_hash64(scores, n * sizeof *scores, aisle_hash64(ids, n * sizeof *ids, 1));
}

static outcome outcome_of(const subject *s, const aisle_device_params *p, const aisle_csr *c, int32_t f)
{
    subject t = *s;
    outcome o = {0};
    aisle_csr ct;
    aisle_mat x0 = random_mat(c->n_rows, f, 1), y0 = random_mat(c->n_cols, f, 2);
    const aisle_topn_params top = {.n = NEAREST, .seen = c};
    int32_t *ids = aisle_array((int64_t)c->n_rows * NEAREST, sizeof *ids);
    float *scores = aisle_array((int64_t)c->n_rows * NEAREST, sizeof *scores);
    MUST(aisle_csr_transpose(c, &ct, err));
    MUST(t.ops->open(p, &t.d, err));
    aisle_dev_csr *dc = put_csr(&t, c), *dct = put_csr(&t, &ct);
    aisle_dev_mat *x = put_mat(&t, &x0), *y = put_mat(&t, &y0);
    for (int solver = 0; solver < SOLVERS; solver++) {
        aisle_als_params als = {.a0 = .05F, .reg = .02F, .nu = .7F, .solver = (aisle_als_solver)solver};
        als.n_other = c->n_cols;
        MUST(t.ops->als_half_step(t.d, dc, y, &als, x, err));
        als.n_other = c->n_rows;
        MUST(t.ops->als_half_step(t.d, dct, x, &als, y, err));
        o.factors[solver] = hash_factors(&t, x, c->n_rows, f) ^ hash_factors(&t, y, c->n_cols, f) << 1;
        MUST(t.ops->als_loss(t.d, dc, dct, x, y, &als, &o.loss[solver], err));
    }
    MUST(t.ops->topn(t.d, x, 0, c->n_rows, y, &top, ids, scores, err));
    o.best = hash_lists(ids, scores, (size_t)c->n_rows * NEAREST);
    aisle_error err = {0};
    aisle_status st = t.ops->similar_topk(t.d, dc, NEAREST, ids, scores, NULL, &err);
    cr_assert(st == AISLE_OK || (st == AISLE_ENOMEM && p->memory_bytes), "%s: %s", s->name, err.message);
    if (st == AISLE_OK) o.similar = hash_lists(ids, scores, (size_t)c->n_rows * NEAREST);
    t.ops->mat_free(t.d, y);
    t.ops->mat_free(t.d, x);
    t.ops->csr_free(t.d, dct);
    t.ops->csr_free(t.d, dc);
    t.ops->close(t.d);
    aisle_free(ids);
    aisle_free(scores);
    aisle_csr_deinit(&ct);
    aisle_mat_deinit(&x0);
    aisle_mat_deinit(&y0);
    return o;
}

static void expect_same(const outcome *got, const outcome *want, const char *name, const char *what)
{
    for (int solver = 0; solver < SOLVERS; solver++) {
        cr_assert(got->factors[solver] == want->factors[solver], "%s, %s: factors of solver %d differ", name,
                  what, solver);
        cr_assert(got->loss[solver] == want->loss[solver], "%s, %s: solver %d: loss %.17g, wanted %.17g",
                  name, what, solver, got->loss[solver], want->loss[solver]);
    }
    cr_assert(got->best == want->best, "%s, %s: top-N differs", name, what);
    /* 0: the transpose, which similarity needs whole, found no room */
    cr_assert(got->similar == 0 || got->similar == want->similar, "%s, %s: neighbours differ", name, what);
}

/* Those that split rows or have memory of their own; subjects that only repeat it split are left out. */
static bool is_first_of_gpu(const subject *s)
{
    return strcmp(s->ops->name, "cuda") == 0 && s->kernels == -1;
}

/* Rows from empty to more than 1,024 entries. */
CONTRACT(parts, shards_and_devices_do_not_change_a_byte)
{
    static const aisle_device_params split[] = {
        {.shards = 1}, {.shards = 2}, {.shards = 3}, {.devices = 2}, {.devices = 2, .shards = 3}};
    if (!is_first_of_gpu(s)) return;
    aisle_csr c = random_csr(60, 1200, true, 3);
    outcome want = outcome_of(s, &split[0], &c, 20);
    for (size_t i = 0; i < sizeof split / sizeof *split; i++) {
        char what[40];
        aisle_device *d;
        snprintf(what, sizeof what, "%d shards on %d devices", split[i].shards, split[i].devices);
        if (s->ops->open(&split[i], &d, NULL) != AISLE_OK) {
            cr_assert(split[i].devices > 1);
            printf("[ SKIP ] %s: %s: this machine has one\n", s->name, what);
            continue;
        }
        s->ops->close(d);
        outcome got = outcome_of(s, &split[i], &c, 20);
        expect_same(&got, &want, s->name, what);
    }
    aisle_csr_deinit(&c);
}

CONTRACT(parts, shards_do_not_change_a_byte_of_many_factors)
{
    const aisle_device_params whole = {.shards = 1}, split = {.shards = 3};
    if (!is_first_of_gpu(s)) return;
    aisle_csr c = random_csr(40, 150, false, 3);
    outcome want = outcome_of(s, &whole, &c, 130), got = outcome_of(s, &split, &c, 130);
    expect_same(&got, &want, s->name, "3 shards");
    aisle_csr_deinit(&c);
}

/* More than half of all cells, so that entries take more room than factors. */
static aisle_csr dense_csr(int32_t n_rows, int32_t n_cols, bool weighted, uint64_t seed)
{
    aisle_csr m = random_csr(n_rows, n_cols, weighted, seed);
    aisle_rng r;
    int64_t n = 0;
    aisle_rng_init(&r, seed, 4);
    for (int32_t u = 0; u < n_rows; u++) {
        m.row_ptr[u] = n;
        for (int32_t i = 0; i < n_cols; i++) {
            if (aisle_rng_below(&r, 5) < 2) continue;
            m.col[n] = i;
            if (weighted) m.val[n] = (float)(1 + aisle_rng_below(&r, 4));
            n++;
        }
    }
    m.row_ptr[n_rows] = n;
    return m;
}

/* Whether an exact half-step fits: the workspace of a vendor's eigensolver may take more than few entries do. */
static bool has_room(const subject *s, const aisle_device_params *p, const aisle_csr *c, int32_t f)
{
    subject t = *s;
    const aisle_als_params als = {
        .a0 = .05F, .reg = .02F, .solver = AISLE_SOLVER_EXACT, .n_other = c->n_cols};
    aisle_mat y0 = random_mat(c->n_cols, f, 2), x0 = random_mat(c->n_rows, f, 1);
    MUST(t.ops->open(p, &t.d, err));
    aisle_dev_csr *dc = put_csr(&t, c);
    aisle_dev_mat *x = put_mat(&t, &x0), *y = put_mat(&t, &y0);
    aisle_status st = t.ops->als_half_step(t.d, dc, y, &als, x, NULL);
    cr_assert(st == AISLE_OK || st == AISLE_ENOMEM);
    t.ops->mat_free(t.d, y);
    t.ops->mat_free(t.d, x);
    t.ops->csr_free(t.d, dc);
    t.ops->close(t.d);
    aisle_mat_deinit(&y0);
    aisle_mat_deinit(&x0);
    return st == AISLE_OK;
}

/* Entries stay in device memory where they take at most half of what is free: with 2.1 times their bytes they do
 * not, less a tenth and what is there already. Returns false where that is no room to work in. */
static bool streamed_is_same(const subject *s, int32_t n_rows, bool weighted)
{
    enum { F = 6 };
    aisle_csr c = dense_csr(n_rows, 400, weighted, 4);
    int64_t bytes = aisle_csr_nnz(&c) * (weighted ? 8 : 4);
    int32_t most = weighted ? 2 : 1;
    aisle_device_params p = {.threads = 1, .shards = most, .memory_bytes = bytes * 21 / 10 / most};
    bool fits = has_room(s, &p, &c, F);
    if (fits) {
        p = (aisle_device_params){.threads = 1};
        outcome want = outcome_of(s, &p, &c, F);
        for (p.shards = 1; p.shards <= most; p.shards++) {
            p.memory_bytes = bytes * 21 / 10 / p.shards; /* of each shard */
            outcome got = outcome_of(s, &p, &c, F);
            expect_same(&got, &want, s->name, p.shards == 1 ? "streamed" : "streamed in 2 shards");
        }
    }
    aisle_csr_deinit(&c);
    return fits;
}

CONTRACT(parts, streamed_rows_give_the_bytes_of_resident_ones)
{
    if (!is_first_of_gpu(s)) return;
    for (int weighted = 0; weighted < 2; weighted++) {
        int32_t n_rows = 300;
        while (!streamed_is_same(s, n_rows, weighted)) {
            n_rows *= 2;
            cr_assert(n_rows <= 9600, "%s: no room even for %d rows", s->name, n_rows);
        }
    }
}

/* OK, or out of memory with the sizes in the message. */
static bool fits(const char *name, aisle_status st, const aisle_error *err)
{
    cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "%s: %s (%s)", name, aisle_status_name(st), err->message);
    cr_assert(st == AISLE_OK || strstr(err->message, "MiB"), "%s: no sizes in \"%s\"", name, err->message);
    return st == AISLE_OK;
}

/* Everything once under the device's limit, each call whether or not the others found room: how many did not. */
static int32_t calls_without_room(const subject *s, const aisle_csr *c, const aisle_csr *ct)
{
    enum { F = 33 };
    int32_t ids[60 * 5], failed = 0;
    float scores[60 * 5], g[F * F];
    double loss;
    aisle_error err = {0};
    aisle_als_params p = {.a0 = .1F, .reg = .1F, .nu = 1, .n_other = c->n_cols};
    const aisle_topn_params top = {.n = 5, .seen = c};
    aisle_dev_csr *dc = NULL, *dct = NULL;
    aisle_dev_mat *x = NULL, *y = NULL;
    failed += !fits(s->name, s->ops->mat_new(s->d, c->n_cols, F, &y, &err), &err);
    failed += !fits(s->name, s->ops->mat_new(s->d, c->n_rows, F, &x, &err), &err);
    failed += !fits(s->name, s->ops->csr_put(s->d, c, &dc, &err), &err);
    failed += !fits(s->name, s->ops->csr_put(s->d, ct, &dct, &err), &err);
    if (y) failed += !fits(s->name, s->ops->gram(s->d, y, g, &err), &err);
    for (int solver = 0; solver < SOLVERS && dc && x && y; solver++) {
        p.solver = (aisle_als_solver)solver;
        failed += !fits(s->name, s->ops->als_half_step(s->d, dc, y, &p, x, &err), &err);
    }
    if (dc && dct && x && y)
        failed += !fits(s->name, s->ops->als_loss(s->d, dc, dct, x, y, &p, &loss, &err), &err);
    if (x && y)
        failed += !fits(s->name, s->ops->topn(s->d, x, 0, c->n_rows, y, &top, ids, scores, &err), &err);
    if (dc) failed += !fits(s->name, s->ops->similar_topk(s->d, dc, 5, ids, scores, NULL, &err), &err);
    s->ops->csr_free(s->d, dct);
    s->ops->csr_free(s->d, dc);
    s->ops->mat_free(s->d, x);
    s->ops->mat_free(s->d, y);
    return failed;
}

/* From nearly nothing to enough for all. Afterwards a matrix of exactly the limit must fit: nothing was lost. Rows of
 * one column are stored as 32 floats. */
CONTRACT(parts, any_memory_limit_works_or_is_reported_and_loses_nothing)
{
    enum { LINE = 32 * sizeof(float) };
    if (strcmp(s->ops->name, "cuda") != 0) return;
    aisle_csr c = random_csr(60, 1300, true, 5), ct;
    int32_t rounds = 0, lines = 8, failed = 1;
    MUST(aisle_csr_transpose(&c, &ct, err));
    for (; failed > 0; rounds++, lines += lines / 4) {
        aisle_device_params p = {.shards = -s->kernels, .memory_bytes = (int64_t)lines * LINE};
        subject t = *s;
        aisle_dev_mat *all;
        MUST(t.ops->open(&p, &t.d, err));
        failed = calls_without_room(&t, &c, &ct);
        MUST(t.ops->mat_new(t.d, lines, 1, &all, err));
        t.ops->mat_free(t.d, all);
        t.ops->close(t.d);
        cr_assert(rounds < 100, "%s: %d calls find no room in %lld MiB", t.name, failed,
                  (long long)lines * LINE >> 20);
    }
    cr_assert(rounds > 10, "%s: only %d limits were too small", s->name, rounds);
    aisle_csr_deinit(&c);
    aisle_csr_deinit(&ct);
}

CONTRACT(parts, devices_that_are_not_there_are_refused)
{
    static const aisle_device_params bad[] = {
        {.ordinal = 1000}, {.ordinal = -1}, {.devices = 1000},           {.devices = -1},
        {.shards = 17},    {.shards = -1},  {.shards = 1, .devices = 2}, {.memory_bytes = -1}};
    if (!is_first_of_gpu(s)) return;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        aisle_device *d;
        MUST_FAIL(AISLE_EINVAL, s->ops->open(&bad[i], &d, err));
        cr_assert_null(d);
    }
}
