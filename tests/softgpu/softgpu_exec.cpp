/* Fibers, barriers and warp operations of the CUDA device made of the CPU. One kernel runs at a time (the run-time API
 * holds its lock), so the state here is global. Nothing of the host API.
 *
 * A thread runs until it waits; then the next ready one is switched to. The order in which threads become ready, and
 * that of blocks, is pseudo-random from SOFTGPU_SEED, so that what lacks a barrier gets different results. */
#include "softgpu_internal.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <string>
#include <sys/mman.h>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#    define SOFTGPU_ASAN 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define SOFTGPU_ASAN 1
#    endif
#endif
#ifdef SOFTGPU_ASAN
#    include <sanitizer/asan_interface.h>
#    include <sanitizer/common_interface_defs.h>
#endif

namespace softgpu
{

fiber *self;
running now;

namespace
{

constexpr unsigned MAX_THREADS = 1024;
#ifdef SOFTGPU_ASAN
constexpr size_t STACK_BYTES = 256 << 10;
#else
constexpr size_t STACK_BYTES = 128 << 10;
#endif
constexpr size_t GUARD_BYTES = 4096;

struct warp {
    unsigned alive, waiting;
    const fiber *first; /* that came to wait */
    bool mixed;         /* somebody waits in another operation than it did */
};

struct pending_copy {
    unsigned char *to;
    const unsigned char *from;
    bool valid;
    unsigned group;
};

struct copies {
    std::vector<pending_copy> pending;
    unsigned group = 0; /* the one that the next commit closes */
};

struct static_array {
    const void *key;
    void *base;
    unsigned char *p;
    size_t bytes;
};

fiber host_fiber;
fiber *pool[MAX_THREADS];
fiber *ready[MAX_THREADS];
copies copy_of[MAX_THREADS];
warp warps[MAX_THREADS / 32];
unsigned n_ready, n_threads, n_live, n_at_barrier, votes, vote_result;
bool faulted;
place barrier_place;
const char *kernel_name;
const std::function<void()> *body;
unsigned char *dynamic_memory;
size_t dynamic_bytes;
std::vector<static_array> statics;

/* ---- switching stacks */

#if defined(__x86_64__) && !defined(SOFTGPU_UCONTEXT)
extern "C" void softgpu_switch(void **save, void *load);
asm(R"(
.text
.hidden softgpu_switch
.globl softgpu_switch
.type softgpu_switch,@function
softgpu_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size softgpu_switch,.-softgpu_switch
)");

void prepare_stack(fiber *f, void (*entry)())
{
    /* tops at different cache sets: stacks are a multiple of a page apart */
    char *top = (char *)f->stack + f->stack_bytes - (f->linear * 5 % 64) * 64;
    void **at = (void **)top - 8;
    memset(at, 0, 64);
    at[6] = (void *)entry; /* below it six registers, above it the caller's address: none */
    f->stack_pointer = at;
}

void swap(fiber *from, fiber *to)
{
    softgpu_switch(&from->stack_pointer, to->stack_pointer);
}
#else
#    include <ucontext.h>

ucontext_t *context(fiber *f)
{
    if (!f->stack_pointer) f->stack_pointer = new ucontext_t();
    return (ucontext_t *)f->stack_pointer;
}

void prepare_stack(fiber *f, void (*entry)())
{
    ucontext_t *c = context(f);
    getcontext(c);
    c->uc_stack.ss_sp = f->stack;
    c->uc_stack.ss_size = f->stack_bytes;
    c->uc_link = nullptr;
    makecontext(c, entry, 0);
}

void swap(fiber *from, fiber *to)
{
    swapcontext(context(from), context(to));
}
#endif

fiber *came_from;

void arrived()
{
#ifdef SOFTGPU_ASAN
    const void *bottom;
    size_t bytes;
    __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &bytes);
    if (came_from == &host_fiber) {
        host_fiber.stack = (void *)bottom;
        host_fiber.stack_bytes = bytes;
    }
#endif
}

void switch_to(fiber *to)
{
    fiber *from = self;
#ifdef SOFTGPU_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_bytes);
#endif
    came_from = from;
    self = to;
    swap(from, to);
    arrived();
}

/* ---- pseudo-random order */

uint64_t random_state;

uint64_t random_bits()
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* start, start + step, ... modulo n visits every number below n once. */
struct permutation {
    uint64_t n, at, step;
    explicit permutation(uint64_t count) : n(count), at(0), step(1)
    {
        if (n < 2 || seed() == 0) return;
        at = random_bits() % n;
        do step = 1 + random_bits() % n;
        while (std::gcd(step, n) != 1);
    }
    uint64_t next()
    {
        uint64_t v = at;
        at = (at + step) % n;
        return v;
    }
};

unsigned n_idle; /* times in a row that a thread let others run and nothing else happened */

void make_ready(fiber *f)
{
    n_idle = 0;
    f->state = FIBER_READY;
    ready[n_ready++] = f;
}

/* ---- waiting */

/* Lets others run until somebody makes this thread ready. */
void suspend()
{
    fiber *next = n_ready ? ready[--n_ready] : &host_fiber;
    if (next != self) switch_to(next);
}

void release_barrier()
{
    permutation order(n_threads);
    vote_result = votes;
    n_at_barrier = votes = 0;
    for (unsigned i = 0; i < n_threads; i++) {
        fiber *f = pool[order.next()];
        if (f->state == FIBER_AT_BARRIER) make_ready(f);
    }
}

bool same_operation(const fiber *a, const fiber *b)
{
    return a->mask == b->mask && a->function == b->function && a->where.line == b->where.line;
}

/* Completes the operation that `f` waits in if all live lanes of its mask wait in the same one. */
void try_warp(fiber *f)
{
    warp *w = &warps[f->linear / 32];
    unsigned need = f->mask & w->alive;
    if ((w->waiting & need) != need) return;
    fiber *some[32] = {};
    fiber **all = &pool[f->linear / 32 * 32], **lane = need == ~0u ? all : some;
    for (unsigned rest = w->mixed || lane == some ? need : 0; rest; rest &= rest - 1) {
        int i = __builtin_ctz(rest);
        if (!same_operation(all[i], f)) return;
        some[i] = all[i];
    }
    f->function(lane);
    w->waiting &= ~need;
    unsigned turn = seed() ? (unsigned)random_bits() : 0, step = seed() & 2 ? 31 : 1;
    for (unsigned i = 0; i < 32; i++, turn += step)
        if (lane[turn % 32]) make_ready(lane[turn % 32]);
}

void finish()
{
    n_idle = 0;
    copies *c = &copy_of[self->linear];
    if (!c->pending.empty()) fault("a thread returned without waiting for its asynchronous copies");
    self->state = FIBER_DONE;
    n_live--;
    warp *w = &warps[self->linear / 32];
    w->alive &= ~(1u << self->linear % 32);
    for (unsigned rest = w->waiting; rest; rest = rest & (rest - 1) & w->waiting)
        try_warp(pool[self->linear / 32 * 32 + (unsigned)__builtin_ctz(rest)]);
    if (n_live && n_at_barrier == n_live) release_barrier();
}

void fiber_main()
{
    arrived();
    for (;;) {
        (*body)();
        finish();
        suspend();
    }
}

void reset_fiber(fiber *f)
{
#ifdef SOFTGPU_ASAN
    __asan_unpoison_memory_region(f->stack, f->stack_bytes);
    f->fake_stack = nullptr;
#endif
    copy_of[f->linear] = copies();
    f->state = FIBER_DONE;
    prepare_stack(f, fiber_main);
}

fiber *get_fiber(unsigned i)
{
    if (pool[i]) return pool[i];
    fiber *f = new fiber();
    void *p = mmap(nullptr, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) abort();
    mprotect(p, GUARD_BYTES, PROT_NONE);
    f->linear = i;
    f->stack = (char *)p + GUARD_BYTES;
    f->stack_bytes = STACK_BYTES;
    reset_fiber(f);
    return pool[i] = f;
}

/* ---- reports */

void say(const char *format, va_list arguments)
{
    fprintf(stderr, "softgpu: error: kernel %s, block (%u,%u,%u): ", kernel_name, now.index.x, now.index.y,
            now.index.z);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void say_where_threads_are()
{
    std::map<std::string, std::vector<unsigned>> where;
    for (unsigned i = 0; i < n_threads; i++) {
        fiber *f = pool[i];
        char mask[24] = "";
        if (f->state == FIBER_IN_WARP_OP) snprintf(mask, sizeof mask, " mask %08x", f->mask);
        std::string key = "have returned";
        if (f->state != FIBER_DONE)
            key = std::string("wait in ") + f->what + mask + " at " + f->where.file + ":" +
                  std::to_string(f->where.line);
        where[key].push_back(i);
    }
    for (const auto &[key, threads] : where)
        fprintf(stderr, "softgpu:   %zu threads (%u..%u) %s\n", threads.size(), threads.front(),
                threads.back(), key.c_str());
}

void deadlock()
{
    fprintf(
        stderr,
        "softgpu: error: kernel %s, block (%u,%u,%u): a barrier or warp operation that some threads miss\n",
        kernel_name, now.index.x, now.index.y, now.index.z);
    say_where_threads_are();
    faulted = true;
}

/* ---- blocks */

void start_block()
{
    permutation order(n_threads);
    n_live = n_threads;
    n_ready = n_at_barrier = votes = n_idle = 0;
    forget_phases();
    for (unsigned i = 0; i < n_threads; i++) {
        fiber *f = get_fiber(i);
        f->index = {i % now.block.x, i / now.block.x % now.block.y, i / now.block.x / now.block.y};
        if (i % 32 == 0)
            warps[i / 32] = {n_threads - i >= 32 ? ~0u : (1u << (n_threads - i)) - 1, 0, nullptr, false};
    }
    for (unsigned i = 0; i < n_threads; i++) make_ready(pool[order.next()]);
    memset(dynamic_memory, 0xff, dynamic_bytes);
    for (const static_array &a : statics) memset(a.p, 0xff, a.bytes);
}

void run_block()
{
    start_block();
    while (n_ready && !faulted) switch_to(ready[--n_ready]);
    if (n_live && !faulted) deadlock();
    if (faulted)
        for (unsigned i = 0; i < n_threads; i++) reset_fiber(pool[i]);
}

} // namespace

uint64_t seed()
{
    static const uint64_t value = getenv("SOFTGPU_SEED") ? strtoull(getenv("SOFTGPU_SEED"), nullptr, 10) : 1;
    return value;
}

void fault(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    faulted = true;
    switch_to(&host_fiber);
    abort();
}

bool run_kernel(const configuration &c, const char *name, const std::function<void()> &f)
{
    if (random_state == 0) random_state = seed() * 2 + 1;
    kernel_name = name;
    body = &f;
    faulted = false;
    now = {c.grid, c.block, {0, 0, 0}};
    n_threads = c.block.x * c.block.y * c.block.z;
    dynamic_bytes = c.bytes;
    if (posix_memalign((void **)&dynamic_memory, 16, c.bytes)) abort();
    self = &host_fiber;
    uint64_t n_blocks = (uint64_t)c.grid.x * c.grid.y * c.grid.z;
    permutation order(n_blocks);
    for (uint64_t i = 0; i < n_blocks && !faulted; i++) {
        uint64_t b = order.next();
        now.index = {(unsigned)(b % c.grid.x), (unsigned)(b / c.grid.x % c.grid.y),
                     (unsigned)(b / c.grid.x / c.grid.y)};
        run_block();
    }
    for (const static_array &a : statics) free(a.base);
    statics.clear();
    free(dynamic_memory);
    return !faulted;
}

void *dynamic_shared()
{
    return dynamic_memory;
}

void *static_shared(const void *key, size_t bytes, size_t align)
{
    size_t all = bytes;
    for (const static_array &a : statics) {
        if (a.key == key) return a.p;
        all += a.bytes;
    }
    if (all > STATIC_SHARED_MAX)
        fault("%zu bytes of static shared memory: at most %zu", all, STATIC_SHARED_MAX);
    if (all + dynamic_bytes > DYNAMIC_SHARED_MAX)
        fault("%zu bytes of shared memory: at most %zu", all + dynamic_bytes, DYNAMIC_SHARED_MAX);
    /* no better aligned than its type asks, so that a wider access is seen */
    size_t shift = align < 16 ? align : 0;
    static_array a = {key, nullptr, nullptr, bytes};
    if (posix_memalign(&a.base, align < 16 ? 16 : align, bytes + shift)) abort();
    a.p = (unsigned char *)a.base + shift;
    memset(a.p, 0xff, bytes);
    statics.push_back(a);
    return a.p;
}

unsigned barrier(const char *what, place at, unsigned vote)
{
    if (n_at_barrier == 0) barrier_place = at;
    self->what = what;
    self->where = at;
    self->state = FIBER_AT_BARRIER;
    if (at.line != barrier_place.line || strcmp(at.file, barrier_place.file) != 0) {
        fprintf(stderr, "softgpu: error: kernel %s: threads of one block meet at different barriers\n",
                kernel_name);
        say_where_threads_are();
        fault("%s at %s:%d and at %s:%d", what, barrier_place.file, barrier_place.line, at.file, at.line);
    }
    votes += vote;
    if (++n_at_barrier == n_live) release_barrier();
    suspend();
    return vote_result;
}

void progress()
{
    n_idle = 0;
}

void let_others_run(const char *what, place at)
{
    self->what = what;
    self->where = at;
    if (++n_idle > 3 * n_threads + 64) {
        self->state = FIBER_READY;
        deadlock();
        switch_to(&host_fiber);
    }
    for (unsigned i = n_ready++; i > 0; i--) ready[i] = ready[i - 1];
    ready[0] = self;
    suspend();
}

void warp_operation(const char *what, place at, unsigned mask, warp_function function)
{
    unsigned lane = self->linear % 32;
    if (!(mask >> lane & 1))
        fault("%s at %s:%d: lane %u is not in its own mask %08x", what, at.file, at.line, lane, mask);
    self->what = what;
    self->where = at;
    self->mask = mask;
    self->function = function;
    self->state = FIBER_IN_WARP_OP;
    warp *w = &warps[self->linear / 32];
    if (w->waiting == 0) w->first = self, w->mixed = false;
    if (!same_operation(self, w->first)) w->mixed = true;
    w->waiting |= 1u << lane;
    try_warp(self);
    suspend();
}

unsigned live_lanes()
{
    return warps[self->linear / 32].alive;
}

void async_copy(void *to, const void *from, bool valid)
{
    if ((uintptr_t)to % 16 || (valid && (uintptr_t)from % 16))
        fault("an asynchronous copy of 16 bytes from %p to %p: both must be aligned", from, to);
    copies *c = &copy_of[self->linear];
    c->pending.push_back({(unsigned char *)to, (const unsigned char *)from, valid, c->group});
    memset(to, 0xff, 16);
}

void async_commit()
{
    copy_of[self->linear].group++;
}

void async_wait(unsigned but_newest)
{
    copies *c = &copy_of[self->linear];
    size_t kept = 0;
    for (const pending_copy &p : c->pending) {
        if (p.group + but_newest >= c->group)
            c->pending[kept++] = p;
        else if (p.valid)
            memcpy(p.to, p.from, 16);
        else
            memset(p.to, 0, 16);
    }
    c->pending.resize(kept);
}

/* ---- what warp operations compute */

void warp_nothing(fiber *const *) {}

void warp_shuffle(fiber *const *lane)
{
    for (int i = 0; i < 32; i++) {
        int source;
        if (!lane[i]) continue;
        memcpy(&source, lane[i]->in + 16, sizeof source);
        if (source >= 0 && source < 32 && lane[source])
            memcpy(lane[i]->out, lane[source]->in, 16);
        else
            memset(lane[i]->out, 0xff, 16);
    }
}

void warp_ballot(fiber *const *lane)
{
    unsigned all = 0, bit;
    for (int i = 0; i < 32; i++) {
        if (!lane[i]) continue;
        memcpy(&bit, lane[i]->in, sizeof bit);
        all |= bit << i;
    }
    for (int i = 0; i < 32; i++)
        if (lane[i]) memcpy(lane[i]->out, &all, sizeof all);
}

void warp_match(fiber *const *lane)
{
    for (int i = 0; i < 32; i++) {
        unsigned equal = 0;
        if (!lane[i]) continue;
        for (int j = 0; j < 32; j++)
            equal |= (unsigned)(lane[j] && memcmp(lane[i]->in, lane[j]->in, 8) == 0) << j;
        memcpy(lane[i]->out, &equal, sizeof equal);
    }
}

} // namespace softgpu
