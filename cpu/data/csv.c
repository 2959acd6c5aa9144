/* CSV (RFC 4180) and TSV rows. Fields are views into the window; only a quoted field with "" in it is copied.
 * A scan never changes the window, so a row cut off by the window's end is simply scanned again after a
 * refill (at most once for every 256 KiB). */
#include "cpu/data/reader_impl.h"
#include "cpu/data/utf8.h"

typedef struct scan {
    const char *p, *end; /* *end is a line feed: the sentinel of the inner loop */
    char delimiter;
    bool quotes, eof;
    bool cut; /* ran into `end` although more is to come */
    bool open_quote, bad_quote, escaped, quoted;
    int64_t n; /* fields of the row, stored or not */
} scan;

/* Marks the bytes that end an unquoted field. */
static void stops_init(bool stops[256], char delimiter)
{
    memset(stops, 0, 256);
    stops[(unsigned char)delimiter] = stops['\n'] = stops['\r'] = true;
}

/* A quoted field; its raw text with the quotes when something else than a separator follows it. */
static aisle_str quoted_field(scan *s, const bool stops[256])
{
    const char *open = s->p, *q = s->p + 1;
    s->quoted = true;
    for (;;) {
        q = q < s->end ? memchr(q, '"', (size_t)(s->end - q)) : NULL;
        if (!q || (q + 1 == s->end && !s->eof)) {
            s->cut = !s->eof;
            s->open_quote = s->eof;
            s->p = s->end;
            return (aisle_str){open, (size_t)(s->end - open)};
        }
        if (q + 1 == s->end || q[1] != '"') break;
        s->escaped = true;
        q += 2;
    }
    s->p = q + 1;
    if (stops[(unsigned char)*s->p]) return (aisle_str){open + 1, (size_t)(q - open - 1)};
    s->bad_quote = true;
    while (!stops[(unsigned char)*s->p]) s->p++;
    return (aisle_str){open, (size_t)(s->p - open)};
}

static aisle_str plain_field(scan *s, const bool stops[256])
{
    const char *start = s->p;
    while (!stops[(unsigned char)*s->p]) s->p++;
    return (aisle_str){start, (size_t)(s->p - start)};
}

/* Stores field i when it can matter: every one of the header, then one more than there are columns. */
static bool store(aisle_reader *r, int64_t i, aisle_str field, bool header)
{
    if (!header && i >= r->n_columns) return true;
    if (!aisle_grow((void **)&r->fields, &r->fields_cap, i + 1, sizeof *r->fields)) return false;
    r->fields[i] = field;
    return true;
}

/* Scans one row from s->p; afterwards s->p stands on its line end, or at s->end. */
static bool scan_row(aisle_reader *r, scan *s, bool header)
{
    bool stops[256];
    stops_init(stops, s->delimiter);
    for (;;) {
        bool quoted = s->quotes && *s->p == '"' && s->p < s->end;
        aisle_str field = quoted ? quoted_field(s, stops) : plain_field(s, stops);
        if (!store(r, s->n++, field, header)) return false;
        if (s->p == s->end || *s->p != s->delimiter) break;
        s->p++;
    }
    /* a CR at the very end may be half of a CRLF */
    if (!s->eof && (s->p == s->end || (*s->p == '\r' && s->p + 1 == s->end))) s->cut = true;
    return true;
}

static int64_t count_line_ends(aisle_str raw)
{
    int64_t n = 0;
    for (size_t i = 0; i < raw.len; i++)
        n += raw.ptr[i] == '\n' || (raw.ptr[i] == '\r' && (i + 1 == raw.len || raw.ptr[i + 1] != '\n'));
    return n;
}

/* "" -> " in the fields that need it. Room for the whole row first: views into r->text must not move. */
static bool unescape(aisle_reader *r, aisle_str raw)
{
    r->text.len = 0;
    if (!aisle_grow((void **)&r->text.data, &r->text.cap, (int64_t)raw.len + 1, 1)) return false;
    for (int32_t i = 0; i < r->n_columns; i++) {
        aisle_str f = r->fields[i];
        bool inside = f.ptr > raw.ptr && f.ptr[-1] == '"' && f.len && memchr(f.ptr, '"', f.len);
        if (!inside) continue;
        char *to = r->text.data + r->text.len, *start = to;
        for (size_t k = 0; k < f.len; k++) {
            *to++ = f.ptr[k];
            if (f.ptr[k] == '"') k++;
        }
        r->text.len += to - start;
        r->fields[i] = (aisle_str){start, (size_t)(to - start)};
    }
    return true;
}

/* Scans the row at the window's start, refilling as needed. *raw is its text without the line end. */
static aisle_status take_row(aisle_reader *r, scan *s, aisle_str *raw, bool header, aisle_error *err)
{
    window *w = &r->w;
    for (;;) {
        w->data[w->end] = '\n';
        *s = (scan){.p = w->data + w->begin,
                    .end = w->data + w->end,
                    .delimiter = r->params.delimiter,
                    .quotes = r->params.format == AISLE_FORMAT_CSV,
                    .eof = w->eof};
        if (!scan_row(r, s, header)) return reader_no_memory(r, err);
        *raw = (aisle_str){w->data + w->begin, (size_t)(s->p - w->data - w->begin)};
        if (!s->cut || (int64_t)raw->len > w->max_row) return AISLE_OK;
        AISLE_TRY(window_fill(w, err));
    }
}

/* Steps over the row and its line end. */
static void step_over(aisle_reader *r, const scan *s, aisle_str raw)
{
    window *w = &r->w;
    w->begin += (int64_t)raw.len;
    if (s->quoted) w->line += count_line_ends(raw);
    if (w->begin == w->end) return;
    if (w->data[w->begin] == '\r' && w->begin + 1 < w->end && w->data[w->begin + 1] == '\n') w->begin++;
    w->begin++;
    w->line++;
}

static aisle_row_fault fault_of(const aisle_reader *r, const scan *s, aisle_str raw)
{
    if (s->open_quote) return AISLE_ROW_OPEN_QUOTE;
    if (s->n != r->n_columns) return AISLE_ROW_FIELD_COUNT;
    if (memchr(raw.ptr, '\0', raw.len)) return AISLE_ROW_NUL_BYTE;
    if (s->bad_quote) return AISLE_ROW_BAD_QUOTE;
    return utf8_valid(raw) ? AISLE_ROW_OK : AISLE_ROW_BAD_UTF8;
}

/* Blank lines hold nothing that could be lost. */
static void skip_blank_lines(window *w)
{
    while (w->begin < w->end && (w->data[w->begin] == '\n' || w->data[w->begin] == '\r')) {
        if (w->data[w->begin] == '\r' && w->begin + 1 < w->end && w->data[w->begin + 1] == '\n') w->begin++;
        if (w->data[w->begin] == '\r' && w->begin + 1 == w->end && !w->eof) return;
        w->begin++;
        w->line++;
    }
}

static aisle_status prepare(aisle_reader *r, bool *end, aisle_error *err)
{
    if (r->skip_line) AISLE_TRY(window_skip_line(&r->w, true, err));
    r->skip_line = false;
    for (;;) {
        skip_blank_lines(&r->w);
        if (r->w.begin + 1 < r->w.end || r->w.eof) break;
        AISLE_TRY(window_fill(&r->w, err));
    }
    *end = r->w.begin == r->w.end;
    return AISLE_OK;
}

aisle_status csv_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err)
{
    scan s;
    aisle_str raw;
    AISLE_TRY(prepare(r, end, err));
    if (*end) return AISLE_OK;
    int64_t line = r->w.line;
    AISLE_TRY(take_row(r, &s, &raw, false, err));
    if ((int64_t)raw.len > r->w.max_row) {
        /* the first line of it goes, not all: the quote that swallowed the file may be a stray one */
        r->skip_line = true;
        reader_fault(row, line, AISLE_ROW_TOO_LONG, raw);
        return AISLE_OK;
    }
    aisle_row_fault fault = fault_of(r, &s, raw);
    step_over(r, &s, raw);
    if (fault != AISLE_ROW_OK && fault != AISLE_ROW_BAD_QUOTE && fault != AISLE_ROW_BAD_UTF8) {
        reader_fault(row, line, fault, raw);
        return AISLE_OK;
    }
    if (s.escaped && !unescape(r, raw)) return reader_no_memory(r, err);
    *row = (aisle_row){line, fault, raw, r->n_columns, r->fields};
    return AISLE_OK;
}

/* ';' when the header has more of them than commas: what spreadsheets write where ',' is the decimal mark. */
static char guess_delimiter(const window *w)
{
    int64_t commas = 0, semicolons = 0;
    for (int64_t i = w->begin; i < w->end && w->data[i] != '\n' && w->data[i] != '\r'; i++) {
        commas += w->data[i] == ',';
        semicolons += w->data[i] == ';';
    }
    return semicolons > commas ? ';' : ',';
}

static aisle_status name_columns(aisle_reader *r, int64_t n, aisle_error *err)
{
    /* columns grow while fields stay where they are: the names are views into the window or r->text */
    for (int64_t i = 0; i < n; i++) {
        char number[24];
        int len = snprintf(number, sizeof number, "%lld", (long long)i + 1);
        aisle_str name = r->params.no_header ? (aisle_str){number, (size_t)len} : r->fields[i];
        AISLE_TRY(reader_add_column(r, name, err));
    }
    return AISLE_OK;
}

aisle_status csv_start(aisle_reader *r, aisle_error *err)
{
    enum { MOST_COLUMNS = 16384 };
    const char *path = stream_path(r->w.in);
    scan s;
    aisle_str raw;
    bool end;
    AISLE_TRY(prepare(r, &end, err));
    if (r->params.format == AISLE_FORMAT_TSV)
        r->params.delimiter = '\t';
    else if (!r->params.delimiter)
        r->params.delimiter = guess_delimiter(&r->w);
    if (end) return aisle_fail(err, AISLE_EFORMAT, "%s: only blank lines; wanted a header", path);
    AISLE_TRY(take_row(r, &s, &raw, true, err));
    if ((int64_t)raw.len > r->w.max_row || s.open_quote || s.bad_quote || s.n > MOST_COLUMNS ||
        memchr(raw.ptr, '\0', raw.len))
        return aisle_fail(
            err, AISLE_EFORMAT,
            "%s: line %lld is no header (too long, open or bad quote, NUL byte, or over %d columns); "
            "is it really CSV?",
            path, (long long)r->w.line, MOST_COLUMNS);
    r->n_columns = (int32_t)s.n;
    if (s.escaped && !unescape(r, raw)) return reader_no_memory(r, err);
    r->n_columns = 0;
    AISLE_TRY(name_columns(r, s.n, err));
    if (!r->params.no_header) step_over(r, &s, raw);
    return AISLE_OK;
}
