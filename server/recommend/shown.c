/* A ring of the newest lists, oldest first out, and a hash table with chains over it. */
#include "server/recommend/shown.h"

#include <pthread.h>
#include <string.h>

#include "aisle/rng.h"

typedef struct list {
    uint64_t number;
    int64_t at_ms, born_ms; /* number and at_ms are the origin's */
    char *ids;              /* note, then ids: of each its length, one byte, and itself; owned */
    int64_t bytes;
    int32_t next; /* in its chain; -1 = the last */
} list;

struct aisle_shown {
    pthread_mutex_t lock;
    int64_t first, end; /* lists [first, end) are there; list i stands at i % AISLE_SHOWN_LISTS */
    int64_t bytes;      /* of all ids */
    int32_t head[AISLE_SHOWN_LISTS]; /* -1 = empty */
    list at[AISLE_SHOWN_LISTS];
};

aisle_shown *aisle_shown_new(void)
{
    aisle_shown *s = aisle_calloc(1, sizeof *s);
    if (!s) return NULL;
    pthread_mutex_init(&s->lock, NULL);
    memset(s->head, -1, sizeof s->head);
    return s;
}

static uint64_t chain_of(uint64_t number, int64_t at_ms)
{
    const uint64_t key[2] = {number, (uint64_t)at_ms};
    return aisle_hash64(key, sizeof key, 0) % AISLE_SHOWN_LISTS;
}

static void drop_oldest(aisle_shown *s)
{
    const int32_t place = (int32_t)(s->first++ % AISLE_SHOWN_LISTS);
    list *l = &s->at[place];
    int32_t *link = &s->head[chain_of(l->number, l->at_ms)];
    while (*link != place) link = &s->at[*link].next;
    *link = l->next;
    s->bytes -= l->bytes;
    aisle_free(l->ids);
    *l = (list){0};
}

void aisle_shown_free(aisle_shown *s)
{
    if (!s) return;
    while (s->first < s->end) drop_oldest(s);
    pthread_mutex_destroy(&s->lock);
    aisle_free(s);
}

static char *put(char *at, aisle_str s)
{
    *at++ = (char)(unsigned char)s.len;
    if (s.len) memcpy(at, s.ptr, s.len);
    return at + s.len;
}

/* NULL: out of memory, or an id of more than 255 bytes, which no product has. */
static char *pack(const aisle_shown_list *l, int64_t *bytes)
{
    if (l->note.len > AISLE_SHOWN_NOTE) return NULL;
    *bytes = 1 + (int64_t)l->note.len;
    for (int64_t i = 0; i < l->n; i++) {
        if (l->items[i].len > UINT8_MAX) return NULL;
        *bytes += 1 + (int64_t)l->items[i].len;
    }
    char *packed = aisle_alloc((size_t)*bytes), *at = packed;
    if (packed) at = put(at, l->note);
    for (int64_t i = 0; i < l->n && packed; i++) at = put(at, l->items[i]);
    return packed;
}

static bool is_over(const aisle_shown *s, int64_t more, int64_t now_ms)
{
    const list *oldest = &s->at[s->first % AISLE_SHOWN_LISTS];
    return s->end - s->first == AISLE_SHOWN_LISTS || s->bytes + more > AISLE_SHOWN_BYTES ||
           now_ms - oldest->born_ms > AISLE_SHOWN_MS;
}

bool aisle_shown_put(aisle_shown *s, const aisle_origin *origin, const aisle_shown_list *shown,
                     int64_t now_ms)
{
    int64_t bytes;
    char *ids = pack(shown, &bytes);
    if (!ids || bytes > AISLE_SHOWN_BYTES) {
        aisle_free(ids);
        return false;
    }
    pthread_mutex_lock(&s->lock);
    while (s->first < s->end && is_over(s, bytes, now_ms)) drop_oldest(s);
    const int32_t place = (int32_t)(s->end++ % AISLE_SHOWN_LISTS);
    int32_t *head = &s->head[chain_of(origin->number, origin->at_ms)];
    s->at[place] = (list){origin->number, origin->at_ms, now_ms, ids, bytes, *head};
    *head = place;
    s->bytes += bytes;
    pthread_mutex_unlock(&s->lock);
    return true;
}

static aisle_str get(const char **at)
{
    const size_t len = (unsigned char)**at;
    const aisle_str s = {*at + 1, len};
    *at += 1 + len;
    return s;
}

static aisle_status unpack(const list *l, aisle_arena *a, aisle_shown_list *out)
{
    const char *copy = aisle_arena_strndup(a, l->ids, (size_t)l->bytes), *end = copy + l->bytes;
    int64_t count = 0;
    for (int64_t at = 0; at < l->bytes; at += 1 + (unsigned char)l->ids[at]) count++;
    aisle_str *items = aisle_arena_calloc(a, (size_t)count, sizeof *items);
    if (!copy || !items) return AISLE_ENOMEM;
    *out = (aisle_shown_list){.items = items, .note = get(&copy)};
    if (!out->note.len) out->note.ptr = NULL;
    while (copy < end) items[out->n++] = get(&copy);
    return AISLE_OK;
}

aisle_status aisle_shown_get(aisle_shown *s, const aisle_origin *origin, int64_t now_ms, aisle_arena *a,
                             aisle_shown_list *out)
{
    aisle_status st = AISLE_ENOTFOUND;
    pthread_mutex_lock(&s->lock);
    for (int32_t at = s->head[chain_of(origin->number, origin->at_ms)]; at >= 0; at = s->at[at].next) {
        const list *l = &s->at[at];
        if (l->number != origin->number || l->at_ms != origin->at_ms) continue;
        if (now_ms - l->born_ms <= AISLE_SHOWN_MS) st = unpack(l, a, out);
        break;
    }
    pthread_mutex_unlock(&s->lock);
    return st;
}
