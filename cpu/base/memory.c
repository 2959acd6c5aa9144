/* The allocator wrappers, overflow checks and the arena. */
#include "aisle/memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

static atomic_llong fail_countdown; /* 0 = off; counts down to 1, then stays and fails */

static bool must_fail(void)
{
    long long n = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    if (n == 0) return false;
    while (n > 1)
        if (atomic_compare_exchange_weak(&fail_countdown, &n, n - 1)) return false;
    errno = ENOMEM; /* as malloc does: libevent looks at it */
    return true;
}

void aisle_alloc_fail_after(int64_t n)
{
    atomic_store(&fail_countdown, n);
}

static atomic_bool counts;
static atomic_llong live, peak;

static void count(long long bytes)
{
    long long now = atomic_fetch_add_explicit(&live, bytes, memory_order_relaxed) + bytes;
    long long most = atomic_load_explicit(&peak, memory_order_relaxed);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) continue;
}

static void *given(void *p)
{
    if (atomic_load_explicit(&counts, memory_order_relaxed)) count((long long)malloc_usable_size(p));
    return p;
}

static void taken_back(void *p)
{
    if (atomic_load_explicit(&counts, memory_order_relaxed)) count(-(long long)malloc_usable_size(p));
}

void aisle_alloc_count_start(void)
{
    atomic_store(&live, 0);
    atomic_store(&peak, 0);
    atomic_store(&counts, true);
}

int64_t aisle_alloc_count_peak(void)
{
    return atomic_load(&peak);
}

void *aisle_alloc(size_t bytes)
{
    return must_fail() ? NULL : given(malloc(bytes ? bytes : 1));
}

void *aisle_calloc(size_t n, size_t size)
{
    size_t bytes;
    if (must_fail() || __builtin_mul_overflow(n, size, &bytes)) return NULL;
    return given(calloc(bytes ? bytes : 1, 1));
}

void *aisle_realloc(void *p, size_t bytes)
{
    if (must_fail()) return NULL;
    taken_back(p);
    void *q = realloc(p, bytes ? bytes : 1);
    given(q ? q : p);
    return q;
}

void *aisle_alloc_aligned(size_t bytes)
{
    const size_t huge = (size_t)2 << 20;
    if (must_fail() || bytes > PTRDIFF_MAX - huge) return NULL;
    size_t align = bytes >= 2 * huge ? huge : 64;
    void *p;
    if (posix_memalign(&p, align, bytes ? bytes : 1) != 0) return NULL; /* the last huge page may be a part */
    if (align == huge) (void)madvise(p, bytes, MADV_HUGEPAGE);          /* a hint: refusal costs speed only */
    return given(p);
}

char *aisle_strndup(const char *s, size_t n)
{
    char *p = n < SIZE_MAX ? aisle_alloc(n + 1) : NULL;
    if (!p) return NULL;
    if (n) memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *aisle_strdup(const char *s)
{
    return aisle_strndup(s, strlen(s));
}

void aisle_free(void *p)
{
    taken_back(p);
    free(p);
}

bool aisle_size_mul(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &r)) return true;
    *out = r;
    return false;
}

bool aisle_size_add(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &r)) return true;
    *out = r;
    return false;
}

void *aisle_array(int64_t n, size_t size)
{
    int64_t bytes;
    if (size > INT64_MAX || aisle_size_mul(n, (int64_t)size, &bytes)) return NULL;
    return aisle_alloc_aligned((size_t)bytes);
}

bool aisle_grow(void **p, int64_t *cap, int64_t need, size_t size)
{
    if (need <= *cap) return true;
    int64_t n = *cap < 8 ? 8 : *cap, bytes;
    while (n < need)
        if (aisle_size_mul(n, 2, &n)) return false;
    if (aisle_size_mul(n, (int64_t)size, &bytes)) return false;
    void *q = aisle_realloc(*p, (size_t)bytes);
    if (!q) return false;
    *p = q;
    *cap = n;
    return true;
}

int64_t aisle_peak_rss_bytes(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) ? 0 : (int64_t)u.ru_maxrss * 1024;
}

/* ---- arena ---- */

struct aisle_arena_block {
    struct aisle_arena_block *next;
    size_t used, cap;
    _Alignas(16) unsigned char bytes[];
};

void aisle_arena_init(aisle_arena *a)
{
    *a = (aisle_arena){0};
}

struct aisle_arena_end {
    struct aisle_arena_end *next;
    void (*fn)(void *ctx);
    void *ctx;
};

bool aisle_arena_at_end(aisle_arena *a, void (*fn)(void *ctx), void *ctx)
{
    struct aisle_arena_end *e = aisle_arena_alloc(a, sizeof *e);
    if (!e) return false;
    *e = (struct aisle_arena_end){a->ends, fn, ctx};
    a->ends = e;
    return true;
}

void aisle_arena_deinit(aisle_arena *a)
{
    while (a->ends) {
        struct aisle_arena_end e = *a->ends;
        a->ends = e.next;
        e.fn(e.ctx);
    }
    while (a->head) {
        struct aisle_arena_block *next = a->head->next;
        aisle_free(a->head);
        a->head = next;
    }
    a->block_bytes = 0;
}

void *aisle_arena_alloc(aisle_arena *a, size_t bytes)
{
    if (bytes > PTRDIFF_MAX - 64) return NULL;
    size_t need = (bytes + 15) & ~(size_t)15;
    struct aisle_arena_block *b = a->head;
    if (!b || b->cap - b->used < need) {
        size_t cap = a->block_bytes ? a->block_bytes : 8192;
        if (cap < need) cap = need;
        b = aisle_alloc(sizeof *b + cap);
        if (!b) return NULL;
        b->next = a->head;
        b->used = 0;
        b->cap = cap;
        a->head = b;
        if (a->block_bytes < (size_t)1 << 20) a->block_bytes = cap * 2;
    }
    void *p = b->bytes + b->used;
    b->used += need;
    return p;
}

void *aisle_arena_calloc(aisle_arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
    void *p = aisle_arena_alloc(a, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

char *aisle_arena_strndup(aisle_arena *a, const char *s, size_t n)
{
    char *p = n < SIZE_MAX ? aisle_arena_alloc(a, n + 1) : NULL;
    if (!p) return NULL;
    if (n) memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *aisle_arena_printf(aisle_arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : aisle_arena_alloc(a, (size_t)n + 1);
    if (p) vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}
