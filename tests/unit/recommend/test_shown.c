/* What was shown is known for half an hour and no longer, and never takes more than its room. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

#include "server/recommend/shown.h"

static aisle_shown *s;
static aisle_arena arena;

static void set_up(void)
{
    s = aisle_shown_new();
    aisle_arena_init(&arena);
}

static void tear_down(void)
{
    aisle_shown_free(s);
    aisle_arena_deinit(&arena);
}

TestSuite(shown, .init = set_up, .fini = tear_down);

static aisle_origin origin(uint64_t number)
{
    return (aisle_origin){.number = number, .at_ms = 1000};
}

static bool put(uint64_t number, const char *a, const char *b, int64_t now_ms)
{
    aisle_str items[] = {aisle_str_from(a), aisle_str_from(b)};
    const aisle_origin o = origin(number);
    return aisle_shown_put(s, &o, &(aisle_shown_list){.items = items, .n = 2}, now_ms);
}

static aisle_status get(uint64_t number, int64_t now_ms, aisle_str **items)
{
    aisle_shown_list found = {0};
    const aisle_origin o = origin(number);
    aisle_status st = aisle_shown_get(s, &o, now_ms, &arena, &found);
    *items = found.items;
    if (st == AISLE_OK) cr_assert(found.n == 2 && !found.note.ptr);
    return st;
}

Test(shown, lists_are_told_apart_and_forgotten_after_half_an_hour)
{
    aisle_str *items;
    cr_assert(put(1, "a", "b\n", 0) && put(2, "", "d", 5));
    cr_assert_eq(get(1, AISLE_SHOWN_MS, &items), AISLE_OK);
    cr_assert(aisle_str_eq(items[0], AISLE_STR("a")) && aisle_str_eq(items[1], AISLE_STR("b\n")));
    cr_assert_eq(get(2, AISLE_SHOWN_MS, &items), AISLE_OK);
    cr_assert(items[0].len == 0 && aisle_str_eq(items[1], AISLE_STR("d")));
    cr_assert_eq(get(3, 0, &items), AISLE_ENOTFOUND);
    cr_assert_eq(get(1, AISLE_SHOWN_MS + 1, &items), AISLE_ENOTFOUND);
    cr_assert_eq(get(2, AISLE_SHOWN_MS + 1, &items), AISLE_OK);
    const aisle_origin other = {.number = 2, .at_ms = 1001};
    aisle_shown_list found;
    cr_assert_eq(aisle_shown_get(s, &other, 5, &arena, &found), AISLE_ENOTFOUND);
}

Test(shown, a_note_goes_with_its_list)
{
    static char long_note[AISLE_SHOWN_NOTE + 1];
    const aisle_origin o = origin(1);
    aisle_str item = AISLE_STR("a");
    aisle_shown_list put_in = {&item, 1, {"b\0\1", 3}}, found;
    cr_assert(aisle_shown_put(s, &o, &put_in, 0));
    cr_assert_eq(aisle_shown_get(s, &o, 0, &arena, &found), AISLE_OK);
    cr_assert(found.n == 1 && aisle_str_eq(found.items[0], item) && aisle_str_eq(found.note, put_in.note));
    put_in.note = (aisle_str){long_note, sizeof long_note};
    cr_assert_not(aisle_shown_put(s, &o, &put_in, 0));
}

Test(shown, an_id_too_long_for_its_length_is_not_kept)
{
    static char text[257];
    aisle_str *items;
    memset(text, 'x', 256);
    cr_assert(!put(1, "a", text, 0));
    cr_assert_eq(get(1, 0, &items), AISLE_ENOTFOUND);
    cr_assert(put(1, "a", text + 1, 0));
    cr_assert_eq(get(1, 0, &items), AISLE_OK);
    cr_assert_eq(items[1].len, 255);
}

Test(shown, the_oldest_of_too_many_go)
{
    aisle_str *items;
    for (uint64_t i = 0; i < AISLE_SHOWN_LISTS + 10; i++) cr_assert(put(i, "x", "y", 0));
    cr_assert_eq(get(9, 0, &items), AISLE_ENOTFOUND);
    cr_assert_eq(get(10, 0, &items), AISLE_OK);
    cr_assert_eq(get(AISLE_SHOWN_LISTS + 9, 0, &items), AISLE_OK);
}

Test(shown, ids_take_no_more_than_their_room)
{
    enum { N = 1000 };
    static char text[255];
    static aisle_str items[N];
    aisle_shown_list got;
    for (int i = 0; i < N; i++) items[i] = (aisle_str){text, sizeof text};
    const uint64_t fit = AISLE_SHOWN_BYTES / (N * 256);
    for (uint64_t i = 0; i <= fit; i++) {
        const aisle_origin o = origin(i);
        cr_assert(aisle_shown_put(s, &o, &(aisle_shown_list){.items = items, .n = N}, 0));
    }
    for (uint64_t i = 0; i < 2; i++) {
        const aisle_origin o = origin(i);
        aisle_status st = aisle_shown_get(s, &o, 0, &arena, &got);
        cr_assert_eq(st, i == 0 ? AISLE_ENOTFOUND : AISLE_OK);
    }
}

static void *hammer(void *ctx)
{
    const uint64_t base = *(const uint64_t *)ctx;
    aisle_arena a;
    aisle_arena_init(&a);
    for (uint64_t i = 0; i < 3000; i++) {
        const aisle_origin o = {.number = base + i};
        char id[24];
        snprintf(id, sizeof id, "i%llu", (unsigned long long)(base + i));
        aisle_str item = aisle_str_from(id);
        aisle_shown_list got;
        if (!aisle_shown_put(s, &o, &(aisle_shown_list){.items = &item, .n = 1}, (int64_t)i)) return "put";
        if (aisle_shown_get(s, &o, (int64_t)i, &a, &got) != AISLE_OK) return "get";
        if (got.n != 1 || !aisle_str_eq(got.items[0], item)) return "other";
        aisle_arena_deinit(&a);
    }
    return NULL;
}

Test(shown, threads_do_not_disturb_each_other)
{
    pthread_t t[4];
    uint64_t base[4];
    void *wrong;
    for (int i = 0; i < 4; i++) {
        base[i] = (uint64_t)i << 32;
        cr_assert_eq(pthread_create(&t[i], NULL, hammer, &base[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], &wrong);
        cr_assert_null(wrong);
    }
}
