/* aisle matrix: a file of user,item,value lines into one binary matrix file. cpu/data reads, this reports. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aisle/matrix_file.h"
#include "aisle/memory.h"
#include "aisle/ratings.h"
#include "server/cli/command.h"
#include "server/cli/options.h"

typedef struct settings {
    const char *path, *out, *ids, *separator, *header, *duplicates;
    int64_t threads;
    bool no_value, skip_bad, force, json;
} settings;

static const char *const headers[] = {"auto", "yes", "no", NULL};     /* aisle_header */
static const char *const duplicates[] = {"sum", "last", "max", NULL}; /* aisle_duplicates */

static int index_of(const char *const *names, const char *name)
{
    int i = 0;
    while (strcmp(names[i], name) != 0) i++;
    return i;
}

static aisle_status id_path(const settings *s, const char *side, aisle_buf *path, aisle_error *err)
{
    path->len = 0;
    if (aisle_buf_printf(path, "%s.%s.txt", s->ids, side)) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for a file name");
}

static aisle_status refuse_existing(const settings *s, const char *path, aisle_error *err)
{
    if (s->force || access(path, F_OK)) return AISLE_OK;
    return aisle_fail(err, AISLE_ECONFLICT, "%s: exists already; add --force to replace it", path);
}

/* Before the first byte is read. */
static aisle_status check(const settings *s, aisle_error *err)
{
    static const char *const sides[] = {"users", "items"};
    aisle_buf path = {0};
    aisle_status st = s->out ? refuse_existing(s, s->out, err) : AISLE_OK;
    for (int i = 0; s->ids && st == AISLE_OK && i < 2; i++) {
        st = id_path(s, sides[i], &path, err);
        if (st == AISLE_OK) st = refuse_existing(s, path.data, err);
    }
    aisle_buf_deinit(&path);
    return st;
}

static aisle_status write_matrix(const char *path, const aisle_csr *m, aisle_error *err)
{
    aisle_matrix_writer *w = NULL;
    AISLE_TRY(aisle_matrix_writer_open(path, m->n_rows, m->n_cols, aisle_csr_nnz(m), true, &w, err));
    for (int32_t r = 0; r < m->n_rows; r++) {
        int64_t at = m->row_ptr[r];
        aisle_status st =
            aisle_matrix_writer_row(w, m->col + at, m->val + at, (int32_t)(m->row_ptr[r + 1] - at), err);
        if (st == AISLE_OK) continue;
        aisle_matrix_writer_abort(w);
        return st;
    }
    return aisle_matrix_writer_commit(w, err);
}

/* Line i + 1 is what row or column i was called. */
static aisle_status write_ids(const settings *s, const char *side, const aisle_rating_ids *ids,
                              aisle_error *err)
{
    aisle_buf path = {0};
    aisle_replace file = {0};
    aisle_status st = id_path(s, side, &path, err);
    if (st == AISLE_OK) st = aisle_replace_open(path.data, &file, err);
    aisle_buf_deinit(&path);
    if (st != AISLE_OK) return st;
    for (int32_t i = 0; i < ids->n; i++) {
        char room[24];
        aisle_str id = aisle_rating_id(ids, i, room);
        fwrite(id.ptr, 1, id.len, file.stream); /* commit reports its failure */
        putc('\n', file.stream);
    }
    return aisle_replace_commit(&file, err);
}

static aisle_status write_all(const settings *s, const aisle_ratings *r, aisle_error *err)
{
    if (s->out) AISLE_TRY(write_matrix(s->out, &r->m, err));
    if (!s->ids) return AISLE_OK;
    AISLE_TRY(write_ids(s, "users", &r->users, err));
    return write_ids(s, "items", &r->items, err);
}

static void report(const settings *s, const aisle_ratings *r, double seconds)
{
    double mb = 1e-6 * (double)r->bytes;
    if (s->json) {
        printf("{\"event\":\"done\",\"lines\":%" PRId64 ",\"bad\":%" PRId64 ",\"merged\":%" PRId64
               ",\"bytes\":%" PRId64
               ",\"seconds\":%.3f,\"mb_s\":%.1f,\"users\":%d,\"items\":%d,\"entries\":%" PRId64
               ",\"peak_bytes\":%" PRId64 "}\n",
               r->lines, r->bad, r->merged, r->bytes, seconds, mb / seconds, r->users.n, r->items.n,
               aisle_csr_nnz(&r->m), aisle_peak_rss_bytes());
        return;
    }
    printf("%" PRId64 " lines, %.1f MB, read in %.2f s (%.0f MB/s): %d users, %d items, %" PRId64
           " entries\n",
           r->lines, mb, seconds, mb / seconds, r->users.n, r->items.n, aisle_csr_nnz(&r->m));
    if (r->merged) printf("%" PRId64 " lines merged into others of the same pair\n", r->merged);
    if (r->bad) printf("%" PRId64 " bad lines skipped; the first: %s\n", r->bad, r->first_bad);
    if (s->out) printf("wrote %s\n", s->out);
    if (s->ids) printf("wrote %s.users.txt and %s.items.txt\n", s->ids, s->ids);
    printf("peak memory %" PRId64 " MiB\n", aisle_peak_rss_bytes() >> 20);
}

static int parse(settings *s, int argc, char **argv)
{
    static const aisle_usage usage = {
        .command = "matrix",
        .synopsis = "FILE [options]",
        .about = "Reads lines of user,item[,value] into a sparse matrix at the speed of memory, and writes "
                 "it as one\n"
                 "binary file, for benchmarks and for programs of your own; a shop is made by `aisle "
                 "import`. FILE is\n"
                 "plain, .gz or .zst, or - for standard input. Whole numbers as ids are sorted, other ids "
                 "keep the\n"
                 "order of the file.",
        .examples = "  aisle matrix ratings.csv -o ratings.csr --ids ratings\n"
                    "  aisle matrix clicks.tsv --no-value --duplicates sum -o clicks.csr",
        .min_args = 1,
        .max_args = 1,
    };
    const aisle_option options[] = {
        {"out", 'o', "FILE", AISLE_OPT_TEXT, &s->out, 0, 0, NULL,
         "binary matrix file; none: only read and report"},
        {"ids", 0, "PREFIX", AISLE_OPT_TEXT, &s->ids, 0, 0, NULL,
         "write PREFIX.users.txt and PREFIX.items.txt: an id a line, in the matrix's order"},
        {"separator", 0, "TEXT", AISLE_OPT_TEXT, &s->separator, 0, 0, NULL,
         "one byte, or \"::\"; none: \"::\", tab, comma or semicolon, as the first line has it"},
        {"header", 0, "WHICH", AISLE_OPT_CHOICE, &s->header, 0, 0, headers, "whether the first line is one"},
        {"duplicates", 0, "RULE", AISLE_OPT_CHOICE, &s->duplicates, 0, 0, duplicates,
         "what becomes of lines of the same pair"},
        {"no-value", 0, NULL, AISLE_OPT_FLAG, &s->no_value, 0, 0, NULL,
         "the third column is no value: every line counts 1"},
        {"skip-bad", 0, NULL, AISLE_OPT_FLAG, &s->skip_bad, 0, 0, NULL,
         "count lines that cannot be read and go on; else the first one ends it"},
        {"threads", 0, "N", AISLE_OPT_INT, &s->threads, 0, 1024, NULL, "0 = all cores"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &s->json, 0, 0, NULL,
         "progress and result as JSON lines on stdout"},
        {"force", 0, NULL, AISLE_OPT_FLAG, &s->force, 0, 0, NULL, "replace files that exist"},
        {0}};
    int32_t n_args;
    return aisle_options_parse(&usage, options, argc, argv, &s->path, &n_args);
}

int aisle_command_matrix(int argc, char **argv)
{
    settings s = {.header = "auto", .duplicates = "sum"};
    aisle_ratings r = {0};
    aisle_error err = {0};
    aisle_meter meter;
    int code = parse(&s, argc, argv);
    if (code >= 0) return code;
    aisle_status st = check(&s, &err);
    if (st != AISLE_OK) return aisle_end("matrix", s.json, st, &err);
    aisle_meter_start(&meter, "matrix", s.json);
    const aisle_ratings_params p = {.separator = s.separator,
                                    .header = (aisle_header)index_of(headers, s.header),
                                    .duplicates = (aisle_duplicates)index_of(duplicates, s.duplicates),
                                    .no_value = s.no_value,
                                    .skip_bad = s.skip_bad,
                                    .threads = (int32_t)s.threads,
                                    .progress = &meter.progress};
    int64_t started = aisle_time_monotonic_ns();
    st = aisle_ratings_read(s.path, &p, &r, &err);
    double seconds = (double)(aisle_time_monotonic_ns() - started) * 1e-9;
    if (st == AISLE_OK) st = write_all(&s, &r, &err);
    aisle_meter_finish(&meter);
    if (st == AISLE_OK) report(&s, &r, seconds);
    if (st == AISLE_OK && (fflush(stdout) || ferror(stdout)))
        st = aisle_fail_errno(&err, "write", "standard output");
    aisle_ratings_deinit(&r);
    return aisle_end("matrix", s.json, st, &err);
}
