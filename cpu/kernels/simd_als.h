/* The kernels of ALS rows over vectors of VW floats; included by simd.h, which says how. Rows are padded with zeros to
 * a multiple of LANES floats, so that no loop has a tail. Dot products are summed down to a vector of VW results at a
 * time: a tree of shuffles and additions for VW of them costs little more than one for a single sum. */

enum { LANES = AISLE_LANES, GROUPS = LANES / VW };

/* Lane j of the result is the sum of the lanes of s[j]. */
static inline vf fold_all(const vf s[VW])
{
#if VW == 16
    vf t[8], r[4];
    UNROLL for (int i = 0; i < 8; i++)
    {
        vf a = s[2 * i], b = s[2 * i + 1];
        t[i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
               __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        vf a = t[2 * i], b = t[2 * i + 1];
        r[i] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
               __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
    UNROLL for (int i = 0; i < 2; i++)
    {
        vf a = r[2 * i], b = r[2 * i + 1];
        t[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
               __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    }
    return __builtin_shufflevector(t[0], t[1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
           __builtin_shufflevector(t[0], t[1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
#elif VW == 8
    vf t[4], r[2];
    UNROLL for (int i = 0; i < 4; i++)
    {
        vf a = s[2 * i], b = s[2 * i + 1];
        t[i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13) +
               __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
    }
    UNROLL for (int i = 0; i < 2; i++)
    {
        vf a = t[2 * i], b = t[2 * i + 1];
        r[i] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13) +
               __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
    }
    return __builtin_shufflevector(r[0], r[1], 0, 1, 2, 3, 8, 9, 10, 11) +
           __builtin_shufflevector(r[0], r[1], 4, 5, 6, 7, 12, 13, 14, 15);
#else
    vf a = __builtin_shufflevector(s[0], s[1], 0, 4, 1, 5) + __builtin_shufflevector(s[0], s[1], 2, 6, 3, 7);
    vf b = __builtin_shufflevector(s[2], s[3], 0, 4, 1, 5) + __builtin_shufflevector(s[2], s[3], 2, 6, 3, 7);
    return __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7);
#endif
}

/* Asks for the rows wanted next, n of them; so many that the cache's queue of misses does not fill up. */
static inline void fetch_rows(int64_t f, const aisle_rows *rows, int64_t first, int64_t n)
{
    for (int64_t i = first; i < first + n && i < rows->n_ahead; i++) fetch_row(f, rows, i);
}

static void gather_simd(int64_t f, const aisle_rows *rows, const float *d, float *c, int64_t ldc)
{
    int64_t i = 0;
    for (; i < rows->n; i++, c += ldc) {
        const float *y = rows->y + rows->col[i] * rows->ld;
        float w = rows->w ? rows->w[i] : 1.0F;
        for (int64_t p = 0; p < f; p += VW) store(c + p, load(d + p) * w * load(y + p));
    }
    for (; i % 4; i++, c += ldc) memset(c, 0, (size_t)f * sizeof *c);
}

/* z += sum_{i<n} u_i c_i for nv vectors of columns, sums in registers. */
static inline __attribute__((always_inline)) void combine_columns(int nv, int64_t n, const float *u,
                                                                  const float *const *c, int64_t p, float *z)
{
    vf s[8];
    UNROLL for (int v = 0; v < nv; v++) s[v] = load(z + p + v * VW);
    for (int64_t i = 0; i < n; i++) {
        const float *row = c[i] + p;
        UNROLL for (int v = 0; v < nv; v++) s[v] += load(row + v * VW) * u[i];
    }
    UNROLL for (int v = 0; v < nv; v++) store(z + p + v * VW, s[v]);
}

static inline void combine_rows(int64_t n, int64_t f, const float *u, const float *const *c, float *z)
{
    int64_t p = 0;
    for (; p + 8 * VW <= f; p += 8 * VW) combine_columns(8, n, u, c, p, z);
    if (p + 4 * VW <= f) combine_columns(4, n, u, c, p, z), p += 4 * VW;
    if (p + 2 * VW <= f) combine_columns(2, n, u, c, p, z), p += 2 * VW;
    if (p < f) combine_columns(1, n, u, c, p, z);
}

static void combine_simd(int64_t n, int64_t f, const float *u, const float *c, int64_t ldc, float *z)
{
    const float *rows[LANES];
    for (int64_t i = 0; i < n; i += LANES) {
        int64_t here = n - i < LANES ? n - i : LANES;
        for (int64_t l = 0; l < here; l++) rows[l] = c + (i + l) * ldc;
        combine_rows(here, f, u + i, rows, z);
    }
}

/* The dot products of y[0 .. 7] and x, in eight lanes or their like, not yet summed. */
static inline __attribute__((always_inline)) void dots(int n, int64_t f, const float *const *y,
                                                       const float *x, vf *s)
{
    UNROLL for (int l = 0; l < n; l++) s[l] = (vf){0};
    for (int64_t p = 0; p < f; p += VW) {
        vf xv = load(x + p);
        UNROLL for (int l = 0; l < n; l++) s[l] += load(y[l] + p) * xv;
    }
}

/* t[j] = y_j . x for j < n <= LANES; y has LANES pointers. */
static inline void dots_of_rows(int64_t n, int64_t f, const float *const *y, const float *x, float *t)
{
    for (int64_t g = 0; g < n; g += VW) {
        vf s[VW];
#if VW == 16
        dots(8, f, y, x, s);
        if (n > 8)
            dots(8, f, y + 8, x, s + 8);
        else
            UNROLL for (int l = 8; l < 16; l++) s[l] = (vf){0};
#else
        dots(VW, f, y + g, x, s);
#endif
        store(t + g, fold_all(s));
    }
}

/* |w| (p - dot), p = target where w > 0, else 0. Without a branch a row. */
static inline vf wanted(vf w, float target, vf dot)
{
    typedef int32_t vi __attribute__((vector_size(VW * 4)));
    vi bits = (vi)w & 0x7fffffff, p = (vi)(target - (vf){0}) & (vi)(w > 0);
    return (vf)bits * ((vf)p - dot);
}

static void residual_simd(int64_t f, const aisle_rows *rows, float target, const float *p, float *q)
{
    /* so many rows are read twice, from the first cache */
    int64_t block = f <= 256 ? LANES : 8, fetched = 0;
    int64_t fetch = rows->n_ahead > 0 ? rows->n_ahead * block / (2 * rows->n) + 1 : 0;
    for (int64_t i = 0; i < rows->n; i += block) {
        int64_t n = rows->n - i < block ? rows->n - i : block;
        const float *y[LANES];
        float t[LANES] = {0}, u[LANES], w[LANES];
        for (int64_t l = 0; l < LANES; l++) w[l] = 1;
        for (int64_t l = 0; l < n; l++) y[l] = rows->y + rows->col[i + l] * rows->ld;
        for (int64_t l = n; l < LANES; l++) y[l] = y[0];
        fetch_rows(f, rows, fetched, fetch);
        dots_of_rows(n, f, y, p, t);
        fetch_rows(f, rows, fetched + fetch, fetch);
        fetched += 2 * fetch;
        for (int64_t l = 0; rows->w && l < n; l++) w[l] = rows->w[i + l];
        for (int64_t l = 0; l < LANES; l += VW) store(u + l, wanted(load(w + l), target, load(t + l)));
        combine_rows(n, f, u, y, q);
    }
}

/* c c' in blocks of 4 x 4, VW sums at a time. */
static void inner_simd(int32_t n, int64_t f, const float *c, int64_t ldc, const aisle_rows *next,
                       float *blocks)
{
    enum { ROWS = VW / 4 };
    int64_t left = (int64_t)(n / 4) * (n / 4 + 1) / 2, fetched = 0;
    for (int32_t i = 0; i < n; i += 4)
        for (int32_t j = i; j < n; j += 4, blocks += 16, left--) {
            int64_t fetch = (next->n_ahead - fetched + left - 1) / left;
            fetch_rows(f, next, fetched, fetch);
            fetched += fetch;
            for (int h = 0; h < 4; h += ROWS) {
                const float *a = c + (i + h) * ldc, *b = c + j * ldc;
                vf s[VW];
                UNROLL for (int l = 0; l < VW; l++) s[l] = (vf){0};
                for (int64_t p = 0; p < f; p += VW) {
                    vf bv[4];
                    UNROLL for (int l = 0; l < 4; l++) bv[l] = load(b + l * ldc + p);
                    UNROLL for (int r = 0; r < ROWS; r++)
                    {
                        vf av = load(a + r * ldc + p);
                        UNROLL for (int l = 0; l < 4; l++) s[r * 4 + l] += av * bv[l];
                    }
                }
                store(blocks + h * 4, fold_all(s));
            }
        }
}

/* Block (i, j) of LANES systems, i <= j < nb, in the order that inner() has. */
static inline float *block_of(float *a, int32_t nb, int32_t i, int32_t j)
{
    return a + ((int64_t)i * nb - (int64_t)i * (i - 1) / 2 + (j - i)) * 16 * LANES;
}

/* s -= U_ki' U_kj, 4 x 4 blocks of VW systems. */
static inline void block_update(vf s[16], const float *ki, const float *kj)
{
    UNROLL for (int k = 0; k < 4; k++)
    {
        vf b[4];
        UNROLL for (int j = 0; j < 4; j++) b[j] = load(kj + (k * 4 + j) * LANES);
        UNROLL for (int i = 0; i < 4; i++)
        {
            vf a = load(ki + (k * 4 + i) * LANES);
            UNROLL for (int j = 0; j < 4; j++) s[i * 4 + j] -= a * b[j];
        }
    }
}

/* U of a diagonal block, its diagonal inverted; a pivot that is not positive and finite leaves NaN. */
static inline void block_factor(vf s[16])
{
    UNROLL for (int k = 0; k < 4; k++)
    {
        vf pivot = s[k * 5], inverse = 1 / SIMD_SQRT(pivot) + (pivot - pivot);
        s[k * 5] = inverse;
        UNROLL for (int j = k + 1; j < 4; j++) s[k * 4 + j] *= inverse;
        UNROLL for (int i = k + 1; i < 4; i++)
        {
            UNROLL for (int j = i; j < 4; j++) s[i * 4 + j] -= s[k * 4 + i] * s[k * 4 + j];
        }
    }
}

/* s = U^-T s with U of block_factor. */
static inline void block_solve(vf s[16], const float *u)
{
    UNROLL for (int k = 0; k < 4; k++)
    {
        vf inverse = load(u + k * 5 * LANES);
        UNROLL for (int j = 0; j < 4; j++) s[k * 4 + j] *= inverse;
        UNROLL for (int i = k + 1; i < 4; i++)
        {
            vf a = load(u + (k * 4 + i) * LANES);
            UNROLL for (int j = 0; j < 4; j++) s[i * 4 + j] -= a * s[k * 4 + j];
        }
    }
}

/* Left-looking by blocks: 16 sums stay in registers (Golub and Van Loan 2013, 4.2.8, a block row at a time). */
static inline void factor_group(int32_t nb, float *a)
{
    for (int32_t i = 0; i < nb; i++)
        for (int32_t j = i; j < nb; j++) {
            vf s[16];
            float *to = block_of(a, nb, i, j);
            UNROLL for (int l = 0; l < 16; l++) s[l] = load(to + l * LANES);
            for (int32_t k = 0; k < i; k++) block_update(s, block_of(a, nb, k, i), block_of(a, nb, k, j));
            if (i == j)
                block_factor(s);
            else
                block_solve(s, block_of(a, nb, i, i));
            UNROLL for (int l = 0; l < 16; l++) store(to + l * LANES, s[l]);
        }
}

static inline void solve_group(int32_t nb, float *a, float *b)
{
    for (int32_t i = 0; i < nb; i++) { /* U' y = b */
        const float *u = block_of(a, nb, i, i);
        vf x[4];
        UNROLL for (int r = 0; r < 4; r++) x[r] = load(b + (i * 4 + r) * LANES);
        UNROLL for (int r = 0; r < 4; r++)
        {
            x[r] *= load(u + r * 5 * LANES);
            UNROLL for (int j = r + 1; j < 4; j++) x[j] -= load(u + (r * 4 + j) * LANES) * x[r];
            store(b + (i * 4 + r) * LANES, x[r]);
        }
        for (int32_t j = i + 1; j < nb; j++) {
            const float *m = block_of(a, nb, i, j);
            UNROLL for (int c = 0; c < 4; c++)
            {
                float *to = b + (j * 4 + c) * LANES;
                vf s = load(to);
                UNROLL for (int r = 0; r < 4; r++) s -= load(m + (r * 4 + c) * LANES) * x[r];
                store(to, s);
            }
        }
    }
    for (int32_t i = nb - 1; i >= 0; i--) { /* U x = y */
        const float *u = block_of(a, nb, i, i);
        vf x[4];
        UNROLL for (int r = 0; r < 4; r++) x[r] = load(b + (i * 4 + r) * LANES);
        for (int32_t j = i + 1; j < nb; j++) {
            const float *m = block_of(a, nb, i, j);
            UNROLL for (int c = 0; c < 4; c++)
            {
                vf known = load(b + (j * 4 + c) * LANES);
                UNROLL for (int r = 0; r < 4; r++) x[r] -= load(m + (r * 4 + c) * LANES) * known;
            }
        }
        UNROLL for (int r = 3; r >= 0; r--)
        {
            UNROLL for (int j = r + 1; j < 4; j++) x[r] -= load(u + (r * 4 + j) * LANES) * x[j];
            x[r] *= load(u + r * 5 * LANES);
            store(b + (i * 4 + r) * LANES, x[r]);
        }
    }
}

static void solve_many_simd(int32_t n, float *a, float *b)
{
    for (int g = 0; g < LANES; g += VW) {
        factor_group(n / 4, a + g);
        solve_group(n / 4, a + g, b + g);
    }
}

static float cg_advance_simd(int64_t f, float step, const aisle_cg *w)
{
    vf sum[2] = {{0}, {0}};
    for (int64_t p = 0; p < f; p += VW) {
        vf r = load(w->r + p) + load(w->q + p) * step;
        store(w->x + p, load(w->x + p) + load(w->v + p) * step);
        store(w->r + p, r);
        sum[p / VW % 2] += r * r * load(w->inverse + p);
    }
    return sum4(fold(sum[0] + sum[1]));
}

static void cg_turn_simd(int64_t f, float beta, const aisle_cg *w)
{
    for (int64_t p = 0; p < f; p += VW) {
        vf v = load(w->inverse + p) * load(w->r + p) + load(w->v + p) * beta;
        store(w->v + p, v);
        store(w->q + p, -load(w->d + p) * v);
    }
}
