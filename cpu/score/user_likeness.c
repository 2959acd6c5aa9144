/* Users of like taste: the cosine of their factors, one after the other. For people who look into a model, not for requests by the
 * thousand. */
#include <math.h>

#include "cpu/kernels/kernels.h"
#include "cpu/score/score_state.h"

static float length(int32_t f, const float *x)
{
    double square = 0;
    for (int32_t k = 0; k < f; k++) square += (double)x[k] * (double)x[k];
    return (float)sqrt(square);
}

aisle_status aisle_scorer_neighbours(aisle_scorer *s, const aisle_model *m, int32_t user, int32_t n,
                                     aisle_hits *out, aisle_error *err)
{
    const aisle_kernels *k = aisle_kernels_get();
    if (!s || !m || !out || !out->hit || n < 1 || n > SCORE_MAX_N || user < 0 ||
        user >= aisle_model_n_users(m))
        return aisle_fail(err, AISLE_EINVAL, "%d neighbours of user %d: wanted 1 to %d, and one of the users",
                          n, user, SCORE_MAX_N);
    const int32_t f = aisle_model_n_factors(m), n_users = aisle_model_n_users(m),
                  room = f + AISLE_KERNEL_SLACK;
    top_heap h = {out->hit, 0, n};
    AISLE_TRY(score_room(&s->vector, 2 * (int64_t)room, sizeof(float), err));
    float *x = s->vector.at, *y = x + room;
    for (int32_t i = 0; i < 2 * room; i++) x[i] = 0;
    if (f > 0) aisle_model_user_factors(m, user, x);
    const float of_x = length(f, x);
    for (int32_t u = 0; u < n_users && of_x > 0; u++) {
        if (u == user) continue;
        aisle_model_user_factors(m, u, y);
        const float of_y = length(f, y);
        float cosine = of_y > 0 ? k->dot(f, x, y) / (of_x * of_y) : 0;
        if (of_y > 0) top_push(&h, u, cosine > 1 ? 1 : cosine);
    }
    top_finish(&h);
    *out = (aisle_hits){.hit = out->hit, .n = h.n, .strategy = AISLE_STRATEGY_PERSONAL};
    return AISLE_OK;
}
