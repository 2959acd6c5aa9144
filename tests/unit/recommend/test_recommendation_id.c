/* Ids that describe the answer they were given with, and that nobody else can make. */
#include "server/recommend/recommendation_id.h"
#include "tests/unit/store/shop_fixture.h"

static shop_fixture f;
static aisle_recommendation_ids *ids;

static void setup(void)
{
    fixture_folder(&f);
    fixture_open(&f);
    cr_assert_eq(aisle_recommendation_ids_open(f.store, &ids, &f.err), AISLE_OK, "%s", f.err.message);
}

static void teardown(void)
{
    aisle_recommendation_ids_close(ids);
    fixture_end(&f);
}

TestSuite(recommendation_id, .init = setup, .fini = teardown);

static const aisle_origin home = {.model_version = 4000000000,
                                  .strategy = {"hybrid", 6},
                                  .scenario = {"home", 4},
                                  .experiment = {"more variety", 12},
                                  .variant = {"b", 1}};

static bool reads(const char *id, aisle_origin *out)
{
    static unsigned char room[AISLE_ORIGIN_BYTES];
    return aisle_recommendation_id_read(ids, aisle_str_from(id), out, room);
}

static void check_same(const aisle_origin *a, const aisle_origin *b)
{
    cr_assert_eq(a->model_version, b->model_version);
    cr_assert(aisle_str_eq(a->strategy, b->strategy));
    cr_assert(aisle_str_eq(a->scenario, b->scenario));
    cr_assert(aisle_str_eq(a->experiment, b->experiment));
    cr_assert(aisle_str_eq(a->variant, b->variant));
}

Test(recommendation_id, tells_what_it_was_made_of_and_when)
{
    char id[AISLE_RECOMMENDATION_ID_BYTES];
    aisle_origin got;
    int64_t before = aisle_time_now_ms();
    aisle_recommendation_id_new(ids, &home, id);
    cr_assert(reads(id, &got));
    check_same(&got, &home);
    cr_assert_not(got.shared);
    cr_assert(got.at_ms >= before && got.at_ms <= aisle_time_now_ms());
}

Test(recommendation_id, longest_names_fit_and_longer_ones_are_cut)
{
    char id[AISLE_RECOMMENDATION_ID_BYTES], text[AISLE_LABEL_MAX + 20];
    memset(text, 'x', sizeof text);
    aisle_str longest = {text, AISLE_LABEL_MAX}, longer = {text, sizeof text};
    aisle_origin got,
        full = {.model_version = 1,
                .strategy = longest,
                .scenario = longest,
                .experiment = longest,
                .variant = longest},
        over = {.model_version = 1,
                .strategy = longer,
                .scenario = longer,
                .experiment = longer,
                .variant = longer};
    aisle_recommendation_id_new(ids, &over, id);
    cr_assert_leq(strlen(id), 255);
    cr_assert(reads(id, &got));
    check_same(&got, &full);
}

Test(recommendation_id, any_change_makes_it_nobodys)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char id[AISLE_RECOMMENDATION_ID_BYTES];
    aisle_origin got;
    aisle_recommendation_id_new(ids, &home, id);
    for (size_t i = 0; id[i]; i++) {
        const char was = id[i];
        for (const char *c = letters; *c; c++) {
            id[i] = *c;
            cr_assert_eq(reads(id, &got), *c == was, "letter %zu: %c for %c", i, *c, was);
        }
        id[i] = '\0';
        cr_assert_not(reads(id, &got), "cut at %zu", i);
        id[i] = was;
    }
    cr_assert_not(reads("2fa0e9b85475dc3f6da8e32cb6950a68", &got));
    cr_assert_not(aisle_recommendation_id_read(ids, (aisle_str){NULL, 0}, &got,
                                               (unsigned char[AISLE_ORIGIN_BYTES]){0}));
}

Test(recommendation_id, is_known_after_a_restart_and_foreign_to_another_shop)
{
    char id[AISLE_RECOMMENDATION_ID_BYTES];
    aisle_origin got;
    shop_fixture other;
    aisle_recommendation_ids *theirs;
    unsigned char room[AISLE_ORIGIN_BYTES];
    aisle_recommendation_id_new(ids, &home, id);
    fixture_close(&f);
    aisle_recommendation_ids_close(ids);
    fixture_open(&f);
    cr_assert_eq(aisle_recommendation_ids_open(f.store, &ids, &f.err), AISLE_OK, "%s", f.err.message);
    cr_assert(reads(id, &got));
    fixture_folder(&other);
    fixture_open(&other);
    cr_assert_eq(aisle_recommendation_ids_open(other.store, &theirs, &other.err), AISLE_OK);
    cr_assert_not(aisle_recommendation_id_read(theirs, aisle_str_from(id), &got, room));
    aisle_recommendation_ids_close(theirs);
    fixture_end(&other);
}

Test(recommendation_id, answers_have_different_ids_and_shared_lists_the_same)
{
    char a[AISLE_RECOMMENDATION_ID_BYTES], b[AISLE_RECOMMENDATION_ID_BYTES];
    aisle_origin got;
    aisle_recommendation_id_new(ids, &home, a);
    aisle_recommendation_id_new(ids, &home, b);
    cr_assert_str_neq(a, b);
    aisle_recommendation_id_shared(ids, &home, AISLE_STR("related P1"), a);
    aisle_recommendation_id_shared(ids, &home, AISLE_STR("related P1"), b);
    cr_assert(reads(a, &got));
    cr_assert_eq(got.at_ms % 86400000, 0);
    cr_assert(got.shared);
    check_same(&got, &home);
    if (strcmp(a, b)) /* midnight */
        aisle_recommendation_id_shared(ids, &home, AISLE_STR("related P1"), a);
    cr_assert_str_eq(a, b);
    aisle_recommendation_id_shared(ids, &home, AISLE_STR("related P2"), b);
    cr_assert_str_neq(a, b);
}
