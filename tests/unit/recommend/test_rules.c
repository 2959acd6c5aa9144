/* Pins against laying a list out by hand, and which rules hold where. */
#include <math.h>

#include "random_answering.h"
#include "server/recommend/pin.h"
#include "server/recommend/rules.h"

static random_answering r;
static aisle_set_keeper *rules;

static void setup(void)
{
    random_answering_init(&r, RANDOM_PRODUCTS);
    cr_assert_ok(aisle_set_keeper_open(r.f.store, AISLE_SET_RULES, &rules, &r.f.err), r.f);
}

static void teardown(void)
{
    aisle_arena_deinit(&r.f.arena);
    aisle_set_keeper_close(rules);
    random_answering_end(&r);
}

TestSuite(rules, .init = setup, .fini = teardown);

static aisle_status best(void *ctx, const uint64_t *allowed, int32_t n, bool explain, aisle_hits *hits,
                         aisle_error *err)
{
    const aisle_query q = {.user = *(int32_t *)ctx, .allowed = allowed, .n = n, .explain = explain};
    return aisle_scorer_recommend(r.scorer, r.model, &q, hits, err);
}

static bool is_odd(const void *ctx, int32_t item)
{
    (void)ctx;
    return item % 2;
}

/* The list without the pinned ones, and these put in one after the other, by place. */
static int32_t laid_out(const aisle_hits *plain, const struct aisle_pin *pins, int32_t n_pins, int32_t n,
                        int32_t before, int32_t *out)
{
    int32_t have = 0, next = 0;
    bool put[8] = {0};
    for (int32_t at = 0; at < n; at++) {
        int pick = -1;
        for (int k = 0; k < n_pins; k++)
            if (!put[k] && (pick < 0 || pins[k].position < pins[pick].position)) pick = k;
        bool of_pin = false;
        while (!of_pin && next < plain->n) { /* skip what is pinned */
            bool skip = false;
            for (int k = 0; k < n_pins; k++)
                skip |= aisle_str_eq(aisle_shelf_id(r.shelf, plain->hit[next].item), pins[k].product);
            if (!skip) break;
            next++;
        }
        of_pin = pick >= 0 && (pins[pick].position <= before + at + 1 || next == plain->n);
        if (!of_pin && next == plain->n) break;
        if (of_pin) {
            out[have++] = aisle_shelf_find(r.shelf, pins[pick].product);
            put[pick] = true;
        } else
            out[have++] = plain->hit[next++].item;
    }
    return have;
}

Test(rules, pins_stand_where_they_say)
{
    int moved = 0;
    json_t *all = json_object();
    for (int round = 0; round < 200; round++) {
        int32_t user = (int32_t)below(&r.g, RANDOM_USERS), n = 1 + (int32_t)below(&r.g, 20), n_good = 0;
        const aisle_answering w = random_with(&r);
        const aisle_source source = {.best = best, .ctx = &user};
        const aisle_filter filter = {.key = AISLE_STR("")};
        struct aisle_pin pins[9] = {{AISLE_STR("unknown"), 1}}, good[9];
        aisle_wishes wish = {.min_score = -INFINITY, .pins = pins, .n_pins = 1};
        aisle_choosing c = {&w, &source, &filter, &wish, n, round % 2};
        aisle_hit hit[32], plain_hit[32];
        aisle_hits hits = {.hit = hit}, plain = {.hit = plain_hit};
        cr_assert_ok(aisle_choose(&c, &plain, &r.f.err), r.f);
        cr_assert_ok(aisle_choose(&c, &hits, &r.f.err), r.f);
        for (uint64_t k = below(&r.g, 5); k; k--) {
            int32_t item = below(&r.g, 2) ? (int32_t)below(&r.g, RANDOM_ITEMS)
                                          : plain_hit[below(&r.g, (uint64_t)plain.n)].item;
            struct aisle_pin pin = {aisle_shelf_id(r.shelf, item), 1 + (int32_t)below(&r.g, 25)};
            bool again = false;
            for (int32_t g = 0; g < n_good; g++) again |= aisle_str_eq(good[g].product, pin.product);
            pins[wish.n_pins++] = pin;
            if (!again && !is_odd(NULL, item) && offered_by_hand(&r, all, item)) good[n_good++] = pin;
        }
        const int32_t before = 5 * (int32_t)below(&r.g, 3);
        int32_t want[32], n_want = laid_out(&plain, good, n_good, n, before, want);
        cr_assert_ok(aisle_pin_hits(&c, before, is_odd, NULL, &hits, &r.f.err), r.f);
        cr_assert_eq(hits.n, n_want, "round %d", round);
        for (int32_t i = 0; i < hits.n; i++) {
            uint64_t bits[(RANDOM_ITEMS + 63) / 64] = {0};
            aisle_hit one = {.item = -1};
            aisle_hits only = {.hit = &one};
            cr_assert_eq(hit[i].item, want[i], "round %d, place %d", round, i);
            moved += hit[i].item != plain_hit[i].item;
            bits[hit[i].item / 64] = (uint64_t)1 << (hit[i].item % 64);
            cr_assert_ok(best(&user, bits, 1, c.explain, &only, &r.f.err), r.f);
            cr_assert_eq(hit[i].score, only.n ? one.score : 0, "round %d, place %d", round, i);
            cr_assert_eq(hit[i].n_reasons, only.n ? one.n_reasons : 0);
        }
    }
    cr_assert_gt(moved, 300);
    json_decref(all);
}

static int of_brand(const char *brand, const aisle_hits *hits, int32_t n)
{
    int same = 0;
    for (int32_t i = 0; i < n; i++)
        same += strcmp(r.shop[product_of_item(hits->hit[i].item)].brand, brand) == 0;
    return same;
}

Test(rules, pins_count_for_caps)
{
    int full = 0;
    for (int round = 0; round < 100; round++) {
        int32_t user = (int32_t)below(&r.g, RANDOM_USERS);
        const aisle_answering w = random_with(&r);
        const aisle_source source = {.best = best, .ctx = &user};
        const aisle_filter filter = {.key = AISLE_STR("")};
        const aisle_str id = aisle_shelf_id(r.shelf, (int32_t)below(&r.g, RANDOM_ITEMS));
        const struct aisle_pin pin = {id, 1 + (int32_t)below(&r.g, 12)};
        const aisle_wishes wish = {.min_score = -INFINITY, .pins = &pin, .n_pins = 1, .max_per_brand = 2};
        const aisle_choosing c = {&w, &source, &filter, &wish, 10, round % 2};
        aisle_hit hit[10];
        aisle_hits hits = {.hit = hit};
        cr_assert_ok(aisle_choose(&c, &hits, &r.f.err), r.f);
        cr_assert_ok(aisle_pin_hits(&c, 0, NULL, NULL, &hits, &r.f.err), r.f);
        cr_assert_geq(hits.n, 1);
        for (int32_t i = 0; i < hits.n; i++) {
            const char *brand = r.shop[product_of_item(hit[i].item)].brand;
            const bool pinned = aisle_str_eq(aisle_shelf_id(r.shelf, hit[i].item), id);
            if (!brand[0] || (pin.position > c.n && pinned)) continue;
            cr_assert(of_brand(brand, &hits, hits.n) <= 2, "round %d, place %d", round, i);
            full += pinned && of_brand(brand, &hits, hits.n) == 2;
        }
    }
    cr_assert_gt(full, 5);
}

/* ---- which hold ---- */

static void put(const char *text, int64_t version)
{
    aisle_set *set;
    aisle_filter_fault fault = {.code = ""};
    json_t *list = json_loads(text, 0, NULL);
    cr_assert_not_null(list);
    cr_assert_eq(aisle_set_read(AISLE_SET_RULES, list, "", &set, &fault), AISLE_OK, "%s: %s", fault.pointer,
                 fault.text);
    json_decref(list);
    aisle_set_keeper_put(rules, set, version);
}

static aisle_wishes wished(const char *scenario, const char *category, int64_t now_ms, aisle_filter *filter)
{
    const aisle_rules_place at = {aisle_str_from(scenario), aisle_str_from(category), now_ms};
    aisle_wishes w = {0};
    cr_assert_ok(aisle_rules_wish(rules, &at, &r.f.arena, filter, &w, &r.f.err), r.f);
    return w;
}

Test(rules, hold_at_their_time_and_place)
{
    aisle_filter filter = {.key = AISLE_STR("")}, kitchen;
    cr_assert(aisle_filter_category(STR("Home > Kitchen"), &r.f.arena, &kitchen));
    put("[{\"name\": \"a\", \"from\": \"1970-01-01T00:00:01Z\", \"until\": \"1970-01-01T00:00:02Z\","
        "  \"pin\": {\"product\": \"a\", \"position\": 1}},"
        " {\"name\": \"b\", \"scenarios\": [\"home\", \"cart\"], \"pin\": {\"product\": \"b\", \"position\": "
        "1}},"
        " {\"name\": \"c\", \"category\": \"Home\", \"pin\": {\"product\": \"c\", \"position\": 1}}]",
        1);
    cr_assert_eq(wished(NULL, NULL, 999, &filter).n_pins, 0);
    cr_assert_eq(wished(NULL, NULL, 1000, &filter).n_pins, 1);
    cr_assert_eq(wished(NULL, NULL, 1999, &filter).n_pins, 1);
    cr_assert_eq(wished(NULL, NULL, 2000, &filter).n_pins, 0);
    cr_assert_eq(wished("cart", NULL, 0, &filter).n_pins, 1);
    cr_assert_eq(wished("car", NULL, 0, &filter).n_pins, 0);
    cr_assert_eq(wished(NULL, "Home", 0, &filter).n_pins, 1);
    cr_assert_eq(wished(NULL, "Home > Garden", 0, &filter).n_pins, 1);
    cr_assert_eq(wished(NULL, "Homes", 0, &filter).n_pins, 0);
    cr_assert_eq(wished(NULL, NULL, 0, &kitchen).n_pins, 1);
    cr_assert_eq(wished("home", "Toys", 1500, &kitchen).n_pins, 2,
                 "the product's category goes before the filter's");
}

Test(rules, hides_go_with_any_filter)
{
    put("[{\"name\": \"a\", \"hide\": {\"brand\": \"b1\"}}, {\"name\": \"b\", \"hide\": {\"price_min\": "
        "2000}}]",
        1);
    for (int round = 0; round < 30; round++) {
        json_t *o = random_filter(&r.g, 0);
        aisle_filter filter = filter_of(&r, o);
        const aisle_answering w = random_with(&r);
        const uint64_t *bits;
        wished(NULL, NULL, 0, &filter);
        cr_assert_ok(aisle_offer_bits(&w, &filter, &bits, &r.f.err), r.f);
        for (int32_t i = 0; i < RANDOM_ITEMS; i++) {
            bool want = offered_by_hand(&r, o, i);
            if (want) {
                const random_product *p = &r.shop[product_of_item(i)];
                want = strcmp(p->brand, "b1") != 0 && p->price < 2000;
            }
            cr_assert_eq(bits[i / 64] >> (i % 64) & 1, want, "item %d", i);
        }
        json_decref(o);
    }
}

typedef struct rules_write {
    aisle_write base;
    const char *text;
    int64_t expected, version;
} rules_write;

static aisle_status run_write(aisle_write *base, aisle_tx *tx, aisle_error *err)
{
    rules_write *w = (rules_write *)base;
    return aisle_tx_set_put(tx, AISLE_SET_RULES, STR(w->text), w->expected, &w->version, err);
}

Test(rules, are_kept_with_a_version)
{
    aisle_filter filter = {.key = AISLE_STR("")};
    aisle_str text;
    int64_t version;
    rules_write w = {
        {.run = run_write}, "[{\"name\": \"a\", \"pin\": {\"product\": \"a\", \"position\": 1}}]", 0, 0};
    cr_assert_ok(aisle_store_write_now(r.f.store, &w.base, &r.f.err), r.f);
    cr_assert_eq(w.version, 1);
    cr_assert_eq(aisle_store_write_now(r.f.store, &w.base, &r.f.err), AISLE_ECONFLICT);
    w.expected = -1;
    cr_assert_ok(aisle_store_write_now(r.f.store, &w.base, &r.f.err), r.f);
    cr_assert_ok(aisle_view_set(r.f.view, AISLE_SET_RULES, &r.f.arena, &text, &version, &r.f.err), r.f);
    cr_assert(version == 2 && aisle_str_eq(text, STR(w.text)));
    cr_assert_eq(wished(NULL, NULL, 0, &filter).n_pins, 0, "not heard of yet");
    cr_assert_ok(aisle_set_keeper_refresh(rules, &r.f.err), r.f);
    cr_assert_eq(wished(NULL, NULL, 0, &filter).n_pins, 1);
    put("[]", 1);
    cr_assert_eq(wished(NULL, NULL, 0, &filter).n_pins, 1, "an older set takes nothing away");
}
