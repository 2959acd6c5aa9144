/* The table of section kinds and the small questions asked of it. Adding a section = one row here, one
 * paragraph in FORMAT.md, one check in model_check.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cpu/model/model_file.h"

/* clang-format off */
const model_kind_info model_kinds[MODEL_N_KINDS] = {
    [MODEL_META] = {"meta", MODEL_U8, DIM_META, DIM_ONE, DIM_ONE, false, 0},
    [MODEL_USER_FACTORS] = {"user-factors", MODEL_F32, DIM_USERS, DIM_FACTORS, DIM_FACTORS, false, 0},
    [MODEL_ITEM_FACTORS] = {"item-factors", MODEL_F32, DIM_ITEMS, DIM_FACTORS, DIM_FACTORS, false, 0},
    [MODEL_ITEM_GRAM] = {"item-gram", MODEL_F32, DIM_FACTORS, DIM_FACTORS, DIM_FACTORS, false, 0},
    [MODEL_USER_ID_ENDS] = {"user-id-ends", MODEL_I64, DIM_USERS_1, DIM_ONE, DIM_ONE, false, 0},
    [MODEL_USER_ID_BYTES] = {"user-id-bytes", MODEL_U8, DIM_USER_BYTES, DIM_ONE, DIM_ONE, false, 0},
    [MODEL_USER_ID_INDEX] = {"user-id-index", MODEL_I32, DIM_USER_SLOTS, DIM_ONE, DIM_ONE, false, 0},
    [MODEL_ITEM_ID_ENDS] = {"item-id-ends", MODEL_I64, DIM_ITEMS_1, DIM_ONE, DIM_ONE, false, 0},
    [MODEL_ITEM_ID_BYTES] = {"item-id-bytes", MODEL_U8, DIM_ITEM_BYTES, DIM_ONE, DIM_ONE, false, 0},
    [MODEL_ITEM_ID_INDEX] = {"item-id-index", MODEL_I32, DIM_ITEM_SLOTS, DIM_ONE, DIM_ONE, false, 0},
    [MODEL_SEEN_ROWS] = {"seen-rows", MODEL_I64, DIM_USERS_1, DIM_ONE, DIM_ONE, false, 0},
    [MODEL_SEEN_ITEMS] = {"seen-items", MODEL_I32, DIM_NNZ, DIM_ONE, DIM_ONE, false, 0},
    [MODEL_SEEN_WEIGHTS] = {"seen-weights", MODEL_F32, DIM_NNZ, DIM_ONE, DIM_ONE, true, 0},
    [MODEL_SIMILAR_ITEMS] = {"similar-items", MODEL_I32, DIM_ITEMS, DIM_SIMILAR, DIM_SIMILAR, false, 0},
    [MODEL_SIMILAR_SCORES] = {"similar-scores", MODEL_F32, DIM_ITEMS, DIM_SIMILAR, DIM_SIMILAR, false, 0},
    [MODEL_CONTENT_ITEMS] = {"content-items", MODEL_I32, DIM_ITEMS, DIM_CONTENT, DIM_CONTENT, false, 0},
    [MODEL_CONTENT_SCORES] = {"content-scores", MODEL_F32, DIM_ITEMS, DIM_CONTENT, DIM_CONTENT, false, 0},
    [MODEL_POPULARITY] = {"popularity", MODEL_F32, DIM_ITEMS, DIM_ONE, DIM_ONE, true, 0},
    [MODEL_TRENDING] = {"trending", MODEL_F32, DIM_ITEMS, DIM_ONE, DIM_ONE, true, 0},
    [MODEL_ITEM_CONFIDENCE] = {"item-confidence", MODEL_F32, DIM_ITEMS, DIM_ONE, DIM_ONE, true, 0},
    [MODEL_TEXT_DF] = {"text-df", MODEL_I32, DIM_TERMS, DIM_ONE, DIM_ONE, true, MODEL_SKIPPABLE},
    [MODEL_TEXT_SETTINGS] = {"text-settings", MODEL_U8, DIM_TEXT_SETTINGS, DIM_ONE, DIM_TERMS, false,
                             MODEL_SKIPPABLE},
    [MODEL_TEXT_NODES] = {"text-nodes", MODEL_I32, DIM_TEXT_NODES, DIM_TWO, DIM_TERMS, false,
                          MODEL_SKIPPABLE},
    [MODEL_TEXT_STEM_ENDS] = {"text-stem-ends", MODEL_I64, DIM_TEXT_STEMS_1, DIM_ONE, DIM_TERMS, false,
                              MODEL_SKIPPABLE},
    [MODEL_TEXT_STEM_BYTES] = {"text-stem-bytes", MODEL_U8, DIM_TEXT_STEM_BYTES, DIM_ONE, DIM_TERMS, false,
                               MODEL_SKIPPABLE},
    [MODEL_TEXT_ROWS] = {"text-rows", MODEL_I64, DIM_ITEMS_1, DIM_ONE, DIM_TERMS, false, MODEL_SKIPPABLE},
    [MODEL_TEXT_TERMS] = {"text-terms", MODEL_I32, DIM_TEXT_NNZ, DIM_ONE, DIM_TERMS, false, MODEL_SKIPPABLE},
    [MODEL_TEXT_WEIGHTS] = {"text-weights", MODEL_F32, DIM_TEXT_NNZ, DIM_ONE, DIM_TERMS, false,
                            MODEL_SKIPPABLE},
    [MODEL_TEXT_MAP] = {"text-map", MODEL_F32, DIM_TERMS, DIM_FACTORS, DIM_FACTORS, true, MODEL_SKIPPABLE},
    [MODEL_TEXT_MAP_MEAN] = {"text-map-mean", MODEL_F32, DIM_FACTORS, DIM_ONE, DIM_FACTORS, true,
                             MODEL_SKIPPABLE},
    [MODEL_TEXT_MAP_SCALE] = {"text-map-scale", MODEL_F32, DIM_ONE, DIM_ONE, DIM_FACTORS, true,
                              MODEL_SKIPPABLE},
    [MODEL_HYBRID_PARTS] = {"hybrid-parts", MODEL_I32, DIM_PARTS, DIM_ONE, DIM_ONE, true, MODEL_SKIPPABLE},
    [MODEL_HYBRID_WEIGHTS] = {"hybrid-weights", MODEL_F32, DIM_SEGMENTS, DIM_PARTS, DIM_PARTS, false, MODEL_SKIPPABLE},
    [MODEL_HYBRID_RULE] = {"hybrid-rule", MODEL_I32, DIM_RULE, DIM_ONE, DIM_PARTS, false, MODEL_SKIPPABLE},
    [MODEL_LINK_UNIT] = {"link-unit", MODEL_F32, DIM_ONE, DIM_ONE, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_ITEM_KNN_ROWS] = {"item-knn-rows", MODEL_I64, DIM_ITEMS_1, DIM_ONE, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_ITEM_KNN_ITEMS] = {"item-knn-items", MODEL_I32, DIM_KNN_NNZ, DIM_ONE, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_ITEM_KNN_WEIGHTS] = {"item-knn-weights", MODEL_F32, DIM_KNN_NNZ, DIM_ONE, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_EASE_ROWS] = {"ease-rows", MODEL_I64, DIM_ITEMS_1, DIM_ONE, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_EASE_ITEMS] = {"ease-items", MODEL_I32, DIM_EASE_NNZ, DIM_ONE, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_EASE_WEIGHTS] = {"ease-weights", MODEL_F32, DIM_EASE_NNZ, DIM_ONE, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_POPULAR_SCORES] = {"popular-scores", MODEL_F32, DIM_ITEMS, DIM_ONE, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_GROUP_ATTRIBUTES] = {"group-attributes", MODEL_I32, DIM_GROUPS, DIM_ONE, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_GROUP_NAME_ENDS] = {"group-name-ends", MODEL_I64, DIM_GROUPS_1, DIM_ONE, DIM_GROUPS, false, MODEL_SKIPPABLE},
    [MODEL_GROUP_NAME_BYTES] = {"group-name-bytes", MODEL_U8, DIM_GROUP_BYTES, DIM_ONE, DIM_GROUPS, false, MODEL_SKIPPABLE},
    [MODEL_USER_GROUPS] = {"user-groups", MODEL_I32, DIM_USERS, DIM_ATTRIBUTES, DIM_GROUPS, false, MODEL_SKIPPABLE},
    [MODEL_GROUP_BASE] = {"group-base", MODEL_F32, DIM_ITEMS, DIM_ONE, DIM_GROUPS, true, MODEL_SKIPPABLE},
    [MODEL_GROUP_ROWS] = {"group-rows", MODEL_I64, DIM_GROUPS_1, DIM_ONE, DIM_GROUPS, true, MODEL_SKIPPABLE},
    [MODEL_GROUP_ITEMS] = {"group-items", MODEL_I32, DIM_GROUP_NNZ, DIM_ONE, DIM_GROUPS, true, MODEL_SKIPPABLE},
    [MODEL_GROUP_WEIGHTS] = {"group-weights", MODEL_F32, DIM_GROUP_NNZ, DIM_ONE, DIM_GROUPS, true, MODEL_SKIPPABLE},
    [MODEL_GROUP_FACTORS] = {"group-factors", MODEL_F32, DIM_PRIORS, DIM_FACTORS, DIM_PARTS, true, MODEL_SKIPPABLE},
    [MODEL_COMPACT_TILE_ERROR] = {"compact-tile-error", MODEL_F32, DIM_TILES, DIM_ONE, DIM_FACTORS, true, MODEL_SKIPPABLE},
    [MODEL_COMPACT_IDS] = {"compact-ids", MODEL_I32, DIM_TILE_ROWS, DIM_ONE, DIM_TILES, false, MODEL_SKIPPABLE},
    [MODEL_COMPACT_CODES] = {"compact-codes", MODEL_U8, DIM_TILES, DIM_TILE_BYTES, DIM_TILES, false, MODEL_SKIPPABLE},
    [MODEL_COMPACT_SCALE] = {"compact-scale", MODEL_F32, DIM_TILE_ROWS, DIM_ONE, DIM_TILES, false, MODEL_SKIPPABLE},
    [MODEL_COMPACT_NORM] = {"compact-norm", MODEL_F32, DIM_TILE_ROWS, DIM_ONE, DIM_TILES, false, MODEL_SKIPPABLE},
    [MODEL_COMPACT_ERROR] = {"compact-error", MODEL_F32, DIM_TILE_ROWS, DIM_ONE, DIM_TILES, false, MODEL_SKIPPABLE},
    [MODEL_COMPLEMENT_ROWS] = {"complement-rows", MODEL_I64, DIM_ITEMS_1, DIM_ONE, DIM_ONE, true, MODEL_SKIPPABLE},
    [MODEL_COMPLEMENT_ITEMS] = {"complement-items", MODEL_I32, DIM_COMPLEMENTS, DIM_ONE, DIM_COMPLEMENTS, false, MODEL_SKIPPABLE},
    [MODEL_COMPLEMENT_SCORES] = {"complement-scores", MODEL_F32, DIM_COMPLEMENTS, DIM_ONE, DIM_COMPLEMENTS, false, MODEL_SKIPPABLE},
    [MODEL_COMPLEMENT_BOTH] = {"complement-both", MODEL_I32, DIM_COMPLEMENTS, DIM_ONE, DIM_COMPLEMENTS, true, MODEL_SKIPPABLE},
    [MODEL_COMPLEMENT_BASKETS] = {"complement-baskets", MODEL_I32, DIM_ITEMS_1, DIM_ONE, DIM_ONE, true, MODEL_SKIPPABLE},
};
/* clang-format on */

size_t model_type_bytes(uint32_t type)
{
    switch (type) {
    case MODEL_U8: return 1;
    case MODEL_I32:
    case MODEL_F32: return 4;
    case MODEL_I64: return 8;
    case MODEL_F16: return 2;
    default: return 0;
    }
}

const char *model_type_name(uint32_t type)
{
    switch (type) {
    case MODEL_U8: return "u8";
    case MODEL_I32: return "i32";
    case MODEL_I64: return "i64";
    case MODEL_F32: return "f32";
    case MODEL_F16: return "f16";
    default: return "unknown";
    }
}

bool model_type_fits(uint32_t kind, uint32_t type)
{
    return type == model_kinds[kind].type || (kind == MODEL_USER_FACTORS && type == MODEL_F16);
}

const char *model_section_name(uint32_t kind)
{
    return kind >= 1 && kind < MODEL_N_KINDS ? model_kinds[kind].name : "unknown";
}

void model_set_dims(struct aisle_model *m, const int64_t counts[5])
{
    for (int i = 0; i < DIM_COUNT; i++) m->dim[i] = i < 5 ? counts[i] : -1;
    m->dim[DIM_ONE] = 1;
    m->dim[DIM_TWO] = m->dim[DIM_RULE] = 2;
    m->dim[DIM_SEGMENTS] = AISLE_HYBRID_SEGMENTS;
    m->dim[DIM_ATTRIBUTES] = AISLE_GROUP_ATTRIBUTES;
    m->dim[DIM_USERS_1] = m->dim[DIM_USERS] + 1;
    m->dim[DIM_ITEMS_1] = m->dim[DIM_ITEMS] + 1;
    memset(m->at, -1, sizeof m->at);
}

const void *model_data(const struct aisle_model *m, model_kind kind)
{
    return m->at[kind] < 0 ? NULL : m->section[m->at[kind]].data;
}

aisle_status model_fail(const model_fault *f, const char *section, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *next = f->status == AISLE_EFORMAT ? "; the file is damaged: restore it or train again"
                       : f->status == AISLE_EUNSUPPORTED
                           ? "; written by a newer aisle: upgrade, or train again"
                           : "; nothing was written";
    return aisle_fail(f->err, f->status, "%s: model %s: %s%s", f->path, section, text, next);
}
