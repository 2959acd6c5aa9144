/* The back-end table: everything a device does for training and bulk scoring. One table a back-end, "cpu"
 * always there. Cut where data is resident: matrices are put once and stay on the device. Never a call a row
 * or a BLAS routine. */
#ifndef AISLE_BACKEND_H
#define AISLE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aisle/matrix.h"
#include "aisle/progress.h"
#include "aisle/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AISLE_BACKEND_ABI 4u
enum { AISLE_MAX_FACTORS = 4096 };

typedef struct aisle_device aisle_device;   /* one opened device; defined by each back-end */
typedef struct aisle_dev_csr aisle_dev_csr; /* a CSR on the device */
typedef struct aisle_dev_mat aisle_dev_mat; /* a dense float matrix on the device */

typedef struct aisle_device_params {
    int32_t threads;      /* 0 = all cores (cpu); ignored by cuda */
    int32_t ordinal;      /* which GPU; 0 first */
    int64_t memory_bytes; /* 0 = no limit of ours; of each GPU, or each shard where several share one */
    int32_t devices;      /* GPUs to use, from ordinal on; 0 or 1 = one; ignored by cpu */
    int32_t shards; /* parts that rows are split into, dealt to these GPUs in turn; 0 = one a GPU. More are
                           * slower and give the bytes of so many GPUs: for tests. Ignored by cpu */
} aisle_device_params;

typedef enum aisle_als_solver {
    AISLE_SOLVER_AUTO = 0, /* the back-end's cost model: rows exact where that is cheap, else pcg */
    AISLE_SOLVER_PCG,      /* cg_steps of conjugate gradient from the present x, preconditioned by
                            * a0 Y'Y + l_u I */
    AISLE_SOLVER_EXACT,    /* the minimiser, by the smaller of the n x n and the f x f system of the row */
    AISLE_SOLVER_CG,      /* the textbook's, to compare with: the same steps without a preconditioner (Takacs,
                            * Pilaszy, Tikk 2011) */
    AISLE_SOLVER_CHOLESKY /* the textbook's, to compare with: the f x f system for every row */
} aisle_als_solver;

/* The implicit-feedback objective (Hu, Koren, Volinsky 2008; Rendle, Krichene, Zhang, Koren 2022, eq. 3),
 * with unobserved weight a0 for every pair and, of the CSR's entry v_ui, its confidence c_ui = |v_ui| and the preference
 * p_ui = 1 where v_ui > 0, and 0 of a dislike, v_ui < 0:
 *   L = sum_{observed} c_ui (x_u.y_i - p_ui)^2 + a0 sum_{all u,i} (x_u.y_i)^2 + sum_u l_u |x_u|^2 + sum_i l_i |y_i|^2
 *   l_u = reg * (n_u + a0 * n_items)^nu, n_u = number of stored entries of row u; l_i likewise. */
typedef struct aisle_als_params {
    float a0;  /* unobserved weight, > 0, e.g. .01 */
    float reg; /* > 0, e.g. .006 */
    float nu;  /* frequency exponent of the regularisation, 0..1 */
    aisle_als_solver solver;
    int32_t cg_steps; /* of auto, pcg and cg; 0 = aisle_als_steps */
    int32_t n_other;  /* rows of the whole other side (for a0 * n_other in l_u) */
} aisle_als_params;

/* Steps a half-step: 3 of pcg and cg; 2 of auto, which solves short rows and small matrices exactly: on what is left,
 * gowalla's long rows, NDCG@20 after 15 iterations is that of exact steps to .0003 (bench/NOTES.md). */
static inline int32_t aisle_als_steps(const aisle_als_params *p)
{
    return p->cg_steps > 0 ? p->cg_steps : p->solver == AISLE_SOLVER_AUTO ? 2 : 3;
}

/* The sizes of ratings and of the factors that belong to them. */
typedef struct aisle_sizes {
    int32_t n_rows, n_cols;
    int64_t nnz;
    int32_t factors; /* >= 1; of als_bytes only */
} aisle_sizes;

/* resident: as long as the matrices are on the device; mat_take hands the factors' part over. work: during a call. */
typedef struct aisle_host_bytes {
    int64_t resident, work;
} aisle_host_bytes;

typedef struct aisle_topn_params {
    int32_t n;               /* results a row, 1..1024 */
    const aisle_csr *seen;   /* rows x n_items, columns left out of that row's result; NULL = none */
    const uint64_t *allowed; /* bitmap over items (bit i of word i/64), NULL = all */
} aisle_topn_params;

/* What the device can do at most, measured and not read from a data sheet: the roof that a benchmark divides by. */
typedef struct aisle_peaks {
    double copy_bytes_s;   /* bytes read and bytes written, together, by a copy between large arrays */
    double gather_bytes_s; /* bytes read of 512-byte rows at random places of a table larger than any cache */
    double f32_flops_s;    /* large matrix product, f32 throughout; a multiply-add is two operations */
    double low_flops_s; /* the same with bf16 operands and f32 sums; f32_flops_s where bf16 is not faster */
} aisle_peaks;

typedef struct aisle_backend_ops {
    uint32_t abi, size; /* AISLE_BACKEND_ABI and sizeof(aisle_backend_ops), checked at load */
    const char *name;
    /* 0 = unusable on this machine; the highest wins for "auto"; "cpu" is always 1. */
    int (*score)(void);
    aisle_status (*open)(const aisle_device_params *p, aisle_device **out, aisle_error *err);
    void (*close)(aisle_device *d);
    /* One line for people: "cpu: 2 threads, avx512". Writes at most `bytes`, NUL included. */
    void (*describe)(aisle_device *d, char *out, size_t bytes);

    /* Puts m on the device: sorted rows, finite values other than 0, those below 0 dislikes of als_half_step and
     * als_loss. m must stay valid and unchanged until csr_free: a
     * back-end that computes in host memory borrows it. */
    aisle_status (*csr_put)(aisle_device *d, const aisle_csr *m, aisle_dev_csr **out, aisle_error *err);
    void (*csr_free)(aisle_device *d, aisle_dev_csr *m);
    aisle_status (*mat_new)(aisle_device *d, int32_t n_rows, int32_t n_cols, aisle_dev_mat **out,
                            aisle_error *err); /* zeroed */
    /* Copies between host and device; shapes are equal. The source may be released afterwards. */
    aisle_status (*mat_put)(aisle_device *d, const aisle_mat *src, aisle_dev_mat *dst, aisle_error *err);
    aisle_status (*mat_get)(aisle_device *d, const aisle_dev_mat *src, aisle_mat *dst, aisle_error *err);
    /* Moves m's values to the host and releases m in every case. *out, whose ld may exceed n_cols, is the
     * caller's to release with aisle_mat_deinit, and empty after a failure. A back-end that computes in host
     * memory hands its storage over without a copy. */
    aisle_status (*mat_take)(aisle_device *d, aisle_dev_mat *m, aisle_mat *out, aisle_error *err);
    void (*mat_free)(aisle_device *d, aisle_dev_mat *m);

    /* g (host, f x f, row-major, full symmetric) = Y' Y; sums in blocks of rows whose partial sums are added
     * in order, so that g does not depend on the number of threads. */
    aisle_status (*gram)(aisle_device *d, const aisle_dev_mat *y, float *g, aisle_error *err);
    /* Recomputes every row of x [c.n_rows x f] for y [c.n_cols x f]: the minimiser of L for that side, or
     * cg_steps steps towards it from the present x. An empty row becomes zero. x and y are distinct matrices.
     * y may be rotated: on return it holds yQ and x the solution times Q for one orthogonal Q (the model x.y is
     * the same; Q = I is allowed). Whatever else was computed with y before must be rotated alike, so both sides
     * of a model go through every half-step together, from x's first one on; x's values before matter to pcg, cg
     * and auto only and are taken to be in y's basis. Same bytes for any thread count. AISLE_ENUMERIC when a
     * system is not positive definite. After a failure x and y are unspecified. */
    aisle_status (*als_half_step)(aisle_device *d, const aisle_dev_csr *c, aisle_dev_mat *y,
                                  const aisle_als_params *p, aisle_dev_mat *x, aisle_error *err);
    /* L of the header, in double, with c the users' CSR, ct its transpose (for l_i), x users, y items. */
    aisle_status (*als_loss)(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_csr *ct,
                             const aisle_dev_mat *x, const aisle_dev_mat *y, const aisle_als_params *p,
                             double *loss, aisle_error *err);
    /* For every row r of a, whose values are all > 0 (AISLE_EINVAL else): the k rows s != r with the largest dot product a_r . a_s > 0, best first, ties by
     * smaller id; ids[n_rows * k] (-1 fills short rows), scores likewise (0). Rows normalised to length 1
     * give cosines. */
    aisle_status (*similar_topk)(aisle_device *d, const aisle_dev_csr *a, int32_t k, int32_t *ids,
                                 float *scores, const aisle_progress *progress, aisle_error *err);
    /* For rows first .. first+n_rows-1 of users: the n items with the largest users_r . items_i, best first,
     * ties by smaller id; host arrays ids[n_rows * n] (-1 fills) and scores. Row r of p->seen is row first+r
     * of the matrix. */
    aisle_status (*topn)(aisle_device *d, const aisle_dev_mat *users, int32_t first, int32_t n_rows,
                         const aisle_dev_mat *items, const aisle_topn_params *p, int32_t *ids, float *scores,
                         aisle_error *err);
    /* Host memory that the device takes at most beside what it borrows and what the caller allots, so that a program
     * can say before it starts what it will need. als_bytes: for ratings and their transpose, both factor matrices,
     * half-steps, loss and Gramian. similar_bytes: for one similar_topk, beside its results. 0 where the device has
     * memory of its own. Never fail; INT64_MAX on overflow. */
    aisle_host_bytes (*als_bytes)(aisle_device *d, const aisle_sizes *s, const aisle_als_params *p);
    int64_t (*similar_bytes)(aisle_device *d, const aisle_sizes *s, int32_t k);
    /* Measures the device now, on random data: the best of a few tries after a warm-up, up to a few seconds. Wants
     * the device to itself. Its arrays count against the memory limit, and are smaller where little is left. */
    aisle_status (*peaks)(aisle_device *d, aisle_peaks *out, aisle_error *err);
} aisle_backend_ops;

/* What a plug-in exports: `const aisle_backend_ops *aisle_backend_plugin(void)`, in a file
 * libaisle_backend_NAME.so. */
#define AISLE_BACKEND_PLUGIN_SYMBOL "aisle_backend_plugin"

/* The registry. folder: where plug-ins are looked for (NULL = the install's plug-in folder); never the
 * working folder. aisle_backend_find: name "auto" picks the usable back-end with the highest score and says
 * in *why (bytes >= 256, may be NULL) which others were passed over and for what reason; a named back-end
 * that is missing or unusable is an error and never replaced. The table is valid until the process ends.
 * Thread-safe. */
aisle_status aisle_backend_find(const char *name, const char *folder, const aisle_backend_ops **out,
                                char *why, size_t why_bytes, aisle_error *err);
/* The i-th back-end known (0 = cpu, then plug-ins of the folder by name), NULL past the end; for tests and
 * `aisle bench`. */
const aisle_backend_ops *aisle_backend_at(const char *folder, int32_t i);

#ifdef __cplusplus
}
#endif
#endif
