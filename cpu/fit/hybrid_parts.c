/* Choosing and fitting the parts of a hybrid, and making their scores comparable. No weights here. */
#include "cpu/fit/hybrid_parts.h"

#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/fits.h"
#include "cpu/kernels/select.h"

static bool is_hybrid(const aisle_fit_kind *k)
{
    return k->fit == fit_hybrid || k->fit == fit_fusion || k->fit == fit_switch;
}

static bool has_fit(const hybrid_parts *p,
                    aisle_status (*fit)(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err))
{
    for (int32_t i = 0; i < p->n; i++)
        if (p->kind[i]->fit == fit) return true;
    return false;
}

/* Of the usual parts: ALS where als-content is, which is that and more; EASE where its inverse, n^3 operations for n items
 * and made twice, would take longer than all other parts together. */
static bool is_spared(const hybrid_parts *got, const aisle_fit_kind *kind, const aisle_part *part)
{
    if (kind->fit == fit_als) return has_fit(got, fit_cold_map);
    return kind->fit == fit_ease && aisle_part_n_items(part) > HYBRID_EASE_ITEMS;
}

static aisle_status add(hybrid_parts *p, aisle_str name, aisle_error *err)
{
    const aisle_fit_kind *kind = aisle_fit_kind_find(name);
    if (!kind && !p->named) return AISLE_OK;
    if (!kind || is_hybrid(kind) || kind->stars)
        return aisle_fail(err, AISLE_EINVAL,
                          "hybrid: \"%.*s\" cannot be a part; wanted kinds of model that rank, "
                          "such as als,content,popular",
                          (int)name.len, name.ptr);
    if (has_fit(p, kind->fit)) return AISLE_OK;
    if (p->n == AISLE_HYBRID_MAX_PARTS)
        return aisle_fail(err, AISLE_EINVAL, "hybrid: more than %d parts", AISLE_HYBRID_MAX_PARTS);
    p->kind[p->n++] = kind;
    return AISLE_OK;
}

aisle_status hybrid_parts_choose(const aisle_train_params *params, const char *usual, hybrid_parts *out,
                                 aisle_error *err)
{
    hybrid_parts p = {.named = params->hybrid.parts != NULL};
    aisle_str list = aisle_str_from(p.named ? params->hybrid.parts : usual);
    while (list.len) {
        const char *comma = memchr(list.ptr, ',', list.len);
        size_t n = comma ? (size_t)(comma - list.ptr) : list.len, skip = comma ? n + 1 : n;
        AISLE_TRY(add(&p, (aisle_str){list.ptr, n}, err));
        list = (aisle_str){list.ptr + skip, list.len - skip};
    }
    if (p.n == 0) return aisle_fail(err, AISLE_EINVAL, "hybrid: no part is named");
    *out = p;
    return AISLE_OK;
}

aisle_status hybrid_parts_each(hybrid_parts *p, const aisle_fit_input *in, hybrid_fit_one one, void *ctx,
                               aisle_error *err)
{
    hybrid_parts got = {.named = p->named};
    aisle_train_params params = *in->params;
    aisle_fit_input each = {in->part, &params, in->trainer};
    aisle_status st = AISLE_OK;
    aisle_error lacking = {0};
    params.checkpoint = NULL; /* one file cannot hold the runs of several fits */
    params.resume = false;
    if (params.ease.keep == 0) params.ease.keep = HYBRID_EASE_KEPT;
    for (int32_t i = 0; st == AISLE_OK && i < p->n; i++) {
        if (!p->named && is_spared(&got, p->kind[i], in->part)) continue;
        got.kind[got.n] = p->kind[i];
        st = one(ctx, p->kind[i], &each, got.n, &lacking);
        if (st == AISLE_OK)
            got.n++;
        else if (st == AISLE_EINVAL && !p->named)
            st = AISLE_OK; /* the data lack what this one needs */
        else if (err)
            *err = lacking;
    }
    if (st == AISLE_OK && got.n == 0)
        st = aisle_fail(err, AISLE_EINVAL, "hybrid: no part can be fitted; %s", lacking.message);
    if (st != AISLE_OK) return st;
    p->n = got.n;
    memcpy(p->kind, got.kind, sizeof p->kind);
    return AISLE_OK;
}

static aisle_status fit_source(void *ctx, const aisle_fit_kind *kind, const aisle_fit_input *in, int32_t slot,
                               aisle_error *err)
{
    aisle_eval_source *sources = ctx;
    return kind->fit(in, &sources[slot], err);
}

aisle_status hybrid_parts_fit(hybrid_parts *p, const aisle_fit_input *in, aisle_error *err)
{
    memset(p->source, 0, sizeof p->source);
    aisle_status st = hybrid_parts_each(p, in, fit_source, p->source, err);
    if (st != AISLE_OK) hybrid_parts_unfit(p);
    return st;
}

void hybrid_parts_unfit(hybrid_parts *p)
{
    for (int32_t i = 0; i < AISLE_HYBRID_MAX_PARTS; i++) aisle_eval_source_free(&p->source[i]);
}

/* ---- scales ---- */

/* Items seen are taken out of the way: they would stretch the scale of parts that learned them by heart. */
static void drop_seen(const hybrid_row *r)
{
    for (int32_t e = 0; e < r->n_seen; e++) r->scores[r->seen[e]] = -INFINITY;
}

rank_scale hybrid_scale_deviation(const hybrid_row *r)
{
    drop_seen(r);
    return rank_scale_of(r->n_items, r->scores);
}

rank_scale hybrid_scale_rank(const hybrid_row *r)
{
    int32_t *ids = (int32_t *)(r->room + 2 * HYBRID_FUSED + 32);
    float *values = (float *)(ids + HYBRID_FUSED), *s = r->scores;
    aisle_select best;
    drop_seen(r);
    aisle_select_init(&best, r->room, HYBRID_FUSED);
    for (int32_t i = 0; i < r->n_items; i++)
        if (s[i] != -INFINITY && s[i] >= best.threshold) aisle_select_push(&best, s[i], i);
    int32_t n = aisle_select_take(&best, ids, values);
    memset(s, 0, (size_t)r->n_items * sizeof *s);
    for (int32_t k = 0; k < n; k++) s[ids[k]] = (float)(1 / (r->fusion_k + k + 1));
    return (rank_scale){0, 1};
}

void hybrid_weigh_equally(hybrid *h)
{
    for (int g = 0; g < AISLE_HYBRID_SEGMENTS; g++)
        for (int32_t p = 0; p < h->parts.n; p++) h->weight[g][p] = 1 / (float)h->parts.n;
}

aisle_hybrid_segment hybrid_segment(const aisle_part *part, int32_t few, int32_t user)
{
    const aisle_csr *pairs = aisle_part_pairs(part);
    int64_t n = pairs->row_ptr[user + 1] - pairs->row_ptr[user];
    return n == 0 ? AISLE_HYBRID_NEW : n < few ? AISLE_HYBRID_FEW : AISLE_HYBRID_KNOWN;
}

aisle_status hybrid_part_rows(const hybrid *h, int32_t p, const hybrid_asked *a, float *out,
                              rank_scale *scales, aisle_error *err)
{
    const aisle_csr *pairs = aisle_part_pairs(h->part);
    const aisle_eval_source *s = &h->parts.source[p];
    AISLE_TRY(s->scores(s->ctx, a->thread, a->users, a->n_users, out, err));
    for (int32_t r = 0; r < a->n_users; r++) {
        int64_t first = pairs->row_ptr[a->users[r]];
        hybrid_row row = {.n_items = pairs->n_cols,
                          .n_seen = (int32_t)(pairs->row_ptr[a->users[r] + 1] - first),
                          .seen = pairs->col + first,
                          .fusion_k = h->fusion_k,
                          .room = a->room,
                          .scores = out + (int64_t)r * pairs->n_cols};
        scales[r] = h->scale(&row);
    }
    return AISLE_OK;
}
