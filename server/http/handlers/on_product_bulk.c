/* POST /v1/admin/products: up to 1,000 products at once, each created or replaced as by PUT, in one durable write. Parsing
 * so many takes longer than a loop has: all of it is done by the background worker, which waits for the commit and for the
 * catalogue in memory. */
#include "server/http/handlers/body_rows.h"
#include "server/http/handlers/product_body.h"

enum { ROWS_MAX = 1000, ERRORS_MAX = 8 };

typedef enum fate { FATE_REJECTED, FATE_CREATED, FATE_UPDATED, FATE_UNCHANGED, FATES } fate;
static const char *const fate_names[FATES] = {"rejected", "created", "updated", "unchanged"};

typedef struct row {
    aisle_product_body body;
    json_t *errors; /* of a rejected row: [{pointer, code, message}] */
    fate fate;
} row;

typedef struct bulk {
    aisle_work work;
    aisle_write w;
    bool atomic, refused, wrong_type;
    aisle_body_rows rows;
    row *list;
    int32_t n;
    json_t *answer;
} bulk;

/* ---- reading ---- */

/* The errors that were gathered for this row become its own, a few of them. */
static void keep_errors(aisle_request *r, row *one)
{
    one->errors = aisle_request_errors_take(r);
    if (!one->errors) one->errors = json_array();
    while (json_array_size(one->errors) > ERRORS_MAX) json_array_remove(one->errors, ERRORS_MAX);
}

static aisle_status read_row(bulk *b, int32_t i)
{
    aisle_request *r = b->work.r;
    row *one = &b->list[i];
    aisle_json_scope s = {.r = r, .object = json_array_get(b->rows.list, (size_t)i)};
    aisle_status st;
    snprintf(s.pointer, sizeof s.pointer, "/products/%d", i);
    if (!json_is_object(s.object))
        st = aisle_request_invalid(r, s.pointer, "wrong_type", "an object wanted");
    else {
        aisle_status named = aisle_json_required(&s, "id");
        st = aisle_product_body_read(&s, false, &one->body);
        if (st == AISLE_OK) st = named;
    }
    if (st == AISLE_EINVAL) keep_errors(r, one);
    return st == AISLE_EINVAL ? AISLE_OK : st;
}

static aisle_status read_rows(bulk *b, int32_t *wrong)
{
    aisle_request *r = b->work.r;
    aisle_status st = aisle_body_rows_read(r, "products", ROWS_MAX, &b->rows);
    b->wrong_type = st == AISLE_EUNSUPPORTED;
    if (st != AISLE_OK) return st;
    size_t n = json_array_size(b->rows.list);
    b->list = aisle_arena_calloc(aisle_request_arena(r), n, sizeof *b->list);
    if (!b->list)
        return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for %zu products", n);
    b->n = (int32_t)n;
    for (int32_t i = 0; i < b->n; i++) {
        AISLE_TRY(read_row(b, i));
        *wrong += b->list[i].errors != NULL;
    }
    return AISLE_OK;
}

/* ---- writing ---- */

static bool refuse_version(row *one, int32_t i, int64_t version)
{
    json_t *e = json_pack("[{s:o, s:s, s:o}]", "pointer", json_sprintf("/products/%d/version", i), "code",
                          "version_conflict", "message",
                          json_sprintf("the product has version %lld", (long long)version));
    one->errors = e;
    return e != NULL;
}

static aisle_status write_row(bulk *b, aisle_tx *tx, int32_t i, aisle_error *err)
{
    row *one = &b->list[i];
    aisle_product stored, *p = &one->body.product;
    int64_t version = 0;
    aisle_status st = aisle_tx_product_get(tx, p->id, aisle_request_arena(b->work.r), &stored, &version, err);
    if (st != AISLE_OK && st != AISLE_ENOTFOUND) return st;
    if (one->body.version >= 0 && one->body.version != version) {
        b->refused |= b->atomic;
        if (!refuse_version(one, i, version))
            return aisle_fail(err, AISLE_ENOMEM, "out of memory for the products");
        return AISLE_OK;
    }
    if (!version && !p->created_ms) p->created_ms = aisle_time_now_ms();
    aisle_product_write w = {.product = p, .expected = -1};
    AISLE_TRY(aisle_tx_product_put(tx, &w, err));
    one->fate = w.created ? FATE_CREATED : w.changed ? FATE_UPDATED : FATE_UNCHANGED;
    return AISLE_OK;
}

static aisle_status write_all(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    bulk *b = (bulk *)((char *)w - offsetof(bulk, w));
    for (int32_t i = 0; i < b->n; i++)
        if (!b->list[i].errors) AISLE_TRY(write_row(b, tx, i, err));
    return b->refused ? aisle_fail(err, AISLE_ECONFLICT,
                                   "a product has another version than was expected: none is written")
                      : AISLE_OK;
}

/* ---- answering ---- */

static json_t *encode(const bulk *b)
{
    int64_t counts[FATES] = {0};
    json_t *results = json_array();
    for (int32_t i = 0; i < b->n; i++) {
        const row *one = &b->list[i];
        counts[one->fate]++;
        json_t *o = json_pack("{s:s}", "status", fate_names[one->fate]);
        if (o && one->body.product.id.ptr)
            o = aisle_answer_with(o, "id", aisle_answer_text(one->body.product.id));
        if (o && one->errors) json_object_set(o, "errors", one->errors);
        json_array_append_new(results, o);
    }
    json_t *body = aisle_answer_with(json_object(), "results", results);
    for (int f = 0; f < FATES; f++) body = aisle_answer_with(body, fate_names[f], json_integer(counts[f]));
    return body;
}

/* One wrong row of an atomic request refuses it all: its errors become those of the request. */
static aisle_status refuse_all(bulk *b)
{
    for (int32_t i = 0; i < b->n; i++) {
        size_t k;
        json_t *e;
        json_array_foreach(b->list[i].errors, k, e)(void)
            aisle_request_invalid(b->work.r, json_string_value(json_object_get(e, "pointer")),
                                  json_string_value(json_object_get(e, "code")), "%s",
                                  json_string_value(json_object_get(e, "message")));
    }
    return AISLE_EINVAL;
}

static aisle_status carry_out(bulk *b, aisle_error *err)
{
    int32_t wrong = 0;
    aisle_app *app = aisle_request_app(b->work.r);
    AISLE_TRY(read_rows(b, &wrong));
    if (b->atomic && wrong) return refuse_all(b);
    if (wrong < b->n) {
        b->w = (aisle_write){.run = write_all};
        AISLE_TRY(aisle_store_write_now(app->store, &b->w, err));
        AISLE_TRY(aisle_catalogue_refresh(app->catalogue, err));
    }
    b->answer = encode(b);
    return b->answer ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the answer");
}

static aisle_status run(aisle_work *w, aisle_error *err)
{
    bulk *b = (bulk *)w;
    aisle_status st = carry_out(b, err);
    for (int32_t i = 0; i < b->n; i++) json_decref(b->list[i].errors);
    aisle_body_rows_deinit(&b->rows);
    return b->refused || b->wrong_type ? AISLE_OK : st;
}

static aisle_status reply(aisle_work *w)
{
    const bulk *b = (bulk *)w;
    const char *why = aisle_request_error(w->r)->message;
    if (b->wrong_type) return aisle_reply_problem(w->r, 415, "unsupported_media_type", why);
    if (b->refused) return aisle_reply_problem(w->r, 409, "version_conflict", why);
    return aisle_reply_json(w->r, 200, b->answer);
}

aisle_status aisle_on_products_add(aisle_request *r)
{
    static const char *const known[] = {"atomic", NULL};
    bulk *b = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *b);
    if (!b) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the products");
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_bool(r, "atomic", false, &b->atomic));
    b->work = (aisle_work){.r = r, .run = run, .reply = reply};
    return aisle_work_submit(&b->work);
}
