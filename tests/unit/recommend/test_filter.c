/* Filters against counting by hand: all products at once, one by one, and those that the catalogue took in later. */
#include "random_filters.h"

static shop_fixture f;
static aisle_catalogue *k;
static aisle_rng g;
static random_product shop[RANDOM_PRODUCTS];

static void setup(void)
{
    shop_init(&f, &g, shop, RANDOM_PRODUCTS);
    cr_assert_ok(aisle_catalogue_open(f.store, &k, &f.err), f);
}

static void teardown(void)
{
    aisle_catalogue_close(k);
    fixture_end(&f);
}

TestSuite(filter, .init = setup, .fini = teardown);

static aisle_filter parsed(const json_t *o)
{
    aisle_filter filter;
    aisle_filter_fault fault = {.code = ""};
    cr_assert_eq(aisle_filter_parse(o, "", &f.arena, &filter, &fault), AISLE_OK, "%s: %s", fault.pointer,
                 fault.text);
    return filter;
}

/* How many pass. */
static int64_t check(const json_t *o)
{
    aisle_filter filter = parsed(o);
    int64_t n = 0;
    char *text = json_dumps(o, JSON_COMPACT);
    cr_assert_ok(aisle_catalogue_begin(k, f.view, &f.err), f);
    uint64_t *bits = aisle_arena_calloc(&f.arena, (size_t)aisle_catalogue_words(k) + 1, sizeof *bits);
    cr_assert_ok(aisle_catalogue_where(k, filter.where, &f.arena, bits, &f.err), f);
    for (int32_t slot = 0; slot < aisle_catalogue_slots(k); slot++) {
        const random_product *p = &shop[atoi(aisle_catalogue_id(k, slot).ptr + 1)];
        bool want = by_hand(o, p), got = bits[slot / 64] >> (slot % 64) & 1;
        cr_assert_eq(got, want && p->there && !p->hidden, "%s of %s", text, p->id);
        if (p->there)
            cr_assert_eq(aisle_catalogue_passes(k, filter.where, slot), want, "%s of %s", text, p->id);
        n += got;
    }
    cr_assert(bits[aisle_catalogue_slots(k) / 64] >> (aisle_catalogue_slots(k) % 64) == 0,
              "behind the last one");
    aisle_catalogue_end(k);
    free(text);
    return n;
}

Test(filter, passes_what_counting_by_hand_passes)
{
    int64_t some = 0, none = 0, all = 0, shown = 0;
    for (int i = 0; i < RANDOM_PRODUCTS; i++) shown += !shop[i].hidden;
    for (int round = 0; round < 400; round++) {
        json_t *o = random_filter(&g, 0);
        int64_t n = check(o);
        some += n > 0 && n < shown;
        none += n == 0;
        all += n == shown;
        json_decref(o);
    }
    cr_assert(some > 100 && none > 10 && all > 1, "%d, %d, %d: too much alike", (int)some, (int)none,
              (int)all);
}

Test(filter, passes_what_products_have_become)
{
    for (int round = 0; round < 60; round++) {
        for (int c = 0; c < 5; c++) {
            int i = (int)below(&g, RANDOM_PRODUCTS);
            int64_t halves = shop[i].halves, ratings = shop[i].ratings,
                    created = shop[i].there ? shop[i].created : 0;
            if (below(&g, 5) == 0 && shop[i].there) {
                random_remove(&f, &shop[i]);
                continue;
            }
            random_make(&g, i, &shop[i]);
            shop[i].halves = halves;
            shop[i].ratings = ratings;
            if (!shop[i].created) shop[i].created = created; /* not said: as it was */
            random_put(&f, &shop[i]);
        }
        json_t *o = random_filter(&g, 0);
        check(o);
        json_decref(o);
    }
}

Test(filter, has_one_key_however_it_was_written)
{
    static const char *const same[][2] = {
        {"{}", "{\"in_stock\": true, \"brand\": null}"},
        {"{\"brand\": [\"b\", \"a\", \"b\"]}", "{\"brand\": [\"a\", \"b\"]}"},
        {"{\"price_min\": 1, \"brand\": \"a\"}", "{\"brand\": [\"a\"], \"price_min\": 1}"},
        {"{\"attributes\": {\"n\": 5.0}}", "{\"attributes\": {\"n\": \"5\"}}"}};
    static const char *const other[][2] = {
        {"{\"brand\": \"a\"}", "{\"category\": \"a\"}"},
        {"{\"price_min\": 1}", "{\"price_max\": 1}"},
        {"{\"price_min\": 0}", "{\"price_max\": 0}"},
        {"{\"brand\": [\"a\", \"b\"]}", "{\"brand\": \"a1:b\"}"},
        {"{\"not\": {\"brand\": \"a\"}}", "{\"and\": [{\"brand\": \"a\"}]}"},
        {"{\"and\": [{\"brand\": \"a\"}]}", "{\"or\": [{\"brand\": \"a\"}]}"},
        {"{\"attributes\": {\"n\": {\"min\": 0.1}}}", "{\"attributes\": {\"n\": {\"max\": 0.1}}}"},
        {"{\"attributes\": {\"n\": {\"exists\": true}}}", "{\"attributes\": {\"n\": {\"exists\": false}}}"}};
    for (size_t i = 0; i < sizeof same / sizeof *same + sizeof other / sizeof *other; i++) {
        bool alike = i < sizeof same / sizeof *same;
        const char *const *pair = alike ? same[i] : other[i - sizeof same / sizeof *same];
        json_t *a = json_loads(pair[0], 0, NULL), *b = json_loads(pair[1], 0, NULL);
        cr_assert_eq(aisle_str_eq(parsed(a).key, parsed(b).key), alike, "%s and %s", pair[0], pair[1]);
        json_decref(a);
        json_decref(b);
    }
    aisle_filter node;
    json_t *o = json_pack("{s:s}", "category", "Home > Kitchen");
    cr_assert(aisle_filter_category(STR("Home > Kitchen"), &f.arena, &node));
    cr_assert(aisle_str_eq(node.key, parsed(o).key));
    json_decref(o);
}

Test(filter, says_where_it_is_wrong)
{
    static const struct {
        const char *text, *pointer, *code;
    } wrong[] = {
        {"[]", "/f", "wrong_type"},
        {"{\"colour\": 1}", "/f/colour", "unknown_member"},
        {"{\"brand\": 1}", "/f/brand", "wrong_type"},
        {"{\"brand\": []}", "/f/brand", "too_short"},
        {"{\"brand\": \"\"}", "/f/brand", "too_short"},
        {"{\"price_min\": 1.5}", "/f/price_min", "wrong_type"},
        {"{\"price_min\": -1}", "/f/price_min", "out_of_range"},
        {"{\"rating_min\": 4.2}", "/f/rating_min", "out_of_range"},
        {"{\"created_since\": \"yesterday\"}", "/f/created_since", "wrong_type"},
        {"{\"in_stock\": 1}", "/f/in_stock", "wrong_type"},
        {"{\"attributes\": 1}", "/f/attributes", "wrong_type"},
        {"{\"attributes\": {\"a/b\": {}}}", "/f/attributes/a~1b", "required"},
        {"{\"attributes\": {\"a\": {\"least\": 1}}}", "/f/attributes/a/least", "unknown_member"},
        {"{\"attributes\": {\"a\": [[]]}}", "/f/attributes/a", "wrong_type"},
        {"{\"or\": []}", "/f/or", "too_short"},
        {"{\"or\": [{}, 1]}", "/f/or/1", "wrong_type"},
        {"{\"not\": {\"not\": {\"stock_min\": true}}}", "/f/not/not/stock_min", "wrong_type"},
        {"{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{}}}}}}}}}",
         "/f/not/not/not/not/not/not/not/not", "too_many"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        aisle_filter filter;
        aisle_filter_fault fault = {.code = ""};
        json_t *o = json_loads(wrong[i].text, 0, NULL);
        cr_assert_not_null(o, "%s", wrong[i].text);
        cr_assert_eq(aisle_filter_parse(o, "/f", &f.arena, &filter, &fault), AISLE_EINVAL, "%s",
                     wrong[i].text);
        cr_assert(strcmp(fault.pointer, wrong[i].pointer) == 0 && strcmp(fault.code, wrong[i].code) == 0,
                  "%s: %s %s", wrong[i].text, fault.pointer, fault.code);
        json_decref(o);
    }
    json_t *many = json_object(), *list = json_array();
    for (int i = 0; i < AISLE_FILTER_NODES; i++) json_array_append_new(list, json_object());
    json_object_set_new(many, "or", list);
    aisle_filter filter;
    aisle_filter_fault fault = {.code = ""};
    cr_assert_eq(aisle_filter_parse(many, "", &f.arena, &filter, &fault), AISLE_EINVAL);
    cr_assert_str_eq(fault.code, "too_many");
    json_decref(many);
}
