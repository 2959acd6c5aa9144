/* Tensor-core products and the loading of their fragments for a whole warp; layouts in softgpu_mma.h. */
#include "softgpu_mma.h"

namespace softgpu
{
namespace
{

struct registers {
    float d[4];
    uint32_t a[4], b[2];
};

/* The registers of all 32 lanes; a warp that is not whole cannot do this. */
void gather(fiber *const *lane, registers *r)
{
    for (int i = 0; i < 32; i++) {
        if (!lane[i]) fault("a matrix operation by a warp without its lane %d", i);
        memcpy(&r[i], lane[i]->in, sizeof r[i]);
    }
}

/* Rows of eight doubles: the compiler makes vectors of them. */
template <int K>
void multiply(fiber *const *lane, registers *r, const float (&a)[16][K], const double (&b)[K][8])
{
    double d[16][8];
    for (int l = 0; l < 32; l++)
        for (int i = 0; i < 4; i++) d[l / 4 + 8 * (i / 2)][2 * (l % 4) + i % 2] = r[l].d[i];
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < K; k++) {
            double left = a[row][k];
            for (int j = 0; j < 8; j++) d[row][j] += left * b[k][j];
        }
    for (int l = 0; l < 32; l++) {
        for (int i = 0; i < 4; i++) r[l].d[i] = (float)d[l / 4 + 8 * (i / 2)][2 * (l % 4) + i % 2];
        memcpy(lane[l]->out, r[l].d, sizeof r[l].d);
    }
}

} // namespace

void warp_mma_tf32(fiber *const *lane)
{
    registers r[32];
    float a[16][8];
    double b[8][8];
    gather(lane, r);
    for (int l = 0; l < 32; l++) {
        for (int i = 0; i < 4; i++) a[l / 4 + 8 * (i % 2)][l % 4 + 4 * (i / 2)] = read_tf32(r[l].a[i]);
        for (int i = 0; i < 2; i++) b[l % 4 + 4 * i][l / 4] = read_tf32(r[l].b[i]);
    }
    multiply(lane, r, a, b);
}

void warp_mma_bf16(fiber *const *lane)
{
    registers r[32];
    float a[16][16];
    double b[16][8];
    gather(lane, r);
    for (int l = 0; l < 32; l++)
        for (int h = 0; h < 2; h++) {
            for (int i = 0; i < 4; i++)
                a[l / 4 + 8 * (i % 2)][2 * (l % 4) + h + 8 * (i / 2)] =
                    from_bf16((uint16_t)(r[l].a[i] >> 16 * h));
            for (int i = 0; i < 2; i++)
                b[2 * (l % 4) + h + 8 * i][l / 4] = from_bf16((uint16_t)(r[l].b[i] >> 16 * h));
        }
    multiply(lane, r, a, b);
}

void warp_ldmatrix(fiber *const *lane)
{
    uint16_t m[4][8][8];
    uint32_t how[2];
    for (int i = 0; i < 32; i++)
        if (!lane[i]) fault("ldmatrix by a warp without its lane %d", i);
    memcpy(how, lane[0]->in + 8, sizeof how);
    for (uint32_t i = 0; i < how[0] * 8; i++) {
        const void *row;
        memcpy(&row, lane[i]->in, sizeof row);
        if ((uintptr_t)row % 16) fault("ldmatrix: the row of lane %u is not aligned to 16 bytes", i);
        memcpy(m[i / 8][i % 8], row, 16);
    }
    for (int l = 0; l < 32; l++)
        for (uint32_t i = 0; i < how[0]; i++) {
            int row = l / 4, column = 2 * (l % 4);
            uint16_t pair[2] = {how[1] ? m[i][column][row] : m[i][row][column],
                                how[1] ? m[i][column + 1][row] : m[i][row][column + 1]};
            memcpy(lane[l]->out + 4 * i, pair, 4);
        }
}

} // namespace softgpu
