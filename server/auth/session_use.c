/* One small write for a session or key that was not noted for a while; dropped when the writer is busy. */
#include "server/auth/session_use.h"

#include <string.h>

#include "server/store/accounts.h"

enum { HOUR_MS = 3600000, PARTS = 32 };

typedef struct use {
    aisle_write base;
    unsigned char hash[32];
    int64_t key, now_ms; /* key: api_keys.id, 0 = a session */
} use;

static aisle_status run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const use *u = (use *)w;
    return u->key ? aisle_tx_key_used(tx, u->key, u->now_ms, err)
                  : aisle_tx_session_touch(tx, u->hash, u->now_ms, err);
}

static void done(aisle_write *w, aisle_status st, const aisle_error *err)
{
    (void)st, (void)err; /* the next request tries again */
    aisle_free(w);
}

static void submit(aisle_app *app, const use *what)
{
    use *u = aisle_alloc(sizeof *u);
    if (!u) return;
    *u = *what;
    u->base = (aisle_write){.run = run, .done = done};
    if (aisle_store_submit(app->store, &u->base) != AISLE_OK) aisle_free(u);
}

void aisle_session_note_use(aisle_app *app, const unsigned char hash[32], int64_t used_ms, int64_t now_ms)
{
    int64_t step_ms = app->config->session_idle_s * 1000 / PARTS;
    if (now_ms - used_ms < (step_ms < HOUR_MS ? step_ms : HOUR_MS)) return;
    use u = {.now_ms = now_ms};
    memcpy(u.hash, hash, sizeof u.hash);
    submit(app, &u);
}

void aisle_key_note_use(aisle_app *app, const aisle_key_grant *key)
{
    int64_t now_ms = aisle_time_now_ms();
    if (now_ms - key->used_ms < HOUR_MS) return;
    use u = {.key = key->id, .now_ms = now_ms};
    submit(app, &u);
}
