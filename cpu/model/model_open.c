/* Opening a model file: the header and the section table are checked here, the contents in model_check.c.
 * Until then every number is hostile. A file that is cut while it is mapped is a SIGBUS: files are only ever
 * replaced. */
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "aisle/memory.h"
#include "cpu/model/model_file.h"

static uint32_t u32(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t u64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static float f32(const unsigned char *p)
{
    float v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t crc_of(const unsigned char *p, int64_t n)
{
    return (uint32_t)crc32_z(0, p, (size_t)n);
}

static bool all_zero(const unsigned char *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (p[i]) return false;
    return true;
}

static aisle_status newer(const model_fault *f, const char *section, const char *what, uint32_t got,
                          uint32_t wanted)
{
    model_fault g = {f->path, AISLE_EUNSUPPORTED, f->err};
    return model_fail(&g, section, "%s %u, known up to %u", what, got, wanted);
}

/* The version is looked at before the checksum: a later format may have another header. */
static aisle_status check_header(const unsigned char *p, int64_t size, const model_fault *f)
{
    if (size < MODEL_HEADER_BYTES || memcmp(p, MODEL_MAGIC, 8) != 0)
        return aisle_fail(f->err, AISLE_EFORMAT,
                          "%s: not an aisle model file (%lld bytes); name a .aisle file", f->path,
                          (long long)size);
    if (u32(p + 8) > MODEL_VERSION) return newer(f, "header", "format version", u32(p + 8), MODEL_VERSION);
    if (u32(p + 8) == 0 || u32(p + 12) != MODEL_HEADER_BYTES)
        return model_fail(f, "header", "version %u with a header of %u bytes, wanted %d with %d", u32(p + 8),
                          u32(p + 12), MODEL_VERSION, MODEL_HEADER_BYTES);
    if (u32(p + 124) != crc_of(p, 124))
        return model_fail(f, "header", "checksum %08x, wanted %08x", u32(p + 124), crc_of(p, 124));
    if (u64(p + 16) != (uint64_t)size)
        return model_fail(f, "header", "the file has %lld bytes, wanted %llu", (long long)size,
                          (unsigned long long)u64(p + 16));
    if (u32(p + 24) > MODEL_MAX_SECTIONS || u32(p + 28) != MODEL_ENTRY_BYTES)
        return model_fail(f, "header", "%u sections of %u bytes an entry, wanted at most %d of %d",
                          u32(p + 24), u32(p + 28), MODEL_MAX_SECTIONS, MODEL_ENTRY_BYTES);
    int64_t table = (int64_t)u32(p + 24) * MODEL_ENTRY_BYTES;
    if (size < MODEL_HEADER_BYTES + table)
        return model_fail(f, "header", "the file ends within the section table of %u entries", u32(p + 24));
    if (u32(p + 120) != crc_of(p + MODEL_HEADER_BYTES, table))
        return model_fail(f, "section table", "checksum %08x, wanted %08x", u32(p + 120),
                          crc_of(p + MODEL_HEADER_BYTES, table));
    return all_zero(p + 76, 44) ? AISLE_OK : model_fail(f, "header", "reserved bytes 76 to 119 are not zero");
}

static aisle_status read_counts(struct aisle_model *m, const model_fault *f)
{
    static const char *const names[5] = {"users", "items", "factors", "similar", "content"};
    const unsigned char *p = m->map.data;
    uint64_t raw[5] = {u64(p + 32), u64(p + 40), u32(p + 48), u32(p + 52), u32(p + 56)};
    int64_t counts[5];
    for (int i = 0; i < 5; i++) {
        /* one below the largest int32, so that every count + 1 fits too */
        if (raw[i] >= INT32_MAX)
            return model_fail(f, "header", "%llu %s, wanted below %d", (unsigned long long)raw[i], names[i],
                              INT32_MAX);
        counts[i] = (int64_t)raw[i];
    }
    model_set_dims(m, counts);
    m->hash_seed = u32(p + 60);
    m->a0 = f32(p + 64);
    m->reg = f32(p + 68);
    m->nu = f32(p + 72);
    m->n_sections = (int32_t)u32(p + 24);
    return AISLE_OK;
}

/* Equal to the size of its kind, or, where that size is not in the header, the first to say it. */
static bool agree(struct aisle_model *m, model_dim d, uint64_t got)
{
    if (m->dim[d] < 0 && got <= INT64_MAX) m->dim[d] = (int64_t)got;
    return m->dim[d] >= 0 && (uint64_t)m->dim[d] == got;
}

static aisle_status check_shape(struct aisle_model *m, const model_section *s, const model_fault *f)
{
    const char *name = model_section_name(s->kind);
    const model_kind_info *k = &model_kinds[s->kind];
    if (!model_type_fits(s->kind, s->type)) {
        model_fault g = {f->path, AISLE_EUNSUPPORTED, f->err};
        return model_fail(&g, name, "numbers of type %u, wanted %s", s->type, model_type_name(k->type));
    }
    if (!agree(m, k->rows, (uint64_t)s->rows) || !agree(m, k->cols, (uint64_t)s->cols))
        return model_fail(f, name, "%lld x %lld values, wanted %lld x %lld", (long long)s->rows,
                          (long long)s->cols, (long long)m->dim[k->rows], (long long)m->dim[k->cols]);
    if (m->dim[k->when] <= 0)
        return model_fail(f, name, "there although there is nothing that it belongs to");
    return AISLE_OK;
}

/* Sections lie in the order of the table, each at the first multiple of 64 after the one before: they cannot
 * overlap, and no byte of the file is outside the checks. */
static aisle_status check_place(const struct aisle_model *m, const model_section *s, int64_t before,
                                const model_fault *f)
{
    const char *name = model_section_name(s->kind);
    int64_t want = (before + MODEL_ALIGN - 1) / MODEL_ALIGN * MODEL_ALIGN;
    if (s->offset != want)
        return model_fail(f, name, "offset %llu, wanted %lld", (unsigned long long)s->offset,
                          (long long)want);
    if (s->bytes < 0 || s->offset > m->map.size || s->bytes > m->map.size - s->offset)
        return model_fail(f, name, "%llu bytes from offset %lld in a file of %lld",
                          (unsigned long long)s->bytes, (long long)s->offset, (long long)m->map.size);
    if (!all_zero(m->map.data + before, s->offset - before))
        return model_fail(f, name, "the padding before it is not zero");
    model_populate(m, s->offset, s->bytes);
    uint32_t crc = crc_of(m->map.data + s->offset, s->bytes);
    if (s->crc != crc) return model_fail(f, name, "checksum %08x, wanted %08x", crc, s->crc);
    return AISLE_OK;
}

static model_section read_entry(const unsigned char *p)
{
    return (model_section){.kind = u32(p),
                           .type = u32(p + 4),
                           .flags = u32(p + 8),
                           .crc = u32(p + 12),
                           .rows = (int64_t)u64(p + 16),
                           .cols = (int64_t)u64(p + 24),
                           .offset = (int64_t)u64(p + 32),
                           .bytes = (int64_t)u64(p + 40)};
}

static aisle_status read_section(struct aisle_model *m, int32_t i, int64_t *end, const model_fault *f)
{
    const unsigned char *p = m->map.data + MODEL_HEADER_BYTES + (int64_t)i * MODEL_ENTRY_BYTES;
    model_section s = read_entry(p);
    bool known = s.kind >= 1 && s.kind < MODEL_N_KINDS;
    const char *name = model_section_name(s.kind);
    if (s.kind == 0 || (i && s.kind <= m->section[i - 1].kind))
        return model_fail(f, "section table", "entry %d is of kind %u, wanted ascending kinds", i, s.kind);
    if (!known && !(s.flags & MODEL_SKIPPABLE))
        return newer(f, "section table", "a section of kind", s.kind, MODEL_N_KINDS - 1);
    if ((known && s.flags != model_kinds[s.kind].flags) || !all_zero(p + 48, 16))
        return model_fail(f, name, "flags %x, wanted %x, or reserved bytes that are not zero", s.flags,
                          known ? model_kinds[s.kind].flags : MODEL_SKIPPABLE);
    if (known) {
        int64_t n, bytes;
        AISLE_TRY(check_shape(m, &s, f));
        if (aisle_size_mul(s.rows, s.cols, &n) ||
            aisle_size_mul(n, (int64_t)model_type_bytes(s.type), &bytes) || bytes != s.bytes)
            return model_fail(f, name, "%llu bytes do not hold %lld x %lld of %s",
                              (unsigned long long)s.bytes, (long long)s.rows, (long long)s.cols,
                              model_type_name(s.type));
    }
    AISLE_TRY(check_place(m, &s, *end, f));
    s.data = m->map.data + s.offset;
    s.row_stride = known ? s.cols * (int64_t)model_type_bytes(s.type) : 0;
    *end = s.offset + s.bytes;
    if (known) m->at[s.kind] = (int8_t)i;
    m->section[i] = s;
    model_drop(m, &s);
    return AISLE_OK;
}

static aisle_status read_table(struct aisle_model *m, const model_fault *f)
{
    int64_t end = MODEL_HEADER_BYTES + (int64_t)m->n_sections * MODEL_ENTRY_BYTES;
    for (int32_t i = 0; i < m->n_sections; i++) AISLE_TRY(read_section(m, i, &end, f));
    if (end != m->map.size)
        return model_fail(f, "section table", "the last section ends at %lld, wanted %lld", (long long)end,
                          (long long)m->map.size);
    for (uint32_t kind = 1; kind < MODEL_N_KINDS; kind++) {
        const model_kind_info *k = &model_kinds[kind];
        if (m->at[kind] < 0 && !k->optional && m->dim[k->when] > 0) return model_fail(f, k->name, "missing");
    }
    return AISLE_OK;
}

aisle_status aisle_model_open(const char *path, aisle_model **out, aisle_error *err)
{
    const model_fault f = {path, AISLE_EFORMAT, err};
    *out = NULL;
    struct aisle_model *m = aisle_calloc(1, sizeof *m);
    if (!m) return aisle_fail(err, AISLE_ENOMEM, "out of memory to open %s", path);
    atomic_init(&m->refs, 1);
    int fd = -1;
    aisle_status st = aisle_file_map_open(path, &m->map, &fd, err);
    if (st == AISLE_OK && m->map.size) model_populate_small(m);
    if (st == AISLE_OK) st = check_header(m->map.data, m->map.size, &f);
    if (st == AISLE_OK) st = read_counts(m, &f);
    if (st == AISLE_OK) st = read_table(m, &f);
    if (st == AISLE_OK) st = model_check_content(m, &f);
    if (st == AISLE_OK) {
        model_settle(m, fd);
        fd = -1;
        *out = m;
        m = NULL;
    }
    if (fd >= 0) close(fd);
    aisle_model_unref(m);
    return st;
}
