/* Questions of one turn, whatever they wish, are answered as each is alone. */
#include <math.h>

#include "random_answering.h"
#include "server/recommend/boost.h"
#include "server/recommend/fibre.h"
#include "server/recommend/pin.h"
#include "server/recommend/scenario.h"
#include "server/recommend/together.h"
#include "server/recommend/walk.h"

enum { LIMIT = 20, ROOM = LIMIT + AISLE_SPARE_HITS };

static random_answering r;
static aisle_recents *recents;

static void setup(void)
{
    random_answering_init(&r, RANDOM_PRODUCTS);
    recents = aisle_recents_new(r.f.store);
}

static void teardown(void)
{
    aisle_recents_free(recents);
    random_answering_end(&r);
}

TestSuite(together, .init = setup, .fini = teardown);

/* ---- questions ---- */

typedef struct question {
    aisle_ask ask;
    aisle_scenario scenario;
    struct aisle_ask_boost boosts[3];
    struct aisle_pin pin;
    aisle_str items[3];
    aisle_recommendation alone, together;
    aisle_status alone_st, st;
    aisle_error err;
    const aisle_shelf *shelf;
    int begun, ended; /* when, of all that begin and end */
} question;

static aisle_filter any_filter(void)
{
    json_t *o = below(&r.g, 2) ? json_object() : random_filter(&r.g, 1);
    aisle_filter f = filter_of(&r, o);
    json_decref(o);
    return f;
}

static aisle_str copied(aisle_str s)
{
    return (aisle_str){aisle_arena_strndup(&r.f.arena, s.ptr, s.len), s.len};
}

static void random_wishes(question *q)
{
    aisle_wishes *w = &q->ask.wishes;
    *w = (aisle_wishes){.boosts = q->boosts, .pins = &q->pin, .min_score = -INFINITY};
    if (below(&r.g, 2)) w->n_boosts = 1 + (int32_t)below(&r.g, 3);
    for (int32_t i = 0; i < w->n_boosts; i++)
        q->boosts[i] = (struct aisle_ask_boost){any_filter(), .3 + (double)below(&r.g, 4)};
    if (below(&r.g, 3) == 0) w->diversity = .4;
    if (below(&r.g, 3) == 0) w->max_per_brand = 1 + (int32_t)below(&r.g, 3);
    if (below(&r.g, 4) == 0) w->min_score = (double)below(&r.g, 10) / 10;
    if (below(&r.g, 4) == 0) w->n_pins = 1;
    q->pin = (struct aisle_pin){copied(random_item_id(NULL, (int32_t)below(&r.g, RANDOM_ITEMS))), 2};
}

static void random_scenario(question *q)
{
    static const aisle_step_source sources[] = {AISLE_FROM_PERSONAL, AISLE_FROM_POPULAR, AISLE_FROM_NEWEST,
                                                AISLE_FROM_VIEWED, AISLE_FROM_SIMILAR};
    if (below(&r.g, 2)) return;
    q->scenario = (aisle_scenario){.name = AISLE_STR("s"), .n_steps = 1 + (int32_t)below(&r.g, 4)};
    if (below(&r.g, 3) == 0) q->scenario.diversity = .3;
    for (int32_t i = 0; i < q->scenario.n_steps; i++)
        q->scenario.step[i] = (aisle_step){.source = sources[below(&r.g, i ? 5 : 2)],
                                           .share = (double)(1 + below(&r.g, 4)) / 4,
                                           .limit = 1 + (int32_t)below(&r.g, 12),
                                           .filter = any_filter()};
    q->ask.scenario = &q->scenario;
}

static void random_question(question *q)
{
    *q = (question){.ask = {.limit = 1 + (int64_t)below(&r.g, LIMIT), .filter = any_filter()},
                    .shelf = r.shelf};
    q->ask.items = q->items;
    if (below(&r.g, 4)) q->ask.user = copied(small_id("u", (int32_t)below(&r.g, RANDOM_USERS)));
    if (below(&r.g, 3) == 0) q->ask.n_items = (int64_t)(1 + below(&r.g, 3));
    for (int64_t i = 0; i < q->ask.n_items; i++)
        q->items[i] = copied(random_item_id(NULL, (int32_t)below(&r.g, RANDOM_ITEMS)));
    q->ask.explain = below(&r.g, 5) == 0;
    q->ask.sight = below(&r.g, 6) == 0 ? AISLE_SIGHT_SESSION : AISLE_SIGHT_ALL;
    random_wishes(q);
    random_scenario(q);
}

/* ---- answers ---- */

static aisle_answering with(const question *q, struct aisle_place *place)
{
    aisle_answering w = random_with(&r);
    w.shelf = q->shelf;
    w.recents = recents;
    w.place = place;
    return w;
}

static int now;

static void answer(void *ctx, struct aisle_place *place)
{
    question *q = ctx;
    const aisle_answering w = with(q, place);
    q->begun = now++;
    q->st = aisle_recommend(&w, &q->ask, &q->together, &q->err);
    q->ended = now++;
}

static void assert_same(const question *q, int i)
{
    const aisle_recommendation *a = &q->alone, *b = &q->together;
    cr_assert_eq(q->st, q->alone_st, "%d: %s", i, q->err.message);
    if (q->st != AISLE_OK) return;
    cr_assert(a->hits.n == b->hits.n && a->hits.strategy == b->hits.strategy && a->known == b->known,
              "question %d: %d and %d hits", i, a->hits.n, b->hits.n);
    cr_assert_eq(memcmp(a->hits.hit, b->hits.hit, (size_t)a->hits.n * sizeof *a->hits.hit), 0, "question %d",
                 i);
    cr_assert_eq(a->n_sourced, b->n_sourced);
    for (int32_t k = 0; k < a->n_sourced; k++)
        cr_assert(a->sourced[k].item == b->sourced[k].item && a->sourced[k].source == b->sourced[k].source);
}

static void check(aisle_together *t, question *all, int n)
{
    aisle_together_one one[AISLE_TOGETHER_MOST] = {0};
    for (int i = 0; i < n; i++) {
        const aisle_answering w = with(&all[i], NULL);
        one[i] = (aisle_together_one){.answer = answer, .ctx = &all[i]};
        all[i].alone_st = aisle_recommend(&w, &all[i].ask, &all[i].alone, &r.f.err);
    }
    aisle_answer_together(t, r.scorer, one, n);
    for (int i = 0; i < n; i++) assert_same(&all[i], i);
}

Test(together, answers_are_those_of_each_alone)
{
    static question all[AISLE_TOGETHER_MOST];
    aisle_together *t = aisle_together_new();
    int hits = 0;
    for (int round = 0; round < 60; round++) {
        int n = 1 + (int)below(&r.g, AISLE_TOGETHER_MOST);
        for (int i = 0; i < n; i++) random_question(&all[i]);
        check(t, all, n);
        for (int i = 0; i < n; i++) hits += all[i].together.hits.n;
    }
    cr_assert_gt(hits, 5000);
    aisle_together_free(t);
}

/* Else they were scored one after the other. */
Test(together, everybody_is_scored_before_anybody_is_answered)
{
    question all[4] = {0};
    aisle_together *t = aisle_together_new();
    for (int i = 0; i < 4; i++) {
        all[i] = (question){.shelf = r.shelf,
                            .ask = {.limit = 5,
                                    .user = copied(small_id("u", i)),
                                    .filter = {.key = AISLE_STR("")},
                                    .wishes = {.min_score = -INFINITY}}};
    }
    all[1].ask.wishes.diversity = .5;
    all[2].boosts[0] = (struct aisle_ask_boost){.filter = {.key = AISLE_STR("")}, .by = 2};
    all[2].ask.wishes.boosts = all[2].boosts;
    all[2].ask.wishes.n_boosts = 1;
    all[3].scenario = (aisle_scenario){.name = AISLE_STR("s"), .n_steps = 1};
    all[3].scenario.step[0] =
        (aisle_step){.source = AISLE_FROM_PERSONAL, .share = 1, .limit = 5, .filter = {.key = AISLE_STR("")}};
    all[3].ask.scenario = &all[3].scenario;
    check(t, all, 4);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) cr_assert_lt(all[i].begun, all[k].ended, "%d and %d", i, k);
    aisle_together_free(t);
}

/* A variant's model is another than the others'. */
Test(together, questions_of_two_models_have_each_its_own)
{
    static question all[12];
    aisle_together *t = aisle_together_new();
    aisle_shelf *other = NULL;
    aisle_model *model = r.model;
    random_model(&r);
    aisle_model *second = r.model;
    r.model = model;
    cr_assert_ok(aisle_shelf_build(r.f.store, r.f.view, second, NULL, &other, &r.f.err), r.f);
    for (int i = 0; i < 12; i++) {
        random_question(&all[i]);
        if (i % 3 == 1) all[i].shelf = other;
    }
    check(t, all, 12);
    aisle_together_free(t);
    aisle_arena_deinit(&r.f.arena);
    aisle_arena_init(&r.f.arena);
    aisle_shelf_unref(other);
    aisle_model_unref(second);
}

/* What the scorer refuses is the fault of one alone. */
Test(together, a_question_that_cannot_be_scored_harms_no_other)
{
    question all[3] = {0};
    aisle_together *t = aisle_together_new();
    for (int i = 0; i < 3; i++) random_question(&all[i]);
    for (int i = 0; i < 3; i++) {
        all[i].ask.scenario = NULL;
        all[i].ask.wishes = (aisle_wishes){.min_score = -INFINITY};
    }
    all[1].ask.limit = 2000; /* beyond what the scorer answers */
    check(t, all, 3);
    cr_assert(all[0].st == AISLE_OK && all[1].st == AISLE_EINVAL && all[2].st == AISLE_OK);
    cr_assert(all[1].err.message[0]);
    aisle_together_free(t);
}

/* ---- how many are answered in one go ---- */

#define MODEL(n) ((const aisle_model *)(uintptr_t)(n))

static void fill(aisle_together_one *all, int32_t n, aisle_together_one one)
{
    for (int32_t i = 0; i < n; i++) all[i] = one;
}

Test(together, a_line_ends_where_it_would_hold_a_loop_up)
{
    enum { N = 50, WORK = AISLE_TOGETHER_WORK };
    aisle_together_one all[N];
    fill(all, N, (aisle_together_one){.model = MODEL(1), .work = 1000});
    cr_expect_eq(aisle_together_fit(all, N), AISLE_TOGETHER_MOST);
    cr_expect_eq(aisle_together_fit(all, 7), 7);
    cr_expect_eq(aisle_together_fit(all, 1), 1);
    fill(all, N, (aisle_together_one){.model = MODEL(1), .work = WORK / 10});
    cr_expect_eq(aisle_together_fit(all, N), 10);
    all[0].work = WORK + 1;
    cr_expect_eq(aisle_together_fit(all, N), 1);
    all[0].work = 0;
    cr_expect_eq(aisle_together_fit(all, N), 11);
}

Test(together, what_is_scored_in_one_pass_counts_once)
{
    enum { N = 30, WORK = AISLE_TOGETHER_WORK };
    aisle_together_one all[N];
    fill(all, N, (aisle_together_one){.model = MODEL(1), .work = WORK / 5, .shared = WORK / 10});
    cr_expect_eq(aisle_together_fit(all, N), 9);
    for (int32_t i = 0; i < N; i++) all[i].model = MODEL(1 + i % 2);
    cr_expect_eq(aisle_together_fit(all, N), 5);
}

/* ---- what is done outside ---- */

typedef struct stacks {
    aisle_scorer *scorer;
    uintptr_t stages, outside, after;
    int32_t *calls;
} stacks;

static void note_outside(void *ctx)
{
    stacks *k = ctx;
    k->outside = (uintptr_t)__builtin_frame_address(0);
    ++*k->calls;
}

static void go_outside(void *ctx, struct aisle_place *place)
{
    stacks *k = ctx;
    const aisle_answering w = {.scorer = k->scorer, .place = place};
    k->stages = (uintptr_t)__builtin_frame_address(0);
    const int32_t before = *k->calls;
    aisle_outside(&w, note_outside, k);
    cr_expect_eq(*k->calls, before + 1, "nobody else goes on meanwhile");
    aisle_outside(&w, note_outside, k);
    k->after = (uintptr_t)__builtin_frame_address(0);
}

static bool is_far(uintptr_t a, uintptr_t b)
{
    return (a > b ? a - b : b - a) > AISLE_FIBRE_BYTES / 2;
}

Test(together, what_goes_deep_is_called_on_the_threads_own_stack)
{
    enum { N = 5 };
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    aisle_together *t = aisle_together_new();
    aisle_together_one one[N] = {0};
    stacks all[N];
    int32_t calls = 0;
    for (int32_t n = N; n >= 1; n -= N - 1) {
        for (int32_t i = 0; i < n; i++) {
            all[i] = (stacks){.calls = &calls};
            one[i] = (aisle_together_one){.answer = go_outside, .ctx = &all[i]};
        }
        aisle_answer_together(t, NULL, one, n);
        for (int32_t i = 0; i < n; i++) {
            cr_expect(is_far(all[i].stages, here) == (n > 1));
            cr_expect(!is_far(all[i].outside, here));
            cr_expect_eq(all[i].stages, all[i].after);
        }
    }
    cr_expect_eq(calls, 2 * (N + 1));
    aisle_together_free(t);
}
