/* Overflow checks, growth, the arena, and the planned allocation failure. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "aisle/memory.h"

Test(memory, sizes_that_overflow_are_refused)
{
    int64_t out = 5;
    cr_assert(aisle_size_mul(INT64_MAX, 2, &out));
    cr_assert(aisle_size_mul(-1, 2, &out));
    cr_assert(aisle_size_add(INT64_MAX, 1, &out));
    cr_assert_eq(out, 5, "an overflow leaves the result alone");
    cr_assert_null(aisle_array(INT64_MAX / 2, 8));
    cr_assert_null(aisle_calloc(SIZE_MAX, 2));
}

Test(memory, aligned_blocks_are_aligned)
{
    for (size_t bytes = 0; bytes < (size_t)9 << 20; bytes = bytes * 3 + 1) {
        void *p = aisle_alloc_aligned(bytes);
        cr_assert_not_null(p);
        cr_assert_eq((uintptr_t)p % 64, 0);
        aisle_free(p);
    }
}

Test(memory, growing_keeps_what_was_there)
{
    int64_t cap = 0;
    int *p = NULL;
    for (int i = 0; i < 1000; i++) {
        cr_assert(aisle_grow((void **)&p, &cap, i + 1, sizeof *p));
        p[i] = i;
    }
    for (int i = 0; i < 1000; i++) cr_assert_eq(p[i], i);
    cr_assert_not(aisle_grow((void **)&p, &cap, INT64_MAX / 2, sizeof *p));
    cr_assert_eq(p[999], 999);
    aisle_free(p);
}

Test(memory, the_planned_allocation_and_all_later_ones_fail)
{
    aisle_alloc_fail_after(3);
    void *a = aisle_alloc(8), *b = aisle_calloc(1, 8);
    cr_assert(a && b);
    cr_assert_null(aisle_alloc(8));
    cr_assert_null(aisle_alloc_aligned(8));
    aisle_alloc_fail_after(0);
    void *c = aisle_alloc(8);
    cr_assert_not_null(c);
    aisle_free(a);
    aisle_free(b);
    aisle_free(c);
}

/* Blocks may be a little larger than was asked for. */
Test(memory, the_peak_is_what_was_out_at_once)
{
    enum { MIB = 1 << 20, MORE = 3 * 4096 };
    char *before = aisle_alloc(MIB);
    aisle_alloc_count_start();
    void *a = aisle_array(MIB, 1), *b = aisle_calloc(2, MIB);
    aisle_free(a);
    aisle_free(before);
    int64_t peak = aisle_alloc_count_peak();
    cr_assert(peak >= 3 * MIB && peak <= 3 * MIB + MORE, "%lld", (long long)peak);
    a = aisle_realloc(aisle_alloc(MIB), 4 * MIB); /* 2 + 4, less what was there before */
    peak = aisle_alloc_count_peak();
    cr_assert(peak >= 5 * MIB && peak <= 5 * MIB + MORE, "%lld", (long long)peak);
    aisle_free(a);
    aisle_free(b);
}

Test(memory, what_is_available_is_no_more_than_the_machine_has)
{
    int64_t pages = sysconf(_SC_PHYS_PAGES), bytes = aisle_available_bytes();
    cr_assert(bytes > 0 && bytes <= pages * sysconf(_SC_PAGESIZE), "%lld", (long long)bytes);
}

Test(memory, an_arena_gives_distinct_aligned_blocks)
{
    aisle_arena a;
    aisle_arena_init(&a);
    unsigned char *last = NULL;
    for (size_t n = 1; n < 40000; n = n * 2 + 1) {
        unsigned char *p = aisle_arena_calloc(&a, n, 1);
        cr_assert_not_null(p);
        cr_assert_eq((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++) cr_assert_eq(p[i], 0, "blocks do not overlap");
        for (size_t i = 0; i < n; i++) p[i] = 0xff;
        cr_assert_neq(p, last);
        last = p;
    }
    cr_assert_str_eq(aisle_arena_printf(&a, "%s-%d", "x", 7), "x-7");
    cr_assert_null(aisle_arena_calloc(&a, SIZE_MAX, 2));
    aisle_arena_deinit(&a);
}
