/* Carts and orders as JSON. */
#include "server/http/handlers/answer_buying.h"

#include <stdio.h>
#include <string.h>

#include "server/auth/random_id.h"

json_t *aisle_answer_money(int64_t minor)
{
    return minor < 0 ? json_null() : json_integer(minor);
}

/* price * quantity; null when unknown or beyond what a cart may hold. */
static json_t *line_total(int64_t price, int64_t quantity)
{
    int64_t total;
    bool known = price >= 0 && !__builtin_mul_overflow(price, quantity, &total) && total <= AISLE_MONEY_MAX;
    return known ? json_integer(total) : json_null();
}

static json_t *cart_line(const aisle_cart_line *l)
{
    bool enough = l->stock < 0 || l->stock >= l->quantity;
    json_t *o = aisle_answer_with(json_object(), "id", aisle_answer_text(l->id));
    o = aisle_answer_with(o, "title", aisle_answer_text(l->title));
    o = aisle_answer_with(o, "price", aisle_answer_money(l->price_minor));
    o = aisle_answer_with(o, "currency", aisle_answer_text(l->currency));
    o = aisle_answer_with(o, "quantity", json_integer(l->quantity));
    o = aisle_answer_with(o, "total", line_total(l->price_minor, l->quantity));
    o = aisle_answer_with(o, "available", json_boolean(l->price_minor >= 0 && enough));
    return aisle_answer_with(o, "added", aisle_answer_time(l->added_ms));
}

static void note(json_t *list, const aisle_cart_line *l, const char *code, int64_t from, int64_t to)
{
    json_t *o = aisle_answer_with(json_object(), "item", aisle_answer_text(l->id));
    o = aisle_answer_with(o, "code", json_string(code));
    o = aisle_answer_with(o, "from", aisle_answer_money(from));
    json_array_append_new(list, aisle_answer_with(o, "to", aisle_answer_money(to)));
}

static json_t *cart_changes(const aisle_cart *c)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < c->n && list; i++) {
        const aisle_cart_line *l = &c->lines[i];
        if (l->price_minor != l->seen_minor)
            note(list, l, l->price_minor < 0 ? "not_for_sale" : "price_changed", l->seen_minor,
                 l->price_minor);
        if (l->stock >= 0 && l->stock < l->quantity)
            note(list, l, "insufficient_stock", l->quantity, l->stock);
        if (l->price_minor >= 0 && !aisle_str_eq(l->currency, c->currency))
            note(list, l, "currency_mismatch", l->seen_minor, l->price_minor);
    }
    return list;
}

json_t *aisle_answer_cart(const aisle_cart *c)
{
    int64_t count = 0;
    json_t *items = json_array();
    for (int32_t i = 0; i < c->n && items; i++) {
        json_array_append_new(items, cart_line(&c->lines[i]));
        count += c->lines[i].quantity;
    }
    json_t *o = aisle_answer_with(json_object(), "version", json_integer(c->version));
    o = aisle_answer_with(o, "items", items);
    o = aisle_answer_with(o, "count", json_integer(count));
    o = aisle_answer_with(o, "total", aisle_answer_money(c->total_minor));
    o = aisle_answer_with(o, "currency", aisle_answer_text(c->currency));
    o = aisle_answer_with(o, "changes", cart_changes(c));
    return aisle_answer_with(o, "changed", aisle_answer_time(c->changed_ms));
}

const char *aisle_answer_cart_tag(aisle_arena *a, const aisle_cart *c, const json_t *body)
{
    char hex[AISLE_HEX_BYTES];
    char *text = body ? json_dumps(body, AISLE_JSON_STYLE) : NULL;
    if (!text) return NULL;
    aisle_digest(text, strlen(text), hex);
    aisle_free(text);
    return aisle_arena_printf(a, "\"%lld-%.16s\"", (long long)c->version, hex);
}

static json_t *order_lines(const aisle_order *o)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < o->n && list; i++) {
        const aisle_order_line *l = &o->lines[i];
        json_t *one = aisle_answer_with(json_object(), "id", aisle_answer_text(l->id));
        one = aisle_answer_with(one, "title", aisle_answer_text(l->title));
        one = aisle_answer_with(one, "price", json_integer(l->price_minor));
        one = aisle_answer_with(one, "quantity", json_integer(l->quantity));
        one = aisle_answer_with(one, "total", line_total(l->price_minor, l->quantity));
        json_array_append_new(list, one);
    }
    return list;
}

json_t *aisle_answer_order(const aisle_order *order)
{
    json_t *o = aisle_answer_with(json_object(), "id", aisle_answer_text(order->id));
    o = aisle_answer_with(o, "state", json_string(aisle_order_state_name(order->state)));
    o = aisle_answer_with(o, "items", order_lines(order));
    o = aisle_answer_with(o, "total", json_integer(order->total_minor));
    o = aisle_answer_with(o, "currency", aisle_answer_text(order->currency));
    o = aisle_answer_with(o, "email", aisle_answer_text(order->email));
    o = aisle_answer_with(o, "created", aisle_answer_time(order->created_ms));
    o = aisle_answer_with(o, "changed", aisle_answer_time(order->changed_ms));
    return aisle_answer_with(o, "paid", aisle_answer_time(order->paid_ms));
}
