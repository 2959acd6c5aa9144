/* What training says that it takes against what it takes: every allocation is counted. */
#include "small_shop.h"

/* Up to 2 `each` random items for a user, `each` on average, and `times` events for every pair. No array that comes of it
 * is of 4 MiB, from where on room is made for whole huge pages. */
static aisle_dataset *large_shop(int32_t n_users, int32_t n_items, int32_t each, int32_t times)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_rng r;
    aisle_rng_init(&r, 1, 0);
    for (int32_t u = 0; u < n_users; u++)
        for (int32_t n = 0; n <= u % (2 * each); n++) {
            int32_t item = (int32_t)aisle_rng_below(&r, (uint64_t)n_items);
            for (int32_t t = 0; t < times; t++) small_shop_event(&sink, u, item, (int64_t)t * 1000);
        }
    return d;
}

typedef struct said {
    const aisle_trainer *t;
    const aisle_train_params *p;
    int64_t bytes;
    aisle_train_sizes sizes;
} said;

static void on_start(void *ctx, const aisle_train_sizes *s)
{
    said *m = ctx;
    m->sizes = *s;
    m->bytes = aisle_train_bytes(m->t, s, m->p);
}

/* Peak of all allocations over what was said. */
static double ratio_of(const aisle_dataset *d, const aisle_train_params *p, const char *what, said *m)
{
    aisle_trainer t = cpu_trainer(2);
    aisle_trained out;
    aisle_error err = {0};
    *m = (said){.t = &t, .p = p};
    t.on_start = on_start;
    t.ctx = m;
    aisle_alloc_count_start();
    cr_assert_eq(aisle_train(d, NULL, p, &t, &out, &err), AISLE_OK, "%s: %s", what, err.message);
    int64_t peak = aisle_alloc_count_peak();
    aisle_trained_deinit(&out);
    t.ops->close(t.device);
    printf("%s: %lld bytes, said %lld\n", what, (long long)peak, (long long)m->bytes);
    return (double)peak / (double)m->bytes;
}

static aisle_train_params plain(int32_t factors)
{
    aisle_train_params p = aisle_train_params_default();
    p.factors = factors;
    p.iterations = 1;
    p.k_similar = p.k_content = p.k_complements = 0;
    return p;
}

Test(train_bytes, what_is_said_is_what_is_taken)
{
    aisle_dataset *shop = large_shop(4000, 3000, 30, 1), *many_items = large_shop(600, 4000, 50, 1),
                  *repeats = large_shop(1000, 900, 20, 5);
    const struct {
        const char *what;
        const aisle_dataset *d;
        int32_t factors, k_similar;
        aisle_als_solver solver;
        double validation;
        bool checkpoint;
    } cases[] = {
        {"16 factors", shop, 16, 0, AISLE_SOLVER_AUTO, 0, false},
        {"40 factors, pcg", shop, 40, 0, AISLE_SOLVER_PCG, 0, false},
        {"40 factors, exact", shop, 40, 0, AISLE_SOLVER_EXACT, 0, false},
        {"128 factors, pcg", shop, 128, 0, AISLE_SOLVER_PCG, 0, false},
        {"64 factors, cholesky", shop, 64, 0, AISLE_SOLVER_CHOLESKY, 0, false},
        {"256 factors, pcg", many_items, 256, 0, AISLE_SOLVER_PCG, 0, false},
        {"validation", shop, 32, 0, AISLE_SOLVER_PCG, .2, false},
        {"checkpoint", shop, 64, 0, AISLE_SOLVER_PCG, 0, true},
        {"neighbours", shop, 16, 50, AISLE_SOLVER_PCG, 0, false},
        {"neighbours alone", shop, 0, 50, AISLE_SOLVER_PCG, 0, false},
        {"five events a pair", repeats, 16, 0, AISLE_SOLVER_PCG, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        said m;
        aisle_train_params p = plain(cases[i].factors);
        p.als.solver = cases[i].solver;
        p.k_similar = cases[i].k_similar;
        p.validation = cases[i].validation;
        p.checkpoint = cases[i].checkpoint ? scratch_path("bytes") : NULL;
        double ratio = ratio_of(cases[i].d, &p, cases[i].what, &m);
        cr_expect(ratio <= 1.02 && ratio >= .96, "%s: %.3f of %lld bytes", cases[i].what, ratio,
                  (long long)m.bytes);
    }
    aisle_dataset_free(shop);
    aisle_dataset_free(many_items);
    aisle_dataset_free(repeats);
}

/* The bar that the engine keeps: both matrices and the factors, and not a third of that more. */
Test(train_bytes, als_takes_at_most_1_3_times_its_matrices_and_factors)
{
    static const int32_t factors[] = {16, 64, 120};
    aisle_dataset *d = large_shop(8000, 5000, 40, 1);
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        said m;
        aisle_train_params p = plain(factors[i]);
        p.als.solver = AISLE_SOLVER_PCG;
        p.als.cg_steps = 1;
        double peak = ratio_of(d, &p, "als", &m) * (double)m.bytes;
        double rows = m.sizes.n_users + m.sizes.n_items;
        double parts = 16 * (double)m.sizes.n_pairs + 8 * (rows + 2) + 4 * rows * factors[i];
        cr_expect(peak <= 1.3 * parts, "%d factors: %.0f bytes are %.2f times %.0f", factors[i], peak,
                  peak / parts, parts);
    }
    aisle_dataset_free(d);
}

Test(train_bytes, sizes_that_overflow_are_too_many)
{
    aisle_trainer t = cpu_trainer(1);
    aisle_train_params p = aisle_train_params_default();
    const aisle_train_sizes s = {INT32_MAX, INT32_MAX, INT64_MAX / 2, INT64_MAX / 2, INT64_MAX / 2};
    cr_assert_eq(aisle_train_bytes(&t, &s, &p), INT64_MAX);
    t.ops->close(t.device);
}
