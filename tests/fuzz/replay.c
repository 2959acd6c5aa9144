/* Runs a fuzz target once over every file of the folders named on the command line. Not a fuzzer: it makes no
 * input of its own; it keeps old findings fixed in plain ctest. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    long size = -1;
    if (f && fseek(f, 0, SEEK_END) == 0) size = ftell(f);
    /* exactly as large as the file, so that a sanitizer sees a read past its end */
    uint8_t *data = size < 0 ? NULL : malloc(size ? (size_t)size : 1);
    bool ok = data && fseek(f, 0, SEEK_SET) == 0 && fread(data, 1, (size_t)size, f) == (size_t)size;
    if (ok)
        LLVMFuzzerTestOneInput(data, (size_t)size);
    else
        fprintf(stderr, "replay: cannot read %s\n", path);
    free(data);
    if (f) fclose(f);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    int failed = 0, n = 0;
    for (int a = 1; a < argc; a++) {
        struct dirent **names = NULL;
        int found = scandir(argv[a], &names, NULL, alphasort);
        for (int i = 0; i < found; i++) {
            char path[4096];
            if (names[i]->d_name[0] != '.') {
                snprintf(path, sizeof path, "%s/%s", argv[a], names[i]->d_name);
                failed |= replay_file(path);
                n++;
            }
            free(names[i]);
        }
        free(names);
    }
    printf("%d inputs replayed\n", n);
    if (n == 0) fprintf(stderr, "replay: no corpus; usage: %s FOLDER...\n", argv[0]);
    return failed || n == 0;
}
