/* Numbers as text. printf takes 300 ns for a real, and an answer has one an item. */
#include "server/json/json_text.h"

#include <math.h>

#include "server/json/json.h"

enum { DIGITS = 9, TEXT_BYTES = 32 };

bool aisle_text_int(aisle_buf *b, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t n = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    if (value < 0) digits[--at] = '-';
    return aisle_buf_append(b, digits + at, sizeof digits - at);
}

/* As printf's %.9g of a value from .0001 to below 1e9, where that has no exponent. value * 10^k is rounded once, so that it
 * is within 2^-53 of itself, 1e-7: closer to a half than that, jansson decides. */
static size_t print_fixed(double value, char out[TEXT_BYTES])
{
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
    int places = DIGITS - 1; /* behind the point */
    while (places > 0 && value >= powers[DIGITS - places]) places--;
    while (places < DIGITS + 3 && value * powers[places] < 1e8) places++;
    double scaled = value * powers[places], whole = floor(scaled), rest = scaled - whole;
    if (fabs(rest - 0.5) < 1e-6) return 0;
    uint64_t n = (uint64_t)whole + (rest > 0.5);
    if (n >= 1000000000) return 0; /* a digit more than thought */
    while (places > 1 && n % 10 == 0) n /= 10, places--;
    if (places == 0) n *= 10, places = 1; /* a real has a point */
    char digits[TEXT_BYTES];
    size_t at = sizeof digits;
    for (int i = 0; n || i <= places; n /= 10, i++) {
        if (i == places) digits[--at] = '.';
        digits[--at] = (char)('0' + n % 10);
    }
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

bool aisle_text_real(aisle_buf *b, double value)
{
    char text[TEXT_BYTES];
    double size = fabs(value);
    size_t n = size >= 1e-4 && size < 1e9 ? print_fixed(size, text) : 0;
    if (n == 0) return aisle_text_tree(b, json_real(value));
    return (value > 0 || aisle_buf_append(b, "-", 1)) && aisle_buf_append(b, text, n);
}

static int append(const char *text, size_t n, void *buf)
{
    return aisle_buf_append(buf, text, n) ? 0 : -1;
}

bool aisle_text_tree(aisle_buf *b, json_t *tree)
{
    bool ok = tree && json_dump_callback(tree, append, b, AISLE_JSON_STYLE | JSON_ENCODE_ANY) == 0;
    json_decref(tree);
    return ok;
}
