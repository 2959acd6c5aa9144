/* Writing products, users and events inside a transaction. */
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "server/store/store_internal.h"

enum { MAX_ID = 255 };

static aisle_status check_id(const char *what, aisle_str s, bool needed, aisle_error *err)
{
    if (!s.ptr && !needed) return AISLE_OK;
    if (s.ptr && s.len >= 1 && s.len <= MAX_ID) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL, "%s: %zu bytes, must be 1 to %d", what, s.len, MAX_ID);
}

aisle_status aisle_event_check(const aisle_event *e, aisle_error *err)
{
    AISLE_TRY(check_id("item of an event", e->item, true, err));
    AISLE_TRY(check_id("user of an event", e->user, e->session.ptr == NULL, err));
    AISLE_TRY(check_id("session of an event", e->session, false, err));
    AISLE_TRY(check_id("event_id", e->event_id, false, err));
    AISLE_TRY(check_id("order of an event", e->order, false, err));
    AISLE_TRY(check_id("recommendation of an event", e->recommendation, false, err));
    if ((unsigned)e->type >= AISLE_EVENT_TYPES)
        return aisle_fail(err, AISLE_EINVAL, "type of an event: %d is none of the event types", (int)e->type);
    if (!isfinite(e->value) || e->value < 0)
        return aisle_fail(err, AISLE_EINVAL, "value of an event: %g, must be 0 or more", e->value);
    if (e->price_minor < -1 || e->position < 0)
        return aisle_fail(err, AISLE_EINVAL, "price %lld or position %d of an event is negative",
                          (long long)e->price_minor, e->position);
    return AISLE_OK;
}

aisle_status aisle_product_check(const aisle_product *p, aisle_error *err)
{
    AISLE_TRY(check_id("id of a product", p->id, true, err));
    if (p->price_minor < -1 || p->stock < -1)
        return aisle_fail(err, AISLE_EINVAL, "price %lld or stock %lld of a product is below -1",
                          (long long)p->price_minor, (long long)p->stock);
    return AISLE_OK;
}

aisle_status aisle_user_check(const aisle_user *u, aisle_error *err)
{
    return check_id("id of a user", u->id, true, err);
}

static unsigned char *put_text(unsigned char *at, aisle_str s)
{
    *at++ = s.ptr != NULL; /* absent and empty differ */
    *at++ = (unsigned char)s.len;
    if (s.len) memcpy(at, s.ptr, s.len);
    return at + s.len;
}

static unsigned char *put_word(unsigned char *at, uint64_t v)
{
    for (int i = 0; i < 8; i++) *at++ = (unsigned char)(v >> 8 * i);
    return at;
}

static int64_t hash(const unsigned char *text, size_t bytes)
{
    unsigned char digest[crypto_generichash_BYTES_MIN];
    uint64_t key = 0;
    crypto_generichash(digest, sizeof digest, text, bytes, NULL, 0);
    for (int i = 7; i >= 0; i--) key = key << 8 | digest[i];
    return (int64_t)key;
}

/* The layout is part of the database: a changed one would make every record new. */
int64_t aisle_event_key(const aisle_event *e)
{
    unsigned char text[5 * (MAX_ID + 2) + 4 * 8], *at = text;
    if (e->event_id.ptr) {
        at = put_text(at, e->event_id);
    } else {
        uint64_t value;
        memcpy(&value, &e->value, sizeof value);
        at = put_text(at, (aisle_str){NULL, 0});
        at = put_text(at, e->user);
        at = put_text(at, e->session);
        at = put_text(at, e->item);
        at = put_text(at, e->order);
        at = put_word(at, (uint64_t)e->type);
        at = put_word(at, (uint64_t)e->at_ms);
        at = put_word(at, value);
        at = put_word(at, (uint64_t)e->price_minor);
    }
    return hash(text, (size_t)(at - text));
}

int64_t aisle_event_key_again(int64_t key, uint32_t n)
{
    unsigned char text[16];
    put_word(put_word(text, (uint64_t)key), n);
    return hash(text, sizeof text);
}

aisle_status aisle_tx_ext(aisle_tx *tx, aisle_ext_kind kind, aisle_str ext, int64_t *id, aisle_error *err)
{
    static const aisle_sql find[] = {AISLE_SQL_PRODUCT_ID, AISLE_SQL_USER_ID, AISLE_SQL_SESSION_ID};
    static const aisle_sql add[] = {AISLE_SQL_PRODUCT_ID_ADD, AISLE_SQL_USER_ID_ADD,
                                    AISLE_SQL_SESSION_ID_ADD};
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, find[kind]);
    aisle_stmt_text(&q, 1, ext);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (row) {
        *id = aisle_stmt_get_int(&q, 0);
        aisle_stmt_end(&q);
        return AISLE_OK;
    }
    q = aisle_stmt_begin(tx->db, add[kind]);
    aisle_stmt_text(&q, 1, ext);
    AISLE_TRY(aisle_stmt_run(&q, err));
    *id = sqlite3_last_insert_rowid(tx->db->handle);
    if (kind == AISLE_EXT_USER) tx->deltas.users++;
    return AISLE_OK;
}

aisle_status aisle_tx_event_claim(aisle_tx *tx, int64_t key, bool *known, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EVENT_KEY_ADD);
    aisle_stmt_int(&q, 1, key);
    AISLE_TRY(aisle_stmt_run(&q, err));
    *known = sqlite3_changes(tx->db->handle) == 0;
    return AISLE_OK;
}

aisle_status aisle_tx_event_insert(aisle_tx *tx, const aisle_event *e, const aisle_event_ids *ids,
                                   aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EVENT_INSERT);
    aisle_stmt_id(&q, 1, ids->user);
    aisle_stmt_id(&q, 2, ids->session);
    aisle_stmt_int(&q, 3, ids->product);
    aisle_stmt_int(&q, 4, e->type);
    aisle_stmt_int(&q, 5, e->at_ms);
    aisle_stmt_real(&q, 6, e->value);
    aisle_stmt_int(&q, 7, e->price_minor);
    aisle_stmt_int(&q, 8, e->position);
    aisle_stmt_text(&q, 9, e->order);
    aisle_stmt_text(&q, 10, e->recommendation);
    AISLE_TRY(aisle_stmt_run(&q, err));
    tx->deltas.events++;
    return AISLE_OK;
}

aisle_status aisle_tx_event(aisle_tx *tx, const aisle_event *e, bool *known, aisle_error *err)
{
    aisle_event_ids ids = {0};
    AISLE_TRY(aisle_event_check(e, err));
    /* First: a known event must not leave a product or user behind that only it named. */
    AISLE_TRY(aisle_tx_event_claim(tx, aisle_event_key(e), known, err));
    if (*known) return AISLE_OK;
    AISLE_TRY(aisle_tx_ext(tx, AISLE_EXT_PRODUCT, e->item, &ids.product, err));
    if (e->user.ptr) AISLE_TRY(aisle_tx_ext(tx, AISLE_EXT_USER, e->user, &ids.user, err));
    if (e->session.ptr) AISLE_TRY(aisle_tx_ext(tx, AISLE_EXT_SESSION, e->session, &ids.session, err));
    return aisle_tx_event_insert(tx, e, &ids, err);
}

static aisle_stmt product_stmt(aisle_tx *tx, aisle_sql id, const aisle_product *p)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, id);
    aisle_stmt_text(&q, 1, p->id);
    aisle_stmt_text(&q, 2, p->title);
    aisle_stmt_text(&q, 3, p->description);
    aisle_stmt_text(&q, 4, p->brand);
    aisle_stmt_text(&q, 5, p->category);
    aisle_stmt_text(&q, 6, p->currency);
    aisle_stmt_text(&q, 7, p->attributes);
    aisle_stmt_int(&q, 8, p->price_minor);
    aisle_stmt_int(&q, 9, p->stock);
    aisle_stmt_int(&q, 10, p->created_ms);
    aisle_stmt_text(&q, 11, p->images);
    aisle_stmt_int(&q, 12, p->visibility);
    return q;
}

aisle_status aisle_tx_product(aisle_tx *tx, const aisle_product *p, aisle_error *err)
{
    bool row, added;
    AISLE_TRY(aisle_product_check(p, err));
    aisle_stmt q = product_stmt(tx, AISLE_SQL_PRODUCT_INSERT, p);
    AISLE_TRY(aisle_stmt_run(&q, err));
    added = sqlite3_changes(tx->db->handle) == 1;
    if (added) {
        AISLE_TRY(aisle_tx_search_add(tx, sqlite3_last_insert_rowid(tx->db->handle), p, err));
    } else {
        q = product_stmt(tx, AISLE_SQL_PRODUCT_UPDATE, p);
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) return AISLE_OK;              /* equal to what is stored */
        added = aisle_stmt_get_int(&q, 0) == 1; /* till now only an id that an event named */
        int64_t id = aisle_stmt_get_int(&q, 1);
        aisle_stmt_end(&q);
        AISLE_TRY(aisle_tx_search_put(tx, id, p, err));
    }
    tx->deltas.products += added;
    tx->deltas.catalogue++;
    return AISLE_OK;
}

aisle_status aisle_tx_product_rating(aisle_tx *tx, int64_t product, int64_t half_stars, int64_t count,
                                     aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PRODUCT_RATING);
    aisle_stmt_int(&q, 1, product);
    aisle_stmt_int(&q, 2, half_stars);
    aisle_stmt_int(&q, 3, count);
    AISLE_TRY(aisle_stmt_run(&q, err));
    if (sqlite3_changes(tx->db->handle) != 1)
        return aisle_fail(err, AISLE_ENOTFOUND,
                          "product %lld: not there, or has fewer ratings than are taken off",
                          (long long)product);
    tx->deltas.catalogue++;
    return AISLE_OK;
}

/* Why no stock was changed. */
static aisle_status refuse_stock(aisle_tx *tx, int64_t product, int64_t delta, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PRODUCT_HAS_RECORD);
    aisle_stmt_int(&q, 1, product);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "product %lld: not found", (long long)product);
    aisle_stmt_end(&q);
    return aisle_fail(err, AISLE_ECONFLICT, "product %lld: its stock cannot change by %lld",
                      (long long)product, (long long)delta);
}

aisle_status aisle_tx_product_stock(aisle_tx *tx, int64_t product, int64_t delta, int64_t *stock,
                                    aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PRODUCT_STOCK);
    aisle_stmt_int(&q, 1, product);
    aisle_stmt_int(&q, 2, delta);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return refuse_stock(tx, product, delta, err);
    int64_t left = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    tx->deltas.catalogue++;
    if (stock) *stock = left;
    return AISLE_OK;
}

aisle_status aisle_tx_user(aisle_tx *tx, const aisle_user *u, aisle_error *err)
{
    int64_t id;
    AISLE_TRY(aisle_user_check(u, err));
    AISLE_TRY(aisle_tx_ext(tx, AISLE_EXT_USER, u->id, &id, err));
    if (!u->age_band.ptr && !u->gender.ptr && !u->country.ptr) return AISLE_OK;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_USER_MERGE);
    aisle_stmt_int(&q, 1, id);
    aisle_stmt_text(&q, 2, u->age_band);
    aisle_stmt_text(&q, 3, u->gender);
    aisle_stmt_text(&q, 4, u->country);
    return aisle_stmt_run(&q, err);
}
