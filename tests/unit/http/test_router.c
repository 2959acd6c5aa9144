/* Route matching. */
#include <criterion/criterion.h>

#include "server/http/router.h"

static aisle_status none(aisle_request *r)
{
    (void)r;
    return AISLE_OK;
}

static const aisle_route table[] = {
    {"GET", "/v1/products", none, 0, 0, 0},      {"GET", "/v1/products/{id}", none, 0, 0, 0},
    {"PUT", "/v1/products/{id}", none, 0, 0, 0}, {"GET", "/v1/products/new", none, 0, 0, 0},
    {"GET", "/v1/{kind}/{id}/x", none, 0, 0, 0}, {0},
};

static aisle_match match(const aisle_router *r, const char *method, const char *path, aisle_target *t)
{
    static aisle_arena arena;
    cr_assert_eq(aisle_target_parse(aisle_str_from(path), &arena, t).status, 0);
    return aisle_router_match(r, aisle_str_from(method), t);
}

Test(router, the_most_literal_row_wins_and_parameters_are_found_by_name)
{
    aisle_router *r;
    aisle_target t;
    cr_assert_eq(aisle_router_new(table, &r, NULL), AISLE_OK);
    cr_assert_eq(match(r, "GET", "/v1/products/new", &t).route, 3);
    cr_assert_eq(match(r, "PUT", "/v1/products/new", &t).status, 405); /* the literal row has no PUT */
    cr_assert_eq(match(r, "GET", "/v1/products/7%2F8", &t).route, 1);
    cr_assert(aisle_str_eq(aisle_router_param(r, 1, &t, "id"), AISLE_STR("7/8")));
    cr_assert_null(aisle_router_param(r, 1, &t, "other").ptr);
    cr_assert_eq(match(r, "HEAD", "/v1/products/7", &t).route, 1);
    cr_assert_eq(match(r, "GET", "/v1/a/b/x", &t).route, 4);
    cr_assert(aisle_str_eq(aisle_router_param(r, 4, &t, "kind"), AISLE_STR("a")));
    cr_assert_eq(match(r, "GET", "/v1/products/", &t).status, 404);
    cr_assert_eq(match(r, "GET", "/v1/products/7/y", &t).status, 404);
    cr_assert_eq(match(r, "BREW", "/nowhere", &t).status, 501);
    cr_assert_str_eq(match(r, "DELETE", "/v1/products/7", &t).allow, "GET, HEAD, PUT, OPTIONS");
    cr_assert_eq(match(r, "OPTIONS", "/v1/products/7", &t).status, 204);
    aisle_router_free(r);
}

Test(router, wrong_tables_are_refused)
{
    static const aisle_route relative[] = {{"GET", "a", none, 0, 0, 0}, {0}};
    static const aisle_route deep[] = {{"GET", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", none, 0, 0, 0}, {0}};
    static const aisle_route twice[] = {
        {"GET", "/a/{b}", none, 0, 0, 0}, {"GET", "/a/{c}", none, 0, 0, 0}, {0}};
    const aisle_route *const tables[] = {relative, deep, twice};
    for (size_t i = 0; i < 3; i++) {
        aisle_router *r;
        aisle_error err;
        cr_assert_eq(aisle_router_new(tables[i], &r, &err), AISLE_EINVAL, "%zu", i);
        cr_assert_null(r);
        cr_assert(strstr(err.message, "GET "));
    }
}
