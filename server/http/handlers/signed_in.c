/* What begins a person's session, and what is said of account and session. */
#include <stdio.h>
#include <string.h>

#include "server/auth/random_id.h"
#include "server/http/handlers/proof.h"
#include "server/store/person_rows.h"

enum { AGENT_BYTES = 200 };

/* What the browser calls itself, cut and printable: the person's own list of sessions shows it. */
static aisle_str agent_of(aisle_request *r)
{
    aisle_str all = aisle_request_header(r, "User-Agent");
    size_t n = all.len < AGENT_BYTES ? all.len : AGENT_BYTES;
    char *copy = n ? aisle_arena_strndup(aisle_request_arena(r), all.ptr, n) : NULL;
    for (size_t i = 0; copy && i < n; i++)
        if (copy[i] < ' ' || copy[i] > '~') copy[i] = '?';
    return (aisle_str){copy, copy ? n : 0};
}

void aisle_sign_in_begin(aisle_request *r, bool bearer, aisle_sign_in *s)
{
    char hex[AISLE_HEX_BYTES];
    const aisle_identity *who = aisle_request_identity(r);
    *s = (aisle_sign_in){.bearer = bearer, .before = who->session, .before_is_guest = who->user == 0};
    aisle_token_new(s->token, s->session.hash);
    aisle_random_id(hex);
    snprintf(s->ext, sizeof s->ext, "signed-%s", hex);
    s->session.ext = aisle_str_from(s->ext);
    s->session.agent = agent_of(r);
}

aisle_status aisle_sign_in_write(aisle_sign_in *s, int64_t user, int64_t now_ms, aisle_tx *tx,
                                 aisle_error *err)
{
    s->session.user = user;
    s->session.now_ms = now_ms;
    AISLE_TRY(aisle_tx_session_add(tx, &s->session, &s->id, err));
    if (!s->before) return AISLE_OK;
    if (s->before_is_guest) return aisle_tx_guest_join(tx, s->before, user, err);
    return aisle_tx_session_drop(tx, s->before, err);
}

json_t *aisle_answer_account(const aisle_account *a)
{
    json_t *o = aisle_answer_with(json_object(), "id", aisle_answer_text(a->ext));
    o = aisle_answer_with(o, "email", aisle_answer_text(a->email));
    o = aisle_answer_with(o, "name", aisle_answer_text(a->name));
    o = aisle_answer_with(o, "age_band", aisle_answer_text(a->age_band));
    o = aisle_answer_with(o, "gender", aisle_answer_text(a->gender));
    o = aisle_answer_with(o, "country", aisle_answer_text(a->country));
    o = aisle_answer_with(o, "admin", json_boolean(a->admin));
    return aisle_answer_with(o, "created", aisle_answer_time(a->created_ms));
}

json_t *aisle_answer_session(int64_t id, int64_t created_ms, int64_t used_ms, const aisle_app *app)
{
    int64_t idle_ms = used_ms + app->config->session_idle_s * 1000;
    int64_t last_ms = created_ms + app->config->session_max_s * 1000;
    json_t *o = aisle_answer_with(json_object(), "id", json_integer(id));
    o = aisle_answer_with(o, "created", aisle_answer_time(created_ms));
    o = aisle_answer_with(o, "last_used", aisle_answer_time(used_ms));
    return aisle_answer_with(o, "expires", aisle_answer_time(idle_ms < last_ms ? idle_ms : last_ms));
}

aisle_status aisle_sign_in_reply(aisle_request *r, int status, const aisle_sign_in *s, const aisle_account *a)
{
    const aisle_app *app = aisle_request_app(r);
    json_t *session = aisle_answer_session(s->id, s->session.now_ms, s->session.now_ms, app);
    json_t *body = aisle_answer_with(json_object(), "user", aisle_answer_account(a));
    body = aisle_answer_with(body, "session", session);
    if (s->bearer) {
        body = aisle_answer_with(body, "token", json_string(s->token));
    } else {
        char cookie[AISLE_COOKIE_BYTES];
        aisle_cookie_format(cookie, aisle_request_is_secure(r), s->token, app->config->session_max_s);
        aisle_reply_header(r, "Set-Cookie", cookie);
    }
    return aisle_reply_json(r, status, body);
}

void aisle_cookie_drop(aisle_request *r)
{
    char cookie[AISLE_COOKIE_BYTES];
    if (!aisle_request_identity(r)->by_cookie) return;
    aisle_cookie_format(cookie, aisle_request_is_secure(r), "", 0);
    aisle_reply_header(r, "Set-Cookie", cookie);
}

static aisle_status parse_text(aisle_json_scope *s, const char *name, int64_t most, aisle_str *out)
{
    char pointer[64];
    AISLE_TRY(aisle_json_text(s, name, 1, most, out));
    for (size_t i = 0; i < out->len; i++) {
        if ((unsigned char)out->ptr[i] >= ' ' && out->ptr[i] != 0x7f) continue;
        snprintf(pointer, sizeof pointer, "/%s", name);
        s->failed = true;
        return aisle_request_invalid(s->r, pointer, "wrong_characters", "no control characters wanted");
    }
    return AISLE_OK;
}

aisle_status aisle_profile_parse(aisle_json_scope *s, aisle_profile *out)
{
    parse_text(s, "name", 200, &out->name);
    parse_text(s, "age_band", 64, &out->age_band);
    parse_text(s, "gender", 64, &out->gender);
    parse_text(s, "country", 64, &out->country);
    return s->failed ? AISLE_EINVAL : AISLE_OK;
}

aisle_status aisle_new_password_check(aisle_json_scope *s, const char *pointer, aisle_str password,
                                      const aisle_account *a)
{
    if (!password.ptr) return AISLE_OK; /* said already */
    aisle_password_fault fault = aisle_password_check(password, a->email, a->name);
    if (!fault.code) return AISLE_OK;
    s->failed = true;
    return aisle_request_invalid(s->r, pointer, fault.code, "%s", fault.text);
}
