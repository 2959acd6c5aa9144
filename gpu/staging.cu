/* Host threads and pinned buffers for large copies. */
#include "gpu/staging.cuh"

#include <algorithm>
#include <cstring>
#include <exception>
#include <thread>

namespace aisle
{

/* Two pinned buffers of this size cost some 20 ms to make; copies below eight times as much go without. */
#ifndef AISLE_STAGE_BYTES
#    define AISLE_STAGE_BYTES (32 << 20)
#endif
enum : int64_t { STAGE_BYTES = AISLE_STAGE_BYTES, STAGE_FROM = 8 * STAGE_BYTES, MAX_THREADS = 16 };

void in_threads(int64_t n, int64_t least, int32_t share, const std::function<void(int64_t, int64_t)> &work)
{
    int64_t cores = (int64_t)std::thread::hardware_concurrency() / std::max(share, 1);
    int64_t pieces =
        std::max<int64_t>(1, std::min({cores, (int64_t)MAX_THREADS, n / std::max<int64_t>(least, 1)}));
    std::thread threads[MAX_THREADS];
    for (int64_t i = 1; i < pieces; i++) {
        int64_t begin = n / pieces * i, end = i + 1 < pieces ? n / pieces * (i + 1) : n;
        try {
            threads[i] = std::thread([&work, begin, end] { work(begin, end); });
        } catch (const std::exception &) {
            work(begin, end); /* no thread to be had */
        }
    }
    work(0, pieces > 1 ? n / pieces : n);
    for (int64_t i = 1; i < pieces; i++)
        if (threads[i].joinable()) threads[i].join();
}

void copy_in_threads(void *to, const void *from, int64_t bytes, int32_t share)
{
    in_threads(bytes, 4 << 20, share, [=](int64_t begin, int64_t end) {
        memcpy((char *)to + begin, (const char *)from + begin, (size_t)(end - begin));
    });
}

namespace
{

struct stage {
    gpu &g;
    char *pinned[2] = {};
    cudaEvent_t done[2] = {};
    bool ready = false;
    stage(gpu &of, int64_t bytes) : g(of)
    {
        ready = true;
        for (int i = 0; i < 2 && ready; i++)
            ready = cudaHostAlloc((void **)&pinned[i], (size_t)bytes, cudaHostAllocDefault) == cudaSuccess &&
                    cudaEventCreateWithFlags(&done[i], cudaEventDisableTiming) == cudaSuccess;
        if (!ready) (void)cudaGetLastError();
    }
    ~stage()
    {
        if (ready) cudaStreamSynchronize(g.stream); /* after a failure copies may be under way */
        for (int i = 0; i < 2; i++) {
            if (done[i]) cudaEventDestroy(done[i]);
            if (pinned[i]) cudaFreeHost(pinned[i]);
        }
    }
    stage(const stage &) = delete;
    stage &operator=(const stage &) = delete;
};

/* Arrays without gaps on either side are cut anywhere. */
rows_copy cut_small(rows_copy c)
{
    if (c.device.pitch != c.width || c.host.pitch != c.width) return c;
    c.n_rows *= c.width;
    c.width = c.device.pitch = c.host.pitch = 1;
    return c;
}

aisle_status copy_plain(gpu &g, const rows_copy &c, bool to_part, const char *what, aisle_error *err)
{
    void *to = to_part ? c.device.data : c.host.data;
    const void *from = to_part ? c.host.data : c.device.data;
    size_t to_pitch = (size_t)(to_part ? c.device.pitch : c.host.pitch);
    size_t from_pitch = (size_t)(to_part ? c.host.pitch : c.device.pitch);
    cudaMemcpyKind kind = to_part ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost;
    if (c.n_rows == 0 || c.width == 0) return AISLE_OK;
    AISLE_CUDA(to_pitch == from_pitch && (int64_t)to_pitch == c.width /* one array, of any length */
                   ? cudaMemcpyAsync(to, from, (size_t)(c.width * c.n_rows), kind, g.stream)
                   : cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, (size_t)c.width, (size_t)c.n_rows,
                                       kind, g.stream),
               what);
    return check(cudaStreamSynchronize(g.stream), what, err);
}

/* Rows first .. first + n between the host and a pinned buffer that has the device's pitch. */
void pack(const rows_copy &c, char *pinned, int64_t first, int64_t n, bool to_part)
{
    char *host = (char *)c.host.data + first * c.host.pitch;
    if (c.device.pitch == 1) {
        copy_in_threads(to_part ? pinned : host, to_part ? host : pinned, n, c.share);
        return;
    }
    in_threads(n, std::max<int64_t>(1, (4 << 20) / c.width), c.share, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; r++) {
            char *h = host + r * c.host.pitch, *p = pinned + r * c.device.pitch;
            memcpy(to_part ? p : h, to_part ? h : p, (size_t)c.width);
        }
    });
}

} // namespace

aisle_status copy_to_part(gpu &g, const rows_copy &copy, const char *what, aisle_error *err)
{
    rows_copy c = cut_small(copy);
    int64_t chunk = STAGE_BYTES / c.device.pitch;
    if (c.n_rows * c.device.pitch < STAGE_FROM || chunk < 1) return copy_plain(g, copy, true, what, err);
    stage s(g, STAGE_BYTES);
    if (!s.ready) return copy_plain(g, copy, true, what, err);
    for (int i = 0; i < 2; i++) memset(s.pinned[i], 0, STAGE_BYTES); /* the gaps stay zero */
    for (int64_t first = 0, k = 0; first < c.n_rows; first += chunk, k ^= 1) {
        int64_t n = std::min(chunk, c.n_rows - first);
        AISLE_CUDA(cudaEventSynchronize(s.done[k]), what);
        pack(c, s.pinned[k], first, n, true);
        AISLE_CUDA(cudaMemcpyAsync((char *)c.device.data + first * c.device.pitch, s.pinned[k],
                                   (size_t)(n * c.device.pitch), cudaMemcpyHostToDevice, g.stream),
                   what);
        AISLE_CUDA(cudaEventRecord(s.done[k], g.stream), what);
    }
    return check(cudaStreamSynchronize(g.stream), what, err);
}

aisle_status copy_from_part(gpu &g, const rows_copy &copy, const char *what, aisle_error *err)
{
    rows_copy c = cut_small(copy);
    int64_t chunk = STAGE_BYTES / c.device.pitch, chunks;
    if (c.n_rows * c.device.pitch < STAGE_FROM || chunk < 1) return copy_plain(g, copy, false, what, err);
    stage s(g, STAGE_BYTES);
    if (!s.ready) return copy_plain(g, copy, false, what, err);
    chunks = (c.n_rows + chunk - 1) / chunk;
    for (int64_t k = 0; k <= chunks; k++) {
        if (k < chunks) {
            int64_t first = k * chunk, n = std::min(chunk, c.n_rows - first);
            AISLE_CUDA(cudaMemcpyAsync(s.pinned[k & 1], (char *)c.device.data + first * c.device.pitch,
                                       (size_t)(n * c.device.pitch), cudaMemcpyDeviceToHost, g.stream),
                       what);
            AISLE_CUDA(cudaEventRecord(s.done[k & 1], g.stream), what);
        }
        if (k > 0) {
            int64_t first = (k - 1) * chunk, n = std::min(chunk, c.n_rows - first);
            AISLE_CUDA(cudaEventSynchronize(s.done[(k - 1) & 1]), what);
            pack(c, s.pinned[(k - 1) & 1], first, n, false);
        }
    }
    return check(cudaStreamSynchronize(g.stream), what, err);
}

} // namespace aisle
