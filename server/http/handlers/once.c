/* Hashes of keys and requests, and kept answers: what every handler with an Idempotency-Key shares. */
#include "server/http/handlers/once.h"

#include "server/auth/identity.h"
#include "server/auth/random_id.h"

enum { KEY_BYTES = 255 };
const char aisle_once_reused[] = "idempotency_key_reused";
const char aisle_once_reused_detail[] =
    "this Idempotency-Key came with another request before; make a new key for each";

static aisle_status take_key(aisle_request *r, aisle_str user, aisle_str session, bool *has, aisle_once *out)
{
    aisle_str key = aisle_request_once_key(r);
    const aisle_str texts[] = {user, session, aisle_request_method(r), aisle_request_path(r), key};
    *has = false;
    if (!key.ptr) return AISLE_OK;
    if (key.len < 1 || key.len > KEY_BYTES)
        return aisle_request_invalid(r, "Idempotency-Key", "out_of_range", "1 to %d characters wanted",
                                     KEY_BYTES);
    aisle_hash_texts(texts, sizeof texts / sizeof *texts, out->key);
    *has = true;
    return AISLE_OK;
}

aisle_status aisle_once_of(aisle_request *r, bool *has, aisle_once *out)
{
    const aisle_identity *who = aisle_request_identity(r);
    const aisle_str none = {NULL, 0};
    aisle_str key, value;
    AISLE_TRY(take_key(r, who->user ? who->user_ext : none, who->user ? none : who->session_ext, has, out));
    if (!*has) return AISLE_OK;
    aisle_hash_run *h = aisle_hash_begin(aisle_request_arena(r));
    if (!h) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the Idempotency-Key");
    for (int32_t i = 0; aisle_request_query_at(r, i, &key, &value); i++) {
        aisle_hash_text(h, key);
        aisle_hash_text(h, value);
    }
    aisle_hash_text(h, aisle_request_once_body(r));
    aisle_hash_end(h, out->request);
    return AISLE_OK;
}

aisle_status aisle_once_of_texts(aisle_request *r, const aisle_str *texts, int32_t n, bool *has,
                                 aisle_once *out)
{
    const aisle_str none = {NULL, 0};
    AISLE_TRY(take_key(r, none, none, has, out));
    if (*has) aisle_hash_texts(texts, n, out->request);
    return AISLE_OK;
}

aisle_status aisle_once_keep(aisle_tx *tx, const aisle_once *o, int status, const char *type,
                             const char *location, json_t *body, aisle_error *err)
{
    char *text = body ? json_dumps(body, AISLE_JSON_STYLE) : NULL;
    const aisle_kept kept = {.status = status,
                             .type = aisle_str_from(type),
                             .location = aisle_str_from(location),
                             .body = text ? aisle_str_from(text) : AISLE_STR("")};
    aisle_status st = body && !text ? aisle_fail(err, AISLE_ENOMEM, "out of memory for the answer")
                                    : aisle_tx_once_keep(tx, o, &kept, err);
    aisle_free(text);
    return st;
}

aisle_status aisle_once_reply(aisle_request *r, const aisle_kept *k)
{
    aisle_reply_header(r, "Idempotent-Replayed", "true");
    if (k->location.ptr) aisle_reply_header(r, "Location", k->location.ptr);
    if (!k->body.len) return aisle_reply_empty(r, k->status);
    return aisle_reply_bytes(r, k->status, k->type.ptr, k->body.ptr, k->body.len);
}
