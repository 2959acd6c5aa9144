/* The server's catalogue is made for the one question. */
#include "server/cli/filter_option.h"

#include <jansson.h>
#include <string.h>

#include "server/catalogue/catalogue_index.h"
#include "server/json/json.h"

aisle_status aisle_filter_option_parse(const char *text, aisle_arena *a, aisle_filter *out, aisle_error *err)
{
    aisle_filter_fault fault = {.code = ""};
    aisle_error why = {0};
    json_t *v = NULL;
    *out = (aisle_filter){.key = AISLE_STR("")};
    if (!text) return AISLE_OK;
    if (!text[0]) return aisle_fail(err, AISLE_EINVAL, "--filter: empty; {} passes everything");
    aisle_status st = aisle_json_parse(aisle_str_from(text), &v, &why);
    if (st == AISLE_EFORMAT) return aisle_fail(err, AISLE_EINVAL, "--filter: %s", why.message);
    if (st == AISLE_OK) st = aisle_filter_parse(v, "", a, out, &fault);
    json_decref(v);
    if (st == AISLE_EINVAL)
        return aisle_fail(err, st, "--filter: %s%s%s", fault.pointer, fault.pointer[0] ? ": " : "",
                          fault.text);
    return st == AISLE_OK ? st : aisle_fail(err, st, "out of memory for the filter");
}

static void allow(uint64_t *bits, int32_t item)
{
    bits[item / 64] |= (uint64_t)1 << (item % 64);
}

/* What passes, into bits; *n_known: items of the model that have a record. */
static aisle_status find_passing(const aisle_catalogue *c, const aisle_filter *f, aisle_model_source *s,
                                 uint64_t *bits, int64_t *n_known, aisle_error *err)
{
    uint64_t *slots = aisle_arena_calloc(&s->arena, (size_t)aisle_catalogue_words(c) + 1, sizeof *slots);
    if (!slots) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the filter");
    AISLE_TRY(aisle_catalogue_where(c, f->where, &s->arena, slots, err));
    for (int32_t slot = 0, n = aisle_catalogue_slots(c); slot < n; slot++) {
        const aisle_str id = aisle_catalogue_id(c, slot);
        const int32_t item = id.ptr ? aisle_model_source_find(s, id) : -1;
        *n_known += item >= 0 && item < aisle_model_n_items(s->model);
        if (item >= 0 && slots[slot / 64] >> (slot % 64) & 1) allow(bits, item);
    }
    const bool unknown_pass = *n_known == 0 && aisle_catalogue_passes(c, f->where, -1);
    for (int32_t i = 0; unknown_pass && i < aisle_model_n_items(s->model); i++) allow(bits, i);
    return AISLE_OK;
}

aisle_status aisle_filter_option_apply(const aisle_filter *f, aisle_model_source *s, aisle_error *err)
{
    aisle_catalogue *c = NULL;
    int64_t n_known = 0;
    if (!f->where) return AISLE_OK;
    if (!s->allowed)
        return aisle_fail(
            err, AISLE_EINVAL,
            "--filter: a model file alone knows no products; name the shop's folder with --data");
    const int64_t words =
        ((int64_t)aisle_model_n_items(s->model) + aisle_newcomers_count(s->newcomers) + 63) / 64;
    uint64_t *bits = aisle_arena_calloc(&s->arena, (size_t)words + 1, sizeof *bits);
    if (!bits) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the filter");
    AISLE_TRY(aisle_catalogue_open(s->store, &c, err));
    aisle_status st = aisle_catalogue_begin(c, s->view, err);
    if (st == AISLE_OK) {
        st = find_passing(c, f, s, bits, &n_known, err);
        aisle_catalogue_end(c);
    }
    aisle_catalogue_close(c);
    for (int64_t w = 0; st == AISLE_OK && w < words; w++) s->allowed[w] &= bits[w];
    return st;
}
