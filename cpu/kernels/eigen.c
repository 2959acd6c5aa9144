/* LAPACK by way of OpenBLAS: divide and conquer (Gu and Eisenstat 1995). */
#include "cpu/kernels/eigen.h"

#include <cblas.h>

#include "aisle/memory.h"

/* Eigenvectors replace a, column-major: a's rows, seen in C. */
extern void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
                    double *work, const int *lwork, int *iwork, const int *liwork, int *info);

aisle_status aisle_eigen(int32_t order, double *a, double *w, aisle_error *err)
{
    int n = order, info = 0, lwork = 1 + 6 * n + 2 * n * n, liwork = 3 + 5 * n;
    double *work = aisle_array(lwork, sizeof *work);
    int *iwork = aisle_array(liwork, sizeof *iwork);
    aisle_status st = AISLE_OK;
    if (!work || !iwork) {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the eigenvectors of %d factors", order);
        goto done;
    }
    openblas_set_num_threads(1); /* a threaded BLAS adds in an order that depends on its threads */
    dsyevd_("V", "U", &n, a, &n, w, work, &lwork, iwork, &liwork, &info);
    if (info)
        st = aisle_fail(err, AISLE_ENUMERIC,
                        "eigenvectors of the %d x %d Gramian: dsyevd says %d; are the factors finite?", n, n,
                        info);
done:
    aisle_free(work);
    aisle_free(iwork);
    return st;
}
