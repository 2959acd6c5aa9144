/* The random shop served from a model of factors that follow from a number: most of its products, in another order, and some that
 * the shop has not. */
#ifndef AISLE_TEST_RANDOM_ANSWERING_H
#define AISLE_TEST_RANDOM_ANSWERING_H

#include "aisle/compact.h"
#include "random_filters.h"
#include "server/jobs/shelf_build.h"
#include "server/recommend/offer.h"
#include "tests/unit/model/small_model.h"

enum { RANDOM_ITEMS = 300, RANDOM_USERS = 20, RANDOM_F = 6, RANDOM_SEEN = 8 };

typedef struct random_answering {
    aisle_rng g;
    shop_fixture f;
    random_product shop[RANDOM_PRODUCTS];
    aisle_catalogue *catalogue;
    aisle_model *model;
    aisle_shelf *shelf;
    aisle_scorer *scorer;
    float items[RANDOM_ITEMS * RANDOM_F], users[RANDOM_USERS * RANDOM_F];
} random_answering;

/* Item i is product 7 i + 3 of more than there are. */
static inline int product_of_item(int32_t i)
{
    return (i * 7 + 3) % 403;
}

static inline aisle_str random_item_id(const void *ctx, int32_t i)
{
    static char text[RANDOM_ITEMS][16];
    (void)ctx;
    snprintf(text[i], sizeof text[i], "p%03d", product_of_item(i));
    return aisle_str_from(text[i]);
}

static inline void random_model(random_answering *r)
{
    static float gram[RANDOM_F * RANDOM_F], popularity[RANDOM_ITEMS];
    static int64_t rows[RANDOM_USERS + 1];
    static int32_t col[RANDOM_USERS * RANDOM_SEEN];
    static float val[RANDOM_USERS * RANDOM_SEEN];
    for (int i = 0; i < RANDOM_ITEMS * RANDOM_F; i++) r->items[i] = (float)below(&r->g, 2001) / 1000 - 1;
    for (int i = 0; i < RANDOM_USERS * RANDOM_F; i++) r->users[i] = (float)below(&r->g, 2001) / 1000 - 1;
    for (int i = 0; i < RANDOM_ITEMS; i++) popularity[i] = (float)(1 + below(&r->g, 50));
    for (int a = 0; a < RANDOM_F * RANDOM_F; a++)
        for (int i = 0; i < RANDOM_ITEMS; i++)
            gram[a] += r->items[i * RANDOM_F + a / RANDOM_F] * r->items[i * RANDOM_F + a % RANDOM_F];
    for (int u = 0; u < RANDOM_USERS; u++) {
        rows[u + 1] = rows[u] + RANDOM_SEEN;
        for (int e = 0; e < RANDOM_SEEN; e++) {
            col[rows[u] + e] = (u * 13 + e * 31) % 37 + e * 37;
            val[rows[u] + e] = 1;
        }
    }
    aisle_compact table;
    const aisle_mat items = {RANDOM_ITEMS, RANDOM_F, RANDOM_F, r->items};
    cr_assert_ok(aisle_compact_init(&items, &table, &r->f.err), r->f);
    const aisle_model_parts parts = {.users = {RANDOM_USERS, RANDOM_F, RANDOM_F, r->users},
                                     .items = items,
                                     .compact = &table,
                                     .item_gram = gram,
                                     .n_users = RANDOM_USERS,
                                     .n_items = RANDOM_ITEMS,
                                     .user_id = small_id,
                                     .item_id = random_item_id,
                                     .user_ctx = "u",
                                     .seen = {RANDOM_USERS, RANDOM_ITEMS, rows, col, val},
                                     .popularity = popularity,
                                     .meta = "{}",
                                     .a0 = .125f,
                                     .reg = .0625f};
    const char *path = temp_path("random.aisle");
    cr_assert_ok(aisle_model_write(path, &parts, &r->f.err), r->f);
    aisle_compact_deinit(&table);
    cr_assert_ok(aisle_model_open(path, &r->model, &r->f.err), r->f);
}

/* With no products there is no catalogue. */
static inline void random_answering_init(random_answering *r, int products)
{
    memset(r, 0, sizeof *r);
    shop_init(&r->f, &r->g, r->shop, products);
    random_model(r);
    cr_assert_ok(aisle_catalogue_open(r->f.store, &r->catalogue, &r->f.err), r->f);
    cr_assert_ok(aisle_shelf_build(r->f.store, r->f.view, r->model, NULL, &r->shelf, &r->f.err), r->f);
    r->scorer = aisle_scorer_new();
}

static inline void random_answering_end(random_answering *r)
{
    aisle_scorer_free(r->scorer);
    aisle_arena_deinit(&r->f.arena); /* before the shelf: bitmaps outlive it */
    aisle_shelf_unref(r->shelf);
    aisle_catalogue_close(r->catalogue);
    aisle_model_unref(r->model);
    fixture_end(&r->f);
}

static inline aisle_answering random_with(random_answering *r)
{
    return (aisle_answering){.shelf = r->shelf,
                             .view = r->f.view,
                             .scorer = r->scorer,
                             .arena = &r->f.arena,
                             .catalogue = r->catalogue};
}

static inline aisle_filter filter_of(random_answering *r, const json_t *o)
{
    aisle_filter filter;
    aisle_filter_fault fault = {.code = ""};
    cr_assert_eq(aisle_filter_parse(o, "", &r->f.arena, &filter, &fault), AISLE_OK, "%s: %s", fault.pointer,
                 fault.text);
    return filter;
}

/* Whether item i may be shown, by hand. */
static inline bool offered_by_hand(const random_answering *r, const json_t *o, int32_t i)
{
    const int n = product_of_item(i);
    const random_product *p = n < RANDOM_PRODUCTS ? &r->shop[n] : NULL;
    return p && p->there && !p->hidden && p->stock != 0 && by_hand(o, p);
}

#endif
