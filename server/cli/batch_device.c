/* A model's factors on a device, and top-N of them. */
#include "server/cli/batch_device.h"

#include <string.h>

#include "aisle/memory.h"

static aisle_status put(aisle_batch_device *d, const aisle_mat *m, aisle_dev_mat **out, aisle_error *err)
{
    AISLE_TRY(d->ops->mat_new(d->device, m->n_rows, m->n_cols, out, err));
    return d->ops->mat_put(d->device, m, *out, err);
}

static aisle_status put_users(aisle_batch_device *d, const aisle_model *m, aisle_error *err)
{
    aisle_mat users = aisle_model_users(m), copy = {0};
    if (!users.data) { /* in 16 bits */
        AISLE_TRY(aisle_model_users_dup(m, &copy, err));
        users = copy;
    }
    aisle_status st = put(d, &users, &d->users, err);
    aisle_mat_deinit(&copy);
    return st;
}

/* Newcomers without factors have the score 0, as products that training never saw. */
static aisle_status put_items(aisle_batch_device *d, const aisle_model_source *s, aisle_error *err)
{
    aisle_mat items = aisle_model_items(s->model), all;
    int32_t n_new = aisle_newcomers_count(s->newcomers);
    if (n_new == 0) return put(d, &items, &d->items, err);
    aisle_mat newer = aisle_newcomers_factors(s->newcomers);
    AISLE_TRY(aisle_mat_init(&all, items.n_rows + n_new, items.n_cols, err)); /* zeros */
    for (int32_t i = 0; i < all.n_rows; i++) {
        const aisle_mat *from = i < items.n_rows ? &items : &newer;
        if (!from->data) continue;
        memcpy(aisle_mat_row(&all, i), aisle_mat_row(from, i < items.n_rows ? i : i - items.n_rows),
               (size_t)items.n_cols * sizeof(float));
    }
    aisle_status st = put(d, &all, &d->items, err);
    aisle_mat_deinit(&all);
    return st;
}

/* The pairs of a weight below 0. */
static aisle_status only_dislikes(aisle_batch_device *d, aisle_error *err)
{
    const aisle_csr m = d->seen;
    int64_t nnz = aisle_csr_nnz(&m), n = 0;
    for (int64_t e = 0; e < nnz; e++) n += m.val && m.val[e] < 0;
    d->own_seen = true;
    d->seen = (aisle_csr){m.n_rows, m.n_cols, aisle_array((int64_t)m.n_rows + 1, sizeof(int64_t)),
                          aisle_array(n > 0 ? n : 1, sizeof(int32_t)), NULL};
    if (!d->seen.row_ptr || !d->seen.col)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld dislikes", (long long)n);
    n = 0;
    for (int32_t u = 0; u < m.n_rows; u++) {
        d->seen.row_ptr[u] = n;
        for (int64_t e = m.row_ptr[u]; e < m.row_ptr[u + 1]; e++)
            if (m.val && m.val[e] < 0) d->seen.col[n++] = m.col[e];
    }
    d->seen.row_ptr[m.n_rows] = n;
    return AISLE_OK;
}

aisle_status aisle_batch_device_open(const aisle_backend_ops *ops, const aisle_device_params *p,
                                     const aisle_model_source *s, bool include_seen, aisle_batch_device *d,
                                     aisle_error *err)
{
    *d = (aisle_batch_device){.ops = ops};
    AISLE_TRY(ops->open(p, &d->device, err));
    AISLE_TRY(put_users(d, s->model, err));
    AISLE_TRY(put_items(d, s, err));
    d->seen = aisle_model_seen(s->model);
    d->seen.n_cols += aisle_newcomers_count(s->newcomers);
    return include_seen ? only_dislikes(d, err) : AISLE_OK;
}

aisle_status aisle_batch_device_lists(const aisle_batch_device *d, const aisle_model_source *s, int32_t first,
                                      int32_t n_users, int32_t n, int32_t *ids, float *scores,
                                      aisle_error *err)
{
    const aisle_csr seen = {n_users, d->seen.n_cols, d->seen.row_ptr + first, d->seen.col, NULL};
    const aisle_topn_params p = {.n = n, .seen = &seen, .allowed = s->allowed};
    return d->ops->topn(d->device, d->users, first, n_users, d->items, &p, ids, scores, err);
}

void aisle_batch_device_close(aisle_batch_device *d)
{
    if (d->own_seen) aisle_csr_deinit(&d->seen);
    if (d->device) {
        if (d->users) d->ops->mat_free(d->device, d->users);
        if (d->items) d->ops->mat_free(d->device, d->items);
        d->ops->close(d->device);
    }
    *d = (aisle_batch_device){0};
}
