/* /v1/account: a person's own account, to its erasure. Registration is in on_register.c, sessions in on_sessions.c. */
#include "server/http/handlers/proof.h"
#include "server/store/person_rows.h"

static const char *const no_query[] = {NULL};

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the account");
}

/* ---- reading and changing ---- */

aisle_status aisle_on_account_get(aisle_request *r)
{
    aisle_account a;
    AISLE_TRY(aisle_request_query_only(r, no_query));
    AISLE_TRY(aisle_view_account(aisle_loop_of(r)->view, aisle_request_identity(r)->user,
                                 aisle_request_arena(r), &a, aisle_request_error(r)));
    return aisle_reply_json(r, 200, aisle_answer_account(&a));
}

typedef struct change {
    aisle_write write;
    aisle_request *r;
    json_t *body; /* the request's */
    aisle_profile profile;
    aisle_account account;
    aisle_status status;
} change;

/* A member that is there is taken, null too: that forgets it (RFC 7396). */
static void take(const change *c, const char *name, aisle_str given, aisle_str *to)
{
    if (json_object_get(c->body, name)) *to = given;
}

static aisle_status run_change(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    change *c = (change *)w;
    AISLE_TRY(aisle_tx_account(tx, aisle_request_identity(c->r)->user, aisle_request_arena(c->r), &c->account,
                               err));
    take(c, "name", c->profile.name, &c->account.name);
    take(c, "age_band", c->profile.age_band, &c->account.age_band);
    take(c, "gender", c->profile.gender, &c->account.gender);
    take(c, "country", c->profile.country, &c->account.country);
    return aisle_tx_account_update(tx, &c->account, err);
}

static void reply_change(aisle_request *r, void *ctx)
{
    change *c = ctx;
    aisle_status st = c->status;
    if (st == AISLE_OK) st = aisle_reply_json(r, 200, aisle_answer_account(&c->account));
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

static void changed(aisle_write *w, aisle_status st, const aisle_error *err)
{
    change *c = (change *)w;
    c->status = st;
    if (st != AISLE_OK && err) *aisle_request_error(c->r) = *err;
    aisle_request_finish(c->r, reply_change, c);
}

aisle_status aisle_on_account_change(aisle_request *r)
{
    static const char *const known[] = {"name", "age_band", "gender", "country", NULL};
    aisle_json_scope s;
    change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, no_query));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_profile_parse(&s, &c->profile);
    if (s.failed) return AISLE_EINVAL;
    c->r = r;
    c->body = s.object;
    c->write = (aisle_write){.run = run_change, .done = changed};
    aisle_request_defer(r);
    aisle_status st = aisle_store_submit(aisle_request_app(r)->store, &c->write);
    aisle_error full;
    if (st != AISLE_OK) aisle_fail(&full, st, "too many writes wait; try again in a second");
    if (st != AISLE_OK) changed(&c->write, st, &full);
    return AISLE_OK;
}

/* ---- the password ---- */

static aisle_status write_password(aisle_proof *p, aisle_tx *tx, aisle_error *err)
{
    AISLE_TRY(
        aisle_tx_account_password(tx, p->account.user, p->account.password, aisle_str_from(p->hash), err));
    return aisle_tx_sessions_end(tx, p->account.user, aisle_request_identity(p->r)->session, err);
}

static aisle_status reply_done(aisle_proof *p)
{
    return aisle_reply_empty(p->r, 204);
}

aisle_status aisle_on_password_change(aisle_request *r)
{
    static const char *const known[] = {"current_password", "new_password", NULL};
    aisle_json_scope s;
    aisle_account a;
    const aisle_identity *who = aisle_request_identity(r);
    aisle_proof *p = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *p);
    if (!p) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, no_query));
    AISLE_TRY(aisle_json_body(r, &s));
    AISLE_TRY(aisle_view_account(aisle_loop_of(r)->view, who->user, aisle_request_arena(r), &a,
                                 aisle_request_error(r)));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "current_password");
    aisle_json_required(&s, "new_password");
    aisle_json_text(&s, "current_password", 1, AISLE_PASSWORD_BYTES_MAX, &p->password);
    aisle_json_text(&s, "new_password", 1, AISLE_PASSWORD_BYTES_MAX, &p->fresh);
    aisle_new_password_check(&s, "/new_password", p->fresh, &a);
    if (s.failed) return AISLE_EINVAL;
    p->r = r;
    p->user = who->user;
    p->pointer = "/current_password";
    p->then = write_password;
    p->reply = reply_done;
    return aisle_proof_begin(p);
}

/* ---- erasing ---- */

static aisle_status write_erasure(aisle_proof *p, aisle_tx *tx, aisle_error *err)
{
    return aisle_tx_person_erase(tx, p->account.user, err);
}

static aisle_status reply_erasure(aisle_proof *p)
{
    aisle_forget_soon(aisle_request_app(p->r)->forgetter);
    aisle_cookie_drop(p->r);
    return aisle_reply_empty(p->r, 204);
}

aisle_status aisle_on_account_erase(aisle_request *r)
{
    static const char *const known[] = {"password", NULL};
    aisle_json_scope s;
    aisle_proof *p = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *p);
    if (!p) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, no_query));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "password");
    aisle_json_text(&s, "password", 1, AISLE_PASSWORD_BYTES_MAX, &p->password);
    if (s.failed) return AISLE_EINVAL;
    p->r = r;
    p->user = aisle_request_identity(r)->user;
    p->pointer = "/password";
    p->then = write_erasure;
    p->reply = reply_erasure;
    return aisle_proof_begin(p);
}

/* ---- exporting ---- */

typedef struct export_work {
    aisle_work work;
    aisle_buf text;
} export_work;

static aisle_status run_export(aisle_work *w, aisle_error *err)
{
    export_work *e = (export_work *)w;
    aisle_account a;
    aisle_view *view = aisle_loop_of(w->r)->beside->view;
    int64_t user = aisle_request_identity(w->r)->user;
    AISLE_TRY(aisle_view_account(view, user, aisle_request_arena(w->r), &a, err));
    json_t *account = aisle_answer_account(&a);
    char *text = account ? json_dumps(account, AISLE_JSON_STYLE) : NULL;
    json_decref(account);
    bool ok = text && aisle_buf_printf(&e->text, "{\"account\":%s,", text);
    aisle_free(text);
    aisle_status st = ok ? aisle_view_person_export(view, user, &e->text, err) : AISLE_ENOMEM;
    if (st == AISLE_OK && !aisle_buf_append(&e->text, "}", 1)) st = AISLE_ENOMEM;
    if (st != AISLE_OK) aisle_buf_deinit(&e->text);
    return st == AISLE_ENOMEM ? aisle_fail(err, st, "out of memory for the export") : st;
}

static aisle_status reply_export(aisle_work *w)
{
    export_work *e = (export_work *)w;
    aisle_reply_header(w->r, "Content-Disposition", "attachment; filename=\"account.json\"");
    aisle_status st = aisle_reply_bytes(w->r, 200, "application/json", e->text.data, (size_t)e->text.len);
    aisle_buf_deinit(&e->text);
    return st;
}

aisle_status aisle_on_account_export(aisle_request *r)
{
    export_work *e = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *e);
    if (!e) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, no_query));
    e->work = (aisle_work){.r = r, .run = run_export, .reply = reply_export, .on = aisle_loop_of(r)->scoring};
    return aisle_work_submit(&e->work);
}
