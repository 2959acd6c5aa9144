/* From a dataset to what a model file holds. The order of the parts; each part's work stands in its own file.
 */
#include "aisle/train.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/str.h"
#include "cpu/train/als_loop.h"
#include "cpu/train/text_map_fit.h"
#include "cpu/train/train_parts.h"

aisle_status aisle_train_select(const aisle_dataset *d, const uint8_t *keep, const aisle_train_params *p,
                                uint8_t **mask, aisle_error *err)
{
    int64_t n = aisle_dataset_events(d).n, cleared = 0;
    if (p->user_core <= 1 && p->item_core <= 1) return AISLE_OK;
    *mask = aisle_array(n, sizeof **mask);
    if (!*mask) return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for a mask of events");
    if (keep)
        memcpy(*mask, keep, (size_t)n);
    else
        memset(*mask, 1, (size_t)n);
    return aisle_dataset_core(d, p->user_core, p->item_core, *mask, &cleared, err);
}

static int64_t n_kept(const aisle_events *ev, const uint8_t *keep, bool purchases)
{
    int64_t kept = 0;
    for (int64_t e = 0; e < ev->n; e++)
        kept += (!keep || keep[e]) && (!purchases || ev->type[e] == AISLE_EVENT_PURCHASE);
    return kept;
}

static bool any_liked(const aisle_csr *c)
{
    for (int64_t e = 0; e < aisle_csr_nnz(c); e++)
        if (c->val[e] > 0) return true;
    return false;
}

/* To popularity and neighbours a disliked pair is one that is not there. */
static void drop_dislikes(aisle_csr *c)
{
    int64_t to = 0;
    for (int32_t r = 0; r < c->n_rows; r++) {
        int64_t from = c->row_ptr[r];
        c->row_ptr[r] = to;
        for (int64_t e = from; e < c->row_ptr[r + 1]; e++) {
            if (c->val[e] < 0) continue;
            c->col[to] = c->col[e];
            c->val[to++] = c->val[e];
        }
    }
    c->row_ptr[c->n_rows] = to;
}

/* *ct: the transpose of the training matrix, for the caller. */
static aisle_status train_factors(const aisle_trainer *t, const aisle_train_params *p, aisle_csr *ct,
                                  aisle_trained *out, aisle_error *err)
{
    aisle_als_fitted fitted;
    int64_t n = (int64_t)p->factors * p->factors;
    if (p->factors == 0) return aisle_csr_transpose(&out->seen, ct, err);
    out->item_gram = aisle_array(n, sizeof *out->item_gram);
    if (!out->item_gram) return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for the Gramian");
    AISLE_TRY(aisle_als_fit(t, p, &out->seen, ct, out->item_gram, &fitted, err));
    out->users = fitted.users;
    out->items = fitted.items;
    out->item_confidence = fitted.confidence;
    out->a0 = fitted.objective.a0;
    out->reg = fitted.objective.reg;
    out->iterations_run = fitted.state.iteration;
    out->loss = fitted.state.loss;
    out->ndcg = fitted.state.best_ndcg;
    return AISLE_OK;
}

/* The vocabulary may only see products of the events trained on, or a held-out item's text would leak in. */
static aisle_status train_content(const aisle_dataset *d, const uint8_t *keep, const aisle_trainer *t,
                                  const aisle_train_params *p, aisle_trained *out, aisle_error *err)
{
    if (!keep) return aisle_train_content(d, NULL, t, p, out, err);
    aisle_events ev = aisle_dataset_events(d);
    uint8_t *in = aisle_calloc((size_t)aisle_idmap_count(aisle_dataset_items(d)), 1);
    if (!in) return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for a mask of items");
    for (int64_t e = 0; e < ev.n; e++)
        if (keep[e]) in[ev.item[e]] = 1;
    aisle_status st = aisle_train_content(d, in, t, p, out, err);
    aisle_free(in);
    return st;
}

/* Items without a pair get factors by their text, as a product that is listed tomorrow will from the model file: the item
 * Gramian and the users stay those of the items that training solved for. */
static aisle_status train_text_map(const aisle_trainer *t, const aisle_train_params *p, aisle_trained *out,
                                   aisle_error *err)
{
    if (p->factors == 0 || !out->vocabulary) return AISLE_OK;
    float *pairs = aisle_calloc((size_t)out->seen.n_cols, sizeof *pairs);
    if (!pairs) return aisle_fail(err, AISLE_ENOMEM, "training: out of memory for the pairs of items");
    for (int64_t e = 0; e < aisle_csr_nnz(&out->seen); e++) pairs[out->seen.col[e]] += out->seen.val[e] > 0;
    const text_map_input in = {&out->text, pairs, p->hybrid.cold_reg, t};
    aisle_status st = text_map_fit(&in, &out->items, &out->text_map, err);
    aisle_free(pairs);
    return st;
}

aisle_status aisle_train(const aisle_dataset *d, const uint8_t *keep, const aisle_train_params *p,
                         const aisle_trainer *t, aisle_trained *out, aisle_error *err)
{
    int64_t begun = aisle_time_monotonic_ns();
    const aisle_events ev = aisle_dataset_events(d);
    uint8_t *mask = NULL;
    aisle_csr ct = {0};
    aisle_trained made = {.loss = NAN, .ndcg = NAN};
    AISLE_TRY(aisle_train_params_check(p, err));
    aisle_status st = aisle_train_select(d, keep, p, &mask, err);
    if (mask) keep = mask;
    if (st == AISLE_OK) st = aisle_dataset_preferences(d, &p->weights, keep, t->threads, &made.seen, err);
    if (st == AISLE_OK && !any_liked(&made.seen))
        st = aisle_fail(err, AISLE_EINVAL,
                        "training: no pair of user and item is left of %lld events; check the event weights "
                        "and the k-core",
                        (long long)ev.n);
    if (st == AISLE_OK && t->on_start)
        t->on_start(t->ctx, &(aisle_train_sizes){.n_users = made.seen.n_rows,
                                                 .n_items = made.seen.n_cols,
                                                 .n_pairs = aisle_csr_nnz(&made.seen),
                                                 .n_events = n_kept(&ev, keep, false),
                                                 .n_purchases = n_kept(&ev, keep, true)});
    if (st == AISLE_OK) st = train_factors(t, p, &ct, &made, err);
    if (st == AISLE_OK) drop_dislikes(&ct);
    if (st == AISLE_OK) st = aisle_train_popularity(&ct, &made, err);
    if (st == AISLE_OK) st = aisle_train_similar(t, p, &ct, &made, err); /* its values are gone afterwards */
    aisle_csr_deinit(&ct);
    if (st == AISLE_OK) st = train_content(d, keep, t, p, &made, err);
    if (st == AISLE_OK) st = train_text_map(t, p, &made, err);
    if (st == AISLE_OK) st = aisle_train_trending(d, keep, p, &made, err);
    if (st == AISLE_OK) st = aisle_train_complements(d, keep, t, p, &made, err);
    if (st == AISLE_OK && aisle_canceled(t->progress))
        st = aisle_fail(err, AISLE_ECANCELED, "training canceled");
    if (st == AISLE_OK) {
        if (p->checkpoint) unlink(p->checkpoint);
        made.seconds = (double)(aisle_time_monotonic_ns() - begun) * 1e-9;
        *out = made;
        made = (aisle_trained){0};
    }
    aisle_trained_deinit(&made);
    aisle_free(mask);
    return st;
}

void aisle_trained_deinit(aisle_trained *t)
{
    if (t->hybrid_free) t->hybrid_free(t->hybrid_owner);
    aisle_quantized_deinit(&t->quantized);
    aisle_mat_deinit(&t->users);
    aisle_mat_deinit(&t->items);
    aisle_csr_deinit(&t->seen);
    aisle_free(t->item_gram);
    aisle_free(t->item_confidence);
    aisle_free(t->similar_ids);
    aisle_free(t->content_ids);
    aisle_free(t->similar_scores);
    aisle_free(t->content_scores);
    aisle_csr_deinit(&t->complements);
    aisle_free(t->complement_both);
    aisle_free(t->complement_baskets);
    aisle_vocabulary_free(t->vocabulary);
    aisle_csr_deinit(&t->text);
    aisle_text_map_deinit(&t->text_map);
    aisle_free(t->popularity);
    aisle_free(t->trending);
    *t = (aisle_trained){0};
}
