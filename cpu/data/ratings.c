/* Two readings of a file of ratings. The first learns the ids and how many lines each user has; then every row's place
 * is known, and the second puts column and value there, so that no list of triplets is ever made. Rows are then
 * sorted one by one. Which thread reads which block is chance: counts do not care, entries are put into an order of
 * their own afterwards, and the first line in trouble is the first of the file, as blocks are handed out in order. */
#include "aisle/ratings.h"

#include <inttypes.h>
#include <omp.h>
#include <string.h>

#include "cpu/data/csr_rows.h"
#include "cpu/data/ratings_impl.h"

enum { TABLE_LEAST = 1 << 16, TABLE_MOST = 1 << 28, BYTES_A_CELL = 16, PUT = 64 };

typedef struct job {
    const aisle_ratings_params *p;
    ratings_source source;
    ratings_layout layout;
    ratings_ids users, items;
    aisle_csr m;
    int32_t threads;
    bool placing; /* the second reading */
    /* shared by the threads of a reading */
    int64_t next;    /* block to hand out */
    int64_t stop_at; /* blocks from here on are left out; read and written atomically */
    int64_t lines, bad, first_bad_at;
    aisle_status st;
    aisle_error err;
    int64_t failed_at; /* which byte st and err are about; -1 = all */
    char first_bad[500];
    bool user_text, item_text, user_far, item_far; /* the table of ids chosen does not do */
} job;

static const char *name_of(ratings_fault f)
{
    switch (f) {
    case RATINGS_NO_ID: return "the id is empty; wanted 1 to 255 bytes";
    case RATINGS_LONG_ID: return "the id is too long; wanted 1 to 255 bytes";
    case RATINGS_NUL_ID: return "the id has a NUL byte; wanted text";
    case RATINGS_BAD_QUOTE:
        return "a quote that is not closed before the next separator; wanted \"...\" with \"\" for \"";
    case RATINGS_BAD_VALUE:
        return "the value is no number, not above 0, or too large; wanted a finite number above 0";
    case RATINGS_LONG_LINE: return "the line is too long; wanted at most 65536 bytes";
    default: return "unreadable";
    }
}

/* What the field holds, printable and short. */
static void show(aisle_str s, char out[48])
{
    size_t n = s.len < 40 ? s.len : 40;
    for (size_t i = 0; i < n; i++) out[i] = (unsigned char)s.ptr[i] < ' ' ? '?' : s.ptr[i];
    strcpy(out + n, n < s.len ? "..." : "");
}

static void describe(const job *j, const ratings_block *b, const ratings_trouble *t, aisle_error *err)
{
    const ratings_layout *l = &j->layout;
    int64_t line = ratings_line_number(&j->source, b->at + t->at);
    char text[48], separator[3] = {l->separator, l->twice ? l->separator : '\0', '\0'};
    show(t->text, text);
    if (t->fault == RATINGS_FEW_COLUMNS || t->fault == RATINGS_MANY_COLUMNS)
        aisle_fail(err, AISLE_EFORMAT, "%s: line %" PRId64 ", column %d: %s columns; wanted user%sitem%s%s",
                   j->source.path, line, t->column,
                   t->fault == RATINGS_FEW_COLUMNS ? "the line ends, too few" : "one more, too many",
                   separator, l->value ? separator : "", l->value ? "value" : "");
    else
        aisle_fail(err, AISLE_EFORMAT, "%s: line %" PRId64 ", column %d: got '%s': %s", j->source.path, line,
                   t->column, text, name_of(t->fault));
}

/* ---- one thread ---- */

static void stop_before(job *j, int64_t block)
{
    if (block < __atomic_load_n(&j->stop_at, __ATOMIC_RELAXED))
        __atomic_store_n(&j->stop_at, block, __ATOMIC_RELAXED);
}

/* Keeps the failure that comes first in the file; at = -1 comes before all. */
static void fail_at(job *j, int64_t block, int64_t at, aisle_status st, const aisle_error *err)
{
#pragma omp critical(aisle_ratings)
    {
        if (j->st == AISLE_OK || at < j->failed_at) {
            j->st = st;
            j->err = *err;
            j->failed_at = at;
        }
        stop_before(j, at < 0 ? 0 : block);
    }
}

static void in_trouble(job *j, int64_t k, const ratings_block *b, const ratings_trouble *t)
{
    int64_t at = b->at + t->at;
    bool text = t->fault == RATINGS_USER_TEXT || t->fault == RATINGS_ITEM_TEXT, first = false;
    aisle_error err = {0};
#pragma omp critical(aisle_ratings)
    {
        j->user_text |= t->fault == RATINGS_USER_TEXT;
        j->item_text |= t->fault == RATINGS_ITEM_TEXT;
        if (text) stop_before(j, 0);
        j->bad += !text;
        first = !text && at < j->first_bad_at;
        if (first) j->first_bad_at = at;
    }
    if (!first || j->placing) return;
    describe(j, b, t, &err);
    if (!j->p->skip_bad) fail_at(j, k, at, AISLE_EFORMAT, &err);
#pragma omp critical(aisle_ratings)
    if (j->first_bad_at == at) memcpy(j->first_bad, err.message, sizeof j->first_bad);
}

static void learn(job *j, const ratings_block *b, const ratings_rows *rows)
{
    aisle_error err = {0};
    int32_t thread = omp_get_thread_num();
    aisle_status user = ratings_ids_learn(&j->users, thread, b, rows->user, rows->n);
    aisle_status item = ratings_ids_learn(&j->items, thread, b, rows->item, rows->n);
    if (user == AISLE_OK && item == AISLE_OK) return;
    if (user == AISLE_ENOMEM || item == AISLE_ENOMEM) {
        aisle_fail(&err, AISLE_ENOMEM, "%s: out of memory for its ids", j->source.path);
        fail_at(j, 0, -1, AISLE_ENOMEM, &err);
    }
#pragma omp critical(aisle_ratings)
    {
        j->user_far |= user == AISLE_EUNSUPPORTED;
        j->item_far |= item == AISLE_EUNSUPPORTED;
        stop_before(j, 0);
    }
}

/* Where all entries of a few lines go, and only then the entries: the caches are asked for many places at once, and no
 * more than the first one holds. false: a row has more entries than it was counted to have. */
static bool put_some(const aisle_csr *m, const int32_t *row, const int32_t *col, const float *val, int32_t n)
{
    int64_t to[PUT], nnz = m->row_ptr[m->n_rows];
    for (int32_t i = 0; i < n; i++) {
        to[i] = __atomic_fetch_add(&m->row_ptr[row[i]], 1, __ATOMIC_RELAXED);
        if (to[i] >= nnz) return false;
        __builtin_prefetch(&m->col[to[i]], 1);
        __builtin_prefetch(&m->val[to[i]], 1);
    }
    for (int32_t i = 0; i < n; i++) {
        m->col[to[i]] = col[i];
        m->val[to[i]] = val[i];
    }
    return true;
}

static bool put(job *j, const ratings_block *b, const ratings_rows *rows)
{
    int32_t row[RATINGS_BATCH], col[RATINGS_BATCH];
    if (!ratings_ids_find(&j->users, b, rows->user, rows->n, row) ||
        !ratings_ids_find(&j->items, b, rows->item, rows->n, col))
        return false;
    for (int32_t i = 0; i < rows->n; i += PUT)
        if (!put_some(&j->m, row + i, col + i, rows->value + i, rows->n - i < PUT ? rows->n - i : PUT))
            return false;
    return true;
}

static void read_block(job *j, int64_t k, ratings_block *b, ratings_rows *rows)
{
    aisle_error err = {0};
    ratings_parser p = {.l = &j->layout,
                        .user_text = j->users.kind == RATINGS_TEXT,
                        .item_text = j->items.kind == RATINGS_TEXT};
    ratings_trouble t;
    int64_t lines = 0;
    aisle_status st = ratings_load(&j->source, &j->layout, k, b, &err);
    if (st != AISLE_OK) {
        fail_at(j, k, b->at, st, &err);
        return;
    }
    ratings_parse_begin(&p, b);
    for (bool end = false; !end && k < __atomic_load_n(&j->stop_at, __ATOMIC_RELAXED);) {
        ratings_fault fault = ratings_parse(&p, rows, &end, &t);
        if (fault != RATINGS_GOOD) in_trouble(j, k, b, &t);
        if (!j->placing)
            learn(j, b, rows);
        else if (!put(j, b, rows)) {
            aisle_fail(&err, AISLE_EFORMAT, "%s: changed while it was read; try again when it is whole",
                       j->source.path);
            fail_at(j, 0, -1, AISLE_EFORMAT, &err);
        }
        lines += rows->n;
    }
    if (b->cut) {
        t = (ratings_trouble){RATINGS_LONG_LINE, 1, b->end, {b->text + b->end, 40}};
        in_trouble(j, k, b, &t);
    }
    __atomic_fetch_add(&j->lines, lines, __ATOMIC_RELAXED);
}

/* ---- a reading ---- */

static void report(const job *j, int64_t block)
{
    aisle_progress_report(j->p->progress, j->placing ? "place" : "count", block * j->layout.block_bytes,
                          j->source.size, "");
}

static bool go_on(job *j, int64_t k)
{
    const aisle_progress *progress = j->p->progress;
    aisle_error err = {0};
    if (omp_get_thread_num() == 0) report(j, k);
    if (aisle_canceled(progress)) {
        aisle_fail(&err, AISLE_ECANCELED, "%s: interrupted", j->source.path);
        fail_at(j, 0, -1, AISLE_ECANCELED, &err);
    }
    return k < __atomic_load_n(&j->stop_at, __ATOMIC_RELAXED);
}

static aisle_status reading(job *j, aisle_error *err)
{
    int64_t n = ratings_blocks(&j->source, &j->layout);
    bool in_order = j->placing && j->p->duplicates == AISLE_DUPLICATES_LAST;
    int32_t threads = in_order ? 1 : j->threads;
    j->stop_at = j->first_bad_at = j->failed_at = INT64_MAX;
    j->lines = j->bad = j->next = 0;
    j->first_bad[0] = '\0';
    j->st = AISLE_OK;
    report(j, 0); /* the calling thread may get no block of a small file */
#pragma omp parallel num_threads(threads)
    {
        ratings_block b;
        ratings_rows *rows = aisle_alloc(sizeof *rows);
        if (!ratings_block_init(&b, &j->layout) || !rows) {
            aisle_error none = {0};
            aisle_fail(&none, AISLE_ENOMEM, "out of memory to read %s", j->source.path);
            fail_at(j, 0, -1, AISLE_ENOMEM, &none);
        }
        /* a counter and no loop of OpenMP's: there blocks need not be handed out in order */
        for (int64_t k; (k = __atomic_fetch_add(&j->next, 1, __ATOMIC_RELAXED)) < n;)
            if (go_on(j, k)) read_block(j, k, &b, rows);
        ratings_block_deinit(&b);
        aisle_free(rows);
    }
    if (j->st != AISLE_OK && err) *err = j->err;
    return j->st;
}

static aisle_status begin_ids(job *j, ratings_kind user, ratings_kind item, aisle_error *err)
{
    int64_t limit = j->source.size / BYTES_A_CELL;
    limit = limit < TABLE_LEAST ? TABLE_LEAST : limit > TABLE_MOST ? TABLE_MOST : limit;
    ratings_ids_deinit(&j->users);
    ratings_ids_deinit(&j->items);
    j->users = (ratings_ids){.kind = user, .counted = true, .threads = j->threads, .limit = limit};
    j->items = (ratings_ids){.kind = item, .threads = j->threads, .limit = limit};
    j->user_text = j->item_text = j->user_far = j->item_far = false;
    AISLE_TRY(ratings_ids_init(&j->users, err));
    return ratings_ids_init(&j->items, err);
}

/* Until the tables of ids do: at most four more times, and each ends at the first id that shows it. */
static aisle_status learn_ids(job *j, aisle_error *err)
{
    ratings_kind user = RATINGS_DIRECT, item = RATINGS_DIRECT;
    for (;;) {
        AISLE_TRY(begin_ids(j, user, item, err));
        aisle_status st = reading(j, err);
        bool again = j->user_text || j->item_text || j->user_far || j->item_far;
        if (!again || (st != AISLE_OK && j->failed_at < 0)) return st;
        user = j->user_text ? RATINGS_TEXT : j->user_far ? RATINGS_HASH : user;
        item = j->item_text ? RATINGS_TEXT : j->item_far ? RATINGS_HASH : item;
    }
}

/* Each cursor has run to the end of its row, which is where the next one began. */
static bool cursors_to_offsets(aisle_csr *m, int64_t nnz)
{
    memmove(m->row_ptr + 1, m->row_ptr, (size_t)m->n_rows * sizeof *m->row_ptr);
    m->row_ptr[0] = 0;
    for (int32_t r = 0; r < m->n_rows; r++)
        if (m->row_ptr[r] > m->row_ptr[r + 1]) return false;
    return m->row_ptr[m->n_rows] == nnz;
}

static aisle_status place(job *j, int64_t *merged, aisle_error *err)
{
    static const csr_merge merge[] = {CSR_SUM_ASCENDING, CSR_LAST, CSR_MAX};
    const char *path = j->source.path;
    int64_t lines = j->lines, bad = j->bad;
    char first_bad[sizeof j->first_bad];
    if (lines == 0)
        return aisle_fail(err, AISLE_EFORMAT,
                          "%s: no line with a rating (%" PRId64 " bad ones); wanted user,item,value", path,
                          bad);
    if (lines > UINT32_MAX)
        return aisle_fail(err, AISLE_EUNSUPPORTED, "%s: %" PRId64 " lines; at most %u", path, lines,
                          UINT32_MAX);
    AISLE_TRY(ratings_ids_number(&j->users, &j->m.row_ptr, err));
    AISLE_TRY(ratings_ids_number(&j->items, NULL, err));
    j->m.n_rows = j->users.ids.n;
    j->m.n_cols = j->items.ids.n;
    j->m.col = aisle_array(lines, sizeof *j->m.col);
    j->m.val = aisle_array(lines, sizeof *j->m.val);
    if (!j->m.col || !j->m.val)
        return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for %" PRId64 " entries", path, lines);
    memcpy(first_bad, j->first_bad, sizeof first_bad);
    j->placing = true;
    AISLE_TRY(reading(j, err));
    memcpy(j->first_bad, first_bad, sizeof first_bad);
    AISLE_TRY(ratings_unchanged(&j->source, err));
    if (!cursors_to_offsets(&j->m, lines) || j->lines != lines || j->bad != bad)
        return aisle_fail(err, AISLE_EFORMAT, "%s: changed while it was read; try again when it is whole",
                          path);
    aisle_error inner = {0};
    aisle_status st = csr_sort_rows(&j->m, merge[j->p->duplicates], j->threads, merged, &inner);
    return st == AISLE_OK ? st : aisle_fail(err, st, "%s: %s", path, inner.message);
}

static aisle_rating_ids take_ids(ratings_ids *c)
{
    aisle_rating_ids ids = c->ids;
    c->ids = (aisle_rating_ids){0};
    return ids;
}

aisle_status aisle_ratings_read(const char *path, const aisle_ratings_params *p, aisle_ratings *out,
                                aisle_error *err)
{
    const aisle_ratings_params defaults = {0};
    job *j = aisle_calloc(1, sizeof *j);
    int64_t merged = 0;
    *out = (aisle_ratings){0};
    if (!j) return aisle_fail(err, AISLE_ENOMEM, "out of memory to read %s", path);
    j->p = p ? p : &defaults;
    j->threads = csr_threads(j->p->threads);
    aisle_status st = ratings_open(path, &j->source, err);
    if (st == AISLE_OK) st = ratings_detect(&j->source, j->p, &j->layout, err);
    if (st == AISLE_OK) st = learn_ids(j, err);
    if (st == AISLE_OK) st = place(j, &merged, err);
    if (st == AISLE_OK) {
        *out = (aisle_ratings){.m = j->m,
                               .users = take_ids(&j->users),
                               .items = take_ids(&j->items),
                               .lines = j->lines,
                               .bad = j->bad,
                               .merged = merged,
                               .bytes = j->source.size};
        memcpy(out->first_bad, j->first_bad, sizeof out->first_bad);
        j->m = (aisle_csr){0};
    }
    aisle_csr_deinit(&j->m);
    ratings_ids_deinit(&j->users);
    ratings_ids_deinit(&j->items);
    ratings_close(&j->source);
    aisle_free(j);
    return st;
}

static void ids_deinit(aisle_rating_ids *ids)
{
    aisle_free(ids->number);
    aisle_idmap_free(ids->text);
}

void aisle_ratings_deinit(aisle_ratings *r)
{
    aisle_csr_deinit(&r->m);
    ids_deinit(&r->users);
    ids_deinit(&r->items);
    *r = (aisle_ratings){0};
}

aisle_str aisle_rating_id(const aisle_rating_ids *ids, int32_t i, char room[24])
{
    if (ids->text) return aisle_idmap_get(ids->text, i);
    return (aisle_str){room, (size_t)snprintf(room, 24, "%" PRId64, ids->number[i])};
}
