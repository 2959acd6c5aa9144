/* Images of a product: what their URLs may be, and how an import reads them. */
#ifndef AISLE_IMAGES_H
#define AISLE_IMAGES_H

#include <stdbool.h>

#include "aisle/str.h"

enum { AISLE_IMAGES_MAX = 20, AISLE_URL_BYTES = 2000, AISLE_ALT_BYTES = 500, AISLE_PIXELS_MAX = 100000 };

/* A URL that a page may load: http, https, or relative; no other scheme, no space, no control character. Of any length. */
bool aisle_is_page_url(aisle_str s);

#endif
