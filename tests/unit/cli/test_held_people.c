/* Who is held out of a training, what of him, and that it is the same people the next time. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/cli/held_people.h"

enum { PEOPLE = 400, ITEMS = 6 };
static bool passed[PEOPLE][ITEMS + 1];

static aisle_status hear(void *ctx, const aisle_event *e, aisle_error *err)
{
    int person, item;
    (void)ctx, (void)err;
    cr_assert_eq(sscanf(e->user.ptr, "u%d", &person), 1);
    cr_assert_eq(sscanf(e->item.ptr, "p%d", &item), 1);
    passed[person][item] = true;
    return AISLE_OK;
}

static void send(aisle_sink to, int person, int item, aisle_event_type type)
{
    char user[16], name[16];
    snprintf(user, sizeof user, "u%d", person);
    snprintf(name, sizeof name, "p%d", item);
    aisle_event e = {.user = aisle_str_from(user),
                     .item = aisle_str_from(name),
                     .type = type,
                     .at_ms = 1000 + item,
                     .value = 1};
    cr_assert_eq(to.event(to.ctx, &e, NULL), AISLE_OK);
}

static aisle_status count(void *ctx, const aisle_event *e, aisle_error *err)
{
    (void)e, (void)err;
    ++*(int64_t *)ctx;
    return AISLE_OK;
}

/* Everybody takes items 0 .. newest in turn, the newest twice, and dislikes one more. */
static int32_t run(int newest, bool held[PEOPLE])
{
    aisle_weights w = aisle_weights_default();
    aisle_sink to = {.event = hear};
    memset(passed, 0, sizeof passed);
    aisle_held *h = aisle_held_new(to, 10, &w);
    cr_assert(h);
    for (int p = 0; p < PEOPLE; p++) send(aisle_held_sink(h), p, newest, AISLE_EVENT_VIEW);
    for (int i = 0; i <= newest; i++)
        for (int p = 0; p < PEOPLE; p++) send(aisle_held_sink(h), p, i, AISLE_EVENT_PURCHASE);
    for (int p = 0; p < PEOPLE; p++) send(aisle_held_sink(h), p, newest + 1, AISLE_EVENT_DISLIKE);
    cr_assert_eq(aisle_held_finish(h, NULL), AISLE_OK);
    int32_t n = aisle_held_count(h);
    aisle_held_free(h);
    for (int p = 0; p < PEOPLE; p++) {
        held[p] = !passed[p][newest];
        for (int i = 0; i < newest; i++) cr_assert(passed[p][i], "person %d, item %d", p, i);
        cr_assert(passed[p][newest + 1]);
    }
    return n;
}

Test(held_people, lose_their_newest_item_and_nothing_else)
{
    bool held[PEOPLE];
    int lost = 0;
    int32_t n = run(3, held);
    for (int p = 0; p < PEOPLE; p++) lost += held[p];
    cr_assert_eq(n, lost);
    cr_assert(n > PEOPLE / 10 - 24 && n < PEOPLE / 10 + 24, "%d", n); /* four deviations */
}

Test(held_people, are_the_same_when_more_has_happened)
{
    bool first[PEOPLE], then[PEOPLE];
    run(3, first);
    run(4, then);
    cr_assert_eq(memcmp(first, then, sizeof first), 0);
}

Test(held_people, who_has_nothing_else_is_not_held_out)
{
    bool held[PEOPLE];
    cr_assert_eq(run(0, held), 0);
    for (int p = 0; p < PEOPLE; p++) cr_assert_not(held[p]);
}

Test(held_people, are_held_out_also_beyond_those_that_are_measured)
{
    const int many = 2 * AISLE_HELD_MOST + 1000;
    int64_t passed_on = 0;
    aisle_weights w = aisle_weights_default();
    aisle_held *h = aisle_held_new((aisle_sink){.ctx = &passed_on, .event = count}, 2, &w);
    int64_t held = 0;
    for (int p = 0; p < many; p++)
        for (int i = 0; i < 2; i++) send(aisle_held_sink(h), p, i, AISLE_EVENT_PURCHASE);
    cr_assert_eq(aisle_held_finish(h, NULL), AISLE_OK);
    held = 2 * many - passed_on;
    cr_assert_eq(aisle_held_count(h), AISLE_HELD_MOST);
    cr_assert(held > many / 2 - 142 && held < many / 2 + 142, "%ld", (long)held); /* four deviations */
    aisle_held_free(h);
}

/* Items 0 to 2 are bought, and the last is cancelled. */
Test(held_people, are_not_asked_for_what_they_cancelled)
{
    aisle_weights w = aisle_weights_default();
    memset(passed, 0, sizeof passed);
    aisle_held *h = aisle_held_new((aisle_sink){.event = hear}, 2, &w);
    for (int p = 0; p < PEOPLE; p++) {
        for (int i = 0; i <= 2; i++) send(aisle_held_sink(h), p, i, AISLE_EVENT_PURCHASE);
        send(aisle_held_sink(h), p, 2, AISLE_EVENT_CANCEL);
    }
    cr_assert_eq(aisle_held_finish(h, NULL), AISLE_OK);
    int lost = 0;
    for (int p = 0; p < PEOPLE; p++) {
        cr_assert(passed[p][2] && passed[p][0], "person %d", p);
        lost += !passed[p][1];
    }
    cr_assert_eq(lost, aisle_held_count(h));
    cr_assert_gt(lost, 0);
    aisle_held_free(h);
}
