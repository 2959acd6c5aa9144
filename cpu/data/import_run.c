/* aisle_import: opens the files in order, cleans row by row, counts, and sends what is left to the sink. */
#include "aisle/import.h"

#include "aisle/memory.h"
#include "cpu/data/import_row.h"
#include "cpu/data/reject_words.h"
#include "cpu/data/rejects.h"

typedef struct importer {
    const aisle_import_params *p;
    const preset *preset;
    const aisle_sink *sink;
    aisle_import_report *report;
    column_spec own, by_role[IMPORT_ROLES];
    bool used[N_TARGETS]; /* targets of the caller's map that some file has */
    int64_t bytes_done, bytes_total;
    gather *gather;
    rejects rejects;
    row_cleaner cleaner;
    reject_words words;
    aisle_status told; /* by p->rejected, sticky */
} importer;

const char *aisle_import_reason_name(aisle_import_reason r)
{
    static const char *const names[AISLE_REASON_COUNT] = {
        [AISLE_REASON_UNREADABLE] = "unreadable",
        [AISLE_REASON_BAD_UTF8] = "bad-utf8",
        [AISLE_REASON_HTML_ENTITY] = "html-entity",
        [AISLE_REASON_NO_USER] = "no-user",
        [AISLE_REASON_NO_ITEM] = "no-item",
        [AISLE_REASON_NO_DESCRIPTION] = "no-description",
        [AISLE_REASON_BAD_NUMBER] = "bad-number",
        [AISLE_REASON_BAD_TIME] = "bad-time",
        [AISLE_REASON_BAD_TYPE] = "bad-type",
        [AISLE_REASON_DUPLICATE_ROW] = "duplicate-row",
        [AISLE_REASON_CANCELLATION] = "cancellation",
        [AISLE_REASON_NEGATIVE_QUANTITY] = "negative-quantity",
        [AISLE_REASON_BAD_PRICE] = "bad-price",
        [AISLE_REASON_BAD_IMAGE] = "bad-image",
        [AISLE_REASON_NOT_A_PRODUCT] = "not-a-product",
        [AISLE_REASON_ID_TOO_LONG] = "id-too-long",
        [AISLE_REASON_TOO_DEEP] = "too-deep",
        [AISLE_REASON_BELOW_CORE] = "below-core",
        [AISLE_REASON_KNOWN] = "known",
    };
    return (unsigned)r < AISLE_REASON_COUNT ? names[r] : "unknown";
}

static aisle_status no_memory(const char *path, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory while importing", path);
}

/* Tells whoever wants to know of the first rows of each reason. */
static void tell_reject(importer *im, const aisle_row *row, aisle_import_reason r, aisle_error *err)
{
    const aisle_import_params *p = im->p;
    aisle_import_reject reject;
    if (!p->rejected || im->told != AISLE_OK || im->report->dropped[r] > p->rejects_each) return;
    im->told = reject_words_of(&im->words, &im->cleaner, row, r, &reject)
                   ? p->rejected(p->rejected_ctx, &reject, err)
                   : no_memory("rejected row", err);
}

/* Adds the row's bits to the report and the rejects file. *use: the record may be sent. */
static aisle_status settle(importer *im, const char *path, const aisle_row *row, bool *use, aisle_error *err)
{
    const row_cleaner *c = &im->cleaner;
    const char *fault = row->fault == AISLE_ROW_OK ? NULL : aisle_row_fault_name(row->fault);
    for (int r = 0; r < AISLE_REASON_COUNT; r++) im->report->found[r] += (c->found >> r) & 1;
    *use = c->dropped == 0;
    uint32_t bits = *use ? c->changed : c->dropped & (0 - c->dropped);
    for (int r = 0; bits >> r; r++) {
        if (!((bits >> r) & 1)) continue;
        ++(*use ? im->report->changed : im->report->dropped)[r];
        rejects_add(&im->rejects, path, row, *use ? "changed" : "dropped",
                    aisle_import_reason_name((aisle_import_reason)r),
                    r == AISLE_REASON_UNREADABLE ? fault : NULL);
        if (!*use) tell_reject(im, row, (aisle_import_reason)r, err);
    }
    return im->told;
}

static aisle_status send_event(importer *im, const char *path, const aisle_row *row, aisle_error *err)
{
    aisle_event e;
    bool use;
    clean_event(&im->cleaner, row, &e);
    AISLE_TRY(settle(im, path, row, &use, err));
    if (!use || im->cleaner.no_memory) return AISLE_OK;
    im->report->events++;
    return im->sink->event ? im->sink->event(im->sink->ctx, &e, err) : AISLE_OK;
}

static aisle_status send_product(importer *im, const char *path, const aisle_row *row, aisle_error *err)
{
    aisle_product p;
    bool use;
    clean_product(&im->cleaner, row, &p);
    AISLE_TRY(settle(im, path, row, &use, err));
    if (!use || im->cleaner.no_memory) return AISLE_OK;
    im->report->products++;
    return im->sink->product ? im->sink->product(im->sink->ctx, &p, err) : AISLE_OK;
}

static aisle_status send_user(importer *im, const char *path, const aisle_row *row, aisle_error *err)
{
    aisle_user u;
    bool use;
    clean_user(&im->cleaner, row, &u);
    AISLE_TRY(settle(im, path, row, &use, err));
    if (!use || im->cleaner.no_memory) return AISLE_OK;
    im->report->users++;
    return im->sink->user ? im->sink->user(im->sink->ctx, &u, err) : AISLE_OK;
}

static aisle_status send_row(importer *im, const aisle_import_file *f, const aisle_row *row, aisle_error *err)
{
    aisle_status (*const send[IMPORT_ROLES])(importer *, const char *, const aisle_row *,
                                             aisle_error *) = {[AISLE_ROLE_EVENTS] = send_event,
                                                               [AISLE_ROLE_PRODUCTS] = send_product,
                                                               [AISLE_ROLE_USERS] = send_user};
    row_cleaner *c = &im->cleaner;
    bool use;
    im->report->rows_read++;
    if (row->fault == AISLE_ROW_OK || row->fault == AISLE_ROW_BAD_UTF8 || row->fault == AISLE_ROW_BAD_QUOTE)
        AISLE_TRY(send[f->role](im, f->path, row, err));
    else {
        c->changed = 0;
        c->found = c->dropped = REASON(AISLE_REASON_UNREADABLE);
        c->at[AISLE_REASON_UNREADABLE] = N_TARGETS;
        c->user = (aisle_str){NULL, 0};
        AISLE_TRY(settle(im, f->path, row, &use, err));
    }
    return c->no_memory ? no_memory(f->path, err) : AISLE_OK;
}

/* The type of every event of the file: the caller's, the file name's, the preset's; else the type column. */
static aisle_status choose_type(importer *im, const aisle_import_file *f, aisle_error *err)
{
    row_cleaner *c = &im->cleaner;
    const char *slash = strrchr(f->path, '/'), *base = slash ? slash + 1 : f->path;
    const char *name = f->event_type;
    for (int t = 0; !name && im->preset->type_by_file_name && t < AISLE_EVENT_TYPES; t++) {
        const char *type = aisle_event_type_name((aisle_event_type)t);
        if (strncmp(base, type, strlen(type)) == 0) name = type;
    }
    /* a type column that the caller maps says more than the preset's one type for all */
    if (!name && !im->used[T_TYPE]) name = im->preset->event_type;
    c->type_is_fixed = name != NULL;
    if (name && !aisle_event_type_parse(aisle_str_from(name), &c->type))
        return aisle_fail(err, AISLE_EINVAL,
                          "%s: event type \"%s\" is unknown; use view, click, add_to_cart, "
                          "purchase, rating, review, like ...",
                          f->path, name);
    if (!name && !c->columns.n[T_TYPE])
        return aisle_fail(err, AISLE_EINVAL,
                          "%s: no column for the event type; map type=COLUMN or name the type "
                          "of all its events",
                          f->path);
    return AISLE_OK;
}

/* Opens a file, finds its columns, and says for what its events are good. */
static aisle_status open_file(importer *im, const aisle_import_file *f, aisle_error *err)
{
    row_cleaner *c = &im->cleaner;
    aisle_format by_preset = im->preset->format[f->role];
    aisle_reader_params params = {.format = im->p->format ? im->p->format : by_preset};
    AISLE_TRY(aisle_reader_open(f->path, &params, &c->reader, err));
    columns_request q = {f->path, f->role, &im->own, &im->by_role[f->role], im->used};
    AISLE_TRY(columns_find(&q, c->reader, &c->columns, err));
    if (f->role == AISLE_ROLE_EVENTS) AISLE_TRY(choose_type(im, f, err));
    aisle_format format = aisle_reader_format(c->reader);
    c->whole_rows = format == AISLE_FORMAT_JSONL || format == AISLE_FORMAT_JSON_MAP;
    const int32_t *n = c->columns.n;
    c->gather_products = n[T_TITLE] || n[T_DESCRIPTION] || n[T_BRAND] || n[T_CATEGORY];
    c->gather_users = n[T_AGE_BAND] || n[T_GENDER] || n[T_COUNTRY];
    return AISLE_OK;
}

static void close_file(importer *im)
{
    aisle_reader_close(im->cleaner.reader);
    im->cleaner.reader = NULL;
    rowset_deinit(&im->cleaner.seen);
}

static aisle_status import_file(importer *im, const aisle_import_file *f, aisle_error *err)
{
    enum { ROWS_A_LOOK = 4096 };
    const char *slash = strrchr(f->path, '/');
    int64_t done = 0, total = 0;
    AISLE_TRY(open_file(im, f, err));
    for (int64_t i = 0;; i++) {
        aisle_row row;
        bool end;
        if (i % ROWS_A_LOOK == 0) {
            if (aisle_canceled(im->p->progress))
                return aisle_fail(err, AISLE_ECANCELED, "%s: import canceled at row %lld", f->path,
                                  (long long)i);
            aisle_reader_tell(im->cleaner.reader, &done, &total);
            aisle_progress_report(im->p->progress, "read", im->bytes_done + done, im->bytes_total,
                                  slash ? slash + 1 : f->path);
        }
        AISLE_TRY(aisle_reader_next(im->cleaner.reader, &row, &end, err));
        if (end) break;
        AISLE_TRY(send_row(im, f, &row, err));
    }
    im->bytes_done += total;
    return AISLE_OK;
}

/* Opens every file once before any record is sent: a wrong name or map is told at the start. */
static aisle_status check_files(importer *im, aisle_error *err)
{
    const aisle_import_params *p = im->p;
    for (int32_t i = 0; i < p->n_files; i++) {
        if ((unsigned)p->files[i].role >= IMPORT_ROLES)
            return aisle_fail(err, AISLE_EINVAL, "%s: role %d is unknown", p->files[i].path,
                              (int)p->files[i].role);
        int64_t done, total;
        AISLE_TRY(open_file(im, &p->files[i], err));
        aisle_reader_tell(im->cleaner.reader, &done, &total);
        im->bytes_total += total;
        close_file(im);
    }
    for (int t = 0; t < N_TARGETS; t++)
        if (im->own.source[t].ptr && !im->used[t])
            return aisle_fail(err, AISLE_EINVAL, "column map: no file has the column \"%.*s\" for %s",
                              (int)im->own.source[t].len, im->own.source[t].ptr, target_name((target)t));
    return AISLE_OK;
}

static aisle_status prepare(importer *im, aisle_error *err)
{
    const aisle_import_params *p = im->p;
    if (p->n_files < 1) return aisle_fail(err, AISLE_EINVAL, "no file to import; name at least one");
    im->preset = preset_find(p->preset);
    if (!im->preset)
        return aisle_fail(err, AISLE_EINVAL,
                          "preset \"%s\" is unknown; use generated, online-retail, movielens, "
                          "retailrocket, amazon, completejourney, lightgcn or anime",
                          p->preset);
    if (p->map) AISLE_TRY(column_spec_parse(p->map, &im->own, err));
    for (int r = 0; r < IMPORT_ROLES; r++)
        if (im->preset->map[r]) AISLE_TRY(column_spec_parse(im->preset->map[r], &im->by_role[r], err));
    const char *currency = p->currency ? p->currency : im->preset->currency;
    row_cleaner *c = &im->cleaner;
    c->preset = im->preset;
    c->currency = aisle_str_from(currency ? currency : "USD");
    c->keep_duplicates = p->keep_duplicates;
    im->gather = c->gather = gather_new();
    if (!im->gather) return no_memory(p->files[0].path, err);
    AISLE_TRY(check_files(im, err));
    return rejects_open(&im->rejects, p->rejects_path, err);
}

aisle_status aisle_import(const aisle_import_params *p, const aisle_sink *sink, aisle_import_report *report,
                          aisle_error *err)
{
    int64_t start = aisle_time_monotonic_ns();
    *report = (aisle_import_report){0};
    importer *im = aisle_calloc(1, sizeof *im);
    if (!im) return aisle_fail(err, AISLE_ENOMEM, "out of memory for an import");
    im->p = p;
    im->sink = sink;
    im->report = report;
    aisle_status st = prepare(im, err);
    for (int32_t i = 0; st == AISLE_OK && i < p->n_files; i++) {
        st = import_file(im, &p->files[i], err);
        close_file(im);
    }
    if (st == AISLE_OK)
        st = gather_send(im->gather, sink, im->cleaner.currency, &report->products, &report->users, err);
    if (st == AISLE_OK) aisle_progress_report(p->progress, "read", im->bytes_total, im->bytes_total, "");
    if (st == AISLE_OK) st = rejects_commit(&im->rejects, err);
    close_file(im);
    rejects_abort(&im->rejects);
    gather_free(im->gather);
    reject_words_deinit(&im->words);
    row_cleaner_deinit(&im->cleaner);
    aisle_free(im);
    report->seconds = (double)(aisle_time_monotonic_ns() - start) / 1e9;
    return st;
}
