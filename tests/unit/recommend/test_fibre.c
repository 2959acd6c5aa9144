/* Calls that are left and gone on with. */
#include <criterion/criterion.h>
#include <string.h>

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
