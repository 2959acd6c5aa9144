/* EASE^R with a given support: each item's own ridge regression on its neighbours, which is its column of the
 * conditional model restricted to them (Steck 2019b, section 3.2). With all other items as neighbours it is the dense
 * model. The neighbours' Gramian is made anew for every item from the users they share: the Gramian of all would not
 * fit, and its rows of popular items are longer than what is picked from them. */
#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/ease.h"

extern void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info, size_t uplo_len);
extern void spotrs_(const char *uplo, const int *n, const int *nrhs, const float *a, const int *lda, float *b,
                    const int *ldb, int *info, size_t uplo_len);

/* An entry of a user, in a list with the user's entries of neighbours before. */
typedef struct link {
    int32_t before; /* -1 = none */
    int32_t at;     /* its neighbour's place */
    double x;
} link;

/* One thread's. */
typedef struct scratch {
    int32_t *newest; /* [users] -1 between items */
    link *links;     /* [entries of the block's longest rows] */
    double *gram;    /* [(block + 1)^2] lower triangle; the last row is the item itself */
    float *system, *right;
} scratch;

static bool scratch_init(scratch *s, int32_t n_users, int32_t block, int64_t entries)
{
    int64_t side = (int64_t)block + 1;
    *s = (scratch){.newest = aisle_array(n_users, sizeof *s->newest),
                   .links = aisle_array(entries, sizeof *s->links),
                   .gram = aisle_array(side * side, sizeof *s->gram),
                   .system = aisle_array((int64_t)block * block, sizeof *s->system),
                   .right = aisle_array(block, sizeof *s->right)};
    if (s->newest) memset(s->newest, -1, (size_t)n_users * sizeof *s->newest);
    return s->newest && s->links && s->gram && s->system && s->right;
}

static void scratch_deinit(scratch *s)
{
    aisle_free(s->newest);
    aisle_free(s->links);
    aisle_free(s->gram);
    aisle_free(s->system);
    aisle_free(s->right);
}

/* Adds row `at` of the Gramian: item's products with all that came before, itself included. Returns the links used. */
static int32_t add_item(const aisle_csr *by_item, int32_t item, int32_t at, int32_t side, int32_t n_links,
                        scratch *s)
{
    double *row = s->gram + (int64_t)at * side;
    memset(row, 0, (size_t)(at + 1) * sizeof *row);
    for (int64_t e = by_item->row_ptr[item]; e < by_item->row_ptr[item + 1]; e++) {
        int32_t u = by_item->col[e];
        double x = (double)by_item->val[e];
        s->links[n_links] = (link){s->newest[u], at, x};
        s->newest[u] = n_links++;
        for (int32_t l = s->newest[u]; l >= 0; l = s->links[l].before)
            row[s->links[l].at] += x * s->links[l].x;
    }
    return n_links;
}

static void forget_item(const aisle_csr *by_item, int32_t item, scratch *s)
{
    for (int64_t e = by_item->row_ptr[item]; e < by_item->row_ptr[item + 1]; e++)
        s->newest[by_item->col[e]] = -1;
}

/* Column `item` of B over the n neighbours `id`, to b. */
static bool solve_item(const aisle_csr *by_item, double reg, int32_t item, int32_t n, const int32_t *id,
                       float *b, scratch *s)
{
    int32_t side = n + 1, n_links = 0;
    int order = n, one = 1, info = 0;
    for (int32_t k = 0; k < n; k++) n_links = add_item(by_item, id[k], k, side, n_links, s);
    add_item(by_item, item, n, side, n_links, s);
    for (int32_t k = 0; k < n; k++) forget_item(by_item, id[k], s);
    forget_item(by_item, item, s);
    for (int32_t i = 0; i < n; i++) {
        const double *row = s->gram + (int64_t)i * side;
        float *to = s->system + (int64_t)i * n; /* row-major lower is column-major upper */
        for (int32_t j = 0; j < i; j++) to[j] = (float)row[j];
        to[i] = (float)(row[i] + reg);
        b[i] = (float)s->gram[(int64_t)n * side + i];
    }
    spotrf_("U", &order, s->system, &order, &info, 1);
    if (info == 0) spotrs_("U", &order, &one, s->system, &order, b, &order, &info, 1);
    return info == 0;
}

/* Entries of the `most` longest rows and one more. */
static int64_t longest_entries(const aisle_csr *by_item, int32_t most)
{
    int64_t longest = 0, nnz = aisle_csr_nnz(by_item), bound = 0;
    for (int32_t i = 0; i < by_item->n_rows; i++) {
        int64_t n = by_item->row_ptr[i + 1] - by_item->row_ptr[i];
        if (n > longest) longest = n;
    }
    return aisle_size_mul(longest, (int64_t)most + 1, &bound) || bound > nnz ? nnz : bound;
}

aisle_status ease_sparse(const aisle_csr *by_item, double reg, const aisle_trainer *t, aisle_csr *lists,
                         aisle_error *err)
{
    int32_t n = by_item->n_rows, threads = t->threads > 0 ? t->threads : omp_get_num_procs(), most = 1;
    aisle_status st = AISLE_OK; /* atomic */
    for (int32_t i = 0; i < n; i++) {
        int64_t here = lists->row_ptr[i + 1] - lists->row_ptr[i];
        if (here > most) most = (int32_t)here;
    }
    int64_t entries = longest_entries(by_item, most);
    if (entries > INT32_MAX) /* links are numbered by 32 bits */
        return aisle_fail(err, AISLE_ENOMEM,
                          "ease: %d neighbours have up to %lld pairs; lower the block to less than %lld",
                          most, (long long)entries, (long long)(INT32_MAX / (entries / most)));
    openblas_set_num_threads(1); /* here threads call it, each for its own item */
#pragma omp parallel num_threads(threads)
    {
        scratch s;
        bool ready = scratch_init(&s, by_item->n_cols, most, entries);
        if (!ready) __atomic_store_n(&st, AISLE_ENOMEM, __ATOMIC_RELAXED);
#pragma omp for schedule(dynamic, 8)
        for (int32_t i = 0; i < n; i++) {
            int64_t at = lists->row_ptr[i];
            int32_t count = (int32_t)(lists->row_ptr[i + 1] - at);
            if (count == 0 || __atomic_load_n(&st, __ATOMIC_RELAXED) != AISLE_OK) continue;
            aisle_status here = AISLE_OK;
            if (aisle_canceled(t->progress))
                here = AISLE_ECANCELED;
            else if (!solve_item(by_item, reg, i, count, lists->col + at, lists->val + at, &s))
                here = AISLE_ENUMERIC;
            if (here != AISLE_OK) __atomic_store_n(&st, here, __ATOMIC_RELAXED);
            if (omp_get_thread_num() == 0) aisle_progress_report(t->progress, "ease", i, n, "");
        }
        scratch_deinit(&s);
    }
    switch (st) {
    case AISLE_OK: return AISLE_OK;
    case AISLE_ECANCELED: return aisle_fail(err, st, "ease canceled");
    case AISLE_ENUMERIC:
        return aisle_fail(err, st, "ease: a system is not positive definite; raise the regularization");
    default:
        return aisle_fail(err, st, "ease: out of memory for blocks of %d items on %d threads; lower either",
                          most, threads);
    }
}
