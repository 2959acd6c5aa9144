/* Device and pinned memory of the CUDA device made of the CPU: heap blocks in a register, so that AddressSanitizer sees
 * what lies outside them and copies can be checked. Fresh device memory is all 0xFF: NaN, or -1.
 *
 * Copies between the device and pinned memory are queued with the addresses; a pageable source is read at the call and a
 * pageable target written before it returns, as the run-time API promises. */
#include "softgpu_internal.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace softgpu
{
namespace
{

struct allocation {
    size_t bytes;
    int device; /* -1: pinned host memory */
    bool ours;
};

/* Freed by nobody, so that it is there as long as anything else. */
std::map<uintptr_t, allocation> &allocations()
{
    static auto *map = new std::map<uintptr_t, allocation>();
    return *map;
}

size_t used[16];

const allocation *find(const void *p, uintptr_t *base)
{
    auto at = allocations().upper_bound((uintptr_t)p);
    if (at == allocations().begin()) return nullptr;
    --at;
    if ((uintptr_t)p - at->first >= std::max<size_t>(at->second.bytes, 1)) return nullptr;
    if (base) *base = at->first;
    return &at->second;
}

size_t rounded(size_t bytes)
{
    return (bytes + 511) / 512 * 512;
}

struct leak_report {
    ~leak_report()
    {
        size_t n = 0, bytes = 0;
        for (const auto &[p, a] : allocations())
            if (a.ours) n++, bytes += a.bytes;
        if (n) fprintf(stderr, "softgpu: error: %zu allocations (%zu bytes) were never freed\n", n, bytes);
    }
} at_exit;

/* SOFTGPU_FAIL_MALLOC=N: the N-th allocation after the variable got this value fails; N+: all later ones too. */
bool must_fail()
{
    static std::string last;
    static long long n;
    const char *value = getenv("SOFTGPU_FAIL_MALLOC");
    if (!value) value = "";
    if (last != value) {
        last = value;
        n = 0;
    }
    if (!*value) return false;
    n++;
    return n == atoll(value) || (value[strlen(value) - 1] == '+' && n > atoll(value));
}

struct rectangle {
    char *to;
    size_t to_pitch;
    const char *from;
    size_t from_pitch, width, height;

    void copy() const
    {
        for (size_t y = 0; y < height; y++) memmove(to + y * to_pitch, from + y * from_pitch, width);
    }
    size_t span(size_t pitch) const
    {
        return width && height ? pitch * (height - 1) + width : 0;
    }
};

cudaError_t check_side(const void *p, size_t bytes, bool device, const char *what)
{
    if (bytes == 0) return cudaSuccess;
    const allocation *a = find(p, nullptr);
    if (device) return on_device(p, bytes, what) ? cudaSuccess : cudaErrorInvalidValue;
    if (a && a->device >= 0) {
        report("%s: %p is device memory, not the host's", what, p);
        return cudaErrorInvalidValue;
    }
    return !a || on_device(p, bytes, what) ? cudaSuccess : cudaErrorInvalidValue;
}

bool is_device(const void *p)
{
    const allocation *a = find(p, nullptr);
    return a && a->device >= 0;
}

cudaError_t copy(rectangle r, cudaMemcpyKind kind, cudaStream_t s, bool async)
{
    guard hold(api_lock);
    if (r.width > r.to_pitch || r.width > r.from_pitch)
        if (r.height > 1) return set_error(cudaErrorInvalidValue);
    if (kind == cudaMemcpyDefault)
        kind = is_device(r.to) ? (is_device(r.from) ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice)
                               : (is_device(r.from) ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost);
    bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    cudaError_t e = check_side(r.to, r.span(r.to_pitch), to_device, "cudaMemcpy, to");
    if (e == cudaSuccess) e = check_side(r.from, r.span(r.from_pitch), from_device, "cudaMemcpy, from");
    if (e != cudaSuccess) return set_error(e);
    if (r.width == 0 || r.height == 0) return cudaSuccess;
    if (!async) {
        drain_for_blocking_call();
        if (after_work() != cudaSuccess) return after_work();
        r.copy();
        return cudaSuccess;
    }
    if (!find(r.from, nullptr)) { /* pageable: staged now */
        auto stage = std::make_shared<std::vector<char>>(r.width * r.height);
        rectangle in = {stage->data(), r.width, r.from, r.from_pitch, r.width, r.height};
        in.copy();
        return enqueue(s, [r, stage] {
            rectangle out = {r.to, r.to_pitch, stage->data(), r.width, r.width, r.height};
            out.copy();
        });
    }
    e = enqueue(s, [r] { r.copy(); });
    return e == cudaSuccess && !find(r.to, nullptr) ? cudaStreamSynchronize(s) : e;
}

cudaError_t fill(void *p, size_t pitch, int value, size_t width, size_t height, cudaStream_t s, bool async)
{
    guard hold(api_lock);
    if (width == 0 || height == 0) return cudaSuccess;
    if (!on_device(p, pitch * (height - 1) + width, "cudaMemset")) return set_error(cudaErrorInvalidValue);
    auto work = [=] {
        for (size_t y = 0; y < height; y++) memset((char *)p + y * pitch, value, width);
    };
    if (async) return enqueue(s, work);
    drain_for_blocking_call();
    work();
    return cudaSuccess;
}

cudaError_t host_allocate(void **p, size_t bytes)
{
    guard hold(api_lock);
    *p = nullptr;
    if (bytes == 0) return cudaSuccess;
    if (must_fail() || posix_memalign(p, 256, bytes)) return set_error(cudaErrorMemoryAllocation);
    memset(*p, 0xff, bytes);
    allocations()[(uintptr_t)*p] = {bytes, -1, true};
    return cudaSuccess;
}

cudaError_t device_allocate(void **p, size_t bytes)
{
    int device = current_device();
    *p = nullptr;
    if (must_fail() || bytes > device_memory() || rounded(bytes) > device_memory() - used[device] ||
        posix_memalign(p, 256, bytes))
        return set_error(cudaErrorMemoryAllocation);
    used[device] += rounded(bytes);
    allocations()[(uintptr_t)*p] = {bytes, device, true};
    return cudaSuccess;
}

cudaError_t release(void *p, bool host, bool drain)
{
    guard hold(api_lock);
    if (!p) return cudaSuccess;
    auto at = allocations().find((uintptr_t)p);
    if (at == allocations().end() || (at->second.device < 0) != host || !at->second.ours) {
        report("%s: %p was not allocated so", host ? "cudaFreeHost" : "cudaFree", p);
        return set_error(cudaErrorInvalidValue);
    }
    for (int d = 0; drain && d < device_count(); d++)
        if (host || d == at->second.device) drain_device(d);
    if (!host) used[at->second.device] -= rounded(at->second.bytes);
    allocations().erase(at);
    free(p);
    return cudaSuccess;
}

} // namespace

bool on_device(const void *p, size_t bytes, const char *what)
{
    guard hold(api_lock);
    uintptr_t base = 0;
    const allocation *a = find(p, &base);
    if (!a && bytes == 0) { /* one past the end is a pointer too */
        a = find((const char *)p - 1, &base);
    }
    if (!a) {
        report("%s: %p is no device memory", what, p);
        return false;
    }
    size_t at = (uintptr_t)p - base;
    if (bytes > a->bytes - std::min(at, a->bytes)) {
        report("%s: %zu bytes at offset %zu of an allocation of %zu", what, bytes, at, a->bytes);
        return false;
    }
    if (a->device >= 0 && !can_access(current_device(), a->device)) {
        report("%s: memory of device %d on device %d, without peer access", what, a->device,
               current_device());
        return false;
    }
    return true;
}

} // namespace softgpu

using namespace softgpu;

/* How many allocations are live: for tests, found by dlsym. */
extern "C" __attribute__((visibility("default"))) long softgpu_live_allocations()
{
    guard hold(api_lock);
    long n = 0;
    for (const auto &[p, a] : allocations()) n += a.ours;
    return n;
}

cudaError_t cudaMalloc(void **p, size_t bytes)
{
    guard hold(api_lock);
    *p = nullptr;
    if (bytes == 0) return cudaSuccess;
    cudaError_t e = device_allocate(p, bytes);
    if (e == cudaSuccess) memset(*p, 0xff, bytes);
    return e;
}

cudaError_t cudaFree(void *p)
{
    return release(p, false, true);
}

/* The memory is there at once, but until the stream has come to this point a use of it is undone. */
cudaError_t cudaMallocAsync(void **p, size_t bytes, cudaStream_t s)
{
    guard hold(api_lock);
    *p = nullptr;
    if (bytes == 0) return cudaSuccess;
    cudaError_t e = device_allocate(p, bytes);
    if (e == cudaSuccess) e = enqueue(s, [to = *p, bytes] { memset(to, 0xff, bytes); });
    return e;
}

cudaError_t cudaFreeAsync(void *p, cudaStream_t s)
{
    return p ? enqueue(s, [p] { release(p, false, false); }) : cudaSuccess;
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device)
{
    if (device < 0 || device >= device_count()) return set_error(cudaErrorInvalidDevice);
    *pool = (cudaMemPool_t)(uintptr_t)(device + 1);
    return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void *)
{
    return cudaSuccess;
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr which, void *value)
{
    guard hold(api_lock);
    *(uint64_t *)value = which == cudaMemPoolAttrReleaseThreshold ? 0 : used[(uintptr_t)pool - 1];
    return cudaSuccess;
}

cudaError_t cudaMemPoolSetAccess(cudaMemPool_t, const cudaMemAccessDesc *, size_t)
{
    return cudaSuccess;
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t)
{
    return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned)
{
    return host_allocate(p, bytes);
}

cudaError_t cudaMallocHost(void **p, size_t bytes, unsigned)
{
    return host_allocate(p, bytes);
}

cudaError_t cudaFreeHost(void *p)
{
    return release(p, true, true);
}

cudaError_t cudaHostRegister(void *p, size_t bytes, unsigned)
{
    guard hold(api_lock);
    if (!p || bytes == 0 || find(p, nullptr)) return set_error(cudaErrorInvalidValue);
    allocations()[(uintptr_t)p] = {bytes, -1, false};
    return cudaSuccess;
}

cudaError_t cudaHostUnregister(void *p)
{
    guard hold(api_lock);
    auto at = allocations().find((uintptr_t)p);
    if (at == allocations().end() || at->second.ours) return set_error(cudaErrorInvalidValue);
    for (int d = 0; d < device_count(); d++) drain_device(d);
    allocations().erase(at);
    return cudaSuccess;
}

cudaError_t cudaHostGetDevicePointer(void **d, void *h, unsigned)
{
    *d = h;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *available, size_t *total)
{
    guard hold(api_lock);
    *total = device_memory();
    *available = *total - used[current_device()];
    return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *a, const void *p)
{
    guard hold(api_lock);
    const allocation *found = find(p, nullptr);
    *a = {cudaMemoryTypeUnregistered, -2, nullptr, (void *)p};
    if (!found) return cudaSuccess;
    bool device = found->device >= 0;
    *a = {device ? cudaMemoryTypeDevice : cudaMemoryTypeHost, device ? found->device : 0, (void *)p,
          device ? nullptr : (void *)p};
    return cudaSuccess;
}

cudaError_t cudaMemset(void *p, int value, size_t bytes)
{
    return fill(p, bytes, value, bytes, 1, nullptr, false);
}

cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t s)
{
    return fill(p, bytes, value, bytes, 1, s, true);
}

cudaError_t cudaMemset2D(void *p, size_t pitch, int value, size_t width, size_t height)
{
    return fill(p, pitch, value, width, height, nullptr, false);
}

cudaError_t cudaMemset2DAsync(void *p, size_t pitch, int value, size_t width, size_t height, cudaStream_t s)
{
    return fill(p, pitch, value, width, height, s, true);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    return copy({(char *)to, bytes, (const char *)from, bytes, bytes, 1}, kind, nullptr, false);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t s)
{
    return copy({(char *)to, bytes, (const char *)from, bytes, bytes, 1}, kind, s, true);
}

cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                         size_t height, cudaMemcpyKind kind)
{
    return copy({(char *)to, to_pitch, (const char *)from, from_pitch, width, height}, kind, nullptr, false);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t s)
{
    return copy({(char *)to, to_pitch, (const char *)from, from_pitch, width, height}, kind, s, true);
}

/* Copies between devices need no peer access: without it they are staged. */
cudaError_t cudaMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device, size_t bytes,
                                cudaStream_t s)
{
    guard hold(api_lock);
    const allocation *a = find(to, nullptr), *b = find(from, nullptr);
    if (bytes == 0) return cudaSuccess;
    if (!a || !b || a->device != to_device || b->device != from_device) {
        report("cudaMemcpyPeer: not memory of devices %d and %d", to_device, from_device);
        return set_error(cudaErrorInvalidValue);
    }
    return enqueue(s, [=] { memmove(to, from, bytes); });
}

cudaError_t cudaMemcpyPeer(void *to, int to_device, const void *from, int from_device, size_t bytes)
{
    drain_device(from_device);
    drain_device(to_device);
    return cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, nullptr);
}
