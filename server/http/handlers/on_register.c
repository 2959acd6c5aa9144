/* POST /v1/account: registration, which signs in. What may come again with an Idempotency-Key. */
#include <stdio.h>
#include <string.h>

#include "server/auth/random_id.h"
#include "server/http/handlers/once.h"
#include "server/http/handlers/proof.h"

static const char *const no_query[] = {NULL};
static const char where[] = "/v1/account";

typedef struct registration {
    aisle_proof proof;
    aisle_sign_in sign_in;
    aisle_account account;
    aisle_once once;
    bool has_once, replayed;
    char ext[48];
} registration;

/* One @, something on both sides, nothing that is not printed. Whether it can be reached only a message would show. */
static bool is_email(aisle_str s)
{
    const char *at = s.len ? memchr(s.ptr, '@', s.len) : NULL;
    size_t local = at ? (size_t)(at - s.ptr) : 0;
    if (!at || local < 1 || local > 64 || s.len - local < 2) return false;
    if (memchr(at + 1, '@', s.len - local - 1)) return false;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f) return false;
    return true;
}

/* With an Idempotency-Key: what is kept is that it was done, and whose account it made: no answer, which holds a token, and
 * no hash of the body, which holds a password. Instead the password of a request that comes again must be the account's, as
 * in a sign-in, and the answer is a new session. Refusals are not kept: nothing was done. */
static aisle_status read_key(aisle_request *r, bool bearer, registration *g)
{
    const aisle_account *a = &g->account;
    const aisle_str texts[] = {a->email,  a->name,    a->age_band,
                               a->gender, a->country, bearer ? AISLE_STR("bearer") : AISLE_STR("")};
    return aisle_once_of_texts(r, texts, sizeof texts / sizeof *texts, &g->has_once, &g->once);
}

static aisle_status parse_registration(aisle_request *r, registration *g)
{
    static const char *const known[] = {"email",  "password", "name",   "age_band",
                                        "gender", "country",  "bearer", NULL};
    aisle_json_scope s;
    aisle_profile p = {.name = {NULL, 0}};
    bool bearer = false;
    AISLE_TRY(aisle_request_query_only(r, no_query));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "email");
    aisle_json_required(&s, "password");
    aisle_json_text(&s, "email", 3, 254, &g->account.email);
    aisle_json_text(&s, "password", 1, AISLE_PASSWORD_BYTES_MAX, &g->proof.fresh);
    aisle_json_bool(&s, "bearer", false, &bearer);
    aisle_profile_parse(&s, &p);
    if (g->account.email.ptr && !is_email(g->account.email)) {
        s.failed = true;
        aisle_request_invalid(r, "/email", "wrong_form", "an email address wanted");
    }
    g->account.name = p.name;
    g->account.age_band = p.age_band;
    g->account.gender = p.gender;
    g->account.country = p.country;
    aisle_new_password_check(&s, "/password", g->proof.fresh, &g->account);
    aisle_sign_in_begin(r, bearer, &g->sign_in);
    return s.failed ? AISLE_EINVAL : read_key(r, bearer, g);
}

static aisle_status reply_reused(aisle_proof *p)
{
    return aisle_reply_problem(p->r, 422, aisle_once_reused, aisle_once_reused_detail);
}

static aisle_status find_kept(registration *g, aisle_tx *tx, bool *found, aisle_kept *kept, aisle_error *err)
{
    *found = false;
    if (!g->has_once) return AISLE_OK;
    aisle_status st = aisle_tx_once_find(tx, &g->once, aisle_request_arena(g->proof.r), found, kept, err);
    if (st == AISLE_ECONFLICT) g->proof.instead = reply_reused;
    if (st == AISLE_ECONFLICT) *found = false;
    return st == AISLE_ECONFLICT ? AISLE_OK : st;
}

static aisle_status look_for_key(aisle_proof *p, aisle_tx *tx, aisle_error *err)
{
    registration *g = (registration *)p;
    bool found;
    aisle_kept kept;
    AISLE_TRY(find_kept(g, tx, &found, &kept, err));
    if (!found) return AISLE_OK;
    g->replayed = true;
    p->user = kept.user;
    p->password = p->fresh;
    p->fresh = (aisle_str){NULL, 0};
    p->wrong = reply_reused;
    return AISLE_OK;
}

static aisle_status write_registration(aisle_proof *p, aisle_tx *tx, aisle_error *err)
{
    registration *g = (registration *)p;
    aisle_kept kept;
    if (g->replayed) return aisle_sign_in_write(&g->sign_in, p->account.user, p->now_ms, tx, err);
    AISLE_TRY(find_kept(g, tx, &p->again, &kept, err)); /* by the same request beside this one */
    if (p->again || p->instead) return AISLE_OK;
    g->account.password = aisle_str_from(p->hash);
    g->account.created_ms = aisle_time_now_ms();
    AISLE_TRY(aisle_tx_account_add(tx, &g->account, err));
    AISLE_TRY(aisle_sign_in_write(&g->sign_in, g->account.user, p->now_ms, tx, err));
    g->once.user = g->account.user;
    if (!g->has_once) return AISLE_OK;
    return aisle_once_keep(tx, &g->once, 201, "application/json", where, NULL, err);
}

static aisle_status reply_registration(aisle_proof *p)
{
    registration *g = (registration *)p;
    aisle_reply_header(p->r, "Location", where);
    if (g->replayed) aisle_reply_header(p->r, "Idempotent-Replayed", "true");
    return aisle_sign_in_reply(p->r, 201, &g->sign_in, g->replayed ? &p->account : &g->account);
}

aisle_status aisle_on_account_add(aisle_request *r)
{
    char hex[AISLE_HEX_BYTES];
    registration *g = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *g);
    if (!g) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the account");
    AISLE_TRY(parse_registration(r, g));
    aisle_random_id(hex);
    snprintf(g->ext, sizeof g->ext, "account-%s", hex);
    g->account.ext = aisle_str_from(g->ext);
    g->proof.r = r;
    g->proof.first = look_for_key;
    g->proof.then = write_registration;
    g->proof.reply = reply_registration;
    return aisle_proof_begin(&g->proof);
}
