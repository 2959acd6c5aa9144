/* After a half-step on several parts: every part gets the rows that the others made. By NCCL where it is built
 * in and each part has a GPU of its own, else by copies, from GPU to GPU where they reach each other. Both move
 * the same bytes. */
#include "gpu/exchange.cuh"

namespace aisle
{

__attribute__((weak)) const collective *collective_built_in()
{
    return nullptr;
}

/* Lets `g` read the memory of `other`: what cudaMalloc gives, and what the pool gives. */
static void reach(const gpu &g, const gpu &other)
{
    int can = 0;
    if (cudaDeviceCanAccessPeer(&can, g.ordinal, other.ordinal) == cudaSuccess && can) {
        cudaMemAccessDesc access = {};
        access.location.type = cudaMemLocationTypeDevice;
        access.location.id = g.ordinal;
        access.flags = cudaMemAccessFlagsProtReadWrite;
        cudaSetDevice(g.ordinal);
        (void)cudaDeviceEnablePeerAccess(other.ordinal, 0); /* may be enabled already */
        if (other.pool) (void)cudaMemPoolSetAccess(other.pool, &access, 1);
    }
    (void)cudaGetLastError();
}

void exchange_open(aisle_device *d)
{
    int32_t n = d->n_gpus;
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++)
            if (i != j) reach(d->part[i], d->part[j]);
    const collective *c = collective_built_in();
    if (c && n > 1 && n == d->n_parts && c->open(d, &d->group, nullptr) != AISLE_OK) d->group = nullptr;
}

void exchange_close(aisle_device *d)
{
    if (d->group) collective_built_in()->close(d->group);
    d->group = nullptr;
}

/* A part reads only rows that their owner finished before (each_part waits for the streams), and writes only
 * rows that nobody else reads: no order among the parts is needed. */
static aisle_status copy_rows(aisle_device *d, const aisle_dev_csr *c, aisle_dev_mat *m, aisle_error *err)
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

/* All half-steps have succeeded before this is called, and one thread queues the collective for all parts: no
 * part can wait for one that does not come. */
aisle_status exchange_rows(aisle_device *d, const aisle_dev_csr *c, aisle_dev_mat *m, aisle_error *err)
{
    if (d->n_parts == 1) return AISLE_OK;
    if (!d->group) return copy_rows(d, c, m, err);
    aisle_status st = collective_built_in()->exchange(d, d->group, c, m, err);
    if (st != AISLE_OK) exchange_close(d); /* from here on by copies */
    return st;
}

} // namespace aisle
