/* Passwords: what is taken, and their Argon2id hashes by libsodium. Slow on purpose: never on a loop (hash_pool.h). */
#ifndef AISLE_SERVER_PASSWORDS_H
#define AISLE_SERVER_PASSWORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/status.h"
#include "aisle/str.h"

enum {
    AISLE_PASSWORD_CHARACTERS_MIN = 8, /* code points */
    AISLE_PASSWORD_BYTES_MAX = 1024,   /* longer ones are refused before hashing; none is cut */
    AISLE_PASSWORD_HASH_BYTES = 128    /* text with its NUL */
};

/* Makes what unknown accounts are compared with. Once, at the start; takes one hash. */
aisle_status aisle_passwords_setup(aisle_error *err);
/* 19 MiB, two passes (OWASP's floor for Argon2id). */
aisle_status aisle_password_hash(aisle_str password, char out[AISLE_PASSWORD_HASH_BYTES], aisle_error *err);
/* stored absent: there is no such account; the same work is done, and the answer is false. *weak: right, but the hash is
 * of a lower cost than today's and should be made anew. */
bool aisle_password_verify(aisle_str stored, aisle_str password, bool *weak);
/* Hashes and comparisons since the start. */
int64_t aisle_password_count(void);

typedef struct aisle_password_fault {
    const char *code, *text; /* NULL = a good password */
} aisle_password_fault;
/* email and name are the account's (may be absent): what they hold is guessed first. */
aisle_password_fault aisle_password_check(aisle_str password, aisle_str email, aisle_str name);

#endif
