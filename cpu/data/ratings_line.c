/* One line of ratings with all that may be wrong with it: quotes, blanks, long numbers, faults. The lines that are
 * only digits go past here (ratings_parse.c). */
#include <math.h>
#include <string.h>

#include "cpu/data/ratings_impl.h"

static bool at_separator(const ratings_layout *l, const char *p, const char *end)
{
    return *p == l->separator && (!l->twice || (p + 1 < end && p[1] == l->separator));
}

/* Behind the closing quote, or NULL. "" becomes ". */
static char *unquote(char *open, char *end, aisle_str *field)
{
    char *to = open + 1, *from = to;
    for (;; from++) {
        if (from == end) return NULL;
        if (*from == '"') {
            if (from + 1 == end || from[1] != '"') break;
            from++;
        }
        *to++ = *from;
    }
    *field = (aisle_str){open + 1, (size_t)(to - open - 1)};
    return from + 1;
}

bool ratings_field(const ratings_layout *l, char **at, char *end, aisle_str *field)
{
    char *p = *at, *begin = p;
    if (p < end && *p == '"') {
        *field = (aisle_str){p, (size_t)(end - p)};
        p = unquote(p, end, field);
        if (!p || (p < end && !at_separator(l, p, end))) return false;
    } else {
        while (p < end && !at_separator(l, p, end)) p++;
        *field = (aisle_str){begin, (size_t)(p - begin)};
    }
    *at = p == end ? NULL : p + 1 + l->twice;
    return true;
}

static aisle_str trim_blanks(aisle_str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) s.ptr++, s.len--;
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) s.len--;
    return s;
}

bool ratings_whole(aisle_str s, uint64_t *out)
{
    uint64_t v;
    if (!aisle_str_to_u64(trim_blanks(s), &v) || v > (uint64_t)INT64_MAX) return false;
    *out = v;
    return true;
}

bool ratings_value(aisle_str s, float *out)
{
    float v;
    if (!aisle_str_to_f32(trim_blanks(s), &v) || !(v > 0)) return false;
    *out = v;
    return true;
}

static ratings_fault in_trouble(ratings_trouble *t, ratings_fault fault, int32_t column, aisle_str text)
{
    t->fault = fault;
    t->column = column;
    t->text = text;
    return fault;
}

static ratings_fault id_fault(aisle_str id)
{
    if (id.len == 0) return RATINGS_NO_ID;
    if (id.len > RATINGS_ID) return RATINGS_LONG_ID;
    return memchr(id.ptr, '\0', id.len) ? RATINGS_NUL_ID : RATINGS_GOOD;
}

/* field[] gets up to 3 columns, n how many there are: 4 for any more. */
static ratings_fault split(const ratings_parser *p, char *at, char *end, aisle_str field[3],
                           ratings_trouble *t)
{
    int32_t n = 0, most = p->l->value ? 3 : 2;
    for (; at && n < most; n++)
        if (!ratings_field(p->l, &at, end, &field[n]))
            return in_trouble(t, RATINGS_BAD_QUOTE, n + 1, field[n]);
    if (n < most) return in_trouble(t, RATINGS_FEW_COLUMNS, n, field[0]);
    if (at && !p->l->extra)
        return in_trouble(t, RATINGS_MANY_COLUMNS, 3, (aisle_str){at, (size_t)(end - at)});
    return RATINGS_GOOD;
}

static uint64_t place(const ratings_block *b, aisle_str s)
{
    return (uint64_t)(s.ptr - b->text) << 32 | s.len;
}

ratings_fault ratings_line(const ratings_parser *p, int32_t from, int32_t until, ratings_rows *rows,
                           ratings_trouble *t)
{
    char *begin = p->b->text + from, *end = p->b->text + until;
    aisle_str field[3] = {{begin, 0}, {begin, 0}, {begin, 0}};
    uint64_t id[2];
    float value = 1;
    t->at = from;
    if (until - from > RATINGS_LINE) return in_trouble(t, RATINGS_LONG_LINE, 1, (aisle_str){begin, 0});
    if (end > begin && end[-1] == '\r') end--;
    if (begin == end) return RATINGS_BLANK;
    ratings_fault fault = split(p, begin, end, field, t);
    if (fault) return fault;
    for (int32_t c = 0; c < 2; c++)
        if ((fault = id_fault(field[c]))) return in_trouble(t, fault, c + 1, field[c]);
    if (p->l->value && !ratings_value(field[2], &value)) return in_trouble(t, RATINGS_BAD_VALUE, 3, field[2]);
    for (int32_t c = 0; c < 2; c++)
        if (c ? p->item_text : p->user_text)
            id[c] = place(p->b, field[c]);
        else if (!ratings_whole(field[c], &id[c]))
            return in_trouble(t, c ? RATINGS_ITEM_TEXT : RATINGS_USER_TEXT, c + 1, field[c]);
    rows->user[rows->n] = id[0];
    rows->item[rows->n] = id[1];
    rows->value[rows->n++] = value;
    return RATINGS_GOOD;
}
