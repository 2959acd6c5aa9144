/* No kind of model looks at what is held out; and this test would see one that did. */
#include <math.h>

#include "aisle/fit.h"
#include "tests/unit/train/small_shop.h"

/* The small shop, its last quarter of events held out; `other`: these are of other items, types, stars and days. */
static aisle_dataset *shop_with(bool other, uint8_t **keep)
{
    aisle_dataset *base = small_shop(), *d = aisle_dataset_new();
    aisle_events e = aisle_dataset_events(base);
    aisle_sink sink = aisle_dataset_sink(d);
    *keep = aisle_array(e.n, 1);
    for (int32_t i = 0; i < SHOP_ITEMS; i++) {
        aisle_product p = aisle_dataset_product(base, i);
        cr_assert_eq(sink.product(sink.ctx, &p, NULL), AISLE_OK);
    }
    for (int32_t u = 0; u < SHOP_USERS; u++) {
        aisle_user person = {.id = aisle_idmap_get(aisle_dataset_users(base), u),
                             .age_band = aisle_str_from(u % 2 ? "25-34" : "65+"),
                             .country = AISLE_STR("GB")};
        cr_assert_eq(sink.user(sink.ctx, &person, NULL), AISLE_OK);
    }
    for (int64_t i = 0; i < e.n; i++) {
        bool held = i >= e.n - e.n / 4, changed = held && other;
        int32_t item = changed ? (e.item[i] * 7 + 3) % SHOP_ITEMS : e.item[i];
        aisle_event copy = {.user = aisle_idmap_get(aisle_dataset_users(base), e.user[i]),
                            .item = aisle_idmap_get(aisle_dataset_items(base), item),
                            .type = changed ? AISLE_EVENT_DISLIKE
                                    : i % 3 ? AISLE_EVENT_RATING
                                            : AISLE_EVENT_PURCHASE,
                            .at_ms = changed ? 400LL * SHOP_DAY_MS : e.at_ms[i],
                            .value = changed ? 1 : 3 + (double)(i % 3),
                            .price_minor = -1};
        (*keep)[i] = !held;
        cr_assert_eq(sink.event(sink.ctx, &copy, NULL), AISLE_OK);
    }
    aisle_dataset_free(base);
    return d;
}

static float *scores_of(bool other, const aisle_fit_kind *kind, const aisle_trainer *t)
{
    uint8_t *keep;
    aisle_dataset *d = shop_with(other, &keep);
    aisle_train_params params = small_params();
    aisle_part *part = NULL;
    aisle_eval_source source = {0};
    aisle_error err = {0};
    int32_t users[SHOP_USERS];
    float *scores = aisle_array((int64_t)SHOP_USERS * SHOP_ITEMS, sizeof *scores);
    for (int32_t u = 0; u < SHOP_USERS; u++) users[u] = u;
    cr_assert_eq(aisle_part_new(d, keep, &params.weights, 2, &part, NULL), AISLE_OK);
    aisle_fit_input in = {part, &params, t};
    cr_assert_eq(kind->fit(&in, &source, &err), AISLE_OK, "%s: %s", kind->name, err.message);
    for (int32_t u = 0; u < SHOP_USERS; u += 40)
        cr_assert_eq(source.scores(source.ctx, 0, users + u, 40, scores + (int64_t)u * SHOP_ITEMS, NULL),
                     AISLE_OK);
    aisle_eval_source_free(&source);
    aisle_part_free(part);
    aisle_free(keep);
    aisle_dataset_free(d);
    return scores;
}

/* Bytes: a model that is fitted to the same events is the same. */
static bool looks_at_what_is_held_out(const aisle_fit_kind *kind)
{
    aisle_trainer t = cpu_trainer(2);
    float *a = scores_of(false, kind, &t), *b = scores_of(true, kind, &t);
    bool differs = memcmp(a, b, (size_t)SHOP_USERS * SHOP_ITEMS * sizeof *a) != 0;
    aisle_free(a);
    aisle_free(b);
    t.ops->close(t.device);
    return differs;
}

Test(leak, no_kind_of_model_sees_what_is_held_out)
{
    for (int32_t k = 0; aisle_fit_kind_at(k); k++)
        cr_assert(!looks_at_what_is_held_out(aisle_fit_kind_at(k)), "%s", aisle_fit_kind_at(k)->name);
}

/* Popularity that forgets to ask whether an event is kept. */
static aisle_status fit_leaky(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    static float popularity[SHOP_ITEMS];
    aisle_events e = aisle_part_events(in->part);
    memset(popularity, 0, sizeof popularity);
    for (int64_t i = 0; i < e.n; i++) popularity[e.item[i]]++;
    return aisle_eval_source_vector(popularity, SHOP_ITEMS, out, err);
}

Test(leak, one_that_did_would_be_caught)
{
    const aisle_fit_kind leaky = {"leaky", "counts every event", false, fit_leaky};
    cr_assert(looks_at_what_is_held_out(&leaky));
}
