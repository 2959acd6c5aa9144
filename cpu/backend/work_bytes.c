/* How much memory the cpu back-end takes for what it is asked. Not the limit that a device keeps (cpu.c): these are the
 * sizes that a program says before it starts. Each follows the allocations of the file that it speaks of. */
#include "aisle/memory.h"
#include "cpu/backend/als.h"
#include "cpu/backend/similar.h"

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* als_basis.c: the basis; and while it is made the eigenvectors' work space beside LAPACK's. */
static int64_t basis_floats(const aisle_device *d, int32_t f)
{
    return 3 * aisle_ld(f) + (aisle_panels_floats(d->k, f, f) + 15) / 16 * 16;
}

static int64_t eigen_floats(int32_t f)
{
    int64_t n = (int64_t)f * f, lapack = 2 * (1 + 6 * (int64_t)f + 2 * n) + 3 + 5 * (int64_t)f;
    return 2 * n + f * aisle_ld(f) + lapack;
}

/* als.c: a thread's scratch, for a matrix that has the longest row of every way of solving that the plan knows. */
static int64_t rows_floats(const aisle_device *d, int32_t f, int64_t entries, const aisle_als_params *p)
{
    enum { KINDS = sizeof((als_run *)0)->at / sizeof(int32_t) };
    als_plan plan = als_plan_make(p->solver, f, entries);
    bool small = f <= plan.batch_max; /* then no system is solved singly */
    int64_t exact = plan.cg_from - 1, dual = smaller(plan.dual_max, exact);
    int64_t batch = small ? smaller(plan.dual_max + 1, exact) : smaller(plan.batch_max, dual);
    const int64_t length[KINDS] = {plan.cg_from < INT64_MAX ? 1 : 0,
                                   !small && exact > plan.dual_max ? plan.dual_max + 1 : 0,
                                   !small && dual > batch ? dual : 0, batch > 0 ? batch : 0};
    const int32_t order[KINDS] = {0, 1, 2, 3};
    int64_t row_ptr[KINDS + 1] = {0};
    const aisle_csr c = {KINDS, 0, row_ptr, NULL, NULL};
    als_run run = {.k = d->k,
                   .c = &c,
                   .p = p,
                   .order = order,
                   .plan = plan,
                   .f = f,
                   .padded = (f + 15) / 16 * 16,
                   .cg_rows = ALS_CG_ROWS};
    int32_t n = 0;
    for (int k = 0; k < KINDS; k++) {
        if (length[k] > 0) row_ptr[n + 1] = row_ptr[n] + length[k], n++;
        run.at[k] = n;
    }
    return als_work_floats(&run) * d->threads;
}

aisle_host_bytes aisle_cpu_als_bytes(aisle_device *d, const aisle_sizes *s, const aisle_als_params *p)
{
    int32_t f = s->factors, most = (int32_t)larger(s->n_rows, s->n_cols);
    int64_t rows = (int64_t)s->n_rows + s->n_cols, gram = aisle_cpu_gram_floats(most, f);
    int64_t turn = ((int64_t)f * AISLE_ROW_BLOCK + AISLE_KERNEL_SLACK) * d->threads;
    int64_t step = basis_floats(d, f) + larger(eigen_floats(f), larger(turn, rows_floats(d, f, s->nnz, p)));
    int64_t work = 4 * (int64_t)f * f + larger(step, gram); /* both Gramians are kept */
    aisle_host_bytes b = {INT64_MAX, work * (int64_t)sizeof(float)};
    /* 4 more a row: their order */
    (void)aisle_size_mul(rows * (aisle_ld(f) + 1) + 2 * AISLE_KERNEL_SLACK, (int64_t)sizeof(float),
                         &b.resident);
    return b;
}

/* similar_lists.c: entries by row and by feature, and what a row and a feature have beside; similar_row.c: for each
 * thread the cells of an accumulator. As if no two rows were equal. */
int64_t aisle_cpu_similar_bytes(aisle_device *d, const aisle_sizes *s, int32_t k)
{
    enum { POSTINGS = 2 * sizeof(aisle_posting), ROW = 28, FEATURE = 12, CELL = 20 };
    int64_t entries = 0, sum = 0, cells = smaller(s->n_rows, AISLE_SIMILAR_TILE);
    int64_t each = cells * CELL + (int64_t)s->n_cols * (int64_t)sizeof(float) +
                   2 * aisle_select_room(k + 1) * (int64_t)sizeof(uint64_t);
    bool over = aisle_size_mul(s->nnz, POSTINGS, &entries) || aisle_size_mul(each, d->threads, &sum) ||
                aisle_size_add(entries, sum, &sum) ||
                aisle_size_add(sum, (int64_t)s->n_rows * ROW + (int64_t)s->n_cols * FEATURE, &sum);
    return over ? INT64_MAX : sum;
}
