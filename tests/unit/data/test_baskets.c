/* Which purchases go into one basket. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/dataset.h"

static const int64_t day_ms = 86400000;

typedef struct act {
    const char *user, *item, *order;
    aisle_event_type type;
    double day, value;
} act;

static aisle_dataset *shop_of(const act *acts, size_t n)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    for (size_t i = 0; i < n; i++) {
        aisle_event e = {.item = aisle_str_from(acts[i].item),
                         .order = aisle_str_from(acts[i].order),
                         .type = acts[i].type,
                         .at_ms = acts[i].day > 0 ? (int64_t)(acts[i].day * (double)day_ms) : 0,
                         .value = acts[i].value};
        if (acts[i].user[0] == 's')
            e.session = aisle_str_from(acts[i].user);
        else
            e.user = aisle_str_from(acts[i].user);
        cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
    }
    return d;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* "ab c": baskets of items, sorted. */
static void baskets_are(const act *acts, size_t n, const uint8_t *keep, const char *want)
{
    aisle_dataset *d = shop_of(acts, n);
    aisle_csr b;
    char got[32][8] = {""}, text[256] = "";
    cr_assert_eq(aisle_dataset_baskets(d, keep, 2, &b, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_check(&b, NULL), AISLE_OK);
    cr_assert_null(b.val);
    for (int32_t r = 0; r < b.n_rows; r++)
        for (int64_t e = b.row_ptr[r]; e < b.row_ptr[r + 1]; e++)
            strncat(got[r], aisle_idmap_get(aisle_dataset_items(d), b.col[e]).ptr, 1);
    qsort(got, (size_t)b.n_rows, sizeof *got, by_text);
    for (int32_t r = 0; r < b.n_rows; r++) strcat(strcat(text, r ? " " : ""), got[r]);
    cr_assert_str_eq(text, want);
    aisle_csr_deinit(&b);
    aisle_dataset_free(d);
}

#define BUY AISLE_EVENT_PURCHASE

Test(baskets, an_order_is_one_whenever_its_lines_came)
{
    const act acts[] = {{"u", "a", "o1", BUY, 1, 1},           {"u", "b", "o1", BUY, 9, 1},
                        {"u", "c", "o2", BUY, 1, 1},           {"v", "a", "o1", BUY, 1, 1},
                        {"u", "a", "o1", BUY, 2, 1},           {"v", "c", "o1", BUY, 0, 1},
                        {"u", "d", "", AISLE_EVENT_VIEW, 1, 1}};
    baskets_are(acts, 7, NULL, "ab ac c");
}

Test(baskets, without_orders_a_basket_is_24_hours_of_one_person)
{
    const act acts[] = {{"u", "a", "", BUY, 1.9, 1},  {"u", "b", "", BUY, 2.8, 1},
                        {"u", "c", "", BUY, 2.95, 1}, {"s1", "a", "", BUY, 5, 1},
                        {"s1", "c", "", BUY, 5, 1},   {"s2", "b", "", BUY, 5, 1},
                        {"u", "d", "", BUY, 0, 1} /* nobody knows when */};
    baskets_are(acts, 7, NULL, "ab ac b c");
}

Test(baskets, what_was_cancelled_was_not_bought)
{
    const act acts[] = {{"u", "a", "o1", BUY, 1, 2},
                        {"u", "b", "o1", BUY, 1, 1},
                        {"u", "c", "o1", BUY, 1, 1},
                        {"u", "a", "o1", AISLE_EVENT_CANCEL, 2, 1},
                        {"u", "b", "o9", AISLE_EVENT_CANCEL, 2, 1}};
    baskets_are(acts, 5, NULL, "ac");
}

Test(baskets, only_kept_events_count)
{
    const act acts[] = {
        {"u", "a", "o1", BUY, 1, 1}, {"u", "b", "o1", BUY, 1, 1}, {"u", "c", "o1", BUY, 1, 1}};
    baskets_are(acts, 3, (const uint8_t[]){1, 0, 1}, "ac");
    baskets_are(acts, 3, (const uint8_t[]){0, 0, 0}, "");
}

Test(baskets, a_wholesaler_says_nothing)
{
    for (int n = AISLE_BASKET_MAX; n <= AISLE_BASKET_MAX + 1; n++) {
        aisle_dataset *d = aisle_dataset_new();
        aisle_sink sink = aisle_dataset_sink(d);
        aisle_csr b;
        for (int i = 0; i < 2 * n; i++) {
            char id[16];
            snprintf(id, sizeof id, "i%d", i % n);
            aisle_event e = {.user = AISLE_STR("u"),
                             .item = aisle_str_from(id),
                             .order = AISLE_STR("o"),
                             .type = BUY,
                             .value = 1};
            cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
        }
        cr_assert_eq(aisle_dataset_baskets(d, NULL, 1, &b, NULL), AISLE_OK);
        cr_assert_eq(b.n_rows, n == AISLE_BASKET_MAX);
        cr_assert_eq(aisle_csr_nnz(&b), n == AISLE_BASKET_MAX ? n : 0);
        aisle_csr_deinit(&b);
        aisle_dataset_free(d);
    }
}
