/* Users of a part scored by a fitted table: who took what is the part's, the scores are cpu/rank's. Products of factors are
 * made for a block of users at once, which is the same sum of products in another order. */
#include "cpu/fit/fit_table.h"

#include <omp.h>

#include "aisle/memory.h"
#include "cpu/rank/table_rank.h"

void fit_table_deinit(fit_table *f)
{
    aisle_mat_deinit(&f->users);
    aisle_mat_deinit(&f->t.items);
    aisle_csr_deinit(&f->t.links);
    aisle_mat_deinit(&f->t.dense);
    aisle_csr_deinit(&f->t.text);
    aisle_csr_deinit(&f->t.terms);
    aisle_csr_deinit(&f->t.groups);
    aisle_free((float *)f->t.scores);
    aisle_groups_deinit(&f->groups);
    *f = (fit_table){0};
}

fit_table table_same(float *scores, int32_t n_items)
{
    return (fit_table){.t = {.kind = AISLE_TABLE_SAME, .n_items = n_items, .scores = scores}};
}

typedef struct table_source {
    const aisle_part *part;
    fit_table f;
    aisle_eval_source product; /* FACTORS */
    int32_t threads;
    rank_room *room; /* of each thread */
} table_source;

static void source_free(void *ctx)
{
    table_source *s = ctx;
    if (s->product.scores) aisle_eval_source_free(&s->product);
    for (int32_t t = 0; s->room && t < s->threads; t++) rank_room_deinit(&s->room[t]);
    aisle_free(s->room);
    fit_table_deinit(&s->f);
    aisle_free(s);
}

static rank_user user_of(const table_source *s, int32_t u)
{
    const aisle_csr *pairs = aisle_part_pairs(s->part);
    int64_t first = pairs->row_ptr[u];
    rank_user user = {.n = (int32_t)(pairs->row_ptr[u + 1] - first),
                      .item = pairs->col + first,
                      .weight = pairs->val ? pairs->val + first : NULL};
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++)
        user.group[a] = s->f.groups.of_user[a] ? s->f.groups.of_user[a][u] : -1;
    return user;
}

static aisle_status source_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                  float *out, aisle_error *err)
{
    table_source *s = ctx;
    const aisle_table *t = &s->f.t;
    if (thread < 0 || thread >= s->threads)
        return aisle_fail(err, AISLE_EINVAL, "scores: thread %d, the source was made for %d", thread,
                          s->threads);
    if (t->kind == AISLE_TABLE_FACTORS)
        AISLE_TRY(s->product.scores(s->product.ctx, thread, users, n_users, out, err));
    for (int32_t r = 0; r < n_users; r++, out += t->n_items) {
        if (t->kind == AISLE_TABLE_FACTORS) {
            rank_leave_out(t, out);
            continue;
        }
        rank_user user = user_of(s, users[r]);
        rank_scores(t, &user, &s->room[thread], out);
    }
    return AISLE_OK;
}

static aisle_status make_room(table_source *s, aisle_error *err)
{
    const aisle_table *t = &s->f.t;
    if (t->kind == AISLE_TABLE_FACTORS)
        return aisle_eval_source_factors(&s->f.users, &t->items, s->threads, &s->product, err);
    s->room = aisle_calloc((size_t)s->threads, sizeof *s->room);
    if (!s->room) return aisle_fail(err, AISLE_ENOMEM, "out of memory to score on %d threads", s->threads);
    for (int32_t i = 0; i < s->threads; i++)
        AISLE_TRY(rank_room_init(&s->room[i], t->n_items, t->text.n_cols, err));
    return AISLE_OK;
}

aisle_status fit_by_table(const aisle_fit_input *in, fit_table_fn make, aisle_eval_source *out,
                          aisle_error *err)
{
    table_source *s = aisle_calloc(1, sizeof *s);
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a model");
    s->part = in->part;
    s->threads = in->trainer->threads > 0 ? in->trainer->threads : omp_get_num_procs();
    aisle_status st = make(in, &s->f, err);
    if (st == AISLE_OK) st = make_room(s, err);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){s, source_scores, source_free};
    else
        source_free(s);
    return st;
}
