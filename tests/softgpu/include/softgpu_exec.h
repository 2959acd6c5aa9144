/* The execution model of the CUDA device made of the CPU: blocks one after the other, every thread of a block a
 * fiber. Not the run-time API (cuda_runtime.h) and not the built-in functions (softgpu_device.h). */
#ifndef SOFTGPU_EXEC_H
#define SOFTGPU_EXEC_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>

#include "softgpu_types.h"

typedef struct CUstream_st *cudaStream_t;

namespace softgpu
{

struct place {
    const char *file;
    int line;
};

enum fiber_state { FIBER_READY, FIBER_AT_BARRIER, FIBER_IN_WARP_OP, FIBER_DONE };

struct fiber;
/* Computes what a warp operation leaves in lane->out from all lane->in; lane[i] is NULL where i takes no part. */
typedef void (*warp_function)(fiber *const *lane);

struct fiber { /* one thread of the block that runs */
    uint3 index;
    unsigned linear;
    fiber_state state;
    place where; /* what it waits in */
    const char *what;
    unsigned mask;
    warp_function function;
    alignas(16) unsigned char in[64], out[64];
    void *stack_pointer, *stack, *fake_stack;
    size_t stack_bytes;
};

struct running { /* the block that runs */
    dim3 grid, block;
    uint3 index;
};

extern fiber *self;
extern running now;

void *dynamic_shared();
void *static_shared(const void *key, size_t bytes, size_t align);
/* All threads of the block that have not returned; `vote` is summed over them. */
unsigned barrier(const char *what, place at, unsigned vote);
/* All lanes of `mask` that have not returned, then `function` once. Operands in self->in, results in self->out. */
void warp_operation(const char *what, place at, unsigned mask, warp_function function);
unsigned live_lanes();
/* For threads that wait for something else in a loop: it is an error when nothing but that happens in all of them. Whoever
 * changes what is waited for says so. */
void let_others_run(const char *what, place at);
void progress();
/* Ends the kernel with an error. Does not return. */
[[noreturn]] void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* cp.async: the bytes of a group arrive when its own thread waits for it. */
void async_copy(void *to, const void *from, bool valid);
void async_commit();
void async_wait(unsigned but_newest);

struct configuration {
    dim3 grid, block;
    size_t bytes;
    cudaStream_t stream;
    configuration(dim3 g, dim3 b, size_t shared = 0, cudaStream_t s = nullptr)
        : grid(g), block(b), bytes(shared), stream(s)
    {
    }
};

/* Checks the launch, then queues it on its stream. Errors are left for cudaGetLastError. */
void launch(const configuration &c, const char *name, const void *key, std::function<void()> body);
/* Says on stderr that `p` is no memory of this device, and returns false. */
bool check_pointer(const char *name, const void *p);

template <class... P> struct launcher {
    void (*function)(P...);
    const char *name;
    configuration config;

    template <class T> bool checked(const T &v) const
    {
        if constexpr (std::is_pointer_v<T>)
            if constexpr (!std::is_function_v<std::remove_pointer_t<T>>) return check_pointer(name, v);
        (void)v;
        return true;
    }
    void operator()(P... p) const
    {
        if (!(checked(p) && ... && true)) return;
        auto body = [f = function, arguments = std::tuple<P...>(p...)] { std::apply(f, arguments); };
        launch(config, name, (const void *)function, body);
    }
};

template <class... P> launcher<P...> kernel(void (*f)(P...), const char *name, const configuration &c)
{
    return {f, name, c};
}

} // namespace softgpu
#endif
