/* What lists say of products: several in one call, kept until they change. */
#include "server/http/handlers/product_texts.h"

#include "server/http/handlers/handlers.h"
#include "tests/unit/store/shop_fixture.h"

static shop_fixture f;
static aisle_product_texts *texts;

static void put(const char *id, const char *title, int64_t stock, aisle_visibility visibility)
{
    const aisle_product p = {
        .id = STR(id), .title = STR(title), .price_minor = 100, .stock = stock, .visibility = visibility};
    cr_assert_ok(put_product(&f, &p), f);
}

static void setup(void)
{
    fixture_folder(&f);
    fixture_open(&f);
    put("a", "Pot", 3, AISLE_VISIBLE);
    put("b", "Pan", -1, AISLE_VISIBLE);
    put("hidden", "Lid", 3, AISLE_HIDDEN);
    put("sold", "Ladle", 0, AISLE_VISIBLE);
    cr_assert_not_null(texts = aisle_product_texts_new(f.store));
}

static void teardown(void)
{
    aisle_product_texts_free(texts);
    fixture_end(&f);
}

TestSuite(product_texts, .init = setup, .fini = teardown);

static void get(const aisle_str *ids, int32_t n, bool keep_absent, aisle_product_text *out)
{
    const aisle_product_texts_ask ask = {ids, n, AISLE_FIELD_TITLE, keep_absent};
    cr_assert_ok(aisle_product_texts_get(texts, f.view, &ask, &f.arena, out, &f.err), f);
}

static void take_in(void)
{
    cr_assert_ok(aisle_product_texts_sync(texts, f.view, &f.err), f);
}

Test(product_texts, of_one_call_some_are_kept_some_are_made_and_some_are_not_shown)
{
    const aisle_str ids[] = {STR("a"), STR("hidden"), STR("none"), STR("sold"), STR("b")};
    aisle_product_text t[5];
    take_in();
    get(&ids[4], 1, false, t);
    for (int round = 0; round < 2; round++) {
        get(ids, 5, round, t);
        cr_assert(t[0].fate == AISLE_PRODUCT_SHOWN && t[4].fate == AISLE_PRODUCT_SHOWN);
        cr_assert(t[1].fate == AISLE_PRODUCT_NOT_SHOWN && t[3].fate == AISLE_PRODUCT_NOT_SHOWN);
        cr_assert_eq(t[2].fate, AISLE_PRODUCT_ABSENT);
        cr_assert_text(t[0].text, "{\"id\":\"a\",\"title\":\"Pot\"");
        cr_assert_text(t[2].text, "{\"id\":\"none\",\"title\":null");
        cr_assert_text(t[4].text, "{\"id\":\"b\",\"title\":\"Pan\"");
        cr_assert(t[1].text.len == 0 && t[3].text.len == 0);
    }
}

/* An absent one is kept where that is asked for alone. */
Test(product_texts, are_kept_until_the_change_is_taken_in)
{
    const aisle_str ids[] = {STR("a"), STR("b"), STR("new"), STR("later")};
    aisle_product_text t[4];
    take_in();
    get(ids, 3, true, t);
    get(&ids[3], 1, false, t + 3);
    put("a", "Big pot", 3, AISLE_VISIBLE);
    put("b", "Pan", 0, AISLE_VISIBLE);
    put("new", "Sieve", 1, AISLE_VISIBLE);
    put("later", "Whisk", 1, AISLE_VISIBLE);
    get(ids, 4, false, t);
    cr_assert_text(t[0].text, "{\"id\":\"a\",\"title\":\"Pot\"");
    cr_assert_eq(t[1].fate, AISLE_PRODUCT_SHOWN);
    cr_assert_eq(t[2].fate, AISLE_PRODUCT_ABSENT);
    cr_assert_eq(t[3].fate, AISLE_PRODUCT_SHOWN);
    take_in();
    get(ids, 4, false, t);
    cr_assert_text(t[0].text, "{\"id\":\"a\",\"title\":\"Big pot\"");
    cr_assert_eq(t[1].fate, AISLE_PRODUCT_NOT_SHOWN);
    cr_assert_text(t[2].text, "{\"id\":\"new\",\"title\":\"Sieve\"");
    cr_assert_text(t[3].text, "{\"id\":\"later\",\"title\":\"Whisk\"");
}

/* As many as go in one call, half of them kept. */
Test(product_texts, of_many_each_gets_its_own)
{
    enum { N = AISLE_PRODUCT_TEXTS_AT_ONCE };
    char id[N][16], want[64];
    aisle_str ids[N];
    aisle_product_text t[N];
    for (int i = 0; i < N; i++) {
        snprintf(id[i], sizeof id[i], "m%d", i);
        put(id[i], id[i], 1, AISLE_VISIBLE);
        ids[i] = STR(id[i]);
    }
    take_in();
    for (int i = 0; i < N; i += 2) get(&ids[i], 1, false, t);
    get(ids, N, false, t);
    for (int i = 0; i < N; i++) {
        snprintf(want, sizeof want, "{\"id\":\"m%d\",\"title\":\"m%d\"", i, i);
        cr_assert_text(t[i].text, want);
    }
}
