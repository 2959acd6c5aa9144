/* The functions of gpu/mma.cuh on the CPU. Which lane holds which element is that of the PTX ISA manual, sections
 * "mma.m16n8k8", "mma.m16n8k16" and "ldmatrix"; with group = lane / 4 and place = lane % 4:
 *   C, D (16 x 8)   register i: row group + 8 (i / 2), column 2 place + i % 2
 *   A tf32 (16 x 8) register i: row group + 8 (i % 2), column place + 4 (i / 2)
 *   B tf32 (8 x 8)  register i: row place + 4 i, column group
 *   A bf16 (16 x 16) half h of register i: row group + 8 (i % 2), column 2 place + h + 8 (i / 2)
 *   B bf16 (16 x 8)  half h of register i: row 2 place + h + 8 i, column group
 * Products are exact and their sum is rounded to f32 once: the device's own order and rounding are not specified. */
#ifndef SOFTGPU_MMA_H
#define SOFTGPU_MMA_H

#include "cuda_runtime.h"
#include "softgpu_phases.h"
#include "softgpu_round.h"

namespace softgpu
{

/* in: d[4], a[4], b[2]; out: d[4] */
void warp_mma_tf32(fiber *const *lane);
void warp_mma_bf16(fiber *const *lane);
/* d (+)= a b' of this thread of a warpgroup, at once; a, b and d as in gpu/mma.cuh */
void panel_product(float (&d)[64], const void *a, const void *b, int k, bool add);
/* in: the address, then how many matrices and whether transposed; out: r[4] */
void warp_ldmatrix(fiber *const *lane);

inline void mma(const char *what, place at, warp_function f, float (&d)[4], const uint32_t (&a)[4],
                const uint32_t (&b)[2])
{
    memcpy(self->in, d, 16);
    memcpy(self->in + 16, a, 16);
    memcpy(self->in + 32, b, 8);
    warp_operation(what, at, ~0u, f);
    memcpy(d, self->out, 16);
}

inline void ldmatrix(place at, uint32_t *r, uint32_t n, bool transposed, const void *row)
{
    uint32_t how[2] = {n, transposed};
    memcpy(self->in, &row, sizeof row);
    memcpy(self->in + 8, how, sizeof how);
    warp_operation("ldmatrix", at, ~0u, warp_ldmatrix);
    memcpy(r, self->out, n * 4);
}

} // namespace softgpu

namespace aisle
{

inline void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], SOFTGPU_HERE)
{
    softgpu::mma("mma_tf32", SOFTGPU_PLACE, softgpu::warp_mma_tf32, d, a, b);
}

inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], SOFTGPU_HERE)
{
    softgpu::mma("mma_bf16", SOFTGPU_PLACE, softgpu::warp_mma_bf16, d, a, b);
}

inline uint32_t to_tf32(float v)
{
    return softgpu::tf32_bits(v);
}

inline void ldmatrix_x4(uint32_t (&r)[4], const void *shared_row, SOFTGPU_HERE)
{
    softgpu::ldmatrix(SOFTGPU_PLACE, r, 4, false, shared_row);
}

inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void *shared_row, SOFTGPU_HERE)
{
    softgpu::ldmatrix(SOFTGPU_PLACE, r, 4, true, shared_row);
}

inline void ldmatrix_x2(uint32_t (&r)[2], const void *shared_row, SOFTGPU_HERE)
{
    softgpu::ldmatrix(SOFTGPU_PLACE, r, 2, false, shared_row);
}

inline void ldmatrix_x2_trans(uint32_t (&r)[2], const void *shared_row, SOFTGPU_HERE)
{
    softgpu::ldmatrix(SOFTGPU_PLACE, r, 2, true, shared_row);
}

inline void copy_async16(void *shared, const void *global, bool valid)
{
    softgpu::async_copy(shared, global, valid);
}

inline void copy_async_commit()
{
    softgpu::async_commit();
}

template <int N> inline void copy_async_wait()
{
    softgpu::async_wait(N);
}

inline void products_begin() {}
inline void products_commit() {}
inline void products_wait() {}
inline void products_end(float (&)[64]) {}

inline void panel_product(float (&d)[64], const void *a, const void *b, int k, bool add)
{
    softgpu::panel_product(d, a, b, k, add);
}

template <int N> inline void registers_up() {}
template <int N> inline void registers_down() {}

} // namespace aisle
#endif
