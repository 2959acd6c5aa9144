/* Files embedded at build (SQL, API description, web pages); made by server/embed.cmake. */
#ifndef AISLE_SERVER_EMBEDDED_H
#define AISLE_SERVER_EMBEDDED_H

#include <stddef.h>

typedef struct aisle_embedded {
    const char *name;          /* path below server/, e.g. "sql/migrations/0001_shop.sql" */
    const unsigned char *data; /* followed by a NUL that size does not count */
    size_t size;
    const char *tag; /* strong entity tag of the bytes, with its quotes */
} aisle_embedded;

extern const aisle_embedded aisle_embedded_files[]; /* ends with name NULL */
extern const char aisle_embedded_version[];         /* of all files below web/, as paths to them hold it */

const aisle_embedded *aisle_embedded_find(const char *name); /* NULL: not in this build */

#endif
