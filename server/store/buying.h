/* Carts and orders in the store: what was chosen, what was ordered, and the stock between them. No HTTP, no payment. */
#ifndef AISLE_SERVER_BUYING_H
#define AISLE_SERVER_BUYING_H

#include "server/store/store.h"

enum { AISLE_CART_LINES = 100, AISLE_QUANTITY_MAX = 1000, AISLE_REFUSED_MAX = AISLE_CART_LINES };
#define AISLE_MONEY_MAX (INT64_C(1) << 53) /* minor units: what a JSON number holds exactly everywhere */

/* Whose it is: a row of users, or of sessions for a guest. The user counts when both are set; both 0 owns nothing. */
typedef struct aisle_owner {
    int64_t user, session;
} aisle_owner;

/* Why a wish is not granted. Each is the reader's to mend, and points at what it is about. */
typedef enum aisle_why {
    AISLE_WHY_VERSION,      /* the cart has changed: `left` is its version */
    AISLE_WHY_UNKNOWN,      /* no such product, or it is not in the cart */
    AISLE_WHY_NOT_FOR_SALE, /* its price is unknown */
    AISLE_WHY_CURRENCY,     /* one currency a cart */
    AISLE_WHY_STOCK,        /* `left` are left */
    AISLE_WHY_LINES,        /* more than AISLE_CART_LINES products */
    AISLE_WHY_TOTAL,        /* above AISLE_MONEY_MAX */
    AISLE_WHY_EMPTY,        /* nothing to order */
    AISLE_WHY_PRICE, /* not the price that was shown: `left` is the new one; without an item, of the total */
    AISLE_WHY_STATE  /* the order cannot go there from its state: `left` is an aisle_order_state */
} aisle_why;
typedef struct aisle_refused {
    aisle_why why;
    aisle_str item; /* absent: the whole */
    int64_t left;
} aisle_refused;
/* A call that fills it returns AISLE_ECONFLICT, and what it has written must be undone (a failed run() is). */
typedef struct aisle_refusals {
    aisle_refused at[AISLE_REFUSED_MAX];
    int32_t n;
} aisle_refusals;

/* ---- carts ---- */

typedef struct aisle_cart_line {
    int64_t product; /* row */
    aisle_str id, title, currency, recommendation;
    int64_t price_minor; /* now; -1 = not for sale any more */
    int64_t seen_minor;  /* what the last change of the cart has shown */
    int64_t stock;       /* now; -1 = not tracked */
    int64_t quantity, added_ms;
} aisle_cart_line;
typedef struct aisle_cart {
    int64_t row, version; /* 0: there is none yet */
    aisle_str currency;
    aisle_cart_line *lines;
    int32_t n;
    int64_t total_minor; /* of the lines that are for sale; -1 = above AISLE_MONEY_MAX */
    int64_t changed_ms;
} aisle_cart;

/* An owner without a cart has an empty one. Texts in the arena. */
aisle_status aisle_view_cart(aisle_view *v, aisle_owner owner, aisle_arena *a, aisle_cart *out,
                             aisle_error *err);

typedef struct aisle_cart_put {
    aisle_str item, recommendation;
    int64_t quantity; /* 1..AISLE_QUANTITY_MAX; 0 takes it out */
} aisle_cart_put;
typedef struct aisle_cart_change {
    aisle_owner owner;
    int64_t version; /* that the cart must have; -1 = any */
    const aisle_cart_put *puts;
    int32_t n;
    bool clear; /* all out, before the puts */
} aisle_cart_change;
/* All or nothing, with add_to_cart and remove_from_cart events of the differences. *out still has the prices seen
 * before; from now on the present ones count as seen. */
aisle_status aisle_tx_cart_change(aisle_tx *tx, const aisle_cart_change *c, aisle_arena *a, aisle_cart *out,
                                  aisle_refusals *no, aisle_error *err);
/* At login: the guest's cart goes to the account's, quantities added and capped by stock; lines of another currency
 * are dropped. Orders go with it. */
aisle_status aisle_tx_buying_merge(aisle_tx *tx, int64_t session, int64_t user, aisle_error *err);

/* ---- orders ---- */

typedef enum aisle_order_state { /* pinned: stored */
                                 AISLE_ORDER_PENDING = 0,
                                 AISLE_ORDER_PAID = 1,
                                 AISLE_ORDER_SHIPPED = 2,
                                 AISLE_ORDER_DELIVERED = 3,
                                 AISLE_ORDER_CANCELLED = 4
} aisle_order_state;
enum { AISLE_ORDER_STATES = 5 };
const char *aisle_order_state_name(aisle_order_state s);
bool aisle_order_state_parse(aisle_str s, aisle_order_state *out);

typedef struct aisle_order_line {
    int64_t product; /* row */
    aisle_str id, title;
    int64_t price_minor, quantity;
    bool tracked; /* stock was taken */
} aisle_order_line;
typedef struct aisle_order {
    int64_t row;
    aisle_owner owner; /* both 0: erased */
    aisle_str id, email, currency;
    aisle_order_state state;
    int64_t total_minor, created_ms, changed_ms, paid_ms; /* paid_ms 0 = not paid */
    aisle_order_line *lines;
    int32_t n;
} aisle_order;

typedef struct aisle_order_wish {
    aisle_owner owner;
    const char *id;      /* of the new order: unguessable, unique */
    aisle_str email;     /* absent with an account */
    int64_t version;     /* of the cart; -1 = any */
    int64_t total_minor; /* that the buyer agreed to; -1: the prices seen must be the present ones */
} aisle_order_wish;
/* The whole cart, or nothing: stock is taken, the lines keep title and price, purchase events are written, the cart is
 * emptied. AISLE_ECONFLICT with one refusal a wrong line. */
aisle_status aisle_tx_order_place(aisle_tx *tx, const aisle_order_wish *w, aisle_arena *a, aisle_order *out,
                                  aisle_refusals *no, aisle_error *err);
/* owner NULL: anybody's. Cancelling returns stock and writes cancel events. AISLE_ENOTFOUND; AISLE_ECONFLICT with
 * AISLE_WHY_STATE. pending -> paid -> shipped -> delivered; pending and paid -> cancelled. */
aisle_status aisle_tx_order_move(aisle_tx *tx, aisle_str id, const aisle_owner *owner, aisle_order_state to,
                                 aisle_arena *a, aisle_order *out, aisle_refusals *no, aisle_error *err);

/* What the payment provider says. A note acts once: *known says that it had before. A payment of a cancelled order is
 * only noted (paid_ms), for the refund. AISLE_EINVAL: amount or currency is not the order's. */
typedef struct aisle_payment_note {
    unsigned char id[32]; /* hash of the provider's id */
    aisle_str order, currency;
    bool paid; /* else it has failed: the order is cancelled while it is pending */
    int64_t amount_minor;
} aisle_payment_note;
aisle_status aisle_tx_payment(aisle_tx *tx, const aisle_payment_note *n, aisle_arena *a, aisle_order *out,
                              bool *known, aisle_error *err);

aisle_status aisle_view_order(aisle_view *v, aisle_str id, const aisle_owner *owner, aisle_arena *a,
                              aisle_order *out, aisle_error *err);
typedef struct aisle_order_filter {
    const aisle_owner *owner; /* NULL = everybody's */
    int32_t state;            /* -1 = any; only for everybody's */
    int64_t before;           /* row; 0 = from the newest */
    int32_t limit;            /* 1..100 */
} aisle_order_filter;
/* Newest first; with lines. */
aisle_status aisle_view_orders(aisle_view *v, const aisle_order_filter *f, aisle_arena *a, aisle_order **out,
                               int32_t *n, aisle_error *err);

/* ---- answers kept for requests that come again ---- */

enum { AISLE_ONCE_MS = 24 * 3600 * 1000 };
typedef struct aisle_once {
    unsigned char key[32];     /* hash of who asks, the route and the Idempotency-Key */
    unsigned char request[32]; /* hash of the body */
    int64_t user, session;     /* whose answer it will be; 0 = nobody's */
} aisle_once;
typedef struct aisle_kept {
    int32_t status;
    aisle_str type, location, body; /* location absent: none */
    int64_t user; /* found: whose it is, 0 = nobody's; kept: that of the aisle_once counts */
} aisle_kept;
/* AISLE_OK with *found; AISLE_ECONFLICT when the key came with another body. Older than AISLE_ONCE_MS is not found. */
aisle_status aisle_tx_once_find(aisle_tx *tx, const aisle_once *o, aisle_arena *a, bool *found,
                                aisle_kept *out, aisle_error *err);
/* Also forgets a few that are too old. */
aisle_status aisle_tx_once_keep(aisle_tx *tx, const aisle_once *o, const aisle_kept *k, aisle_error *err);
/* A part of a write that may be undone while the write itself goes on and is kept: mark, then settle, with an undo of all
 * since the mark before it where that part has failed. */
aisle_status aisle_tx_mark(aisle_tx *tx, aisle_error *err);
aisle_status aisle_tx_undo(aisle_tx *tx, aisle_error *err);
aisle_status aisle_tx_settle(aisle_tx *tx, aisle_error *err);

#endif
