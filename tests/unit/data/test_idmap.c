/* External id <-> dense id. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"

Test(idmap, ids_are_numbered_in_order_of_first_sight)
{
    aisle_idmap *m = aisle_idmap_new();
    cr_assert_eq(aisle_idmap_add(m, AISLE_STR("b")), 0);
    cr_assert_eq(aisle_idmap_add(m, AISLE_STR("a")), 1);
    cr_assert_eq(aisle_idmap_add(m, AISLE_STR("b")), 0);
    cr_assert_eq(aisle_idmap_add(m, AISLE_STR("")), 2);
    cr_assert_eq(aisle_idmap_find(m, AISLE_STR("c")), -1);
    cr_assert(aisle_str_eq(aisle_idmap_get(m, 1), AISLE_STR("a")));
    cr_assert_eq(aisle_idmap_count(m), 3);
    aisle_idmap_free(m);
    aisle_idmap_free(NULL);
}

Test(idmap, a_hundred_thousand_ids_are_all_found_again)
{
    enum { N = 100000 };
    char text[24];
    aisle_idmap *m = aisle_idmap_new();
    for (int32_t i = 0; i < N; i++) {
        int n = snprintf(text, sizeof text, "id-%d", i * 7);
        cr_assert_eq(aisle_idmap_add(m, (aisle_str){text, (size_t)n}), i);
    }
    for (int32_t i = 0; i < N; i++) {
        int n = snprintf(text, sizeof text, "id-%d", i * 7);
        cr_assert_eq(aisle_idmap_find(m, (aisle_str){text, (size_t)n}), i);
        cr_assert(aisle_str_eq(aisle_idmap_get(m, i), (aisle_str){text, (size_t)n}));
    }
    aisle_idmap_free(m);
}

Test(idmap, a_failed_allocation_leaves_the_map_as_it_was)
{
    char text[24];
    aisle_idmap *m = aisle_idmap_new();
    int32_t failures = 0;
    for (int32_t i = 0; i < 5000; i++) {
        int n = snprintf(text, sizeof text, "id-%d", i);
        aisle_str id = {text, (size_t)n};
        aisle_alloc_fail_after(1);
        int32_t got = aisle_idmap_add(m, id);
        aisle_alloc_fail_after(0);
        if (got < 0) {
            failures++;
            cr_assert_eq(aisle_idmap_find(m, id), -1);
            got = aisle_idmap_add(m, id);
        }
        cr_assert_eq(got, i);
    }
    cr_assert_gt(failures, 10);
    aisle_idmap_free(m);
}
