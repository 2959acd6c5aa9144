/* /v1/session: signing in and out, and who is signed in. /v1/sessions: a person's own list. */
#include <stdio.h>

#include "server/http/handlers/proof.h"

static const char *const no_query[] = {NULL};
enum { LIST_MAX = 100 };

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the session");
}

/* ---- signing in ---- */

typedef struct login {
    aisle_proof proof;
    aisle_sign_in sign_in;
} login;

static aisle_status write_login(aisle_proof *p, aisle_tx *tx, aisle_error *err)
{
    return aisle_sign_in_write(&((login *)p)->sign_in, p->account.user, p->now_ms, tx, err);
}

static aisle_status reply_login(aisle_proof *p)
{
    return aisle_sign_in_reply(p->r, 201, &((login *)p)->sign_in, &p->account);
}

aisle_status aisle_on_session_add(aisle_request *r)
{
    static const char *const known[] = {"email", "password", "bearer", NULL};
    aisle_json_scope s;
    bool bearer = false;
    login *l = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *l);
    if (!l) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, no_query));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "email");
    aisle_json_required(&s, "password");
    aisle_json_text(&s, "email", 1, 254, &l->proof.email);
    aisle_json_text(&s, "password", 1, AISLE_PASSWORD_BYTES_MAX, &l->proof.password);
    aisle_json_bool(&s, "bearer", false, &bearer);
    if (s.failed) return AISLE_EINVAL;
    aisle_sign_in_begin(r, bearer, &l->sign_in);
    l->proof.r = r;
    l->proof.then = write_login;
    l->proof.reply = reply_login;
    return aisle_proof_begin(&l->proof);
}

/* ---- who is it ---- */

aisle_status aisle_on_session_get(aisle_request *r)
{
    const aisle_identity *who = aisle_request_identity(r);
    aisle_account a;
    json_t *user = json_null(), *session = json_null();
    AISLE_TRY(aisle_request_query_only(r, no_query));
    if (who->user) {
        AISLE_TRY(aisle_view_account(aisle_loop_of(r)->view, who->user, aisle_request_arena(r), &a,
                                     aisle_request_error(r)));
        user = aisle_answer_account(&a);
    }
    if (who->session)
        session = aisle_answer_session(who->session, who->session_created_ms, who->session_used_ms,
                                       aisle_request_app(r));
    json_t *body = aisle_answer_with(json_object(), "user", user);
    return aisle_reply_json(r, 200, aisle_answer_with(body, "session", session));
}

/* ---- ending ---- */

typedef struct ending {
    aisle_write write;
    aisle_request *r;
    int64_t session; /* of the list; 0 = the one that asks */
    aisle_status status;
} ending;

static aisle_status run_ending(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const ending *e = (ending *)w;
    const aisle_identity *who = aisle_request_identity(e->r);
    return e->session ? aisle_tx_session_end(tx, who->user, e->session, err)
                      : aisle_tx_session_drop(tx, who->session, err);
}

static void reply_ending(aisle_request *r, void *ctx)
{
    const ending *e = ctx;
    aisle_status st = e->status;
    if (st == AISLE_OK && (!e->session || e->session == aisle_request_identity(r)->session))
        aisle_cookie_drop(r);
    if (st == AISLE_OK) st = aisle_reply_empty(r, 204);
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

static void ended(aisle_write *w, aisle_status st, const aisle_error *err)
{
    ending *e = (ending *)w;
    e->status = st;
    if (st != AISLE_OK && err) *aisle_request_error(e->r) = *err;
    aisle_request_finish(e->r, reply_ending, e);
}

static aisle_status end_session(aisle_request *r, int64_t session)
{
    ending *e = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *e);
    if (!e) return no_memory(r);
    *e = (ending){.write = {.run = run_ending, .done = ended}, .r = r, .session = session};
    aisle_request_defer(r);
    aisle_status st = aisle_store_submit(aisle_request_app(r)->store, &e->write);
    aisle_error full;
    if (st != AISLE_OK) aisle_fail(&full, st, "too many writes wait; try again in a second");
    if (st != AISLE_OK) ended(&e->write, st, &full);
    return AISLE_OK;
}

aisle_status aisle_on_session_end(aisle_request *r)
{
    AISLE_TRY(aisle_request_query_only(r, no_query));
    if (!aisle_request_identity(r)->session) return aisle_reply_empty(r, 204);
    return end_session(r, 0);
}

aisle_status aisle_on_session_revoke(aisle_request *r)
{
    int64_t id;
    AISLE_TRY(aisle_request_query_only(r, no_query));
    if (!aisle_str_to_i64(aisle_request_param(r, "id"), &id) || id < 1)
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "no such session");
    return end_session(r, id);
}

aisle_status aisle_on_sessions_list(aisle_request *r)
{
    aisle_session_row *rows = NULL;
    int32_t n = 0;
    const aisle_identity *who = aisle_request_identity(r);
    AISLE_TRY(aisle_request_query_only(r, no_query));
    AISLE_TRY(aisle_view_sessions(aisle_loop_of(r)->view, who->user, LIST_MAX, aisle_request_arena(r), &rows,
                                  &n, aisle_request_error(r)));
    json_t *items = json_array();
    for (int32_t i = 0; i < n; i++) {
        json_t *o =
            aisle_answer_session(rows[i].id, rows[i].created_ms, rows[i].used_ms, aisle_request_app(r));
        o = aisle_answer_with(o, "agent", aisle_answer_text(rows[i].agent));
        json_array_append_new(items,
                              aisle_answer_with(o, "current", json_boolean(rows[i].id == who->session)));
    }
    return aisle_reply_json(r, 200, aisle_answer_with(json_object(), "items", items));
}
