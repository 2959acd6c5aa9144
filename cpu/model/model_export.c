/* Exporting an open model for other tools: every numeric section as NAME.npy (NumPy format 1.0) or NAME.csv,
 * ids as user-ids.csv and item-ids.csv (one a line, quoted by RFC 4180 where needed), the terms of texts as
 * text-vocabulary.csv and the values of user groups as group-names.csv likewise, meta as meta.json, and how texts become rows as text-settings.json. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/model/half.h"
#include "cpu/model/model_file.h"

/* Whether a section is numbers for others, and not ids, their index or text. */
static bool is_numeric(const model_section *s)
{
    switch (s->kind) {
    case MODEL_META:
    case MODEL_USER_ID_ENDS:
    case MODEL_USER_ID_BYTES:
    case MODEL_USER_ID_INDEX:
    case MODEL_ITEM_ID_ENDS:
    case MODEL_ITEM_ID_BYTES:
    case MODEL_ITEM_ID_INDEX:
    case MODEL_TEXT_SETTINGS:
    case MODEL_TEXT_STEM_ENDS:
    case MODEL_TEXT_STEM_BYTES:
    case MODEL_TEXT_NODES:
    case MODEL_GROUP_NAME_ENDS:
    case MODEL_GROUP_NAME_BYTES:
    case MODEL_COMPACT_TILE_ERROR: /* the table is made of item-factors, and is of use to this program alone */
    case MODEL_COMPACT_IDS:
    case MODEL_COMPACT_CODES:
    case MODEL_COMPACT_SCALE:
    case MODEL_COMPACT_NORM:
    case MODEL_COMPACT_ERROR: return false;
    default: return s->kind < MODEL_N_KINDS;
    }
}

static aisle_status open_export(const char *folder, const char *name, const char *suffix, aisle_replace *to,
                                aisle_error *err)
{
    aisle_buf path = {0};
    aisle_status st = aisle_buf_printf(&path, "%s/%s.%s", folder, name, suffix)
                          ? aisle_replace_open(path.data, to, err)
                          : aisle_fail(err, AISLE_ENOMEM, "out of memory for a file name in %s", folder);
    aisle_buf_deinit(&path);
    return st;
}

/* A full disk is met here, since stdio keeps what went wrong. */
static aisle_status close_export(aisle_replace *to, aisle_error *err)
{
    if (!ferror(to->stream)) return aisle_replace_commit(to, err);
    aisle_status st = aisle_fail_errno(err, "write", to->path);
    aisle_replace_abort(to);
    return st;
}

/* ---- numbers ---- */

/* Magic, version 1.0, u16 length of the header, a Python dictionary padded with spaces to a multiple of 64
 * and ended by a line feed (NumPy enhancement proposal 1). A single column is a vector. */
static void write_npy(const model_section *s, FILE *to)
{
    const char *type = s->type == MODEL_I64   ? "<i8"
                       : s->type == MODEL_I32 ? "<i4"
                       : s->type == MODEL_F16 ? "<f2"
                                              : "<f4";
    char shape[64], head[128];
    if (s->cols == 1)
        snprintf(shape, sizeof shape, "(%lld,)", (long long)s->rows);
    else
        snprintf(shape, sizeof shape, "(%lld, %lld)", (long long)s->rows, (long long)s->cols);
    int n =
        snprintf(head, sizeof head, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
    unsigned len = ((unsigned)n + 1 + 10 + 63) / 64 * 64 - 10;
    fwrite("\x93NUMPY\x01\x00", 1, 8, to);
    fputc((int)(len & 255), to);
    fputc((int)(len >> 8), to);
    fprintf(to, "%-*s\n", (int)len - 1, head);
    fwrite(s->data, 1, (size_t)s->bytes, to);
}

/* Nine digits give every float back exactly. */
static void write_csv(const model_section *s, FILE *to)
{
    for (int64_t r = 0; r < s->rows; r++)
        for (int64_t c = 0; c < s->cols; c++) {
            const unsigned char *at = s->data + (r * s->cols + c) * (int64_t)model_type_bytes(s->type);
            const char end = c + 1 < s->cols ? ',' : '\n';
            if (s->type == MODEL_F32)
                fprintf(to, "%.9g%c", (double)*(const float *)(const void *)at, end);
            else if (s->type == MODEL_F16)
                fprintf(to, "%.9g%c", (double)half_widen(*(const uint16_t *)(const void *)at), end);
            else if (s->type == MODEL_I32)
                fprintf(to, "%d%c", *(const int32_t *)(const void *)at, end);
            else
                fprintf(to, "%lld%c", (long long)*(const int64_t *)(const void *)at, end);
        }
}

/* ---- ids and meta ---- */

static bool needs_quotes(aisle_str id)
{
    for (size_t i = 0; i < id.len; i++)
        if (strchr("\",\r\n", id.ptr[i])) return true; /* also a NUL: strchr finds the end */
    return false;
}

static void write_id(aisle_str id, FILE *to)
{
    if (!needs_quotes(id)) {
        fwrite(id.ptr, 1, id.len, to);
    } else {
        fputc('"', to);
        for (size_t i = 0; i < id.len; i++) {
            if (id.ptr[i] == '"') fputc('"', to);
            fputc(id.ptr[i], to);
        }
        fputc('"', to);
    }
    fputc('\n', to);
}

static aisle_status export_ids(const struct aisle_model *m, bool users, const char *folder, aisle_error *err)
{
    aisle_replace to;
    model_ids ids = model_ids_of(m, users);
    AISLE_TRY(open_export(folder, users ? "user-ids" : "item-ids", "csv", &to, err));
    for (int64_t i = 0; i < ids.n; i++) write_id(model_id(&ids, i), to.stream);
    return close_export(&to, err);
}

static aisle_status export_vocabulary(const struct aisle_model *m, const char *folder, aisle_error *err)
{
    aisle_replace to;
    AISLE_TRY(open_export(folder, "text-vocabulary", "csv", &to, err));
    for (int32_t t = 0; t < aisle_vocabulary_count(m->vocabulary); t++)
        write_id(aisle_vocabulary_term(m->vocabulary, t), to.stream);
    return close_export(&to, err);
}

static aisle_status export_groups(const aisle_hybrid_tables *h, const char *folder, aisle_error *err)
{
    aisle_replace to;
    AISLE_TRY(open_export(folder, "group-names", "csv", &to, err));
    for (int32_t g = 0; g < h->n_groups; g++) write_id(h->group_name[g], to.stream);
    return close_export(&to, err);
}

static aisle_status export_json(const char *text, const char *name, const char *folder, aisle_error *err)
{
    aisle_replace to;
    AISLE_TRY(open_export(folder, name, "json", &to, err));
    fprintf(to.stream, "%s\n", text);
    return close_export(&to, err);
}

static aisle_status export_all(const struct aisle_model *m, const char *folder, bool npy, aisle_error *err)
{
    aisle_replace to;
    for (int32_t i = 0; i < m->n_sections; i++) {
        const model_section *s = &m->section[i];
        if (!is_numeric(s)) continue;
        AISLE_TRY(open_export(folder, model_section_name(s->kind), npy ? "npy" : "csv", &to, err));
        if (npy)
            write_npy(s, to.stream);
        else
            write_csv(s, to.stream);
        AISLE_TRY(close_export(&to, err));
    }
    AISLE_TRY(export_ids(m, true, folder, err));
    AISLE_TRY(export_ids(m, false, folder, err));
    if (m->vocabulary) {
        AISLE_TRY(export_vocabulary(m, folder, err));
        AISLE_TRY(export_json(model_data(m, MODEL_TEXT_SETTINGS), "text-settings", folder, err));
    }
    if (m->hybrid && m->hybrid->tables.n_groups > 0)
        AISLE_TRY(export_groups(&m->hybrid->tables, folder, err));
    return export_json(aisle_model_meta(m), "meta", folder, err);
}

aisle_status aisle_model_export_npy(const aisle_model *m, const char *folder, aisle_error *err)
{
    return export_all(m, folder, true, err);
}

aisle_status aisle_model_export_csv(const aisle_model *m, const char *folder, aisle_error *err)
{
    return export_all(m, folder, false, err);
}
