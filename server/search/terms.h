/* Text to the words and terms of the search: every word folded as in aisle/text.h, and its stem. Unlike there, words
 * without a topic stay: a phrase needs them, and "The Who" is somebody. */
#ifndef AISLE_SERVER_TERMS_H
#define AISLE_SERVER_TERMS_H

#include "aisle/text.h"

typedef struct aisle_term {
    aisle_str word; /* folded, at most 64 bytes */
    aisle_str stem; /* what the index holds; the word itself when it carries no topic */
    bool stop;      /* it carries no topic: "of", "the" */
} aisle_term;

/* One thread at a time. */
typedef struct aisle_terms aisle_terms;
aisle_status aisle_terms_new(aisle_terms **out, aisle_error *err);
void aisle_terms_free(aisle_terms *t); /* NULL is fine */

/* Calls fn for each word in order; its views are borrowed for the call. Another status than AISLE_OK stops, and is
 * returned. */
typedef aisle_status aisle_terms_fn(void *ctx, const aisle_term *term);
aisle_status aisle_terms_run(aisle_terms *t, aisle_str text, aisle_terms_fn *fn, void *ctx, aisle_error *err);
bool aisle_terms_is_stop(aisle_terms *t, aisle_str word); /* a folded word: it carries no topic */

#endif
