/* Carts and orders: stock and money stay whole, whatever is wished for. */
#include "server/store/buying.h"

#include "server/store/person_rows.h"
#include "shop_fixture.h"

static shop_fixture f;
static aisle_owner guest, account;

typedef struct buying_write {
    aisle_write base;
    const aisle_cart_change *change;
    const aisle_order_wish *wish;
    const aisle_payment_note *note;
    const char *move;
    aisle_order_state to;
    int64_t merge_session, merge_user, erase_user;
    aisle_cart cart;
    aisle_order order;
    aisle_refusals no;
    bool known;
} buying_write;

static aisle_status run_buying(aisle_write *base, aisle_tx *tx, aisle_error *err)
{
    buying_write *w = (buying_write *)base;
    if (w->change) return aisle_tx_cart_change(tx, w->change, &f.arena, &w->cart, &w->no, err);
    if (w->wish) return aisle_tx_order_place(tx, w->wish, &f.arena, &w->order, &w->no, err);
    if (w->note) return aisle_tx_payment(tx, w->note, &f.arena, &w->order, &w->known, err);
    if (w->merge_user) return aisle_tx_buying_merge(tx, w->merge_session, w->merge_user, err);
    if (w->erase_user) return aisle_tx_person_erase(tx, w->erase_user, err);
    return aisle_tx_order_move(tx, STR(w->move), NULL, w->to, &f.arena, &w->order, &w->no, err);
}

static aisle_status run(buying_write *w)
{
    w->base.run = run_buying;
    return aisle_store_write_now(f.store, &w->base, &f.err);
}

static void put(const char *id, int64_t price, int64_t stock)
{
    aisle_product p = {
        .id = STR(id), .title = STR(id), .currency = STR("GBP"), .price_minor = price, .stock = stock};
    cr_assert_ok(put_product(&f, &p), f);
}

static int64_t stock_of(const char *id)
{
    aisle_product p;
    cr_assert_ok(aisle_view_product(f.view, STR(id), &f.arena, &p, NULL, &f.err), f);
    return p.stock;
}

static aisle_status choose(aisle_owner owner, const char *id, int64_t quantity, buying_write *w)
{
    const aisle_cart_put one = {.item = STR(id), .quantity = quantity};
    const aisle_cart_change change = {.owner = owner, .version = -1, .puts = &one, .n = 1};
    *w = (buying_write){.change = &change};
    aisle_status st = run(w);
    w->change = NULL;
    return st;
}

static aisle_status order(aisle_owner owner, const char *id, int64_t total, buying_write *w)
{
    const aisle_order_wish wish = {.owner = owner, .id = id, .version = -1, .total_minor = total};
    *w = (buying_write){.wish = &wish};
    aisle_status st = run(w);
    w->wish = NULL;
    return st;
}

static aisle_status move(const char *id, aisle_order_state to)
{
    buying_write w = {.move = id, .to = to};
    return run(&w);
}

static int32_t recent(aisle_str user, aisle_event_type type)
{
    aisle_recent *events;
    int32_t n, found = 0;
    cr_assert_ok(aisle_view_recent(f.view, user, STR("s"), 100, &f.arena, &events, &n, &f.err), f);
    for (int32_t i = 0; i < n; i++) found += events[i].type == type;
    return found;
}

static void setup(void)
{
    aisle_event by_guest = {.session = STR("s"), .item = STR("cup"), .value = 1, .price_minor = -1};
    aisle_event by_user = {.user = STR("u"), .item = STR("cup"), .value = 1, .price_minor = -1};
    fixture_folder(&f);
    fixture_open(&f);
    put("cup", 250, 5);
    put("gift", 100, -1);
    cr_assert_ok(put_event(&f, &by_guest, NULL), f); /* the first session and the first user are made */
    cr_assert_ok(put_event(&f, &by_user, NULL), f);
    guest = (aisle_owner){0, 1};
    account = (aisle_owner){1, 0};
}

static void teardown(void)
{
    fixture_end(&f);
}

TestSuite(store_buying, .init = setup, .fini = teardown);

Test(store_buying, cart_adds_up_and_counts_its_versions)
{
    buying_write w;
    aisle_cart c;
    cr_assert_ok(aisle_view_cart(f.view, guest, &f.arena, &c, &f.err), f);
    cr_assert(c.version == 0 && c.n == 0 && c.total_minor == 0);
    cr_assert_ok(choose(guest, "cup", 2, &w), f);
    cr_assert_ok(choose(guest, "gift", 3, &w), f);
    cr_assert(w.cart.version == 2 && w.cart.n == 2 && w.cart.total_minor == 800);
    cr_assert_ok(choose(guest, "cup", 1, &w), f);
    cr_assert_eq(w.cart.total_minor, 550);
    cr_assert_ok(choose(guest, "cup", 0, &w), f);
    cr_assert_ok(aisle_view_cart(f.view, guest, &f.arena, &c, &f.err), f);
    cr_assert(c.version == 4 && c.n == 1 && c.total_minor == 300);
    cr_assert_text(c.currency, "GBP");
    cr_assert(recent((aisle_str){NULL, 0}, AISLE_EVENT_ADD_TO_CART) == 2);
    cr_assert(recent((aisle_str){NULL, 0}, AISLE_EVENT_REMOVE_FROM_CART) == 2);
}

Test(store_buying, wrong_wishes_are_refused_and_leave_the_cart_alone)
{
    const struct {
        const char *id;
        int64_t quantity;
        aisle_why why;
        int64_t left;
    } wrong[] = {{"cup", 6, AISLE_WHY_STOCK, 5},
                 {"none", 1, AISLE_WHY_UNKNOWN, 0},
                 {"gift", 0, AISLE_WHY_UNKNOWN, 0},
                 {"free", 1, AISLE_WHY_NOT_FOR_SALE, 0},
                 {"dear", 1000, AISLE_WHY_TOTAL, AISLE_MONEY_MAX},
                 {"euro", 1, AISLE_WHY_CURRENCY, 0}};
    aisle_product euro = {.id = STR("euro"), .currency = STR("EUR"), .price_minor = 1, .stock = -1};
    buying_write w;
    aisle_cart c;
    put("free", -1, -1);
    put("dear", INT64_MAX / 999, -1);
    cr_assert_ok(put_product(&f, &euro), f);
    cr_assert_ok(choose(guest, "cup", 1, &w), f);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(choose(guest, wrong[i].id, wrong[i].quantity, &w), AISLE_ECONFLICT, "%s", wrong[i].id);
        cr_assert(w.no.n == 1 && w.no.at[0].why == wrong[i].why && w.no.at[0].left == wrong[i].left, "%s",
                  wrong[i].id);
    }
    const aisle_cart_change stale = {.owner = guest, .version = 7};
    w = (buying_write){.change = &stale};
    cr_assert_eq(run(&w), AISLE_ECONFLICT);
    cr_assert(w.no.at[0].why == AISLE_WHY_VERSION && w.no.at[0].left == 1);
    cr_assert_ok(aisle_view_cart(f.view, guest, &f.arena, &c, &f.err), f);
    cr_assert(c.version == 1 && c.n == 1 && c.total_minor == 250);
}

Test(store_buying, order_takes_stock_and_cancelling_returns_it_once)
{
    buying_write w;
    aisle_order got;
    cr_assert_eq(order(account, "o0", -1, &w), AISLE_ECONFLICT);
    cr_assert_eq(w.no.at[0].why, AISLE_WHY_EMPTY);
    cr_assert_ok(choose(account, "cup", 5, &w), f);
    cr_assert_ok(choose(account, "gift", 2, &w), f);
    cr_assert_ok(order(account, "o1", -1, &w), f);
    cr_assert_eq(w.order.total_minor, 1450);
    cr_assert(stock_of("cup") == 0 && stock_of("gift") == -1);
    cr_assert_eq(recent(STR("u"), AISLE_EVENT_PURCHASE), 2);
    put("cup", 999, 0);
    cr_assert_ok(aisle_view_order(f.view, STR("o1"), &account, &f.arena, &got, &f.err), f);
    cr_assert(got.n == 2 && got.lines[0].price_minor == 250 && got.state == AISLE_ORDER_PENDING);
    cr_assert_eq(aisle_view_order(f.view, STR("o1"), &guest, &f.arena, &got, &f.err), AISLE_ENOTFOUND);
    cr_assert_ok(move("o1", AISLE_ORDER_CANCELLED), f);
    cr_assert_eq(move("o1", AISLE_ORDER_CANCELLED), AISLE_ECONFLICT);
    cr_assert_eq(stock_of("cup"), 5);
    cr_assert_eq(recent(STR("u"), AISLE_EVENT_CANCEL), 2);
}

Test(store_buying, order_of_what_changed_meanwhile_is_refused_line_by_line)
{
    buying_write w;
    cr_assert_ok(choose(account, "cup", 5, &w), f);
    cr_assert_ok(choose(account, "gift", 2, &w), f);
    put("cup", 250, 4);
    put("gift", 120, -1);
    cr_assert_eq(order(account, "o1", -1, &w), AISLE_ECONFLICT);
    cr_assert_eq(w.no.n, 2);
    cr_assert(w.no.at[0].why == AISLE_WHY_STOCK && w.no.at[0].left == 4);
    cr_assert(w.no.at[1].why == AISLE_WHY_PRICE && w.no.at[1].left == 120);
    put("cup", 250, 5);
    cr_assert_eq(order(account, "o1", 1450, &w), AISLE_ECONFLICT);
    cr_assert(w.no.n == 1 && w.no.at[0].left == 1490);
    cr_assert_ok(order(account, "o1", 1490, &w), f);
    cr_assert_eq(stock_of("cup"), 0);
}

Test(store_buying, guest_cart_and_orders_go_to_the_account)
{
    buying_write w, merge = {.merge_session = guest.session, .merge_user = account.user};
    aisle_cart c;
    aisle_order got;
    cr_assert_ok(choose(guest, "gift", 1, &w), f);
    cr_assert_ok(order(guest, "g1", -1, &w), f);
    cr_assert_ok(choose(guest, "cup", 3, &w), f);
    cr_assert_ok(choose(guest, "gift", 600, &w), f);
    cr_assert_ok(choose(account, "cup", 4, &w), f);
    cr_assert_ok(choose(account, "gift", 600, &w), f);
    cr_assert_ok(run(&merge), f);
    cr_assert_ok(aisle_view_cart(f.view, account, &f.arena, &c, &f.err), f);
    cr_assert(c.n == 2 && c.version == 3 && c.lines[0].quantity == 5 && c.lines[1].quantity == 1000);
    cr_assert_ok(aisle_view_cart(f.view, guest, &f.arena, &c, &f.err), f);
    cr_assert_eq(c.row, 0);
    cr_assert_ok(aisle_view_order(f.view, STR("g1"), &account, &f.arena, &got, &f.err), f);
    buying_write erase = {.erase_user = account.user};
    cr_assert_ok(run(&erase), f);
    cr_assert_eq(aisle_view_order(f.view, STR("g1"), &account, &f.arena, &got, &f.err), AISLE_ENOTFOUND);
    cr_assert_ok(aisle_view_order(f.view, STR("g1"), NULL, &f.arena, &got, &f.err), f);
    cr_assert(got.owner.user == 0 && got.n == 1);
    cr_assert_ok(move("g1", AISLE_ORDER_CANCELLED), f);
}

Test(store_buying, payment_acts_once_and_only_with_the_right_amount)
{
    buying_write w;
    aisle_payment_note note = {
        .id = {1}, .order = STR("o1"), .currency = STR("GBP"), .paid = true, .amount_minor = 249};
    cr_assert_ok(choose(account, "cup", 1, &w), f);
    cr_assert_ok(order(account, "o1", -1, &w), f);
    w = (buying_write){.note = &note};
    cr_assert_eq(run(&w), AISLE_EINVAL);
    note.amount_minor = 250;
    cr_assert_ok(run(&w), f);
    cr_assert(!w.known && w.order.state == AISLE_ORDER_PAID && w.order.paid_ms > 0);
    cr_assert_ok(run(&w), f);
    cr_assert(w.known);
    note = (aisle_payment_note){.id = {2}, .order = STR("o1"), .currency = STR("GBP"), .amount_minor = 250};
    cr_assert_ok(run(&w), f); /* a failure after the payment changes nothing */
    cr_assert(w.order.state == AISLE_ORDER_PAID && stock_of("cup") == 4);
    cr_assert_ok(move("o1", AISLE_ORDER_SHIPPED), f);
    cr_assert_eq(move("o1", AISLE_ORDER_CANCELLED), AISLE_ECONFLICT);
}

typedef struct once_write {
    aisle_write base;
    aisle_once once;
    bool found;
    aisle_kept kept;
} once_write;

/* As a handler does: a part that fails is undone, its answer is kept. */
static aisle_status run_once(aisle_write *base, aisle_tx *tx, aisle_error *err)
{
    once_write *w = (once_write *)base;
    const aisle_product p = {.id = STR("undone"), .price_minor = 1, .stock = 1};
    const aisle_kept kept = {.status = 422, .type = STR("t"), .body = STR("{}")};
    AISLE_TRY(aisle_tx_once_find(tx, &w->once, &f.arena, &w->found, &w->kept, err));
    if (w->found) return AISLE_OK;
    AISLE_TRY(aisle_tx_mark(tx, err));
    AISLE_TRY(aisle_tx_product(tx, &p, err));
    AISLE_TRY(aisle_tx_undo(tx, err));
    AISLE_TRY(aisle_tx_settle(tx, err));
    return aisle_tx_once_keep(tx, &w->once, &kept, err);
}

Test(store_buying, kept_answer_is_found_again_and_another_request_is_refused)
{
    once_write w = {.base = {.run = run_once}, .once = {{1}, {2}}};
    int64_t products = fixture_counts(&f).products;
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
    cr_assert_not(w.found);
    cr_assert_eq(fixture_counts(&f).products, products);
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
    cr_assert(w.found && w.kept.status == 422 && !w.kept.location.ptr);
    cr_assert_text(w.kept.body, "{}");
    w.once.request[0] = 3;
    cr_assert_eq(aisle_store_write_now(f.store, &w.base, &f.err), AISLE_ECONFLICT);
}
