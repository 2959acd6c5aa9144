/* A small shop with two tastes: users of one like the even items, of the other the odd ones; and the cpu
 * back-end. */
#ifndef AISLE_TESTS_SMALL_SHOP_H
#define AISLE_TESTS_SMALL_SHOP_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "aisle/train.h"

enum { SHOP_USERS = 120, SHOP_ITEMS = 60, SHOP_DAY_MS = 86400000 };

static inline void small_shop_event(const aisle_sink *sink, int32_t user, int32_t item, int64_t at_ms)
{
    char u[16], i[16];
    snprintf(u, sizeof u, "u%03d", user);
    snprintf(i, sizeof i, "i%03d", item);
    aisle_event e = {.user = aisle_str_from(u),
                     .item = aisle_str_from(i),
                     .type = AISLE_EVENT_PURCHASE,
                     .at_ms = at_ms,
                     .value = 1,
                     .price_minor = -1};
    cr_assert_eq(sink->event(sink->ctx, &e, NULL), AISLE_OK);
}

/* Purchases over 30 days; item 0 is bought by everyone of taste 0 in the last week. Titles name the taste. */
static inline aisle_dataset *small_shop(void)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_rng rng;
    aisle_rng_init(&rng, 42, 0);
    for (int32_t i = 0; i < SHOP_ITEMS; i++) {
        char id[16], title[64];
        snprintf(id, sizeof id, "i%03d", i);
        snprintf(title, sizeof title, "%s number %s", i % 2 ? "ceramic kettle" : "woollen scarf", id);
        aisle_product p = {
            .id = aisle_str_from(id), .title = aisle_str_from(title), .price_minor = -1, .stock = -1};
        cr_assert_eq(sink.product(sink.ctx, &p, NULL), AISLE_OK);
    }
    for (int32_t u = 0; u < SHOP_USERS; u++)
        for (int32_t n = 0; n < 9; n++) {
            int32_t item = 2 * (int32_t)aisle_rng_below(&rng, SHOP_ITEMS / 2) + (u % 2);
            if (n == 8) item = (int32_t)aisle_rng_below(&rng, SHOP_ITEMS); /* not wholly faithful */
            small_shop_event(&sink, u, item, (1 + (int64_t)aisle_rng_below(&rng, 30)) * SHOP_DAY_MS);
        }
    for (int32_t u = 0; u < SHOP_USERS; u += 2) small_shop_event(&sink, u, 0, (int64_t)29 * SHOP_DAY_MS);
    return d;
}

static inline aisle_trainer cpu_trainer(int32_t threads)
{
    aisle_trainer t = {.threads = threads};
    aisle_device_params p = {.threads = threads};
    cr_assert_eq(aisle_backend_find("cpu", NULL, &t.ops, NULL, 0, NULL), AISLE_OK);
    cr_assert_eq(t.ops->open(&p, &t.device, NULL), AISLE_OK);
    return t;
}

static inline aisle_train_params small_params(void)
{
    aisle_train_params p = aisle_train_params_default();
    p.factors = 8;
    p.iterations = 6;
    p.k_similar = 5;
    p.k_content = 5;
    p.created = "2026-01-01T00:00:00Z";
    return p;
}

/* A path that is this test's alone. */
static inline const char *scratch_path(const char *name)
{
    static char path[2][256];
    static int turn;
    char *p = path[turn ^= 1];
    snprintf(p, sizeof path[0], "/tmp/aisle-train-%d-%s", (int)getpid(), name);
    return p;
}

#endif
