/* aisle key: API keys of a shop. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "server/auth/keys.h"
#include "server/cli/command.h"
#include "server/cli/verbs.h"

typedef struct asked {
    aisle_write base;
    const char *name, *scopes;
    bool publishable, json;
    int64_t grace_hours;
    unsigned char hash[AISLE_KEY_HASH_BYTES];
} asked;

static aisle_status print_key(const asked *a, const char *text, aisle_error *err)
{
    fputs("Keep this key: it is shown once, and only its hash is stored.\n", stderr);
    if (a->json) return aisle_say(json_pack("{s:s, s:s}", "name", a->name, "key", text), err);
    puts(text);
    return AISLE_OK;
}

/* ---- add ---- */

static aisle_status run_add(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const asked *a = (asked *)w;
    const aisle_key key = {
        .name = aisle_str_from(a->name), .scope = aisle_str_from(a->scopes), .publishable = a->publishable};
    return aisle_tx_key_add(tx, &key, a->hash, err);
}

static aisle_status add(aisle_store *s, void *ctx, aisle_error *err)
{
    asked *a = ctx;
    char text[AISLE_KEY_TEXT_BYTES];
    unsigned bits;
    if (!a->scopes) a->scopes = a->publishable ? "read,events" : "admin";
    if (strlen(a->scopes) > 40 || !aisle_scopes_parse(aisle_str_from(a->scopes), &bits))
        return aisle_fail(err, AISLE_EINVAL, "--scopes %.60s: a list out of read, events, admin wanted",
                          a->scopes);
    if (a->publishable && bits & AISLE_SCOPE_ADMIN)
        return aisle_fail(
            err, AISLE_EINVAL,
            "--scopes %s: a publishable key stands in pages for all to see, and cannot be admin", a->scopes);
    AISLE_TRY(aisle_key_new(a->publishable, text, a->hash, err));
    a->base.run = run_add;
    AISLE_TRY(aisle_store_write_now(s, &a->base, err));
    return print_key(a, text, err);
}

/* ---- rotate ---- */

static aisle_status run_rotate(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    asked *a = (asked *)w;
    const int64_t hour_ms = 3600000;
    return aisle_tx_key_rotate(tx, aisle_str_from(a->name), a->hash,
                               aisle_time_now_ms() + a->grace_hours * hour_ms, a->publishable, err);
}

/* The kind of the key is in its text, which is made before the row is seen. */
static aisle_status rotate(aisle_store *s, asked *a, aisle_error *err)
{
    char text[AISLE_KEY_TEXT_BYTES];
    AISLE_TRY(aisle_key_new(a->publishable, text, a->hash, err));
    a->base.run = run_rotate;
    AISLE_TRY(aisle_store_write_now(s, &a->base, err));
    return print_key(a, text, err);
}

/* ---- remove ---- */

static aisle_status run_remove(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    return aisle_tx_key_remove(tx, aisle_str_from(((asked *)w)->name), err);
}

static aisle_status drop(aisle_store *s, void *ctx, aisle_error *err)
{
    asked *a = ctx;
    a->base.run = run_remove;
    AISLE_TRY(aisle_store_write_now(s, &a->base, err));
    return a->json ? aisle_say(json_pack("{s:s}", "removed", a->name), err) : AISLE_OK;
}

/* ---- list ---- */

static void print_row(const aisle_key *k)
{
    char created[32], used[32] = "never";
    aisle_time_format(k->created_ms, created);
    if (k->used_ms) aisle_time_format(k->used_ms, used);
    printf("%-24.*s %-12s %-18.*s %-25s %s\n", (int)k->name.len, k->name.ptr,
           k->publishable ? "publishable" : "secret", (int)k->scope.len, k->scope.ptr, created, used);
}

static json_t *time_json(int64_t ms)
{
    char text[32];
    aisle_time_format(ms, text);
    return ms ? json_string(text) : json_null();
}

static json_t *row_json(const aisle_key *k)
{
    return json_pack("{s:s%, s:s%, s:b, s:o, s:o, s:o}", "name", k->name.ptr, k->name.len, "scope",
                     k->scope.ptr, k->scope.len, "publishable", k->publishable, "created",
                     time_json(k->created_ms), "last_used", time_json(k->used_ms), "old_key_until",
                     time_json(k->old_until_ms));
}

static aisle_status print_keys(const aisle_key *keys, int32_t n, bool json, aisle_error *err)
{
    json_t *all = json ? json_array() : NULL;
    if (!json) printf("%-24s %-12s %-18s %-25s %s\n", "name", "kind", "scope", "created", "last used");
    for (int32_t i = 0; i < n; i++) {
        if (json)
            json_array_append_new(all, row_json(&keys[i]));
        else
            print_row(&keys[i]);
    }
    return json ? aisle_say(json_pack("{s:o}", "keys", all), err) : AISLE_OK;
}

static aisle_status find_all(aisle_store *s, aisle_arena *arena, aisle_key **keys, int32_t *n,
                             aisle_error *err)
{
    aisle_view *v = NULL;
    aisle_status st = aisle_view_open(s, &v, err);
    if (st == AISLE_OK) st = aisle_view_keys(v, arena, keys, n, err);
    aisle_view_close(v);
    return st;
}

static aisle_status list(aisle_store *s, void *ctx, aisle_error *err)
{
    asked *a = ctx;
    aisle_arena arena = {0};
    aisle_key *keys;
    int32_t n = 0;
    aisle_status st = find_all(s, &arena, &keys, &n, err);
    if (st == AISLE_OK) st = print_keys(keys, n, a->json, err);
    aisle_arena_deinit(&arena);
    return st;
}

/* A rotated key stays of the kind it was. */
static aisle_status find_kind(aisle_store *s, void *ctx, aisle_error *err)
{
    asked *a = ctx;
    aisle_arena arena = {0};
    aisle_key *keys;
    int32_t n = 0;
    aisle_status st = find_all(s, &arena, &keys, &n, err);
    for (int32_t i = 0; st == AISLE_OK && i < n; i++)
        if (aisle_str_eq(keys[i].name, aisle_str_from(a->name))) a->publishable = keys[i].publishable;
    aisle_arena_deinit(&arena);
    return st == AISLE_OK ? rotate(s, a, err) : st;
}

/* ---- the command ---- */

static const aisle_verb verbs[] = {{"add", true, true, add},
                                   {"list", false, false, list},
                                   {"remove", true, false, drop},
                                   {"rotate", true, false, find_kind},
                                   {0}};

/* Names go to terminals and logs: plain printable ASCII. */
static aisle_status check_name(const char *s, aisle_error *err)
{
    size_t n = strlen(s), plain = 0;
    while (plain < n && s[plain] > ' ' && s[plain] <= '~') plain++;
    return n >= 1 && n <= 64 && plain == n
               ? AISLE_OK
               : aisle_fail(err, AISLE_EINVAL, "NAME: must be 1 to 64 printable characters without spaces");
}

int aisle_command_key(int argc, char **argv)
{
    asked a = {.grace_hours = 24};
    const aisle_option own[] = {
        {.name = "scopes",
         .value = "LIST",
         .kind = AISLE_OPT_TEXT,
         .out = &a.scopes,
         .help = "out of read, events, admin; without it admin, or read,events when publishable"},
        {.name = "publishable",
         .kind = AISLE_OPT_FLAG,
         .out = &a.publishable,
         .help = "for pages: names sessions, never users"},
        {.name = "grace",
         .value = "HOURS",
         .kind = AISLE_OPT_INT,
         .out = &a.grace_hours,
         .low = 0,
         .high = 8760,
         .help = "how long the key before a rotation stays good"},
        {0},
    };
    const aisle_usage usage = {
        .command = "key",
        .synopsis = "add NAME | list | remove NAME | rotate NAME [--data DIR]",
        .about =
            "Makes, lists, removes and renews the keys of programs (Authorization: Bearer KEY): read for\n"
            "recommendations that name users and sessions, events to record what they did, admin for all.",
        .examples = "  aisle key add laptop --data shop\n  aisle key add web --publishable --data shop\n"
                    "  aisle key rotate laptop --grace 48 --data shop",
    };
    const aisle_verbs command = {.usage = usage,
                                 .verbs = verbs,
                                 .own = own,
                                 .name_is = "NAME",
                                 .check = check_name,
                                 .name = &a.name,
                                 .json = &a.json,
                                 .ctx = &a};
    return aisle_verbs_run(&command, argc, argv);
}
