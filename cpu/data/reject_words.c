/* Words for dropped rows. A cell is shown as the file has it, before any cleaning: that is what is looked for in the file. */
#include "cpu/data/reject_words.h"

#include "cpu/data/utf8.h"

enum { CELL_BYTES = 200, ROW_BYTES = 500, ID_BYTES = 255 };

void reject_words_deinit(reject_words *w)
{
    aisle_buf_deinit(&w->column);
    aisle_buf_deinit(&w->got);
    aisle_buf_deinit(&w->wanted);
    aisle_buf_deinit(&w->row);
}

/* Whole characters of s, at most so many bytes. */
static aisle_str shortened(aisle_str s, size_t most)
{
    size_t n = s.len < most ? s.len : most;
    for (int back = 0; n < s.len && n > 0 && back < 3 && ((unsigned char)s.ptr[n] & 0xC0) == 0x80; back++)
        n--;
    return (aisle_str){s.ptr, n};
}

/* Appends s as valid text without NUL, shortened. */
static bool show(aisle_str s, size_t most, aisle_buf *out)
{
    aisle_str part = shortened(s, most);
    for (size_t i = 0; i < part.len;) {
        const char *nul = memchr(part.ptr + i, '\0', part.len - i);
        size_t n = nul ? (size_t)(nul - part.ptr) - i : part.len - i;
        if (!utf8_repair((aisle_str){part.ptr + i, n}, out)) return false;
        i += n;
        if (nul && (i++, !utf8_append(out, 0xFFFD))) return false;
    }
    return part.len == s.len || utf8_append(out, 0x2026);
}

static aisle_str view(const aisle_buf *b)
{
    return (aisle_str){b->data, (size_t)b->len};
}

/* An empty text, which is not NULL. */
static bool begin(aisle_buf *b)
{
    b->len = 0;
    return aisle_buf_append(b, "", 0);
}

static bool show_cell(reject_words *w, const row_cleaner *c, const aisle_row *row, target t)
{
    bool ok = true;
    for (int32_t i = 0; ok && i < c->columns.n[t]; i++) {
        int32_t at = c->columns.at[t][i];
        aisle_str field = aisle_str_trim(row->fields[at]);
        ok = (i == 0 || aisle_buf_append(&w->column, "+", 1)) &&
             show(aisle_reader_column(c->reader, at), CELL_BYTES, &w->column) &&
             (w->got.len == 0 || !field.len || aisle_buf_append(&w->got, " ", 1)) &&
             (!field.len || show(field, CELL_BYTES, &w->got));
    }
    /* a column that the file lacks is named as the map would name it */
    return ok && (w->column.len || show(aisle_str_from(target_name(t)), CELL_BYTES, &w->column));
}

static const char *number_wanted(target t)
{
    switch (t) {
    case T_PRICE: return "a price such as 12.50, of at most 10^13 whole units";
    case T_QUANTITY: return "pieces: a number between -10^9 and 10^9 that is not 0";
    case T_VALUE: return "a number: stars within their scale, or pieces that are not 0";
    case T_STOCK: return "pieces in stock: a number from 0 to 10^12";
    default: return "a number from 0 to 2147483647";
    }
}

static const char *fault_wanted(aisle_row_fault f)
{
    switch (f) {
    case AISLE_ROW_OPEN_QUOTE: return "a quote that ends before the file does";
    case AISLE_ROW_TOO_LONG: return "a row of at most 1 MiB";
    case AISLE_ROW_BAD_JSON: return "one JSON object on the line";
    case AISLE_ROW_NUL_BYTE: return "text without NUL bytes";
    default: return "a row that can be read";
    }
}

static bool say_wanted(reject_words *w, const row_cleaner *c, const aisle_row *row, aisle_import_reason r)
{
    const char *text = "a clean row";
    switch (r) {
    case AISLE_REASON_UNREADABLE:
        if (row->fault == AISLE_ROW_FIELD_COUNT)
            return aisle_buf_printf(&w->wanted, "as many fields as the header has: %d",
                                    aisle_reader_n_columns(c->reader));
        text = fault_wanted(row->fault);
        break;
    case AISLE_REASON_NO_USER:
        text = c->columns.n[T_SESSION] ? "the id of a user, or of a session" : "the id of a user";
        break;
    case AISLE_REASON_NO_ITEM: text = "the id of a product"; break;
    case AISLE_REASON_BAD_NUMBER: text = number_wanted(c->at[r]); break;
    case AISLE_REASON_BAD_TIME:
        text = "a time such as 2026-01-31T10:00:00Z, or seconds or milliseconds since 1970";
        break;
    case AISLE_REASON_BAD_TYPE:
        text = "the type of an event, such as view, add_to_cart, purchase, rating";
        break;
    case AISLE_REASON_DUPLICATE_ROW: text = "a row that did not come before"; break;
    case AISLE_REASON_NEGATIVE_QUANTITY:
        text = "more than 0 pieces, unless the order is a cancellation";
        break;
    case AISLE_REASON_NOT_A_PRODUCT: text = "a product; this is postage, a charge or the like"; break;
    case AISLE_REASON_ID_TOO_LONG:
        text = c->at[r] == T_AGE_BAND || c->at[r] == T_GENDER || c->at[r] == T_COUNTRY ? "at most 64 bytes"
                                                                                       : "at most 255 bytes";
        break;
    case AISLE_REASON_TOO_DEEP: text = "attributes of at most 32 levels"; break;
    default: break;
    }
    return aisle_buf_append(&w->wanted, text, strlen(text));
}

bool reject_words_of(reject_words *w, const row_cleaner *c, const aisle_row *row, aisle_import_reason r,
                     aisle_import_reject *out)
{
    bool cell = c->at[r] != N_TARGETS && row->n_fields > 0;
    bool ok = begin(&w->column) && begin(&w->got) && begin(&w->wanted) && begin(&w->row) &&
              (!cell || show_cell(w, c, row, c->at[r])) && say_wanted(w, c, row, r) &&
              show(row->raw, ROW_BYTES, &w->row);
    if (!ok) return false;
    *out = (aisle_import_reject){.reason = r,
                                 .line = row->line,
                                 .column = cell ? view(&w->column) : (aisle_str){NULL, 0},
                                 .got = cell ? view(&w->got) : (aisle_str){NULL, 0},
                                 .wanted = view(&w->wanted),
                                 .row = view(&w->row),
                                 .user = c->user.len <= ID_BYTES ? c->user : (aisle_str){NULL, 0}};
    return true;
}
