/* How parts exchange rows: a collective library where one is built in, else copies. For exchange.cu and the
 * libraries' wrappers only. */
#ifndef AISLE_GPU_EXCHANGE_CUH
#define AISLE_GPU_EXCHANGE_CUH

#include "gpu/matrix.cuh"

namespace aisle
{

struct collective {
    /* A group of all parts, each with a GPU of its own. */
    aisle_status (*open)(aisle_device *d, void **group, aisle_error *err);
    void (*close)(void *group);
    /* Gives every part all shards' rows of m and waits for it. After a failure the group is good for nothing
     * but close. */
    aisle_status (*exchange)(aisle_device *d, void *group, const aisle_dev_csr *c, aisle_dev_mat *m,
                             aisle_error *err);
};

/* gpu/nccl/ defines it where NCCL is built in; the weak one of exchange.cu returns NULL. */
const collective *collective_built_in();

} // namespace aisle
#endif
