/* Notes, now and then, that a session or a key is in use: a write that nobody waits for. */
#ifndef AISLE_SERVER_SESSION_USE_H
#define AISLE_SERVER_SESSION_USE_H

#include "server/app.h"
#include "server/auth/keys.h"

/* At most once in 1/32 of the idle limit (an hour at most): expiry is late by no more than that. */
void aisle_session_note_use(aisle_app *app, const unsigned char hash[32], int64_t used_ms, int64_t now_ms);
/* At most once an hour. */
void aisle_key_note_use(aisle_app *app, const aisle_key_grant *key);

#endif
