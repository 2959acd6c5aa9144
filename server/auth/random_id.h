/* Random ids and digests as hexadecimal text. Not keys (keys.h). */
#ifndef AISLE_SERVER_RANDOM_ID_H
#define AISLE_SERVER_RANDOM_ID_H

#include <stddef.h>
#include <stdint.h>

#include "aisle/memory.h"
#include "aisle/status.h"
#include "aisle/str.h"

enum { AISLE_HEX_BYTES = 33 }; /* 128 bits and NUL */

/* Call once before the others; again is fine. */
aisle_status aisle_crypto_setup(aisle_error *err);
void aisle_random_id(char hex[AISLE_HEX_BYTES]); /* unguessable */
/* BLAKE2b-128: equal texts have equal digests, and nobody finds two others. */
void aisle_digest(const void *text, size_t n, char hex[AISLE_HEX_BYTES]);

/* For tables in memory: SipHash-2-4, whose collisions nobody finds without the key. */
enum { AISLE_SHORT_KEY_BYTES = 16 };
void aisle_short_key(unsigned char key[AISLE_SHORT_KEY_BYTES]); /* random */
uint64_t aisle_short_hash(const unsigned char key[AISLE_SHORT_KEY_BYTES], const void *p, size_t n);

/* BLAKE2b-128 of a kind of name and the name: under what it is kept where the name itself should not stand. */
void aisle_mark(const char *kind, const void *name, size_t n, unsigned char out[16]);
/* BLAKE2b-256 of several texts, each with its length: where one ends and the next begins counts. Absent is as empty. */
void aisle_hash_texts(const aisle_str *texts, int32_t n, unsigned char hash[32]);

/* BLAKE2b-256 of what comes in pieces; a text counts with its length, as above. In the arena, NULL: out of memory. */
typedef struct aisle_hash_run aisle_hash_run;
aisle_hash_run *aisle_hash_begin(aisle_arena *a);
void aisle_hash_piece(aisle_hash_run *h, const void *p, size_t n);
void aisle_hash_text(aisle_hash_run *h, aisle_str text);
void aisle_hash_end(aisle_hash_run *h, unsigned char hash[32]); /* once */

#endif
