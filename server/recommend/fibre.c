/* By the C library's contexts. The first frame never returns: it takes one call after the other, so that a context is made
 * once, and tools that follow stacks see each of them grow and shrink as any. They are told of every change (ANNOTATIONS). */
#include "server/recommend/fibre.h"

#include <sys/mman.h>
#include <ucontext.h>

#include "aisle/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#    define FOR_ADDRESSES 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define FOR_ADDRESSES 1
#    endif
#    if __has_feature(thread_sanitizer)
#        define FOR_THREADS 1
#    endif
#endif
#if defined(__SANITIZE_THREAD__)
#    define FOR_THREADS 1
#endif
#ifdef FOR_ADDRESSES
#    include <sanitizer/common_interface_defs.h>
#endif
#ifdef FOR_THREADS
#    include <sanitizer/tsan_interface.h>
#endif

enum {
    APART = 32,
    APART_BYTES = 4096 + 5 * 64
}; /* where stacks begin: all at one place would share a few lines of a cache */
enum { STACK_BYTES = AISLE_FIBRE_BYTES + (192 << 10) };
_Static_assert(APART *APART_BYTES <= STACK_BYTES - AISLE_FIBRE_BYTES, "each has as much as is said");
enum { GUARD_BYTES = 64 << 10 }; /* a multiple of any page: who runs over the end is stopped there */

struct aisle_fibre {
    char *memory; /* the guard, and above it the stack */
    ucontext_t own, outside;
    void (*fn)(void *ctx);
    void *ctx;
    bool begun, returned;
    /* ANNOTATIONS */
    void *own_fake, *outside_fake; /* frames that a tool keeps beside the stack */
    const void *outside_bottom;
    size_t outside_bytes;
    void *own_tag, *outside_tag;
};

/* ---- what tools are told ---- */

static void note_going_in(aisle_fibre *f)
{
    (void)f;
#ifdef FOR_ADDRESSES
    __sanitizer_start_switch_fiber(&f->outside_fake, f->memory + GUARD_BYTES, STACK_BYTES);
#endif
#ifdef FOR_THREADS
    f->outside_tag = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(f->own_tag, 0);
#endif
}

static void note_gone_out(aisle_fibre *f)
{
    (void)f;
#ifdef FOR_ADDRESSES
    __sanitizer_finish_switch_fiber(f->outside_fake, NULL, NULL);
#endif
}

static void note_gone_in(aisle_fibre *f)
{
    (void)f;
#ifdef FOR_ADDRESSES
    __sanitizer_finish_switch_fiber(f->own_fake, &f->outside_bottom, &f->outside_bytes);
#endif
}

static void note_going_out(aisle_fibre *f)
{
    (void)f;
#ifdef FOR_ADDRESSES
    __sanitizer_start_switch_fiber(&f->own_fake, f->outside_bottom, f->outside_bytes);
#endif
#ifdef FOR_THREADS
    __tsan_switch_to_fiber(f->outside_tag, 0);
#endif
}

/* ---- ---- */

void aisle_fibre_leave(aisle_fibre *f)
{
    note_going_out(f);
    swapcontext(&f->own, &f->outside);
    note_gone_in(f);
}

/* A pointer goes through makecontext as two halves: it passes ints. */
static void first_frame(unsigned high, unsigned low)
{
    aisle_fibre *f = (aisle_fibre *)((uintptr_t)((uint64_t)high << 32 | low));
    note_gone_in(f);
    for (;;) {
        f->fn(f->ctx);
        f->returned = true;
        aisle_fibre_leave(f);
    }
}

aisle_fibre *aisle_fibre_new(int32_t number)
{
    aisle_fibre *f = aisle_calloc(1, sizeof *f);
    if (!f) return NULL;
    f->memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (f->memory == MAP_FAILED) f->memory = NULL;
    if (!f->memory || mprotect(f->memory + GUARD_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE) != 0 ||
        getcontext(&f->own) != 0) {
        aisle_fibre_free(f);
        return NULL;
    }
    f->own.uc_stack.ss_sp = f->memory + GUARD_BYTES;
    f->own.uc_stack.ss_size = STACK_BYTES - (size_t)((uint32_t)number % APART) * APART_BYTES;
    f->own.uc_link = NULL;
    const uint64_t at = (uintptr_t)f;
    makecontext(&f->own, (void (*)(void))first_frame, 2, (unsigned)(at >> 32), (unsigned)at);
#ifdef FOR_THREADS
    f->own_tag = __tsan_create_fiber(0);
#endif
    return f;
}

void aisle_fibre_free(aisle_fibre *f)
{
    if (!f) return;
#ifdef FOR_THREADS
    if (f->own_tag) __tsan_destroy_fiber(f->own_tag);
#endif
    if (f->memory) munmap(f->memory, GUARD_BYTES + STACK_BYTES);
    aisle_free(f);
}

bool aisle_fibre_go_on(aisle_fibre *f)
{
    note_going_in(f);
    swapcontext(&f->outside, &f->own);
    note_gone_out(f);
    return f->returned;
}

bool aisle_fibre_start(aisle_fibre *f, void (*fn)(void *ctx), void *ctx)
{
    f->fn = fn;
    f->ctx = ctx;
    f->returned = false;
    return aisle_fibre_go_on(f);
}
