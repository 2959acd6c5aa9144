/* The ALS loop: start, iterate, measure, save. One iteration solves the items and then the users, so that
 * after each one the users are the minimiser for the items beside them, as a fold-in at serving time would
 * be. */
#include "cpu/train/als_loop.h"

#include <math.h>
#include <omp.h>
#include <string.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "aisle/str.h"

enum { METRIC_CUT = 20, MIN_METRIC_USERS = 1000, MAX_METRIC_USERS = 20000 };

typedef struct als {
    const aisle_trainer *t;
    const aisle_train_params *p;
    const aisle_csr *c, *held; /* held NULL: the run on all pairs */
    aisle_dev_csr *dc, *dct;
    aisle_csr by_user, by_item;      /* c and its transpose as the device has them, which may borrow them */
    float *val, *val_t, *confidence; /* their values with item_damping */
    aisle_dev_mat *dx, *dy;
    aisle_mat *x, *y; /* on the host, as of the last iteration; NULL where nobody looks at them */
    uint64_t fingerprint;
    aisle_als_params objective; /* of this phase's pairs */
    aisle_als_state *s;
    int32_t of;
} als;

static aisle_status canceled(const als *a, aisle_error *err)
{
    return aisle_canceled(a->t->progress) ? aisle_fail(err, AISLE_ECANCELED, "training canceled") : AISLE_OK;
}

static aisle_status half_step(als *a, bool users, aisle_error *err)
{
    aisle_als_params p = a->objective;
    p.n_other = users ? a->c->n_cols : a->c->n_rows;
    AISLE_TRY(canceled(a, err));
    return a->t->ops->als_half_step(a->t->device, users ? a->dc : a->dct, users ? a->dy : a->dx, &p,
                                    users ? a->dx : a->dy, err);
}

/* Item factors from the seed, one stream a row. Needed once: on the host only until the device has them. */
static aisle_status put_start(als *a, aisle_error *err)
{
    aisle_mat y;
    double deviation = (double)a->p->init_scale / sqrt(a->p->factors);
    AISLE_TRY(aisle_mat_init(&y, a->c->n_cols, a->p->factors, err));
    int threads = a->t->threads > 0 ? a->t->threads : omp_get_num_procs();
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int32_t i = 0; i < y.n_rows; i++) {
        aisle_rng r;
        aisle_rng_init(&r, a->p->seed, (uint64_t)i);
        float *row = aisle_mat_row(&y, i);
        for (int32_t f = 0; f < y.n_cols; f++) row[f] = (float)(deviation * aisle_rng_normal(&r));
    }
    aisle_status st = a->t->ops->mat_put(a->t->device, &y, a->dy, err);
    aisle_mat_deinit(&y);
    return st;
}

static aisle_status download(als *a, aisle_error *err)
{
    AISLE_TRY(a->t->ops->mat_get(a->t->device, a->dx, a->x, err));
    return a->t->ops->mat_get(a->t->device, a->dy, a->y, err);
}

/* c and ct as the device gets them: with the items' confidences in their values. */
static aisle_status damp(als *a, aisle_error *err)
{
    aisle_csr *c = &a->by_user, *ct = &a->by_item;
    int64_t nnz = aisle_csr_nnz(c);
    if (a->p->item_damping <= 0) return AISLE_OK;
    aisle_free(a->confidence);
    a->confidence = NULL;
    AISLE_TRY(aisle_item_confidence(ct, a->p->item_damping, &a->confidence, err));
    a->val = aisle_array(nnz, sizeof *a->val);
    a->val_t = aisle_array(nnz, sizeof *a->val_t);
    if (!a->val || !a->val_t)
        return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for %lld confidences", (long long)nnz);
    for (int64_t e = 0; e < nnz; e++) a->val[e] = (c->val ? c->val[e] : 1) * a->confidence[c->col[e]];
    for (int32_t i = 0; i < ct->n_rows; i++)
        for (int64_t e = ct->row_ptr[i]; e < ct->row_ptr[i + 1]; e++)
            a->val_t[e] = (ct->val ? ct->val[e] : 1) * a->confidence[i];
    c->val = a->val;
    ct->val = a->val_t;
    return AISLE_OK;
}

/* The factors from the start, users (zeros) solved for the items, or as the host has them from a checkpoint. */
static aisle_status open_device(als *a, const aisle_csr *ct, aisle_error *err)
{
    const aisle_backend_ops *ops = a->t->ops;
    bool begins = a->s->iteration == 0;
    a->by_user = *a->c;
    a->by_item = *ct;
    AISLE_TRY(damp(a, err));
    AISLE_TRY(ops->csr_put(a->t->device, &a->by_user, &a->dc, err));
    AISLE_TRY(ops->csr_put(a->t->device, &a->by_item, &a->dct, err));
    AISLE_TRY(ops->mat_new(a->t->device, a->c->n_cols, a->p->factors, &a->dy, err));
    AISLE_TRY(begins ? put_start(a, err) : ops->mat_put(a->t->device, a->y, a->dy, err));
    AISLE_TRY(ops->mat_new(a->t->device, a->c->n_rows, a->p->factors, &a->dx, err));
    return begins ? half_step(a, true, err) : ops->mat_put(a->t->device, a->x, a->dx, err);
}

static void close_device(als *a)
{
    const aisle_backend_ops *ops = a->t->ops;
    if (a->dc) ops->csr_free(a->t->device, a->dc);
    if (a->dct) ops->csr_free(a->t->device, a->dct);
    if (a->dx) ops->mat_free(a->t->device, a->dx);
    if (a->dy) ops->mat_free(a->t->device, a->dy);
    aisle_free(a->val);
    aisle_free(a->val_t);
    a->val = a->val_t = NULL;
    a->dc = a->dct = NULL;
    a->dx = a->dy = NULL;
}

/* NDCG@20 and Recall@20 of the held-out pairs, over so many users that it costs about as much as an
 * iteration: scoring a user reads n_items rows, an iteration about 2 nnz rows a few dozen times each. */
static aisle_status measure(als *a, aisle_train_iteration *it, aisle_error *err)
{
    int64_t users = 64 * aisle_csr_nnz(a->c) / a->c->n_cols;
    if (users < MIN_METRIC_USERS) users = MIN_METRIC_USERS;
    if (users > MAX_METRIC_USERS) users = MAX_METRIC_USERS;
    aisle_progress quiet = {.cancel = a->t->progress ? a->t->progress->cancel : NULL};
    aisle_eval_params p = {.cuts = {METRIC_CUT},
                           .n_cuts = 1,
                           .threads = a->t->threads,
                           .seed = a->p->seed,
                           .max_users = (int32_t)users,
                           .progress = &quiet};
    aisle_eval_report report;
    aisle_eval_source source;
    AISLE_TRY(aisle_eval_source_factors(a->x, a->y, a->t->threads, &source, err));
    aisle_status st = aisle_evaluate(&source, a->c, a->held, &p, &report, err);
    aisle_eval_source_free(&source);
    if (st != AISLE_OK) return st;
    it->ndcg = report.at[0].ndcg.mean;
    it->recall = report.at[0].recall.mean;
    return AISLE_OK;
}

static aisle_status iterate(als *a, aisle_error *err)
{
    int64_t begun = aisle_time_monotonic_ns();
    aisle_train_iteration it = {.iteration = a->s->iteration + 1,
                                .of = a->of,
                                .searching = a->held != NULL,
                                .ndcg = NAN,
                                .recall = NAN};
    AISLE_TRY(half_step(a, false, err));
    AISLE_TRY(half_step(a, true, err));
    aisle_als_params p = a->objective;
    p.n_other = a->c->n_cols;
    AISLE_TRY(a->t->ops->als_loss(a->t->device, a->dc, a->dct, a->dx, a->dy, &p, &it.loss, err));
    if (!isfinite(it.loss))
        return aisle_fail(err, AISLE_ENUMERIC,
                          "training: the loss is not finite after iteration %d; use a larger regularization",
                          it.iteration);
    it.seconds = (double)(aisle_time_monotonic_ns() - begun) * 1e-9;
    if (a->x) AISLE_TRY(download(a, err));
    if (a->held) AISLE_TRY(measure(a, &it, err));
    a->s->iteration = it.iteration;
    a->s->loss = it.loss;
    if (a->held && (a->s->best_iteration == 0 || it.ndcg > a->s->best_ndcg)) {
        a->s->best_ndcg = it.ndcg;
        a->s->best_iteration = it.iteration;
    }
    if (a->p->checkpoint)
        AISLE_TRY(aisle_checkpoint_write(a->p->checkpoint, a->fingerprint, a->s, a->x, a->y, err));
    aisle_progress_report(a->t->progress, "als", it.iteration, it.of, "");
    if (a->t->on_iteration) a->t->on_iteration(a->t->ctx, &it);
    return AISLE_OK;
}

static bool is_over(const als *a)
{
    if (a->s->iteration >= a->of) return true;
    return a->held && a->p->patience > 0 && a->s->iteration - a->s->best_iteration >= a->p->patience;
}

/* One phase, from its start or from where a->s and the host factors say. The device is left open. */
static aisle_status run(als *a, const aisle_csr *ct, aisle_error *err)
{
    a->objective = aisle_als_objective(a->c, &a->p->als);
    aisle_status st = open_device(a, ct, err);
    while (st == AISLE_OK && !is_over(a)) st = iterate(a, err);
    return st;
}

static aisle_status search(als *a, aisle_error *err)
{
    aisle_csr rest = {0}, held = {0}, rest_t = {0};
    aisle_status st = aisle_als_hold_out(a->c, a->p, &rest, &held, err);
    if (st == AISLE_OK) st = aisle_csr_transpose(&rest, &rest_t, err);
    if (st == AISLE_OK) {
        als phase = *a;
        phase.c = &rest;
        phase.held = &held;
        phase.of = a->p->iterations;
        st = run(&phase, &rest_t, err);
        close_device(&phase); /* it may have borrowed rest and rest_t */
        aisle_free(phase.confidence);
    }
    aisle_csr_deinit(&rest);
    aisle_csr_deinit(&held);
    aisle_csr_deinit(&rest_t);
    if (st == AISLE_OK) {
        a->s->searching = 0;
        a->s->iteration = 0;
    }
    return st;
}

/* The factors become the caller's, without a copy where the device is the host. */
static aisle_status take(als *a, float *gram, aisle_als_fitted *out, aisle_error *err)
{
    const aisle_backend_ops *ops = a->t->ops;
    AISLE_TRY(ops->gram(a->t->device, a->dy, gram, err));
    aisle_dev_mat *dx = a->dx, *dy = a->dy;
    a->dx = a->dy = NULL;
    aisle_status st = ops->mat_take(a->t->device, dx, &out->users, err);
    if (st == AISLE_OK)
        st = ops->mat_take(a->t->device, dy, &out->items, err);
    else
        ops->mat_free(a->t->device, dy);
    return st;
}

/* For as many iterations as were best, or were asked for. */
static aisle_status fit_on_all(als *a, const aisle_csr *ct, float *gram, aisle_als_fitted *out,
                               aisle_error *err)
{
    a->of = a->p->validation > 0 ? a->s->best_iteration : a->p->iterations;
    aisle_status st = run(a, ct, err);
    if (st == AISLE_OK) st = take(a, gram, out, err);
    close_device(a);
    out->confidence = a->confidence;
    out->objective = a->objective;
    return st;
}

aisle_status aisle_als_fit(const aisle_trainer *t, const aisle_train_params *p, const aisle_csr *c,
                           aisle_csr *ct, float *gram, aisle_als_fitted *out, aisle_error *err)
{
    *out = (aisle_als_fitted){.state = {.searching = p->validation > 0, .best_ndcg = NAN, .loss = NAN}};
    aisle_mat x = {0}, y = {0};
    als a = {.t = t, .p = p, .c = c, .s = &out->state};
    aisle_status st = AISLE_OK;
    if (p->validation > 0 || p->checkpoint) {
        st = aisle_mat_init(&x, c->n_rows, p->factors, err);
        if (st == AISLE_OK) st = aisle_mat_init(&y, c->n_cols, p->factors, err);
        a.x = &x;
        a.y = &y;
    }
    if (st == AISLE_OK && p->checkpoint) a.fingerprint = aisle_als_fingerprint(c, p);
    if (st == AISLE_OK && p->resume)
        st = aisle_checkpoint_read(p->checkpoint, a.fingerprint, a.s, &x, &y, err);
    if (st == AISLE_OK && a.s->searching) st = search(&a, err);
    if (st == AISLE_OK && !p->checkpoint) { /* nobody looks at them from here on */
        aisle_mat_deinit(&x);
        aisle_mat_deinit(&y);
        a.x = a.y = NULL;
    }
    if (st == AISLE_OK) st = aisle_csr_transpose(c, ct, err);
    if (st == AISLE_OK) st = fit_on_all(&a, ct, gram, out, err);
    aisle_mat_deinit(&x);
    aisle_mat_deinit(&y);
    if (st != AISLE_OK) {
        aisle_mat_deinit(&out->users);
        aisle_mat_deinit(&out->items);
        aisle_free(out->confidence);
        out->confidence = NULL;
    }
    return st;
}
