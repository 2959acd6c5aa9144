/* One list of the tables that hold something of people, and the three walks over it. Rows go in the order of their
 * references: what points at users or sessions comes before those are removed. */
#include "server/store/person_rows.h"

#include <sodium.h>
#include <string.h>

#include "server/store/feedback.h"
#include "server/store/store_internal.h"

#define NONE AISLE_SQL_COUNT

/* Erasing and joining may each be one statement, or a function where one statement cannot do it. */
typedef struct holding {
    const char *name; /* of the export's member */
    aisle_sql erase, join, export;
    aisle_status (*join_with)(aisle_tx *tx, int64_t session, int64_t user, aisle_error *err);
} holding;

static const holding holdings[] = {
    /* feedback */
    {"wishes", AISLE_SQL_PERSON_WISHES_ERASE, NONE, AISLE_SQL_PERSON_WISHES_EXPORT, aisle_tx_wishes_join},
    {"votes", AISLE_SQL_PERSON_VOTES_ERASE, NONE, AISLE_SQL_PERSON_VOTES_EXPORT, NULL},
    {"ratings", AISLE_SQL_PERSON_RATINGS_ERASE, NONE, AISLE_SQL_PERSON_RATINGS_EXPORT, NULL},
    {"drafts", AISLE_SQL_PERSON_DRAFTS_ERASE, NONE, NONE, NULL},
    {"reviews", AISLE_SQL_PERSON_REVIEWS_ERASE, NONE, AISLE_SQL_PERSON_REVIEWS_EXPORT, NULL},

    /* buying */
    {"cart", AISLE_SQL_PERSON_CART_ITEMS_ERASE, NONE, AISLE_SQL_PERSON_CARTS_EXPORT, aisle_tx_buying_merge},
    {"carts", AISLE_SQL_PERSON_CARTS_ERASE, NONE, NONE, NULL},
    {"orders", AISLE_SQL_PERSON_ORDERS_ERASE, NONE, AISLE_SQL_PERSON_ORDERS_EXPORT, NULL},
    {"kept answers", AISLE_SQL_PERSON_KEPT_ERASE, NONE, NONE, NULL},

    /* accounts */
    {"events", AISLE_SQL_PERSON_EVENTS_ERASE, AISLE_SQL_PERSON_EVENTS_JOIN, AISLE_SQL_PERSON_EVENTS_EXPORT,
     NULL},
    {"sessions", AISLE_SQL_PERSON_TOKENS_ERASE, AISLE_SQL_PERSON_TOKENS_JOIN, AISLE_SQL_PERSON_TOKENS_EXPORT,
     NULL},

    /* imports */
    {"rejected rows", AISLE_SQL_PERSON_REJECTS_ERASE, NONE, NONE, NULL},
};
enum { HOLDINGS = sizeof holdings / sizeof *holdings };

void aisle_erased_hash(aisle_str id, unsigned char hash[16])
{
    crypto_generichash(hash, 16, (const unsigned char *)id.ptr, id.len, NULL, 0);
}

/* ---- erasing ---- */

static aisle_status run_for(aisle_tx *tx, aisle_sql sql, int64_t user, aisle_error *err)
{
    if (sql == NONE) return AISLE_OK;
    aisle_stmt q = aisle_stmt_begin(tx->db, sql);
    aisle_stmt_int(&q, 1, user);
    return aisle_stmt_run(&q, err);
}

static aisle_status note_id(aisle_tx *tx, aisle_str id, int64_t now_ms, aisle_error *err)
{
    unsigned char hash[16];
    aisle_erased_hash(id, hash);
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ERASED_ADD);
    aisle_stmt_blob(&q, 1, hash, sizeof hash);
    aisle_stmt_int(&q, 2, now_ms);
    return aisle_stmt_run(&q, err);
}

static aisle_status note_ids(aisle_tx *tx, int64_t user, aisle_error *err)
{
    int64_t n = 0;
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PERSON_IDS);
    aisle_stmt_int(&q, 1, user);
    for (;; n++) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) break;
        aisle_status st = note_id(tx, aisle_stmt_get_text(&q, 0), aisle_time_now_ms(), err);
        if (st == AISLE_OK) continue;
        aisle_stmt_end(&q);
        return st;
    }
    return n ? AISLE_OK : aisle_fail(err, AISLE_ENOTFOUND, "%s: no such user", tx->db->path);
}

aisle_status aisle_tx_person_erase(aisle_tx *tx, int64_t user, aisle_error *err)
{
    static const aisle_sql last[] = {AISLE_SQL_PERSON_SESSIONS_ERASE, AISLE_SQL_PERSON_ACCOUNT_ERASE,
                                     AISLE_SQL_PERSON_USER_ERASE};
    aisle_people_touch_all(tx->people);
    AISLE_TRY(note_ids(tx, user, err));
    aisle_id_cache_clear(tx->ids);
    for (int i = 0; i < HOLDINGS; i++) AISLE_TRY(run_for(tx, holdings[i].erase, user, err));
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) AISLE_TRY(run_for(tx, last[i], user, err));
    tx->deltas.users--;
    return AISLE_OK;
}

aisle_status aisle_store_scrub(aisle_store *s, aisle_error *err)
{
    pthread_mutex_lock(&s->applying);
    sqlite3_busy_timeout(s->db.handle, 0); /* writes wait for us: do not wait for readers */
    int rc = sqlite3_wal_checkpoint_v2(s->db.handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    aisle_status st = rc == SQLITE_OK ? AISLE_OK : aisle_db_fail(&s->db, rc, err);
    sqlite3_busy_timeout(s->db.handle, AISLE_DB_BUSY_MS);
    pthread_mutex_unlock(&s->applying);
    return st;
}

/* ---- a guest becomes a person ---- */

aisle_status aisle_tx_guest_join(aisle_tx *tx, int64_t session, int64_t user, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SESSION_OWN);
    aisle_stmt_int(&q, 1, session);
    aisle_stmt_int(&q, 2, user);
    AISLE_TRY(aisle_stmt_run(&q, err));
    if (sqlite3_changes(tx->db->handle) == 0) return AISLE_OK;
    aisle_people_touch_all(tx->people);
    for (int i = 0; i < HOLDINGS; i++) {
        if (holdings[i].join_with) AISLE_TRY(holdings[i].join_with(tx, session, user, err));
        if (holdings[i].join == NONE) continue;
        q = aisle_stmt_begin(tx->db, holdings[i].join);
        aisle_stmt_int(&q, 1, session);
        aisle_stmt_int(&q, 2, user);
        AISLE_TRY(aisle_stmt_run(&q, err));
    }
    return AISLE_OK;
}

/* ---- exporting ---- */

static aisle_status export_rows(aisle_view *v, const holding *h, int64_t user, aisle_buf *out,
                                aisle_error *err)
{
    bool row, first = true;
    bool ok = aisle_buf_printf(out, "%s\"%s\":[", h == holdings ? "" : ",", h->name);
    aisle_stmt q = aisle_stmt_begin(&v->db, h->export);
    aisle_stmt_int(&q, 1, user);
    for (;; first = false) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) break;
        aisle_str text = aisle_stmt_get_text(&q, 0);
        ok = ok && (first || aisle_buf_append(out, ",", 1)) && aisle_buf_append(out, text.ptr, text.len);
        if (ok) continue;
        aisle_stmt_end(&q);
        break;
    }
    ok = ok && aisle_buf_append(out, "]", 1);
    return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for the export", v->db.path);
}

aisle_status aisle_view_person_export(aisle_view *v, int64_t user, aisle_buf *out, aisle_error *err)
{
    AISLE_TRY(aisle_db_run(&v->db, "BEGIN", err)); /* all tables as of one moment */
    aisle_status st = AISLE_OK;
    for (int i = 0; i < HOLDINGS && st == AISLE_OK; i++)
        if (holdings[i].export != NONE) st = export_rows(v, &holdings[i], user, out, err);
    aisle_db_run(&v->db, "COMMIT", NULL);
    return st;
}

/* ---- who was erased ---- */

aisle_status aisle_view_is_erased(aisle_view *v, aisle_str id, bool *erased, aisle_error *err)
{
    unsigned char hash[16];
    aisle_erased_hash(id, hash);
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_ERASED_GET);
    aisle_stmt_blob(&q, 1, hash, sizeof hash);
    AISLE_TRY(aisle_stmt_next(&q, erased, err));
    if (*erased) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_view_erasures(aisle_view *v, aisle_erasures *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_ERASED_LAST);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *out = row ? (aisle_erasures){aisle_stmt_get_int(&q, 0), aisle_stmt_get_int(&q, 1)} : (aisle_erasures){0};
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_view_erased(aisle_view *v, int64_t since_ms, aisle_arena *a, unsigned char (**hashes)[16],
                               int64_t *n, aisle_error *err)
{
    unsigned char(*list)[16] = NULL, (*copy)[16];
    int64_t cap = 0, count = 0;
    bool row;
    aisle_status st;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_ERASED_ALL);
    aisle_stmt_int(&q, 1, since_ms);
    while ((st = aisle_stmt_next(&q, &row, err)) == AISLE_OK && row) {
        aisle_str blob = aisle_stmt_get_text(&q, 0);
        if (blob.len == 16 && aisle_grow((void **)&list, &cap, count + 1, sizeof *list)) {
            memcpy(list[count++], blob.ptr, 16);
            continue;
        }
        aisle_stmt_end(&q);
        st = aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for the erased", v->db.path);
        break;
    }
    copy = st == AISLE_OK ? aisle_arena_alloc(a, (size_t)count * sizeof *copy) : NULL;
    if (st == AISLE_OK && !copy) st = aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
    if (st == AISLE_OK) {
        if (count) memcpy(copy, list, (size_t)count * sizeof *copy);
        *hashes = copy;
        *n = count;
    }
    aisle_free(list);
    return st;
}
