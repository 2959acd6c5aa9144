/* Sums in a fixed order of eight lanes, so that compilers may use vectors and every machine gets the same. */
#include "server/recommend/item_likeness.h"

#include <math.h>

static double dot(const float *x, const float *y, int32_t n)
{
    enum { LANES = 8 };
    float lane[LANES] = {0};
    double sum = 0;
    int32_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) lane[k] += x[i + k] * y[i + k];
    for (; i < n; i++) sum += (double)x[i] * (double)y[i];
    for (int k = 0; k < LANES; k++) sum += (double)lane[k];
    return sum;
}

static const float *factors(const aisle_shelf *s, int32_t item)
{
    aisle_mat m = aisle_model_items(s->model);
    int32_t row = item;
    if (item >= m.n_rows || item >= aisle_model_n_items(s->model)) {
        m = aisle_newcomers_factors(s->newcomers);
        row = item - aisle_model_n_items(s->model);
    }
    return m.data && row >= 0 && row < m.n_rows ? aisle_mat_row(&m, row) : NULL;
}

static double text_likeness(const aisle_shelf *s, int32_t a, int32_t b)
{
    const int32_t n = aisle_model_n_items(s->model), row[2] = {a < n ? a : a - n, b < n ? b : b - n};
    const aisle_csr of[2] = {a < n ? aisle_model_text(s->model) : aisle_newcomers_text(s->newcomers),
                             b < n ? aisle_model_text(s->model) : aisle_newcomers_text(s->newcomers)};
    double sum = 0;
    if (!of[0].row_ptr || !of[1].row_ptr) return 0;
    int64_t x = of[0].row_ptr[row[0]], y = of[1].row_ptr[row[1]];
    while (x < of[0].row_ptr[row[0] + 1] && y < of[1].row_ptr[row[1] + 1]) {
        int32_t p = of[0].col[x], q = of[1].col[y];
        if (p == q) sum += (double)of[0].val[x] * (double)of[1].val[y]; /* rows have length 1 */
        x += p <= q;
        y += q <= p;
    }
    return sum < 1 ? sum : 1;
}

double aisle_likeness(const aisle_shelf *s, int32_t a, int32_t b)
{
    const int32_t f = aisle_model_n_factors(s->model);
    const float *x = f ? factors(s, a) : NULL, *y = f ? factors(s, b) : NULL;
    double square = x && y ? dot(x, x, f) * dot(y, y, f) : 0;
    if (!(square > 0)) return text_likeness(s, a, b);
    double cosine = dot(x, y, f) / sqrt(square);
    return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}
