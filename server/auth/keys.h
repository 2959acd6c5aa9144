/* API keys of programs: "aisle_" (secret) or "aisle_pub_" (publishable: it stands in a page for all to see) and 32
 * random bytes. Not the accounts of people. */
#ifndef AISLE_SERVER_KEYS_H
#define AISLE_SERVER_KEYS_H

#include <stdbool.h>

#include "server/auth/identity.h"
#include "server/store/store.h"

enum { AISLE_KEY_TEXT_BYTES = 54, AISLE_KEY_HASH_BYTES = 32 }; /* text: at most 10 + 43 characters and NUL */

/* A new key as text, to be shown once, and the hash to be stored. */
aisle_status aisle_key_new(bool publishable, char text[AISLE_KEY_TEXT_BYTES],
                           unsigned char hash[AISLE_KEY_HASH_BYTES], aisle_error *err);
/* The stored form: BLAKE2b-256. No salt or stretching: a key has 256 random bits. */
void aisle_key_hash(aisle_str key, unsigned char hash[AISLE_KEY_HASH_BYTES]);

/* "read,events,admin" -> bits of aisle_scope; false for an unknown word or none. */
bool aisle_scopes_parse(aisle_str list, unsigned *out);

typedef struct aisle_key_grant {
    bool found, publishable;
    unsigned scopes;
    int64_t id, used_ms;
} aisle_key_grant;
/* text: what follows "Bearer "; absent is not found. AISLE_OK with found false for every wrong one; other statuses mean
 * that the keys could not be read. The look-up is by hash, so its time tells nothing about a key. */
aisle_status aisle_key_find(aisle_view *v, aisle_str text, aisle_key_grant *out, aisle_error *err);

#endif
