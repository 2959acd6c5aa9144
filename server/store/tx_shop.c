/* Writing users and events inside a transaction. Products are in tx_products.c. */
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "server/store/accounts.h"
#include "server/store/store_internal.h"

enum { MAX_ID = AISLE_ID_BYTES };

aisle_status aisle_id_check(const char *what, aisle_str s, bool needed, aisle_error *err)
{
    if (!s.ptr && !needed) return AISLE_OK;
    if (s.ptr && s.len >= 1 && s.len <= MAX_ID) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL, "%s: %zu bytes, must be 1 to %d", what, s.len, MAX_ID);
}

aisle_status aisle_event_check(const aisle_event *e, aisle_error *err)
{
    AISLE_TRY(aisle_id_check("item of an event", e->item, true, err));
    AISLE_TRY(aisle_id_check("user of an event", e->user, e->session.ptr == NULL, err));
    AISLE_TRY(aisle_id_check("session of an event", e->session, false, err));
    AISLE_TRY(aisle_id_check("event_id", e->event_id, false, err));
    AISLE_TRY(aisle_id_check("order of an event", e->order, false, err));
    AISLE_TRY(aisle_id_check("recommendation of an event", e->recommendation, false, err));
    if ((unsigned)e->type >= AISLE_EVENT_TYPES)
        return aisle_fail(err, AISLE_EINVAL, "type of an event: %d is none of the event types", (int)e->type);
    if (!isfinite(e->value) || e->value < 0)
        return aisle_fail(err, AISLE_EINVAL, "value of an event: %g, must be 0 or more", e->value);
    if (e->price_minor < -1 || e->position < 0)
        return aisle_fail(err, AISLE_EINVAL, "price %lld or position %d of an event is negative",
                          (long long)e->price_minor, e->position);
    return AISLE_OK;
}

aisle_status aisle_user_check(const aisle_user *u, aisle_error *err)
{
    return aisle_id_check("id of a user", u->id, true, err);
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

/* 0: there is none. */
static aisle_status find_ext(aisle_tx *tx, aisle_ext_kind kind, aisle_str ext, int64_t *id, aisle_error *err)
{
    static const aisle_sql find[] = {AISLE_SQL_PRODUCT_ID, AISLE_SQL_USER_ID, AISLE_SQL_SESSION_ID};
    bool row;
    *id = aisle_id_cache_get(tx->ids, kind, ext);
    if (*id) return AISLE_OK;
    aisle_stmt q = aisle_stmt_begin(tx->db, find[kind]);
    aisle_stmt_text(&q, 1, ext);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return AISLE_OK;
    *id = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    aisle_id_cache_put(tx->ids, kind, ext, *id);
    return AISLE_OK;
}

aisle_status aisle_tx_ext(aisle_tx *tx, aisle_ext_kind kind, aisle_str ext, int64_t *id, aisle_error *err)
{
    static const aisle_sql add[] = {AISLE_SQL_PRODUCT_ID_ADD, AISLE_SQL_USER_ID_ADD,
                                    AISLE_SQL_SESSION_ID_ADD};
    AISLE_TRY(find_ext(tx, kind, ext, id, err));
    if (*id) return AISLE_OK;
    aisle_stmt q = aisle_stmt_begin(tx->db, add[kind]);
    aisle_stmt_text(&q, 1, ext);
    AISLE_TRY(aisle_stmt_run(&q, err));
    *id = sqlite3_last_insert_rowid(tx->db->handle);
    tx->ids_changed = true;
    aisle_id_cache_put(tx->ids, kind, ext, *id);
    if (kind == AISLE_EXT_USER) tx->deltas.users++;
    return AISLE_OK;
}

const char aisle_session_erased[] = "the session has ended: its account was erased";

/* By name and number: the number of a removed row may be given to another. */
aisle_status aisle_tx_asker(aisle_tx *tx, int64_t user, aisle_str user_ext, int64_t session,
                            aisle_str session_ext, aisle_error *err)
{
    int64_t found_user = 0, found_session = 0;
    if (user) AISLE_TRY(find_ext(tx, AISLE_EXT_USER, user_ext, &found_user, err));
    if (session) AISLE_TRY(find_ext(tx, AISLE_EXT_SESSION, session_ext, &found_session, err));
    if (found_user == user && found_session == session) return AISLE_OK;
    return aisle_fail(err, AISLE_EDENIED, "%s", aisle_session_erased);
}

aisle_status aisle_tx_event_claim(aisle_tx *tx, int64_t key, bool *known, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EVENT_KEY_ADD);
    aisle_stmt_int(&q, 1, key);
    AISLE_TRY(aisle_stmt_run(&q, err));
    *known = sqlite3_changes(tx->db->handle) == 0;
    return AISLE_OK;
}

/* In the tail or before it. */
static aisle_status find_key(aisle_tx *tx, int64_t key, bool *known, aisle_error *err)
{
    *known = aisle_event_tail_has(tx->db->tail, key);
    if (*known) return AISLE_OK;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EVENT_KEY_FIND);
    aisle_stmt_int(&q, 1, key);
    AISLE_TRY(aisle_stmt_next(&q, known, err));
    if (*known) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_event_insert(aisle_tx *tx, const aisle_event *e, const aisle_event_ids *ids,
                                   const int64_t *key, aisle_error *err)
{
    aisle_event_tail *tail = tx->db->tail;
    int64_t id = tail->next_id++;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EVENT_INSERT);
    aisle_stmt_int(&q, 1, id);
    aisle_stmt_id(&q, 2, ids->user);
    aisle_stmt_id(&q, 3, ids->session);
    aisle_stmt_int(&q, 4, ids->product);
    aisle_stmt_int(&q, 5, e->type);
    aisle_stmt_int(&q, 6, e->at_ms);
    aisle_stmt_real(&q, 7, e->value);
    aisle_stmt_int(&q, 8, e->price_minor);
    aisle_stmt_int(&q, 9, e->position);
    aisle_stmt_text(&q, 10, e->order);
    aisle_stmt_text(&q, 11, e->recommendation);
    if (key) aisle_stmt_int(&q, 12, *key);
    AISLE_TRY(aisle_stmt_run(&q, err));
    tx->deltas.events++;
    if (ids->user) aisle_people_touch(tx->people, aisle_tail_user(ids->user));
    if (ids->session) aisle_people_touch(tx->people, aisle_tail_session(ids->session));
    return aisle_event_tail_add(tail, id, key, ids->user, ids->session, err);
}

aisle_status aisle_tx_event(aisle_tx *tx, const aisle_event *e, bool *known, aisle_error *err)
{
    aisle_event_ids ids = {0};
    AISLE_TRY(aisle_event_check(e, err));
    int64_t key = aisle_event_key(e);
    /* First: a known event must not leave a product or user behind that only it named. */
    AISLE_TRY(find_key(tx, key, known, err));
    if (*known) return AISLE_OK;
    AISLE_TRY(aisle_tx_ext(tx, AISLE_EXT_PRODUCT, e->item, &ids.product, err));
    if (e->user.ptr) AISLE_TRY(aisle_tx_ext(tx, AISLE_EXT_USER, e->user, &ids.user, err));
    if (e->session.ptr) AISLE_TRY(aisle_tx_ext(tx, AISLE_EXT_SESSION, e->session, &ids.session, err));
    return aisle_tx_event_insert(tx, e, &ids, &key, err);
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
