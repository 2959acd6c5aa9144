/* A cell of images. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_IMAGE_LIST_H
#define AISLE_CPU_DATA_IMAGE_LIST_H

#include <jansson.h>

#include "aisle/images.h"

/* URLs with white space or | between them, or a JSON array of URLs or of {"url", "alt", "width", "height"}: the array of
 * such objects that the store keeps, the caller's; NULL: out of memory. *all: nothing had to be left out. */
json_t *images_parse(aisle_str text, bool *all);

#endif
