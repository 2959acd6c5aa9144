/* NEON: 4 lanes, 32 registers. */
#define VW 4
#define MR 8
#define NV 3
#include "cpu/kernels/simd.h"

void aisle_kernels_neon(aisle_kernels *k)
{
    fill_simd(k, "neon");
}
