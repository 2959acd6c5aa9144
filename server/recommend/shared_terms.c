/* One merge of two rows, whose terms are ascending. */
#include "server/recommend/shared_terms.h"

typedef struct text_row {
    const int32_t *term;
    const float *weight;
    int64_t n;
} text_row;

static text_row row_of(const aisle_shelf *s, int32_t item)
{
    const int32_t n_items = aisle_model_n_items(s->model);
    aisle_csr m = item < n_items ? aisle_model_text(s->model) : aisle_newcomers_text(s->newcomers);
    const int32_t r = item < n_items ? item : item - n_items;
    if (!m.row_ptr || !m.col) return (text_row){0};
    return (text_row){m.col + m.row_ptr[r], m.val + m.row_ptr[r], m.row_ptr[r + 1] - m.row_ptr[r]};
}

static void insert(aisle_shared_term *out, int32_t *n, aisle_str term, float value)
{
    int32_t at = *n < AISLE_SHARED_TERMS ? (*n)++ : AISLE_SHARED_TERMS;
    for (; at > 0 && out[at - 1].share < value; at--)
        if (at < AISLE_SHARED_TERMS) out[at] = out[at - 1];
    if (at < AISLE_SHARED_TERMS) out[at] = (aisle_shared_term){term, value};
}

int32_t aisle_shared_terms(const aisle_shelf *s, int32_t a, int32_t b,
                           aisle_shared_term out[AISLE_SHARED_TERMS])
{
    const aisle_vocabulary *v = aisle_model_vocabulary(s->model);
    const text_row x = row_of(s, a), y = row_of(s, b);
    int32_t n = 0;
    double total = 0;
    for (int64_t i = 0, j = 0; v && i < x.n && j < y.n;) {
        if (x.term[i] == y.term[j]) {
            float value = x.weight[i] * y.weight[j];
            total += (double)value;
            if (value > 0) insert(out, &n, aisle_vocabulary_term(v, x.term[i]), value);
        }
        const int32_t term = x.term[i];
        i += term <= y.term[j];
        j += y.term[j] <= term;
    }
    for (int32_t k = 0; k < n; k++) out[k].share = (float)((double)out[k].share / total);
    return n;
}
