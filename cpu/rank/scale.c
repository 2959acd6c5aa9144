/* Scores of different parts made comparable and added up, in three passes over a row that vectors take whole: the least,
 * the moments above it, the sum. */
#include "cpu/rank/table_rank.h"

/* Lanes of our own: compilers do not reorder a minimum of floats by themselves. */
static float least(int32_t n, const float *s)
{
    enum { LANES = 16 };
    float lane[LANES], low = INFINITY;
    int32_t i = 0;
    for (int k = 0; k < LANES; k++) lane[k] = INFINITY;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) {
            float v = s[i + k] == -INFINITY ? INFINITY : s[i + k];
            lane[k] = v < lane[k] ? v : lane[k];
        }
    for (; i < n; i++)
        if (s[i] != -INFINITY && s[i] < low) low = s[i];
    for (int k = 0; k < LANES; k++) low = lane[k] < low ? lane[k] : low;
    return low;
}

rank_scale rank_scale_of(int32_t n, const float *s)
{
    double sum = 0, squares = 0, count = 0;
    const float low = least(n, s);
    /* above the least, so that equal scores have a deviation of exactly 0, and little is lost in the difference below */
#pragma omp simd reduction(+ : sum, squares, count)
    for (int32_t i = 0; i < n; i++) {
        double in = s[i] >= low ? 1 : 0, d = s[i] >= low ? (double)s[i] - (double)low : 0;
        sum += d;
        squares += d * d;
        count += in;
    }
    double variance = count > 0 ? (squares - sum * sum / count) / count : 0;
    float by = variance > 0 ? (float)(1 / sqrt(variance)) : 0;
    return (rank_scale){count > 0 ? low : 0, isfinite(by) ? by : 0};
}

void rank_add_scaled(int32_t n, const float *s, rank_scale scale, rank_weight w, const uint8_t *fresh,
                     float *sum)
{
    if (scale.by == 0) return;
#pragma omp simd
    for (int32_t i = 0; i < n; i++) sum[i] += (fresh[i] ? w.fresh : w.usual) * rank_scaled(s[i], scale);
}

void rank_divide(int32_t n_parts, float *shares)
{
    double sum = 0;
    for (int32_t p = 0; p < n_parts; p++) sum += (double)shares[p];
    for (int32_t p = 0; p < n_parts; p++) shares[p] = sum > 0 ? (float)((double)shares[p] / sum) : 0;
}
