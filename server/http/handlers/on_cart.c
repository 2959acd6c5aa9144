/* /v1/cart: what a person or a guest has chosen. Every answer is the whole cart with the prices and stock of now. */
#include "server/http/handlers/answer_buying.h"

typedef struct cart_change {
    aisle_change base;
    aisle_cart_change wish;
    const char *member; /* where items stand in the request, for pointers */
    bool one;           /* the path names the item: an unknown one is 404 */
    aisle_cart cart;
    aisle_refusals no;
} cart_change;

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the cart");
}

static aisle_status run(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    cart_change *c = (cart_change *)base;
    aisle_arena *a = aisle_request_arena(base->r);
    c->wish.owner = base->owner;
    aisle_status st = aisle_tx_cart_change(tx, &c->wish, a, &c->cart, &c->no, err);
    if (st == AISLE_ECONFLICT && c->no.n) {
        if (c->one && c->no.at[0].why == AISLE_WHY_UNKNOWN)
            return aisle_change_refuse(base, 404, "not_found",
                                       c->wish.puts[0].quantity ? "no product has this id"
                                                                : "the product is not in the cart");
        return aisle_change_refuse_all(base, &c->no, c->member);
    }
    if (st != AISLE_OK) return st;
    json_t *body = aisle_answer_cart(&c->cart);
    base->etag = aisle_answer_cart_tag(a, &c->cart, body);
    return aisle_change_answer(base, 200, body, err);
}

static cart_change *begin(aisle_request *r)
{
    cart_change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return NULL;
    c->base.r = r;
    c->base.run = run;
    c->wish.version = -1;
    return c;
}

static bool is_nobody(aisle_owner owner)
{
    return !owner.user && !owner.session;
}

static aisle_status reply_cart(aisle_request *r)
{
    aisle_cart cart = {0};
    aisle_owner owner = aisle_owner_of(r);
    aisle_arena *a = aisle_request_arena(r);
    if (!is_nobody(owner))
        AISLE_TRY(aisle_view_cart(aisle_loop_of(r)->view, owner, a, &cart, aisle_request_error(r)));
    json_t *body = aisle_answer_cart(&cart);
    const char *tag = aisle_answer_cart_tag(a, &cart, body);
    if (tag) aisle_reply_header(r, "ETag", tag);
    aisle_reply_header(r, "Cache-Control", "private, no-cache");
    return aisle_reply_json(r, 200, body);
}

aisle_status aisle_on_cart_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    return reply_cart(r);
}

/* ---- one item ---- */

static aisle_status put_one(aisle_request *r, cart_change *c, int64_t quantity, aisle_str recommendation)
{
    aisle_cart_put *p = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *p);
    if (!p) return no_memory(r);
    *p = (aisle_cart_put){aisle_request_param(r, "product"), recommendation, quantity};
    c->wish.puts = p;
    c->wish.n = 1;
    c->one = true;
    c->base.for_guests = quantity > 0;
    return aisle_change_submit(&c->base);
}

aisle_status aisle_on_cart_item_put(aisle_request *r)
{
    static const char *const none[] = {NULL}, *const known[] = {"quantity", "recommendation_id", "version",
                                                                NULL};
    aisle_json_scope s;
    int64_t quantity = 0;
    aisle_str recommendation = {NULL, 0};
    cart_change *c = begin(r);
    if (!c) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "quantity");
    aisle_json_int(&s, "quantity", (aisle_int_range){1, AISLE_QUANTITY_MAX, 0}, &quantity);
    aisle_json_text(&s, "recommendation_id", 1, 255, &recommendation);
    if (aisle_wanted_version(r, &s, &c->wish.version) != AISLE_OK || s.failed) return AISLE_EINVAL;
    return put_one(r, c, quantity, recommendation);
}

aisle_status aisle_on_cart_item_delete(aisle_request *r)
{
    static const char *const none[] = {NULL};
    cart_change *c = begin(r);
    if (!c) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_wanted_version(r, NULL, &c->wish.version));
    if (is_nobody(aisle_owner_of(r)))
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "the product is not in the cart");
    return put_one(r, c, 0, (aisle_str){NULL, 0});
}

/* ---- all of it ---- */

/* {"items": {"ID": quantity or null}}: a JSON merge patch (RFC 7396). */
static aisle_status read_items(aisle_json_scope *items, cart_change *c)
{
    aisle_request *r = items->r;
    size_t n = json_object_size(items->object);
    if (n > AISLE_CART_LINES)
        return aisle_request_invalid(r, "/items", "too_many", "at most %d products wanted", AISLE_CART_LINES);
    aisle_cart_put *puts = aisle_arena_calloc(aisle_request_arena(r), n, sizeof *puts);
    if (!puts) return no_memory(r);
    const char *key;
    json_t *value;
    json_object_foreach(items->object, key, value)
    {
        aisle_cart_put *p = &puts[c->wish.n++];
        p->item = aisle_str_from(key);
        if (!json_is_null(value))
            aisle_json_int(items, key, (aisle_int_range){1, AISLE_QUANTITY_MAX, 0}, &p->quantity);
    }
    c->wish.puts = puts;
    return items->failed ? AISLE_EINVAL : AISLE_OK;
}

aisle_status aisle_on_cart_patch(aisle_request *r)
{
    static const char *const none[] = {NULL}, *const known[] = {"items", "version", NULL};
    aisle_json_scope s, items;
    cart_change *c = begin(r);
    if (!c) return no_memory(r);
    c->member = "/items";
    c->base.for_guests = true;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "items");
    AISLE_TRY(aisle_json_child(&s, "items", &items));
    if (items.object) AISLE_TRY(read_items(&items, c));
    if (aisle_wanted_version(r, &s, &c->wish.version) != AISLE_OK || s.failed) return AISLE_EINVAL;
    return aisle_change_submit(&c->base);
}

aisle_status aisle_on_cart_delete(aisle_request *r)
{
    static const char *const none[] = {NULL};
    cart_change *c = begin(r);
    if (!c) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_wanted_version(r, NULL, &c->wish.version));
    if (is_nobody(aisle_owner_of(r))) return reply_cart(r);
    c->wish.clear = true;
    return aisle_change_submit(&c->base);
}
