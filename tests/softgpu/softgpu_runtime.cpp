/* Devices, streams and events of the CUDA device made of the CPU. Not memory (softgpu_memory.cpp), not the execution
 * of kernels (softgpu_exec.cpp).
 *
 * A stream is a queue. With an even SOFTGPU_SEED work is done as it is queued; with an odd one only when a
 * synchronisation, a blocking copy or a waited-for event asks for it, so that a missing one is seen. With 3, 7, 11 ... every
 * second stream works at once beside those that wait: a copy that does not wait for a buffer's last reader is seen. */
#include "softgpu_internal.h"

#include <chrono>
#include <cstdarg>
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>

struct CUstream_st {
    int device;
    bool blocking; /* takes part in the default stream's ordering */
    std::deque<std::function<void()>> work;
    uint64_t n_queued, n_done;
    bool busy;
    bool eager;
};

struct CUevent_st {
    std::shared_ptr<CUstream_st> stream; /* NULL = never recorded: complete */
    uint64_t after;
    std::shared_ptr<double> time_ms;
};

namespace softgpu
{

std::recursive_mutex api_lock;

namespace
{

constexpr int DEVICES_MAX = 16;

thread_local int device_now;
thread_local cudaError_t last_error;
cudaError_t fault_of[DEVICES_MAX];
bool peers[DEVICES_MAX][DEVICES_MAX];
std::map<cudaStream_t, std::shared_ptr<CUstream_st>> streams;
uint64_t n_streams; /* that have been made */
std::set<cudaEvent_t> events;
std::map<std::pair<int, const void *>, int> shared_limits; /* of a device's kernel */

int n_devices()
{
    static const int n = getenv("SOFTGPU_DEVICES") ? atoi(getenv("SOFTGPU_DEVICES")) : 2;
    return n < 0 ? 0 : n > DEVICES_MAX ? DEVICES_MAX : n;
}

bool is_default(cudaStream_t s)
{
    return s == nullptr || s == cudaStreamLegacy;
}

void drain(CUstream_st *s, uint64_t until)
{
    if (s->busy) return;
    s->busy = true;
    while (s->n_done < until && !s->work.empty()) {
        std::function<void()> work = std::move(s->work.front());
        s->work.pop_front();
        int before = device_now;
        device_now = s->device;
        work();
        device_now = before;
        s->n_done++;
    }
    s->busy = false;
}

/* What the legacy default stream waits for. */
void drain_blocking(int device)
{
    for (auto &[key, s] : streams)
        if (s->device == device && s->blocking) drain(s.get(), s->n_queued);
}

std::shared_ptr<CUstream_st> find_stream(cudaStream_t s)
{
    auto at = streams.find(s);
    return at == streams.end() ? nullptr : at->second;
}

double clock_ms()
{
    using namespace std::chrono;
    return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

} // namespace

cudaError_t set_error(cudaError_t e)
{
    if (e != cudaSuccess) last_error = e;
    return e;
}

cudaError_t after_work()
{
    return fault_of[device_now];
}

void drain_device(int device)
{
    for (auto &[key, s] : streams)
        if (s->device == device) drain(s.get(), s->n_queued);
}

void drain_for_blocking_call()
{
    drain_blocking(device_now);
}

int current_device()
{
    return device_now;
}

int device_count()
{
    return n_devices();
}

bool can_access(int device, int owner)
{
    return device == owner || peers[device][owner];
}

int device_of(cudaStream_t s)
{
    auto found = find_stream(s);
    return found ? found->device : device_now;
}

void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("softgpu: error: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work)
{
    guard hold(api_lock);
    if (is_default(stream)) {
        drain_blocking(device_now);
        work();
        return cudaSuccess;
    }
    auto s = find_stream(stream);
    if (!s) return set_error(cudaErrorInvalidResourceHandle);
    s->work.push_back(std::move(work));
    s->n_queued++;
    if (seed() % 2 == 0 || (seed() % 4 == 3 && s->eager)) drain(s.get(), s->n_queued);
    return cudaSuccess;
}

static cudaError_t check_launch(const configuration &c, const void *key)
{
    auto limit = shared_limits.find({device_now, key});
    size_t bytes = limit == shared_limits.end() ? STATIC_SHARED_MAX : (size_t)limit->second;
    uint64_t threads = (uint64_t)c.block.x * c.block.y * c.block.z;
    if (threads == 0 || threads > 1024 || c.block.x > 1024 || c.block.y > 1024 || c.block.z > 64)
        return cudaErrorInvalidConfiguration;
    if (c.grid.x == 0 || c.grid.y == 0 || c.grid.z == 0) return cudaErrorInvalidConfiguration;
    if (c.grid.x > INT_MAX || c.grid.y > 65535 || c.grid.z > 65535) return cudaErrorInvalidConfiguration;
    if (c.bytes > std::max(bytes, STATIC_SHARED_MAX)) return cudaErrorInvalidValue;
    if (!is_default(c.stream)) {
        auto s = find_stream(c.stream);
        if (!s || s->device != device_now) return cudaErrorInvalidResourceHandle;
    }
    return fault_of[device_now];
}

void launch(const configuration &c, const char *name, const void *key, std::function<void()> body)
{
    guard hold(api_lock);
    cudaError_t e = check_launch(c, key);
    if (e == cudaSuccess)
        e = enqueue(c.stream, [c, name, body = std::move(body), device = device_now] {
            if (fault_of[device] == cudaSuccess && !run_kernel(c, name, body))
                fault_of[device] = cudaErrorLaunchFailure;
        });
    set_error(e);
}

bool check_pointer(const char *name, const void *p)
{
    guard hold(api_lock);
    if (!p || on_device(p, 0, name)) return true;
    set_error(cudaErrorInvalidValue);
    return false;
}

cudaError_t function_attribute(const void *key, cudaFuncAttribute which, int value)
{
    guard hold(api_lock);
    if (which != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
    if (value < 0 || (size_t)value > DYNAMIC_SHARED_MAX) return set_error(cudaErrorInvalidValue);
    /* Allowed by a device, but the launch of another host thread may need what was there. */
    int &limit = shared_limits[{device_now, key}];
    if (value < limit) return set_error(cudaErrorInvalidValue);
    limit = value;
    return cudaSuccess;
}

cudaError_t function_attributes(cudaFuncAttributes *a, const void *key)
{
    guard hold(api_lock);
    auto limit = shared_limits.find({device_now, key});
    *a = {0, 0, 1024, 32, limit == shared_limits.end() ? (int)STATIC_SHARED_MAX : limit->second};
    return cudaSuccess;
}

cudaError_t occupancy(int *blocks, int threads, size_t shared_bytes)
{
    if (threads < 1 || threads > 1024) return set_error(cudaErrorInvalidValue);
    int by_threads = 2048 / ((threads + 31) / 32 * 32);
    int by_shared = (int)((DYNAMIC_SHARED_MAX + 1024) / (shared_bytes + 1024));
    *blocks = std::min(32, std::min(by_threads, by_shared));
    return cudaSuccess;
}

size_t device_memory()
{
    static const size_t bytes =
        getenv("SOFTGPU_MEMORY") ? strtoull(getenv("SOFTGPU_MEMORY"), nullptr, 10) : (size_t)1 << 30;
    return bytes;
}

} // namespace softgpu

using namespace softgpu;

/* ---- devices */

cudaError_t cudaGetDeviceCount(int *n)
{
    *n = device_count();
    return *n ? cudaSuccess : set_error(cudaErrorNoDevice);
}

cudaError_t cudaSetDevice(int device)
{
    if (device < 0 || device >= device_count()) return set_error(cudaErrorInvalidDevice);
    device_now = device;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
    *device = device_now;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device)
{
    if (device < 0 || device >= device_count()) return set_error(cudaErrorInvalidDevice);
    *p = cudaDeviceProp();
    snprintf(p->name, sizeof p->name, "softgpu");
    p->totalGlobalMem = device_memory();
    p->sharedMemPerBlock = STATIC_SHARED_MAX;
    p->sharedMemPerBlockOptin = DYNAMIC_SHARED_MAX;
    p->sharedMemPerMultiprocessor = DYNAMIC_SHARED_MAX + 1024;
    p->reservedSharedMemPerBlock = 1024;
    p->totalConstMem = 65536;
    p->regsPerBlock = p->regsPerMultiprocessor = 65536;
    p->warpSize = 32;
    p->maxThreadsPerBlock = 1024;
    p->maxThreadsPerMultiProcessor = 2048;
    p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
    p->maxThreadsDim[2] = 64;
    p->maxGridSize[0] = INT_MAX;
    p->maxGridSize[1] = p->maxGridSize[2] = 65535;
    p->major = getenv("SOFTGPU_MAJOR") ? atoi(getenv("SOFTGPU_MAJOR")) : 9;
    p->multiProcessorCount = 4;
    p->maxBlocksPerMultiProcessor = 32;
    p->l2CacheSize = 1 << 20;
    p->memoryBusWidth = 64;
    p->asyncEngineCount = p->concurrentKernels = p->unifiedAddressing = p->canMapHostMemory = 1;
    p->pciBusID = device;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr which, int device)
{
    cudaDeviceProp p;
    cudaError_t e = cudaGetDeviceProperties(&p, device);
    if (e != cudaSuccess) return e;
    switch (which) {
    case cudaDevAttrMaxThreadsPerBlock: *value = p.maxThreadsPerBlock; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = (int)p.sharedMemPerBlock; break;
    case cudaDevAttrWarpSize: *value = p.warpSize; break;
    case cudaDevAttrMultiProcessorCount: *value = p.multiProcessorCount; break;
    case cudaDevAttrL2CacheSize: *value = p.l2CacheSize; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = p.maxThreadsPerMultiProcessor; break;
    case cudaDevAttrComputeCapabilityMajor: *value = p.major; break;
    case cudaDevAttrComputeCapabilityMinor: *value = p.minor; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = (int)p.sharedMemPerMultiprocessor; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = (int)p.sharedMemPerBlockOptin; break;
    case cudaDevAttrMemoryPoolsSupported: *value = 1; break;
    default: return set_error(cudaErrorInvalidValue);
    }
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize()
{
    guard hold(api_lock);
    drain_device(device_now);
    return after_work();
}

cudaError_t cudaDeviceReset()
{
    guard hold(api_lock);
    drain_device(device_now);
    fault_of[device_now] = last_error = cudaSuccess;
    return cudaSuccess;
}

cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer)
{
    if (device < 0 || peer < 0 || device >= device_count() || peer >= device_count())
        return set_error(cudaErrorInvalidDevice);
    *can = device != peer;
    return cudaSuccess;
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags)
{
    guard hold(api_lock);
    if (flags) return set_error(cudaErrorInvalidValue);
    if (peer < 0 || peer >= device_count() || peer == device_now) return set_error(cudaErrorInvalidDevice);
    if (peers[device_now][peer]) return set_error(cudaErrorPeerAccessAlreadyEnabled);
    peers[device_now][peer] = true;
    return cudaSuccess;
}

cudaError_t cudaDeviceDisablePeerAccess(int peer)
{
    guard hold(api_lock);
    if (peer < 0 || peer >= device_count()) return set_error(cudaErrorInvalidDevice);
    if (!peers[device_now][peer]) return set_error(cudaErrorPeerAccessNotEnabled);
    peers[device_now][peer] = false;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

/* ---- errors */

cudaError_t cudaPeekAtLastError()
{
    guard hold(api_lock);
    return last_error != cudaSuccess ? last_error : fault_of[device_now];
}

cudaError_t cudaGetLastError()
{
    cudaError_t e = cudaPeekAtLastError();
    last_error = cudaSuccess; /* a fault stays, as on a device */
    return e;
}

static const struct {
    cudaError_t e;
    const char *name, *text;
} error_names[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorPeerAccessAlreadyEnabled, "cudaErrorPeerAccessAlreadyEnabled",
     "peer access is already enabled"},
    {cudaErrorPeerAccessNotEnabled, "cudaErrorPeerAccessNotEnabled", "peer access has not been enabled"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
};

const char *cudaGetErrorName(cudaError_t e)
{
    for (const auto &row : error_names)
        if (row.e == e) return row.name;
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t e)
{
    for (const auto &row : error_names)
        if (row.e == e) return row.text;
    return "unrecognized error code";
}

/* ---- streams and events */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags)
{
    guard hold(api_lock);
    if (flags > cudaStreamNonBlocking) return set_error(cudaErrorInvalidValue);
    auto made = std::make_shared<CUstream_st>(
        CUstream_st{device_now, !(flags & cudaStreamNonBlocking), {}, 0, 0, false, n_streams++ % 2 == 1});
    *s = made.get();
    streams[made.get()] = made;
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *s, unsigned flags, int)
{
    return cudaStreamCreateWithFlags(s, flags);
}

cudaError_t cudaStreamCreate(cudaStream_t *s)
{
    return cudaStreamCreateWithFlags(s, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    guard hold(api_lock);
    auto s = find_stream(stream);
    if (!s) return set_error(cudaErrorInvalidResourceHandle);
    drain(s.get(), s->n_queued);
    streams.erase(stream);
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    guard hold(api_lock);
    if (is_default(stream)) {
        drain_blocking(device_now);
        return after_work();
    }
    auto s = find_stream(stream);
    if (!s) return set_error(cudaErrorInvalidResourceHandle);
    drain(s.get(), s->n_queued);
    return set_error(fault_of[s->device]);
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    guard hold(api_lock);
    auto s = find_stream(stream);
    if (!s) return is_default(stream) ? after_work() : set_error(cudaErrorInvalidResourceHandle);
    if (s->n_done == s->n_queued) return fault_of[s->device];
    drain(s.get(), s->n_done + 1); /* a poll makes progress */
    return cudaErrorNotReady;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t s, cudaHostFn_t f, void *data)
{
    return enqueue(s, [f, data] { f(data); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned flags)
{
    guard hold(api_lock);
    if (flags > 7) return set_error(cudaErrorInvalidValue);
    *e = new CUevent_st{nullptr, 0, flags & cudaEventDisableTiming ? nullptr : std::make_shared<double>(-1)};
    events.insert(*e);
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *e)
{
    return cudaEventCreateWithFlags(e, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t e)
{
    guard hold(api_lock);
    if (!events.erase(e)) return set_error(cudaErrorInvalidResourceHandle);
    delete e;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t stream)
{
    guard hold(api_lock);
    if (!events.count(e)) return set_error(cudaErrorInvalidResourceHandle);
    auto s = find_stream(stream);
    if (!s && !is_default(stream)) return set_error(cudaErrorInvalidResourceHandle);
    if (s && s->device != device_now) return set_error(cudaErrorInvalidResourceHandle);
    e->stream = s;
    e->after = s ? s->n_queued + 1 : 0;
    return enqueue(stream, [time = e->time_ms] {
        if (time) *time = clock_ms();
    });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t e, unsigned)
{
    guard hold(api_lock);
    if (!events.count(e)) return set_error(cudaErrorInvalidResourceHandle);
    return enqueue(stream, [source = e->stream, after = e->after] {
        if (source) drain(source.get(), after);
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t e)
{
    guard hold(api_lock);
    if (!events.count(e)) return set_error(cudaErrorInvalidResourceHandle);
    if (e->stream) drain(e->stream.get(), e->after);
    return e->stream ? fault_of[e->stream->device] : cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t e)
{
    guard hold(api_lock);
    if (!events.count(e)) return set_error(cudaErrorInvalidResourceHandle);
    if (!e->stream || e->stream->n_done >= e->after) return cudaSuccess;
    drain(e->stream.get(), e->stream->n_done + 1);
    return cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to)
{
    guard hold(api_lock);
    if (!events.count(from) || !events.count(to) || !from->time_ms || !to->time_ms)
        return set_error(cudaErrorInvalidResourceHandle);
    if (*from->time_ms < 0 || *to->time_ms < 0) return set_error(cudaErrorNotReady);
    *ms = (float)(*to->time_ms - *from->time_ms);
    return cudaSuccess;
}
