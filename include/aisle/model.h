/* The model file: written once, replaced by rename, mapped read-only, checked whole at open.
 * include/FORMAT.md has the bytes. Knows nothing of training or scoring. */
#ifndef AISLE_MODEL_H
#define AISLE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/compact.h"
#include "aisle/matrix.h"
#include "aisle/status.h"
#include "aisle/str.h"
#include "aisle/table.h"
#include "aisle/text.h"

/* Everything a model holds; all borrowed for the call. Counts must agree: n_users = users rows, n_items =
 * items rows. */
typedef struct aisle_model_parts {
    aisle_mat users, items; /* factors; n_cols 0 = a model without factors */
    const float *
        item_gram; /* f x f = Y'Y of the rows of `items` that training solved for, for fold-in; NULL without factors */
    int32_t n_users, n_items;
    aisle_str (*user_id)(const void *ctx, int32_t i); /* dense -> external id */
    aisle_str (*item_id)(const void *ctx, int32_t i);
    const void *user_ctx, *item_ctx;
    aisle_csr
        seen; /* n_users x n_items with the training weights (val), for masking and explaining; dislikes < 0 */
    int32_t k_similar, k_content; /* neighbours an item; 0 = none */
    const int32_t *similar_ids;   /* n_items x k_similar from interactions, -1 fills */
    const float *similar_scores;
    const int32_t *content_ids; /* n_items x k_content from text, -1 fills */
    const float *content_scores;
    aisle_csr
        complements; /* n_items x n_items, rows best first, scores > 0 (aisle_trained); no arrays = none */
    /* What the scores are of: baskets with both items, as complements.col; with each item, and [n_items] all. NULL = not kept;
     * the second can be there alone. */
    const int32_t *complement_both, *complement_baskets;
    const float *popularity; /* n_items, >= 0; NULL = none */
    const float *trending;   /* n_items, >= 0; NULL = none */
    const float
        *item_confidence; /* n_items, > 0: what a pair of the item counts in the objective, times its weight
                                     (aisle_train_params.item_damping); NULL = all 1 */
    const aisle_vocabulary *vocabulary; /* NULL or without a term = a model without text */
    aisle_csr text;                     /* n_items x terms, of this vocabulary (aisle_text_matrix) */
    aisle_text_map text_map;            /* of this vocabulary and these factors; scale 0 = none */
    const aisle_hybrid_tables
        *hybrid; /* NULL = none. Of its tables factors, text and trending are not written: they are
                                           those above, and so is `fresh`, which says where popularity is 0 */
    /* Of `items`, for faster answers that stay what they are (compact.h); NULL or without tiles = none. */
    const aisle_compact *compact;
    bool
        half_users; /* users' factors are written in 16 bits (f16), rounded: half the file, and answers by what is left */
    const char *meta;  /* one JSON object: settings, data counts, metrics, created, engine version */
    float a0, reg, nu; /* for fold-in with the same objective */
} aisle_model_parts;

/* Writes path.tmp..., fsync, rename. AISLE_ENOSPC, AISLE_EIO, AISLE_EINVAL (counts disagree; half_users, and a factor beyond
 * 65504). */
aisle_status aisle_model_write(const char *path, const aisle_model_parts *parts, aisle_error *err);

/* Writes the file anew without these users (dense, in any order): their ids become names that mean nothing, their factors
 * zeros, their histories empty; all else stays as it is. Whoever has the old file open keeps it until unref. */
aisle_status aisle_model_forget(const char *path, const int32_t *users, int32_t n, aisle_error *err);

/* An open model. Immutable and shared by threads; reference-counted. */
typedef struct aisle_model aisle_model;
/* Maps and checks everything: magic, version, header and section checksums, every offset, count, id, row
 * pointer, finiteness. AISLE_EFORMAT names file, section, got, wanted; AISLE_EUNSUPPORTED: a newer format. */
aisle_status aisle_model_open(const char *path, aisle_model **out, aisle_error *err);
aisle_model *aisle_model_ref(aisle_model *m);
void aisle_model_unref(aisle_model *m); /* the last one unmaps; NULL is fine */

/* An open model as parts to be written again: views, for as long as the model is open. Users in 16 bits have no data in it
 * (aisle_model_users), and half_users is set. */
aisle_model_parts aisle_model_parts_of(const aisle_model *m);

int32_t aisle_model_n_users(const aisle_model *m);
int32_t aisle_model_n_items(const aisle_model *m);
int32_t aisle_model_n_factors(const aisle_model *m);
int32_t aisle_model_find_user(const aisle_model *m, aisle_str id); /* -1; O(1) by the file's hash index */
int32_t aisle_model_find_item(const aisle_model *m, aisle_str id);
/* The same of n >= 0 ids, into out[n], -1 where there is none: waits for memory a few times for 64 of them, not for each. */
void aisle_model_find_items(const aisle_model *m, const aisle_str *id, int64_t n, int32_t *out);
aisle_str aisle_model_user_id(const aisle_model *m, int32_t u);
aisle_str aisle_model_item_id(const aisle_model *m, int32_t i);
/* Views into the mapping. The users' data is NULL where the file has them as f16: then ask for a row, or for a copy of all. */
aisle_mat aisle_model_users(const aisle_model *m);
aisle_mat aisle_model_items(const aisle_model *m);
void aisle_model_user_factors(const aisle_model *m, int32_t u, float *out);                 /* out[factors] */
aisle_status aisle_model_users_dup(const aisle_model *m, aisle_mat *out, aisle_error *err); /* the caller's */
const aisle_compact *aisle_model_compact(const aisle_model *m); /* of the items; NULL = none */
/* How aisle_compact_topn gets the item factors, with the model as its row_ctx: of a large file row by row, so that they do not
 * gather in the process's memory. NULL: they are mapped, and stay. */
typedef const float *(*aisle_item_reader)(const void *model, int32_t item, float *room);
aisle_item_reader aisle_model_item_reader(const aisle_model *m);
/* Says that n rows of factors, histories or neighbours were looked at in the mapping. Of a large file with a compact table they are
 * let go of when about 50 MB of it have gathered. Any thread. */
void aisle_model_rows_read(const aisle_model *m, int64_t n);
const float *aisle_model_item_gram(const aisle_model *m); /* NULL without factors */
aisle_csr aisle_model_seen(const aisle_model *m);
/* Neighbour row of item i: *k entries, -1 fills the end. NULL and *k = 0 when the model has none. */
const int32_t *aisle_model_similar(const aisle_model *m, int32_t i, int32_t *k, const float **scores);
const int32_t *aisle_model_content(const aisle_model *m, int32_t i, int32_t *k, const float **scores);
/* What is bought with each item: rows best first, scores > 0 and never rising. No arrays when there is none. */
aisle_csr aisle_model_complements(const aisle_model *m);
const int32_t *
aisle_model_complement_both(const aisle_model *m); /* baskets with both, of each entry; NULL = not kept */
const int32_t *
aisle_model_baskets(const aisle_model *m); /* with each item, and behind them all; NULL = not kept */
const float *aisle_model_popularity(const aisle_model *m); /* NULL = none */
const float *aisle_model_trending(const aisle_model *m);
const float *aisle_model_item_confidence(const aisle_model *m); /* NULL = all 1 */
/* What turns a product into a row (aisle_text_rows_new), as in training; NULL = the model has no text. The model's. */
const aisle_vocabulary *aisle_model_vocabulary(const aisle_model *m);
aisle_text_map aisle_model_text_map(const aisle_model *m); /* views; scale 0 = none */
aisle_csr aisle_model_text(const aisle_model *m); /* items x terms; without text no columns and no arrays */
/* What a hybrid is made of, the model's; NULL = the model holds none. */
const aisle_hybrid_tables *aisle_model_hybrid(const aisle_model *m);
/* The group of an attribute's value; -1 = none has it, or there is no hybrid. */
int32_t aisle_model_group(const aisle_model *m, int32_t attribute, aisle_str value);
const char *aisle_model_meta(const aisle_model *m); /* JSON text, NUL-terminated */
void aisle_model_objective(const aisle_model *m, float *a0, float *reg, float *nu);
int64_t aisle_model_bytes(const aisle_model *m);

/* For `aisle inspect`: the i-th section. Returns 0 past the end. */
typedef struct aisle_section_info {
    const char *name, *type; /* "item-factors", "f32" */
    int64_t rows, cols, offset, bytes;
    uint32_t crc;
} aisle_section_info;
int aisle_model_section(const aisle_model *m, int32_t i, aisle_section_info *out);

/* Writes every numeric section as NAME.npy (NumPy format 1.0) or NAME.csv into an existing folder, ids as
 * text files. */
aisle_status aisle_model_export_npy(const aisle_model *m, const char *folder, aisle_error *err);
aisle_status aisle_model_export_csv(const aisle_model *m, const char *folder, aisle_error *err);

#endif
