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
    uint64_t digits = add_up(v);
    *out = (float)digits / powers[fraction];
    return all_digits(v) && digits > 0;
}

static inline bool plain_text(const char *text, uint32_t begin, uint32_t end, uint64_t *out)
{
    uint32_t n = end - begin;
    *out = (uint64_t)begin << 32 | n;
    return n >= 1 && n <= RATINGS_ID && text[begin] != '"' && !memchr(text + begin, '\0', n);
}

/* What stays the same from line to line. The compiler makes a loop of its own for the commonest shape, in which
 * none of it is asked for again. */
typedef struct shape {
    bool user_text, item_text, value, twice, extra;
    char separator;
} shape;

/* The end of the field whose mark is *i and the beginning of the next; false at a line end or half a "::". */
static inline bool step(const char *text, const uint32_t *mark, int32_t *i, shape s, uint32_t *end,
                        uint32_t *next)
{
    *end = mark[(*i)++];
    *next = *end + 1;
    if (text[*end] == '\n') return false;
    if (!s.twice) return true;
    if (text[(*next)++] != s.separator) return false;
    (*i)++;
    return true;
}

/* Passes the marks of columns that are ignored; *last is the end of the field before them. false where they are a
 * fault, or begin with half a separator. */
static inline bool line_end(const char *text, const uint32_t *mark, int32_t *i, shape s, uint32_t *last,
                            uint32_t *stop)
{
    *last = *stop = mark[*i];
    if (text[*last] == '\n') {
        if (text[*last - 1] == '\r') --*last;
        return true;
    }
    if (!s.extra || (s.twice && text[*last + 1] != s.separator)) return false;
    do ++*i;
    while (text[mark[*i]] != '\n');
    *stop = mark[*i];
    return true;
}

/* Lines from mark *mark_at and byte *line_at of text on, until one is not plain, rows are full or marks end. */
static inline __attribute__((always_inline)) void plain_lines(const ratings_block *b, ratings_rows *rows,
                                                              shape s, int32_t *mark_at, int32_t *line_at)
{
    const char *text = b->text + b->begin;
    const uint32_t *mark = b->marks;
    uint32_t begin = (uint32_t)*line_at, end, item, value = 0, last, stop;
    int32_t n = rows->n, i = *mark_at;
    while (i < b->n_marks && n < RATINGS_BATCH) {
        int32_t k = i;
        uint64_t user_id, item_id;
        float v = 1;
        if (!step(text, mark, &k, s, &end, &item)) break;
        if (!(s.user_text ? plain_text(text, begin, end, &user_id)
                          : whole_number(text, begin, end, &user_id)))
            break;
        if (s.value && !step(text, mark, &k, s, &end, &value)) break;
        if (!line_end(text, mark, &k, s, &last, &stop) || stop - begin > RATINGS_LINE) break;
        if (!s.value) end = last;
        if (!(s.item_text ? plain_text(text, item, end, &item_id) : whole_number(text, item, end, &item_id)))
            break;
        if (s.value && !short_value(text, value, last, &v)) break;
        rows->user[n] = user_id + (s.user_text ? (uint64_t)b->begin << 32 : 0);
        rows->item[n] = item_id + (s.item_text ? (uint64_t)b->begin << 32 : 0);
        rows->value[n++] = v;
        i = k + 1;
        begin = stop + 1;
    }
    rows->n = n;
    *mark_at = i;
    *line_at = (int32_t)begin;
}

static void plain(const ratings_parser *p, ratings_rows *rows, int32_t *mark, int32_t *at)
{
    const ratings_layout *l = p->l;
    shape s = {p->user_text, p->item_text, l->value, l->twice, l->extra, l->separator};
    if (!s.user_text && !s.item_text && s.value && !s.twice)
        plain_lines(p->b, rows, (shape){.value = true, .extra = true}, mark, at);
    else
        plain_lines(p->b, rows, s, mark, at);
}

void ratings_parse_begin(ratings_parser *p, ratings_block *b)
{
    p->b = b;
    p->mark = p->at = 0;
}

ratings_fault ratings_parse(ratings_parser *p, ratings_rows *rows, bool *end, ratings_trouble *t)
{
    const ratings_block *b = p->b;
    rows->n = 0;
    for (;;) {
        plain(p, rows, &p->mark, &p->at);
        *end = p->mark >= b->n_marks;
        if (*end || rows->n == RATINGS_BATCH) return RATINGS_GOOD;
        int32_t i = p->mark, from = p->at;
        while (b->text[b->begin + (int32_t)b->marks[i]] != '\n') i++;
        int32_t until = (int32_t)b->marks[i];
        p->mark = i + 1;
        p->at = until + 1;
        ratings_fault fault = ratings_line(p, b->begin + from, b->begin + until, rows, t);
        if (fault != RATINGS_GOOD && fault != RATINGS_BLANK) return fault;
    }
}
