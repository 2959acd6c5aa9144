/* Session tokens: "ast_" and 32 random bytes, in a cookie or as a bearer. Only their hash is stored. Not API keys
 * (keys.h). */
#ifndef AISLE_SERVER_TOKENS_H
#define AISLE_SERVER_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/status.h"
#include "aisle/str.h"

enum { AISLE_TOKEN_TEXT_BYTES = 48, AISLE_COOKIE_BYTES = 192 }; /* text: 4 + 43 characters and NUL */

void aisle_token_new(char text[AISLE_TOKEN_TEXT_BYTES], unsigned char hash[32]);
bool aisle_token_is(aisle_str text); /* has the form of one */
void aisle_token_hash(aisle_str text, unsigned char hash[32]);

/* The name of the cookie: the prefix makes browsers take it over TLS only, for this host and every path. */
const char *aisle_cookie_name(bool secure);
/* The first value of that name in the value of a Cookie field; absent = not there. */
aisle_str aisle_cookie_find(aisle_str field, const char *name);
/* Value of a Set-Cookie field; token "" and max_age_s 0 take the cookie away. */
void aisle_cookie_format(char out[AISLE_COOKIE_BYTES], bool secure, const char *token, int64_t max_age_s);
/* What follows "Bearer " in an Authorization field; absent for another scheme or none. */
aisle_str aisle_bearer_find(aisle_str authorization);

#endif
