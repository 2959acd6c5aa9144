/* Log records: formatted on the stack, escaped, written with one write(2). */
#include "aisle/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aisle/str.h"

static aisle_log_level max_level = AISLE_LOG_INFO;
static bool as_json;

void aisle_log_setup(aisle_log_level max, bool json)
{
    max_level = max;
    as_json = json;
}

bool aisle_log_enabled(aisle_log_level level)
{
    return level <= max_level;
}

/* The code point at in, and its length; U+FFFD and 1 for what is not UTF-8. By hand: the engine is built without libraries. */
static size_t next_point(const unsigned char *in, size_t left, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = in[0] < 0x80 ? 1 : in[0] >> 5 == 6 ? 2 : in[0] >> 4 == 14 ? 3 : in[0] >> 3 == 30 ? 4 : 0;
    uint32_t p = n <= 1 ? in[0] : in[0] & (0xffu >> (n + 1));
    bool good = n > 0 && n <= left;
    for (size_t i = 1; good && i < n; i++) {
        good = in[i] >> 6 == 2;
        p = p << 6 | (in[i] & 0x3f);
    }
    good = good && p >= least[n] && p <= 0x10ffff && p >> 11 != 27; /* no overlong form, no surrogate */
    *point = good ? p : 0xfffd;
    return good ? n : 1;
}

/* Escapes control characters (also those above ASCII, which terminals obey too) and what is not UTF-8, and for JSON quote
 * and backslash; always NUL-terminates. */
static void escape(const char *in, char *out, size_t cap)
{
    size_t n = 0, left = strlen(in);
    while (left && n + 7 < cap) {
        uint32_t point;
        size_t bytes = next_point((const unsigned char *)in, left, &point);
        if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xfffd)
            n += (size_t)snprintf(out + n, cap - n, "\\u%04x", point);
        else {
            if (as_json && (point == '"' || point == '\\')) out[n++] = '\\';
            memcpy(out + n, in, bytes);
            n += bytes;
        }
        in += bytes;
        left -= bytes;
    }
    out[n] = '\0';
}

void aisle_log(aisle_log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    char text[1024], safe[2048], line[2200], when[32];
    if (!aisle_log_enabled(level)) return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    escape(text, safe, sizeof safe);
    aisle_time_format(aisle_time_now_ms(), when);
    int n = snprintf(line, sizeof line,
                     as_json ? "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}\n" : "%s %-5s %s\n",
                     when, names[level], safe);
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0) return; /* nowhere left to say so */
}
