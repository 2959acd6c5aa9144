/* What is written is what is read; the same parts give the same bytes; the golden file of format 1 opens. */
#include <criterion/criterion.h>

#include "tests/unit/model/small_model.h"

static aisle_model *written(const aisle_model_parts *p, const char *path)
{
    aisle_error err = {0};
    aisle_model *m = NULL;
    cr_assert_eq(aisle_model_write(path, p, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    return m;
}

static void assert_same_file(const char *a, const char *b)
{
    long na = 0, nb = 0;
    unsigned char *pa = read_all(a, &na), *pb = read_all(b, &nb);
    cr_assert(pa && pb && na == nb && memcmp(pa, pb, (size_t)na) == 0, "%s and %s differ", a, b);
    free(pa);
    free(pb);
}

Test(model, everything_written_is_read_back)
{
    static small_model s;
    small_model_init(&s);
    aisle_model *m = written(&s.parts, temp_path("m.aisle"));
    cr_assert_eq(aisle_model_n_users(m), SMALL_USERS);
    cr_assert_eq(aisle_model_n_items(m), SMALL_ITEMS);
    cr_assert_eq(aisle_model_n_factors(m), SMALL_F);
    cr_assert_arr_eq(aisle_model_users(m).data, s.users, sizeof s.users);
    cr_assert_arr_eq(aisle_model_items(m).data, s.items, sizeof s.items);
    cr_assert_arr_eq(aisle_model_item_gram(m), s.gram, sizeof s.gram);
    aisle_csr seen = aisle_model_seen(m);
    cr_assert_arr_eq(seen.row_ptr, s.rows, sizeof s.rows);
    cr_assert_arr_eq(seen.col, s.col, (size_t)s.rows[SMALL_USERS] * sizeof *s.col);
    cr_assert_arr_eq(seen.val, s.val, (size_t)s.rows[SMALL_USERS] * sizeof *s.val);
    for (int i = 0; i < SMALL_ITEMS; i++) {
        int32_t k;
        const float *scores;
        const int32_t *ids = aisle_model_similar(m, i, &k, &scores);
        cr_assert_eq(k, SMALL_K);
        cr_assert_arr_eq(ids, s.similar + i * SMALL_K, SMALL_K * sizeof *ids);
        cr_assert_arr_eq(scores, s.similar_scores + i * SMALL_K, SMALL_K * sizeof *scores);
        ids = aisle_model_content(m, i, &k, &scores);
        cr_assert_arr_eq(ids, s.content + i * SMALL_K, SMALL_K * sizeof *ids);
        cr_assert_arr_eq(scores, s.content_scores + i * SMALL_K, SMALL_K * sizeof *scores);
    }
    cr_assert_arr_eq(aisle_model_popularity(m), s.popularity, sizeof s.popularity);
    cr_assert_arr_eq(aisle_model_trending(m), s.trending, sizeof s.trending);
    cr_assert_arr_eq(aisle_model_item_confidence(m), s.confidence, sizeof s.confidence);
    cr_assert_str_eq(aisle_model_meta(m), s.parts.meta);
    float a0, reg, nu;
    aisle_model_objective(m, &a0, &reg, &nu);
    cr_assert(a0 == s.parts.a0 && reg == s.parts.reg && nu == s.parts.nu);
    aisle_model_unref(m);
}

Test(model, a_hybrid_is_read_back)
{
    static small_model s;
    small_model_init(&s);
    aisle_model *m = written(&s.parts, temp_path("m.aisle"));
    const aisle_hybrid_tables *h = aisle_model_hybrid(m);
    cr_assert_eq(h->n_parts, AISLE_PART_IDS - 1);
    cr_assert_eq(h->few, s.hybrid.few);
    for (int p = 0; p < h->n_parts; p++) {
        const aisle_table *t = &h->table[p], *w = &s.hybrid.table[p];
        cr_assert_eq(h->part[p], s.hybrid.part[p]);
        for (int g = 0; g < AISLE_HYBRID_SEGMENTS; g++) cr_assert_eq(h->weight[g][p], s.hybrid.weight[g][p]);
        cr_assert_eq(t->n_items, SMALL_ITEMS);
        if (t->kind == AISLE_TABLE_LINKS) {
            int64_t n = s.link_rows[SMALL_ITEMS];
            cr_assert_eq(t->unit, 1.5f);
            cr_assert_arr_eq(t->links.row_ptr, s.link_rows, sizeof s.link_rows);
            cr_assert_arr_eq(t->links.col, s.link_items, (size_t)n * sizeof *t->links.col);
            cr_assert_arr_eq(t->links.val, w->links.val, (size_t)n * sizeof *t->links.val);
        }
        if (t->kind == AISLE_TABLE_SAME) cr_assert_arr_eq(t->scores, w->scores, sizeof s.popular);
        if (t->kind == AISLE_TABLE_FACTORS) cr_assert_arr_eq(t->items.data, s.items, sizeof s.items);
        if (t->kind == AISLE_TABLE_TEXT)
            cr_assert(t->terms.n_rows == s.text.n_cols && aisle_csr_nnz(&t->terms) == aisle_csr_nnz(&s.text));
        if (t->kind == AISLE_TABLE_GROUPS) {
            cr_assert_arr_eq(t->scores, s.group_base, sizeof s.group_base);
            cr_assert_arr_eq(t->groups.val, s.group_weights, sizeof s.group_weights);
        }
    }
    for (int i = 0; i < SMALL_ITEMS; i++) cr_assert_eq(h->fresh[i], s.popularity[i] == 0);
    cr_assert_arr_eq(h->user_groups, s.user_groups, sizeof s.user_groups);
    cr_assert_arr_eq(h->prior.data, s.prior, sizeof s.prior);
    cr_assert_eq(aisle_model_group(m, 0, AISLE_STR("18-24")), 0);
    cr_assert_eq(aisle_model_group(m, 2, AISLE_STR("FR")), 2);
    cr_assert_eq(aisle_model_group(m, 1, AISLE_STR("FR")), -1);
    aisle_model_unref(m);
}

Test(model, every_id_is_found_and_no_other)
{
    static small_model s;
    small_model_init(&s);
    aisle_model *m = written(&s.parts, temp_path("m.aisle"));
    for (int i = 0; i < SMALL_ITEMS; i++) {
        cr_assert_eq(aisle_model_find_item(m, small_id("i", i)), i);
        cr_assert(aisle_str_eq(aisle_model_item_id(m, i), small_id("i", i)));
    }
    for (int u = 0; u < SMALL_USERS; u++) cr_assert_eq(aisle_model_find_user(m, small_id("u", u)), u);
    cr_assert_eq(aisle_model_find_user(m, AISLE_STR("i-1")), -1);
    cr_assert_eq(aisle_model_find_item(m, AISLE_STR("")), -1);
    cr_assert_eq(aisle_model_find_item(m, (aisle_str){0}), -1);
    aisle_model_unref(m);
}

/* More than are looked for at once, known and unknown in turn. */
Test(model, looking_for_many_items_finds_what_looking_for_each_finds)
{
    enum { MANY = 150 };
    static small_model s;
    small_model_init(&s);
    aisle_model *m = written(&s.parts, temp_path("m.aisle"));
    aisle_str ids[MANY];
    int32_t found[MANY + 1];
    for (int i = 0; i < MANY; i++)
        ids[i] = i % 4 ? small_id("i", i % SMALL_ITEMS) : small_id("u", i % SMALL_USERS);
    ids[0] = AISLE_STR("");
    ids[MANY - 2] = (aisle_str){0};
    found[MANY] = 77;
    aisle_model_find_items(m, ids, MANY, found);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(found[i], i % 4 && i != MANY - 2 ? i % SMALL_ITEMS : -1, "%d: %d", i, found[i]);
    cr_assert_eq(found[MANY], 77);
    aisle_model_find_items(m, ids, 0, NULL);
    aisle_model_unref(m);
}

Test(model, a_reader_writes_the_same_bytes_again)
{
    static small_model s;
    small_model_init(&s);
    const char *a = temp_path("a.aisle"), *b = temp_path("b.aisle");
    aisle_model *m = written(&s.parts, a);
    aisle_model_parts p = aisle_model_parts_of(m);
    aisle_model *n = written(&p, b);
    assert_same_file(a, b);
    aisle_model_unref(m);
    aisle_model_unref(n);
}

Test(model, padded_rows_are_written_packed)
{
    static small_model s;
    small_model_init(&s);
    const char *a = temp_path("a.aisle"), *b = temp_path("b.aisle");
    aisle_model_unref(written(&s.parts, a));
    static float wide[SMALL_ITEMS * (SMALL_F + 3)];
    for (int i = 0; i < SMALL_ITEMS; i++)
        memcpy(wide + i * (SMALL_F + 3), s.items + i * SMALL_F, SMALL_F * sizeof *wide);
    s.parts.items.data = wide;
    s.parts.items.ld = SMALL_F + 3;
    aisle_model_unref(written(&s.parts, b));
    assert_same_file(a, b);
}

Test(model, the_golden_file_of_format_1_opens_and_is_what_we_write_today)
{
    static small_model s;
    small_model_init(&s);
    s.parts.item_confidence = NULL; /* younger than the file, as texts are */
    s.parts.vocabulary = NULL;
    s.parts.hybrid = NULL;
    const char *golden = AISLE_SOURCE_DIR "/tests/golden/model-v1.aisle", *again = temp_path("again.aisle");
    aisle_error err = {0};
    aisle_model *m = NULL;
    cr_assert_eq(aisle_model_open(golden, &m, &err), AISLE_OK, "%s", err.message);
    aisle_model_parts p = aisle_model_parts_of(m);
    aisle_model_unref(written(&p, again));
    assert_same_file(golden, again);
    aisle_model_unref(written(&s.parts, again));
    assert_same_file(golden, again);
    aisle_model_unref(m);
}

Test(model, a_disliked_item_is_read_back)
{
    static small_model s;
    small_model_init(&s);
    const char *path = temp_path("dislike.aisle");
    aisle_error err = {0};
    aisle_model *m = NULL;
    s.val[1] = -2;
    cr_assert_eq(aisle_model_write(path, &s.parts, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_seen(m).val[1], -2);
    aisle_model_unref(m);
}

Test(model, parts_may_be_absent)
{
    static small_model s;
    small_model_init(&s);
    s.parts.users = s.parts.items = (aisle_mat){0};
    s.parts.item_gram = NULL;
    s.parts.k_similar = s.parts.k_content = 0;
    s.parts.popularity = s.parts.trending = s.parts.item_confidence = NULL;
    s.parts.seen.val = NULL;
    s.parts.vocabulary = NULL;
    s.parts.hybrid = NULL;
    aisle_model *m = written(&s.parts, temp_path("m.aisle"));
    int32_t k = 9;
    const float *scores;
    cr_assert_null(aisle_model_similar(m, 0, &k, &scores));
    cr_assert_eq(k, 0);
    cr_assert_eq(aisle_model_n_factors(m), 0);
    cr_assert_null(aisle_model_item_gram(m));
    cr_assert_null(aisle_model_popularity(m));
    cr_assert_null(aisle_model_seen(m).val);
    cr_assert_null(aisle_model_vocabulary(m));
    cr_assert_null(aisle_model_hybrid(m));
    cr_assert_eq(aisle_model_group(m, 2, AISLE_STR("GB")), -1);
    cr_assert(aisle_model_text(m).n_rows == SMALL_ITEMS && aisle_model_text(m).n_cols == 0);
    aisle_model_unref(m);
}

Test(model, a_shop_without_users_and_items_has_a_model)
{
    int64_t row = 0;
    aisle_model_parts p = {.user_id = small_id,
                           .item_id = small_id,
                           .user_ctx = "u",
                           .item_ctx = "i",
                           .seen = {0, 0, &row, NULL, NULL},
                           .meta = "{}"};
    aisle_model *m = written(&p, temp_path("m.aisle"));
    cr_assert_eq(aisle_model_find_user(m, AISLE_STR("u-1")), -1);
    aisle_model_unref(m);
}

Test(model, sections_are_listed_in_order_and_aligned)
{
    static small_model s;
    small_model_init(&s);
    aisle_model *m = written(&s.parts, temp_path("m.aisle"));
    aisle_section_info info;
    int n = 0;
    int64_t end = 0;
    for (; aisle_model_section(m, n, &info); n++) {
        cr_assert_eq(info.offset % 64, 0);
        cr_assert_geq(info.offset, end);
        end = info.offset + info.bytes;
        if (n == 0) cr_assert_str_eq(info.name, "meta");
        if (n == 2) cr_assert(strcmp(info.name, "item-factors") == 0 && strcmp(info.type, "f32") == 0);
    }
    cr_assert_eq(n, 51);
    cr_assert_eq(end, aisle_model_bytes(m));
    cr_assert_eq(aisle_model_section(m, -1, &info), 0);
    aisle_model_unref(m);
}

Test(model, a_reference_keeps_the_mapping)
{
    static small_model s;
    small_model_init(&s);
    aisle_model *m = written(&s.parts, temp_path("m.aisle"));
    aisle_model *other = aisle_model_ref(m);
    aisle_model_unref(m);
    cr_assert_str_eq(aisle_model_meta(other), s.parts.meta);
    aisle_model_unref(other);
    aisle_model_unref(NULL);
}
