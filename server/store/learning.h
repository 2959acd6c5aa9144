/* What the store keeps for learning what works: the secrets that ids and buckets hang on. */
#ifndef AISLE_SERVER_LEARNING_H
#define AISLE_SERVER_LEARNING_H

#include "server/store/store.h"

enum { AISLE_SECRET_BYTES = 32 };
/* The shop's secret of this name (static text), the same at every start; the first call makes it. May block for a write.
 * AISLE_EIO, AISLE_EBUSY ... as any write. */
aisle_status aisle_store_secret(aisle_store *s, const char *name, unsigned char out[AISLE_SECRET_BYTES],
                                aisle_error *err);

#endif
