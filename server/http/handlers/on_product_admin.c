/* PUT, PATCH and DELETE of /v1/admin/products/{id}: one product, in one durable write (change.h). */
#include <string.h>

#include "server/http/handlers/change.h"
#include "server/http/handlers/product_body.h"
#include "server/http/handlers/product_cache.h"

typedef enum change_kind { CHANGE_PUT, CHANGE_PATCH, CHANGE_DELETE } change_kind;

typedef struct change {
    aisle_change c; /* first */
    change_kind kind;
    aisle_str id;
    int64_t expected; /* version, 0 = none may be there, -1 = any */
    bool must_exist;
    aisle_product_body body;
} change;

/* ---- what is expected ---- */

/* `"12-9f.."`, as the ETag of a product, or `*`. Of anything else no version is known: it matches none. */
static aisle_status read_preconditions(change *c)
{
    aisle_str match = aisle_str_trim(aisle_request_header(c->c.r, "if-match"));
    aisle_str none = aisle_str_trim(aisle_request_header(c->c.r, "if-none-match"));
    c->expected = c->body.version;
    if (none.ptr && !aisle_str_eq(none, AISLE_STR("*")))
        return aisle_request_invalid(c->c.r, "If-None-Match", "unknown",
                                     "only * is known here: create, do not replace");
    if (none.ptr) c->expected = 0;
    if (!match.len) return AISLE_OK;
    c->must_exist = true;
    if (aisle_str_eq(match, AISLE_STR("*"))) return AISLE_OK;
    size_t from = match.ptr[0] == '"', end = from;
    while (end < match.len && match.ptr[end] >= '0' && match.ptr[end] <= '9') end++;
    if (!aisle_str_to_i64((aisle_str){match.ptr + from, end - from}, &c->expected) || c->expected < 1)
        return aisle_request_invalid(c->c.r, "If-Match", "malformed", "the ETag of a product wanted");
    return AISLE_OK;
}

/* ---- on the writer's thread ---- */

static aisle_status refuse_version(change *c, int64_t version)
{
    const char *text =
        aisle_arena_printf(aisle_request_arena(c->c.r), "the product has version %lld%s; read it again",
                           (long long)version, version ? "" : " (it is not there)");
    return aisle_change_refuse(&c->c, 409, "version_conflict", text ? text : "it has another version");
}

static aisle_status answer_product(change *c, aisle_tx *tx, bool created, aisle_error *err)
{
    aisle_product p;
    int64_t version;
    aisle_arena *a = aisle_request_arena(c->c.r);
    AISLE_TRY(aisle_tx_product_get(tx, c->id, a, &p, &version, err));
    AISLE_TRY(aisle_change_answer(&c->c, created ? 201 : 200, aisle_answer_product_detail(&p, version), err));
    char *text = json_dumps(c->c.body, AISLE_JSON_STYLE), *tag = aisle_arena_alloc(a, AISLE_PRODUCT_TAG);
    if (text && tag) aisle_product_tag(version, text, strlen(text), tag);
    c->c.etag = text ? tag : NULL;
    aisle_free(text);
    return c->c.etag ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the answer");
}

static aisle_status merge(change *c, aisle_product *stored, aisle_error *err)
{
    aisle_arena *a = aisle_request_arena(c->c.r);
    aisle_status st = aisle_product_body_merge(&c->body, a, stored, err);
    if (st != AISLE_ECONFLICT) return st;
    const char *text = aisle_arena_strndup(a, err->message, strlen(err->message));
    return aisle_change_refuse(&c->c, 422, "insufficient_stock", text ? text : "not so many are left");
}

static aisle_status run_record(aisle_change *frame, aisle_tx *tx, aisle_error *err)
{
    change *c = (change *)frame;
    aisle_product stored, *record = &c->body.product;
    int64_t version = 0;
    aisle_status st = aisle_tx_product_get(tx, c->id, aisle_request_arena(c->c.r), &stored, &version, err);
    if (st != AISLE_OK && (st != AISLE_ENOTFOUND || c->kind == CHANGE_PATCH)) return st;
    if ((c->must_exist && !version) || (c->expected >= 0 && c->expected != version))
        return refuse_version(c, version);
    if (c->kind == CHANGE_PATCH) {
        AISLE_TRY(merge(c, &stored, err));
        record = &stored;
    }
    record->id = c->id;
    if (!version && !record->created_ms) record->created_ms = aisle_time_now_ms();
    aisle_product_write w = {.product = record, .expected = -1};
    AISLE_TRY(aisle_tx_product_put(tx, &w, err));
    return answer_product(c, tx, w.created, err);
}

static aisle_status run_delete(aisle_change *frame, aisle_tx *tx, aisle_error *err)
{
    change *c = (change *)frame;
    aisle_status st = aisle_tx_product_remove(tx, c->id, c->expected, err);
    c->c.status = 204;
    if (st != AISLE_ECONFLICT) return st;
    const char *text = aisle_arena_strndup(aisle_request_arena(c->c.r), err->message, strlen(err->message));
    return aisle_change_refuse(&c->c, 409, "version_conflict", text ? text : "it has another version");
}

/* ---- the question ---- */

static aisle_status begin(aisle_request *r, change_kind kind, change **out)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for a product");
    c->c.r = r;
    c->c.run = kind == CHANGE_DELETE ? run_delete : run_record;
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
    return aisle_change_submit(&c->c);
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
    return aisle_change_submit(&c->c);
}
