/* What the tests of the CUDA device made of the CPU check by. */
#ifndef SOFTGPU_CHECKS_H
#define SOFTGPU_CHECKS_H

#include <cuda_runtime.h>

#include <string>
#include <unistd.h>
#include <vector>

extern int failures;
extern "C" long softgpu_live_allocations();

/* Of test_softgpu_host.cu */
void streams_are_queues();
void memory_is_counted_and_can_fail();
void two_devices_run_at_once();
void libraries_compute();

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                           \
            failures++;                                                                                      \
        }                                                                                                    \
    } while (0)
#define OK(call) CHECK((call) == cudaSuccess)

/* What is written to stderr between begin and end. */
struct captured {
    int saved, pipe_of[2];
    captured()
    {
        fflush(stderr);
        saved = dup(2);
        if (pipe(pipe_of)) abort();
        dup2(pipe_of[1], 2);
    }
    std::string text()
    {
        char buffer[8192];
        fflush(stderr);
        dup2(saved, 2);
        close(saved);
        close(pipe_of[1]);
        ssize_t n = read(pipe_of[0], buffer, sizeof buffer);
        close(pipe_of[0]);
        return std::string(buffer, n > 0 ? (size_t)n : 0);
    }
    bool says(const char *what)
    {
        std::string all = text();
        bool found = all.find(what) != std::string::npos;
        if (!found) printf("\"%s\" is not in \"%s\"\n", what, all.c_str());
        return found;
    }
};

template <class T> struct array {
    T *p = nullptr;
    size_t n;
    explicit array(size_t count) : n(count)
    {
        OK(cudaMalloc(&p, n * sizeof(T)));
    }
    explicit array(const std::vector<T> &v) : array(v.size())
    {
        OK(cudaMemcpy(p, v.data(), n * sizeof(T), cudaMemcpyHostToDevice));
    }
    ~array()
    {
        cudaFree(p);
    }
    std::vector<T> get()
    {
        std::vector<T> v(n);
        OK(cudaDeviceSynchronize());
        OK(cudaMemcpy(v.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost));
        return v;
    }
};

#endif
