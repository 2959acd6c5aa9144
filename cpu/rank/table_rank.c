/* One user's scores, a table at a time. Nothing is allocated, and nothing dense but the row of scores itself is touched. */
#include "cpu/rank/table_rank.h"

#include <string.h>

#include "aisle/memory.h"
#include "cpu/kernels/kernels.h"

aisle_status rank_room_init(rank_room *r, int32_t n_items, int32_t n_terms, aisle_error *err)
{
    *r = (rank_room){.sums = aisle_array(n_items, sizeof *r->sums),
                     .profile = aisle_calloc((size_t)n_terms, sizeof *r->profile),
                     .used = aisle_array(n_terms, sizeof *r->used)};
    if (r->sums && r->profile && r->used) return AISLE_OK;
    rank_room_deinit(r);
    return aisle_fail(err, AISLE_ENOMEM, "out of memory to score %d items of %d terms", n_items, n_terms);
}

void rank_room_deinit(rank_room *r)
{
    aisle_free(r->sums);
    aisle_free(r->profile);
    aisle_free(r->used);
    *r = (rank_room){0};
}

void rank_leave_out(const aisle_table *t, float *scores)
{
    for (int32_t i = 0; t->ranks == AISLE_RANKS_TAKEN && i < t->n_items; i++)
        if (t->fresh[i]) scores[i] = -INFINITY;
    for (int32_t i = 0; t->ranks == AISLE_RANKS_ABOVE && i < t->n_items; i++)
        if (!(scores[i] > 0)) scores[i] = -INFINITY;
}

static void none(const aisle_table *t, float *out)
{
    for (int32_t i = 0; i < t->n_items; i++) out[i] = -INFINITY;
}

static void by_factors(const aisle_table *t, const rank_user *u, float *out)
{
    const aisle_kernels *k = aisle_kernels_get();
    if (!u->factors) {
        none(t, out);
        return;
    }
    for (int32_t i = 0; i < t->n_items; i++)
        out[i] = k->dot(t->items.n_cols, u->factors, aisle_mat_row(&t->items, i));
    rank_leave_out(t, out);
}

void rank_add_row(double w, const aisle_csr *m, int32_t r, double *sum)
{
    for (int64_t e = m->row_ptr[r]; e < m->row_ptr[r + 1]; e++) sum[m->col[e]] += w * (double)m->val[e];
}

static void add_dense_row(double w, const aisle_mat *m, int32_t r, double *sum)
{
    const float *row = aisle_mat_row(m, r);
    for (int32_t i = 0; i < m->n_cols; i++) sum[i] += w * (double)row[i];
}

static void by_links(const aisle_table *t, const rank_user *u, const rank_room *room, float *out)
{
    double *sum = room->sums;
    if (u->n == 0) {
        none(t, out);
        return;
    }
    memset(sum, 0, (size_t)t->n_items * sizeof *sum);
    for (int32_t j = 0; j < u->n; j++) {
        double x = rank_root(t, u->weight ? u->weight[j] : 1);
        if (t->dense.data)
            add_dense_row(x, &t->dense, u->item[j], sum);
        else
            rank_add_row(x, &t->links, u->item[j], sum);
    }
    for (int32_t i = 0; i < t->n_items; i++) out[i] = (float)sum[i];
    rank_leave_out(t, out);
}

/* Adds a text of this weight; returns the number of terms in the profile. */
static int32_t add_text(const aisle_csr *text, int32_t row, float weight, int32_t n, const rank_room *room)
{
    for (int64_t e = text->row_ptr[row]; e < text->row_ptr[row + 1]; e++) {
        float *at = &room->profile[text->col[e]], add = weight * text->val[e];
        if (!(add > 0)) continue; /* so that 0 means unseen, and no term comes twice */
        if (*at == 0) room->used[n++] = text->col[e];
        *at += add;
    }
    return n;
}

int32_t rank_profile(const aisle_table *t, const rank_user *u, const rank_room *room, float *scale)
{
    int32_t n = 0;
    double square = 0;
    for (int32_t j = 0; j < u->n; j++)
        n = add_text(&t->text, u->item[j], u->weight ? u->weight[j] : 1, n, room);
    for (int32_t j = u->n; u->further_text && j < u->n + u->n_further; j++)
        n = add_text(u->further_text, u->item[j] - t->n_items, u->weight ? u->weight[j] : 1, n, room);
    for (int32_t k = 0; k < n; k++) {
        double x = (double)room->profile[room->used[k]];
        square += x * x;
    }
    *scale = square > 0 ? (float)(1 / sqrt(square)) : 0;
    return n;
}

void rank_profile_clear(int32_t n, const rank_room *room)
{
    for (int32_t k = 0; k < n; k++) room->profile[room->used[k]] = 0;
}

/* Sparse on both sides: a profile has the terms of the user's items alone, and each of its terms is looked up in the index
 * of the items that have it. */
static void by_text(const aisle_table *t, const rank_user *u, const rank_room *room, float *out)
{
    float scale;
    int32_t n = rank_profile(t, u, room, &scale);
    for (int32_t i = 0; i < t->n_items; i++)
        out[i] = n > 0 && t->text.row_ptr[i + 1] > t->text.row_ptr[i] ? 0 : -INFINITY;
    for (int32_t k = 0; k < n; k++) {
        int32_t term = room->used[k];
        float weight = room->profile[term] * scale;
        for (int64_t e = t->terms.row_ptr[term]; e < t->terms.row_ptr[term + 1]; e++)
            out[t->terms.col[e]] += weight * t->terms.val[e];
    }
    rank_profile_clear(n, room);
}

static void by_groups(const aisle_table *t, const rank_user *u, const rank_room *room, float *out)
{
    double *sum = room->sums;
    for (int32_t i = 0; i < t->n_items; i++) sum[i] = (double)t->scores[i];
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++)
        if (u->group[a] >= 0) rank_add_row(1, &t->groups, u->group[a], sum);
    for (int32_t i = 0; i < t->n_items; i++) out[i] = (float)sum[i];
}

void rank_scores(const aisle_table *t, const rank_user *u, const rank_room *room, float *out)
{
    switch (t->kind) {
    case AISLE_TABLE_FACTORS: by_factors(t, u, out); break;
    case AISLE_TABLE_LINKS: by_links(t, u, room, out); break;
    case AISLE_TABLE_TEXT: by_text(t, u, room, out); break;
    case AISLE_TABLE_SAME: memcpy(out, t->scores, (size_t)t->n_items * sizeof *out); break;
    case AISLE_TABLE_GROUPS: by_groups(t, u, room, out); break;
    }
}

void rank_prior(const aisle_mat *prior, const int32_t group[AISLE_GROUP_ATTRIBUTES], float *x)
{
    for (int32_t k = 0; k < prior->n_cols; k++) {
        double sum = (double)prior->data[k];
        for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++)
            if (group[a] >= 0) sum += (double)aisle_mat_row(prior, 1 + group[a])[k];
        x[k] = (float)sum;
    }
}

static void further_by_text(const aisle_table *t, const rank_user *u, const rank_room *room,
                            const rank_further *f, float *out)
{
    float scale;
    int32_t n = rank_profile(t, u, room, &scale);
    for (int32_t i = 0; i < f->n; i++) {
        float sum = 0;
        for (int64_t e = f->text.row_ptr[i]; e < f->text.row_ptr[i + 1]; e++)
            sum += room->profile[f->text.col[e]] * scale * f->text.val[e];
        out[i] = n > 0 && f->text.row_ptr[i + 1] > f->text.row_ptr[i] ? sum : -INFINITY;
    }
    rank_profile_clear(n, room);
}

void rank_scores_further(const aisle_table *t, const rank_user *u, const rank_room *room,
                         const rank_further *f, float *out)
{
    const aisle_kernels *k = aisle_kernels_get();
    for (int32_t i = 0; i < f->n; i++) out[i] = -INFINITY;
    if (t->kind == AISLE_TABLE_TEXT && f->text.row_ptr) further_by_text(t, u, room, f, out);
    if (t->kind != AISLE_TABLE_FACTORS || t->ranks == AISLE_RANKS_TAKEN || !u->factors || !f->factors.data)
        return;
    for (int32_t i = 0; i < f->n; i++)
        out[i] = k->dot(t->items.n_cols, u->factors, aisle_mat_row(&f->factors, i));
}
