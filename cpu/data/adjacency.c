/* "user item item ..." lines, one row a pair. A user without items is no row: there is nothing to lose. */
#include "cpu/data/reader_impl.h"
#include "cpu/data/utf8.h"

aisle_status adjacency_start(aisle_reader *r, aisle_error *err)
{
    AISLE_TRY(reader_add_column(r, AISLE_STR("user"), err));
    AISLE_TRY(reader_add_column(r, AISLE_STR("item"), err));
    return aisle_grow((void **)&r->fields, &r->fields_cap, 2, sizeof *r->fields) ? AISLE_OK
                                                                                 : reader_no_memory(r, err);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of *s, taken off; empty when none is left. */
static aisle_str word(aisle_str *s)
{
    size_t i = 0, n = 0;
    while (i < s->len && is_blank(s->ptr[i])) i++;
    while (i + n < s->len && !is_blank(s->ptr[i + n])) n++;
    aisle_str w = {s->ptr + i, n};
    *s = (aisle_str){s->ptr + i + n, s->len - i - n};
    return w;
}

aisle_status adjacency_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err)
{
    *end = false;
    aisle_str item = word(&r->rest);
    while (item.len == 0) {
        bool too_long;
        aisle_str line;
        if (r->skip_line) AISLE_TRY(window_skip_line(&r->w, false, err));
        r->skip_line = false;
        r->rest_line = r->w.line;
        AISLE_TRY(window_line(&r->w, &line, &too_long, end, err));
        if (*end) return AISLE_OK;
        bool nul = memchr(line.ptr, '\0', line.len) != NULL;
        if (too_long || nul) {
            r->skip_line = too_long;
            reader_fault(row, r->rest_line, too_long ? AISLE_ROW_TOO_LONG : AISLE_ROW_NUL_BYTE, line);
            return AISLE_OK;
        }
        r->fields[0] = word(&line);
        r->rest = line;
        item = word(&r->rest);
    }
    r->fields[1] = item;
    bool valid = utf8_valid(r->fields[0]) && utf8_valid(item);
    *row = (aisle_row){r->rest_line, valid ? AISLE_ROW_OK : AISLE_ROW_BAD_UTF8, item, 2, r->fields};
    return AISLE_OK;
}
