/* A shop made for content and hybrids: two tastes that follow text, country and price; items 50 .. 59 are never sold. */
#ifndef AISLE_TESTS_TASTE_SHOP_H
#define AISLE_TESTS_TASTE_SHOP_H

#include "aisle/fit.h"
#include "tests/unit/train/small_shop.h"

enum { SHELF_SOLD = 50, SHELF_PEOPLE = 400 };

/* Users u have taste u % 2 and come from GB or FR by it; the last 20 have a record and one event of no weight alone. */
static inline aisle_dataset *shelf_shop(bool timed)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_rng rng;
    aisle_rng_init(&rng, 7, 0);
    for (int32_t i = 0; i < SHOP_ITEMS; i++) {
        char id[16], title[64];
        snprintf(id, sizeof id, "i%03d", i);
        snprintf(title, sizeof title, "%s style%d", i % 2 ? "ceramic kettle" : "woollen scarf", i / 2 % 5);
        aisle_product p = {.id = aisle_str_from(id),
                           .title = aisle_str_from(title),
                           .category = aisle_str_from(i % 2 ? "Home > Kitchen" : "Wear > Winter"),
                           .price_minor = i % 2 ? 2500 : 900,
                           .stock = -1};
        cr_assert_eq(sink.product(sink.ctx, &p, NULL), AISLE_OK);
    }
    for (int32_t u = 0; u < SHELF_PEOPLE; u++) {
        char id[16];
        snprintf(id, sizeof id, "u%03d", u);
        aisle_user record = {.id = aisle_str_from(id), .country = aisle_str_from(u % 2 ? "GB" : "FR")};
        cr_assert_eq(sink.user(sink.ctx, &record, NULL), AISLE_OK);
        for (int32_t n = 0; n < 8 && u < SHELF_PEOPLE - 20; n++) {
            int32_t style = (u / 2) % 5, item = 2 * (style + 5 * (int32_t)aisle_rng_below(&rng, 5)) + u % 2;
            if (n > 5) item = (int32_t)aisle_rng_below(&rng, SHELF_SOLD);
            small_shop_event(&sink, u, item,
                             timed ? (1 + (int64_t)aisle_rng_below(&rng, 30)) * SHOP_DAY_MS : 0);
        }
        if (u < SHELF_PEOPLE - 20) continue;
        aisle_event nothing = {.user = aisle_str_from(id),
                               .item = AISLE_STR("i000"),
                               .type = AISLE_EVENT_IMPRESSION,
                               .at_ms = timed ? SHOP_DAY_MS : 0,
                               .value = 1,
                               .price_minor = -1};
        cr_assert_eq(sink.event(sink.ctx, &nothing, NULL), AISLE_OK);
    }
    return d;
}

typedef struct shelf {
    aisle_dataset *d;
    aisle_part *part;
    aisle_train_params params;
    aisle_trainer trainer;
} shelf;

static inline shelf shelf_open(bool timed, int32_t threads)
{
    shelf s = {
        .d = shelf_shop(timed), .params = aisle_train_params_default(), .trainer = cpu_trainer(threads)};
    s.params.factors = 8;
    cr_assert_eq(aisle_part_new(s.d, NULL, &s.params.weights, threads, &s.part, NULL), AISLE_OK);
    return s;
}

static inline void shelf_close(shelf *s)
{
    aisle_part_free(s->part);
    s->trainer.ops->close(s->trainer.device);
    aisle_dataset_free(s->d);
}

static inline aisle_eval_source shelf_fit(const shelf *s, const char *kind)
{
    aisle_fit_input in = {s->part, &s->params, &s->trainer};
    aisle_eval_source source = {0};
    aisle_error err = {0};
    const aisle_fit_kind *k = aisle_fit_kind_find(aisle_str_from(kind));
    cr_assert_not_null(k, "%s", kind);
    cr_assert_eq(k->fit(&in, &source, &err), AISLE_OK, "%s: %s", kind, err.message);
    return source;
}

/* Scores of one user for all items; the caller's to free. */
static inline float *shelf_scores(const aisle_eval_source *s, int32_t user)
{
    float *scores = aisle_array(SHOP_ITEMS, sizeof *scores);
    cr_assert_eq(s->scores(s->ctx, 0, &user, 1, scores, NULL), AISLE_OK);
    return scores;
}

/* Whether of the items never sold the one of user u's kind and style scores best. */
static inline bool shelf_finds_new(const float *scores, int32_t u)
{
    int32_t own = SHELF_SOLD + 2 * (u / 2 % 5) + u % 2;
    for (int32_t i = SHELF_SOLD; i < SHOP_ITEMS; i++)
        if (i != own && scores[i] >= scores[own]) return false;
    return true;
}

#endif
