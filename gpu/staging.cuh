/* Large host arrays: loops over them on several host threads, and copies through pinned buffers. */
#ifndef AISLE_GPU_STAGING_CUH
#define AISLE_GPU_STAGING_CUH

#include <atomic>
#include <functional>

#include "gpu/device.cuh"

namespace aisle
{

/* Runs work(begin, end) over 0 .. n in equal pieces of at least `least`, at once, each on a host thread; at
 * most 1/share of the machine's threads, and 16. work must not throw. Returns when all are done. */
void in_threads(int64_t n, int64_t least, int32_t share, const std::function<void(int64_t, int64_t)> &work);
/* memcpy by that. */
void copy_in_threads(void *to, const void *from, int64_t bytes, int32_t share);

/* For what those threads find. */
inline void keep_smallest(std::atomic<int64_t> &smallest, int64_t v)
{
    int64_t seen = smallest;
    while (v < seen && !smallest.compare_exchange_weak(seen, v)) {
    }
}

/* n_rows rows of `width` bytes, `pitch` bytes apart. */
struct host_rows {
    void *data;
    int64_t pitch;
};
struct device_rows {
    void *data;
    int64_t pitch;
};

/* Copies rows to the part or back on g.stream. Returns when the host side may be used again. What lies between
 * width and the device's pitch keeps its zeros. `share` as above.
 *
 * The driver copies pageable memory through a buffer of its own with one thread; from a size on it is worth
 * filling two pinned buffers with several, while the other is under way. */
struct rows_copy {
    device_rows device;
    host_rows host;
    int64_t width, n_rows;
    int32_t share;
};
aisle_status copy_to_part(gpu &g, const rows_copy &c, const char *what, aisle_error *err);
aisle_status copy_from_part(gpu &g, const rows_copy &c, const char *what, aisle_error *err);

} // namespace aisle
#endif
