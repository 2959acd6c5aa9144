/* The catalogue in memory against counting by hand: filters, facets, orders, pages; read at once or followed by changes. */
#include "random_shop.h"

static shop_fixture f;
static aisle_catalogue *k;
static aisle_rng g;
static random_product shop[RANDOM_PRODUCTS];

static void setup(void)
{
    const aisle_store_import_params params = {0};
    aisle_store_import *i;
    aisle_import_report r = {0};
    aisle_rng_init(&g, 7, 0);
    fixture_folder(&f);
    fixture_open(&f);
    cr_assert_ok(aisle_store_import_begin(f.store, &params, &i, &f.err), f);
    aisle_sink sink = aisle_store_import_sink(i);
    for (int n = 0; n < RANDOM_PRODUCTS; n++) {
        random_make(&g, n, &shop[n]);
        aisle_product p = random_record(&shop[n]);
        cr_assert_ok(sink.product(sink.ctx, &p, &f.err), f);
    }
    cr_assert_ok(aisle_store_import_commit(i, &r, &f.err), f);
    aisle_store_import_abort(i);
    aisle_event e = {.user = STR("u"), .item = STR("no record"), .value = 1, .price_minor = -1};
    cr_assert_ok(put_event(&f, &e, NULL), f);
    cr_assert_ok(aisle_catalogue_open(f.store, &k, &f.err), f);
}

static void teardown(void)
{
    aisle_catalogue_close(k);
    fixture_end(&f);
}

TestSuite(catalogue_lists, .init = setup, .fini = teardown);

/* ---- by hand ---- */

typedef struct wanted {
    const char *category, *brands[3], *colours[2], *size;
    int64_t price_min, price_max;
    int32_t rating_min;
    bool in_stock;
} wanted;
enum part { CATEGORY = 1, BRAND = 2, PRICE = 4, RATING = 8, COLOUR = 16, SIZE = 32 };

static bool is_in(const random_product *p, const char *node)
{
    size_t n = strlen(node);
    return strncmp(p->category, node, n) == 0 && (!p->category[n] || strncmp(p->category + n, " > ", 3) == 0);
}

static bool has_colour(const random_product *p, const char *c)
{
    return p->colour >= 0 && (strcmp(c, "any") == 0 || strcmp(c, random_colours[p->colour]) == 0);
}

static int32_t stars(const random_product *p)
{
    return p->ratings ? (int32_t)(p->halves / p->ratings) : 0;
}

/* Whether it passes all parts but those in `without`. */
static bool passes(const random_product *p, const wanted *w, int without)
{
    if (!p->there || p->hidden || (w->in_stock && p->stock == 0)) return false;
    if (!(without & CATEGORY) && w->category && !is_in(p, w->category)) return false;
    if (!(without & PRICE) && w->price_min >= 0 && p->price < w->price_min) return false;
    if (!(without & PRICE) && w->price_max >= 0 && (p->price < 0 || p->price > w->price_max)) return false;
    if (!(without & RATING) && stars(p) < w->rating_min) return false;
    bool brand = !w->brands[0], colour = !w->colours[0];
    for (int i = 0; i < 3 && w->brands[i]; i++) brand |= strcmp(p->brand, w->brands[i]) == 0;
    for (int i = 0; i < 2 && w->colours[i]; i++) colour |= has_colour(p, w->colours[i]);
    bool size = !w->size || (p->size >= 0 && p->size == atoi(w->size));
    return (without & BRAND || brand) && (without & COLOUR || colour) && (without & SIZE || size);
}

/* ---- the index's side ---- */

typedef struct question {
    aisle_catalogue_filter filter;
    aisle_str brands[3], colours[2], size;
    aisle_attribute_filter attributes[2];
} question;

static void translate(const wanted *w, question *q)
{
    *q = (question){.filter = AISLE_CATALOGUE_ALL};
    aisle_catalogue_filter *to = &q->filter;
    to->category = aisle_str_from(w->category);
    to->price_min = w->price_min;
    to->price_max = w->price_max;
    to->rating_min = w->rating_min;
    to->in_stock = w->in_stock;
    for (int i = 0; i < 3 && w->brands[i]; i++) q->brands[to->n_brands++] = STR(w->brands[i]);
    to->brands = q->brands;
    to->attributes = q->attributes;
    for (int i = 0; i < 2 && w->colours[i]; i++) q->colours[i] = STR(w->colours[i]);
    if (w->colours[0])
        q->attributes[to->n_attributes++] =
            (aisle_attribute_filter){AISLE_STR("colour"), q->colours, w->colours[1] ? 2 : 1};
    q->size = aisle_str_from(w->size);
    if (w->size) q->attributes[to->n_attributes++] = (aisle_attribute_filter){AISLE_STR("size"), &q->size, 1};
}

static random_product *product_of(int32_t slot)
{
    return &shop[atoi(aisle_catalogue_id(k, slot).ptr + 1)];
}

static int64_t count_of(const aisle_facet *facet, const char *value)
{
    for (int32_t i = 0; i < facet->n; i++)
        if (aisle_str_eq(facet->values[i].value, STR(value))) return facet->values[i].count;
    return 0;
}

static void check_facets(const wanted *w, const aisle_matches *m)
{
    aisle_facet facet;
    int64_t least = -1, greatest = -1, of_brand[12] = {0}, of_node[7] = {0}, of_colour[3] = {0},
            rated[11] = {0};
    for (int i = 0; i < RANDOM_PRODUCTS; i++) {
        const random_product *p = &shop[i];
        if (passes(p, w, BRAND) && p->brand[0]) of_brand[atoi(p->brand + 1)]++;
        for (int n = 0; n < 7; n++) of_node[n] += passes(p, w, CATEGORY) && is_in(p, random_nodes[n]);
        for (int c = 0; c < 3; c++) of_colour[c] += passes(p, w, COLOUR) && has_colour(p, random_colours[c]);
        for (int h = 1; h <= 10; h++) rated[h] += passes(p, w, RATING) && stars(p) >= h;
        if (!passes(p, w, PRICE) || p->price < 0) continue;
        if (least < 0 || p->price < least) least = p->price;
        if (p->price > greatest) greatest = p->price;
    }
    cr_assert_ok(aisle_catalogue_facet(k, m, AISLE_FACET_BRAND, (aisle_str){0}, &f.arena, &facet, &f.err), f);
    for (int b = 0; b < 12; b++) {
        char name[16];
        snprintf(name, sizeof name, "b%d", b);
        cr_assert_eq(count_of(&facet, name), of_brand[b], "brand %d", b);
    }
    for (int32_t i = 1; i < facet.n; i++)
        cr_assert(facet.values[i].selected || facet.values[i - 1].count >= facet.values[i].count);
    cr_assert_ok(aisle_catalogue_facet(k, m, AISLE_FACET_CATEGORY, (aisle_str){0}, &f.arena, &facet, &f.err),
                 f);
    for (int n = 0; n < 7; n++) {
        bool root = !strstr(random_nodes[n], " > ");
        if (root) cr_assert_eq(count_of(&facet, random_nodes[n]), of_node[n], "%s", random_nodes[n]);
    }
    if (w->category && strcmp(w->category, "Home") == 0)
        cr_assert_eq(count_of(&facet, "Home > Kitchen"), of_node[1]);
    cr_assert_ok(
        aisle_catalogue_facet(k, m, AISLE_FACET_ATTRIBUTE, AISLE_STR("colour"), &f.arena, &facet, &f.err), f);
    for (int c = 0; c < 3; c++)
        cr_assert_eq(count_of(&facet, random_colours[c]), of_colour[c], "colour %d", c);
    cr_assert_ok(aisle_catalogue_facet(k, m, AISLE_FACET_RATING, (aisle_str){0}, &f.arena, &facet, &f.err),
                 f);
    for (int32_t i = 0; i < facet.n; i++) cr_assert_eq(facet.values[i].count, rated[facet.values[i].low]);
    cr_assert_ok(aisle_catalogue_facet(k, m, AISLE_FACET_PRICE, (aisle_str){0}, &f.arena, &facet, &f.err), f);
    cr_assert(facet.least == least && facet.greatest == greatest);
    int64_t priced = 0;
    for (int32_t i = 0; i < facet.n; i++) priced += facet.values[i].count;
    for (int i = 0; i < RANDOM_PRODUCTS; i++) priced -= passes(&shop[i], w, PRICE) && shop[i].price >= 0;
    cr_assert_eq(priced, 0);
}

static void check(const wanted *w)
{
    question q;
    aisle_matches m;
    int64_t total = 0;
    translate(w, &q);
    cr_assert_ok(aisle_catalogue_begin(k, f.view, &f.err), f);
    cr_assert_ok(aisle_catalogue_match(k, &q.filter, NULL, &f.arena, &m, &f.err), f);
    for (int32_t s = 0; s < aisle_catalogue_slots(k); s++) {
        bool in = m.bits[s / 64] >> (s % 64) & 1, want = passes(product_of(s), w, 0);
        cr_assert_eq(in, want, "%s", product_of(s)->id);
        total += want;
    }
    cr_assert_eq(m.total, total);
    check_facets(w, &m);
    aisle_catalogue_end(k);
    aisle_arena_deinit(&f.arena);
}

static wanted random_question(void)
{
    static const char *const brands[] = {"b1", "b2", "b3", "none"};
    wanted w = {.price_min = -1, .price_max = -1};
    if (below(&g, 2)) w.category = below(&g, 6) ? random_nodes[below(&g, 7)] : "Nowhere > Else";
    for (int i = 0, n = (int)below(&g, 4); i < n; i++) w.brands[i] = brands[(below(&g, 2) + (uint64_t)i) % 4];
    if (below(&g, 3) == 0) w.price_min = (int64_t)below(&g, 2000);
    if (below(&g, 3) == 0) w.price_max = 1000 + (int64_t)below(&g, 3000);
    if (below(&g, 4) == 0) w.rating_min = 1 + (int32_t)below(&g, 10);
    for (int i = 0, n = (int)below(&g, 3); i < n; i++)
        w.colours[i] = i ? "any" : random_colours[below(&g, 3)];
    if (below(&g, 3) == 0) w.size = below(&g, 5) ? "2" : "9";
    w.in_stock = below(&g, 2);
    return w;
}

Test(catalogue_lists, filters_and_facets_count_as_counting_by_hand)
{
    for (int i = 0; i < RANDOM_PRODUCTS; i += 3) random_rate(&f, &shop[i], i + 1, 2 + (int64_t)below(&g, 9));
    cr_assert_ok(aisle_catalogue_refresh(k, &f.err), f);
    for (int n = 0; n < 200; n++) {
        wanted w = random_question();
        check(&w);
    }
}

/* ---- orders and pages ---- */

static bool in_order(aisle_catalogue_order o, const random_product *a, const random_product *b)
{
    const char *x = a->title[0] ? a->title : a->id, *y = b->title[0] ? b->title : b->id;
    double s = a->ratings ? (double)(a->halves + 35) / (double)(a->ratings + 5) : -1;
    double t = b->ratings ? (double)(b->halves + 35) / (double)(b->ratings + 5) : -1;
    switch (o) {
    case AISLE_ORDER_ID: return strcmp(a->id, b->id) < 0;
    case AISLE_ORDER_PRICE: return b->price < 0 || (a->price >= 0 && a->price <= b->price);
    case AISLE_ORDER_PRICE_DESC: return a->price >= b->price;
    case AISLE_ORDER_NEWEST: return a->created >= b->created;
    case AISLE_ORDER_TITLE: return strcasecmp(x, y) <= 0;
    case AISLE_ORDER_RATING: return s >= t - 1e-6;
    default: return true;
    }
}

/* Walks every page; how often each product comes, and whether they come in order. */
static void walk(const wanted *w, aisle_catalogue_order o, int32_t limit, int seen[RANDOM_PRODUCTS])
{
    question q;
    const random_product *last = NULL;
    aisle_page page = {.order = o, .limit = limit};
    translate(w, &q);
    page.tag = aisle_catalogue_tag(&q.filter);
    memset(seen, 0, RANDOM_PRODUCTS * sizeof *seen);
    do {
        aisle_matches m;
        cr_assert_ok(aisle_catalogue_begin(k, f.view, &f.err), f);
        cr_assert_ok(aisle_catalogue_match(k, &q.filter, NULL, &f.arena, &m, &f.err), f);
        page.matches = &m;
        cr_assert_ok(aisle_catalogue_page(k, &page, &f.arena, &f.err), f);
        for (int32_t i = 0; i < page.n; i++) {
            const random_product *p = product_of(page.slots[i]);
            cr_assert(!last || in_order(o, last, p), "order %d: %s before %s", (int)o, last->id, p->id);
            last = p;
            seen[atoi(p->id + 1)]++;
        }
        aisle_catalogue_end(k);
        page.cursor = page.next;
    } while (page.cursor.ptr);
}

static void check_orders(const wanted *w)
{
    int seen[RANDOM_PRODUCTS];
    for (int o = 0; o < AISLE_ORDERS; o++) {
        walk(w, (aisle_catalogue_order)o, 7, seen);
        for (int i = 0; i < RANDOM_PRODUCTS; i++)
            cr_assert_eq(seen[i], passes(&shop[i], w, 0), "order %d product %d", o, i);
    }
    aisle_arena_deinit(&f.arena);
}

Test(catalogue_lists, pages_visit_every_match_once_in_every_order)
{
    const wanted all = {.price_min = -1, .price_max = -1},
                 some = {.category = "Home", .price_min = 500, .price_max = -1};
    for (int i = 0; i < RANDOM_PRODUCTS; i += 3) random_rate(&f, &shop[i], i + 1, 2 + (int64_t)below(&g, 9));
    cr_assert_ok(aisle_catalogue_refresh(k, &f.err), f);
    check_orders(&all);
    check_orders(&some);
}

static void change_something(void)
{
    int i = (int)below(&g, RANDOM_PRODUCTS);
    random_product *p = &shop[i];
    int64_t halves = p->halves, ratings = p->ratings;
    switch (below(&g, 6)) {
    case 0:
        if (p->there) random_remove(&f, p);
        return;
    case 1: random_rate(&f, p, i + 1, 2 + (int64_t)below(&g, 9)); return;
    case 2: p->stock = p->stock ? 0 : 5; break;
    case 3: p->hidden = !p->hidden; break;
    default: random_make(&g, i, p); break;
    }
    p->there = true;
    p->halves = halves;
    p->ratings = ratings;
    random_put(&f, p);
    aisle_product
        stored; /* what a removed record had is gone; a record without a time keeps the one it had */
    cr_assert_ok(aisle_view_product(f.view, STR(p->id), &f.arena, &stored, NULL, &f.err), f);
    p->created = stored.created_ms;
}

Test(catalogue_lists, changes_are_in_the_next_answer_as_if_all_were_read_anew)
{
    const wanted all = {.price_min = -1, .price_max = -1};
    for (int n = 0; n < 60; n++) {
        for (int c = 0; c < 5; c++) change_something();
        wanted w = random_question();
        check(&w);
        if (n % 10 == 0) check_orders(&all);
    }
    aisle_catalogue_close(k);
    cr_assert_ok(aisle_catalogue_open(f.store, &k, &f.err), f);
    check_orders(&all);
    for (int n = 0; n < 40; n++) {
        wanted w = random_question();
        check(&w);
    }
}

Test(catalogue_lists, pages_visit_every_old_product_once_while_others_come_and_go)
{
    question q;
    const wanted all = {.price_min = -1, .price_max = -1};
    translate(&all, &q);
    for (int o = 0; o < AISLE_ORDERS; o++) {
        int seen[RANDOM_PRODUCTS] = {0}, n = 0;
        aisle_page page = {
            .order = (aisle_catalogue_order)o, .limit = 9, .tag = aisle_catalogue_tag(&q.filter)};
        do {
            aisle_matches m;
            char id[32];
            snprintf(id, sizeof id, "late-%d-%d", o, n);
            aisle_product late = {
                .id = STR(id), .title = STR("lamp 5"), .price_minor = 500 * n++, .stock = 1};
            cr_assert_ok(put_product(&f, &late), f);
            cr_assert_ok(aisle_catalogue_begin(k, f.view, &f.err), f);
            cr_assert_ok(aisle_catalogue_match(k, &q.filter, NULL, &f.arena, &m, &f.err), f);
            page.matches = &m;
            cr_assert_ok(aisle_catalogue_page(k, &page, &f.arena, &f.err), f);
            for (int32_t i = 0; i < page.n; i++) {
                aisle_str text = aisle_catalogue_id(k, page.slots[i]);
                if (text.ptr[0] == 'p') seen[atoi(text.ptr + 1)]++;
            }
            aisle_catalogue_end(k);
            page.cursor = page.next;
        } while (page.cursor.ptr);
        for (int i = 0; i < RANDOM_PRODUCTS; i++)
            cr_assert_eq(seen[i], !shop[i].hidden, "order %d product %d", o, i);
    }
}

/* All in one transaction, and so with one version. */
static void import_more(int from, int to)
{
    const aisle_store_import_params params = {0};
    aisle_store_import *i;
    aisle_import_report r = {0};
    char id[32];
    cr_assert_ok(aisle_store_import_begin(f.store, &params, &i, &f.err), f);
    aisle_sink sink = aisle_store_import_sink(i);
    for (int n = from; n < to; n++) {
        snprintf(id, sizeof id, "p000-%d", n);
        aisle_product p = {.id = STR(id), .price_minor = n, .stock = n % 2};
        cr_assert_ok(sink.product(sink.ctx, &p, &f.err), f);
    }
    cr_assert_ok(aisle_store_import_commit(i, &r, &f.err), f);
    aisle_store_import_abort(i);
}

static int64_t total_of_all(void)
{
    question q;
    aisle_matches m;
    const wanted all = {.price_min = -1, .price_max = -1};
    translate(&all, &q);
    cr_assert_ok(aisle_catalogue_begin(k, f.view, &f.err), f);
    cr_assert_ok(aisle_catalogue_match(k, &q.filter, NULL, &f.arena, &m, &f.err), f);
    aisle_catalogue_end(k);
    return m.total;
}

Test(catalogue_lists, a_bulk_of_changes_is_taken_in_by_refresh)
{
    static const int sizes[] = {0, 500, 5000}; /* slice by slice, and anew */
    int64_t shown = total_of_all();
    for (int n = 1; n < 3; n++) {
        import_more(sizes[n - 1], sizes[n]);
        cr_assert_leq(total_of_all(), shown + sizes[n]); /* more than a loop takes in */
        cr_assert_ok(aisle_catalogue_refresh(k, &f.err), f);
        cr_assert_eq(total_of_all(), shown + sizes[n]);
    }
    cr_assert_ok(aisle_catalogue_begin(k, f.view, &f.err), f);
    cr_assert_eq(aisle_catalogue_version(k), aisle_view_catalogue_version(f.view));
    int32_t slot = aisle_catalogue_slot(k, AISLE_STR("p000-17"));
    cr_assert(slot >= 0 && aisle_catalogue_is_shown(k, slot));
    cr_assert_eq(aisle_catalogue_slot(k, AISLE_STR("no record")), -1);
    aisle_catalogue_end(k);
}

Test(catalogue_lists, foreign_cursors_and_bad_limits_are_refused)
{
    static const char *const cursors[] = {"",     "x",           "AAAA",
                                          "!!!!", "eyJpZCI6MX0", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    const wanted all = {.price_min = -1, .price_max = -1};
    question q;
    aisle_matches m;
    translate(&all, &q);
    cr_assert_ok(aisle_catalogue_begin(k, f.view, &f.err), f);
    cr_assert_ok(aisle_catalogue_match(k, &q.filter, NULL, &f.arena, &m, &f.err), f);
    aisle_page page = {.matches = &m, .limit = 7, .tag = aisle_catalogue_tag(&q.filter)};
    for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
        page.cursor = STR(cursors[i]);
        cr_assert_eq(aisle_catalogue_page(k, &page, &f.arena, &f.err), AISLE_EINVAL, "%s", cursors[i]);
    }
    page.cursor = (aisle_str){NULL, 0};
    cr_assert_ok(aisle_catalogue_page(k, &page, &f.arena, &f.err), f);
    page.cursor = page.next;
    page.order = AISLE_ORDER_PRICE;
    cr_assert_eq(aisle_catalogue_page(k, &page, &f.arena, &f.err), AISLE_EINVAL);
    page.order = AISLE_ORDER_ID;
    q.filter.in_stock = true;
    page.tag = aisle_catalogue_tag(&q.filter);
    cr_assert_eq(aisle_catalogue_page(k, &page, &f.arena, &f.err), AISLE_EINVAL);
    page.cursor = (aisle_str){NULL, 0};
    for (int32_t limit = 0; limit <= 101; limit += 101) {
        page.limit = limit;
        cr_assert_eq(aisle_catalogue_page(k, &page, &f.arena, &f.err), AISLE_EINVAL);
    }
    aisle_catalogue_end(k);
}

Test(catalogue_lists, candidates_narrow_the_matches)
{
    const wanted all = {.price_min = -1, .price_max = -1};
    question q;
    aisle_matches m;
    translate(&all, &q);
    cr_assert_ok(aisle_catalogue_begin(k, f.view, &f.err), f);
    uint64_t *hits = aisle_arena_calloc(&f.arena, (size_t)aisle_catalogue_words(k), sizeof *hits);
    hits[0] = 0xf0;
    cr_assert_ok(aisle_catalogue_match(k, &q.filter, hits, &f.arena, &m, &f.err), f);
    for (int32_t s = 0; s < aisle_catalogue_slots(k); s++) {
        bool in = m.bits[s / 64] >> (s % 64) & 1;
        cr_assert_eq(in, s >= 4 && s < 8 && !product_of(s)->hidden);
    }
    aisle_catalogue_end(k);
}

Test(catalogue_lists, the_tree_counts_each_node_and_all_below_it)
{
    aisle_category_node *nodes;
    int32_t n;
    cr_assert_ok(aisle_catalogue_begin(k, f.view, &f.err), f);
    cr_assert_ok(aisle_catalogue_categories(k, &f.arena, &nodes, &n, &f.err), f);
    cr_assert_eq(n, 7);
    static const char *const order[] = {"Home",  "Home > Kitchen", "Home > Kitchen > Pots", "Home & Garden",
                                        "Homes", "Toys",           "Toys > Blocks"};
    static const int32_t parents[] = {-1, 0, 1, -1, -1, -1, 5};
    for (int32_t i = 0; i < n; i++) {
        int64_t want = 0;
        for (int p = 0; p < RANDOM_PRODUCTS; p++) want += !shop[p].hidden && is_in(&shop[p], order[i]);
        cr_assert_text(nodes[i].path, order[i]);
        cr_assert(nodes[i].count == want && nodes[i].parent == parents[i]);
    }
    aisle_catalogue_end(k);
}
