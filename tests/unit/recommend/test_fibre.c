/* Calls that are left and gone on with. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/recommend/fibre.h"

typedef struct count {
    aisle_fibre *fibre;
    int to, at;
} count;

/* Its own frames must stay as they are while others run. */
static int deep(count *c, int depth)
{
    volatile char room[200];
    memset((char *)room, depth, sizeof room);
    if (depth) return deep(c, depth - 1) + room[100] - depth;
    for (; c->at < c->to; c->at++) aisle_fibre_leave(c->fibre);
    return room[7];
}

static void run(void *ctx)
{
    count *c = ctx;
    cr_assert_eq(deep(c, 50), 0);
    c->at++;
}

Test(fibre, calls_take_turns_and_return)
{
    enum { N = 8 };
    count all[N];
    int left = 0, rounds = 0;
    for (int i = 0; i < N; i++) {
        all[i] = (count){aisle_fibre_new(i), i, 0};
        cr_assert(all[i].fibre);
        bool returned = aisle_fibre_start(all[i].fibre, run, &all[i]);
        cr_assert_eq(returned, i == 0);
        left += !returned;
    }
    for (; left; rounds++)
        for (int i = 1; i < N; i++) {
            if (all[i].at > all[i].to) continue;
            cr_assert_eq(all[i].at, rounds);
            left -= aisle_fibre_go_on(all[i].fibre);
        }
    cr_assert_eq(rounds, N - 1);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(all[i].at, i + 1);
        aisle_fibre_free(all[i].fibre);
    }
    aisle_fibre_free(NULL);
}

Test(fibre, one_stack_serves_any_number_of_calls)
{
    aisle_fibre *f = aisle_fibre_new(31);
    int done = 0;
    for (int i = 0; i < 100000; i++) {
        count c = {f, i % 3, 0};
        for (bool back = aisle_fibre_start(f, run, &c); !back; back = aisle_fibre_go_on(f)) continue;
        done += c.at;
    }
    cr_assert_eq(done, 100000 + 33333 * 3);
    aisle_fibre_free(f);
}

/* ---- the end of the stack ---- */

typedef struct bottom {
    aisle_fibre *fibre;
    int pipe[2];
    uintptr_t top, deepest, end; /* end: where the memory that may be touched begins */
} bottom;

/* Whether the kernel could read there. */
static bool is_ours(const bottom *b, uintptr_t at)
{
    char c;
    if (syscall(SYS_write, b->pipe[1], at, 1) != 1) return false;
    return read(b->pipe[0], &c, 1) == 1;
}

/* As deep as leaves some pages, and left there. */
static int down(bottom *b, int depth)
{
    volatile char room[1000];
    memset((char *)room, depth & 63, sizeof room);
    b->deepest = (uintptr_t)__builtin_frame_address(0);
    if (b->top - b->deepest < AISLE_FIBRE_BYTES - (16 << 10))
        return down(b, depth + 1) + room[999] - (depth & 63);
    aisle_fibre_leave(b->fibre);
    return room[5] - (depth & 63);
}

static void to_the_bottom(void *ctx)
{
    bottom *b = ctx;
    b->top = (uintptr_t)__builtin_frame_address(0);
    for (b->end = b->top & ~(uintptr_t)4095; is_ours(b, b->end - 4096);) b->end -= 4096;
    cr_assert_eq(down(b, 1), 0);
}

Test(fibre, nearly_all_of_the_stack_can_be_used_and_nothing_lies_right_below)
{
    enum { N = 40 };
    bottom all[N];
    for (int i = 0; i < N; i++) {
        all[i] = (bottom){.fibre = aisle_fibre_new(i)};
        cr_assert_eq(pipe(all[i].pipe), 0);
        cr_assert(!aisle_fibre_start(all[i].fibre, to_the_bottom, &all[i]));
    }
    for (int i = 0; i < N; i++) {
        const bottom *b = &all[i];
        cr_expect_lt(b->top - b->deepest, AISLE_FIBRE_BYTES);
        cr_expect_gt(b->top - b->end, AISLE_FIBRE_BYTES - 4096, "number %d", i);
        for (int k = 1; k <= 16; k++) cr_expect(!is_ours(b, b->end - (uintptr_t)k * 4096), "page %d", k);
        cr_assert(aisle_fibre_go_on(b->fibre));
        aisle_fibre_free(b->fibre);
        close(b->pipe[0]);
        close(b->pipe[1]);
    }
}
