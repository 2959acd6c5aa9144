/* The barriers of some threads, phases and bulk copies of gpu/mma.cuh on the CPU. A copy arrives when somebody waits for its
 * phase and not before, so that a missing wait reads what is not there. */
#ifndef SOFTGPU_PHASES_H
#define SOFTGPU_PHASES_H

#include "cuda_runtime.h"

#define AISLE_HOPPER
#define AISLE_WARPGROUPS

namespace softgpu
{

void some_barrier(int id, int threads, bool wait, place at);

struct phase { /* what phase_barrier holds */
    uint16_t count, missing;
    int32_t bytes; /* announced, less those that have come; the lowest bit is the parity */
};

void phase_arrive(phase *p, unsigned bytes);
void phase_wait(phase *p, unsigned parity, place at);
void bulk_copy(void *to, const void *from, unsigned bytes, phase *p);

} // namespace softgpu

namespace aisle
{

typedef unsigned long long phase_barrier;

inline uint32_t shared_address(const void *p)
{
    return (uint32_t)(uintptr_t)p;
}

inline void some_sync(int id, int threads, SOFTGPU_HERE)
{
    softgpu::some_barrier(id, threads, true, SOFTGPU_PLACE);
}

inline void some_arrive(int id, int threads, SOFTGPU_HERE)
{
    softgpu::some_barrier(id, threads, false, SOFTGPU_PLACE);
}

inline void phase_init(phase_barrier *b, unsigned count)
{
    *(softgpu::phase *)b = {(uint16_t)count, (uint16_t)count, 0};
}

inline void phase_init_end() {}

inline void phase_arrive(phase_barrier *b)
{
    softgpu::phase_arrive((softgpu::phase *)b, 0);
}

inline void phase_wait(phase_barrier *b, unsigned parity, SOFTGPU_HERE)
{
    softgpu::phase_wait((softgpu::phase *)b, parity, SOFTGPU_PLACE);
}

inline void copy_bulk(void *shared, const void *global, unsigned bytes, phase_barrier *b)
{
    softgpu::bulk_copy(shared, global, bytes, (softgpu::phase *)b);
}

} // namespace aisle
#endif
