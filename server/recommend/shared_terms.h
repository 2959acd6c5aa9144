/* Which words two products' texts have in common, and what each is worth to their likeness. */
#ifndef AISLE_SERVER_SHARED_TERMS_H
#define AISLE_SERVER_SHARED_TERMS_H

#include "server/jobs/shelf.h"

typedef struct aisle_shared_term {
    aisle_str term; /* as the vocabulary has it: stems; the model's */
    float share;    /* of the likeness, which is the sum over all shared terms */
} aisle_shared_term;
enum { AISLE_SHARED_TERMS = 5 };
/* The terms that give most to the cosine of the texts of two items of the shelf, most first, ties in the vocabulary's order. Returns how
 * many: 0 where the model knows no text of one. */
int32_t aisle_shared_terms(const aisle_shelf *s, int32_t a, int32_t b,
                           aisle_shared_term out[AISLE_SHARED_TERMS]);

#endif
