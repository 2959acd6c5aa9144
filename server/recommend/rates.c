/* Two textbook intervals. */
#include "server/recommend/rates.h"

#include <math.h>

static const double z = 1.959963984540054; /* of 95 %, two sides */

aisle_interval aisle_rate_interval(int64_t hits, int64_t n)
{
    double p = (double)hits / (double)n, zz = z * z / (double)n;
    double middle = (p + zz / 2) / (1 + zz);
    double half = z * sqrt((p * (1 - p) + zz / 4) / (double)n) / (1 + zz);
    return (aisle_interval){p, hits == 0 ? 0 : fmax(0, middle - half),
                            hits == n ? 1 : fmin(1, middle + half)};
}

aisle_interval aisle_mean_interval(double sum, double squares, int64_t n)
{
    double mean = sum / (double)n, variance = fmax(0, squares / (double)n - mean * mean);
    double half = z * sqrt(variance / (double)n);
    return (aisle_interval){mean, fmax(0, mean - half), mean + half};
}
