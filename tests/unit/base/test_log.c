/* What a log line may hold: no control character, no byte that is not UTF-8, whatever the message quotes. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aisle/log.h"

static char text[8192];

/* Logs one message and reads what was written to standard error. */
static const char *logged(bool json, const char *message)
{
    int ends[2], kept = dup(STDERR_FILENO);
    cr_assert_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    aisle_log_setup(AISLE_LOG_INFO, json);
    aisle_log(AISLE_LOG_INFO, "%s", message);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    cr_assert_gt(n, 0);
    text[n] = '\0';
    return text;
}

Test(log, control_characters_are_escaped_also_those_above_ascii)
{
    const char *line = logged(false, "a\n\x1b[31m\x7f \xc2\x9b"
                                     "31m b");
    cr_assert(strstr(line, "a\\u000a\\u001b[31m\\u007f \\u009b31m b\n"), "%s", line);
    cr_assert_null(strchr(line, '\x1b'));
    cr_assert_eq(strchr(line, '\n'), line + strlen(line) - 1);
}

Test(log, text_of_all_languages_stays)
{
    const char *line = logged(false, "Käse \xe2\x82\xac \xf0\x9f\x98\x80");
    cr_assert(strstr(line, "Käse \xe2\x82\xac \xf0\x9f\x98\x80\n"), "%s", line);
}

Test(log, json_lines_parse_whatever_is_quoted)
{
    static const char *const messages[] = {
        "\"}\\",        "\xff\xfe", "\xc0\xaf", "\xed\xa0\x80",        "\xf4\x90\x80\x80",
        "cut \xe2\x82", "\x01",     "\xc3(",    "\xf8\x88\x80\x80\x80"};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        json_error_t why;
        json_t *o = json_loads(logged(true, messages[i]), 0, &why);
        cr_assert_not_null(o, "%zu: %s in %s", i, why.text, text);
        cr_assert_str_eq(json_string_value(json_object_get(o, "level")), "info");
        json_decref(o);
    }
}

Test(log, a_long_message_is_cut_and_is_still_one_line)
{
    static char message[5000];
    memset(message, '\x01', sizeof message - 1);
    const char *line = logged(true, message);
    json_t *o = json_loads(line, 0, NULL);
    cr_assert_not_null(o);
    json_decref(o);
}
