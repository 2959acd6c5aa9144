/* The search: its brackets, that it finds what is there to find, and that ending it anywhere changes nothing. */
#include "aisle/tune.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cpu/tune/brackets.h"

/* The least at regularization .02 and exponent .7; less effort is a little wrong, as less training is. */
typedef struct bowl {
    int64_t calls, cancel_at; /* 0 = never */
    int cancel;
    bool fails; /* where exponent > .5 */
} bowl;

static aisle_status measure(void *ctx, int32_t job, const aisle_train_params *p, double share,
                            const int *cancel, double *value, aisle_error *err)
{
    bowl *b = ctx;
    (void)job;
    (void)cancel;
    int64_t call = __atomic_add_fetch(&b->calls, 1, __ATOMIC_SEQ_CST);
    if (b->cancel_at && call >= b->cancel_at) {
        aisle_cancel(&b->cancel);
        return aisle_fail(err, AISLE_ECANCELED, "canceled");
    }
    if (b->fails && p->als.nu > .5f) return aisle_fail(err, AISLE_ENUMERIC, "not finite");
    double r = log((double)p->als.reg / .02), e = (double)p->als.nu - .7;
    *value = -r * r - 4 * e * e - .3 * (1 - share) * fabs(sin(100 * e));
    return AISLE_OK;
}

static aisle_tune_range ranges[2];
static aisle_train_params start;

static aisle_tune_params params(int32_t trials, bowl *b)
{
    static aisle_progress progress;
    start = aisle_train_params_default();
    start.als.reg = .006f;
    cr_assert_eq(aisle_tune_range_parse(AISLE_STR("regularization=.0001..10"), &ranges[0], NULL), AISLE_OK);
    cr_assert_eq(aisle_tune_range_parse(AISLE_STR("exponent"), &ranges[1], NULL), AISLE_OK);
    progress = (aisle_progress){.cancel = &b->cancel};
    return (aisle_tune_params){.start = &start,
                               .ranges = ranges,
                               .n_ranges = 2,
                               .trials = trials,
                               .rungs = 3,
                               .seed = 7,
                               .jobs = 1,
                               .about = "a bowl",
                               .progress = &progress};
}

static void same(const aisle_tuned *a, const aisle_tuned *b)
{
    cr_assert_eq(a->look.trial, b->look.trial);
    cr_assert_eq(a->look.rung, b->look.rung);
    cr_assert_eq(a->look.value, b->look.value);
    cr_assert_eq(a->n_looks, b->n_looks);
    cr_assert(a->best.als.reg == b->best.als.reg && a->best.als.nu == b->best.als.nu);
}

static const char *state_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/aisle-test-tune-%d.jsonl", (int)getpid());
    return path;
}

static int64_t file_bytes(const char *path)
{
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f);
    fseek(f, 0, SEEK_END);
    int64_t n = ftell(f);
    fclose(f);
    return n;
}

Test(brackets, are_those_of_hyperband_behind_the_start)
{
    aisle_brackets b;
    static const int32_t first[] = {0, 1, 10, 15, 18, 27, 32}, at[] = {2, 0, 1, 2, 0, 1, 2};
    cr_assert_eq(aisle_brackets_init(&b, 35, 3, false, NULL), AISLE_OK);
    cr_assert_eq(b.n, 7);
    for (int32_t i = 0; i < 7; i++)
        cr_assert(b.brackets[i].first == first[i] && b.brackets[i].start == at[i], "bracket %d", i);
    aisle_brackets_deinit(&b);
}

Test(brackets, the_best_third_of_a_rung_goes_on_once_it_is_complete)
{
    aisle_brackets b;
    aisle_tune_look look;
    bool over;
    int32_t looks = 0, full = 0;
    cr_assert_eq(aisle_brackets_init(&b, 10, 3, false, NULL), AISLE_OK);
    aisle_brackets_done(&b, 0, 2, 0);
    for (int32_t t = 9; t > 1; t--) aisle_brackets_done(&b, t, 0, t == 4 ? (double)NAN : (double)(t % 5));
    cr_assert(aisle_brackets_next(&b, &look, &over) && look.trial == 1 && look.rung == 0);
    cr_assert(!aisle_brackets_next(&b, &look, &over) && !over, "trial 1 is still at work");
    aisle_brackets_done(&b, 1, 0, 1);
    /* values 1 2 3 - 0 1 2 3 4 of trials 1..9: 9, then 3 and 8 */
    static const int32_t wanted[] = {3, 8, 9};
    for (int32_t i = 0; i < 3; i++) {
        cr_assert(aisle_brackets_next(&b, &look, &over) && look.trial == wanted[i] && look.rung == 1);
        aisle_brackets_done(&b, look.trial, 1, -i);
    }
    while (aisle_brackets_next(&b, &look, &over)) {
        looks++;
        full += look.rung == 2 && look.trial == 3;
        aisle_brackets_done(&b, look.trial, look.rung, 0);
    }
    cr_assert(over && looks == 1 && full == 1);
    aisle_brackets_deinit(&b);
}

Test(tune, finds_the_bottom_of_a_bowl)
{
    bowl b = {0};
    aisle_tune_params p = params(200, &b);
    aisle_tuned found;
    cr_assert_eq(aisle_tune(&p, measure, &b, &found, NULL), AISLE_OK);
    /* of some 90 full looks, each within half a unit of log and .25 of the exponent with probability .04: none is by
     * (1 - .04)^90 = 2.5 %, and this seed is not one of those */
    cr_assert_gt(found.look.value, -.5);
    cr_assert_eq(found.look.rung, 2);
    cr_assert(found.complete && found.n_looks == b.calls);
    cr_assert_lt(b.calls, 350, "one full look a trial would be 200; three rungs cost a third more looks");
    aisle_tuned_deinit(&found);
}

Test(tune, the_number_of_jobs_changes_nothing)
{
    bowl b = {0};
    aisle_tune_params p = params(60, &b);
    aisle_tuned one, many;
    cr_assert_eq(aisle_tune(&p, measure, &b, &one, NULL), AISLE_OK);
    p.jobs = 5;
    cr_assert_eq(aisle_tune(&p, measure, &b, &many, NULL), AISLE_OK);
    same(&one, &many);
    aisle_tuned_deinit(&one);
    aisle_tuned_deinit(&many);
}

Test(tune, a_search_broken_off_anywhere_goes_on_to_the_same_result)
{
    bowl whole_bowl = {0};
    aisle_tune_params p = params(40, &whole_bowl);
    aisle_tuned whole, resumed;
    cr_assert_eq(aisle_tune(&p, measure, &whole_bowl, &whole, NULL), AISLE_OK);
    for (int64_t at = 1; at <= whole.n_looks; at += 7) {
        bowl cut = {.cancel_at = at}, rest = {0};
        p = params(40, &cut);
        p.state = state_path();
        p.jobs = 1 + (int32_t)(at % 3);
        unlink(p.state);
        aisle_error err = {0};
        cr_assert_eq(aisle_tune(&p, measure, &cut, &resumed, &err), AISLE_ECANCELED, "%s", err.message);
        /* a power cut in the middle of a line */
        cr_assert_eq(truncate(p.state, file_bytes(p.state) - (at > 1 ? 5 : 0)), 0);
        p = params(40, &rest);
        p.state = state_path();
        cr_assert_eq(aisle_tune(&p, measure, &rest, &resumed, &err), AISLE_OK, "%s", err.message);
        same(&whole, &resumed);
        cr_assert_leq(rest.calls, whole.n_looks - (at - 1) + 1 + (at % 3),
                      "what was measured stays measured");
        aisle_tuned_deinit(&resumed);
    }
    unlink(state_path());
    aisle_tuned_deinit(&whole);
}

Test(tune, refuses_the_state_of_another_search_and_a_damaged_one)
{
    bowl b = {0};
    aisle_tune_params p = params(10, &b);
    aisle_tuned found;
    aisle_error err = {0};
    p.state = state_path();
    unlink(p.state);
    cr_assert_eq(aisle_tune(&p, measure, &b, &found, NULL), AISLE_OK);
    aisle_tuned_deinit(&found);
    p.seed++;
    cr_assert_eq(aisle_tune(&p, measure, &b, &found, &err), AISLE_ECONFLICT);
    cr_assert(strstr(err.message, p.state), "%s", err.message);
    p.seed--;
    p.about = "another bowl";
    cr_assert_eq(aisle_tune(&p, measure, &b, &found, NULL), AISLE_ECONFLICT);
    p.about = "a bowl";
    FILE *f = fopen(p.state, "a");
    fputs("{\"trial\":1,\"rung\":\n{\"trial\":1,\"rung\":0,\"value\":1}\n", f);
    fclose(f);
    cr_assert_eq(aisle_tune(&p, measure, &b, &found, &err), AISLE_EFORMAT);
    cr_assert(strstr(err.message, "line"), "%s", err.message);
    unlink(p.state);
}

Test(tune, a_trial_that_fails_is_passed_over)
{
    bowl b = {.fails = true};
    aisle_tune_params p = params(40, &b);
    aisle_tuned found;
    aisle_error err = {0};
    cr_assert_eq(aisle_tune(&p, measure, &b, &found, NULL), AISLE_OK);
    cr_assert(found.best.als.nu <= .5f && found.look.trial > 0, "the start has an exponent of 1");
    aisle_tuned_deinit(&found);
    p.trials = 1;
    cr_assert_eq(aisle_tune(&p, measure, &b, &found, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "not finite"), "%s", err.message);
}

static aisle_status wait_for_cancel(void *ctx, int32_t job, const aisle_train_params *p, double share,
                                    const int *cancel, double *value, aisle_error *err)
{
    bowl *b = ctx;
    if (share == 1 || __atomic_add_fetch(&b->calls, 1, __ATOMIC_SEQ_CST) < 4) /* 1: the start */
        return measure(ctx, job, p, share, cancel, value, err);
    while (!__atomic_load_n(cancel, __ATOMIC_RELAXED)) usleep(1000);
    return aisle_fail(err, AISLE_ECANCELED, "canceled");
}

Test(tune, ends_when_the_time_is_over_with_what_it_has)
{
    bowl b = {0};
    aisle_tune_params p = params(40, &b);
    aisle_tuned found;
    p.seconds = 1;
    p.jobs = 2;
    cr_assert_eq(aisle_tune(&p, wait_for_cancel, &b, &found, NULL), AISLE_OK);
    cr_assert(!found.complete && found.look.trial == 0 && found.look.rung == 2,
              "a look with full effort is better than any other");
    aisle_tuned_deinit(&found);
}

Test(ranges, are_read_and_refused)
{
    aisle_tune_range r;
    aisle_error err;
    cr_assert_eq(aisle_tune_range_parse(AISLE_STR("factors=32..512"), &r, NULL), AISLE_OK);
    cr_assert(r.log && r.from == 32 && r.to == 512);
    cr_assert_eq(aisle_tune_range_parse(AISLE_STR("exponent=.5..1"), &r, NULL), AISLE_OK);
    cr_assert(!r.log && r.from == .5 && r.to == 1);
    cr_assert_eq(aisle_tune_range_parse(AISLE_STR("text-scheme"), &r, NULL), AISLE_OK);
    static const char *const wrong[] = {
        "factors=32",   "factors=512..32", "factors=0..9999", "factors=..3",     "language=a..b",
        "nothing=1..2", "solver=1..2",     "half-life",       "factors=1..2..3", "exponent=nan..1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(aisle_tune_range_parse(aisle_str_from(wrong[i]), &r, &err), AISLE_EINVAL, "%s",
                     wrong[i]);
    aisle_tune_range all[AISLE_TUNE_MAX_RANGES];
    cr_assert_gt(aisle_tune_ranges_default("als", all), 2);
    cr_assert_eq(aisle_tune_ranges_default("nothing", all), 0);
}
