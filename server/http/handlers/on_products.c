/* GET /v1/products and /v1/products/{id}: the catalogue, for browsing. Not search. */
#include "server/http/handlers/ask_products.h"

enum { MAX_AGE = 30 };

/* ---- a page ---- */

typedef struct listing {
    aisle_work work;
    aisle_loop_state *with;
    aisle_products_ask *ask;
    aisle_catalogue_order order;
    json_t *body;
} listing;

static aisle_status parse_order(aisle_request *r, aisle_catalogue_order *out)
{
    static const char *const names[AISLE_ORDERS] = {"id",    "price",  "-price", "newest",
                                                    "title", "rating", "popular"};
    aisle_str text = aisle_request_query(r, "sort");
    *out = AISLE_ORDER_ID;
    for (int i = 0; i < AISLE_ORDERS; i++)
        if (!text.ptr || aisle_str_eq(text, aisle_str_from(names[i]))) {
            *out = (aisle_catalogue_order)i;
            return AISLE_OK;
        }
    return aisle_request_invalid(r, "?sort", "unknown",
                                 "one of id, price, -price, newest, title, rating, popular wanted");
}

/* What is asked of the index, while it is held. */
static aisle_status find(listing *l, aisle_page *page, aisle_str ids[AISLE_PAGE_MAX], json_t **facets,
                         aisle_error *err)
{
    const aisle_catalogue *c = aisle_request_app(l->work.r)->catalogue;
    aisle_arena *a = aisle_request_arena(l->work.r);
    aisle_matches m;
    AISLE_TRY(aisle_catalogue_match(c, &l->ask->filter, NULL, a, &m, err));
    page->matches = &m;
    AISLE_TRY(aisle_catalogue_page(c, page, a, err));
    for (int32_t i = 0; i < page->n; i++) {
        aisle_str id = aisle_catalogue_id(c, page->slots[i]);
        ids[i] = (aisle_str){aisle_arena_strndup(a, id.ptr, id.len), id.len};
        if (!ids[i].ptr) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a page");
    }
    l->body = aisle_answer_with(json_object(), "total", json_integer(m.total));
    l->body = aisle_answer_with(l->body, "next", aisle_answer_text(page->next));
    return l->ask->n_facets ? aisle_products_facets(c, &m, l->ask, a, facets, err) : AISLE_OK;
}

/* Begins, finds and ends, unless it would take too long here: then *later. */
static aisle_status find_now(listing *l, bool on_loop, bool *later, json_t **items, json_t **facets,
                             aisle_error *err)
{
    const int64_t most_ns = 2000000;
    aisle_catalogue *c = aisle_request_app(l->work.r)->catalogue;
    aisle_str ids[AISLE_PAGE_MAX];
    aisle_page page = {.order = l->order,
                       .tag = aisle_catalogue_tag(&l->ask->filter),
                       .cursor = l->ask->cursor,
                       .limit = l->ask->limit};
    AISLE_TRY(aisle_catalogue_begin(c, l->with->view, err));
    *later = on_loop && aisle_catalogue_cost(c, &l->ask->filter, l->ask->n_facets) > most_ns;
    aisle_status st = *later ? AISLE_OK : find(l, &page, ids, facets, err);
    aisle_catalogue_end(c);
    if (st != AISLE_OK || *later) return st;
    return aisle_products_encode(l->with->view, ids, page.n, l->ask->fields, aisle_request_arena(l->work.r),
                                 items, err);
}

static aisle_status make(listing *l, bool on_loop, bool *later, aisle_error *err)
{
    json_t *items = NULL, *facets = NULL;
    aisle_status st = find_now(l, on_loop, later, &items, &facets, err);
    if (st == AISLE_OK && !*later) {
        l->body = aisle_answer_with(l->body, "items", items);
        if (facets) l->body = aisle_answer_with(l->body, "facets", facets);
        return AISLE_OK;
    }
    json_decref(l->body);
    json_decref(items);
    json_decref(facets);
    l->body = NULL;
    return st;
}

static aisle_status run(aisle_work *w, aisle_error *err)
{
    bool later;
    return make((listing *)w, false, &later, err);
}

static aisle_status reply(aisle_work *w)
{
    return aisle_answer_cached(w->r, ((listing *)w)->body, MAX_AGE);
}

aisle_status aisle_on_products_list(aisle_request *r)
{
    static const char *const others[] = {"sort", NULL};
    bool later = false;
    listing *l = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *l);
    if (!l) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for a page");
    l->work = (aisle_work){.r = r, .run = run, .reply = reply, .on = aisle_loop_of(r)->scoring};
    l->with = aisle_loop_of(r);
    AISLE_TRY(aisle_products_ask_parse(r, others, &l->ask));
    AISLE_TRY(parse_order(r, &l->order));
    AISLE_TRY(make(l, true, &later, aisle_request_error(r)));
    if (!later) return reply(&l->work);
    l->with = aisle_loop_of(r)->beside;
    return aisle_work_submit(&l->work);
}

/* ---- one product ---- */

aisle_status aisle_on_product_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_product product;
    int64_t version;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_view_product(aisle_loop_of(r)->view, aisle_request_param(r, "id"), aisle_request_arena(r),
                                 &product, &version, aisle_request_error(r)));
    json_t *body = aisle_answer_product(&product, AISLE_FIELDS_ALL);
    return aisle_answer_cached(r, aisle_answer_with(body, "version", json_integer(version)), MAX_AGE);
}
