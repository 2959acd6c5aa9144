/* The storefront and the console: one HTML file each at the path of every page, and the files that they load. The pages ask
 * the API; nothing is rendered here, and what the console shows is its API's to give or refuse. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "server/embedded.h"
#include "server/http/handlers/handlers.h"

/* No script, style or frame but our own files; images may stand wherever the shop keeps them. Scripts cannot turn text into
 * HTML (trusted types), whatever a product is called. */
static const char POLICY[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: "
                             "http: data:; connect-src 'self'; "
                             "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                             "require-trusted-types-for 'script'; trusted-types 'none'";

static aisle_status reply_page(aisle_request *r, const char *name)
{
    const aisle_embedded *page = aisle_embedded_find(name);
    if (!page)
        return aisle_fail(aisle_request_error(r), AISLE_EINTERNAL, "the shop's pages are not in this build");
    aisle_reply_header(r, "Content-Security-Policy", POLICY);
    aisle_reply_header(r, "Cross-Origin-Opener-Policy", "same-origin");
    aisle_reply_header(r, "ETag", page->tag);
    aisle_reply_header(r, "Cache-Control",
                       "no-cache"); /* it names the files of its version: 304 while that is this one */
    return aisle_reply_bytes(r, 200, "text/html; charset=utf-8", page->data, page->size);
}

aisle_status aisle_on_page(aisle_request *r)
{
    return reply_page(r, "web/index.html");
}

aisle_status aisle_on_console(aisle_request *r)
{
    return reply_page(r, "web/console/index.html");
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = {{".js", "text/javascript; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".svg", "image/svg+xml"}};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t end = strlen(types[i].end);
        if (n > end && strcmp(name + n - end, types[i].end) == 0) return types[i].type;
    }
    return NULL;
}

/* "gzip" among the codings of Accept-Encoding, and not with a weight of 0. What is not understood is no gzip. */
static bool takes_gzip(const aisle_request *r)
{
    aisle_str rest = aisle_request_header(r, "accept-encoding");
    while (rest.len) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        aisle_str one = {rest.ptr, comma ? (size_t)(comma - rest.ptr) : rest.len};
        size_t skip = comma ? one.len + 1 : one.len;
        rest = (aisle_str){rest.ptr + skip, rest.len - skip};
        while (one.len && (*one.ptr == ' ' || *one.ptr == '\t')) one = (aisle_str){one.ptr + 1, one.len - 1};
        if (one.len < 4 || strncasecmp(one.ptr, "gzip", 4) != 0) continue;
        one = (aisle_str){one.ptr + 4, one.len - 4};
        while (one.len && one.ptr[one.len - 1] == ' ') one.len--;
        if (one.len == 0) return true;
        if (*one.ptr != ';') continue;
        const char *digit = memchr(one.ptr, '=', one.len); /* a weight is 0 when it has no other digit */
        for (; digit && digit < one.ptr + one.len; digit++)
            if (*digit >= '1' && *digit <= '9') return true;
    }
    return false;
}

static const aisle_embedded *find(const char *folder, int n, const char *below)
{
    char name[256];
    int len = snprintf(name, sizeof name, "%s%.*s", folder, n, below);
    return len > 0 && (size_t)len < sizeof name ? aisle_embedded_find(name) : NULL;
}

/* Only the version of this build is there: files of another would not fit together. */
aisle_status aisle_on_web_file(aisle_request *r)
{
    aisle_str version = aisle_request_param(r, "version"), path = aisle_request_path(r);
    size_t skip = strlen("/web/") + version.len;
    const char *below = path.ptr + skip;
    int n = (int)(path.len - skip);
    const aisle_embedded *f = NULL, *packed;
    if (aisle_str_eq(version, aisle_str_from(aisle_embedded_version))) f = find("web", n, below);
    const char *type = f ? type_of(f->name) : NULL;
    if (!type)
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND,
                          "no such file in this version of the shop's pages");
    packed = takes_gzip(r) ? find("packed", n, below) : NULL;
    if (packed) {
        aisle_reply_header(r, "Content-Encoding", "gzip");
        f = packed;
    }
    aisle_reply_header(r, "Vary", "Accept-Encoding");
    aisle_reply_header(r, "ETag", f->tag);
    aisle_reply_header(r, "Cache-Control", "public, max-age=31536000, immutable");
    return aisle_reply_bytes(r, 200, type, f->data, f->size);
}
