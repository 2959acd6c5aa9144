/* Fuzzes the readers: the first byte picks the format, the second the longest row, the rest is the file. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aisle/reader.h"
#include "tests/fuzz/fuzz.h"

/* Touches every byte that the row shows, so that a sanitizer sees a bad view; a bad line number aborts. */
static void check_row(const aisle_row *row, int64_t *line)
{
    volatile unsigned char sum = 0;
    for (size_t i = 0; i < row->raw.len; i++) sum ^= (unsigned char)row->raw.ptr[i];
    for (int32_t f = 0; f < row->n_fields; f++)
        for (size_t i = 0; i < row->fields[f].len; i++) sum ^= (unsigned char)row->fields[f].ptr[i];
    (void)sum;
    if (row->line < *line) abort();
    *line = row->line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    if (size < 2) return 0;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 2, size - 2) != (ssize_t)(size - 2)) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    aisle_reader_params p = {.format = (aisle_format)(data[0] % (AISLE_FORMAT_ADJACENCY + 1)),
                             .no_header = data[0] & 0x80,
                             .max_row_bytes = data[1]};
    aisle_reader *r = NULL;
    aisle_status st = aisle_reader_open(path, &p, &r, NULL);
    if (st == AISLE_OK) {
        aisle_reader_find(r, AISLE_STR("a.b"));
        aisle_reader_find(r, AISLE_STR("_key"));
    }
    int64_t line = 0;
    aisle_row row;
    for (bool end = false; st == AISLE_OK && !end;) {
        st = aisle_reader_next(r, &row, &end, NULL);
        if (st == AISLE_OK && !end) check_row(&row, &line);
    }
    aisle_reader_close(r);
    close(fd);
    return 0;
}
