/* The steps of a password check. The loop, the writer and the pool have the request one after the other:
 *   loop: a place in the pool -> writer: waits, account -> pool: compare, hash -> writer: note the failure, or `then`
 *   -> loop: answer.
 * An unknown account takes every step that a known one with a wrong password takes. */
#include "server/http/handlers/proof.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "server/auth/random_id.h"

/* An account's own failures, and those of a source over all accounts: many people may share an address. */
static const aisle_wait_rule account_rule = {5, 5 * 60000, 3600000}, source_rule = {20, 15 * 60000, 3600000};

/* ---- the end ---- */

static aisle_status refuse_wait(aisle_proof *p)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)(p->wait_ms / 1000 + 1));
    aisle_reply_header(p->r, "Retry-After", seconds);
    return aisle_reply_problem(p->r, 429, "rate_limited",
                               "too many failed attempts; wait before the next one");
}

static aisle_status refuse_wrong(aisle_proof *p)
{
    if (p->wrong) return p->wrong(p);
    if (p->pointer)
        return aisle_request_invalid(p->r, p->pointer, "wrong_password", "this is not the password");
    aisle_reply_header(p->r, "WWW-Authenticate", "Bearer realm=\"aisle\"");
    return aisle_reply_problem(p->r, 401, "invalid_credentials", "email or password is wrong");
}

static void answer(aisle_request *r, void *ctx)
{
    aisle_proof *p = ctx;
    aisle_status st = p->status;
    if (st == AISLE_OK)
        st = p->wait_ms > 0 ? refuse_wait(p)
             : p->instead   ? p->instead(p)
             : p->good      ? p->reply(p)
                            : refuse_wrong(p);
    explicit_bzero(p->hash, sizeof p->hash);
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

static void finish(aisle_proof *p, aisle_status st, const aisle_error *err)
{
    p->status = st;
    if (st != AISLE_OK && err) *aisle_request_error(p->r) = *err;
    aisle_request_finish(p->r, answer, p);
}

static void submit_write(aisle_proof *p)
{
    aisle_error err;
    aisle_status st = aisle_store_submit(aisle_request_app(p->r)->store, &p->write);
    if (st == AISLE_OK) return;
    aisle_fail(&err, st, "too many writes wait; try again in a second");
    finish(p, st, &err);
}

/* ---- the second write ---- */

static aisle_status note_failure(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    aisle_proof *p = (aisle_proof *)w;
    int64_t wait_ms;
    return aisle_tx_attempt(tx, p->by_source, &source_rule, p->now_ms, &wait_ms, err);
}

static void on_noted(aisle_write *w, aisle_status st, const aisle_error *err)
{
    aisle_proof *p = (aisle_proof *)w;
    bool taken = p->status != AISLE_OK; /* its error is noted already */
    finish(p, taken ? p->status : st, taken ? NULL : err);
}

static void submit_failure(aisle_proof *p)
{
    p->write = (aisle_write){.run = note_failure, .done = on_noted};
    submit_write(p);
}

/* The password may have been changed while it was checked. */
static aisle_status is_still_theirs(aisle_proof *p, aisle_tx *tx, aisle_error *err)
{
    aisle_account now;
    aisle_status st = aisle_tx_account(tx, p->account.user, aisle_request_arena(p->r), &now, err);
    if (st == AISLE_OK && aisle_str_eq(now.password, p->account.password)) return AISLE_OK;
    if (st != AISLE_OK && st != AISLE_ENOTFOUND) return st;
    return aisle_fail(err, AISLE_ECONFLICT, "the password was changed, or the account removed, meanwhile");
}

static aisle_status carry_out(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    aisle_proof *p = (aisle_proof *)w;
    if (p->password.ptr) {
        AISLE_TRY(is_still_theirs(p, tx, err));
        AISLE_TRY(aisle_tx_attempt_good(tx, p->by_account, err));
    }
    if (p->weak)
        AISLE_TRY(aisle_tx_account_password(tx, p->account.user, p->account.password, aisle_str_from(p->hash),
                                            err));
    return p->then(p, tx, err);
}

static void begin_again(aisle_proof *p);

/* An email that is taken is a way to ask who has an account: it counts as a failure of the source. */
static void on_written(aisle_write *w, aisle_status st, const aisle_error *err)
{
    aisle_proof *p = (aisle_proof *)w;
    if (st == AISLE_OK && p->again) {
        begin_again(p);
        return;
    }
    if (st != AISLE_ECONFLICT || p->password.ptr) {
        finish(p, st, err);
        return;
    }
    *aisle_request_error(p->r) = *err;
    p->status = st;
    submit_failure(p);
}

/* ---- the pool ---- */

static void on_pool(aisle_hash_task *t, bool canceled)
{
    aisle_proof *p = (aisle_proof *)((char *)t - offsetof(aisle_proof, task));
    aisle_error err;
    aisle_status st = AISLE_OK;
    if (canceled) {
        aisle_fail(&err, AISLE_ECANCELED, "the server ends");
        finish(p, AISLE_ECANCELED, &err);
        return;
    }
    p->good = !p->password.ptr;
    if (p->password.ptr)
        p->good = aisle_password_verify(p->found ? p->account.password : (aisle_str){NULL, 0}, p->password,
                                        &p->weak);
    if (p->good && (p->fresh.ptr || p->weak))
        st = aisle_password_hash(p->fresh.ptr ? p->fresh : p->password, p->hash, &err);
    if (p->fresh.ptr) p->weak = false;
    if (st != AISLE_OK) {
        finish(p, st, &err);
        return;
    }
    if (!p->good) {
        submit_failure(p);
        return;
    }
    p->write = (aisle_write){.run = carry_out, .done = on_written};
    submit_write(p);
}

/* ---- the first write ---- */

static void mark_account(aisle_proof *p)
{
    char key[256];
    size_t n = p->email.len < sizeof key ? p->email.len : sizeof key;
    for (size_t i = 0; i < n; i++) {
        char c = p->email.ptr[i];
        key[i] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
    }
    if (p->email.ptr)
        aisle_mark("account", key, n, p->by_account);
    else
        aisle_mark("user", &p->user, sizeof p->user, p->by_account);
}

static aisle_status look(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    aisle_proof *p = (aisle_proof *)w;
    AISLE_TRY(aisle_tx_wait(tx, p->by_source, &source_rule, p->now_ms, &p->wait_ms, err));
    if (p->wait_ms == 0 && p->first) AISLE_TRY(p->first(p, tx, err));
    if (p->wait_ms > 0 || p->instead || !p->password.ptr) return AISLE_OK;
    mark_account(p);
    AISLE_TRY(aisle_tx_attempt(tx, p->by_account, &account_rule, p->now_ms, &p->wait_ms, err));
    if (p->wait_ms > 0) return AISLE_OK;
    aisle_arena *a = aisle_request_arena(p->r);
    aisle_status st = p->email.ptr ? aisle_tx_account_find(tx, p->email, a, &p->account, err)
                                   : aisle_tx_account(tx, p->user, a, &p->account, err);
    p->found = st == AISLE_OK;
    return st == AISLE_ENOTFOUND ? AISLE_OK : st;
}

static void on_looked(aisle_write *w, aisle_status st, const aisle_error *err)
{
    aisle_proof *p = (aisle_proof *)w;
    aisle_hash_pool *pool = aisle_request_app(p->r)->hashing;
    if (st == AISLE_OK && p->wait_ms == 0 && !p->instead) {
        aisle_hash_pool_submit(pool, &p->task);
        return;
    }
    aisle_hash_pool_release(pool);
    finish(p, st, err);
}

/* With a place in the pool. */
static void submit_look(aisle_proof *p)
{
    aisle_error err;
    aisle_app *app = aisle_request_app(p->r);
    p->write = (aisle_write){.run = look, .done = on_looked};
    aisle_status st = aisle_store_submit(app->store, &p->write);
    if (st == AISLE_OK) return;
    aisle_hash_pool_release(app->hashing);
    aisle_fail(&err, st, "too many writes wait; try again in a second");
    finish(p, st, &err);
}

static void begin_again(aisle_proof *p)
{
    aisle_error err;
    p->again = false;
    aisle_status st = aisle_hash_pool_reserve(aisle_request_app(p->r)->hashing, &err);
    if (st == AISLE_OK)
        submit_look(p);
    else
        finish(p, st, &err);
}

aisle_status aisle_proof_begin(aisle_proof *p)
{
    aisle_request *r = p->r;
    aisle_app *app = aisle_request_app(r);
    aisle_address from = aisle_request_address(r), group = aisle_address_group(&from);
    aisle_mark("source", group.bytes, sizeof group.bytes, p->by_source);
    p->now_ms = aisle_app_clock_ms(app);
    p->task.run = on_pool;
    AISLE_TRY(aisle_hash_pool_reserve(app->hashing, aisle_request_error(r)));
    aisle_request_defer(r);
    submit_look(p);
    return AISLE_OK;
}
