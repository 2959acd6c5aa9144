/* Products by their relation to others: alike, bought together, a step up. No HTTP and no JSON. */
#ifndef AISLE_SERVER_RELATIONS_H
#define AISLE_SERVER_RELATIONS_H

#include "server/recommend/ask.h"

typedef enum aisle_relation {
    AISLE_RELATED_SIMILAR,       /* taken by the same people, filled up by text */
    AISLE_RELATED_COMPLEMENTARY, /* bought with them, up to now (later_baskets.h) */
    AISLE_RELATED_UPGRADE, /* similar ones of the first item's category that cost 1.1 to 2.5 times as much and are rated
                                  * at least as well; none where its price or category is not known */
    AISLE_RELATED_CONTENT /* by text alone */
} aisle_relation;
enum { AISLE_RELATIONS = 4 };
extern const char *const aisle_relation_names[AISLE_RELATIONS + 1]; /* NULL at the end */
bool aisle_relation_parse(aisle_str name, aisle_relation *out);

typedef struct aisle_related_ask {
    aisle_relation relation;
    const int32_t *items; /* of the shelf, n_items >= 1; they do not come themselves */
    int32_t n_items, n;   /* hits wanted */
    const uint64_t *allowed;
} aisle_related_ask;
/* hits: room for ask->n. AISLE_ENOMEM; *hits is written only on success. */
aisle_status aisle_related(const aisle_answering *w, const aisle_related_ask *ask, aisle_hits *hits,
                           aisle_error *err);

#endif
