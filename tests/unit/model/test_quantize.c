/* What is made of factors when a model is written, by choice and by size, and what rounding users is said to cost. */
#include "aisle/quantize.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"

typedef struct world {
    aisle_mat users, items;
    aisle_csr seen;
    aisle_quantize_input in;
} world;

/* Every user but each seventh took one item. */
static void make(world *w, int32_t n_users, int32_t n_items, int32_t f)
{
    aisle_rng r;
    aisle_rng_init(&r, 5, 1);
    cr_assert(aisle_mat_init(&w->users, n_users, f, NULL) == AISLE_OK &&
              aisle_mat_init(&w->items, n_items, f, NULL) == AISLE_OK);
    for (int64_t i = 0; i < (int64_t)n_users * f; i++) w->users.data[i] = (float)aisle_rng_f64(&r) - .4f;
    for (int64_t i = 0; i < (int64_t)n_items * f; i++) w->items.data[i] = (float)aisle_rng_f64(&r) - .5f;
    w->seen = (aisle_csr){n_users, n_items, aisle_array((int64_t)n_users + 1, sizeof(int64_t)),
                          aisle_array((int64_t)n_users + 1, sizeof(int32_t)), NULL};
    w->seen.row_ptr[0] = 0;
    for (int32_t u = 0; u < n_users; u++) {
        int64_t at = w->seen.row_ptr[u];
        if (u % 7) w->seen.col[at] = u % n_items;
        w->seen.row_ptr[u + 1] = at + (u % 7 != 0);
    }
    w->in = (aisle_quantize_input){&w->users, &w->items, &w->seen, false, 2};
}

static void deinit(world *w)
{
    aisle_mat_deinit(&w->users);
    aisle_mat_deinit(&w->items);
    aisle_csr_deinit(&w->seen);
}

static aisle_quantized chosen(const world *w, aisle_quantize_choice c)
{
    aisle_quantized q;
    aisle_error err = {0};
    cr_assert_eq(aisle_quantize(&w->in, c, &q, &err), AISLE_OK, "%s", err.message);
    return q;
}

static void assert_made(const world *w, aisle_quantize_choice c, bool table, bool half)
{
    aisle_quantized q = chosen(w, c);
    cr_assert_eq(q.table.n_tiles > 0, table, "choice %d", c);
    cr_assert_eq(q.half_users, half, "choice %d: recall %g", c, q.recall);
    aisle_quantized_deinit(&q);
}

Test(quantize, each_choice_makes_what_it_says)
{
    world w;
    make(&w, 300, 200, 16);
    assert_made(&w, AISLE_QUANTIZE_AUTO, false, false);
    assert_made(&w, AISLE_QUANTIZE_F32, false, false);
    assert_made(&w, AISLE_QUANTIZE_F16, false, true);
    assert_made(&w, AISLE_QUANTIZE_INT8, true, false);
    deinit(&w);
}

Test(quantize, auto_goes_by_size_and_makes_no_table_for_a_hybrid)
{
    world w;
    make(&w, 30, AISLE_QUANTIZE_ITEMS / 64, 64);
    assert_made(&w, AISLE_QUANTIZE_AUTO, true, false);
    w.in.hybrid = true;
    assert_made(&w, AISLE_QUANTIZE_AUTO, false, false);
    w.in.hybrid = false;
    w.items.n_rows--, w.seen.n_cols--;
    assert_made(&w, AISLE_QUANTIZE_AUTO, false, false);
    w.items.n_rows++, w.seen.n_cols++;
    w.items.data[70] = 1e19f; /* no table can hold it */
    assert_made(&w, AISLE_QUANTIZE_AUTO, false, false);
    aisle_quantized q;
    cr_assert_eq(aisle_quantize(&w.in, AISLE_QUANTIZE_INT8, &q, NULL), AISLE_ENUMERIC);
    deinit(&w);
}

/* All that tells the items apart is a factor of users that 16 bits round to nothing. */
static void make_fine(world *w)
{
    for (int32_t u = 0; u < w->users.n_rows; u++) {
        memset(aisle_mat_row(&w->users, u), 0, (size_t)w->users.n_cols * sizeof(float));
        aisle_mat_row(&w->users, u)[0] = 1;
        aisle_mat_row(&w->users, u)[1] = 0x1p-26f;
    }
    for (int32_t i = 0; i < w->items.n_rows; i++) {
        memset(aisle_mat_row(&w->items, i), 0, (size_t)w->items.n_cols * sizeof(float));
        aisle_mat_row(&w->items, i)[1] = (float)i;
    }
}

Test(quantize, what_rounding_costs_is_measured)
{
    world w;
    make(&w, 3000, 200, 16);
    aisle_quantized q = chosen(&w, AISLE_QUANTIZE_F16);
    cr_assert_eq(q.n_sample, AISLE_QUANTIZE_SAMPLE);
    cr_assert(q.recall > .99 && q.recall <= 1, "%g", q.recall);
    aisle_quantized_deinit(&q);
    make_fine(&w);
    q = chosen(&w, AISLE_QUANTIZE_F16);
    cr_assert_lt(q.recall, .01, "%g: the best are the last by f32, and the first by rounded users", q.recall);
    cr_assert(q.half_users, "as it was told");
    aisle_quantized_deinit(&q);
    w.users.data[5] = 1e5f;
    w.users.data[w.users.n_cols + 5] = 1e5f;
    cr_assert_eq(aisle_quantize(&w.in, AISLE_QUANTIZE_F16, &q, NULL), AISLE_ENUMERIC);
    deinit(&w);
}

Test(quantize, auto_rounds_users_where_recall_holds)
{
    world w;
    make(&w, AISLE_QUANTIZE_USERS / 4, 50, 4);
    aisle_quantized q = chosen(&w, AISLE_QUANTIZE_AUTO);
    cr_assert_eq(q.half_users, q.recall >= AISLE_QUANTIZE_RECALL);
    cr_assert(q.half_users, "%g", q.recall);
    aisle_quantized_deinit(&q);
    make_fine(&w);
    q = chosen(&w, AISLE_QUANTIZE_AUTO);
    cr_assert(!q.half_users && q.recall < .9, "%g", q.recall);
    aisle_quantized_deinit(&q);
    deinit(&w);
}

Test(quantize, the_meta_says_what_was_made)
{
    world w;
    char text[160];
    make(&w, 300, 200, 16);
    aisle_quantized q = chosen(&w, AISLE_QUANTIZE_INT8), none = {0};
    char *meta = aisle_quantized_meta(&q, "{\"a\":1,\"quantize\":2}");
    cr_assert(strstr(meta, "{\"a\":1,\"quantize\":{\"users\":\"f32\",\"table\":true,\"error\":0.0"), "%s",
              meta);
    cr_assert(aisle_quantized_text(&q, text) && strstr(text, "compact table"), "%s", text);
    char *without = aisle_quantized_meta(&none, meta);
    cr_assert_str_eq(without, "{\"a\":1}");
    cr_assert_not(aisle_quantized_text(&none, text));
    cr_assert_null(aisle_quantized_meta(&q, "[]"));
    aisle_free(meta);
    aisle_free(without);
    aisle_quantized_deinit(&q);
    q = chosen(&w, AISLE_QUANTIZE_F16);
    meta = aisle_quantized_meta(&q, "{}");
    cr_assert(strstr(meta, "{\"users\":\"f16\",\"table\":false,\"sample\":257,\"recall@20\":"), "%s", meta);
    aisle_free(meta);
    aisle_quantized_deinit(&q);
    deinit(&w);
}
