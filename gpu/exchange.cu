/* After a half-step on several parts: every part gets the rows that the others made. */
#include "gpu/matrix.cuh"

aisle_status aisle::exchange_rows(aisle_device *d, const aisle_dev_csr *c, aisle_dev_mat *m, aisle_error *err)
{
    return each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            for (int32_t j = 0; j < d->n_parts; j++) {
                int64_t from = (int64_t)c->shard[j].first * m->ld, n = (int64_t)c->shard[j].n_rows * m->ld;
                if (j == i || n == 0) continue;
                AISLE_TRY(check(cudaMemcpyPeerAsync(m->data[i] + from, g.ordinal, m->data[j] + from,
                                                    d->part[j].ordinal, (size_t)n * sizeof(float), g.stream),
                                "exchange rows", e));
            }
            return AISLE_OK;
        },
        err);
}
