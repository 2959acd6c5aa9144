/* aisle user: accounts of people, from the machine that keeps the shop. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "server/auth/passwords.h"
#include "server/auth/random_id.h"
#include "server/cli/command.h"
#include "server/cli/options.h"
#include "server/store/accounts.h"
#include "server/store/person_rows.h"

enum { PAGE = 256 };

typedef struct asked {
    aisle_write base;
    const char *email, *id, *name;
    bool admin, json;
    char password[AISLE_PASSWORD_BYTES_MAX + 2], hash[AISLE_PASSWORD_HASH_BYTES];
    aisle_arena arena;
} asked;

/* ---- the password: from the terminal without echo, else the first line of standard input; never from argv, which every
 * process of the machine can read ---- */

static aisle_status read_line(char *out, size_t bytes, aisle_error *err)
{
    if (!fgets(out, (int)bytes, stdin))
        return aisle_fail(err, AISLE_EINVAL, "standard input: a line with the password wanted");
    size_t n = strcspn(out, "\r\n");
    if (!out[n] && n == bytes - 1)
        return aisle_fail(err, AISLE_EINVAL, "password: longer than %d bytes", AISLE_PASSWORD_BYTES_MAX);
    out[n] = '\0';
    return AISLE_OK;
}

static aisle_status ask_once(const char *prompt, char *out, size_t bytes, aisle_error *err)
{
    struct termios shown, hidden;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &shown) == 0;
    if (terminal) {
        fputs(prompt, stderr);
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    aisle_status st = read_line(out, bytes, err);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
    }
    return st;
}

static aisle_status read_password(asked *a, aisle_error *err)
{
    char again[sizeof a->password];
    AISLE_TRY(ask_once("Password: ", a->password, sizeof a->password, err));
    if (isatty(STDIN_FILENO)) {
        AISLE_TRY(ask_once("Again: ", again, sizeof again, err));
        if (strcmp(a->password, again) != 0) return aisle_fail(err, AISLE_EINVAL, "the two passwords differ");
    }
    aisle_password_fault fault =
        aisle_password_check(aisle_str_from(a->password), aisle_str_from(a->email), aisle_str_from(a->name));
    if (fault.code) return aisle_fail(err, AISLE_EINVAL, "password: %s", fault.text);
    return aisle_password_hash(aisle_str_from(a->password), a->hash, err);
}

/* ---- add ---- */

static aisle_status run_add(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const asked *a = (asked *)w;
    aisle_account account = {.ext = aisle_str_from(a->id),
                             .email = aisle_str_from(a->email),
                             .name = aisle_str_from(a->name),
                             .password = aisle_str_from(a->hash),
                             .admin = a->admin,
                             .created_ms = aisle_time_now_ms()};
    return aisle_tx_account_add(tx, &account, err);
}

static aisle_status add(aisle_store *s, asked *a, aisle_error *err)
{
    char hex[AISLE_HEX_BYTES], id[48];
    AISLE_TRY(read_password(a, err));
    aisle_random_id(hex);
    snprintf(id, sizeof id, "account-%s", hex);
    if (!a->id) a->id = id;
    a->base.run = run_add;
    AISLE_TRY(aisle_store_write_now(s, &a->base, err));
    if (!a->json) puts(a->id);
    json_t *o =
        a->json ? json_pack("{s:s, s:s, s:b}", "id", a->id, "email", a->email, "admin", a->admin) : NULL;
    if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0) putchar('\n');
    json_decref(o);
    a->id = NULL; /* it was ours */
    return AISLE_OK;
}

/* ---- remove, password ---- */

static aisle_status run_remove(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    asked *a = (asked *)w;
    aisle_account account;
    AISLE_TRY(aisle_tx_account_find(tx, aisle_str_from(a->email), &a->arena, &account, err));
    return aisle_tx_person_erase(tx, account.user, err);
}

static aisle_status drop(aisle_store *s, asked *a, aisle_error *err)
{
    a->base.run = run_remove;
    AISLE_TRY(aisle_store_write_now(s, &a->base, err));
    aisle_error later; /* a server that runs now, or starts next, does it then */
    if (aisle_store_scrub(s, &later) != AISLE_OK) fprintf(stderr, "aisle user: %s\n", later.message);
    fputs("Erased from the database; a server takes the person out of the model files when it runs.\n",
          stderr);
    return AISLE_OK;
}

static aisle_status run_password(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    asked *a = (asked *)w;
    aisle_account account;
    AISLE_TRY(aisle_tx_account_find(tx, aisle_str_from(a->email), &a->arena, &account, err));
    AISLE_TRY(
        aisle_tx_account_password(tx, account.user, (aisle_str){NULL, 0}, aisle_str_from(a->hash), err));
    return aisle_tx_sessions_end(tx, account.user, 0, err);
}

static aisle_status set_password(aisle_store *s, asked *a, aisle_error *err)
{
    AISLE_TRY(read_password(a, err));
    a->base.run = run_password;
    return aisle_store_write_now(s, &a->base, err);
}

/* ---- list ---- */

static void print_row(const aisle_account *a, bool json)
{
    char created[32];
    aisle_time_format(a->created_ms, created);
    if (!json) {
        printf("%-34.*s %-6s %-25s %.*s\n", (int)a->email.len, a->email.ptr, a->admin ? "admin" : "", created,
               (int)a->ext.len, a->ext.ptr);
        return;
    }
    json_t *o = json_pack("{s:s%, s:s%, s:b, s:s}", "id", a->ext.ptr, a->ext.len, "email", a->email.ptr,
                          a->email.len, "admin", a->admin, "created", created);
    if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0) putchar('\n');
    json_decref(o);
}

static aisle_status list(aisle_store *s, asked *a, aisle_error *err)
{
    aisle_view *v = NULL;
    aisle_account *rows;
    int64_t after = 0;
    int32_t n = PAGE;
    aisle_status st = aisle_view_open(s, &v, err);
    if (st == AISLE_OK && !a->json) printf("%-34s %-6s %-25s %s\n", "email", "", "created", "id");
    while (st == AISLE_OK && n == PAGE) {
        st = aisle_view_accounts(v, after, PAGE, &a->arena, &rows, &n, err);
        for (int32_t i = 0; st == AISLE_OK && i < n; i++) {
            print_row(&rows[i], a->json);
            after = rows[i].user;
        }
        aisle_arena_deinit(&a->arena);
    }
    aisle_view_close(v);
    return st;
}

/* ---- the command ---- */

static const struct verb {
    const char *name;
    bool names, creates;
    aisle_status (*run)(aisle_store *s, asked *a, aisle_error *err);
} verbs[] = {{"add", true, true, add},
             {"list", false, false, list},
             {"remove", true, false, drop},
             {"password", true, false, set_password}};

static bool is_email(const char *s)
{
    const char *at = strchr(s, '@');
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] == 0x7f) return false;
    return at && at > s && at[1] && !strchr(at + 1, '@') && n <= 254;
}

static aisle_status check(const char *const *args, int32_t n_args, const struct verb **out, aisle_error *err)
{
    const struct verb *v = NULL;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(args[0], verbs[i].name) == 0) v = &verbs[i];
    if (!v) return aisle_fail(err, AISLE_EINVAL, "%s: must be add, list, remove or password", args[0]);
    if (n_args != (v->names ? 2 : 1))
        return aisle_fail(err, AISLE_EINVAL, v->names ? "%s: needs one EMAIL" : "%s: takes no email",
                          args[0]);
    if (v->names && !is_email(args[1]))
        return aisle_fail(err, AISLE_EINVAL, "EMAIL: an address such as ann@shop.example wanted");
    *out = v;
    return AISLE_OK;
}

int aisle_command_user(int argc, char **argv)
{
    const char *data = "data", *args[2];
    static asked a;
    int32_t n_args;
    const aisle_option options[] = {
        {.name = "data",
         .letter = 'd',
         .value = "DIR",
         .kind = AISLE_OPT_TEXT,
         .out = &data,
         .help = "data folder of the shop"},
        {.name = "admin", .kind = AISLE_OPT_FLAG, .out = &a.admin, .help = "may administer the shop"},
        {.name = "name",
         .value = "TEXT",
         .kind = AISLE_OPT_TEXT,
         .out = &a.name,
         .help = "what the person is called"},
        {.name = "id",
         .value = "ID",
         .kind = AISLE_OPT_TEXT,
         .out = &a.id,
         .help = "the user whom events name already; without it a new one"},
        {.name = "json", .kind = AISLE_OPT_FLAG, .out = &a.json, .help = "JSON on standard output"},
        {0},
    };
    const aisle_usage usage = {
        .command = "user",
        .synopsis = "add EMAIL | list | remove EMAIL | password EMAIL [--data DIR]",
        .about =
            "Makes, lists and erases accounts, and sets passwords (which ends the person's sessions). The\n"
            "password is asked for on the terminal, or is the first line of standard input.",
        .examples = "  aisle user add owner@shop.example --admin --data shop\n"
                    "  aisle user password owner@shop.example --data shop < secret",
        .min_args = 1,
        .max_args = 2,
    };
    a = (asked){.email = NULL};
    int code = aisle_options_parse(&usage, options, argc, argv, args, &n_args);
    if (code >= 0) return code;
    aisle_error err = {.message = ""};
    aisle_store *s = NULL;
    const struct verb *v = NULL;
    aisle_status st = check(args, n_args, &v, &err);
    if (st != AISLE_OK) return aisle_complain("user", st, &err);
    a.email = v->names ? args[1] : NULL;
    st = aisle_store_open(data, v->creates, &s, &err);
    if (st == AISLE_OK) st = v->run(s, &a, &err);
    aisle_store_close(s);
    aisle_arena_deinit(&a.arena);
    explicit_bzero(a.password, sizeof a.password);
    return aisle_end("user", a.json, st, &err);
}
