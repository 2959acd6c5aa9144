/* The storefront and the console: one HTML file each at the path of every page, and the files that they load. The pages ask
 * the API; nothing is rendered here, and what the console shows is its API's to give or refuse. */
#include <stdio.h>
#include <string.h>

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

/* Only the version of this build is there: files of another would not fit together. */
aisle_status aisle_on_web_file(aisle_request *r)
{
    char name[256];
    aisle_str version = aisle_request_param(r, "version"), path = aisle_request_path(r);
    size_t skip = strlen("/web/") + version.len;
    int n = snprintf(name, sizeof name, "web%.*s", (int)(path.len - skip), path.ptr + skip);
    const aisle_embedded *f = NULL;
    if (n > 0 && (size_t)n < sizeof name && aisle_str_eq(version, aisle_str_from(aisle_embedded_version)))
        f = aisle_embedded_find(name);
    const char *type = f ? type_of(name) : NULL;
    if (!type)
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND,
                          "no such file in this version of the shop's pages");
    aisle_reply_header(r, "ETag", f->tag);
    aisle_reply_header(r, "Cache-Control", "public, max-age=31536000, immutable");
    return aisle_reply_bytes(r, 200, type, f->data, f->size);
}
