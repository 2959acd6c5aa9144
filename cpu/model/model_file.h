/* The model file as the writer, the reader and the checks see it: kinds of sections, sizes, header. The bytes
 * are in include/FORMAT.md. Not a public header. */
#ifndef AISLE_CPU_MODEL_FILE_H
#define AISLE_CPU_MODEL_FILE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "aisle/compact.h"
#include "aisle/file.h"
#include "aisle/model.h"
#include "aisle/text.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#    error "model files are mapped as they are: a big-endian host would need a converting reader"
#endif

#define MODEL_MAGIC "AISLEMDL"
enum {
    MODEL_VERSION = 1,
    MODEL_HEADER_BYTES = 128,
    MODEL_ENTRY_BYTES = 64,
    MODEL_ALIGN = 64,
    MODEL_MAX_SECTIONS = 64,
    MODEL_SKIPPABLE = 1, /* section flag: a reader that does not know the kind may pass over it */
    MODEL_MAX_PROBES = 512
};

typedef enum model_type { MODEL_U8 = 1, MODEL_I32, MODEL_I64, MODEL_F32, MODEL_F16 } model_type;

/* Kinds are pinned: numbers of the file. Ascending order in the file. */
typedef enum model_kind {
    MODEL_META = 1,
    MODEL_USER_FACTORS,
    MODEL_ITEM_FACTORS,
    MODEL_ITEM_GRAM,
    MODEL_USER_ID_ENDS,
    MODEL_USER_ID_BYTES,
    MODEL_USER_ID_INDEX,
    MODEL_ITEM_ID_ENDS,
    MODEL_ITEM_ID_BYTES,
    MODEL_ITEM_ID_INDEX,
    MODEL_SEEN_ROWS,
    MODEL_SEEN_ITEMS,
    MODEL_SEEN_WEIGHTS,
    MODEL_SIMILAR_ITEMS,
    MODEL_SIMILAR_SCORES,
    MODEL_CONTENT_ITEMS,
    MODEL_CONTENT_SCORES,
    MODEL_POPULARITY,
    MODEL_TRENDING,
    MODEL_ITEM_CONFIDENCE,
    MODEL_TEXT_DF,
    MODEL_TEXT_SETTINGS,
    MODEL_TEXT_NODES,
    MODEL_TEXT_STEM_ENDS,
    MODEL_TEXT_STEM_BYTES,
    MODEL_TEXT_ROWS,
    MODEL_TEXT_TERMS,
    MODEL_TEXT_WEIGHTS,
    MODEL_TEXT_MAP,
    MODEL_TEXT_MAP_MEAN,
    MODEL_TEXT_MAP_SCALE,
    MODEL_HYBRID_PARTS,
    MODEL_HYBRID_WEIGHTS,
    MODEL_HYBRID_RULE,
    MODEL_LINK_UNIT,
    MODEL_ITEM_KNN_ROWS,
    MODEL_ITEM_KNN_ITEMS,
    MODEL_ITEM_KNN_WEIGHTS,
    MODEL_EASE_ROWS,
    MODEL_EASE_ITEMS,
    MODEL_EASE_WEIGHTS,
    MODEL_POPULAR_SCORES,
    MODEL_GROUP_ATTRIBUTES,
    MODEL_GROUP_NAME_ENDS,
    MODEL_GROUP_NAME_BYTES,
    MODEL_USER_GROUPS,
    MODEL_GROUP_BASE,
    MODEL_GROUP_ROWS,
    MODEL_GROUP_ITEMS,
    MODEL_GROUP_WEIGHTS,
    MODEL_GROUP_FACTORS,
    MODEL_COMPACT_TILE_ERROR,
    MODEL_COMPACT_IDS,
    MODEL_COMPACT_CODES,
    MODEL_COMPACT_SCALE,
    MODEL_COMPACT_NORM,
    MODEL_COMPACT_ERROR,
    MODEL_COMPLEMENT_ROWS,
    MODEL_COMPLEMENT_ITEMS,
    MODEL_COMPLEMENT_SCORES,
    MODEL_COMPLEMENT_BOTH,
    MODEL_COMPLEMENT_BASKETS,
    MODEL_N_KINDS
} model_kind;

/* The sizes that sections share. The first five stand in the header, the others come from the first section
 * that has them (-1 until then). */
typedef enum model_dim {
    DIM_USERS,
    DIM_ITEMS,
    DIM_FACTORS,
    DIM_SIMILAR,
    DIM_CONTENT,
    DIM_ONE,
    DIM_TWO,
    DIM_USERS_1, /* users + 1 */
    DIM_ITEMS_1,
    DIM_META,
    DIM_USER_BYTES,
    DIM_ITEM_BYTES,
    DIM_USER_SLOTS,
    DIM_ITEM_SLOTS,
    DIM_NNZ,
    DIM_TERMS,
    DIM_TEXT_SETTINGS,
    DIM_TEXT_NODES,
    DIM_TEXT_STEMS_1, /* stems + 1 */
    DIM_TEXT_STEM_BYTES,
    DIM_TEXT_NNZ,
    DIM_PARTS,
    DIM_SEGMENTS,
    DIM_RULE,
    DIM_KNN_NNZ,
    DIM_EASE_NNZ,
    DIM_GROUPS,
    DIM_GROUPS_1,
    DIM_ATTRIBUTES,
    DIM_GROUP_BYTES,
    DIM_GROUP_NNZ,
    DIM_PRIORS, /* groups + 1, also without groups */
    DIM_TILES,  /* of the compact table */
    DIM_TILE_BYTES,
    DIM_TILE_ROWS, /* tiles * 48 */
    DIM_COMPLEMENTS,
    DIM_COUNT
} model_dim;

/* One row a kind. `when` is the size that must be above 0 for the section to be there (DIM_ONE: always; one of the sizes
 * that a section says first: with that section); optional sections may be absent also then. */
typedef struct model_kind_info {
    const char *name;
    model_type type;
    model_dim rows, cols, when;
    bool optional;
    uint32_t flags;
} model_kind_info;
extern const model_kind_info model_kinds[MODEL_N_KINDS];

size_t model_type_bytes(uint32_t type);        /* 0 = unknown */
const char *model_type_name(uint32_t type);    /* never NULL */
const char *model_section_name(uint32_t kind); /* never NULL */

typedef struct model_section {
    uint32_t kind, type, flags, crc;
    int64_t rows, cols, offset, bytes;
    const unsigned char *data;
    int64_t row_stride; /* bytes from row to row in memory; packed in the file */
} model_section;

/* What a hybrid's sections are put together to. */
typedef struct model_hybrid {
    aisle_hybrid_tables tables;
    uint8_t *fresh;
    aisle_str *group_name;
    aisle_csr terms; /* the transpose of the texts */
} model_hybrid;

/* An open model, and also what the writer fills before it writes: then the map is empty. */
struct aisle_model {
    atomic_int refs;
    aisle_mapping map;
    int64_t dim[DIM_COUNT];
    float a0, reg, nu;
    uint32_t hash_seed;
    int32_t n_sections;
    model_section section[MODEL_MAX_SECTIONS]; /* as in the file */
    int8_t at[MODEL_N_KINDS];                  /* kind -> index into section, -1 = absent */
    int32_t file;                 /* 1 + the descriptor of a large file that rows are read of; 0 = none */
    atomic_int touched;           /* mapped rows since somebody looked at how much is resident */
    atomic_llong resident;        /* pages of files that the process had then, at least */
    struct model_hybrid *hybrid;  /* made by model_check_content; NULL = no hybrid */
    aisle_compact compact;        /* its arrays are the sections'; n_tiles 0 = none */
    aisle_vocabulary *vocabulary; /* made by model_check_content; NULL = no text */
};

/* Header counts into dim; the others to -1. */
void model_set_dims(struct aisle_model *m, const int64_t counts[5]);
/* Whether a section of this kind may have this type: users' factors may be narrower than the table says. */
bool model_type_fits(uint32_t kind, uint32_t type);
/* Pages (model_pages.c): maps them at once, a fault each costing more than the checks; drops those of a section of a large
 * file; and once all is checked, keeps what is always in use, and fd where rows are to be read of it. */
void model_populate(const struct aisle_model *m, int64_t offset, int64_t bytes);
void model_populate_small(const struct aisle_model *m);
void model_drop(const struct aisle_model *m, const model_section *s);
void model_settle(struct aisle_model *m, int fd); /* takes fd */
void model_pages_deinit(struct aisle_model *m);
/* Row i of a section: where it lies in the mapping, or of a large file in room, read. */
const void *model_read_row(const struct aisle_model *m, model_kind kind, int64_t i, void *room);
/* The data of a kind, NULL when absent or empty. */
const void *model_data(const struct aisle_model *m, model_kind kind);

/* Where a fault is reported: `status` is AISLE_EFORMAT for a file, AISLE_EINVAL for a writer's input. */
typedef struct model_fault {
    const char *path;
    aisle_status status;
    aisle_error *err;
} model_fault;
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
aisle_status
model_fail(const model_fault *f, const char *section, const char *fmt, ...);

/* Numbers and ids of every section, once the table is sound (model_check.c). Makes the vocabulary, which is the model's. */
aisle_status model_check_content(struct aisle_model *m, const model_fault *f);
/* Its parts that other files need. Offsets from 0 to total, never falling; `step` 1 demands non-empty rows. */
aisle_status model_check_ends(const int64_t *ends, int64_t n, int64_t total, int64_t step, const char *name,
                              const model_fault *f);
/* Columns of rows that were checked: within n_cols, strictly ascending in a row. */
aisle_status model_check_columns(const int64_t *rows, int64_t n_rows, const int32_t *cols, int64_t n_cols,
                                 const char *name, const model_fault *f);
/* Adds the section of `kind` when its size is not 0 and data is there (model_write.c). ld in values; 0 = packed. */
void model_add(struct aisle_model *m, model_kind kind, const void *data, int64_t ld);
/* What a hybrid's sections need beside its tables, until they are written (model_hybrid_write.c). */
typedef struct packed_hybrid {
    int32_t part[AISLE_HYBRID_MAX_PARTS], rule[2];
    float weight[AISLE_HYBRID_SEGMENTS * AISLE_HYBRID_MAX_PARTS], unit;
    int64_t *name_ends;
    aisle_buf names;
} packed_hybrid;
/* h NULL: nothing is packed and nothing added. */
aisle_status model_pack_hybrid(const aisle_hybrid_tables *h, packed_hybrid *out, const model_fault *f);
void model_add_hybrid(struct aisle_model *m, const aisle_hybrid_tables *h, const packed_hybrid *packed);
void model_packed_hybrid_deinit(packed_hybrid *p);
/* Hybrids (model_hybrid.c): checks them and makes m->hybrid. */
aisle_status model_check_hybrid(struct aisle_model *m, const model_fault *f);
void model_hybrid_free(struct model_hybrid *h);
enum { MODEL_RULE_DEVIATION = 1 }; /* how the scores of parts are scaled */
/* The compact table (model_compact.c): checks it and makes m->compact. */
aisle_status model_check_compact(struct aisle_model *m, const model_fault *f);
void model_add_compact(struct aisle_model *m, const aisle_compact *t); /* NULL: adds nothing */
/* Vocabulary and texts (model_text.c). */
aisle_status model_check_text(struct aisle_model *m, const model_fault *f);

/* Lays the sections out, with their checksums, and replaces the file by rename (model_write.c). The content is checked
 * before. */
aisle_status model_write_file(const char *path, struct aisle_model *m, aisle_error *err);

/* ---- id index (model_index.c): open addressing, linear probing, power of two slots of which at most half
 * are taken ---- */
typedef struct model_ids {
    int64_t n;
    const int64_t *ends; /* n + 1; id i is bytes[ends[i] .. ends[i+1]) */
    const char *bytes;
    int64_t n_slots;
    const int32_t *slots; /* -1 = free */
    uint32_t seed;
} model_ids;
model_ids model_ids_of(const struct aisle_model *m, bool users);
aisle_str model_id(const model_ids *ids, int64_t i);
int64_t model_index_slots(int64_t n);
int32_t model_index_find(const model_ids *ids, aisle_str id);
void model_index_find_all(const model_ids *ids, const aisle_str *id, int64_t n, int32_t *out);
/* Fills slots; false when a probe would be longer than MODEL_MAX_PROBES: take the next seed. *twice = the
 * second of two equal ids, or -1. */
bool model_index_build(const model_ids *ids, int32_t *slots, int64_t *twice);

#endif
