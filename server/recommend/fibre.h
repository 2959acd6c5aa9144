/* A call that is left half-way and gone on with later by the same thread, on a stack of its own. Knows nothing of what is called. */
#ifndef AISLE_SERVER_FIBRE_H
#define AISLE_SERVER_FIBRE_H

#include <stdbool.h>
#include <stdint.h>

/* Belongs to the thread that first starts it. */
typedef struct aisle_fibre aisle_fibre;

/* Of stack, at least; only what was once used of it is memory. Below it lie 64 KB that nobody may touch: a call that goes over the
 * end ends the process there (SIGSEGV) instead of writing into what is another's. So nothing is called on it whose depth others choose,
 * as that of a text that is parsed (together.h: aisle_outside). */
enum { AISLE_FIBRE_BYTES = 512 << 10 };

/* number: any; those of a few dozen different ones use different places of a cache. NULL: out of memory. */
aisle_fibre *aisle_fibre_new(int32_t number);
void aisle_fibre_free(aisle_fibre *f); /* not of a call that was left; NULL is fine */

/* Calls fn(ctx). False: it was left, and aisle_fibre_go_on goes on with it; true: it has returned, and another one may start.
 * Not from within a fibre. */
bool aisle_fibre_start(aisle_fibre *f, void (*fn)(void *ctx), void *ctx);
bool aisle_fibre_go_on(aisle_fibre *f);
/* From within the call: comes back when it is gone on with. */
void aisle_fibre_leave(aisle_fibre *f);

#endif
