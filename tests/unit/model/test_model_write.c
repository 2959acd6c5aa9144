/* The writer's refusals: parts that disagree, a full disk, no memory. Nothing is left behind. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/model/small_model.h"

static void assert_refused(const small_model *s, aisle_status want, const char *words)
{
    aisle_error err = {0};
    const char *path = temp_path("refused.aisle");
    aisle_status st = aisle_model_write(path, &s->parts, &err);
    cr_assert_eq(st, want, "%d: %s", st, err.message);
    cr_assert(strstr(err.message, words) && strstr(err.message, path), "\"%s\" lacks \"%s\"", err.message,
              words);
    cr_assert_neq(access(path, F_OK), 0);
}

static small_model s;

static void fresh(void)
{
    small_model_init(&s);
}

TestSuite(model_write, .init = fresh);

Test(model_write, counts_must_agree)
{
    s.parts.n_users++;
    assert_refused(&s, AISLE_EINVAL, "8 users");
    fresh();
    s.parts.seen.n_cols--;
    assert_refused(&s, AISLE_EINVAL, "seen matrix");
    fresh();
    s.parts.item_gram = NULL;
    assert_refused(&s, AISLE_EINVAL, "Gramian");
    fresh();
    s.parts.users.n_cols = 4;
    assert_refused(&s, AISLE_EINVAL, "factors");
}

Test(model_write, numbers_must_be_finite)
{
    s.users[3] = NAN;
    assert_refused(&s, AISLE_EINVAL, "user-factors: value 3");
    fresh();
    s.trending[5] = -1;
    assert_refused(&s, AISLE_EINVAL, "trending");
    fresh();
    s.val[2] = 0;
    assert_refused(&s, AISLE_EINVAL, "seen-weights");
    fresh();
    s.parts.reg = INFINITY;
    assert_refused(&s, AISLE_EINVAL, "reg");
}

Test(model_write, ids_must_be_in_range_and_order)
{
    s.similar[0] = SMALL_ITEMS;
    assert_refused(&s, AISLE_EINVAL, "similar-items");
    fresh();
    s.content[0] = -1;
    assert_refused(&s, AISLE_EINVAL, "content-items");
    fresh();
    s.col[1] = s.col[0];
    assert_refused(&s, AISLE_EINVAL, "seen-items");
    fresh();
    s.rows[2] = s.rows[1] - 1;
    assert_refused(&s, AISLE_EINVAL, "seen-rows");
}

static aisle_str same_id(const void *ctx, int32_t i)
{
    (void)ctx;
    return i == 4 ? AISLE_STR("i-1") : small_id("i", i);
}

static aisle_str empty_id(const void *ctx, int32_t i)
{
    (void)ctx;
    return i == 4 ? AISLE_STR("") : small_id("i", i);
}

Test(model_write, external_ids_must_be_distinct_and_not_empty)
{
    s.parts.item_id = same_id;
    assert_refused(&s, AISLE_EINVAL, "\"i-1\" is there twice");
    s.parts.item_id = empty_id;
    assert_refused(&s, AISLE_EINVAL, "id 4 is empty");
}

Test(model_write, meta_must_be_one_json_object)
{
    static const char *const bad[] = {"", "{", "[]", "1", "{} {}", "{\"a\":1,\"a\":2}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        s.parts.meta = bad[i];
        assert_refused(&s, AISLE_EINVAL, "meta");
    }
}

Test(model_write, a_full_disk_leaves_the_old_file)
{
    const char *path = temp_path("full.aisle");
    aisle_error err = {0};
    cr_assert_eq(aisle_model_write(path, &s.parts, &err), AISLE_OK, "%s", err.message);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, small = {1000, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &old);
    setrlimit(RLIMIT_FSIZE, &small);
    s.parts.meta = "{}";
    aisle_status st = aisle_model_write(path, &s.parts, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    cr_assert_eq(st, AISLE_ENOSPC, "%d %s", st, err.message);
    aisle_model *m = NULL;
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    cr_assert_str_neq(aisle_model_meta(m), "{}");
    aisle_model_unref(m);
    char temp[200];
    snprintf(temp, sizeof temp, "%s.tmp.%ld", path, (long)getpid());
    cr_assert_neq(access(temp, F_OK), 0, "litter: %s", temp);
}

Test(model_write, every_failing_allocation_is_reported)
{
    const char *path = temp_path("memory.aisle");
    aisle_error err;
    int n = 1;
    for (; n < 200; n++) {
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_model_write(path, &s.parts, &err);
        aisle_alloc_fail_after(0);
        if (st == AISLE_OK) break;
        cr_assert_eq(st, AISLE_ENOMEM, "%d: %s", n, err.message);
    }
    cr_assert(n > 4 && n < 200);
    aisle_alloc_fail_after(1);
    aisle_model *m;
    aisle_status st = aisle_model_open(path, &m, &err);
    aisle_alloc_fail_after(0);
    cr_assert_eq(st, AISLE_ENOMEM);
    cr_assert_null(m);
}

/* The folder does not exist: the error is the system's, with the path. */
Test(model_write, a_missing_folder_is_named)
{
    aisle_error err;
    cr_assert_eq(aisle_model_write("/tmp/aisle-no-such-folder/m.aisle", &s.parts, &err), AISLE_ENOTFOUND);
    cr_assert(strstr(err.message, "/tmp/aisle-no-such-folder/m.aisle"));
}
