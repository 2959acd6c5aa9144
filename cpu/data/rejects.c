/* Writing rejects. Tab, line ends and backslash of a raw row are escaped, so that a line stays a line. */
#include "cpu/data/rejects.h"

aisle_status rejects_open(rejects *r, const char *path, aisle_error *err)
{
    *r = (rejects){0};
    if (!path) return AISLE_OK;
    AISLE_TRY(aisle_replace_open(path, &r->file, err));
    fputs("file\tline\taction\treason\trow\n", r->file.stream);
    return AISLE_OK;
}

static void write_escaped(FILE *f, aisle_str s)
{
    for (size_t i = 0; i < s.len; i++) switch (s.ptr[i]) {
        case '\t': fputs("\\t", f); break;
        case '\n': fputs("\\n", f); break;
        case '\r': fputs("\\r", f); break;
        case '\0': fputs("\\0", f); break;
        case '\\': fputs("\\\\", f); break;
        default: putc_unlocked(s.ptr[i], f);
        }
}

void rejects_add(rejects *r, const char *path, const aisle_row *row, const char *action, const char *reason,
                 const char *detail)
{
    const size_t most = 4096;
    FILE *f = r->file.stream;
    if (!f) return;
    write_escaped(f, aisle_str_from(path));
    fprintf(f, "\t%lld\t%s\t%s%s%s\t", (long long)row->line, action, reason, detail ? ":" : "",
            detail ? detail : "");
    write_escaped(f, (aisle_str){row->raw.ptr, row->raw.len < most ? row->raw.len : most});
    putc_unlocked('\n', f);
}

aisle_status rejects_commit(rejects *r, aisle_error *err)
{
    return r->file.stream ? aisle_replace_commit(&r->file, err) : AISLE_OK;
}

void rejects_abort(rejects *r)
{
    if (r->file.stream) aisle_replace_abort(&r->file);
}
