/* GET /v1/products and /v1/products/{id}: the catalogue, for browsing. Not search. */
#include "server/http/handlers/handlers.h"

enum { MAX_AGE = 30 };
static const int64_t max_price = INT64_C(1) << 53; /* what a JSON number holds exactly everywhere */

static aisle_status parse_sort(aisle_request *r, aisle_product_sort *out)
{
    static const char *const names[] = {"id", "price", "-price", "newest", "title"};
    aisle_str text = aisle_request_query(r, "sort");
    *out = AISLE_SORT_ID;
    if (!text.ptr) return AISLE_OK;
    for (int i = 0; i <= AISLE_SORT_TITLE; i++)
        if (aisle_str_eq(text, aisle_str_from(names[i]))) {
            *out = (aisle_product_sort)i;
            return AISLE_OK;
        }
    return aisle_request_invalid(r, "?sort", "unknown", "one of id, price, -price, newest, title wanted");
}

static aisle_status parse_filter(aisle_request *r, aisle_product_filter *f)
{
    static const char *const known[] = {"category", "brand",  "price_min", "price_max", "in_stock",
                                        "sort",     "cursor", "limit",     NULL};
    int64_t limit = 24;
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "price_min", (aisle_int_range){0, max_price, -1}, &f->price_min));
    AISLE_TRY(aisle_request_query_int(r, "price_max", (aisle_int_range){0, max_price, -1}, &f->price_max));
    AISLE_TRY(aisle_request_query_bool(r, "in_stock", false, &f->in_stock));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, 24}, &limit));
    AISLE_TRY(parse_sort(r, &f->sort));
    f->category = aisle_request_query(r, "category");
    f->brand = aisle_request_query(r, "brand");
    f->cursor = aisle_request_query(r, "cursor");
    f->limit = (int32_t)limit;
    return AISLE_OK;
}

static json_t *encode_page(const aisle_product_page *page)
{
    json_t *items = json_array();
    for (int32_t i = 0; i < page->n && items; i++)
        if (json_array_append_new(items, aisle_answer_product(&page->items[i], AISLE_FIELDS_SHORT))) {
            json_decref(items);
            items = NULL;
        }
    json_t *body = aisle_answer_with(json_object(), "items", items);
    body = aisle_answer_with(body, "total", json_integer(page->total));
    return aisle_answer_with(body, "next", aisle_answer_text(page->next));
}

aisle_status aisle_on_products_list(aisle_request *r)
{
    aisle_product_filter filter = {0};
    aisle_product_page page;
    AISLE_TRY(parse_filter(r, &filter));
    AISLE_TRY(aisle_view_products(aisle_loop_of(r)->view, &filter, aisle_request_arena(r), &page,
                                  aisle_request_error(r)));
    return aisle_answer_cached(r, encode_page(&page), MAX_AGE);
}

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
