/* recommendation_id: the answer that an event came from, told by the id itself. Nothing is written when an answer is
 * given; whoever counts an event later reads from its id which model, strategy, scenario and variant had chosen, and when.
 *
 * An id is base64url of
 *     1  byte   1: an answer's, 2: a list's that all share
 *     4  bytes  model version                            (numbers: little-endian)
 *     6  bytes  time of the answer, ms since 1970
 *     8  bytes  number of the answer
 *     4 texts   strategy, scenario, experiment, variant: a byte of length, then so many bytes
 *     8  bytes  SipHash-2-4 of all that, with a key that the store keeps
 * 47 to 254 characters. Who has not the key makes one that is taken for true with 2^-64 an attempt. It holds nothing of who
 * asked. */
#ifndef AISLE_SERVER_RECOMMENDATION_ID_H
#define AISLE_SERVER_RECOMMENDATION_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/status.h"
#include "aisle/str.h"
#include "server/store/store.h"

enum {
    AISLE_LABEL_MAX = 40,                /* bytes of each of the four names; what is longer is cut */
    AISLE_RECOMMENDATION_ID_BYTES = 256, /* with NUL */
    AISLE_ORIGIN_BYTES = 192             /* decoded */
};

typedef struct aisle_origin {
    int64_t model_version; /* 0 (none) to 2^32 - 1 */
    aisle_str strategy;
    aisle_str scenario, experiment, variant; /* absent or empty: none */
    int64_t at_ms;                           /* when it was answered; set by the makers */
    uint64_t number;                         /* tells answers of the same moment apart; set by the makers */
    bool shared;                             /* with others who were shown the same list; set by the makers */
} aisle_origin;

/* The keys and the count of answers. One a shop; any thread, no locks. */
typedef struct aisle_recommendation_ids aisle_recommendation_ids;
/* Reads the keys from the store, or makes them. May block for a write. */
aisle_status aisle_recommendation_ids_open(aisle_store *s, aisle_recommendation_ids **out, aisle_error *err);
void aisle_recommendation_ids_close(aisle_recommendation_ids *ids); /* NULL is a no-op */

/* The id of an answer that is given once. Well below a microsecond. Of o the model and the names are
 * looked at, here and below. */
void aisle_recommendation_id_new(aisle_recommendation_ids *ids, const aisle_origin *o,
                                 char out[AISLE_RECOMMENDATION_ID_BYTES]);
/* The id of a list that is the same for everybody and may be kept by caches: the same for the same origin, `what` (route and
 * question, in whatever form) and day (UTC), so that the answer's bytes, and its ETag, change once a day. Events that
 * carry it are told apart by who did them. */
void aisle_recommendation_id_shared(aisle_recommendation_ids *ids, const aisle_origin *o, aisle_str what,
                                    char out[AISLE_RECOMMENDATION_ID_BYTES]);
/* The id of all that o says. */
void aisle_recommendation_id_write(const aisle_recommendation_ids *ids, const aisle_origin *o,
                                   char out[AISLE_RECOMMENDATION_ID_BYTES]);
/* False: not an id that this shop has made. Texts of *out lie in `room`. */
bool aisle_recommendation_id_read(const aisle_recommendation_ids *ids, aisle_str id, aisle_origin *out,
                                  unsigned char room[AISLE_ORIGIN_BYTES]);
/* A hash with a key of the shop's, the same at every start: for marks of what was counted. */
uint64_t aisle_recommendation_mark(const aisle_recommendation_ids *ids, const void *p, size_t n);

#endif
