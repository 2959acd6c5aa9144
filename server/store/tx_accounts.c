/* Writing accounts and the waits after failed attempts. */
#include <string.h>

#include "server/store/accounts.h"
#include "server/store/store_internal.h"

enum { EMAIL_BYTES = 254 };

/* ASCII only: whoever has an address beyond it writes it the same way every time. */
static bool fold(aisle_str email, char key[EMAIL_BYTES + 1])
{
    if (email.len > EMAIL_BYTES) return false;
    for (size_t i = 0; i < email.len; i++) {
        char c = email.ptr[i];
        key[i] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
    }
    key[email.len] = '\0';
    return true;
}

static bool copy_account(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_account *out = row;
    aisle_account found = {.user = aisle_stmt_get_int(q, 0),
                           .admin = aisle_stmt_get_int(q, 5) != 0,
                           .created_ms = aisle_stmt_get_int(q, 9)};
    aisle_str *const texts[] = {NULL, &found.ext,      &found.email,  &found.name,   &found.password,
                                NULL, &found.age_band, &found.gender, &found.country};
    for (int i = 0; i < 9; i++)
        if (texts[i] && !aisle_stmt_copy_text(q, i, a, texts[i])) return false;
    *out = found;
    return true;
}

static aisle_status take_one(aisle_db *db, aisle_stmt *q, aisle_arena *a, aisle_account *out,
                             aisle_error *err)
{
    bool row;
    AISLE_TRY(aisle_stmt_next(q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "no such account");
    bool copied = copy_account(q, a, out);
    aisle_stmt_end(q);
    return copied ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", db->path);
}

aisle_status aisle_view_account(aisle_view *v, int64_t user, aisle_arena *a, aisle_account *out,
                                aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_ACCOUNT_GET);
    aisle_stmt_int(&q, 1, user);
    return take_one(&v->db, &q, a, out, err);
}

aisle_status aisle_tx_account(aisle_tx *tx, int64_t user, aisle_arena *a, aisle_account *out,
                              aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ACCOUNT_GET);
    aisle_stmt_int(&q, 1, user);
    return take_one(tx->db, &q, a, out, err);
}

aisle_status aisle_tx_account_find(aisle_tx *tx, aisle_str email, aisle_arena *a, aisle_account *out,
                                   aisle_error *err)
{
    char key[EMAIL_BYTES + 1];
    if (!fold(email, key)) return aisle_fail(err, AISLE_ENOTFOUND, "no such account");
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ACCOUNT_FIND);
    aisle_stmt_cstr(&q, 1, key);
    return take_one(tx->db, &q, a, out, err);
}

aisle_status aisle_view_accounts(aisle_view *v, int64_t after, int32_t limit, aisle_arena *a,
                                 aisle_account **out, int32_t *n, aisle_error *err)
{
    void *list;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_ACCOUNT_ALL);
    aisle_stmt_int(&q, 1, after);
    aisle_stmt_int(&q, 2, limit);
    AISLE_TRY(aisle_stmt_list(&q, a, limit, sizeof **out, copy_account, &list, n, err));
    *out = list;
    return AISLE_OK;
}

static aisle_status one_number(aisle_view *v, aisle_sql sql, int64_t *n, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, sql);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *n = row ? aisle_stmt_get_int(&q, 0) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_view_admins(aisle_view *v, int64_t *n, aisle_error *err)
{
    return one_number(v, AISLE_SQL_ACCOUNT_ADMINS, n, err);
}

aisle_status aisle_view_last_use(aisle_view *v, int64_t *ms, aisle_error *err)
{
    return one_number(v, AISLE_SQL_TOKEN_LATEST, ms, err);
}

static aisle_status insert_account(aisle_tx *tx, const aisle_account *a, const char *key, aisle_error *err)
{
    aisle_error why = {0};
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ACCOUNT_ADD);
    aisle_stmt_int(&q, 1, a->user);
    aisle_stmt_text(&q, 2, a->email);
    aisle_stmt_cstr(&q, 3, key);
    aisle_stmt_text(&q, 4, a->name);
    aisle_stmt_text(&q, 5, a->password);
    aisle_stmt_int(&q, 6, a->admin);
    aisle_stmt_int(&q, 7, a->created_ms);
    aisle_status st = aisle_stmt_run(&q, &why);
    if (st == AISLE_ECONFLICT)
        return aisle_fail(err, st, "an account with this email, or of this user, exists already");
    if (st != AISLE_OK && err) *err = why;
    return st;
}

static aisle_status write_profile(aisle_tx *tx, const aisle_account *a, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ACCOUNT_PROFILE);
    aisle_stmt_int(&q, 1, a->user);
    aisle_stmt_text(&q, 2, a->age_band);
    aisle_stmt_text(&q, 3, a->gender);
    aisle_stmt_text(&q, 4, a->country);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_tx_account_add(aisle_tx *tx, aisle_account *a, aisle_error *err)
{
    char key[EMAIL_BYTES + 1];
    if (!fold(a->email, key))
        return aisle_fail(err, AISLE_EINVAL, "email: longer than %d bytes", EMAIL_BYTES);
    const aisle_user user = {a->ext, a->age_band, a->gender, a->country};
    AISLE_TRY(aisle_tx_user(tx, &user, err)); /* what an import knows of the person stays */
    AISLE_TRY(aisle_tx_ext(tx, AISLE_EXT_USER, a->ext, &a->user, err));
    return insert_account(tx, a, key, err);
}

aisle_status aisle_tx_account_update(aisle_tx *tx, const aisle_account *a, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ACCOUNT_UPDATE);
    aisle_stmt_int(&q, 1, a->user);
    aisle_stmt_text(&q, 2, a->name);
    AISLE_TRY(aisle_stmt_run(&q, err));
    return write_profile(tx, a, err);
}

aisle_status aisle_tx_account_password(aisle_tx *tx, int64_t user, aisle_str was, aisle_str hash,
                                       aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_ACCOUNT_PASSWORD);
    aisle_stmt_int(&q, 1, user);
    aisle_stmt_text(&q, 2, hash);
    aisle_stmt_text(&q, 3, was);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row)
        return aisle_fail(err, AISLE_ECONFLICT,
                          "the password was changed, or the account removed, meanwhile");
    aisle_stmt_end(&q);
    return AISLE_OK;
}

/* ---- waits ---- */

typedef struct wait_row {
    int64_t failures, at_ms, until_ms;
} wait_row;

static aisle_status read_wait(aisle_tx *tx, const unsigned char key[16], wait_row *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_THROTTLE_GET);
    aisle_stmt_blob(&q, 1, key, AISLE_MARK_BYTES);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *out = (wait_row){0};
    if (!row) return AISLE_OK;
    *out = (wait_row){aisle_stmt_get_int(&q, 0), aisle_stmt_get_int(&q, 1), aisle_stmt_get_int(&q, 2)};
    aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status write_wait(aisle_tx *tx, const unsigned char key[16], const wait_row *w, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_THROTTLE_PUT);
    aisle_stmt_blob(&q, 1, key, AISLE_MARK_BYTES);
    aisle_stmt_int(&q, 2, w->failures);
    aisle_stmt_int(&q, 3, w->at_ms);
    aisle_stmt_int(&q, 4, w->until_ms);
    return aisle_stmt_run(&q, err);
}

static aisle_status read_lately(aisle_tx *tx, const unsigned char key[16], const aisle_wait_rule *rule,
                                int64_t now_ms, wait_row *w, aisle_error *err)
{
    AISLE_TRY(read_wait(tx, key, w, err));
    if (now_ms - w->at_ms > rule->forget_ms) *w = (wait_row){0};
    return AISLE_OK;
}

aisle_status aisle_tx_wait(aisle_tx *tx, const unsigned char key[16], const aisle_wait_rule *rule,
                           int64_t now_ms, int64_t *wait_ms, aisle_error *err)
{
    wait_row w;
    AISLE_TRY(read_lately(tx, key, rule, now_ms, &w, err));
    *wait_ms = w.until_ms > now_ms ? w.until_ms - now_ms : 0;
    return AISLE_OK;
}

aisle_status aisle_tx_attempt(aisle_tx *tx, const unsigned char key[16], const aisle_wait_rule *rule,
                              int64_t now_ms, int64_t *wait_ms, aisle_error *err)
{
    wait_row w;
    AISLE_TRY(read_lately(tx, key, rule, now_ms, &w, err));
    *wait_ms = w.until_ms > now_ms ? w.until_ms - now_ms : 0;
    if (*wait_ms > 0) return AISLE_OK;
    w.failures++;
    w.at_ms = now_ms;
    int64_t over = w.failures - rule->free,
            wait = over > 0 ? INT64_C(1000) << (over > 20 ? 20 : over - 1) : 0;
    w.until_ms = now_ms + (wait < rule->max_ms ? wait : rule->max_ms);
    return write_wait(tx, key, &w, err);
}

aisle_status aisle_tx_attempt_good(aisle_tx *tx, const unsigned char key[16], aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_THROTTLE_DROP);
    aisle_stmt_blob(&q, 1, key, AISLE_MARK_BYTES);
    return aisle_stmt_run(&q, err);
}
