/* Every allocation of the project, checked size arithmetic, and a bump arena. No pools, no garbage
 * collection. */
#ifndef AISLE_MEMORY_H
#define AISLE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All allocators return NULL when memory is short, and for a size of 0 a pointer that may be freed.
 * All results are released with aisle_free; aisle_free(NULL) is a no-op. Thread-safe. */
void *aisle_alloc(size_t bytes);            /* uninitialised, 16-byte aligned */
void *aisle_calloc(size_t n, size_t size);  /* zeroed; NULL when n * size overflows */
void *aisle_realloc(void *p, size_t bytes); /* only for blocks of aisle_alloc/calloc/realloc */
void *aisle_alloc_aligned(size_t bytes);    /* 64-byte aligned; blocks of 4 MiB and more ask for huge pages */
char *aisle_strdup(const char *s);
char *aisle_strndup(const char *s, size_t n); /* copies exactly n bytes and adds NUL */
void aisle_free(void *p);

/* aisle_array allocates n elements of size bytes, uninitialised and 64-byte aligned; NULL on overflow. */
void *aisle_array(int64_t n, size_t size);

/* aisle_grow makes room for at least `need` elements in *p (capacity *cap), doubling. *p from aisle_alloc
 * family or NULL with *cap 0. Returns false and leaves both unchanged when memory is short. */
bool aisle_grow(void **p, int64_t *cap, int64_t need, size_t size);

/* Return true on overflow (or a negative factor) and leave *out alone. */
bool aisle_size_mul(int64_t a, int64_t b, int64_t *out);
bool aisle_size_add(int64_t a, int64_t b, int64_t *out);

/* For tests: the n-th allocation from now on (n >= 1) and every later one fails; 0 switches it off. */
void aisle_alloc_fail_after(int64_t n);

/* For tests and benchmarks: from now on counts what the allocators above give and aisle_free takes back. Off until the
 * first call. The peak is the most bytes that were out at once, less those that were out at the start. */
void aisle_alloc_count_start(void);
int64_t aisle_alloc_count_peak(void);

/* Bytes of the process's peak resident set, from the kernel. */
int64_t aisle_peak_rss_bytes(void);
/* Bytes that this process could still take without swapping: what the kernel calls available, and no more than its
 * control group leaves. INT64_MAX = unknown. */
int64_t aisle_available_bytes(void);

/* A bump arena: many small allocations, one release. One thread at a time. */
typedef struct aisle_arena {
    struct aisle_arena_block *head;
    size_t block_bytes; /* size of the next block; 0 = default 8 KiB */
    struct aisle_arena_end *ends;
} aisle_arena;

void aisle_arena_init(aisle_arena *a);
void aisle_arena_deinit(aisle_arena *a); /* releases everything; the arena may be used again */
void *aisle_arena_alloc(aisle_arena *a,
                        size_t bytes); /* 16-byte aligned, uninitialised; NULL when memory is short */
/* deinit will call fn(ctx), the last one first, before it releases anything: for a reference that lives as long as the arena.
 * False: memory is short, and fn is never called. */
bool aisle_arena_at_end(aisle_arena *a, void (*fn)(void *ctx), void *ctx);
void *aisle_arena_calloc(aisle_arena *a, size_t n, size_t size);
char *aisle_arena_strndup(aisle_arena *a, const char *s, size_t n);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
char *
aisle_arena_printf(aisle_arena *a, const char *fmt, ...);

#endif
