/* API keys of programs that administer the shop: "aisle_" and 32 random bytes. Not the accounts of people. */
#ifndef AISLE_SERVER_KEYS_H
#define AISLE_SERVER_KEYS_H

#include <stdbool.h>

#include "server/store/store.h"

enum { AISLE_KEY_TEXT_BYTES = 50, AISLE_KEY_HASH_BYTES = 32 }; /* text: 6 + 43 characters and NUL */

/* A new key as text, to be shown once, and the hash to be stored. */
aisle_status aisle_key_new(char text[AISLE_KEY_TEXT_BYTES], unsigned char hash[AISLE_KEY_HASH_BYTES],
                           aisle_error *err);
/* The stored form: BLAKE2b-256. No salt or stretching: a key has 256 random bits. */
void aisle_key_hash(aisle_str key, unsigned char hash[AISLE_KEY_HASH_BYTES]);
/* authorization: the value of the header, "Bearer aisle_..."; absent is not allowed. AISLE_OK with *allowed
 * false for every wrong one; other statuses mean that the keys could not be read. The look-up is by hash, so
 * its time tells nothing about a key. */
aisle_status aisle_key_authorize(aisle_view *v, aisle_str authorization, bool *allowed, aisle_error *err);

#endif
