/* The scorer's working memory and its names. */
#include <cblas.h>
#include <pthread.h>

#include "aisle/memory.h"
#include "cpu/score/score_state.h"

const char *aisle_strategy_name(aisle_strategy s)
{
    static const char *const names[] = {"personal", "session", "content",      "popular",
                                        "similar",  "hybrid",  "complementary"};
    return (size_t)s < sizeof names / sizeof *names ? names[s] : "unknown";
}

static void single_threaded_blas(void)
{
    openblas_set_num_threads(1);
}

aisle_scorer *aisle_scorer_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, single_threaded_blas);
    return aisle_calloc(1, sizeof(aisle_scorer));
}

void aisle_scorer_free(aisle_scorer *s)
{
    if (!s) return;
    score_block *blocks[] = {&s->given,   &s->vector, &s->system,       &s->sides,    &s->masked, &s->sums,
                             &s->touched, &s->near,   &s->near_touched, &s->likes,    &s->liked,  &s->prior,
                             &s->rows,    &s->shares, &s->reasons,      &s->left_out, &s->found};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) aisle_free(blocks[i]->at);
    rank_room_deinit(&s->room);
    aisle_compact_work_free(s->compact);
    aisle_free(s);
}

/* Aligned to cache lines: a vector load of the user's factors that straddles two doubles the time of a scan.
 */
aisle_status score_room(score_block *b, int64_t n, size_t size, aisle_error *err)
{
    int64_t bytes;
    if (aisle_size_mul(n, (int64_t)size, &bytes))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld values to score with", (long long)n);
    if (b->at && bytes <= b->cap) return AISLE_OK;
    void *at = aisle_alloc_aligned((size_t)bytes);
    if (!at)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld values to score with", (long long)n);
    aisle_free(b->at);
    *b = (score_block){at, bytes};
    return AISLE_OK;
}
