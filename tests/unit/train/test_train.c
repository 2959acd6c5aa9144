/* The trainer on a small shop: what it makes, that it repeats, and how it stops. */
#include <math.h>

#include "aisle/file.h"
#include "small_shop.h"

static aisle_trained train(const aisle_dataset *d, const uint8_t *keep, const aisle_train_params *p,
                           int32_t threads)
{
    aisle_trained out;
    aisle_error err = {0};
    aisle_trainer t = cpu_trainer(threads);
    cr_assert_eq(aisle_train(d, keep, p, &t, &out, &err), AISLE_OK, "%s", err.message);
    t.ops->close(t.device);
    return out;
}

/* Rows have a leading dimension of their own. */
static bool same_mat(const aisle_mat *a, const aisle_mat *b)
{
    if (a->n_rows != b->n_rows || a->n_cols != b->n_cols) return false;
    for (int32_t r = 0; r < a->n_rows; r++)
        if (memcmp(aisle_mat_row(a, r), aisle_mat_row(b, r), (size_t)a->n_cols * sizeof(float)) != 0)
            return false;
    return true;
}

static void assert_same(const aisle_trained *a, const aisle_trained *b)
{
    size_t f = (size_t)a->users.n_cols, k = SHOP_ITEMS * (size_t)a->k_similar;
    cr_assert(a->users.n_rows == SHOP_USERS && same_mat(&a->users, &b->users));
    cr_assert(a->items.n_rows == SHOP_ITEMS && same_mat(&a->items, &b->items));
    cr_assert_arr_eq(a->item_gram, b->item_gram, f * f * sizeof(float));
    cr_assert_arr_eq(a->similar_ids, b->similar_ids, k * sizeof(int32_t));
    cr_assert_arr_eq(a->similar_scores, b->similar_scores, k * sizeof(float));
    cr_assert_arr_eq(a->content_ids, b->content_ids, SHOP_ITEMS * (size_t)a->k_content * sizeof(int32_t));
    int64_t n = aisle_csr_nnz(&a->complements);
    cr_assert(n > 0 && n == aisle_csr_nnz(&b->complements));
    cr_assert_arr_eq(a->complements.row_ptr, b->complements.row_ptr, (SHOP_ITEMS + 1) * sizeof(int64_t));
    cr_assert_arr_eq(a->complements.col, b->complements.col, (size_t)n * sizeof(int32_t));
    cr_assert_arr_eq(a->complements.val, b->complements.val, (size_t)n * sizeof(float));
    cr_assert_arr_eq(a->trending, b->trending, SHOP_ITEMS * sizeof(float));
    cr_assert_eq(a->iterations_run, b->iterations_run);
    cr_assert(a->loss == b->loss);
}

/* A user of taste t should see the unseen items of taste t before the others: AUC by hand over all users. */
Test(train, factors_neighbours_and_text_find_the_two_tastes)
{
    aisle_dataset *d = small_shop();
    aisle_train_params p = small_params();
    aisle_trained m = train(d, NULL, &p, 2);
    int64_t right = 0, pairs = 0, like = 0, of = 0, text = 0, of_text = 0;
    for (int32_t u = 0; u < SHOP_USERS; u++)
        for (int32_t i = 0; i < SHOP_ITEMS; i++)
            for (int32_t j = 0; j < SHOP_ITEMS; j++) {
                if (i % 2 != u % 2 || j % 2 == u % 2) continue;
                float a = 0, b = 0;
                for (int32_t f = 0; f < 8; f++) {
                    a += aisle_mat_row(&m.users, u)[f] * aisle_mat_row(&m.items, i)[f];
                    b += aisle_mat_row(&m.users, u)[f] * aisle_mat_row(&m.items, j)[f];
                }
                right += a > b;
                pairs++;
            }
    for (int32_t i = 0; i < SHOP_ITEMS; i++)
        for (int32_t n = 0; n < 5; n++) {
            int32_t s = m.similar_ids[i * 5 + n], c = m.content_ids[i * 5 + n];
            if (s >= 0) like += s % 2 == i % 2, of++;
            if (c >= 0) text += c % 2 == i % 2, of_text++;
            cr_assert_neq(s, i);
            cr_assert_neq(c, i);
        }
    cr_assert_gt((double)right, .85 * (double)pairs, "%lld of %lld", (long long)right, (long long)pairs);
    cr_assert_gt((double)like, .9 * (double)of);
    cr_assert_eq(text, of_text);
    cr_assert_gt(of_text, 200);
    aisle_trained_deinit(&m);
    aisle_dataset_free(d);
}

/* Of the pair's item the user's score falls, and others learn of it; popularity and neighbours see one pair less. */
Test(train, a_dislike_is_a_preference_of_zero)
{
    aisle_dataset *d = small_shop();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_train_params p = small_params();
    aisle_trained before = train(d, NULL, &p, 2);
    int32_t item = before.seen.col[0];
    float was = before.seen.val[0], score[2] = {0};
    aisle_event e = {.user = aisle_idmap_get(aisle_dataset_users(d), 0),
                     .item = aisle_idmap_get(aisle_dataset_items(d), item),
                     .type = AISLE_EVENT_DISLIKE,
                     .at_ms = 30 * (int64_t)SHOP_DAY_MS,
                     .value = 1};
    cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
    aisle_trained after = train(d, NULL, &p, 2), out;
    cr_assert_eq(aisle_csr_nnz(&after.seen), aisle_csr_nnz(&before.seen));
    cr_assert_eq(after.seen.val[0], -2);
    cr_assert_float_eq(after.popularity[item], before.popularity[item] - was, 1e-4);
    p.weights.weight[AISLE_EVENT_DISLIKE] = 0;
    out = train(d, NULL, &p, 2);
    cr_assert_eq(aisle_csr_nnz(&out.seen), aisle_csr_nnz(&before.seen) - 1);
    size_t k = SHOP_ITEMS * (size_t)out.k_similar;
    cr_assert_arr_eq(after.similar_ids, out.similar_ids, k * sizeof(int32_t));
    cr_assert_arr_eq(after.similar_scores, out.similar_scores, k * sizeof(float));
    cr_assert_arr_eq(after.trending, out.trending, SHOP_ITEMS * sizeof(float));
    for (int32_t f = 0; f < p.factors; f++) {
        score[0] += aisle_mat_row(&out.users, 0)[f] * aisle_mat_row(&out.items, item)[f];
        score[1] += aisle_mat_row(&after.users, 0)[f] * aisle_mat_row(&after.items, item)[f];
    }
    cr_assert_lt(score[1], score[0]);
    aisle_trained_deinit(&before);
    aisle_trained_deinit(&after);
    aisle_trained_deinit(&out);
    aisle_dataset_free(d);
}

Test(train, any_thread_count_and_a_second_run_give_the_same_bytes)
{
    aisle_dataset *d = small_shop();
    aisle_train_params p = small_params();
    p.validation = .2;
    aisle_trained one = train(d, NULL, &p, 1), two = train(d, NULL, &p, 2), again = train(d, NULL, &p, 2);
    assert_same(&one, &two);
    assert_same(&one, &again);
    p.seed++;
    aisle_trained other = train(d, NULL, &p, 1);
    cr_assert(!same_mat(&other.items, &one.items));
    aisle_trained_deinit(&one);
    aisle_trained_deinit(&two);
    aisle_trained_deinit(&again);
    aisle_trained_deinit(&other);
    aisle_dataset_free(d);
}

typedef struct history {
    aisle_train_iteration at[64];
    int32_t n, stop_at;
    int cancel;
} history;

static void record(void *ctx, const aisle_train_iteration *it)
{
    history *h = ctx;
    h->at[h->n++] = *it;
    if (h->n == h->stop_at) aisle_cancel(&h->cancel);
}

Test(train, the_loss_falls_and_has_no_metric_without_validation)
{
    aisle_dataset *d = small_shop();
    aisle_train_params p = small_params();
    aisle_trainer t = cpu_trainer(2);
    aisle_trained m;
    history h = {0};
    t.on_iteration = record;
    t.ctx = &h;
    cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, NULL), AISLE_OK);
    cr_assert_eq(h.n, 6);
    for (int32_t i = 0; i < h.n; i++) {
        cr_assert(!h.at[i].searching && isnan(h.at[i].ndcg) && h.at[i].iteration == i + 1 && h.at[i].of == 6);
        /* every half-step minimises the loss exactly; 1e-6 is room for float factors */
        if (i > 0) cr_assert_leq(h.at[i].loss, h.at[i - 1].loss * (1 + 1e-6));
    }
    cr_assert(m.loss == h.at[5].loss && isnan(m.ndcg));
    t.ops->close(t.device);
    aisle_trained_deinit(&m);
    aisle_dataset_free(d);
}

/* The search ends `patience` iterations after its best; the last run uses all pairs for the best count, and
 * so makes what a run with that many iterations and no validation makes. */
Test(train, validation_finds_the_count_and_trains_again_on_everything)
{
    aisle_dataset *d = small_shop();
    aisle_train_params p = small_params();
    aisle_trainer t = cpu_trainer(2);
    aisle_trained m;
    history h = {0};
    p.validation = .2;
    p.patience = 2;
    p.iterations = 30;
    t.on_iteration = record;
    t.ctx = &h;
    cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, NULL), AISLE_OK);
    t.ops->close(t.device);
    int32_t searched = 0, best = 0;
    while (searched < h.n && h.at[searched].searching) {
        cr_assert(h.at[searched].ndcg > 0 && h.at[searched].recall > 0);
        if (h.at[searched].ndcg > h.at[best].ndcg) best = searched;
        searched++;
    }
    cr_assert(searched == 30 || searched == best + 1 + 2, "%d iterations searched, best %d", searched,
              best + 1);
    cr_assert_eq(m.iterations_run, best + 1);
    cr_assert_eq(h.n, searched + best + 1);
    cr_assert(m.ndcg == h.at[best].ndcg);
    p = small_params();
    p.iterations = best + 1;
    aisle_trained plain = train(d, NULL, &p, 2);
    assert_same(&m, &plain);
    aisle_trained_deinit(&plain);
    aisle_trained_deinit(&m);
    aisle_dataset_free(d);
}

Test(train, a_canceled_run_resumes_from_its_checkpoint_to_the_same_bytes)
{
    aisle_dataset *d = small_shop();
    const char *path = scratch_path("checkpoint");
    for (int32_t stop = 2; stop <= 7; stop += 5) { /* in the search, and in the run on all pairs */
        aisle_train_params p = small_params();
        aisle_trainer t = cpu_trainer(2);
        aisle_error err;
        history h = {.stop_at = stop};
        aisle_progress progress = {.cancel = &h.cancel};
        aisle_trained m, whole;
        p.validation = .2;
        whole = train(d, NULL, &p, 1);
        cr_assert_gt(6 + whole.iterations_run, 7, "the second stop must fall into the last run");
        p.checkpoint = path;
        t.on_iteration = record;
        t.ctx = &h;
        t.progress = &progress;
        cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, &err), AISLE_ECANCELED);
        cr_assert_eq(access(path, F_OK), 0);
        h = (history){0};
        p.resume = true;
        p.seed = 2; /* other settings */
        cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, &err), AISLE_ECONFLICT);
        p.seed = 1;
        cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, &err), AISLE_OK);
        assert_same(&m, &whole);
        cr_assert_eq(h.n, 6 + whole.iterations_run - stop);
        cr_assert_neq(access(path, F_OK), 0, "the checkpoint goes when training is done");
        cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, &err), AISLE_ENOTFOUND);
        t.ops->close(t.device);
        aisle_trained_deinit(&whole);
        aisle_trained_deinit(&m);
        aisle_trained_deinit(&m);
    }
    aisle_dataset_free(d);
}

/* What is not kept must not be seen: the same run on a dataset without those events' weight. */
Test(train, events_that_are_left_out_change_nothing)
{
    aisle_dataset *d = small_shop();
    aisle_events ev = aisle_dataset_events(d);
    uint8_t *keep = aisle_calloc((size_t)ev.n, 1);
    int32_t hidden = aisle_idmap_find(aisle_dataset_items(d), AISLE_STR("i007"));
    for (int64_t e = 0; e < ev.n; e++)
        keep[e] = ev.item[e] != hidden && ev.at_ms[e] < (int64_t)25 * SHOP_DAY_MS;
    aisle_train_params p = small_params();
    aisle_trained m = train(d, keep, &p, 2);
    cr_assert_eq(m.popularity[hidden], 0);
    cr_assert_eq(m.trending[hidden], 0);
    float by_text[8];
    int64_t at = m.text.row_ptr[hidden], n_text = m.text.row_ptr[hidden + 1] - at;
    cr_assert_gt(n_text, 0);
    aisle_text_map_apply(&m.text_map, m.text.col + at, m.text.val + at, n_text, by_text);
    cr_assert_arr_eq(aisle_mat_row(&m.items, hidden), by_text, sizeof by_text);
    double gram = 0; /* the first factor's square over what training solved for */
    for (int32_t i = 0; i < SHOP_ITEMS; i++) {
        double y = (double)aisle_mat_row(&m.items, i)[0];
        if (m.popularity[i] > 0) gram += y * y;
    }
    /* f32 sums of n squares: gamma_n of the sum, any order */
    cr_assert(fabs((double)m.item_gram[0] - gram) <= (SHOP_ITEMS + 1) * 0x1p-23 * gram);
    double sum = 0;
    int64_t n = 0;
    for (int32_t i = 0; i < SHOP_ITEMS; i++) sum += (double)m.popularity[i];
    for (int64_t e = 0; e < ev.n; e++) n += keep[e];
    cr_assert_float_eq(sum, 2. * (double)n, 1e-3); /* each purchase weighs 2 */
    aisle_trained_deinit(&m);
    aisle_free(keep);
    aisle_dataset_free(d);
}

Test(train, every_failed_allocation_is_reported)
{
    aisle_dataset *d = small_shop();
    aisle_train_params p = small_params();
    aisle_trainer t = cpu_trainer(1);
    aisle_trained m;
    aisle_error err;
    aisle_status st = AISLE_ENOMEM;
    p.validation = .2;
    p.iterations = 1;
    p.user_core = 2;
    int64_t n = 1, step = 1;
    for (; n < 200000 && st == AISLE_ENOMEM; n += step) {
        aisle_alloc_fail_after(n);
        st = aisle_train(d, NULL, &p, &t, &m, &err);
        aisle_alloc_fail_after(0);
        if (n > 100) step = 7;
    }
    cr_assert_eq(st, AISLE_OK, "allocation %lld: %s", (long long)n, err.message);
    cr_assert_gt(n, 30);
    aisle_trained_deinit(&m);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}
