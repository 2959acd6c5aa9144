/* A file of the build by its name. Tens of them: a walk. */
#include <string.h>

#include "server/embedded.h"

const aisle_embedded *aisle_embedded_find(const char *name)
{
    const aisle_embedded *f = aisle_embedded_files;
    while (f->name && strcmp(f->name, name) != 0) f++;
    return f->name ? f : NULL;
}
