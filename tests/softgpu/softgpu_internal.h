/* What the parts of the CUDA device made of the CPU share with each other and not with device code. */
#ifndef SOFTGPU_INTERNAL_H
#define SOFTGPU_INTERNAL_H

#include <functional>
#include <mutex>

#include "cuda_runtime.h"

namespace softgpu
{

constexpr size_t STATIC_SHARED_MAX = 48 << 10;   /* without cudaFuncSetAttribute */
constexpr size_t DYNAMIC_SHARED_MAX = 227 << 10; /* with it, as compute capability 9.0 */

/* SOFTGPU_SEED, 1 unless set; 0 = natural order. */
uint64_t seed();
/* Barriers and copies of softgpu_phases.cpp are those of one block. */
void forget_phases();
/* Runs all blocks; false after a fault, which has been reported. */
bool run_kernel(const configuration &c, const char *name, const std::function<void()> &body);

/* Held by every call of the API while it works. */
extern std::recursive_mutex api_lock;
using guard = std::lock_guard<std::recursive_mutex>;

/* Queues work on a stream, at once or as late as a synchronisation asks (odd seeds). */
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work);
/* Whether [p, p + bytes) lies in one allocation that the present device may read; says so on stderr if not. */
bool on_device(const void *p, size_t bytes, const char *what);
/* The device of a stream (NULL: the present one). */
int device_of(cudaStream_t stream);
int current_device();
int device_count();
size_t device_memory(); /* SOFTGPU_MEMORY, of each device */
bool can_access(int device, int owner);
/* Remembers e for cudaGetLastError, and returns it. */
cudaError_t set_error(cudaError_t e);
/* The present device's fault, if a kernel has had one. */
cudaError_t after_work();
void drain_device(int device);
/* What a blocking call waits for: the blocking streams of the present device. */
void drain_for_blocking_call();
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

} // namespace softgpu
#endif
