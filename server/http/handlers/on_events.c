/* POST /v1/events: what shoppers did, up to 1,000 at once, as an array, {"events": []} or JSON lines. The
 * answer comes after the commit is durable and says of each event, in its order, what became of it. */
#include <string.h>

#include "server/auth/identity.h"
#include "server/http/handlers/body_rows.h"
#include "server/json/json_text.h"
#include "server/store/accounts.h"

/* A wrong event's errors are bounded: each takes more bytes to answer than to send. */
enum { MAX_EVENTS = 1000, ID_BYTES = 255, ERRORS_MAX = 8 };
static const int64_t max_number = INT64_C(1) << 53;
static const int64_t day_ms = INT64_C(86400000);

typedef enum fate { FATE_REJECTED, FATE_STORED, FATE_DUPLICATE } fate;

/* One request's events on their way through the writer; in the request's arena. */
typedef struct batch {
    aisle_write w;
    aisle_request *r;
    aisle_body_rows rows;
    bool atomic;
    int32_t n;
    aisle_event *events;
    fate *fates;
    aisle_guest guest;    /* of events that name nobody */
    aisle_status outcome; /* of the write */
    json_t **errors;      /* of a rejected event: [{pointer, code, message}] */
} batch;

/* ---- reading one event; a wrong member is that event's own error, not the request's ---- */

typedef struct reading {
    json_t *object, *errors;
    int32_t index;
} reading;

static void refuse(reading *e, const char *name, const char *code, const char *message)
{
    if (json_array_size(e->errors) == ERRORS_MAX) return;
    json_t *error = json_pack("{s:o, s:s, s:s}", "pointer",
                              json_sprintf("/events/%d%s%s", e->index, name ? "/" : "", name ? name : ""),
                              "code", code, "message", message);
    if (!e->errors) e->errors = json_array();
    json_array_append_new(e->errors, error);
}

static aisle_str text(reading *e, const char *name)
{
    json_t *v = json_object_get(e->object, name);
    if (!v || json_is_null(v)) return (aisle_str){NULL, 0};
    if (!json_is_string(v))
        refuse(e, name, "wrong_type", "a string wanted");
    else if (json_string_length(v) < 1 || json_string_length(v) > ID_BYTES)
        refuse(e, name, "out_of_range", "1 to 255 bytes wanted");
    else
        return (aisle_str){json_string_value(v), json_string_length(v)};
    return (aisle_str){NULL, 0};
}

static int64_t whole(reading *e, const char *name, int64_t high, int64_t absent)
{
    json_t *v = json_object_get(e->object, name);
    if (!v || json_is_null(v)) return absent;
    if (!json_is_integer(v))
        refuse(e, name, "wrong_type", "an integer wanted");
    else if (json_integer_value(v) < 0 || json_integer_value(v) > high)
        refuse(e, name, "out_of_range", "a number from 0 to the field's limit wanted");
    else
        return json_integer_value(v);
    return absent;
}

static void read_type(reading *e, aisle_event *out)
{
    aisle_str name = text(e, "type");
    if (!name.ptr)
        refuse(e, "type", "required", "the type of the event is required");
    else if (!aisle_event_type_parse(name, &out->type))
        refuse(e, "type", "unknown",
               "one of view, click, add_to_cart, remove_from_cart, purchase, cancel, rating, review, like, "
               "dislike, impression wanted");
}

static bool moves_goods(aisle_event_type t)
{
    return t == AISLE_EVENT_ADD_TO_CART || t == AISLE_EVENT_REMOVE_FROM_CART || t == AISLE_EVENT_PURCHASE ||
           t == AISLE_EVENT_CANCEL;
}

/* `quantity` is another name of `value` where goods move. */
static void read_quantity(reading *e, aisle_event *out)
{
    json_t *v = json_object_get(e->object, "quantity"), *value = json_object_get(e->object, "value");
    if (!v || json_is_null(v)) return;
    if (!moves_goods(out->type) || (value && !json_is_null(value)))
        refuse(e, "quantity", "not_allowed",
               "a quantity goes with a cart, purchase or cancel, and without a value");
    else if (!json_is_integer(v))
        refuse(e, "quantity", "wrong_type", "an integer wanted");
    else if (json_integer_value(v) < 1 || json_integer_value(v) > 1000000)
        refuse(e, "quantity", "out_of_range", "1 to 1000000 wanted");
    else
        out->value = (double)json_integer_value(v);
}

/* Stars for ratings and reviews, a quantity where goods move, 1 for the rest. */
static void read_value(reading *e, aisle_event *out)
{
    json_t *v = json_object_get(e->object, "value");
    bool stars = out->type == AISLE_EVENT_RATING || out->type == AISLE_EVENT_REVIEW;
    out->value = stars ? 0 : 1;
    if (v && !json_is_null(v)) {
        double low = stars ? .5 : 1, high = stars ? 10 : 1e6, value = json_number_value(v);
        if (!json_is_number(v))
            refuse(e, "value", "wrong_type", "a number wanted");
        else if (!(value >= low && value <= high))
            refuse(e, "value", "out_of_range", stars ? "0.5 to 10 stars wanted" : "1 to 1000000 wanted");
        else
            out->value = value;
    } else if (out->type == AISLE_EVENT_RATING)
        refuse(e, "value", "required", "a rating needs its stars");
}

static void read_time(reading *e, aisle_event *out)
{
    aisle_str when = text(e, "time");
    int64_t now = aisle_time_now_ms();
    out->at_ms = now;
    if (!when.ptr) return;
    if (!aisle_time_parse(when, &out->at_ms))
        refuse(e, "time", "wrong_type", "an RFC 3339 time wanted, such as 2026-11-24T08:00:00Z");
    else if (out->at_ms <= 0 || out->at_ms > now + day_ms)
        refuse(e, "time", "out_of_range", "a time since 1970 and not in the future wanted");
}

static void read_names(reading *e)
{
    static const char *const known[] = {
        "event_id", "type",     "user",  "session",           "item", "time", "value", "quantity",
        "price",    "position", "order", "recommendation_id", NULL};
    const char *key;
    json_t *value;
    json_object_foreach(e->object, key, value)
    {
        const char *const *n = known;
        while (*n && strcmp(*n, key) != 0) n++;
        if (!*n) refuse(e, key, "unknown_member", "no member of this name is known here");
    }
}

/* NULL when the event is right, else its errors. */
static json_t *read_event(json_t *object, int32_t index, aisle_event *out)
{
    reading e = {.object = object, .index = index};
    *out = (aisle_event){.price_minor = -1};
    if (!json_is_object(object)) {
        refuse(&e, NULL, "wrong_type", "an object wanted");
        return e.errors;
    }
    read_names(&e);
    read_type(&e, out);
    out->event_id = text(&e, "event_id");
    out->user = text(&e, "user");
    out->session = text(&e, "session");
    out->item = text(&e, "item");
    out->order = text(&e, "order");
    out->recommendation = text(&e, "recommendation_id");
    out->price_minor = whole(&e, "price", max_number, -1);
    out->position = (int32_t)whole(&e, "position", 100000, 0);
    read_value(&e, out);
    read_quantity(&e, out);
    read_time(&e, out);
    if (!e.errors && !out->item.ptr) refuse(&e, "item", "required", "the product's id is required");
    return e.errors;
}

static aisle_status make_room(batch *b)
{
    aisle_arena *a = aisle_request_arena(b->r);
    size_t n = json_array_size(b->rows.list);
    b->events = aisle_arena_calloc(a, n, sizeof *b->events);
    b->fates = aisle_arena_calloc(a, n, sizeof *b->fates);
    b->errors = aisle_arena_calloc(a, n, sizeof *b->errors);
    if (b->events && b->fates && b->errors) {
        b->n = (int32_t)n;
        return AISLE_OK;
    }
    return aisle_fail(aisle_request_error(b->r), AISLE_ENOMEM, "out of memory for %zu events", n);
}

/* Reads every event; says how many are right. */
static int32_t read_events(batch *b)
{
    int32_t right = 0;
    for (int32_t i = 0; i < b->n; i++) {
        b->errors[i] = read_event(json_array_get(b->rows.list, (size_t)i), i, &b->events[i]);
        if (!b->errors[i]) right++;
    }
    return right;
}

/* Events that name nobody are the asker's own; others need the right to name whom they name. False: answered. */
static bool settle_names(batch *b, aisle_status *st)
{
    const aisle_identity *who = aisle_request_identity(b->r);
    bool own = false;
    for (int32_t i = 0; i < b->n; i++) {
        aisle_event *e = &b->events[i];
        if (!aisle_request_may_name(b->r, e->user, e->session, AISLE_SCOPE_EVENTS,
                                    "an event that names a user or a session"))
            return false;
        if (!b->errors[i] && !e->user.ptr && !e->session.ptr) own = true;
    }
    if (own && !who->user) *st = aisle_guest_begin(b->r, &b->guest);
    for (int32_t i = 0; i < b->n && own; i++) {
        aisle_event *e = &b->events[i];
        if (b->errors[i] || e->user.ptr || e->session.ptr) continue;
        if (who->user)
            e->user = who->user_ext;
        else
            e->session = b->guest.fresh ? aisle_str_from(b->guest.session_ext) : who->session_ext;
    }
    return true;
}

/* ---- storing and answering ---- */

static void release(batch *b)
{
    for (int32_t i = 0; i < b->n; i++) json_decref(b->errors[i]);
    aisle_body_rows_deinit(&b->rows);
    b->n = 0;
}

static aisle_status store(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    batch *b = (batch *)w;
    int64_t session;
    const aisle_identity *who = aisle_request_identity(b->r);
    AISLE_TRY(aisle_tx_asker(tx, who->user, who->user_ext, who->session, who->session_ext, err));
    if (b->guest.fresh)
        AISLE_TRY(aisle_tx_guest(tx, b->guest.hash, b->guest.session_ext, b->guest.now_ms, &session, err));
    for (int32_t i = 0; i < b->n; i++) {
        bool known = false;
        if (b->errors[i]) continue;
        AISLE_TRY(aisle_tx_event(tx, &b->events[i], &known, err));
        b->fates[i] = known ? FATE_DUPLICATE : FATE_STORED;
    }
    return AISLE_OK;
}

/* As text: a tree of a thousand objects would take longer than reading the events. */
static bool encode(const batch *b, int64_t counts[3], aisle_buf *out)
{
    static const char *const fates[] = {"{\"status\":\"rejected\"", "{\"status\":\"stored\"",
                                        "{\"status\":\"duplicate\""};
    bool ok = aisle_text_raw(out, "{\"results\":[");
    for (int32_t i = 0; i < b->n && ok; i++) {
        counts[b->fates[i]]++;
        ok = (i == 0 || aisle_text_raw(out, ",")) && aisle_text_raw(out, fates[b->fates[i]]);
        if (b->errors[i])
            ok = ok && aisle_text_raw(out, ",\"errors\":") && aisle_text_tree(out, json_incref(b->errors[i]));
        ok = ok && aisle_text_raw(out, "}");
    }
    return ok && aisle_text_raw(out, "],\"stored\":") && aisle_text_int(out, counts[FATE_STORED]) &&
           aisle_text_raw(out, ",\"duplicates\":") && aisle_text_int(out, counts[FATE_DUPLICATE]) &&
           aisle_text_raw(out, ",\"rejected\":") && aisle_text_int(out, counts[FATE_REJECTED]) &&
           aisle_text_raw(out, "}");
}

static aisle_status reply(batch *b)
{
    int64_t counts[3] = {0};
    aisle_buf text = {0};
    aisle_app *app = aisle_request_app(b->r);
    bool encoded = encode(b, counts, &text);
    __atomic_add_fetch(&app->events_stored, counts[FATE_STORED], __ATOMIC_RELAXED);
    __atomic_add_fetch(&app->events_known, counts[FATE_DUPLICATE], __ATOMIC_RELAXED);
    release(b);
    aisle_status st =
        encoded ? aisle_reply_bytes(b->r, 200, "application/json", text.data, (size_t)text.len)
                : aisle_fail(aisle_request_error(b->r), AISLE_ENOMEM, "out of memory for the answer");
    aisle_buf_deinit(&text);
    return st;
}

static void on_loop(aisle_request *r, void *ctx)
{
    batch *b = ctx;
    aisle_status st = b->outcome;
    if (st == AISLE_OK) st = reply(b);
    if (st == AISLE_EDENIED) /* the only one that the write denies */
        st = aisle_reply_problem(r, 401, "authentication_required", aisle_session_erased);
    release(b);
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

static void stored(aisle_write *w, aisle_status st, const aisle_error *err)
{
    batch *b = (batch *)w;
    b->outcome = st;
    if (st != AISLE_OK && err) *aisle_request_error(b->r) = *err;
    aisle_request_finish(b->r, on_loop, b);
}

/* One wrong event of an atomic batch refuses it all: its errors become those of the request. */
static aisle_status refuse_all(batch *b)
{
    for (int32_t i = 0; i < b->n; i++) {
        size_t k;
        json_t *e;
        json_array_foreach(b->errors[i], k, e)(void)
            aisle_request_invalid(b->r, json_string_value(json_object_get(e, "pointer")),
                                  json_string_value(json_object_get(e, "code")), "%s",
                                  json_string_value(json_object_get(e, "message")));
    }
    return AISLE_EINVAL;
}

static aisle_status take(batch *b)
{
    aisle_status st = AISLE_OK;
    AISLE_TRY(make_room(b));
    int32_t right = read_events(b);
    if (b->atomic && right < b->n) return refuse_all(b);
    if (!settle_names(b, &st)) {
        release(b);
        return AISLE_OK;
    }
    if (st != AISLE_OK) return st;
    if (right == 0) return reply(b);
    b->w = (aisle_write){.run = store, .done = stored};
    aisle_request_defer(b->r);
    st = aisle_store_submit(aisle_request_app(b->r)->store, &b->w);
    if (st != AISLE_OK) {
        aisle_error full;
        aisle_fail(&full, st, "too many writes wait; try again in a second");
        stored(&b->w, st, &full);
    }
    return AISLE_OK;
}

aisle_status aisle_on_events_add(aisle_request *r)
{
    static const char *const known[] = {"atomic", NULL};
    batch *b = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *b);
    if (!b) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the events");
    b->r = r;
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_bool(r, "atomic", false, &b->atomic));
    aisle_status st = aisle_body_rows_read(r, "events", MAX_EVENTS, &b->rows);
    if (st == AISLE_EUNSUPPORTED)
        return aisle_reply_problem(r, 415, "unsupported_media_type", aisle_request_error(r)->message);
    if (st == AISLE_OK) st = take(b);
    if (st != AISLE_OK) release(b);
    return st;
}
