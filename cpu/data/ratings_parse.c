/* Blocks of lines into arrays, for lines of plain numbers and unquoted ids; others go to ratings_line.c. The marks
 * of the block (its separators and line ends) are known, so that the fields of one line do not wait for the length
 * of the one before: digits are loaded by their end, eight at a time, and added up in three multiplications. */
#include <string.h>

#include "cpu/data/ratings_impl.h"

static const float powers[] = {1e0F, 1e1F, 1e2F, 1e3F, 1e4F, 1e5F, 1e6F, 1e7F};

static inline uint64_t load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* The bytes are digits 0..9, the first one lowest, as a little-endian machine loads them. */
static inline bool all_digits(uint64_t v)
{
    return (((v + 0x7676767676767676U) | v) & 0x8080808080808080U) == 0;
}

/* Eight digits: pairs, then fours, then all. */
static inline uint64_t add_up(uint64_t v)
{
    v = (v * 10 + (v >> 8)) & 0x00ff00ff00ff00ffU;
    v = (v * 100 + (v >> 16)) & 0x0000ffff0000ffffU;
    return (v * 10000 + (v >> 32)) & 0xffffffffU;
}

/* The n bytes (1..8) before `end`, with leading zeros, as digits. */
static inline uint64_t digits_before(const char *end, int32_t n)
{
    int drop = 8 * (8 - n);
    return (load8(end - 8) ^ 0x3030303030303030U) >> drop << drop;
}

static inline bool whole_number(const char *text, uint32_t begin, uint32_t end, uint64_t *out)
{
    int32_t n = (int32_t)(end - begin);
    if (n >= 1 && n <= 8) {
        uint64_t v = digits_before(text + end, n);
        *out = add_up(v);
        return all_digits(v);
    }
    if (n < 9 || n > 16) return false;
    uint64_t low = digits_before(text + end, 8), high = digits_before(text + end - 8, n - 8);
    *out = add_up(high) * 100000000U + add_up(low);
    return all_digits(low) && all_digits(high);
}

/* Up to eight characters, one of which may be a dot: at most 8 digits without it, which become the nearest float, or
 * 7 with it: they and the power of ten are exact in a float, so that one division is correctly rounded (Clinger
 * 1990). */
static inline bool short_value(const char *text, uint32_t begin, uint32_t end, float *out)
{
    int32_t n = (int32_t)(end - begin);
    if (n < 1 || n > 8) return false;
    uint64_t v = digits_before(text + end, n), dot = v ^ 0x1e1e1e1e1e1e1e1eU; /* '.' ^ '0' */
    uint64_t zero = (dot - 0x0101010101010101U) & ~dot & 0x8080808080808080U;
    int32_t fraction = 0;
    if (zero) {
        int at =
            __builtin_ctzll(zero) - 7; /* bits below the dot: what stands before it moves up by one digit */
        uint64_t before = at ? v & (((uint64_t)1 << at) - 1) : 0,
                 after = at < 56 ? v >> (at + 8) << (at + 8) : 0;
        v = before << 8 | after;
        fraction = 7 - at / 8;
        if (n == 1) return false;
    }
    *out = (float)add_up(v) / powers[fraction];
    return all_digits(v) && *out > 0;
}

static inline bool plain_text(const char *text, uint32_t begin, uint32_t end, uint64_t *out)
{
    uint32_t n = end - begin;
    *out = (uint64_t)begin << 32 | n;
    return n >= 1 && n <= RATINGS_ID && text[begin] != '"' && !memchr(text + begin, '\0', n);
}

/* The end of the field whose mark is *i and the beginning of the next; false at a line end or half a "::". */
static inline bool step(const ratings_parser *p, const uint32_t *mark, int32_t *i, uint32_t *end,
                        uint32_t *next)
{
    const char *text = p->b->text;
    uint32_t base = (uint32_t)p->b->begin;
    *end = mark[*i] + base;
    if (text[*end] == '\n') return false;
    *next = *end + 1;
    *i += 1;
    if (!p->l->twice) return true;
    if (text[*next] != p->l->separator) return false;
    *next += 1;
    *i += 1;
    return true;
}

/* One line when it is plain; nothing has happened otherwise. */
static inline bool plain_line(ratings_parser *p, ratings_rows *rows)
{
    const char *text = p->b->text;
    const uint32_t *mark = p->b->marks;
    uint32_t begin = (uint32_t)p->at, base = (uint32_t)p->b->begin, end, next, item;
    int32_t i = p->mark, n = rows->n;
    if (!step(p, mark, &i, &end, &item)) return false;
    if (!(p->user_text ? plain_text : whole_number)(text, begin, end, &rows->user[n])) return false;
    if (p->l->value) {
        if (!step(p, mark, &i, &end, &next)) return false;
    } else
        next = end = mark[i] + base;
    uint32_t last = mark[i] + base, stop = last;
    if (text[last] != '\n') {
        if (!p->l->extra || (p->l->twice && text[last + 1] != p->l->separator)) return false;
        do i++;
        while (text[mark[i] + base] != '\n');
        stop = mark[i] + base;
    } else if (text[last - 1] == '\r') {
        last--;
        if (!p->l->value) end = last;
    }
    if (stop - begin > RATINGS_LINE) return false;
    if (!(p->item_text ? plain_text : whole_number)(text, item, end, &rows->item[n])) return false;
    rows->value[n] = 1;
    if (p->l->value && !short_value(text, next, last, &rows->value[n])) return false;
    rows->n = n + 1;
    p->mark = i + 1;
    p->at = (int32_t)stop + 1;
    return true;
}

void ratings_parse_begin(ratings_parser *p, ratings_block *b)
{
    p->b = b;
    p->mark = 0;
    p->at = b->begin;
}

ratings_fault ratings_parse(ratings_parser *p, ratings_rows *rows, bool *end, ratings_trouble *t)
{
    const ratings_block *b = p->b;
    rows->n = 0;
    *end = false;
    while (p->mark < b->n_marks && rows->n < RATINGS_BATCH) {
        if (plain_line(p, rows)) continue;
        int32_t i = p->mark, from = p->at;
        while (b->text[b->marks[i] + (uint32_t)b->begin] != '\n') i++;
        int32_t until = (int32_t)b->marks[i] + b->begin;
        p->mark = i + 1;
        p->at = until + 1;
        ratings_fault fault = ratings_line(p, from, until, rows, t);
        if (fault != RATINGS_GOOD && fault != RATINGS_BLANK) return fault;
    }
    *end = p->mark >= b->n_marks;
    return RATINGS_GOOD;
}
