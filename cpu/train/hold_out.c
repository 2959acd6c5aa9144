/* The validation part: single pairs of the training matrix, chosen by a random number of their own. Not the
 * evaluation's split, which works on events (dataset.h). */
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/train/als_loop.h"

static bool is_held(const aisle_train_params *p, const aisle_csr *c, int32_t u, int64_t e)
{
    int32_t i = c->col[e];
    if (c->val && c->val[e] < 0) return false; /* a dislike is nothing to be found again */
    aisle_rng r; /* a stream a pair: whether one is held out does not depend on the others */
    aisle_rng_init(&r, ~p->seed, ((uint64_t)(uint32_t)u << 32) | (uint32_t)i);
    return aisle_rng_f64(&r) < p->validation;
}

static bool room(aisle_csr *m, const aisle_csr *like, int64_t nnz)
{
    *m = (aisle_csr){like->n_rows, like->n_cols, aisle_array((int64_t)like->n_rows + 1, sizeof *m->row_ptr),
                     aisle_array(nnz, sizeof *m->col), like->val ? aisle_array(nnz, sizeof *m->val) : NULL};
    return m->row_ptr && m->col && (m->val || !like->val);
}

static void push(aisle_csr *m, const aisle_csr *from, int64_t e, int64_t *at)
{
    m->col[*at] = from->col[e];
    if (m->val) m->val[*at] = from->val[e];
    ++*at;
}

aisle_status aisle_als_hold_out(const aisle_csr *c, const aisle_train_params *p, aisle_csr *rest,
                                aisle_csr *held, aisle_error *err)
{
    int64_t nnz = aisle_csr_nnz(c), n_held = 0, at_rest = 0, at_held = 0;
    for (int32_t u = 0; u < c->n_rows; u++)
        for (int64_t e = c->row_ptr[u]; e < c->row_ptr[u + 1]; e++) n_held += is_held(p, c, u, e);
    *rest = *held = (aisle_csr){0};
    if (n_held == 0 || n_held == nnz)
        return aisle_fail(
            err, AISLE_EINVAL,
            "training: a validation share of %g holds out %lld of %lld pairs; use another share, or 0",
            p->validation, (long long)n_held, (long long)nnz);
    if (!room(rest, c, nnz - n_held) || !room(held, c, n_held)) {
        aisle_csr_deinit(rest);
        aisle_csr_deinit(held);
        return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for the validation part");
    }
    rest->row_ptr[0] = held->row_ptr[0] = 0;
    for (int32_t u = 0; u < c->n_rows; u++) {
        for (int64_t e = c->row_ptr[u]; e < c->row_ptr[u + 1]; e++)
            if (is_held(p, c, u, e))
                push(held, c, e, &at_held);
            else
                push(rest, c, e, &at_rest);
        rest->row_ptr[u + 1] = at_rest;
        held->row_ptr[u + 1] = at_held;
    }
    return AISLE_OK;
}
