/* Four threads, each with a scorer of its own, on one shared model: every answer equals the single thread's.
 */
#include <pthread.h>

#include "tests/unit/score/score_model.h"

enum { THREADS = 4, ROUNDS = 20, N = 20 };
static score_model model;
static aisle_hit expected[N_USERS][N];
static int32_t n_expected[N_USERS];

static aisle_status answer(aisle_scorer *s, int32_t user, aisle_hits *hits)
{
    const aisle_weighted_item recent[] = {{user, 1}, {user + 50, 2}};
    /* every other user is folded in */
    aisle_query q = {.user = user, .recent = recent, .n_recent = user % 2 ? 2 : 0, .explain = true, .n = N};
    return aisle_scorer_recommend(s, model.open, &q, hits, NULL);
}

static bool same(const aisle_hit *a, const aisle_hit *b)
{
    bool equal = a->item == b->item && a->score == b->score && a->n_reasons == b->n_reasons;
    for (int r = 0; equal && r < a->n_reasons; r++)
        equal = a->reasons[r].item == b->reasons[r].item && a->reasons[r].share == b->reasons[r].share;
    return equal;
}

static void *run(void *failures)
{
    aisle_scorer *s = aisle_scorer_new();
    aisle_model *m = aisle_model_ref(model.open);
    aisle_hit hit[N];
    aisle_hits hits = {.hit = hit};
    for (int i = 0; i < ROUNDS * N_USERS; i++) {
        int32_t u = i % N_USERS;
        bool ok = answer(s, u, &hits) == AISLE_OK && hits.n == n_expected[u];
        for (int h = 0; ok && h < hits.n; h++) ok = same(&hit[h], &expected[u][h]);
        *(int *)failures += !ok;
    }
    aisle_model_unref(m);
    aisle_scorer_free(s);
    return NULL;
}

int main(void)
{
    pthread_t thread[THREADS];
    int failures[THREADS] = {0}, failed = 0;
    score_model_init(&model);
    aisle_scorer *s = aisle_scorer_new();
    for (int32_t u = 0; u < N_USERS; u++) {
        aisle_hits hits = {.hit = expected[u]};
        failed += answer(s, u, &hits) != AISLE_OK;
        n_expected[u] = hits.n;
    }
    aisle_scorer_free(s);
    for (int t = 0; t < THREADS; t++) failed += pthread_create(&thread[t], NULL, run, &failures[t]) != 0;
    for (int t = 0; t < THREADS; t++) {
        pthread_join(thread[t], NULL);
        failed += failures[t];
    }
    aisle_model_unref(model.open);
    printf("%d wrong answers\n", failed);
    return failed != 0;
}
