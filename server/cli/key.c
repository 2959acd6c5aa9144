/* aisle key: API keys of a shop. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "server/auth/keys.h"
#include "server/cli/command.h"
#include "server/cli/options.h"

typedef struct key_write {
    aisle_write base;
    const char *name;
    const unsigned char *hash; /* NULL = remove */
} key_write;

static aisle_status run_write(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    key_write *k = (key_write *)w;
    const aisle_key key = {.name = aisle_str_from(k->name), .scope = AISLE_STR("admin")};
    return k->hash ? aisle_tx_key_add(tx, &key, k->hash, err) : aisle_tx_key_remove(tx, key.name, err);
}

/* One line on standard output; takes o. */
static aisle_status print_json(json_t *o, aisle_error *err)
{
    bool ok = o && json_dumpf(o, stdout, JSON_COMPACT) == 0;
    json_decref(o);
    if (!ok) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the answer");
    putchar('\n');
    return AISLE_OK;
}

static aisle_status add(aisle_store *s, const char *name, bool json, aisle_error *err)
{
    char text[AISLE_KEY_TEXT_BYTES];
    unsigned char hash[AISLE_KEY_HASH_BYTES];
    key_write w = {.base = {.run = run_write}, .name = name, .hash = hash};
    AISLE_TRY(aisle_key_new(false, text, hash, err));
    AISLE_TRY(aisle_store_write_now(s, &w.base, err));
    fputs("Keep this key: it is shown once, and only its hash is stored.\n", stderr);
    if (json) return print_json(json_pack("{s:s, s:s}", "name", name, "key", text), err);
    puts(text);
    return AISLE_OK;
}

static aisle_status drop(aisle_store *s, const char *name, bool json, aisle_error *err)
{
    key_write w = {.base = {.run = run_write}, .name = name};
    AISLE_TRY(aisle_store_write_now(s, &w.base, err));
    return json ? print_json(json_pack("{s:s}", "removed", name), err) : AISLE_OK;
}

static aisle_status print_keys(const aisle_key *keys, int32_t n, bool json, aisle_error *err)
{
    json_t *all = json ? json_array() : NULL;
    if (!json) printf("%-24s %-8s %s\n", "name", "scope", "created");
    for (int32_t i = 0; i < n; i++) {
        const aisle_key *k = &keys[i];
        char created[32];
        aisle_time_format(k->created_ms, created);
        if (json)
            json_array_append_new(all, json_pack("{s:s%, s:s%, s:s}", "name", k->name.ptr, k->name.len,
                                                 "scope", k->scope.ptr, k->scope.len, "created", created));
        else
            printf("%-24.*s %-8.*s %s\n", (int)k->name.len, k->name.ptr, (int)k->scope.len, k->scope.ptr,
                   created);
    }
    return json ? print_json(json_pack("{s:o}", "keys", all), err) : AISLE_OK;
}

static aisle_status list(aisle_store *s, bool json, aisle_error *err)
{
    aisle_view *v = NULL;
    aisle_arena arena = {0};
    aisle_key *keys;
    int32_t n = 0;
    aisle_status st = aisle_view_open(s, &v, err);
    if (st == AISLE_OK) st = aisle_view_keys(v, &arena, &keys, &n, err);
    if (st == AISLE_OK) st = print_keys(keys, n, json, err);
    aisle_arena_deinit(&arena);
    aisle_view_close(v);
    return st;
}

/* Names go to terminals and logs: plain printable ASCII. */
static bool is_name(const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~') return false;
    return n >= 1 && n <= 64;
}

int aisle_command_key(int argc, char **argv)
{
    const char *data = "data", *args[2];
    bool json = false;
    int32_t n_args;
    const aisle_option options[] = {
        {.name = "data",
         .letter = 'd',
         .value = "DIR",
         .kind = AISLE_OPT_TEXT,
         .out = &data,
         .help = "data folder of the shop"},
        {.name = "json", .kind = AISLE_OPT_FLAG, .out = &json, .help = "one JSON object on standard output"},
        {0},
    };
    const aisle_usage usage = {
        .command = "key",
        .synopsis = "add NAME | list | remove NAME [--data DIR]",
        .about =
            "Makes, lists and removes the keys that administer a shop over HTTP (Authorization: Bearer KEY).",
        .examples = "  aisle key add laptop --data shop\n  aisle key remove laptop --data shop",
        .min_args = 1,
        .max_args = 2,
    };
    int code = aisle_options_parse(&usage, options, argc, argv, args, &n_args);
    if (code >= 0) return code;
    aisle_error err = {.message = ""};
    aisle_store *s = NULL;
    bool adds = strcmp(args[0], "add") == 0, removes = strcmp(args[0], "remove") == 0;
    if (!adds && !removes && strcmp(args[0], "list") != 0) {
        aisle_fail(&err, AISLE_EINVAL, "%s: must be add, list or remove", args[0]);
        return aisle_complain("key", AISLE_EINVAL, &err);
    }
    if (n_args != (adds || removes ? 2 : 1)) {
        aisle_fail(&err, AISLE_EINVAL, adds || removes ? "%s: needs one NAME" : "%s: takes no name", args[0]);
        return aisle_complain("key", AISLE_EINVAL, &err);
    }
    if ((adds || removes) && !is_name(args[1])) {
        aisle_fail(&err, AISLE_EINVAL, "NAME: must be 1 to 64 printable characters without spaces");
        return aisle_complain("key", AISLE_EINVAL, &err);
    }
    aisle_status st = aisle_store_open(data, adds, &s, &err);
    if (st == AISLE_OK)
        st = adds      ? add(s, args[1], json, &err)
             : removes ? drop(s, args[1], json, &err)
                       : list(s, json, &err);
    aisle_store_close(s);
    return aisle_end("key", json, st, &err);
}
