/* Views, strict number parsing and the growing buffer. Locale-independent by construction. */
#include "aisle/str.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>

#include "aisle/memory.h"

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

bool aisle_str_eq_nocase(aisle_str a, aisle_str b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower((unsigned char)a.ptr[i]) != lower((unsigned char)b.ptr[i])) return false;
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

aisle_str aisle_str_trim(aisle_str s)
{
    while (s.len && is_space(s.ptr[0])) s.ptr++, s.len--;
    while (s.len && is_space(s.ptr[s.len - 1])) s.len--;
    return s;
}

bool aisle_str_to_u64(aisle_str s, uint64_t *out)
{
    uint64_t v = 0;
    if (!s.len) return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v)) return false;
    }
    *out = v;
    return true;
}

bool aisle_str_to_i64(aisle_str s, int64_t *out)
{
    bool negative = s.len && s.ptr[0] == '-';
    if (negative || (s.len && s.ptr[0] == '+')) s.ptr++, s.len--;
    uint64_t v;
    if (!aisle_str_to_u64(s, &v) || v > (uint64_t)INT64_MAX + negative) return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* The grammar is checked here, since strtod also takes white space, hex, "inf" and "nan"; value by strtod_l
 * in "C". */
static bool is_decimal(aisle_str s)
{
    size_t i = 0, digits = 0;
    if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+')) i++;
    for (; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) digits++;
    if (i < s.len && s.ptr[i] == '.')
        for (i++; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) digits++;
    if (!digits) return false;
    if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
        i++;
        if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+')) i++;
        size_t exponent = i;
        while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9') i++;
        if (i == exponent) return false;
    }
    return i == s.len;
}

/* Up to 15 digits and a power of ten up to 22 are exact in double, so one division is correctly rounded
 * (Clinger 1990). */
static bool short_decimal(aisle_str s, double *out)
{
    static const double pow10[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    int64_t v = 0;
    int digits = 0, fraction = 0;
    bool dot = false, negative = s.ptr[0] == '-';
    for (size_t i = negative || s.ptr[0] == '+'; i < s.len; i++) {
        if (s.ptr[i] == '.') {
            dot = true;
            continue;
        }
        if (s.ptr[i] > '9' || ++digits > 15) return false; /* an exponent, or too long */
        v = v * 10 + (s.ptr[i] - '0');
        fraction += dot;
    }
    double d = (double)v / pow10[fraction];
    *out = negative ? -d : d;
    return true;
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bool aisle_str_to_f64(aisle_str s, double *out)
{
    char text[64];
    if (!is_decimal(s)) return false;
    if (short_decimal(s, out)) return true;
    if (s.len >= sizeof text) return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    pthread_once(&c_locale_once, make_c_locale);
    double v = c_locale ? strtod_l(text, NULL, c_locale) : NAN;
    if (!isfinite(v)) return false;
    *out = v;
    return true;
}

/* The double nearest to a number rounds to the float nearest to it, unless it lies half-way between two floats or
 * among the smallest ones, whose half-way points are others. */
bool aisle_str_to_f32(aisle_str s, float *out)
{
    char text[64];
    double d;
    uint64_t bits;
    if (!aisle_str_to_f64(s, &d)) return false;
    memcpy(&bits, &d, sizeof bits);
    float v = (float)d;
    if ((bits & 0x1fffffff) == 0x10000000 || (fabs(d) < 2.4e-38 && d != 0)) {
        if (s.len >= sizeof text) return false;
        memcpy(text, s.ptr, s.len);
        text[s.len] = '\0';
        pthread_once(&c_locale_once, make_c_locale);
        v = c_locale ? strtof_l(text, NULL, c_locale) : NAN;
    }
    if (!isfinite(v)) return false;
    *out = v;
    return true;
}

void aisle_buf_deinit(aisle_buf *b)
{
    aisle_free(b->data);
    *b = (aisle_buf){0};
}

bool aisle_buf_append(aisle_buf *b, const void *p, size_t n)
{
    int64_t need;
    if (n > INT64_MAX - 1 || aisle_size_add(b->len, (int64_t)n + 1, &need)) return false;
    if (!aisle_grow((void **)&b->data, &b->cap, need, 1)) return false;
    if (n) memcpy(b->data + b->len, p, n);
    b->len += (int64_t)n;
    b->data[b->len] = '\0';
    return true;
}

bool aisle_buf_printf(aisle_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    bool ok = n >= 0 && aisle_grow((void **)&b->data, &b->cap, b->len + n + 1, 1);
    if (ok) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += n;
    }
    va_end(again);
    return ok;
}
