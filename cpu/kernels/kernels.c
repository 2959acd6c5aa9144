/* Which kernels this machine runs: reference first, then overwritten by each instruction set it has. */
#include "cpu/kernels/kernels.h"

#include <pthread.h>
#include <stddef.h>

enum { MAX_TABLES = 5 };

static aisle_kernels tables[MAX_TABLES];
static int32_t n_tables;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Starts table n_tables as a copy of the one before it: each is complete, and the last is the best. */
static aisle_kernels *next_table(void)
{
    tables[n_tables] = tables[n_tables - 1];
    return &tables[n_tables++];
}

static void fill(void)
{
    aisle_kernels_ref(&tables[0]);
    n_tables = 1;
#ifdef AISLE_KERNELS_NEON
    aisle_kernels_neon(next_table());
#endif
#ifdef AISLE_KERNELS_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) aisle_kernels_avx2(next_table());
#endif
#ifdef AISLE_KERNELS_AVX512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("fma"))
        aisle_kernels_avx512(next_table());
#endif
#ifdef AISLE_KERNELS_VNNI
    if (n_tables > 2 && __builtin_cpu_supports("avx512vnni"))
        aisle_kernels_vnni(next_table()); /* atop avx512 */
#endif
    (void)next_table;
}

const aisle_kernels *aisle_kernels_get(void)
{
    pthread_once(&once, fill);
    return &tables[n_tables - 1];
}

const aisle_kernels *aisle_kernels_at(int32_t i)
{
    pthread_once(&once, fill);
    return i >= 0 && i < n_tables ? &tables[i] : NULL;
}
