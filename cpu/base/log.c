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

/* Escapes control characters, and for JSON also quote and backslash; always NUL-terminates. */
static void escape(const char *in, char *out, size_t cap)
{
    size_t n = 0;
    for (; *in && n + 7 < cap; in++) {
        unsigned char c = (unsigned char)*in;
        if (c < 0x20 || c == 0x7f)
            n += (size_t)snprintf(out + n, cap - n, "\\u%04x", c);
        else {
            if (as_json && (c == '"' || c == '\\')) out[n++] = '\\';
            out[n++] = (char)c;
        }
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
