/* GET /v1/products and /v1/products/{id}: the catalogue, for browsing. Not search. */
#include "server/auth/identity.h"
#include "server/http/handlers/ask_products.h"
#include "server/http/handlers/product_cache.h"

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

static aisle_status reply_cached(aisle_request *r, const aisle_cached_product *p)
{
    aisle_reply_header(r, "ETag", p->tag);
    aisle_answer_cacheable(r, MAX_AGE);
    return aisle_reply_bytes(r, 200, "application/json", p->text, p->text_len); /* or 304 */
}

static aisle_status reply_hidden(aisle_request *r, const aisle_cached_product *p)
{
    aisle_reply_header(r, "ETag", p->tag);
    aisle_reply_header(r, "Cache-Control", "private, no-store");
    return aisle_reply_bytes(r, 200, "application/json", p->text, p->text_len);
}

/* The answer as it was given last, when the product is as it was then. */
static aisle_cached_product *find_cached(aisle_request *r, aisle_str id, int64_t catalogue)
{
    int64_t changed;
    aisle_cached_product *p = aisle_product_cache_find(aisle_loop_of(r)->products, id);
    if (!p || p->catalogue >= catalogue) return p;
    if (aisle_view_product_changed(aisle_loop_of(r)->view, id, &changed, aisle_request_error(r)) !=
            AISLE_OK ||
        changed != p->changed)
        return NULL;
    p->catalogue = catalogue;
    return p;
}

/* *hidden: only the shop keeper may see it, and nothing may keep it. */
static aisle_status encode_product(aisle_request *r, aisle_str id, aisle_cached_product *out, bool *hidden)
{
    aisle_product product;
    int64_t version;
    aisle_view *view = aisle_loop_of(r)->view;
    /* In this order: a change in between makes the text newer than it is said to be. */
    AISLE_TRY(aisle_view_product_changed(view, id, &out->changed, aisle_request_error(r)));
    AISLE_TRY(
        aisle_view_product(view, id, aisle_request_arena(r), &product, &version, aisle_request_error(r)));
    *hidden = product.visibility == AISLE_HIDDEN;
    if (*hidden && !(aisle_request_identity(r)->scopes & AISLE_SCOPE_ADMIN))
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "product %.*s: not found", (int)id.len,
                          id.ptr);
    json_t *body = aisle_answer_product_detail(&product, version);
    out->text = body ? json_dumps(body, AISLE_JSON_STYLE) : NULL;
    json_decref(body);
    if (!out->text) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the answer");
    out->text_len = strlen(out->text);
    aisle_product_tag(version, out->text, out->text_len, out->tag);
    return AISLE_OK;
}

aisle_status aisle_on_product_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_str id = aisle_request_param(r, "id");
    AISLE_TRY(aisle_request_query_only(r, none));
    int64_t catalogue = aisle_store_catalogue_version(aisle_request_app(r)->store);
    const aisle_cached_product *known = find_cached(r, id, catalogue);
    if (known) return reply_cached(r, known);
    aisle_cached_product made = {.id_len = id.len, .catalogue = catalogue};
    bool hidden = false;
    AISLE_TRY(encode_product(r, id, &made, &hidden));
    made.id = aisle_arena_strndup(aisle_request_arena(r), id.ptr, id.len);
    if (made.id && !hidden) aisle_product_cache_put(aisle_loop_of(r)->products, &made);
    aisle_status st = hidden ? reply_hidden(r, &made) : reply_cached(r, &made);
    aisle_free(made.text);
    return st;
}
