/* One row of A A' in one block's shared memory: approximate sums of all its products, then exact sums of the few
 * that can be among its k best. Neither the product nor a candidate list ever lies in device memory.
 *
 * 1. Sums in fixed point. The score of rows r and s is at most |a_r| max_s |a_s| (Cauchy-Schwarz); in units of 2^-31
 *    of that, each product is rounded up to a whole number >= 1 and added by a 32-bit integer atomic. The order
 *    does not matter, a sum cannot overflow, and a sum of 0 means no common feature. With n entries in row r and f32
 *    products, the sum u of a true value v (in units) obeys
 *        v (1 - 2^-22) - n 2^-8  <=  u  <=  v (1 + 2^-22) + n (1 + 2^-8).
 * 2. A histogram of the sums gives a value that at least k reach, and hence the least sum with which a row can
 *    still be one of the k best. What lies below is dropped.
 * 3. The rest are candidates. The lists are read again, and products of candidates are added in 64-bit fixed point
 *    whose unit follows from the candidate's own sum: exact to n 2^-60 of it, in any order. Where that sum was too
 *    vague (less than n 2^30 units came out) the unit is made smaller and the lists are read once more.
 * 4. Candidates and the best so far are sorted by score in f32, ties by smaller id. With more candidates than slots
 *    (ties without end) they come in batches, each against the k-th best of those before.
 * So what comes out is a function of the matrix alone: not of schedules, tiles, or the way rows are shared out. */
#include "gpu/similar_lists.cuh"

namespace aisle
{

namespace
{

enum { BINS = 1024 };
constexpr uint32_t UNITS = MARK - 1; /* the largest sum */

__device__ void add_up(const similar_args &a, const similar_frame &f, similar_job &j)
{
    sweep_lists<true>(a, f, j, [&](float weight, int32_t s, int64_t, float v) {
        /* below 2^31: see the head. A scaled weight too small for an f32 is off by 2^-149 max |a_s| < 2^-8 */
        float units = (float)(weight * j.scale) * v;
        atomicAdd(&f.cell[cell_of_row(a, f, j, s)], (uint32_t)units + 1);
    });
    __syncthreads();
}

/* Five bits of mantissa: bin b holds sums from bin_begin(b), 3 % wide. */
__device__ uint32_t bin_of(uint32_t sum)
{
    uint32_t e = 31u - (uint32_t)__clz((int)sum);
    return e << 5 | ((e < 5 ? sum << (5 - e) : sum >> (e - 5)) & 31);
}

__device__ uint32_t bin_begin(uint32_t b)
{
    uint32_t e = b >> 5, m = 32 | (b & 31);
    return e < 5 ? m >> (5 - e) : m << (e - 5);
}

/* The least sum of a row that may come out as good as one of v units: their f32 scores may be equal when the true
 * ones are 2^-23, or the least f32, apart. */
__device__ uint32_t least_sum(const similar_job &j, double v)
{
    double least = v * (1 - 0x1p-20) - j.n * 0x1p-8 - 2 - ldexp(j.scale, -148);
    return least < 1 ? 1 : least > UNITS ? UNITS : (uint32_t)least;
}

/* By the k-th best score so far, if there are k. One thread. */
__device__ uint32_t floor_of_best(const similar_args &a, const similar_frame &f, const similar_job &j)
{
    if (j.best < a.k || f.value[a.k - 1] == 0) return 1;
    float score = __uint_as_float((unsigned)(f.value[a.k - 1] >> 32));
    return least_sum(j, fminf(score, 3.402823466e38f) * j.scale);
}

/* s->floor: at least k rows of the tile are at least as good as any row below it. */
__device__ void find_floor(const similar_args &a, const similar_frame &f, const similar_job &j)
{
    for (int32_t i = (int32_t)threadIdx.x; i < BINS; i += (int32_t)blockDim.x) f.bin[i] = 0;
    __syncthreads();
    for (int32_t i = (int32_t)threadIdx.x; i < a.cells / 4; i += (int32_t)blockDim.x) {
        uint4 c = ((const uint4 *)f.cell)[i];
        if (c.x) atomicAdd(&f.bin[bin_of(c.x)], 1u);
        if (c.y) atomicAdd(&f.bin[bin_of(c.y)], 1u);
        if (c.z) atomicAdd(&f.bin[bin_of(c.z)], 1u);
        if (c.w) atomicAdd(&f.bin[bin_of(c.w)], 1u);
    }
    __syncthreads();
    if (threadIdx.x < 32) { /* lane i has the 32 bins below BINS - 32 i */
        int32_t lane = (int32_t)threadIdx.x, top = BINS - 32 * lane, mine = 0;
        for (int32_t b = 0; b < 32; b++) mine += (int32_t)f.bin[top - 32 + ((b + lane) & 31)]; /* all banks */
        int32_t upto = mine;
        for (int by = 1; by < 32; by *= 2) {
            int32_t above = __shfl_up_sync(~0u, upto, by);
            if (lane >= by) upto += above;
        }
        if (lane == 0) f.s->floor = floor_of_best(a, f, j);
        __syncwarp();
        int32_t above = upto - mine;
        if (above < a.k && upto >= a.k) {
            int32_t b = top;
            while (above < a.k) above += (int32_t)f.bin[--b];
            double worth = (bin_begin((uint32_t)b) - j.n * (1 + 0x1p-8)) * (1 - 0x1p-21);
            f.s->floor = max(f.s->floor, least_sum(j, worth));
        }
    }
    if (threadIdx.x == 0) f.s->taken = 0;
    __syncthreads();
}

/* Clears the cells below the floor; the others become candidates as long as there are slots. s->taken counts
 * those for which there was none, too. */
__device__ void collect(const similar_args &a, const similar_frame &f, const similar_job &j)
{
    uint32_t floor = f.s->floor;
    for (int32_t i = (int32_t)threadIdx.x; i < a.cells; i += (int32_t)blockDim.x) {
        uint32_t sum = f.cell[i];
        if (sum == 0) continue;
        if (sum < floor) {
            f.cell[i] = 0;
            continue;
        }
        int32_t slot = j.best + atomicAdd(&f.s->taken, 1);
        if (slot >= a.slots) continue;
        int e;
        frexp((sum * (1 + 0x1p-20) + j.n * 0x1p-8 + 2) / j.scale, &e); /* the true value is < 2^e */
        f.id[slot] = a.hash_bits ? f.key[i] : j.tile * a.tile_rows + i;
        f.shift[slot] = 62 - e;
        f.value[slot] = 0;
        f.cell[i] = MARK | (uint32_t)slot;
    }
    __syncthreads();
}

/* Slots first .. end - 1: sums become (score, ~id), or are to be made again in a smaller unit. */
__device__ void finish(const similar_args &a, const similar_frame &f, const similar_job &j, int32_t first,
                       int32_t end)
{
    for (int32_t i = first + (int32_t)threadIdx.x; i < end; i += (int32_t)blockDim.x) {
        int32_t c = cell_of_row(a, f, j, f.id[i]);
        if (!(f.cell[c] & MARK)) continue; /* finished before */
        unsigned long long sum = f.value[i];
        if (sum >= (unsigned long long)j.n << 30) {
            float score = (float)ldexp((double)sum, -f.shift[i]);
            unsigned long long bits = __float_as_uint(score);
            f.value[i] = bits ? bits << 32 | (0xffffffffu - (unsigned)f.id[i]) : 0;
            f.cell[c] = 0;
        } else {
            int e;
            frexp((double)(sum + (unsigned long long)j.n + 1), &e);
            f.shift[i] += 62 - e;
            f.value[i] = 0;
            atomicExch(&f.s->again, 1);
        }
    }
}

/* The scores of the candidates in slots first .. end - 1; their cells are cleared. */
__device__ void score_candidates(const similar_args &a, const similar_frame &f, similar_job &j, int32_t first,
                                 int32_t end)
{
    do {
        __syncthreads();
        if (threadIdx.x == 0) f.s->again = 0;
        sweep_lists<false>(a, f, j, [&](float weight, int32_t s, int64_t entry, float) {
            uint32_t mark = f.cell[cell_of_row(a, f, j, s)];
            if (!(mark & MARK)) return;
            int32_t slot = (int32_t)(mark & ~MARK);
            double product = (double)weight * (a.t_val ? a.t_val[entry] : 1); /* exact */
            atomicAdd(&f.value[slot], (unsigned long long)ldexp(product, f.shift[slot]));
        });
        __syncthreads();
        finish(a, f, j, first, end);
        __syncthreads();
    } while (f.s->again);
}

/* Bitonic, descending, of the first n slots; zeros fill up to a power of two. A warp keeps to 64 slots of its own
 * while they are enough, and needs no barrier then. */
__device__ void sort_slots(unsigned long long *value, int32_t n)
{
    int32_t size = 1;
    while (size < n) size *= 2;
    for (int32_t i = n + (int32_t)threadIdx.x; i < size; i += (int32_t)blockDim.x) value[i] = 0;
    bool wide = true;
    for (int32_t length = 2; length <= size; length *= 2)
        for (int32_t step = length / 2; step > 0; step /= 2) {
            bool was_wide = wide;
            wide = step > 32;
            if (wide || was_wide)
                __syncthreads();
            else
                __syncwarp();
            for (int32_t p = (int32_t)threadIdx.x; p < size / 2; p += (int32_t)blockDim.x) {
                int32_t low = p & (step - 1), i = 2 * p - low, other = i + step;
                unsigned long long x = value[i], y = value[other];
                if ((x < y) == ((i & length) == 0)) value[i] = y, value[other] = x;
            }
        }
    __syncthreads();
}

/* One tile's rows against the best so far. All cells are zero before and after. */
__device__ void one_tile(const similar_args &a, const similar_frame &f, similar_job &j)
{
    add_up(a, f, j);
    find_floor(a, f, j);
    for (;;) {
        collect(a, f, j);
        int32_t taken = f.s->taken, end = min(j.best + taken, a.slots);
        if (taken == 0) return;
        score_candidates(a, f, j, j.best, end);
        sort_slots(f.value, end);
        bool all = j.best + taken <= a.slots;
        j.best = min(end, a.k);
        if (all) return;
        if (threadIdx.x == 0) {
            f.s->taken = 0;
            f.s->floor = max(f.s->floor, floor_of_best(a, f, j));
        }
        __syncthreads();
    }
}

__device__ void one_row(const similar_args &a, const similar_frame &f, int32_t r)
{
    similar_job j = {a.rows.first + r,
                     (int32_t)(a.rows.row_ptr[r + 1] - a.rows.row_ptr[r]),
                     a.rows.row_ptr[r] - a.rows.base,
                     0,
                     0,
                     -1,
                     0};
    /* Room for n products rounded up, and for the rounding of what this is made of. In a matrix so small that a
     * scaled weight would be no f32, all scores are 0 in f32: fewer units do no harm. */
    j.scale = ((double)UNITS - 2.0 * j.n - 64) * (1 - 0x1p-20) / (a.length[r] * a.longest);
    j.scale = fmin(j.scale, 0x1p120 / a.length[r]);
    for (j.tile = 0; j.n > 0 && j.tile < (a.hash_bits ? 1 : a.n_tiles); j.tile++) {
        if (a.hash_bits)
            for (int32_t i = (int32_t)threadIdx.x; i < a.cells; i += (int32_t)blockDim.x) f.key[i] = -1;
        one_tile(a, f, j);
        __syncthreads();
    }
    for (int32_t i = (int32_t)threadIdx.x; i < a.k; i += (int32_t)blockDim.x) {
        unsigned long long v = i < j.best ? f.value[i] : 0;
        a.ids[(int64_t)r * a.k + i] = v ? (int32_t)(0xffffffffu - (unsigned)v) : -1;
        a.scores[(int64_t)r * a.k + i] = __uint_as_float((unsigned)(v >> 32));
    }
    __syncthreads();
}

__global__ void __launch_bounds__(1024) similar_rows(const similar_args a, const int32_t *order, int32_t n)
{
    extern __shared__ __align__(16) unsigned char shared[];
    const similar_frame f = lay_out_similar(shared, a.slots, a.cells);
    for (int32_t i = (int32_t)threadIdx.x; i < a.cells; i += (int32_t)blockDim.x) f.cell[i] = 0;
    __syncthreads();
    for (;;) {
        if (threadIdx.x == 0) f.s->next = atomicAdd(a.next, 1);
        __syncthreads();
        int32_t at = f.s->next;
        if (at >= n) return;
        one_row(a, f, order[at]); /* ends with a barrier: all have read it */
    }
}

/* A warp a row. */
__global__ void measure_rows(const csr_block b, const int64_t *t_ptr, int32_t n_tiles, int64_t *work,
                             double *length)
{
    int32_t lane = (int32_t)threadIdx.x % 32, warps = (int32_t)(gridDim.x * (blockDim.x / 32));
    for (int64_t r = (blockIdx.x * blockDim.x + threadIdx.x) / 32; r < b.n_rows; r += warps) {
        int64_t products = 0;
        double squares = 0;
        for (int64_t e = b.row_ptr[r] - b.base + lane; e < b.row_ptr[r + 1] - b.base; e += 32) {
            int64_t list = (int64_t)b.col[e] * n_tiles;
            double v = b.val ? b.val[e] : 1;
            products += t_ptr[list + n_tiles] - t_ptr[list];
            squares += v * v;
        }
        for (int by = 16; by > 0; by /= 2) {
            products += __shfl_xor_sync(~0u, products, by);
            squares += __shfl_xor_sync(~0u, squares, by);
        }
        if (lane == 0) work[r] = products, length[r] = sqrt(squares);
    }
}

} // namespace

int64_t similar_shared(int32_t slots, int32_t cells, bool hashed)
{
    return STATE_BYTES + slots * SLOT_BYTES + FEATURES * FEATURE_BYTES + cells * (hashed ? 8LL : 4LL);
}

int32_t similar_slots(int32_t k)
{
    int32_t slots = BINS / 2; /* at least: the histogram lies upon 8 bytes of each */
    while (slots < 2 * k) slots *= 2;
    return slots;
}

aisle_status similar_measure(gpu &g, const csr_block &rows, const transposed &t, int64_t *work,
                             double *length, aisle_error *err)
{
    int32_t blocks = min(rows.n_rows / 8 + 1, g.properties.multiProcessorCount * 16);
    measure_rows<<<(unsigned)blocks, 256, 0, g.stream>>>(rows, t.ptr.p, t.n_tiles, work, length);
    return launched(g, "measure the similarities", false, err);
}

aisle_status similar_launch(gpu &g, const similar_args &a, const int32_t *order, int32_t n, int32_t threads,
                            cudaStream_t stream, aisle_error *err)
{
    int64_t bytes = similar_shared(a.slots, a.cells, a.hash_bits != 0);
    int blocks = 0;
    AISLE_TRY(allow_shared(g, similar_rows, "shared memory of similarity", err));
    AISLE_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, similar_rows, threads, (size_t)bytes),
               "shared memory of similarity");
    blocks = min(n, max(blocks, 1) * g.properties.multiProcessorCount);
    similar_rows<<<(unsigned)blocks, (unsigned)threads, (size_t)bytes, stream>>>(a, order, n);
    return launched(g, "similarity", false, err);
}

} // namespace aisle
