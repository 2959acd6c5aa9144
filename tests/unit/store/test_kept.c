/* What is kept under a name, and the stamps that say whether it is still right. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/store/kept.h"
#include "server/store/people_stamps.h"

static void assert_value(const aisle_kept_entry *e, uint64_t mark, const char *value)
{
    cr_assert_not_null(e);
    cr_assert_eq(e->mark, mark);
    cr_assert_eq(e->len, strlen(value));
    cr_assert_arr_eq(aisle_kept_value(e), value, strlen(value));
}

Test(kept, names_and_tags_are_kept_apart_and_the_last_put_counts)
{
    aisle_kept *k = aisle_kept_new(1 << 20);
    aisle_kept_put(k, AISLE_STR("a"), 1, 10, AISLE_STR("first"));
    aisle_kept_put(k, AISLE_STR("a"), 2, 20, AISLE_STR("other tag"));
    aisle_kept_put(k, AISLE_STR("ab"), 1, 30, AISLE_STR(""));
    aisle_kept_put(k, AISLE_STR("a"), 1, 11, AISLE_STR("second"));
    assert_value(aisle_kept_find(k, AISLE_STR("a"), 1), 11, "second");
    assert_value(aisle_kept_find(k, AISLE_STR("a"), 2), 20, "other tag");
    assert_value(aisle_kept_find(k, AISLE_STR("ab"), 1), 30, "");
    cr_assert_null(aisle_kept_find(k, AISLE_STR("ab"), 2));
    cr_assert_null(aisle_kept_find(k, AISLE_STR("b"), 1));
    aisle_kept_free(k);
}

Test(kept, looking_for_many_finds_what_looking_for_each_finds)
{
    aisle_kept *k = aisle_kept_new(1 << 20);
    enum { MANY = 70 }; /* more than are fetched at once */
    char name[MANY][16], value[MANY * 15];
    aisle_str names[MANY];
    const aisle_kept_entry *found[MANY];
    memset(value, 'v', sizeof value);
    for (int i = 0; i < MANY; i++) {
        snprintf(name[i], sizeof name[i], "n%d", i);
        names[i] = aisle_str_from(name[i]);
        if (i % 3) aisle_kept_put(k, names[i], 7, (uint64_t)i, (aisle_str){value, (size_t)i * 15});
        if (i % 5 == 0) aisle_kept_put(k, names[i], 8, 0, AISLE_STR("of another tag"));
    }
    aisle_kept_find_all(k, names, MANY, 7, found);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(found[i] != NULL, i % 3 != 0, "%d", i);
        cr_assert_eq(found[i], aisle_kept_find(k, names[i], 7), "%d", i);
    }
    aisle_kept_find_all(k, names, 0, 7, found);
    aisle_kept_free(k);
}

Test(kept, dropping_a_name_drops_every_tag_and_nothing_else)
{
    aisle_kept *k = aisle_kept_new(1 << 20);
    aisle_kept_put(k, AISLE_STR("a"), 1, 1, AISLE_STR("x"));
    aisle_kept_put(k, AISLE_STR("a"), 2, 2, AISLE_STR("y"));
    aisle_kept_put(k, AISLE_STR("b"), 1, 3, AISLE_STR("z"));
    aisle_kept_drop(k, AISLE_STR("a"));
    cr_assert_null(aisle_kept_find(k, AISLE_STR("a"), 1));
    cr_assert_null(aisle_kept_find(k, AISLE_STR("a"), 2));
    assert_value(aisle_kept_find(k, AISLE_STR("b"), 1), 3, "z");
    aisle_kept_clear(k);
    cr_assert_null(aisle_kept_find(k, AISLE_STR("b"), 1));
    aisle_kept_free(k);
}

Test(kept, others_make_room_and_what_is_too_large_is_not_kept)
{
    enum { ROOM = 100000, NAMES = 5000 };
    static char large[ROOM / 100];
    char name[16], value[64];
    int there = 0;
    aisle_alloc_count_start();
    aisle_kept *k = aisle_kept_new(ROOM);
    int64_t table = aisle_alloc_count_peak();
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "n%d", i);
        snprintf(value, sizeof value, "value of %d", i);
        aisle_kept_put(k, aisle_str_from(name), 0, (uint64_t)i, aisle_str_from(value));
        assert_value(aisle_kept_find(k, aisle_str_from(name), 0), (uint64_t)i, value);
    }
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "n%d", i);
        there += aisle_kept_find(k, aisle_str_from(name), 0) != NULL;
    }
    cr_assert_gt(there, ROOM / 200);
    cr_assert_lt(there, NAMES);
    /* and what the allocator rounds up */
    cr_assert_leq(aisle_alloc_count_peak() - table, ROOM + ROOM / 2);
    aisle_kept_put(k, AISLE_STR("large"), 0, 0, (aisle_str){large, sizeof large});
    cr_assert_null(aisle_kept_find(k, AISLE_STR("large"), 0));
    aisle_kept_free(k);
}

Test(kept, without_memory_nothing_is_kept_and_nothing_breaks)
{
    aisle_kept *k = aisle_kept_new(1 << 20);
    aisle_kept_put(k, AISLE_STR("a"), 0, 1, AISLE_STR("before"));
    aisle_alloc_fail_after(1);
    aisle_kept_put(k, AISLE_STR("a"), 0, 2, AISLE_STR("after"));
    aisle_alloc_fail_after(0);
    cr_assert_null(aisle_kept_find(k, AISLE_STR("a"), 0), "the old value is not right any more");
    aisle_kept_free(k);
}

Test(people_stamps, only_who_was_touched_gets_another_stamp_and_not_before_the_end)
{
    static aisle_people_stamps p;
    uint64_t a = aisle_stamp_of(&p, 2), b = aisle_stamp_of(&p, 5);
    aisle_people_touch(&p, 2);
    cr_assert_eq(aisle_stamp_of(&p, 2), a);
    aisle_people_settle(&p);
    cr_assert_neq(aisle_stamp_of(&p, 2), a);
    cr_assert_eq(aisle_stamp_of(&p, 5), b);
    a = aisle_stamp_of(&p, 2);
    aisle_people_settle(&p);
    cr_assert_eq(aisle_stamp_of(&p, 2), a);
    aisle_people_deinit(&p);
}

Test(people_stamps, everybody_is_touched_where_a_list_would_be_too_long_or_finds_no_memory)
{
    static aisle_people_stamps p;
    uint64_t before = aisle_stamp_of(&p, 7);
    for (int64_t i = 0; i <= AISLE_TOUCHED_MAX; i++) aisle_people_touch(&p, 2);
    aisle_people_settle(&p);
    cr_assert_neq(aisle_stamp_of(&p, 7), before);
    aisle_people_deinit(&p);
    before = aisle_stamp_of(&p, 7);
    aisle_alloc_fail_after(1);
    aisle_people_touch(&p, 2);
    aisle_alloc_fail_after(0);
    aisle_people_settle(&p);
    cr_assert_neq(aisle_stamp_of(&p, 7), before);
    aisle_people_deinit(&p);
}
