/* Several users' recommendations at once. */
#include "cpu/score/score_state.h"

aisle_status aisle_scorer_recommend_batch(aisle_scorer *s, const aisle_model *m, const aisle_query *q,
                                          int32_t n, aisle_hits *out, aisle_error *err)
{
    if (!s || !m || n < 0 || (n && (!q || !out)))
        return aisle_fail(err, AISLE_EINVAL, "recommend: no scorer, model, queries or room for hits");
    for (int32_t i = 0; i < n; i++)
        if (q[i].explain)
            return aisle_fail(err, AISLE_EINVAL, "query %d of a batch asks for reasons: ask it alone", i);
    for (int32_t i = 0; i < n; i++) AISLE_TRY(aisle_scorer_recommend(s, m, &q[i], &out[i], err));
    return AISLE_OK;
}
