/* Factors of items without a pair by the ridge regression of the other items' factors on their texts (Gantner et al. 2010,
 * "Learning attribute-to-feature mappings", the linear map): y_i = c + t_i W (ridge.h), each known item weighing as many as it
 * has pairs, since ALS shrinks the factors of rare items and they say little.
 *
 * A regression to the mean is shorter than what it regresses to, so predictions are scaled to the length of the known: by
 * the root of mean |y|^2 over the known items / mean |c + t_i W|^2 over the predicted, no more than 4 times. A new item
 * then competes as one of usual popularity. Where fewer than 30 are predicted, too few for a mean (their root mean square
 * would be off by some 10 % and more), the known items' own predictions stand for them; these are rather longer, so that new
 * items are rather placed too low. */
#include "cpu/train/text_map_fit.h"

#include <math.h>
#include <omp.h>

#include "aisle/memory.h"
#include "cpu/train/ridge.h"

enum { MOST = 4, ENOUGH = 30 };

static double square(int32_t n, const float *v)
{
    double sum = 0;
    for (int32_t k = 0; k < n; k++) sum += (double)v[k] * (double)v[k];
    return sum;
}

static int64_t entries(const aisle_csr *t, int32_t i)
{
    return t->row_ptr[i + 1] - t->row_ptr[i];
}

static bool is_new(const text_map_input *in, int32_t i)
{
    return in->pairs[i] == 0 && entries(in->text, i) > 0;
}

bool text_map_has_new(const text_map_input *in)
{
    for (int32_t i = 0; i < in->text->n_rows; i++)
        if (is_new(in, i)) return true;
    return false;
}

static void place(const text_map_input *in, const aisle_text_map *m, int32_t i, float *out)
{
    int64_t at = in->text->row_ptr[i];
    aisle_text_map_apply(m, in->text->col + at, in->text->val + at, entries(in->text, i), out);
}

/* Of the rows of y that are not predicted. */
static double mean_known(const text_map_input *in, const aisle_mat *y)
{
    double sum = 0;
    int64_t n = 0;
    for (int32_t i = 0; i < y->n_rows; i++) {
        double s = is_new(in, i) ? 0 : square(y->n_cols, aisle_mat_row(y, i));
        sum += s;
        n += s > 0;
    }
    return n ? sum / (double)n : 0;
}

/* Of what the unscaled map says; room: its factors. */
static double mean_predicted(const text_map_input *in, const aisle_text_map *m, bool of_new, float *room)
{
    double sum = 0;
    int64_t n = 0;
    for (int32_t i = 0; i < in->text->n_rows; i++) {
        if (entries(in->text, i) == 0 || is_new(in, i) != of_new) continue;
        place(in, m, i, room);
        double s = square(m->n_factors, room);
        sum += s;
        n += s > 0;
    }
    return n ? sum / (double)n : 0;
}

static float scale_of(const text_map_input *in, const aisle_mat *y, const aisle_text_map *m, float *room)
{
    int64_t n_new = 0;
    for (int32_t i = 0; i < y->n_rows; i++) n_new += is_new(in, i);
    double made = mean_predicted(in, m, n_new >= ENOUGH, room);
    return made > 0 ? (float)fmin(sqrt(mean_known(in, y) / made), MOST) : 1;
}

/* How much each known item with text says; false when there is none. */
static bool weigh(const text_map_input *in, float *weight)
{
    bool any = false;
    for (int32_t i = 0; i < in->text->n_rows; i++) {
        weight[i] = entries(in->text, i) > 0 ? in->pairs[i] : 0;
        any = any || weight[i] > 0;
    }
    return any;
}

aisle_status text_map_fit(const text_map_input *in, aisle_mat *y, aisle_text_map *out, aisle_error *err)
{
    aisle_text_map m = {.n_terms = in->text->n_cols, .n_factors = y->n_cols, .scale = 1};
    float *weight = aisle_array(y->n_rows, sizeof *weight), *room = aisle_array(y->n_cols, sizeof *room);
    aisle_status st = AISLE_OK;
    *out = (aisle_text_map){0};
    m.w = aisle_array((int64_t)m.n_terms * m.n_factors, sizeof *m.w);
    m.mean = aisle_array(m.n_factors, sizeof *m.mean);
    if (!weight || !room || !m.w || !m.mean) {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the map from %d terms to factors", m.n_terms);
        goto done;
    }
    if (!weigh(in, weight)) goto done;
    const aisle_ridge ridge = {.t = in->text,
                               .d = weight,
                               .reg = in->reg,
                               .threads =
                                   in->trainer->threads > 0 ? in->trainer->threads : omp_get_num_procs(),
                               .progress = in->trainer->progress};
    if ((st = aisle_ridge_solve(&ridge, y, m.w, m.mean, err)) != AISLE_OK) goto done;
    m.scale = scale_of(in, y, &m, room);
    for (int32_t i = 0; i < y->n_rows; i++)
        if (is_new(in, i)) place(in, &m, i, aisle_mat_row(y, i));
    *out = m;
    m = (aisle_text_map){0};
done:
    aisle_text_map_deinit(&m);
    aisle_free(weight);
    aisle_free(room);
    return st;
}
