/* Content: how alike an item's text is to that of what the user took. Sparse on both sides: a user's profile has the
 * terms of their items alone, and each of its terms is looked up in an index of the items that have it. Not text
 * neighbours (cpu/train): there is no cut to the most similar. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/fits.h"

typedef struct content {
    const aisle_csr *pairs;
    aisle_csr items, terms; /* items x terms, and its transpose: the index */
    int32_t threads;
    float *profile; /* threads x terms, all 0 between users */
    int32_t *used;  /* threads x terms: the terms of the profile, in the order they came */
} content;

static void content_free(void *ctx)
{
    content *c = ctx;
    aisle_csr_deinit(&c->items);
    aisle_csr_deinit(&c->terms);
    aisle_free(c->profile);
    aisle_free(c->used);
    aisle_free(c);
}

/* Adds the texts of u's items up, weighted by confidence; returns the number of terms. */
static int32_t add_up(const content *c, int32_t u, float *profile, int32_t *used)
{
    int32_t n = 0;
    for (int64_t e = c->pairs->row_ptr[u]; e < c->pairs->row_ptr[u + 1]; e++) {
        int32_t i = c->pairs->col[e];
        for (int64_t a = c->items.row_ptr[i]; a < c->items.row_ptr[i + 1]; a++) {
            float *at = &profile[c->items.col[a]];
            if (*at == 0) used[n++] = c->items.col[a]; /* weights are positive: 0 means unseen */
            *at += c->pairs->val[e] * c->items.val[a];
        }
    }
    return n;
}

static void score_user(const content *c, int32_t u, float *profile, int32_t *used, float *out)
{
    int32_t n_items = c->items.n_rows, n = add_up(c, u, profile, used);
    double square = 0;
    for (int32_t k = 0; k < n; k++) square += (double)profile[used[k]] * (double)profile[used[k]];
    float scale = square > 0 ? (float)(1 / sqrt(square)) : 0;
    for (int32_t i = 0; i < n_items; i++) {
        bool ranks = n > 0 && c->items.row_ptr[i + 1] > c->items.row_ptr[i];
        out[i] = ranks ? 0 : -INFINITY;
    }
    for (int32_t k = 0; k < n; k++) {
        int32_t t = used[k];
        float weight = profile[t] * scale;
        profile[t] = 0;
        for (int64_t a = c->terms.row_ptr[t]; a < c->terms.row_ptr[t + 1]; a++)
            out[c->terms.col[a]] += weight * c->terms.val[a];
    }
}

static aisle_status content_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                   float *out, aisle_error *err)
{
    const content *c = ctx;
    int64_t n_terms = c->items.n_cols;
    if (thread < 0 || thread >= c->threads)
        return aisle_fail(err, AISLE_EINVAL, "content: thread %d, the source was made for %d", thread,
                          c->threads);
    for (int32_t r = 0; r < n_users; r++)
        score_user(c, users[r], c->profile + thread * n_terms, c->used + thread * n_terms,
                   out + (int64_t)r * c->items.n_rows);
    return AISLE_OK;
}

static aisle_status make(const aisle_fit_input *in, content *c, aisle_error *err)
{
    int64_t room = 0;
    AISLE_TRY(aisle_part_text(in->part, &in->params->text, &c->items, NULL, err));
    if (aisle_csr_nnz(&c->items) == 0)
        return aisle_fail(
            err, AISLE_EINVAL,
            "content: no item of the events trained on has text that another one shares; import "
            "titles, descriptions, categories, brands, attributes or prices");
    AISLE_TRY(aisle_csr_transpose(&c->items, &c->terms, err));
    if (aisle_size_mul(c->threads, c->items.n_cols, &room) ||
        !(c->profile = aisle_calloc((size_t)room, sizeof *c->profile)) ||
        !(c->used = aisle_array(room, sizeof *c->used)))
        return aisle_fail(err, AISLE_ENOMEM, "content: out of memory for %d terms", c->items.n_cols);
    return AISLE_OK;
}

aisle_status fit_content(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    content *c = aisle_calloc(1, sizeof *c);
    if (!c) return aisle_fail(err, AISLE_ENOMEM, "content: out of memory");
    c->pairs = aisle_part_pairs(in->part);
    c->threads = in->trainer->threads > 0 ? in->trainer->threads : omp_get_num_procs();
    aisle_status st = make(in, c, err);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){c, content_scores, content_free};
    else
        content_free(c);
    return st;
}
