/* Argon2id, and a decoy for accounts that do not exist. */
#include "server/auth/passwords.h"

#include <sodium.h>
#include <string.h>

enum { PASSES = 2, MEMORY_BYTES = 19 * 1024 * 1024 };
_Static_assert(crypto_pwhash_STRBYTES <= AISLE_PASSWORD_HASH_BYTES, "room for the text");

static char decoy[AISLE_PASSWORD_HASH_BYTES];
static int64_t count;

aisle_status aisle_password_hash(aisle_str password, char out[AISLE_PASSWORD_HASH_BYTES], aisle_error *err)
{
    memset(out, 0, AISLE_PASSWORD_HASH_BYTES);
    int failed = crypto_pwhash_str_alg(out, password.ptr, password.len, PASSES, MEMORY_BYTES,
                                       crypto_pwhash_ALG_ARGON2ID13);
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    if (failed) return aisle_fail(err, AISLE_ENOMEM, "out of memory for hashing a password");
    return AISLE_OK;
}

aisle_status aisle_passwords_setup(aisle_error *err)
{
    char random[32];
    if (decoy[0]) return AISLE_OK;
    if (sodium_init() < 0)
        return aisle_fail(err, AISLE_EINTERNAL, "libsodium cannot be used on this machine");
    randombytes_buf(random, sizeof random);
    return aisle_password_hash((aisle_str){random, sizeof random}, decoy, err);
}

bool aisle_password_verify(aisle_str stored, aisle_str password, bool *weak)
{
    char text[AISLE_PASSWORD_HASH_BYTES] = "";
    bool known = stored.ptr && stored.len < sizeof text;
    memcpy(text, known ? stored.ptr : decoy, known ? stored.len : sizeof text);
    bool right = crypto_pwhash_str_verify(text, password.ptr, password.len) == 0;
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    *weak = known && right && crypto_pwhash_str_needs_rehash(text, PASSES, MEMORY_BYTES) != 0;
    return known && right;
}

int64_t aisle_password_count(void)
{
    return __atomic_load_n(&count, __ATOMIC_RELAXED);
}
