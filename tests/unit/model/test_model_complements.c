/* What is bought together, in a model file: read back, refused when it is wrong, absent from older files. */
#include <criterion/criterion.h>
#include <math.h>

#include "small_model.h"

static small_model s;
static int64_t rows[SMALL_ITEMS + 1];
static int32_t items[4];
static float scores[4];
static int32_t both[4], baskets[SMALL_ITEMS + 1];

/* Item 0 goes with 5 and 2, item 3 with 0 and 22. */
static void set_up(void)
{
    small_model_init(&s);
    for (int i = 0; i <= SMALL_ITEMS; i++) rows[i] = i == 0 ? 0 : i <= 3 ? 2 : 4;
    memcpy(items, (int32_t[]){5, 2, 0, 22}, sizeof items);
    memcpy(scores, (float[]){30, 12.5f, 7, 7}, sizeof scores);
    s.parts.complements = (aisle_csr){SMALL_ITEMS, SMALL_ITEMS, rows, items, scores};
    memcpy(both, (int32_t[]){4, 2, 3, 1}, sizeof both);
    for (int i = 0; i < SMALL_ITEMS; i++) baskets[i] = 4 + i;
    baskets[SMALL_ITEMS] = 4 + SMALL_ITEMS - 1;
    s.parts.complement_both = both;
    s.parts.complement_baskets = baskets;
}

TestSuite(model_complements, .init = set_up);

Test(model_complements, are_read_back_and_written_again_alike)
{
    const char *path = temp_path("c.aisle"), *again = temp_path("again.aisle");
    aisle_model *m = NULL, *second = NULL;
    aisle_error err = {0};
    cr_assert_eq(aisle_model_write(path, &s.parts, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    aisle_csr c = aisle_model_complements(m);
    cr_assert_arr_eq(c.row_ptr, rows, sizeof rows);
    cr_assert_arr_eq(c.col, items, sizeof items);
    cr_assert_arr_eq(c.val, scores, sizeof scores);
    cr_assert_arr_eq(aisle_model_complement_both(m), both, sizeof both);
    cr_assert_arr_eq(aisle_model_baskets(m), baskets, sizeof baskets);
    aisle_model_parts p = aisle_model_parts_of(m);
    cr_assert_eq(aisle_model_write(again, &p, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_open(again, &second, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_bytes(second), aisle_model_bytes(m));
    aisle_model_unref(m);
    aisle_model_unref(second);
}

Test(model_complements, none_take_no_room)
{
    const char *path = temp_path("none.aisle");
    aisle_model *m = NULL;
    aisle_section_info info;
    memset(rows, 0, sizeof rows);
    s.parts.complement_baskets = s.parts.complement_both = NULL;
    cr_assert_eq(aisle_model_write(path, &s.parts, NULL), AISLE_OK);
    cr_assert_eq(aisle_model_open(path, &m, NULL), AISLE_OK);
    cr_assert_null(aisle_model_complements(m).row_ptr);
    for (int32_t i = 0; aisle_model_section(m, i, &info); i++)
        cr_assert_neq(strncmp(info.name, "complement", 10), 0);
    aisle_model_unref(m);
}

Test(model_complements, baskets_are_kept_without_lists_too_and_lists_without_baskets)
{
    const char *path = temp_path("some.aisle");
    aisle_model *m = NULL;
    s.parts.complement_both = NULL;
    s.parts.complements = (aisle_csr){0};
    cr_assert_eq(aisle_model_write(path, &s.parts, NULL), AISLE_OK);
    cr_assert_eq(aisle_model_open(path, &m, NULL), AISLE_OK);
    cr_assert_arr_eq(aisle_model_baskets(m), baskets, sizeof baskets);
    cr_assert_null(aisle_model_complement_both(m));
    aisle_model_unref(m);
    set_up();
    s.parts.complement_baskets = s.parts.complement_both = NULL;
    cr_assert_eq(aisle_model_write(path, &s.parts, NULL), AISLE_OK);
    cr_assert_eq(aisle_model_open(path, &m, NULL), AISLE_OK);
    cr_assert_null(aisle_model_baskets(m));
    cr_assert_eq(
        aisle_csr_nnz(&(aisle_csr){SMALL_ITEMS, SMALL_ITEMS, aisle_model_complements(m).row_ptr, NULL, NULL}),
        4);
    aisle_model_unref(m);
}

static void refused(const char *complaint)
{
    aisle_error err = {0};
    cr_assert_eq(aisle_model_write(temp_path("x.aisle"), &s.parts, &err), AISLE_EINVAL, "%s", complaint);
    cr_assert(strstr(err.message, complaint), "%s: %s", complaint, err.message);
    set_up();
}

/* The writer holds to the reader's rules (model_check.c). */
Test(model_complements, that_are_wrong_are_refused)
{
    items[1] = SMALL_ITEMS, refused("item 0 holds 23");
    items[1] = -1, refused("item 0 holds -1");
    items[2] = 3, refused("item 3 holds 3");
    scores[1] = 31, refused("best first");
    scores[3] = 0, refused("complement-scores: value 3");
    scores[0] = INFINITY, refused("complement-scores: value 0");
    rows[1] = 3, refused("complement-rows");
    s.parts.complements.n_rows = 5, refused("complements of 5 x");
    s.parts.complements.val = NULL, refused("with scores");
    both[1] = 0, refused("complement-both: items 0 and 2 are together in 0 baskets");
    both[0] = 5, refused("complement-both: items 0 and 5");
    baskets[2] = 1, refused("complement-both: items 0 and 2 are together in 2");
    baskets[1] = -1, refused("complement-baskets: item 1");
    baskets[SMALL_ITEMS] = 20, refused("complement-baskets");
    s.parts.complement_baskets = NULL, refused("not with each item");
}
