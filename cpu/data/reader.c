/* The public reader: opens, finds out the format, and hands over to the format's table row. */
#include "cpu/data/reader_impl.h"

enum { DEFAULT_ROW_BYTES = 1 << 20, LARGEST_ROW_BYTES = 1 << 30, RAW_BYTES = 4096 };

static const reader_format formats[] = {
    [AISLE_FORMAT_CSV] = {csv_start, csv_next, false},
    [AISLE_FORMAT_TSV] = {csv_start, csv_next, false},
    [AISLE_FORMAT_JSONL] = {NULL, jsonl_next, true},
    [AISLE_FORMAT_JSON_MAP] = {NULL, json_map_next, true},
    [AISLE_FORMAT_ADJACENCY] = {adjacency_start, adjacency_next, false},
};

const char *aisle_row_fault_name(aisle_row_fault f)
{
    static const char *const names[] = {"ok",       "field-count", "open-quote", "bad-quote",
                                        "too-long", "bad-utf8",    "bad-json",   "nul-byte"};
    return (unsigned)f < sizeof names / sizeof *names ? names[f] : "unknown";
}

static bool ends_with(aisle_str s, const char *tail)
{
    size_t n = strlen(tail);
    return s.len >= n && aisle_str_eq_nocase((aisle_str){s.ptr + s.len - n, n}, (aisle_str){tail, n});
}

static aisle_format format_of_name(const char *path)
{
    static const struct {
        const char *tail;
        aisle_format format;
    } names[] = {{".csv", AISLE_FORMAT_CSV},      {".tsv", AISLE_FORMAT_TSV},
                 {".tab", AISLE_FORMAT_TSV},      {".jsonl", AISLE_FORMAT_JSONL},
                 {".ndjson", AISLE_FORMAT_JSONL}, {".adj", AISLE_FORMAT_ADJACENCY}};
    aisle_str s = aisle_str_from(path);
    if (ends_with(s, ".gz")) s.len -= 3;
    if (ends_with(s, ".zst")) s.len -= 4;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ends_with(s, names[i].tail)) return names[i].format;
    return AISLE_FORMAT_AUTO;
}

/* A first line that is a whole object means JSON lines, one that only opens it a map; else the separator
 * tells. Words and blanks alone are an adjacency list. */
static aisle_format format_of_line(const window *w)
{
    const char *p = w->data + w->begin;
    const char *lf = memchr(p, '\n', (size_t)(w->end - w->begin));
    aisle_str line = {p, lf ? (size_t)(lf - p) : (size_t)(w->end - w->begin)};
    line = aisle_str_trim(line);
    if (line.len && line.ptr[0] == '{')
        return line.ptr[line.len - 1] == '}' ? AISLE_FORMAT_JSONL : AISLE_FORMAT_JSON_MAP;
    if (memchr(line.ptr, '\t', line.len)) return AISLE_FORMAT_TSV;
    if (memchr(line.ptr, ',', line.len) || memchr(line.ptr, ';', line.len)) return AISLE_FORMAT_CSV;
    return memchr(line.ptr, ' ', line.len) ? AISLE_FORMAT_ADJACENCY : AISLE_FORMAT_CSV;
}

static aisle_status open_window(aisle_reader *r, const char *path, aisle_error *err)
{
    static const char bom[] = "\xef\xbb\xbf";
    int64_t max = r->params.max_row_bytes ? r->params.max_row_bytes : DEFAULT_ROW_BYTES;
    if (max < 1 || max > LARGEST_ROW_BYTES)
        return aisle_fail(err, AISLE_EINVAL, "longest row %lld bytes: must lie between 1 and %d",
                          (long long)max, (int)LARGEST_ROW_BYTES);
    if (r->params.delimiter && strchr("\"\r\n", r->params.delimiter))
        return aisle_fail(err, AISLE_EINVAL, "%s: a quote or line end cannot separate fields", path);
    AISLE_TRY(window_open(&r->w, path, max, err));
    if (r->w.end >= 3 && memcmp(r->w.data, bom, 3) == 0) r->w.begin = 3;
    if (r->w.begin == r->w.end)
        return aisle_fail(err, AISLE_EFORMAT, "%s: the file is empty; wanted rows", path);
    return AISLE_OK;
}

aisle_status aisle_reader_open(const char *path, const aisle_reader_params *p, aisle_reader **out,
                               aisle_error *err)
{
    *out = NULL;
    aisle_reader *r = aisle_calloc(1, sizeof *r);
    if (!r) return aisle_fail(err, AISLE_ENOMEM, "out of memory to read %s", path);
    if (p) r->params = *p;
    aisle_arena_init(&r->names);
    aisle_status st = open_window(r, path, err);
    if (st == AISLE_OK) {
        aisle_format *f = &r->params.format;
        if (*f == AISLE_FORMAT_AUTO) *f = format_of_name(path);
        if (*f == AISLE_FORMAT_AUTO) *f = format_of_line(&r->w);
        if ((unsigned)*f > AISLE_FORMAT_ADJACENCY)
            st = aisle_fail(err, AISLE_EINVAL, "%s: file format %d is unknown", path, (int)*f);
        else
            r->format = &formats[*f];
    }
    if (st == AISLE_OK && r->format->start) st = r->format->start(r, err);
    if (st != AISLE_OK) {
        aisle_reader_close(r);
        return st;
    }
    *out = r;
    return AISLE_OK;
}

aisle_status aisle_reader_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err)
{
    *end = false;
    return r->format->next(r, row, end, err);
}

void reader_fault(aisle_row *row, int64_t line, aisle_row_fault fault, aisle_str raw)
{
    if (raw.len > RAW_BYTES) raw.len = RAW_BYTES;
    *row = (aisle_row){.line = line, .fault = fault, .raw = raw};
}

aisle_status reader_no_memory(const aisle_reader *r, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory at line %lld", stream_path(r->w.in),
                      (long long)r->w.line);
}

aisle_status reader_add_column(aisle_reader *r, aisle_str name, aisle_error *err)
{
    char *copy = aisle_arena_strndup(&r->names, name.ptr, name.len);
    if (!copy ||
        !aisle_grow((void **)&r->columns, &r->columns_cap, (int64_t)r->n_columns + 1, sizeof *r->columns))
        return reader_no_memory(r, err);
    r->columns[r->n_columns++] = (aisle_str){copy, name.len};
    return AISLE_OK;
}

aisle_format aisle_reader_format(const aisle_reader *r)
{
    return r->params.format;
}

int32_t aisle_reader_n_columns(const aisle_reader *r)
{
    return r->n_columns;
}

aisle_str aisle_reader_column(const aisle_reader *r, int32_t i)
{
    return r->columns[i];
}

int32_t aisle_reader_find(aisle_reader *r, aisle_str name)
{
    for (int32_t i = 0; i < r->n_columns; i++)
        if (aisle_str_eq(r->columns[i], name)) return i;
    if (r->format->open_columns) return reader_add_column(r, name, NULL) == AISLE_OK ? r->n_columns - 1 : -1;
    for (int32_t i = 0; i < r->n_columns; i++)
        if (aisle_str_eq_nocase(aisle_str_trim(r->columns[i]), name)) return i;
    return -1;
}

void aisle_reader_tell(const aisle_reader *r, int64_t *done, int64_t *total)
{
    stream_tell(r->w.in, done, total);
}

void aisle_reader_close(aisle_reader *r)
{
    if (!r) return;
    json_row_free(r);
    window_close(&r->w);
    aisle_arena_deinit(&r->names);
    aisle_free(r->columns);
    aisle_free(r->fields);
    aisle_buf_deinit(&r->text);
    aisle_free(r);
}
