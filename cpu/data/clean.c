/* Cell parsers. Exact where money is concerned: "2.675" must not become 267 because of binary fractions. */
#include "cpu/data/clean.h"

int currency_exponent(aisle_str currency)
{
    static const char zero[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";
    if (currency.len != 3) return 2;
    char code[4] = {currency.ptr[0], currency.ptr[1], currency.ptr[2], '\0'};
    if (strchr(code, ' ')) return 2;
    return strstr(zero, code) ? 0 : strstr(three, code) ? 3 : 2;
}

bool money_parse(aisle_str s, int exponent, int64_t *minor)
{
    const int64_t most = 1000000000000000;
    size_t i = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'), digits = 0;
    int fraction = -1; /* digits after the point; -1 = no point yet */
    int64_t v = 0;
    bool round_up = false;
    for (; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '.' && fraction < 0) {
            fraction = 0;
            continue;
        }
        if (c < '0' || c > '9') return false;
        digits++;
        if (fraction < exponent) {
            v = v * 10 + (c - '0');
            if (v > most) return false;
        } else if (fraction == exponent)
            round_up = c >= '5';
        if (fraction >= 0 && fraction <= exponent) fraction++;
    }
    if (digits == 0) return false;
    for (int k = fraction < 0 ? 0 : fraction; k < exponent; k++) v *= 10;
    v += round_up;
    if (v > most) return false;
    *minor = s.ptr[0] == '-' ? -v : v;
    return true;
}

bool moment_parse(aisle_str s, int64_t *ms)
{
    const int64_t seconds_end = 100000000000; /* year 5138 in seconds, March 1973 in milliseconds */
    const int64_t ms_end = 253402300800000;   /* year 10000 */
    int64_t v;
    if (!aisle_str_to_i64(s, &v)) return aisle_time_parse(s, ms);
    if (v < 0 || v >= ms_end) return false;
    *ms = v < seconds_end ? v * 1000 : v;
    return true;
}

aisle_str without_zero_fraction(aisle_str s)
{
    if (s.len < 3 || s.ptr[s.len - 1] != '0' || s.ptr[s.len - 2] != '.') return s;
    for (size_t i = 0; i + 2 < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return s;
    return (aisle_str){s.ptr, s.len - 2};
}

/* Decodes one quoted string at *i; false when it has no end. */
static bool python_string(aisle_str s, size_t *i, aisle_buf *out, bool *ok)
{
    char quote = s.ptr[(*i)++];
    for (; *i < s.len; (*i)++) {
        char c = s.ptr[*i];
        if (c == quote) {
            (*i)++;
            return true;
        }
        if (c == '\\' && *i + 1 < s.len) {
            c = s.ptr[++*i];
            if (c == 'n' || c == 't' || c == 'r') c = ' ';
        }
        if (!aisle_buf_append(out, &c, 1)) {
            *ok = false;
            return false;
        }
    }
    return false;
}

static void cut(aisle_buf *b, int64_t len)
{
    b->len = len;
    if (b->data) b->data[len] = '\0';
}

static bool python_items(aisle_str s, const char *separator, aisle_buf *out, bool *ok)
{
    int64_t start = out->len;
    size_t i = 1;
    while (i < s.len) {
        while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == ',')) i++;
        if (i == s.len) return false;
        if (s.ptr[i] == ']') return i + 1 == s.len;
        if (s.ptr[i] != '\'' && s.ptr[i] != '"') return false;
        int64_t before = out->len;
        if (before > start && !aisle_buf_append(out, separator, strlen(separator))) {
            *ok = false;
            return false;
        }
        int64_t text = out->len;
        if (!python_string(s, &i, out, ok)) return false;
        if (out->len == text) cut(out, before); /* '' leaves no separator */
    }
    return false;
}

bool python_list_join(aisle_str s, const char *separator, aisle_buf *out, bool *is_list)
{
    int64_t start = out->len;
    bool ok = true;
    *is_list = s.len >= 2 && s.ptr[0] == '[' && python_items(s, separator, out, &ok);
    if (!*is_list) cut(out, start);
    return ok;
}
