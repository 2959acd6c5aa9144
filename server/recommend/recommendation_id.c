/* The number of an answer is the count of answers, hidden by a keyed hash: unique within a process for certain, and as good
 * as random between processes, without asking the system for random bytes at every answer. */
#include "server/recommend/recommendation_id.h"

#include <stdatomic.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/auth/random_id.h"
#include "server/auth/text64.h"
#include "server/store/learning.h"

enum {
    ANSWER = 1,
    LIST = 2,
    MAC = 8,
    FIXED = 1 + 4 + 6 + 8,
    TEXTS = 4,
    MOST = FIXED + TEXTS * (1 + AISLE_LABEL_MAX) + MAC
};
_Static_assert((size_t)MOST <= (size_t)AISLE_ORIGIN_BYTES &&
                   AISLE_TEXT64_BYTES((size_t)MOST) <= (size_t)AISLE_RECOMMENDATION_ID_BYTES,
               "an id is at most 255 bytes");
_Static_assert(2 * (size_t)AISLE_SHORT_KEY_BYTES == (size_t)AISLE_SECRET_BYTES, "one secret is two keys");

struct aisle_recommendation_ids {
    unsigned char mac_key[AISLE_SHORT_KEY_BYTES], list_key[AISLE_SHORT_KEY_BYTES];
    unsigned char number_key[AISLE_SHORT_KEY_BYTES]; /* of this process */
    atomic_uint_fast64_t count;
};

aisle_status aisle_recommendation_ids_open(aisle_store *s, aisle_recommendation_ids **out, aisle_error *err)
{
    unsigned char secret[AISLE_SECRET_BYTES];
    AISLE_TRY(aisle_store_secret(s, "recommendations", secret, err));
    aisle_recommendation_ids *ids = aisle_calloc(1, sizeof *ids);
    if (!ids) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the ids of recommendations");
    memcpy(ids->mac_key, secret, sizeof ids->mac_key);
    memcpy(ids->list_key, secret + sizeof ids->mac_key, sizeof ids->list_key);
    aisle_short_key(ids->number_key);
    *out = ids;
    return AISLE_OK;
}

void aisle_recommendation_ids_close(aisle_recommendation_ids *ids)
{
    aisle_free(ids);
}

static unsigned char *put(unsigned char *at, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++) *at++ = (unsigned char)(v >> 8 * i);
    return at;
}

static uint64_t get(const unsigned char **at, int bytes)
{
    uint64_t v = 0;
    for (int i = bytes - 1; i >= 0; i--) v = v << 8 | (*at)[i];
    *at += bytes;
    return v;
}

static unsigned char *put_text(unsigned char *at, aisle_str s)
{
    size_t n = !s.ptr ? 0 : s.len > AISLE_LABEL_MAX ? AISLE_LABEL_MAX : s.len;
    *at++ = (unsigned char)n;
    if (n) memcpy(at, s.ptr, n);
    return at + n;
}

void aisle_recommendation_id_write(const aisle_recommendation_ids *ids, const aisle_origin *o,
                                   char out[AISLE_RECOMMENDATION_ID_BYTES])
{
    unsigned char bytes[MOST], *at = bytes;
    *at++ = o->shared ? LIST : ANSWER;
    at = put(at, (uint64_t)o->model_version, 4);
    at = put(at, (uint64_t)o->at_ms, 6);
    at = put(at, o->number, 8);
    at = put_text(at, o->strategy);
    at = put_text(at, o->scenario);
    at = put_text(at, o->experiment);
    at = put_text(at, o->variant);
    at = put(at, aisle_short_hash(ids->mac_key, bytes, (size_t)(at - bytes)), MAC);
    aisle_text64_write(bytes, (size_t)(at - bytes), out, AISLE_RECOMMENDATION_ID_BYTES);
}

void aisle_recommendation_id_new(aisle_recommendation_ids *ids, const aisle_origin *o,
                                 char out[AISLE_RECOMMENDATION_ID_BYTES])
{
    uint64_t count = atomic_fetch_add_explicit(&ids->count, 1, memory_order_relaxed);
    aisle_origin one = *o;
    one.at_ms = aisle_time_now_ms();
    one.number = aisle_short_hash(ids->number_key, &count, sizeof count);
    one.shared = false;
    aisle_recommendation_id_write(ids, &one, out);
}

void aisle_recommendation_id_shared(aisle_recommendation_ids *ids, const aisle_origin *o, aisle_str what,
                                    char out[AISLE_RECOMMENDATION_ID_BYTES])
{
    const int64_t day_ms = INT64_C(24) * 3600 * 1000, now_ms = aisle_time_now_ms();
    aisle_origin one = *o;
    one.at_ms = now_ms - now_ms % day_ms;
    one.number = aisle_recommendation_mark(ids, what.ptr, what.len);
    one.shared = true;
    aisle_recommendation_id_write(ids, &one, out);
}

uint64_t aisle_recommendation_mark(const aisle_recommendation_ids *ids, const void *p, size_t n)
{
    return aisle_short_hash(ids->list_key, p, n);
}

static bool get_text(const unsigned char **at, const unsigned char *end, aisle_str *out)
{
    if (*at == end || **at > end - *at - 1 || **at > AISLE_LABEL_MAX) return false;
    size_t n = *(*at)++;
    *out = (aisle_str){(const char *)*at, n};
    *at += n;
    return true;
}

bool aisle_recommendation_id_read(const aisle_recommendation_ids *ids, aisle_str id, aisle_origin *out,
                                  unsigned char room[AISLE_ORIGIN_BYTES])
{
    size_t n;
    aisle_origin o;
    if (!aisle_text64_read(id, room, AISLE_ORIGIN_BYTES, &n) || n < FIXED + TEXTS + MAC ||
        (room[0] != ANSWER && room[0] != LIST))
        return false;
    const unsigned char *at = room + 1, *end = room + n - MAC, *mac = end;
    if (get(&mac, MAC) != aisle_short_hash(ids->mac_key, room, n - MAC)) return false;
    o.shared = room[0] == LIST;
    o.model_version = (int64_t)get(&at, 4);
    o.at_ms = (int64_t)get(&at, 6);
    o.number = get(&at, 8);
    bool whole = get_text(&at, end, &o.strategy) && get_text(&at, end, &o.scenario) &&
                 get_text(&at, end, &o.experiment) && get_text(&at, end, &o.variant) && at == end;
    if (whole) *out = o;
    return whole;
}
