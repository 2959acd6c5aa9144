/* How the lines of a file of ratings look, found out from its first two. */
#include <string.h>

#include "cpu/data/ratings_impl.h"

enum { LOOK = 2 * RATINGS_LINE };

static bool contains(aisle_str s, const char *what)
{
    return memmem(s.ptr, s.len, what, strlen(what)) != NULL;
}

static int64_t count(aisle_str s, char c)
{
    int64_t n = 0;
    for (size_t i = 0; i < s.len; i++) n += s.ptr[i] == c;
    return n;
}

static const char *guess_separator(aisle_str line)
{
    if (contains(line, "::")) return "::";
    if (contains(line, "\t")) return "\t";
    int64_t commas = count(line, ','), semicolons = count(line, ';');
    return commas + semicolons == 0 ? NULL : semicolons > commas ? ";" : ",";
}

static aisle_status set_separator(const char *path, const char *given, aisle_str line, ratings_layout *l,
                                  aisle_error *err)
{
    static const char never[] = "0123456789\"\r\n.+-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *s = given ? given : guess_separator(line);
    if (!s)
        return aisle_fail(err, AISLE_EFORMAT,
                          "%s: its first line has no '::', tab, comma or semicolon; name the separator",
                          path);
    if (given && strcmp(s, "::") != 0 && (strlen(s) != 1 || strchr(never, *s) || (unsigned char)*s >= 0x80))
        return aisle_fail(err, AISLE_EINVAL,
                          "separator '%.20s': must be '::' or one byte that no number, word or quote has", s);
    l->separator = *s;
    l->twice = s[1] != '\0';
    return AISLE_OK;
}

/* The line at *at, without its end; *at moves on. Blank ones are passed over. */
static aisle_str next_line(char **at, char *end)
{
    for (;;) {
        char *begin = *at, *lf = begin < end ? memchr(begin, '\n', (size_t)(end - begin)) : NULL;
        size_t n = (size_t)((lf ? lf : end) - begin);
        *at = lf ? lf + 1 : end;
        if (n && begin[n - 1] == '\r') n--;
        if (n || begin == end) return (aisle_str){begin, n};
    }
}

/* The first three fields of a copy of the line; returns how many there are, at most 3. */
static int32_t fields_of(const ratings_layout *l, aisle_str line, aisle_buf *copy, aisle_str field[3])
{
    int32_t n = 0;
    copy->len = 0;
    if (line.len == 0 || !aisle_buf_append(copy, line.ptr, line.len)) return 0;
    for (char *at = copy->data, *end = at + copy->len; at && n < 3; n++)
        if (!ratings_field(l, &at, end, &field[n])) return n;
    return n;
}

static bool begins_with(aisle_str s, const char *word)
{
    size_t n = strlen(word);
    return s.len >= n && aisle_str_eq_nocase((aisle_str){s.ptr, n}, aisle_str_from(word));
}

static bool has_number(int32_t n, const aisle_str field[3])
{
    uint64_t v;
    for (int32_t i = 0; i < n && i < 2; i++)
        if (ratings_whole(field[i], &v)) return true;
    return false;
}

/* first and second: what the first two lines hold. */
static bool is_header(int32_t n, const aisle_str first[3], int32_t n_second, const aisle_str second[3])
{
    double v;
    if (n >= 3) return !aisle_str_to_f64(aisle_str_trim(first[2]), &v);
    if (n < 2) return false;
    if (begins_with(first[0], "user") || begins_with(first[0], "customer")) return true;
    return !has_number(n, first) && n_second >= 2 && has_number(n_second, second);
}

static aisle_status examine(const ratings_source *s, const aisle_ratings_params *p, char *text, int64_t n,
                            ratings_layout *l, aisle_error *err)
{
    static const char bom[] = "\xef\xbb\xbf";
    char *at = text + (n >= 3 && memcmp(text, bom, 3) == 0 ? 3 : 0), *end = text + n;
    aisle_str first[3], second[3], line = next_line(&at, end);
    aisle_buf copy = {0}, copy2 = {0};
    if (line.len == 0)
        return aisle_fail(err, AISLE_EFORMAT, "%s: the file is empty; wanted lines of user,item,value",
                          s->path);
    AISLE_TRY(set_separator(s->path, p->separator, line, l, err));
    char *data = (char *)line.ptr, *after = at;
    aisle_str follows = next_line(&at, end);
    int32_t n_first = fields_of(l, line, &copy, first), n_second = fields_of(l, follows, &copy2, second);
    bool no_memory = !copy.data || (follows.len && !copy2.data);
    bool header = p->header == AISLE_HEADER_YES ||
                  (p->header == AISLE_HEADER_AUTO && is_header(n_first, first, n_second, second));
    l->start = (header ? after : data) - text;
    l->value = !p->no_value && (header && n_second ? n_second : n_first) >= 3;
    l->extra = l->value || p->no_value;
    aisle_buf_deinit(&copy);
    aisle_buf_deinit(&copy2);
    return no_memory ? aisle_fail(err, AISLE_ENOMEM, "out of memory to read %s", s->path) : AISLE_OK;
}

aisle_status ratings_detect(const ratings_source *s, const aisle_ratings_params *p, ratings_layout *l,
                            aisle_error *err)
{
    enum { LEAST = 16, MOST = 64 << 20 };
    int64_t n = s->size < LOOK ? s->size : LOOK;
    *l = (ratings_layout){.block_bytes = p->block_bytes ? p->block_bytes : RATINGS_BLOCK};
    if (l->block_bytes < LEAST || l->block_bytes > MOST)
        return aisle_fail(err, AISLE_EINVAL, "blocks of %d bytes: must be %d to %d", l->block_bytes, LEAST,
                          MOST);
    char *text = aisle_alloc((size_t)n);
    if (!text) return aisle_fail(err, AISLE_ENOMEM, "out of memory to read %s", s->path);
    aisle_status st = ratings_bytes(s, 0, text, n, err);
    if (st == AISLE_OK) st = examine(s, p, text, n, l, err);
    aisle_free(text);
    return st;
}
