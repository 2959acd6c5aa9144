/* Barriers of some threads, phases, bulk copies and products of warpgroups; see softgpu_phases.h. */
#include "softgpu_internal.h"
#include "softgpu_mma.h"

#include <vector>

namespace softgpu
{

namespace
{

struct some {
    int threads, arrived;
    unsigned turn;
};

struct bulk {
    unsigned char *to;
    const unsigned char *from;
    unsigned bytes;
    phase *p;
};

some barriers[16];
std::vector<bulk> pending;

void end_if_complete(phase *p)
{
    if (p->missing > 0 || p->bytes / 2 > 0) return;
    p->missing = p->count;
    p->bytes ^= 1;
    progress();
}

/* All of a phase's copies come at once. */
void deliver(phase *p)
{
    size_t kept = 0;
    for (const bulk &b : pending) {
        if (b.p != p) {
            pending[kept++] = b;
            continue;
        }
        memcpy(b.to, b.from, b.bytes);
        p->bytes -= (int32_t)(2 * b.bytes);
    }
    pending.resize(kept);
    end_if_complete(p);
}

} // namespace

void forget_phases()
{
    for (some &b : barriers) b = {0, 0, 0};
    pending.clear();
}

void some_barrier(int id, int threads, bool wait, place at)
{
    if (id < 1 || id > 15 || threads % 32) fault("barrier %d of %d threads", id, threads);
    some *b = &barriers[id];
    if (b->arrived > 0 && b->threads != threads)
        fault("barrier %d is of %d threads for some and of %d for others", id, b->threads, threads);
    b->threads = threads;
    unsigned turn = b->turn;
    progress();
    if (++b->arrived == threads) b->arrived = 0, b->turn++;
    while (wait && b->turn == turn) let_others_run("a barrier of some threads", at);
}

void phase_arrive(phase *p, unsigned bytes)
{
    if (p->missing == 0 || p->missing > p->count) fault("an arrival too many at a phase");
    p->missing--;
    p->bytes += (int32_t)(2 * bytes);
    progress();
    if (bytes == 0) end_if_complete(p);
}

void phase_wait(phase *p, unsigned parity, place at)
{
    while ((unsigned)(p->bytes & 1) == (parity & 1)) {
        deliver(p);
        if ((unsigned)(p->bytes & 1) == (parity & 1)) let_others_run("a phase", at);
    }
}

void bulk_copy(void *to, const void *from, unsigned bytes, phase *p)
{
    if ((uintptr_t)to % 16 || (uintptr_t)from % 16 || bytes % 16)
        fault("a bulk copy of %u bytes from %p to %p: all must be multiples of 16", bytes, from, to);
    memset(to, 0xff, bytes);
    pending.push_back({(unsigned char *)to, (const unsigned char *)from, bytes, p});
    phase_arrive(p, bytes);
}

/* Columns 16 k .. of row r of a panel. */
static void read_row(const void *panel, int r, int k, float (&v)[16])
{
    for (int i = 0; i < 16; i++) {
        int piece = 2 * k + i / 8;
        uint16_t bits;
        memcpy(&bits, (const unsigned char *)panel + r * 128 + (piece ^ r % 8) * 16 + i % 8 * 2, 2);
        v[i] = from_bf16(bits);
    }
}

void panel_product(float (&d)[64], const void *a, const void *b, int k, bool add)
{
    if ((uintptr_t)a % 1024 || (uintptr_t)b % 1024) fault("a panel is not aligned to 1024 bytes");
    int lane = (int)self->linear % 32, warp = (int)self->linear / 32 % 4;
    float x[2][16], y[16];
    for (int h = 0; h < 2; h++) read_row(a, 16 * warp + 8 * h + lane / 4, k, x[h]);
    for (int n = 0; n < 32; n++) {
        read_row(b, n / 2 * 8 + lane % 4 * 2 + n % 2, k, y);
        for (int h = 0; h < 2; h++) {
            float *to = &d[n / 2 * 4 + 2 * h + n % 2];
            double sum = add ? (double)*to : 0;
            for (int i = 0; i < 16; i++) sum += (double)x[h][i] * (double)y[i];
            *to = (float)sum;
        }
    }
}

} // namespace softgpu
