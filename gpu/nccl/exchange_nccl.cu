/* Rows exchanged by NCCL: one broadcast a shard, all in one group, which is an all-gather of unequal parts.
 * Compiled only where NCCL was found; the only file that includes nccl.h. */
#include <nccl.h>

#include <new>

#include "gpu/exchange.cuh"

namespace
{

using namespace aisle;

struct nccl_group {
    int32_t n;
    ncclComm_t comm[MAX_PARTS];
};

aisle_status checked(ncclResult_t r, const char *what, aisle_error *err)
{
    if (r == ncclSuccess || r == ncclInProgress) return AISLE_OK;
    return aisle_fail(err, AISLE_EINTERNAL, "cuda: %s: NCCL: %s: %s", what, ncclGetErrorString(r),
                      ncclGetLastError(nullptr));
}

void group_close(void *p)
{
    nccl_group *group = (nccl_group *)p;
    /* abort, not destroy: it does not wait for what can no longer come */
    for (int32_t i = 0; i < group->n; i++)
        if (group->comm[i]) ncclCommAbort(group->comm[i]);
    delete group;
}

aisle_status group_open(aisle_device *d, void **out, aisle_error *err)
{
    int ordinals[MAX_PARTS];
    for (int32_t i = 0; i < d->n_parts; i++) ordinals[i] = d->part[i].ordinal;
    nccl_group *group = new (std::nothrow) nccl_group();
    if (!group) return aisle_fail(err, AISLE_ENOMEM, "cuda: out of memory for NCCL");
    group->n = d->n_parts;
    aisle_status st = checked(ncclCommInitAll(group->comm, d->n_parts, ordinals), "start NCCL", err);
    if (st == AISLE_OK)
        *out = group;
    else
        delete group;
    return st;
}

ncclResult_t queue_all(aisle_device *d, nccl_group *group, const aisle_dev_csr *c, aisle_dev_mat *m)
{
    ncclResult_t first = ncclGroupStart();
    for (int32_t j = 0; j < d->n_parts && first == ncclSuccess; j++) {
        int64_t from = (int64_t)c->shard[j].first * m->ld, n = (int64_t)c->shard[j].n_rows * m->ld;
        for (int32_t i = 0; i < d->n_parts && n > 0 && first == ncclSuccess; i++)
            first = ncclBroadcast(m->data[i] + from, m->data[i] + from, (size_t)n, ncclFloat, j,
                                  group->comm[i], d->part[i].stream);
    }
    ncclResult_t end = ncclGroupEnd(); /* also after a failure: a group must not stay open */
    return first == ncclSuccess ? end : first;
}

aisle_status group_exchange(aisle_device *d, void *p, const aisle_dev_csr *c, aisle_dev_mat *m,
                            aisle_error *err)
{
    nccl_group *group = (nccl_group *)p;
    AISLE_TRY(checked(queue_all(d, group, c, m), "exchange rows", err));
    for (int32_t i = 0; i < d->n_parts; i++) {
        ncclResult_t later = ncclSuccess;
        AISLE_CUDA(cudaSetDevice(d->part[i].ordinal), "select the device");
        AISLE_CUDA(cudaStreamSynchronize(d->part[i].stream), "exchange rows");
        AISLE_TRY(checked(ncclCommGetAsyncError(group->comm[i], &later), "exchange rows", err));
        AISLE_TRY(checked(later, "exchange rows", err));
    }
    return AISLE_OK;
}

const collective nccl = {group_open, group_close, group_exchange};

} // namespace

const aisle::collective *aisle::collective_built_in()
{
    return &nccl;
}
