/* Sparse matrices on the device: checked, split over the parts, cut into blocks, sorted by length, put into device
 * memory or kept for streaming. Not the streaming (blocks.cu). */
#include "gpu/matrix.cuh"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "gpu/staging.cuh"

using aisle::gpu;
using aisle::shard;

/* The smallest row that breaks a rule of csr_put, n_rows where none does; all rows that begin at entries
 * from .. to - 1. Sets *dislikes where a value is below 0. */
static int32_t first_bad_row(const aisle_csr *m, int64_t from, int64_t to, std::atomic<bool> &dislikes)
{
    const int64_t *p = m->row_ptr;
    uint32_t signs = 0;
    int32_t r = (int32_t)(std::lower_bound(p, p + m->n_rows, from) - p);
    for (; r < m->n_rows && p[r] < to; r++) {
        const int32_t *col = m->col + p[r];
        int64_t n = p[r + 1] - p[r];
        uint32_t bad = 0;
        if (n == 0) continue;
        bad |= (uint32_t)(col[0] < 0) | (uint32_t)(col[n - 1] >= m->n_cols);
        for (int64_t e = 1; e < n; e++) bad |= (uint32_t)(col[e] <= col[e - 1]);
        if (m->val) {
            const float *val = m->val + p[r];
            for (int64_t e = 0; e < n; e++) {
                uint32_t bits;
                memcpy(&bits, val + e, sizeof bits);
                signs |= bits;
                bits &= 0x7fffffffu;
                bad |= (uint32_t)(bits - 1 >= 0x7f7fffffu); /* what is left: not 0, and finite */
            }
        }
        if (bad) return r;
    }
    if (signs >> 31) dislikes = true;
    return m->n_rows;
}

/* What is wrong with that row. */
static aisle_status bad_row(const aisle_csr *m, int32_t r, aisle_error *err)
{
    int32_t last = -1;
    for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) {
        if (m->col[e] <= last || m->col[e] >= m->n_cols)
            return aisle_fail(err, AISLE_EFORMAT,
                              "cuda: row %d: column %d after %d: wanted ascending columns below %d", r,
                              m->col[e], last, m->n_cols);
        last = m->col[e];
        if (m->val && !std::isfinite(m->val[e]))
            return aisle_fail(err, AISLE_EFORMAT, "cuda: row %d, column %d: value %g is not finite", r, last,
                              (double)m->val[e]);
        if (m->val && m->val[e] == 0)
            return aisle_fail(err, AISLE_EINVAL, "cuda: row %d, column %d: the weight must not be 0", r,
                              last);
    }
    return AISLE_OK;
}

static aisle_status check_csr(const aisle_csr *m, bool *any_dislike, aisle_error *err)
{
    if (m->n_rows < 0 || m->n_cols < 0 || m->row_ptr[0] != 0)
        return aisle_fail(err, AISLE_EFORMAT, "cuda: a sparse matrix of %d x %d, first entry %lld: must be 0",
                          m->n_rows, m->n_cols, (long long)m->row_ptr[0]);
    for (int32_t r = 0; r < m->n_rows; r++)
        if (m->row_ptr[r + 1] < m->row_ptr[r])
            return aisle_fail(err, AISLE_EFORMAT, "cuda: row %d ends at entry %lld, before it begins", r,
                              (long long)m->row_ptr[r + 1]);
    std::atomic<int64_t> bad{m->n_rows};
    std::atomic<bool> dislikes{false};
    aisle::in_threads(aisle_csr_nnz(m), 1 << 20, 1, [&](int64_t from, int64_t to) {
        aisle::keep_smallest(bad, first_bad_row(m, from, to, dislikes));
    });
    *any_dislike = dislikes;
    return bad < m->n_rows ? bad_row(m, (int32_t)bad, err) : AISLE_OK;
}

/* Rows of about equal numbers of entries and rows for part i of n. */
static int32_t part_begin(const aisle_csr *m, int32_t i, int32_t n)
{
    if (i == n) return m->n_rows;
    int64_t total = aisle_csr_nnz(m) + m->n_rows, want = total / n * i;
    int32_t low = 0, high = m->n_rows;
    while (low < high) {
        int32_t mid = low + (high - low) / 2;
        if (m->row_ptr[mid] + mid < want)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Where blocks of at most `most` entries begin; a longer row is a block of its own. */
static void split_rows(shard &s, int64_t most)
{
    const int64_t *p = s.h_row_ptr.data();
    for (int32_t r = 0; r < s.n_rows;) {
        s.block_first.push_back(r);
        int64_t fit =
            std::upper_bound(p + r, p + s.n_rows + 1, most < INT64_MAX - p[r] ? p[r] + most : INT64_MAX) - p;
        r = std::max(r + 1, (int32_t)fit - 1);
    }
    if (s.n_rows > 0) s.block_first.push_back(s.n_rows);
}

/* Longest first, then by id: a radix sort by 11 bits at a time, as many as the longest row has. `spare`: room
 * for n. */
static void sort_rows(const int64_t *row_ptr, int32_t n, int32_t *order, int32_t *spare)
{
    enum { BITS = 11, BUCKETS = 1 << BITS };
    int64_t longest = 0;
    for (int32_t r = 0; r < n; r++) {
        order[r] = r;
        longest = std::max(longest, row_ptr[r + 1] - row_ptr[r]);
    }
    for (int shift = 0; longest >> shift > 0; shift += BITS) {
        int32_t at[BUCKETS + 1] = {};
        auto bucket = [&](int32_t r) {
            return (size_t)((longest - (row_ptr[r + 1] - row_ptr[r])) >> shift & (BUCKETS - 1));
        };
        for (int32_t r = 0; r < n; r++) at[bucket(r) + 1]++;
        for (int b = 0; b < BUCKETS; b++) at[b + 1] += at[b];
        for (int32_t i = 0; i < n; i++) spare[at[bucket(order[i])]++] = order[i];
        memcpy(order, spare, (size_t)n * sizeof *order);
    }
}

static void sort_blocks(shard &s)
{
    std::vector<int32_t> spare((size_t)s.n_rows);
    for (size_t i = 0; i + 1 < s.block_first.size(); i++) {
        int32_t first = s.block_first[i];
        sort_rows(s.h_row_ptr.data() + first, s.block_first[i + 1] - first, s.h_order.data() + first,
                  spare.data());
    }
}

template <class T>
static aisle_status upload(gpu &g, T **to, const T *from, int64_t n, int32_t share, const char *what,
                           aisle_error *err)
{
    int64_t bytes = n * (int64_t)sizeof(T);
    AISLE_TRY(aisle::device_alloc(g, std::max(bytes, (int64_t)sizeof(T)), what, (void **)to, err));
    return aisle::copy_to_part(g, {{*to, bytes}, {(void *)from, bytes}, bytes, 1, share}, what, err);
}

/* A copy in host memory, pinned if the system allows. */
template <class T>
static aisle_status keep(T **to, const T *from, int64_t n, int32_t share, bool *pinned, aisle_error *err)
{
    int64_t bytes = n * (int64_t)sizeof(T);
    *pinned = cudaHostAlloc((void **)to, (size_t)bytes, cudaHostAllocPortable) == cudaSuccess;
    if (!*pinned) {
        (void)cudaGetLastError();
        *to = (T *)malloc((size_t)bytes);
    }
    if (!*to)
        return aisle_fail(
            err, AISLE_ENOMEM,
            "cuda: out of host memory for entries that do not fit into device memory: needs %lld MiB",
            (long long)(bytes >> 20) + 1);
    aisle::copy_in_threads(*to, from, bytes, share);
    return AISLE_OK;
}

/* Entries stay in device memory where they take at most half of what is free now; the rest is for factors and
 * scratch. Else blocks of a sixteenth are streamed, two at a time; at most 2^25 entries, 256 MiB: 5 ms of a
 * 50 GB/s bus, so that little is left to wait for at the ends. */
enum : int64_t { RESIDENT_SHARE = 2, BLOCK_SHARE = 16, BLOCK_MOST = 1 << 25, BLOCK_LEAST = 1 << 10 };

static aisle_status put_shard(gpu &g, const aisle_csr *m, int32_t first, int32_t end, int32_t n_parts,
                              shard &s, aisle_error *err)
{
    s.first = first;
    s.n_rows = end - first;
    s.h_row_ptr.assign(m->row_ptr + first, m->row_ptr + end + 1);
    s.h_order.resize((size_t)s.n_rows);
    int64_t base = s.h_row_ptr[0], nnz = s.h_row_ptr[(size_t)s.n_rows] - base;
    int64_t entry = (int64_t)sizeof *m->col + (m->val ? (int64_t)sizeof *m->val : 0);
    AISLE_TRY(upload(g, &s.row_ptr, s.h_row_ptr.data(), (int64_t)s.n_rows + 1, n_parts, "row offsets", err));
    int64_t free_bytes = aisle::scratch_bytes(g);
    s.resident = nnz <= free_bytes / RESIDENT_SHARE / entry;
    split_rows(s, s.resident ? INT64_MAX
                             : std::min(std::max(free_bytes / BLOCK_SHARE / entry, (int64_t)BLOCK_LEAST),
                                        (int64_t)BLOCK_MOST));
    sort_blocks(s);
    AISLE_TRY(upload(g, &s.order, s.h_order.data(), s.n_rows, n_parts, "rows by length", err));
    if (s.resident) {
        AISLE_TRY(upload(g, &s.col, m->col + base, nnz, n_parts, "columns", err));
        return m->val ? upload(g, &s.val, m->val + base, nnz, n_parts, "values", err) : AISLE_OK;
    }
    AISLE_TRY(keep(&s.col, m->col + base, nnz, n_parts, &s.pinned_col, err));
    return m->val ? keep(&s.val, m->val + base, nnz, n_parts, &s.pinned_val, err) : AISLE_OK;
}

static void let_go(void *p, bool pinned)
{
    if (p && pinned)
        (void)cudaFreeHost(p);
    else
        free(p);
}

static void free_shard(gpu &g, shard &s)
{
    int64_t nnz = s.h_row_ptr.empty() ? 0 : s.h_row_ptr.back() - s.h_row_ptr[0], one = nnz ? nnz : 1;
    cudaSetDevice(g.ordinal);
    aisle::device_free(g, s.row_ptr, ((int64_t)s.n_rows + 1) * 8);
    aisle::device_free(g, s.order, (int64_t)(s.n_rows ? s.n_rows : 1) * 4);
    if (s.resident) {
        aisle::device_free(g, s.col, one * 4);
        aisle::device_free(g, s.val, one * 4);
    } else {
        let_go(s.col, s.pinned_col);
        let_go(s.val, s.pinned_val);
    }
}

void aisle_cuda_csr_free(aisle_device *d, aisle_dev_csr *m)
{
    if (!m) return;
    for (int32_t i = 0; i < d->n_parts; i++) free_shard(d->part[i], m->shard[i]);
    delete m;
}

aisle_status aisle_cuda_csr_put(aisle_device *d, const aisle_csr *m, aisle_dev_csr **out, aisle_error *err)
{
    *out = nullptr;
    bool dislikes = false;
    AISLE_TRY(check_csr(m, &dislikes, err));
    aisle_dev_csr *to = new (std::nothrow) aisle_dev_csr();
    if (!to) return aisle_fail(err, AISLE_ENOMEM, "cuda: out of memory for a matrix");
    to->n_rows = m->n_rows;
    to->n_cols = m->n_cols;
    to->nnz = aisle_csr_nnz(m);
    to->dislikes = dislikes;
    aisle_status st = aisle::each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            return put_shard(g, m, part_begin(m, i, d->n_parts), part_begin(m, i + 1, d->n_parts), d->n_parts,
                             to->shard[i], e);
        },
        err);
    if (st == AISLE_OK)
        *out = to;
    else
        aisle_cuda_csr_free(d, to);
    return st;
}
