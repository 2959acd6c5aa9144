/* Image lists of imported products, as the store has them: one JSON array of {"url", "alt", "width", "height"}. */
#include "aisle/images.h"

#include <string.h>

#include "cpu/data/image_list.h"

bool aisle_is_page_url(aisle_str s)
{
    size_t scheme = 0;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= 0x20 || s.ptr[i] == 0x7f || strchr("<>\"\\^`{|}", s.ptr[i]))
            return false;
    while (scheme < s.len && !strchr(":/?#", s.ptr[scheme])) scheme++;
    if (scheme == s.len || s.ptr[scheme] != ':')
        return s.len > 0 && !(s.len > 1 && s.ptr[0] == '/' && s.ptr[1] == '/');
    aisle_str name = {s.ptr, scheme};
    bool web = aisle_str_eq_nocase(name, AISLE_STR("http")) || aisle_str_eq_nocase(name, AISLE_STR("https"));
    return web && s.len > scheme + 3 && s.ptr[scheme + 1] == '/' && s.ptr[scheme + 2] == '/' &&
           s.ptr[scheme + 3] != '/';
}

/* False: not one, or no room for it. */
static bool add_url(json_t *list, aisle_str url)
{
    if (url.len > AISLE_URL_BYTES || !aisle_is_page_url(url) || json_array_size(list) >= AISLE_IMAGES_MAX)
        return false;
    return json_array_append_new(list, json_pack("{s:s%}", "url", url.ptr, url.len)) == 0;
}

static bool add_side(json_t *image, const json_t *from, const char *name)
{
    const json_t *v = json_object_get(from, name);
    json_int_t n = json_integer_value(v);
    if (!v || json_is_null(v)) return true;
    return n >= 1 && n <= AISLE_PIXELS_MAX && json_object_set_new(image, name, json_integer(n)) == 0;
}

/* An object's other members are left out without a word: whoever exports has more to say of an image than we keep. */
static bool add_value(json_t *list, const json_t *v)
{
    const json_t *url = json_is_object(v) ? json_object_get(v, "url") : v, *alt = json_object_get(v, "alt");
    if (!json_is_string(url) || !add_url(list, (aisle_str){json_string_value(url), json_string_length(url)}))
        return false;
    json_t *image = json_array_get(list, json_array_size(list) - 1);
    bool fine = !alt || json_is_null(alt);
    if (json_is_string(alt) && json_string_length(alt) <= AISLE_ALT_BYTES)
        fine = json_object_set(image, "alt", (json_t *)alt) == 0;
    bool wide = add_side(image, v, "width"), high = add_side(image, v, "height");
    return fine && wide && high;
}

static bool add_words(json_t *list, aisle_str text)
{
    bool all = true;
    for (size_t i = 0; i < text.len;) {
        size_t n = 0;
        while (i + n < text.len && !strchr(" \t\r\n|", text.ptr[i + n])) n++;
        if (n && !add_url(list, (aisle_str){text.ptr + i, n})) all = false;
        i += n + 1;
    }
    return all;
}

json_t *images_parse(aisle_str text, bool *all)
{
    size_t i;
    json_t *v, *given = NULL, *list = json_array();
    *all = true;
    if (text.len && text.ptr[0] == '[') given = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (given) {
        json_array_foreach(given, i, v) *all &= add_value(list, v);
    } else
        *all = add_words(list, text);
    json_decref(given);
    return list;
}
