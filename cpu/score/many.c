/* Batches of queries on several threads, each with a scorer of its own. */
#include <omp.h>

#include "aisle/memory.h"
#include "aisle/scorer.h"

enum { MANY_AT_ONCE = 64 };

typedef struct failure {
    aisle_status status;
    aisle_error error;
} failure;

/* Of several the one that came first. */
static void keep_failure(failure *f, aisle_status st, const aisle_error *err)
{
#pragma omp critical(aisle_scorer_many)
    if (f->status == AISLE_OK) {
        f->error = *err;
        __atomic_store_n(&f->status, st, __ATOMIC_RELAXED);
    }
}

aisle_status aisle_scorer_recommend_many(const aisle_model *m, const aisle_query *q, int32_t n,
                                         int32_t threads, const aisle_progress *p, aisle_hits *out,
                                         aisle_error *err)
{
    failure f = {.status = AISLE_OK};
    int32_t batches = n / MANY_AT_ONCE + (n % MANY_AT_ONCE > 0);
    threads = threads > 0 ? threads : omp_get_max_threads();
    if (threads > batches) threads = batches > 0 ? batches : 1;
#pragma omp parallel num_threads(threads)
    {
        aisle_error own = {0};
        aisle_scorer *s = aisle_scorer_new();
        if (!s) keep_failure(&f, aisle_fail(&own, AISLE_ENOMEM, "out of memory for a scorer"), &own);
#pragma omp for schedule(dynamic, 1)
        for (int32_t b = 0; b < batches; b++) {
            if (__atomic_load_n(&f.status, __ATOMIC_RELAXED) != AISLE_OK) continue;
            int32_t first = b * MANY_AT_ONCE, rest = n - first, k = rest < MANY_AT_ONCE ? rest : MANY_AT_ONCE;
            aisle_status st = aisle_canceled(p)
                                  ? aisle_fail(&own, AISLE_ECANCELED, "interrupted")
                                  : aisle_scorer_recommend_batch(s, m, q + first, k, out + first, &own);
            if (st != AISLE_OK) keep_failure(&f, st, &own);
        }
        aisle_scorer_free(s);
    }
    if (f.status != AISLE_OK && err) *err = f.error;
    return f.status;
}
