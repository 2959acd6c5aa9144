/* The binary CSR file. Three parts grow side by side, each through a buffer of its own at its own offset,
 * because a stream of rows knows no part's end before the others begin. */
#include "aisle/matrix_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "aisle/memory.h"

enum { VERSION = 1, HAS_VALUES = 1, ALIGN = 64, HEADER_BYTES = 64, BUFFER_BYTES = 1 << 20 };
static const char MAGIC[8] = {'A', 'I', 'S', 'L', 'E', 'C', 'S', 'R'};

typedef struct header {
    char magic[8];
    uint32_t version, flags;
    int64_t n_rows, n_cols, nnz;
    char zero[24];
} header;
_Static_assert(sizeof(header) == HEADER_BYTES, "the header has no padding");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file is little-endian and is mapped as it is");

/* Offsets of the parts, and the file's size. True on overflow. */
typedef struct layout {
    int64_t row_ptr, col, val, size;
} layout;

static bool add_part(int64_t *at, int64_t n, int64_t size, int64_t *end)
{
    int64_t bytes;
    if (aisle_size_add(*at, ALIGN - 1, at)) return true;
    *at = *at / ALIGN * ALIGN;
    return aisle_size_mul(n, size, &bytes) || aisle_size_add(*at, bytes, end);
}

static bool lay_out(int64_t n_rows, int64_t nnz, bool values, layout *l)
{
    l->row_ptr = HEADER_BYTES;
    if (add_part(&l->row_ptr, n_rows + 1, sizeof(int64_t), &l->col)) return true;
    if (add_part(&l->col, nnz, sizeof(int32_t), &l->val)) return true;
    l->size = l->val;
    return values && add_part(&l->val, nnz, sizeof(float), &l->size);
}

/* ---- writing ---- */

typedef struct part {
    int64_t at; /* where the buffer's first byte goes */
    int32_t used;
    char *buffer;
} part;

struct aisle_matrix_writer {
    aisle_replace file;
    header head;
    layout layout;
    part row_ptr, col, val;
    int64_t rows, entries; /* so far */
};

static aisle_status flush(aisle_matrix_writer *w, part *p, aisle_error *err)
{
    const char *from = p->buffer;
    while (p->used > 0) {
        ssize_t n = pwrite(fileno(w->file.stream), from, (size_t)p->used, p->at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return aisle_fail_errno(err, "write", w->file.path);
        from += n;
        p->at += n;
        p->used -= (int32_t)n;
    }
    return AISLE_OK;
}

static aisle_status append(aisle_matrix_writer *w, part *p, const void *data, int64_t bytes, aisle_error *err)
{
    const char *from = data;
    while (bytes > 0) {
        int64_t n = BUFFER_BYTES - p->used < bytes ? BUFFER_BYTES - p->used : bytes;
        memcpy(p->buffer + p->used, from, (size_t)n);
        p->used += (int32_t)n;
        from += n;
        bytes -= n;
        if (p->used == BUFFER_BYTES) AISLE_TRY(flush(w, p, err));
    }
    return AISLE_OK;
}

aisle_status aisle_matrix_writer_open(const char *path, int32_t n_rows, int32_t n_cols, int64_t nnz,
                                      bool values, aisle_matrix_writer **out, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    const int64_t zero = 0;
    layout l;
    *out = NULL;
    if (n_rows < 0 || n_cols < 0 || nnz < 0 || lay_out(n_rows, nnz, values, &l))
        return aisle_fail(err, AISLE_EINVAL, "%s: a matrix of %d x %d with %lld entries cannot be", path,
                          n_rows, n_cols, (long long)nnz);
    aisle_matrix_writer *w = aisle_calloc(1, sizeof *w);
    if (!w) return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for writing", path);
    w->layout = l;
    w->head = (header){
        .version = VERSION, .flags = values ? HAS_VALUES : 0, .n_rows = n_rows, .n_cols = n_cols, .nnz = nnz};
    memcpy(w->head.magic, MAGIC, sizeof MAGIC);
    w->row_ptr = (part){.at = l.row_ptr, .buffer = aisle_alloc(BUFFER_BYTES)};
    w->col = (part){.at = l.col, .buffer = aisle_alloc(BUFFER_BYTES)};
    w->val = (part){.at = l.val, .buffer = aisle_alloc(BUFFER_BYTES)};
    if (!w->row_ptr.buffer || !w->col.buffer || !w->val.buffer) {
        st = aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for writing", path);
        goto done;
    }
    if ((st = aisle_replace_open(path, &w->file, err)) != AISLE_OK) goto done;
    if ((st = append(w, &w->row_ptr, &zero, sizeof zero, err)) != AISLE_OK) goto done;
    *out = w;
    w = NULL;
done:
    aisle_matrix_writer_abort(w);
    return st;
}

aisle_status aisle_matrix_writer_row(aisle_matrix_writer *w, const int32_t *col, const float *val, int32_t n,
                                     aisle_error *err)
{
    const char *path = w->file.path;
    if (n < 0 || w->rows == w->head.n_rows || n > w->head.nnz - w->entries)
        return aisle_fail(err, AISLE_EINVAL, "%s: row %lld of %d entries is more than was announced", path,
                          (long long)w->rows, n);
    for (int32_t i = 0; i < n; i++)
        if (col[i] < 0 || col[i] >= w->head.n_cols || (i > 0 && col[i] <= col[i - 1]))
            return aisle_fail(err, AISLE_EINVAL, "%s: row %lld, column %d is out of range or order", path,
                              (long long)w->rows, col[i]);
    w->rows++;
    w->entries += n;
    AISLE_TRY(append(w, &w->row_ptr, &w->entries, sizeof w->entries, err));
    AISLE_TRY(append(w, &w->col, col, n * (int64_t)sizeof *col, err));
    return w->head.flags & HAS_VALUES ? append(w, &w->val, val, n * (int64_t)sizeof *val, err) : AISLE_OK;
}

aisle_status aisle_matrix_writer_commit(aisle_matrix_writer *w, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    if (w->rows != w->head.n_rows || w->entries != w->head.nnz) {
        st =
            aisle_fail(err, AISLE_EINVAL, "%s: %lld rows and %lld entries came, %lld and %lld were announced",
                       w->file.path, (long long)w->rows, (long long)w->entries, (long long)w->head.n_rows,
                       (long long)w->head.nnz);
        goto done;
    }
    if ((st = flush(w, &w->row_ptr, err)) != AISLE_OK) goto done;
    if ((st = flush(w, &w->col, err)) != AISLE_OK) goto done;
    if ((st = flush(w, &w->val, err)) != AISLE_OK) goto done;
    /* the gaps between the parts, and a part without entries, are never written: the size must still be whole
     */
    if (ftruncate(fileno(w->file.stream), w->layout.size)) {
        st = aisle_fail_errno(err, "write", w->file.path);
        goto done;
    }
    fwrite(&w->head, sizeof w->head, 1, w->file.stream); /* commit reports its failure */
    st = aisle_replace_commit(&w->file, err);
done:
    aisle_matrix_writer_abort(w);
    return st;
}

void aisle_matrix_writer_abort(aisle_matrix_writer *w)
{
    if (!w) return;
    aisle_replace_abort(&w->file);
    aisle_free(w->row_ptr.buffer);
    aisle_free(w->col.buffer);
    aisle_free(w->val.buffer);
    aisle_free(w);
}

/* ---- reading ---- */

static aisle_status check_header(const char *path, const aisle_mapping *map, header *h, layout *l,
                                 aisle_error *err)
{
    static const char zero[sizeof h->zero];
    if (map->size < HEADER_BYTES || memcmp(map->data, MAGIC, sizeof MAGIC) != 0)
        return aisle_fail(err, AISLE_EFORMAT, "%s: not a matrix file (no AISLECSR header)", path);
    memcpy(h, map->data, sizeof *h);
    if (h->version != VERSION)
        return aisle_fail(err, AISLE_EUNSUPPORTED,
                          "%s: matrix file version %u; this program reads version %d", path, h->version,
                          VERSION);
    if (h->n_rows < 0 || h->n_rows >= INT32_MAX || h->n_cols < 0 || h->n_cols > INT32_MAX || h->nnz < 0 ||
        (h->flags & ~(uint32_t)HAS_VALUES) || memcmp(h->zero, zero, sizeof zero) != 0 ||
        lay_out(h->n_rows, h->nnz, h->flags & HAS_VALUES, l))
        return aisle_fail(err, AISLE_EFORMAT, "%s: damaged header (%lld x %lld, %lld entries, flags %u)",
                          path, (long long)h->n_rows, (long long)h->n_cols, (long long)h->nnz, h->flags);
    if (l->size != map->size)
        return aisle_fail(err, AISLE_EFORMAT, "%s: %lld bytes; a whole file has %lld", path,
                          (long long)map->size, (long long)l->size);
    return AISLE_OK;
}

static aisle_status check_content(const char *path, const aisle_csr *m, int64_t nnz, aisle_error *err)
{
    aisle_error inner = {0};
    /* the ends first: the check of the rows trusts no offset to stay within nnz */
    for (int32_t r = 0; r < m->n_rows; r++)
        if (m->row_ptr[r] < 0 || m->row_ptr[r] > m->row_ptr[r + 1] || m->row_ptr[r + 1] > nnz)
            return aisle_fail(err, AISLE_EFORMAT, "%s: row %d has bad offsets", path, r);
    if (m->row_ptr[m->n_rows] != nnz)
        return aisle_fail(err, AISLE_EFORMAT, "%s: rows end at %lld, not at %lld entries", path,
                          (long long)m->row_ptr[m->n_rows], (long long)nnz);
    if (aisle_csr_check(m, &inner) == AISLE_OK) return AISLE_OK;
    return aisle_fail(err, AISLE_EFORMAT, "%s: %s", path, inner.message);
}

aisle_status aisle_matrix_file_open(const char *path, aisle_mapping *map, aisle_csr *m, aisle_error *err)
{
    header h;
    layout l;
    *m = (aisle_csr){0};
    AISLE_TRY(aisle_file_map(path, map, err));
    aisle_status st = check_header(path, map, &h, &l, err);
    if (st == AISLE_OK) {
        /* the mapping is read-only and a plain CSR has no const: nobody writes through it */
        unsigned char *base = (unsigned char *)map->data;
        aisle_csr got = {.n_rows = (int32_t)h.n_rows,
                         .n_cols = (int32_t)h.n_cols,
                         .row_ptr = (int64_t *)(void *)(base + l.row_ptr),
                         .col = (int32_t *)(void *)(base + l.col)};
        if (h.flags & HAS_VALUES) got.val = (float *)(void *)(base + l.val);
        st = check_content(path, &got, h.nnz, err);
        if (st == AISLE_OK) *m = got;
    }
    if (st != AISLE_OK) aisle_file_unmap(map);
    return st;
}
