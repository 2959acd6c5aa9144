/* A small model with every section, for the tests of the file and of the scorer. */
#ifndef AISLE_TESTS_SMALL_MODEL_H
#define AISLE_TESTS_SMALL_MODEL_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/model.h"
#include "aisle/rng.h"

enum { SMALL_USERS = 7, SMALL_ITEMS = 23, SMALL_F = 5, SMALL_K = 4, SMALL_TERMS = 64, SMALL_GROUPS = 3 };

typedef struct small_model {
    float users[SMALL_USERS * SMALL_F], items[SMALL_ITEMS * SMALL_F], gram[SMALL_F * SMALL_F];
    int64_t rows[SMALL_USERS + 1];
    int32_t col[SMALL_USERS * SMALL_ITEMS];
    float val[SMALL_USERS * SMALL_ITEMS];
    int32_t similar[SMALL_ITEMS * SMALL_K], content[SMALL_ITEMS * SMALL_K];
    float similar_scores[SMALL_ITEMS * SMALL_K], content_scores[SMALL_ITEMS * SMALL_K];
    float popularity[SMALL_ITEMS], trending[SMALL_ITEMS], confidence[SMALL_ITEMS];
    aisle_vocabulary *vocabulary; /* the process's one: never freed */
    aisle_csr text;
    float map[SMALL_TERMS * SMALL_F], map_mean[SMALL_F];
    int64_t link_rows[SMALL_ITEMS + 1], group_rows[SMALL_GROUPS + 1];
    int32_t link_items[SMALL_ITEMS * 2], group_items[SMALL_GROUPS * 2], user_groups[SMALL_USERS * 3];
    float link_weights[2][SMALL_ITEMS * 2], popular[SMALL_ITEMS], group_base[SMALL_ITEMS],
        group_weights[SMALL_GROUPS * 2], prior[(1 + SMALL_GROUPS) * SMALL_F];
    aisle_hybrid_tables hybrid;
    aisle_model_parts parts;
} small_model;

static inline aisle_str small_id(const void *ctx, int32_t i)
{
    static char text[1024][16];
    char *at = text[i + (*(const char *)ctx == 'u' ? 0 : 512)];
    snprintf(at, 16, "%c-%d", *(const char *)ctx, i * 7 + 1);
    return aisle_str_from(at);
}

/* Multiples of 1/64 only: every platform makes the same bytes. */
static inline float small_value(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)((int32_t)(*state >> 24) - 128) / 64.0f;
}

/* User 3 has no history; item 20 and later are in nobody's. */
static inline void small_seen(small_model *s)
{
    int64_t e = 0;
    for (int u = 0; u < SMALL_USERS; u++) {
        for (int i = 0; u != 3 && i < 20; i++)
            if ((u * 5 + i * 3) % 4 == 0) {
                s->col[e] = i;
                s->val[e++] = 1.0f + (float)((u + i) % 3);
            }
        s->rows[u + 1] = e;
    }
}

static inline void small_gram(small_model *s)
{
    for (int a = 0; a < SMALL_F; a++)
        for (int b = 0; b < SMALL_F; b++) {
            double sum = 0;
            for (int i = 0; i < SMALL_ITEMS; i++)
                sum += (double)s->items[i * SMALL_F + a] * s->items[i * SMALL_F + b];
            s->gram[a * SMALL_F + b] = (float)sum;
        }
}

/* What item i says of itself; the last two have no text. */
static inline aisle_product small_product(int32_t i)
{
    static const char *const titles[] = {"red kettle", "blue kettle", "red scarf", "blue wool wool scarf"};
    return (aisle_product){.id = small_id("i", i),
                           .title = i < 21 ? aisle_str_from(titles[i % 4]) : (aisle_str){0},
                           .category = i < 21 ? AISLE_STR("Home > Both") : (aisle_str){0},
                           .price_minor = -1,
                           .stock = -1};
}

/* Terms of one and two stems, and whole ones; the commonest are no terms, but inner nodes. */
static inline void small_text(small_model *s)
{
    static small_model first;
    s->vocabulary = first.vocabulary;
    s->text = first.text;
    if (s->vocabulary) return;
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    const aisle_text_params params = {.language = "none", .ngram = 2, .min_df = 2, .max_df = .6};
    for (int32_t i = 0; i < SMALL_ITEMS; i++) {
        aisle_product p = small_product(i);
        if (sink.product(sink.ctx, &p, NULL) != AISLE_OK) abort();
    }
    if (aisle_vocabulary_learn(d, NULL, &params, &s->vocabulary, NULL) != AISLE_OK ||
        aisle_text_matrix(d, s->vocabulary, NULL, &s->text, NULL) != AISLE_OK)
        abort();
    first.vocabulary = s->vocabulary;
    first.text = s->text;
    aisle_dataset_free(d);
}

/* Every part that there is. Items speak for the two after them; users 0 and 1 are of a known age, all but 2 of a country. */
static inline void small_hybrid(small_model *s)
{
    static const int32_t attribute[SMALL_GROUPS] = {0, 2, 2};
    static const aisle_str names[SMALL_GROUPS] = {{"18-24", 5}, {"GB", 2}, {"FR", 2}};
    aisle_hybrid_tables h = {.n_parts = AISLE_PART_IDS - 1,
                             .few = 3,
                             .n_groups = SMALL_GROUPS,
                             .attribute = attribute,
                             .group_name = names,
                             .user_groups = s->user_groups,
                             .prior = {1 + SMALL_GROUPS, SMALL_F, SMALL_F, s->prior}};
    for (int i = 0; i < SMALL_ITEMS; i++) {
        int64_t at = s->link_rows[i];
        for (int j = i + 1; j < i + 3 && j < SMALL_ITEMS; j++) {
            s->link_items[at] = j;
            s->link_weights[0][at] = 1.0f / (float)(j - i);
            s->link_weights[1][at++] = (float)(i % 3 - 1) / 4;
        }
        s->link_rows[i + 1] = at;
        s->popular[i] = (float)((i * 7) % 11);
        s->group_base[i] = -(float)(i % 5);
    }
    for (int g = 0; g < SMALL_GROUPS; g++) {
        s->group_rows[g + 1] = 2 * g + 2;
        for (int k = 0; k < 2; k++) {
            s->group_items[2 * g + k] = g + 4 * k;
            s->group_weights[2 * g + k] = .5f + (float)k;
        }
    }
    for (int u = 0; u < SMALL_USERS; u++) {
        s->user_groups[3 * u] = u < 2 ? 0 : -1;
        s->user_groups[3 * u + 1] = -1;
        s->user_groups[3 * u + 2] = u == 2 ? -1 : 1 + u % 2;
    }
    for (int i = 0; i < (1 + SMALL_GROUPS) * SMALL_F; i++) s->prior[i] = (float)(i % 7 - 3) / 8;
    for (int p = 0; p < h.n_parts; p++) {
        aisle_table *t = &h.table[p];
        h.part[p] = (aisle_part_id)(p + 1);
        t->n_items = SMALL_ITEMS;
        for (int g = 0; g < AISLE_HYBRID_SEGMENTS; g++) h.weight[g][p] = (float)((p + g) % 4) / 8;
        if (h.part[p] == AISLE_PART_POPULAR || h.part[p] == AISLE_PART_TRENDING) {
            t->kind = AISLE_TABLE_SAME;
            t->scores = h.part[p] == AISLE_PART_POPULAR ? s->popular : s->trending;
        }
        if (h.part[p] == AISLE_PART_ITEM_KNN || h.part[p] == AISLE_PART_EASE) {
            t->kind = AISLE_TABLE_LINKS;
            t->unit = 1.5f;
            t->links = (aisle_csr){SMALL_ITEMS, SMALL_ITEMS, s->link_rows, s->link_items,
                                   s->link_weights[h.part[p] == AISLE_PART_EASE]};
        }
        if (h.part[p] == AISLE_PART_DEMOGRAPHIC) {
            t->kind = AISLE_TABLE_GROUPS;
            t->scores = s->group_base;
            t->groups =
                (aisle_csr){SMALL_GROUPS, SMALL_ITEMS, s->group_rows, s->group_items, s->group_weights};
        }
    }
    s->hybrid = h;
}

static inline void small_model_init(small_model *s)
{
    uint32_t state = 1;
    memset(s, 0, sizeof *s);
    for (int i = 0; i < SMALL_USERS * SMALL_F; i++) s->users[i] = small_value(&state);
    for (int i = 0; i < SMALL_ITEMS * SMALL_F; i++) s->items[i] = i < 20 * SMALL_F ? small_value(&state) : 0;
    small_gram(s);
    small_seen(s);
    small_text(s);
    for (int i = 0; i < SMALL_ITEMS; i++)
        for (int k = 0; k < SMALL_K; k++) {
            bool some = k < 2 && i < 20, text = k < 3;
            s->similar[i * SMALL_K + k] = some ? (i + k + 1) % 20 : -1;
            s->similar_scores[i * SMALL_K + k] = some ? 1.0f / (float)(k + 2) : 0;
            s->content[i * SMALL_K + k] = text ? (i + 2 * k + 2) % SMALL_ITEMS : -1;
            s->content_scores[i * SMALL_K + k] = text ? 1.0f / (float)(k + 1) : 0;
        }
    if (s->text.n_cols > SMALL_TERMS) abort();
    for (int i = 0; i < SMALL_TERMS * SMALL_F; i++) s->map[i] = small_value(&state);
    for (int i = 0; i < SMALL_F; i++) s->map_mean[i] = small_value(&state);
    for (int i = 0; i < SMALL_ITEMS; i++) {
        s->popularity[i] = (float)((i * 11) % 13);
        s->trending[i] = (float)((i * 5) % 7);
        s->confidence[i] = .5f + (float)(i % 3);
    }
    small_hybrid(s);
    s->parts = (aisle_model_parts){
        .users = {SMALL_USERS, SMALL_F, SMALL_F, s->users},
        .items = {SMALL_ITEMS, SMALL_F, SMALL_F, s->items},
        .item_gram = s->gram,
        .n_users = SMALL_USERS,
        .n_items = SMALL_ITEMS,
        .user_id = small_id,
        .item_id = small_id,
        .user_ctx = "u",
        .item_ctx = "i",
        .seen = {SMALL_USERS, SMALL_ITEMS, s->rows, s->col, s->val},
        .k_similar = SMALL_K,
        .k_content = SMALL_K,
        .similar_ids = s->similar,
        .similar_scores = s->similar_scores,
        .content_ids = s->content,
        .content_scores = s->content_scores,
        .popularity = s->popularity,
        .trending = s->trending,
        .item_confidence = s->confidence,
        .vocabulary = s->vocabulary,
        .text = s->text,
        .text_map = {s->text.n_cols, SMALL_F, s->map, s->map_mean, 1.5f},
        .hybrid = &s->hybrid,
        .meta = "{\"engine\":\"0.1.0\",\"note\":\"small\"}",
        .a0 = 0.125f,
        .reg = 0.0625f,
        .nu = 1.0f,
    };
}

static char temp_folder[64];

static inline int temp_remove(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info, (void)type, (void)at;
    return remove(path);
}

static inline void temp_clean(void)
{
    nftw(temp_folder, temp_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A path in a fresh folder of this process, which goes when the process ends. */
static inline const char *temp_path(const char *name)
{
    static char path[8][160];
    static int next;
    if (!temp_folder[0]) {
        strcpy(temp_folder, "/tmp/aisle-test-XXXXXX");
        if (!mkdtemp(temp_folder) || atexit(temp_clean)) abort();
    }
    char *at = path[next++ % 8];
    snprintf(at, sizeof path[0], "%s/%s", temp_folder, name);
    return at;
}

static inline unsigned char *read_all(const char *path, long *n)
{
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *n = ftell(f);
    rewind(f);
    unsigned char *p = malloc((size_t)*n + 1);
    if (p && fread(p, 1, (size_t)*n, f) != (size_t)*n) {
        free(p);
        p = NULL;
    }
    fclose(f);
    return p;
}

#endif
