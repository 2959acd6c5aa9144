/* PUT, PATCH and DELETE of /v1/admin/products/{id}: one product, in one durable write. The answer comes after the commit. */
#include "server/http/handlers/product_body.h"
#include "server/http/handlers/product_cache.h"

typedef enum change_kind { CHANGE_PUT, CHANGE_PATCH, CHANGE_DELETE } change_kind;

/* One change on its way through the writer; in the request's arena. */
typedef struct change {
    aisle_write w;
    aisle_request *r;
    change_kind kind;
    aisle_str id;
    int64_t expected; /* version, 0 = none may be there, -1 = any */
    bool must_exist;
    aisle_product_body body;
    aisle_status outcome;
    bool created, stale, short_of_stock;
} change;

/* ---- what is expected ---- */

/* `"12-9f.."`, as the ETag of a product, or `*`. Of anything else no version is known: it matches none. */
static aisle_status read_preconditions(change *c)
{
    aisle_str match = aisle_str_trim(aisle_request_header(c->r, "if-match"));
    aisle_str none = aisle_str_trim(aisle_request_header(c->r, "if-none-match"));
    c->expected = c->body.version;
    if (none.ptr && !aisle_str_eq(none, AISLE_STR("*")))
        return aisle_request_invalid(c->r, "If-None-Match", "unknown",
                                     "only * is known here: create, do not replace");
    if (none.ptr) c->expected = 0;
    if (!match.len) return AISLE_OK;
    c->must_exist = true;
    if (aisle_str_eq(match, AISLE_STR("*"))) return AISLE_OK;
    size_t from = match.ptr[0] == '"', end = from;
    while (end < match.len && match.ptr[end] >= '0' && match.ptr[end] <= '9') end++;
    if (!aisle_str_to_i64((aisle_str){match.ptr + from, end - from}, &c->expected) || c->expected < 1)
        return aisle_request_invalid(c->r, "If-Match", "malformed", "the ETag of a product wanted");
    return AISLE_OK;
}

/* ---- on the writer's thread ---- */

static aisle_status write_record(change *c, aisle_tx *tx, aisle_error *err)
{
    aisle_product stored, *record = &c->body.product;
    aisle_arena *a = aisle_request_arena(c->r);
    int64_t version = 0;
    aisle_status st = aisle_tx_product_get(tx, c->id, a, &stored, &version, err);
    if (st != AISLE_OK && st != AISLE_ENOTFOUND) return st;
    if (c->kind == CHANGE_PATCH && st == AISLE_ENOTFOUND) return st;
    c->stale = (c->must_exist && !version) || (c->expected >= 0 && c->expected != version);
    if (c->stale)
        return aisle_fail(err, AISLE_ECONFLICT, "the product has version %lld%s; read it again",
                          (long long)version, version ? "" : " (it is not there)");
    if (c->kind == CHANGE_PATCH) {
        st = aisle_product_body_merge(&c->body, a, &stored, err);
        c->short_of_stock = st == AISLE_ECONFLICT;
        record = &stored;
        if (st != AISLE_OK) return st;
    }
    record->id = c->id;
    if (!version && !record->created_ms) record->created_ms = aisle_time_now_ms();
    aisle_product_write w = {.product = record, .expected = -1};
    AISLE_TRY(aisle_tx_product_put(tx, &w, err));
    c->created = w.created;
    return AISLE_OK;
}

static aisle_status run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    change *c = (change *)w;
    if (c->kind != CHANGE_DELETE) return write_record(c, tx, err);
    aisle_status st = aisle_tx_product_remove(tx, c->id, c->expected, err);
    c->stale = st == AISLE_ECONFLICT;
    return st;
}

/* ---- the answer ---- */

static aisle_status reply_product(change *c)
{
    aisle_product p;
    int64_t version;
    aisle_request *r = c->r;
    char tag[AISLE_PRODUCT_TAG];
    AISLE_TRY(aisle_view_product(aisle_loop_of(r)->view, c->id, aisle_request_arena(r), &p, &version,
                                 aisle_request_error(r)));
    json_t *body = aisle_answer_product_detail(&p, version);
    char *text = body ? json_dumps(body, AISLE_JSON_STYLE) : NULL;
    json_decref(body);
    if (!text) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the answer");
    aisle_product_tag(version, text, strlen(text), tag);
    aisle_reply_header(r, "ETag", tag);
    aisle_status st = aisle_reply_bytes(r, c->created ? 201 : 200, "application/json", text, strlen(text));
    aisle_free(text);
    return st;
}

static void on_loop(aisle_request *r, void *ctx)
{
    change *c = ctx;
    aisle_status st = c->outcome;
    if (c->stale)
        st = aisle_reply_problem(r, 409, "version_conflict", aisle_request_error(r)->message);
    else if (c->short_of_stock)
        st = aisle_reply_problem(r, 422, "insufficient_stock", aisle_request_error(r)->message);
    else if (st == AISLE_OK)
        st = c->kind == CHANGE_DELETE ? aisle_reply_empty(r, 204) : reply_product(c);
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

static void done(aisle_write *w, aisle_status st, const aisle_error *err)
{
    change *c = (change *)w;
    c->outcome = st;
    if (st != AISLE_OK && err) *aisle_request_error(c->r) = *err;
    aisle_request_finish(c->r, on_loop, c);
}

static aisle_status submit(change *c)
{
    c->w = (aisle_write){.run = run, .done = done};
    aisle_request_defer(c->r);
    aisle_status st = aisle_store_submit(aisle_request_app(c->r)->store, &c->w);
    if (st != AISLE_OK) {
        aisle_error full;
        aisle_fail(&full, st, "too many writes wait; try again in a second");
        done(&c->w, st, &full);
    }
    return AISLE_OK;
}

/* ---- the question ---- */

static aisle_status begin(aisle_request *r, change_kind kind, change **out)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for a product");
    c->r = r;
    c->kind = kind;
    c->id = aisle_request_param(r, "id");
    c->body.version = -1;
    *out = c;
    if (c->id.len < 1 || c->id.len > 255)
        return aisle_request_invalid(r, "{id}", "out_of_range", "1 to 255 bytes wanted, got %zu", c->id.len);
    return AISLE_OK;
}

static aisle_status change_record(aisle_request *r, change_kind kind)
{
    change *c;
    aisle_json_scope s;
    AISLE_TRY(begin(r, kind, &c));
    AISLE_TRY(aisle_json_body(r, &s));
    AISLE_TRY(aisle_product_body_read(&s, kind == CHANGE_PATCH, &c->body));
    if (c->body.product.id.ptr && !aisle_str_eq(c->body.product.id, c->id))
        return aisle_request_invalid(r, "/id", "conflict", "not the id of the path");
    AISLE_TRY(read_preconditions(c));
    return submit(c);
}

aisle_status aisle_on_product_put(aisle_request *r)
{
    return change_record(r, CHANGE_PUT);
}

aisle_status aisle_on_product_patch(aisle_request *r)
{
    return change_record(r, CHANGE_PATCH);
}

aisle_status aisle_on_product_delete(aisle_request *r)
{
    change *c;
    AISLE_TRY(begin(r, CHANGE_DELETE, &c));
    AISLE_TRY(read_preconditions(c));
    return submit(c);
}
