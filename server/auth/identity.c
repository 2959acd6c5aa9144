/* From cookie and Authorization field to who asks. Reads the store on the request's loop: two look-ups by hash. */
#include "server/auth/identity.h"

#include <stdio.h>
#include <string.h>

#include "server/app.h"
#include "server/auth/keys.h"
#include "server/auth/random_id.h"
#include "server/auth/session_use.h"
#include "server/auth/tokens.h"
#include "server/store/accounts.h"

/* ---- the key ---- */

static aisle_status take_key(aisle_request *r, aisle_str text, aisle_identity *out, aisle_error *err)
{
    aisle_app *app = aisle_request_app(r);
    aisle_key_grant grant;
    AISLE_TRY(aisle_key_find(app->loops[aisle_request_loop(r)].view, text, &grant, err));
    if (!grant.found)
        return aisle_app_is_open(app) ? AISLE_OK : aisle_fail(err, AISLE_EDENIED, "the key is not known");
    out->scopes |= grant.scopes;
    out->publishable = grant.publishable;
    aisle_key_note_use(app, &grant);
    return AISLE_OK;
}

/* ---- the session ---- */

static bool has_ended(const aisle_app *app, const aisle_token *t, int64_t now_ms)
{
    return now_ms - t->used_ms > app->config->session_idle_s * 1000 ||
           now_ms - t->created_ms > app->config->session_max_s * 1000;
}

static aisle_status take_session(aisle_request *r, aisle_str text, aisle_identity *out, aisle_error *err)
{
    aisle_app *app = aisle_request_app(r);
    aisle_token token;
    unsigned char hash[AISLE_TOKEN_HASH_BYTES];
    bool found;
    int64_t now_ms = aisle_app_clock_ms(app);
    aisle_token_hash(text, hash);
    AISLE_TRY(aisle_view_token(app->loops[aisle_request_loop(r)].view, hash, aisle_request_arena(r), &token,
                               &found, err));
    if (!found || has_ended(app, &token, now_ms))
        return aisle_fail(err, AISLE_EDENIED, "the session is not known, or has ended");
    out->user = token.user;
    out->session = token.session;
    out->user_ext = token.user_ext;
    out->session_ext = token.session_ext;
    out->session_created_ms = token.created_ms;
    out->session_used_ms = token.used_ms;
    out->admin = token.admin;
    if (token.admin) out->scopes = AISLE_SCOPE_ALL;
    aisle_session_note_use(app, hash, token.used_ms, now_ms);
    return AISLE_OK;
}

/* A cookie that is no good is as none: browsers send what they have. */
static aisle_status take_cookie(aisle_request *r, aisle_identity *out, aisle_error *err)
{
    const char *name = aisle_cookie_name(aisle_request_is_secure(r));
    aisle_str text = aisle_cookie_find(aisle_request_header(r, "Cookie"), name);
    if (!text.ptr || !aisle_token_is(text)) return AISLE_OK;
    aisle_status st = take_session(r, text, out, err);
    out->by_cookie = st == AISLE_OK;
    return st == AISLE_EDENIED ? AISLE_OK : st;
}

aisle_status aisle_identify(aisle_request *r, aisle_identity *out, aisle_error *err)
{
    aisle_str bearer = aisle_bearer_find(aisle_request_header(r, "Authorization"));
    *out = (aisle_identity){.user = 0};
    if (bearer.ptr && aisle_token_is(bearer))
        AISLE_TRY(take_session(r, bearer, out, err));
    else {
        AISLE_TRY(take_cookie(r, out, err));
        if (bearer.ptr) AISLE_TRY(take_key(r, bearer, out, err));
    }
    if (aisle_app_is_open(aisle_request_app(r))) out->scopes = AISLE_SCOPE_ALL;
    if (out->scopes & AISLE_SCOPE_ADMIN) out->scopes = AISLE_SCOPE_ALL;
    return AISLE_OK;
}

/* ---- what handlers ask ---- */

static bool refuse(aisle_request *r, bool known, const char *what)
{
    char detail[160];
    snprintf(detail, sizeof detail, "%s needs a %s", what,
             known ? "key of this scope, or the session it belongs to"
                   : "key: send `Authorization: Bearer KEY`");
    if (!known) aisle_reply_header(r, "WWW-Authenticate", "Bearer realm=\"aisle\"");
    aisle_reply_problem(r, known ? 403 : 401, known ? "access_denied" : "authentication_required", detail);
    return false;
}

bool aisle_request_may_name(aisle_request *r, aisle_str user, aisle_str session, aisle_scope scope,
                            const char *what)
{
    const aisle_identity *who = aisle_request_identity(r);
    bool own_user = !user.ptr || (who->user && aisle_str_eq(user, who->user_ext));
    bool own_session = !session.ptr || (who->session && aisle_str_eq(session, who->session_ext));
    bool named = (who->scopes & scope) != 0,
         secret = named && !(who->publishable && who->scopes != AISLE_SCOPE_ALL);
    if ((own_user || secret) && (own_session || named)) return true;
    return refuse(r, who->user || who->scopes, what);
}

aisle_status aisle_guest_begin(aisle_request *r, aisle_guest *g)
{
    char token[AISLE_TOKEN_TEXT_BYTES], cookie[AISLE_COOKIE_BYTES], hex[AISLE_HEX_BYTES];
    aisle_app *app = aisle_request_app(r);
    *g = (aisle_guest){.fresh = false};
    if (aisle_request_identity(r)->session) return AISLE_OK;
    aisle_token_new(token, g->hash);
    aisle_random_id(hex);
    g->fresh = true;
    g->now_ms = aisle_app_clock_ms(app);
    snprintf(g->session_ext, sizeof g->session_ext, "guest-%s", hex);
    aisle_cookie_format(cookie, aisle_request_is_secure(r), token, app->config->session_max_s);
    aisle_reply_header(r, "Set-Cookie", cookie);
    return AISLE_OK;
}
