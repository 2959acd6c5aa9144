/* RFC 3339 time stamps and the two clocks. Proleptic Gregorian calendar, years 1 to 9999, leap seconds read
 * as :59. */
#include "aisle/str.h"

#include <stdio.h>
#include <time.h>

/* Days since 1970-01-01 of a civil date, by counting 400-year eras from March (Hinnant, chrono-compatible
 * date algorithms). */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static bool digits(aisle_str s, size_t at, size_t n, int64_t low, int64_t high, int64_t *out)
{
    int64_t v = 0;
    if (at + n > s.len) return false;
    for (size_t i = at; i < at + n; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
        v = v * 10 + (s.ptr[i] - '0');
    }
    *out = v;
    return v >= low && v <= high;
}

static int64_t days_in_month(int64_t y, int64_t m)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return days[m - 1] + (m == 2 && leap);
}

/* Reads ".123456" at *at as whole milliseconds. */
static bool fraction(aisle_str s, size_t *at, int64_t *ms)
{
    size_t i = *at + 1, start = i;
    int64_t scale = 100;
    for (; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++, scale /= 10) *ms += (s.ptr[i] - '0') * scale;
    *at = i;
    return i > start;
}

static bool offset(aisle_str s, size_t at, int64_t *minutes)
{
    int64_t h, m;
    if (at == s.len || (at + 1 == s.len && (s.ptr[at] == 'Z' || s.ptr[at] == 'z'))) return true;
    if (at + 6 != s.len || (s.ptr[at] != '+' && s.ptr[at] != '-') || s.ptr[at + 3] != ':') return false;
    if (!digits(s, at + 1, 2, 0, 23, &h) || !digits(s, at + 4, 2, 0, 59, &m)) return false;
    *minutes = (s.ptr[at] == '-' ? -1 : 1) * (h * 60 + m);
    return true;
}

bool aisle_time_parse(aisle_str s, int64_t *out_ms)
{
    int64_t y, mo, d, h = 0, mi = 0, sec = 0, ms = 0, off = 0;
    if (s.len < 10 || s.ptr[4] != '-' || s.ptr[7] != '-') return false;
    if (!digits(s, 0, 4, 1, 9999, &y) || !digits(s, 5, 2, 1, 12, &mo) ||
        !digits(s, 8, 2, 1, days_in_month(y, mo), &d))
        return false;
    if (s.len > 10) {
        char sep = s.ptr[10];
        if ((sep != 'T' && sep != 't' && sep != ' ') || s.len < 16 || s.ptr[13] != ':') return false;
        if (!digits(s, 11, 2, 0, 23, &h) || !digits(s, 14, 2, 0, 59, &mi)) return false;
        size_t at = 16;
        if (at < s.len && s.ptr[at] == ':') {
            if (!digits(s, 17, 2, 0, 60, &sec)) return false;
            if (sec == 60) sec = 59;
            at = 19;
            if (at < s.len && s.ptr[at] == '.' && !fraction(s, &at, &ms)) return false;
        }
        if (!offset(s, at, &off)) return false;
    }
    *out_ms = ((days_from_civil(y, mo, d) * 24 + h) * 60 + mi - off) * 60000 + sec * 1000 + ms;
    return true;
}

void aisle_time_format(int64_t ms, char out[32])
{
    int64_t seconds = ms / 1000 - (ms % 1000 < 0);
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || tm.tm_year < -1899 || tm.tm_year > 8099) {
        snprintf(out, 32, "0001-01-01T00:00:00.000Z");
        return;
    }
    /* the masks only tell the compiler that each field fits */
    snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (tm.tm_year + 1900) & 0x3fff,
             (tm.tm_mon + 1) & 15, tm.tm_mday & 31, tm.tm_hour & 31, tm.tm_min & 63, tm.tm_sec & 63,
             (int)(ms - seconds * 1000) & 1023);
}

int64_t aisle_time_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t aisle_time_monotonic_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
