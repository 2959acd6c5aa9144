/* NEON: 4 lanes, 32 registers. */
#include <arm_neon.h>

#define VW           4
#define MR           8
#define NV           3
#define SIMD_SQRT(v) ((vf)vsqrtq_f32((float32x4_t)(v)))
#include "cpu/kernels/simd.h"
#include "cpu/kernels/simd_cut.h"

void aisle_kernels_neon(aisle_kernels *k)
{
    fill_simd(k, "neon");
    fill_cut(k);
    aisle_kernels_neon_int8(k);
}
