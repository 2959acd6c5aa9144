/* What each recent answer has shown, so that the next page repeats nothing, whatever was done in between. In memory alone:
 * after a restart, half an hour, or many newer answers the first page is asked for anew. */
#ifndef AISLE_SERVER_SHOWN_H
#define AISLE_SERVER_SHOWN_H

#include "aisle/memory.h"
#include "aisle/str.h"
#include "server/recommend/recommendation_id.h"

enum {
    AISLE_SHOWN_LISTS = 65536,   /* the newest are kept ... */
    AISLE_SHOWN_BYTES = 64 << 20 /* ... of so many bytes of ids at most, ... */
};
#define AISLE_SHOWN_MS INT64_C(1800000) /* ... for half an hour */

/* Thread-safe; a lock is held for about a microsecond. */
typedef struct aisle_shown aisle_shown;
aisle_shown *aisle_shown_new(void);    /* NULL: out of memory */
void aisle_shown_free(aisle_shown *s); /* NULL is fine */
/* Remembers the items of an answer, those of the pages before it included, and a note: bytes that go with them, AISLE_SHOWN_NOTE at
 * most, or none. origin: of its recommendation_id. now_ms: monotonic. False: not kept, since memory is short or an id has more than
 * 255 bytes; then there is no next page. */
typedef struct aisle_shown_list {
    aisle_str *items;
    int64_t n;
    aisle_str note; /* absent: none */
} aisle_shown_list;
enum { AISLE_SHOWN_NOTE = 255 };
bool aisle_shown_put(aisle_shown *s, const aisle_origin *origin, const aisle_shown_list *list,
                     int64_t now_ms);
/* AISLE_ENOTFOUND: not there any more. AISLE_ENOMEM. *out in the arena. */
aisle_status aisle_shown_get(aisle_shown *s, const aisle_origin *origin, int64_t now_ms, aisle_arena *a,
                             aisle_shown_list *out);

#endif
