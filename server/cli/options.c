/* The option table over getopt_long: every row becomes a long option, its bounds are checked, help is laid
 * out. */
#include "server/cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "aisle/str.h"

enum { MAX_OPTIONS = 160, FIRST_CODE = 256, NO_CODE = 1024 };

static aisle_status set_int(const aisle_option *o, const char *text, aisle_error *err)
{
    int64_t v;
    if (!aisle_str_to_i64(aisle_str_from(text), &v))
        return aisle_fail(err, AISLE_EINVAL, "--%s %s: not a whole number", o->name, text);
    if ((double)v < o->low || (double)v > o->high)
        return aisle_fail(err, AISLE_EINVAL, "--%s %s: must be %.0f to %.0f", o->name, text, o->low, o->high);
    *(int64_t *)o->out = v;
    return AISLE_OK;
}

static aisle_status set_real(const aisle_option *o, const char *text, aisle_error *err)
{
    double v;
    if (!aisle_str_to_f64(aisle_str_from(text), &v))
        return aisle_fail(err, AISLE_EINVAL, "--%s %s: not a number", o->name, text);
    if (!(v >= o->low && v <= o->high))
        return aisle_fail(err, AISLE_EINVAL, "--%s %s: must be %g to %g", o->name, text, o->low, o->high);
    *(double *)o->out = v;
    return AISLE_OK;
}

static aisle_status set_choice(const aisle_option *o, const char *text, aisle_error *err)
{
    char known[256] = "";
    for (int i = 0; o->choices[i]; i++) {
        if (strcmp(o->choices[i], text) == 0) {
            *(const char **)o->out = o->choices[i];
            return AISLE_OK;
        }
        size_t n = strlen(known);
        snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", o->choices[i]);
    }
    return aisle_fail(err, AISLE_EINVAL, "--%s %s: must be one of %s", o->name, text, known);
}

static aisle_status set_flag(const aisle_option *o, const char *text, aisle_error *err)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0;
    bool no = strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "0") == 0;
    if (!yes && !no) return aisle_fail(err, AISLE_EINVAL, "--%s %s: must be true or false", o->name, text);
    *(bool *)o->out = yes;
    return AISLE_OK;
}

aisle_status aisle_option_set(const aisle_option *o, const char *text, aisle_error *err)
{
    aisle_strings *list = o->out;
    switch (o->kind) {
    case AISLE_OPT_FLAG: return set_flag(o, text, err);
    case AISLE_OPT_INT: return set_int(o, text, err);
    case AISLE_OPT_REAL: return set_real(o, text, err);
    case AISLE_OPT_CHOICE: return set_choice(o, text, err);
    case AISLE_OPT_TEXT:
        if (!*text) return aisle_fail(err, AISLE_EINVAL, "--%s: the value is empty", o->name);
        *(const char **)o->out = text;
        return AISLE_OK;
    case AISLE_OPT_LIST:
        if (list->n == AISLE_STRINGS_MAX)
            return aisle_fail(err, AISLE_EINVAL, "--%s: at most %d times", o->name, AISLE_STRINGS_MAX);
        list->at[list->n++] = text;
        return AISLE_OK;
    }
    return aisle_fail(err, AISLE_EINTERNAL, "--%s: unknown kind", o->name);
}

/* The range, the choices, the default: what follows an option's help line. */
static bool put_default(const aisle_option *o, aisle_buf *b)
{
    const char *text =
        o->kind == AISLE_OPT_TEXT || o->kind == AISLE_OPT_CHOICE ? *(const char **)o->out : NULL;
    bool ok = true;
    switch (o->kind) {
    case AISLE_OPT_FLAG: return !*(bool *)o->out || aisle_buf_printf(b, "(default on; --no-%s)", o->name);
    case AISLE_OPT_INT:
        return aisle_buf_printf(b, "(%.0f to %.0f; default %lld)", o->low, o->high,
                                (long long)*(int64_t *)o->out);
    case AISLE_OPT_REAL:
        return aisle_buf_printf(b, "(%g to %g; default %g)", o->low, o->high, *(double *)o->out);
    case AISLE_OPT_CHOICE:
        for (int i = 0; o->choices[i]; i++)
            ok = ok && aisle_buf_printf(b, "%s%s", i ? ", " : "(", o->choices[i]);
        return ok && (text ? aisle_buf_printf(b, "; default %s)", text) : aisle_buf_append(b, ")", 1));
    case AISLE_OPT_TEXT: return !text || aisle_buf_printf(b, "(default %s)", text);
    case AISLE_OPT_LIST: return aisle_buf_printf(b, "(may be repeated)");
    }
    return ok;
}

enum { HELP_WIDTH = 100, HELP_INDENT = 29 };

static int next_line(void)
{
    printf("\n%*s", HELP_INDENT, "");
    return HELP_INDENT;
}

/* Words of text from the column `at` on, broken before HELP_WIDTH; returns the column behind them. */
static int print_words(const char *text, int at)
{
    while (*text) {
        int word = (int)strcspn(text, " ");
        if (at > HELP_INDENT && at + 1 + word > HELP_WIDTH) at = next_line();
        at += printf("%s%.*s", at > HELP_INDENT ? " " : "", word, text);
        text += word + strspn(text + word, " ");
    }
    return at;
}

/* The default stays in one piece where a line can hold it. */
static void print_option(const aisle_option *o)
{
    char left[64], letter[8] = "";
    aisle_buf tail = {0};
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value ? " " : "", o->value ? o->value : "");
    printf("  %-26s ", left);
    int at = print_words(o->help, HELP_INDENT);
    if (put_default(o, &tail) && tail.len > 0) {
        int len = (int)tail.len;
        if (at + 1 + len > HELP_WIDTH && HELP_INDENT + len <= HELP_WIDTH) at = next_line();
        print_words(tail.data, at);
    }
    putchar('\n');
    aisle_buf_deinit(&tail);
}

static void print_help(const aisle_usage *u, const aisle_option *options)
{
    printf("usage: aisle %s %s\n\n%s\n\noptions:\n", u->command, u->synopsis, u->about);
    for (const aisle_option *o = options; o->name; o++) print_option(o);
    printf("  %-26s %s\n", "-h, --help", "this text");
    if (u->examples) printf("\nexamples:\n%s\n", u->examples);
}

static int32_t build(const aisle_option *options, struct option *longs, char *letters)
{
    int32_t n = 0, count = 0;
    char *at = letters;
    for (const aisle_option *o = options; o->name; o++, count++) {
        int takes = o->kind == AISLE_OPT_FLAG ? no_argument : required_argument;
        longs[n++] = (struct option){o->name, takes, NULL, FIRST_CODE + count};
        if (o->letter) {
            *at++ = o->letter;
            if (takes) *at++ = ':';
        }
    }
    longs[n++] = (struct option){"help", no_argument, NULL, 'h'};
    longs[n] = (struct option){0};
    *at++ = 'h';
    *at = '\0';
    return count;
}

static const aisle_option *by_code(const aisle_option *options, int32_t count, int code)
{
    if (code >= FIRST_CODE) return &options[code - FIRST_CODE];
    for (int32_t i = 0; i < count; i++)
        if (options[i].letter == code) return &options[i];
    return NULL;
}

static int usage_error(const aisle_usage *u, const char *message)
{
    fprintf(stderr, "aisle %s: %s; see `aisle %s --help`\n", u->command, message, u->command);
    return 2;
}

/* --no-NAME for a flag that is on by default. */
static bool try_negation(const aisle_option *options, const char *arg)
{
    if (strncmp(arg, "--no-", 5) != 0) return false;
    for (const aisle_option *o = options; o->name; o++)
        if (o->kind == AISLE_OPT_FLAG && strcmp(o->name, arg + 5) == 0) {
            *(bool *)o->out = false;
            return true;
        }
    return false;
}

int aisle_options_parse(const aisle_usage *usage, const aisle_option *options, int argc, char **argv,
                        const char **args, int32_t *n_args)
{
    struct option longs[MAX_OPTIONS + 2];
    char letters[3 * MAX_OPTIONS + 4] = "+:", message[600];
    aisle_error err;
    int code;
    int32_t count = build(options, longs, letters + 2);
    *n_args = 0;
    optind = 1;
    opterr = 0;
    while (optind < argc) {
        const char *now = argv[optind];
        if (try_negation(options, now)) {
            optind++;
            continue;
        }
        code = getopt_long(argc, argv, letters, longs, NULL);
        if (code == -1) { /* a positional argument, or "--" was just passed */
            bool rest = strcmp(argv[optind - 1], "--") == 0 && now[0] == '-';
            do {
                if (optind == argc) break;
                if (*n_args == usage->max_args) {
                    snprintf(message, sizeof message, "unexpected argument %s", argv[optind]);
                    return usage_error(usage, message);
                }
                args[(*n_args)++] = argv[optind++];
            } while (rest);
            continue;
        }
        if (code == 'h') {
            print_help(usage, options);
            return 0;
        }
        if (code == '?' || code == ':') {
            snprintf(message, sizeof message, code == ':' ? "%s needs a value" : "unknown option %s", now);
            return usage_error(usage, message);
        }
        const aisle_option *o = by_code(options, count, code);
        if (aisle_option_set(o, o->kind == AISLE_OPT_FLAG ? "true" : optarg, &err) != AISLE_OK)
            return usage_error(usage, err.message);
    }
    if (*n_args < usage->min_args) {
        snprintf(message, sizeof message, "missing argument; usage: aisle %s %s", usage->command,
                 usage->synopsis);
        return usage_error(usage, message);
    }
    return -1;
}
