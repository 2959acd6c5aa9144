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
#include "server/cli/verbs.h"
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

static aisle_status add(aisle_store *s, void *ctx, aisle_error *err)
{
    asked *a = ctx;
    char hex[AISLE_HEX_BYTES], id[48];
    AISLE_TRY(read_password(a, err));
    aisle_random_id(hex);
    snprintf(id, sizeof id, "account-%s", hex);
    if (!a->id) a->id = id;
    a->base.run = run_add;
    AISLE_TRY(aisle_store_write_now(s, &a->base, err));
    json_t *o =
        a->json ? json_pack("{s:s, s:s, s:b}", "id", a->id, "email", a->email, "admin", a->admin) : NULL;
    if (!a->json) puts(a->id);
    a->id = NULL; /* it was ours */
    return a->json ? aisle_say(o, err) : AISLE_OK;
}

/* ---- remove, password ---- */

static aisle_status run_remove(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    asked *a = (asked *)w;
    aisle_account account;
    AISLE_TRY(aisle_tx_account_find(tx, aisle_str_from(a->email), &a->arena, &account, err));
    return aisle_tx_person_erase(tx, account.user, err);
}

static aisle_status drop(aisle_store *s, void *ctx, aisle_error *err)
{
    asked *a = ctx;
    a->base.run = run_remove;
    AISLE_TRY(aisle_store_write_now(s, &a->base, err));
    aisle_error later; /* a server that runs now, or starts next, does it then */
    if (aisle_store_scrub(s, &later) != AISLE_OK) fprintf(stderr, "aisle user: %s\n", later.message);
    fputs("Erased from the database; a server takes the person out of the model files when it runs.\n",
          stderr);
    return a->json ? aisle_say(json_pack("{s:s}", "removed", a->email), err) : AISLE_OK;
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

static aisle_status set_password(aisle_store *s, void *ctx, aisle_error *err)
{
    asked *a = ctx;
    AISLE_TRY(read_password(a, err));
    a->base.run = run_password;
    AISLE_TRY(aisle_store_write_now(s, &a->base, err));
    return a->json ? aisle_say(json_pack("{s:s}", "password", a->email), err) : AISLE_OK;
}

/* ---- list ---- */

static aisle_status print_row(const aisle_account *a, bool json, aisle_error *err)
{
    char created[32];
    aisle_time_format(a->created_ms, created);
    if (json)
        return aisle_say(json_pack("{s:s%, s:s%, s:b, s:s}", "id", a->ext.ptr, a->ext.len, "email",
                                   a->email.ptr, a->email.len, "admin", a->admin, "created", created),
                         err);
    printf("%-34.*s %-6s %-25s %.*s\n", (int)a->email.len, a->email.ptr, a->admin ? "admin" : "", created,
           (int)a->ext.len, a->ext.ptr);
    return AISLE_OK;
}

static aisle_status list(aisle_store *s, void *ctx, aisle_error *err)
{
    asked *a = ctx;
    aisle_view *v = NULL;
    aisle_account *rows;
    int64_t after = 0;
    int32_t n = PAGE;
    aisle_status st = aisle_view_open(s, &v, err);
    if (st == AISLE_OK && !a->json) printf("%-34s %-6s %-25s %s\n", "email", "", "created", "id");
    while (st == AISLE_OK && n == PAGE) {
        st = aisle_view_accounts(v, after, PAGE, &a->arena, &rows, &n, err);
        for (int32_t i = 0; st == AISLE_OK && i < n; i++) {
            st = print_row(&rows[i], a->json, err);
            after = rows[i].user;
        }
        aisle_arena_deinit(&a->arena);
    }
    aisle_view_close(v);
    return st;
}

/* ---- the command ---- */

static const aisle_verb verbs[] = {{"add", true, true, add},
                                   {"list", false, false, list},
                                   {"remove", true, false, drop},
                                   {"password", true, false, set_password},
                                   {0}};

static aisle_status check_email(const char *s, aisle_error *err)
{
    const char *at = strchr(s, '@');
    size_t n = strlen(s), plain = 0;
    while (plain < n && s[plain] > ' ' && s[plain] != 0x7f) plain++;
    bool good = plain == n && at && at > s && at[1] && !strchr(at + 1, '@') && n <= 254;
    return good ? AISLE_OK
                : aisle_fail(err, AISLE_EINVAL, "EMAIL: an address such as ann@shop.example wanted");
}

int aisle_command_user(int argc, char **argv)
{
    static asked a;
    const aisle_option own[] = {
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
    };
    const aisle_verbs command = {.usage = usage,
                                 .verbs = verbs,
                                 .own = own,
                                 .name_is = "EMAIL",
                                 .check = check_email,
                                 .name = &a.email,
                                 .json = &a.json,
                                 .ctx = &a};
    a = (asked){.email = NULL};
    int code = aisle_verbs_run(&command, argc, argv);
    aisle_arena_deinit(&a.arena);
    explicit_bzero(a.password, sizeof a.password);
    return code;
}
