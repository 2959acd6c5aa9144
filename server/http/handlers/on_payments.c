/* POST /v1/webhooks/payments: what the payment provider says of an order, signed with a secret that both know. No
 * payment is made here. */
#include "server/auth/random_id.h"
#include "server/auth/signature.h"
#include "server/http/handlers/answer_buying.h"

typedef struct payment_change {
    aisle_change base;
    aisle_payment_note note;
    aisle_order order;
    bool known;
} payment_change;

/* ---- the note ---- */

static aisle_status run(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    payment_change *c = (payment_change *)base;
    aisle_status st = aisle_tx_payment(tx, &c->note, aisle_request_arena(base->r), &c->order, &c->known, err);
    if (st == AISLE_EINVAL) {
        aisle_request_invalid(base->r, "/amount", "mismatch", "amount and currency of the order wanted");
        return aisle_change_refuse(base, 422, "validation_failed", "the amount is not the order's");
    }
    if (st == AISLE_ENOTFOUND) return aisle_change_refuse(base, 404, "not_found", "no order has this id");
    if (st != AISLE_OK) return st;
    json_t *o = aisle_answer_with(json_object(), "status", json_string(c->known ? "known" : "taken"));
    o = aisle_answer_with(o, "state", json_string(aisle_order_state_name(c->order.state)));
    return aisle_change_answer(base, 200, o, err);
}

static aisle_status read_note(aisle_request *r, aisle_payment_note *n)
{
    static const char *const known[] = {"id", "type", "order", "amount", "currency", "created", NULL};
    aisle_json_scope s;
    aisle_str id = {NULL, 0}, type = {NULL, 0}, created;
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    for (int i = 0; i < 4; i++)
        aisle_json_required(&s, known[i]); /* not the currency: an order may have none */
    aisle_json_text(&s, "id", 1, 255, &id);
    aisle_json_text(&s, "type", 1, 64, &type);
    aisle_json_text(&s, "order", 1, 255, &n->order);
    aisle_json_int(&s, "amount", (aisle_int_range){0, AISLE_MONEY_MAX, 0}, &n->amount_minor);
    aisle_json_text(&s, "currency", 1, 16, &n->currency);
    aisle_json_text(&s, "created", 1, 64, &created);
    n->paid = aisle_str_eq(type, AISLE_STR("payment.succeeded"));
    if (type.ptr && !n->paid && !aisle_str_eq(type, AISLE_STR("payment.failed"))) {
        aisle_request_invalid(r, "/type", "unknown", "payment.succeeded or payment.failed wanted");
        s.failed = true;
    }
    if (s.failed) return AISLE_EINVAL;
    aisle_hash_texts(&id, 1, n->id);
    return AISLE_OK;
}

aisle_status aisle_on_payment(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_str secret = aisle_request_app(r)->payment_secret;
    payment_change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the note");
    AISLE_TRY(aisle_request_query_only(r, none));
    if (!secret.len)
        return aisle_reply_problem(r, 501, "not_supported",
                                   "no secret is set for payments: see --payment-secret-file");
    const char *why = aisle_signature_fault(aisle_request_header(r, "Aisle-Signature"), aisle_request_body(r),
                                            secret, aisle_time_now_ms());
    if (why) return aisle_reply_problem(r, 401, "signature_invalid", why);
    AISLE_TRY(read_note(r, &c->note));
    c->base.r = r;
    c->base.run = run;
    return aisle_change_submit(&c->base);
}
