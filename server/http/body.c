/* Request bodies: thrown away, kept in memory or streamed to a file, always bounded. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "aisle/log.h"
#include "server/auth/random_id.h"
#include "server/http/loop.h"

static const char upload[] = "upload-";

static bool to_file(const aisle_request *r)
{
    return r->route->body == AISLE_BODY_FILE || r->route->body == AISLE_BODY_FILE_ONCE;
}

static int64_t most_bytes(const aisle_request *r)
{
    if (r->route->body == AISLE_BODY_NONE) return AISLE_DISCARD_BYTES;
    return r->route->max_body ? r->route->max_body : AISLE_BODY_BYTES;
}

/* application/json, with or without parameters; a PATCH may say what kind of patch its JSON is (RFC 7396). */
static bool is_json(const aisle_request *r)
{
    aisle_str type = aisle_request_header(r, "Content-Type");
    const char *semicolon = type.ptr ? memchr(type.ptr, ';', type.len) : NULL;
    if (semicolon) type.len = (size_t)(semicolon - type.ptr);
    type = aisle_str_trim(type);
    bool is_patch = aisle_str_eq(r->method, AISLE_STR("PATCH"));
    return aisle_str_eq_nocase(type, AISLE_STR("application/json")) ||
           (is_patch && aisle_str_eq_nocase(type, AISLE_STR("application/merge-patch+json")));
}

static aisle_refusal disk_failed(aisle_request *r, const char *what)
{
    int e = errno;
    aisle_fail_errno(&r->error, what, r->body_path ? r->body_path : r->loop->http->params.spool);
    if (aisle_http_may_log(r->loop->http))
        aisle_log(AISLE_LOG_ERROR, "request %s: %s", r->id, r->error.message);
    bool full = e == ENOSPC || e == EDQUOT || e == EFBIG;
    return (aisle_refusal){full ? 507 : 503,
                           full ? "no space left for the body" : "the body cannot be stored"};
}

static aisle_refusal open_file(aisle_request *r)
{
    const char *spool = r->loop->http->params.spool;
    aisle_buf path = {0};
    if (!aisle_buf_printf(&path, "%s/%sXXXXXX", spool ? spool : ".", upload))
        return (aisle_refusal){503, "out of memory"};
    r->body_fd = mkostemp(path.data, O_CLOEXEC);
    if (r->body_fd < 0) {
        aisle_refusal why = disk_failed(r, "create");
        aisle_buf_deinit(&path);
        return why;
    }
    r->body_path = path.data;
    if (!aisle_request_once_key(r).ptr) return (aisle_refusal){0, NULL};
    r->body_hash = aisle_hash_begin(&r->arena);
    return r->body_hash ? (aisle_refusal){0, NULL} : (aisle_refusal){503, "out of memory"};
}

aisle_refusal aisle_body_expect(aisle_request *r)
{
    bool some = r->chunked || r->content_length > 0;
    if (r->content_length > most_bytes(r))
        return (aisle_refusal){413, "the body is longer than this route takes"};
    bool json = r->route->body == AISLE_BODY_JSON || r->route->body == AISLE_BODY_JSON_ONCE;
    if (some && json && !is_json(r)) return (aisle_refusal){415, "the body must be application/json"};
    return some && to_file(r) ? open_file(r) : (aisle_refusal){0, NULL};
}

static aisle_refusal keep_piece(aisle_request *r, aisle_str piece)
{
    r->received += (int64_t)piece.len;
    if (r->received > most_bytes(r)) return (aisle_refusal){413, "the body is longer than this route takes"};
    if (to_file(r)) {
        if (r->body_hash) aisle_hash_piece(r->body_hash, piece.ptr, piece.len);
        while (piece.len) {
            ssize_t n = write(r->body_fd, piece.ptr, piece.len);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return disk_failed(r, "write");
            piece = (aisle_str){piece.ptr + n, piece.len - (size_t)n};
        }
    } else if (r->route->body != AISLE_BODY_NONE && !aisle_buf_append(&r->body, piece.ptr, piece.len))
        return (aisle_refusal){503, "out of memory for the body"};
    return (aisle_refusal){0, NULL};
}

/* The first extent of the input, decoded as far as one piece goes. */
static aisle_chunk next_piece(aisle_request *r, aisle_str in, size_t *used, aisle_str *piece)
{
    if (r->chunked) return aisle_chunked_next(&r->chunks, in.ptr, in.len, used, piece);
    int64_t left = r->content_length - r->received;
    *used = (uint64_t)left < in.len ? (size_t)left : in.len;
    *piece = (aisle_str){in.ptr, *used};
    return AISLE_CHUNK_DATA;
}

aisle_str aisle_request_once_body(const aisle_request *r)
{
    if (!to_file(r)) return aisle_request_body(r);
    return (aisle_str){(const char *)r->body_digest, sizeof r->body_digest};
}

static aisle_body_state complete(aisle_request *r)
{
    if (r->body_hash) aisle_hash_end(r->body_hash, r->body_digest);
    r->body_hash = NULL;
    return AISLE_BODY_COMPLETE;
}

static bool is_whole(const aisle_request *r)
{
    return !r->chunked && r->received >= r->content_length;
}

aisle_body_state aisle_body_read(aisle_request *r, struct evbuffer *in, aisle_refusal *why)
{
    struct evbuffer_iovec extent;
    *why = (aisle_refusal){0, NULL};
    while (!is_whole(r) && evbuffer_get_length(in) && evbuffer_peek(in, -1, NULL, &extent, 1) > 0) {
        size_t used = 0;
        aisle_str piece = {NULL, 0};
        aisle_chunk got = next_piece(r, (aisle_str){extent.iov_base, extent.iov_len}, &used, &piece);
        if (got == AISLE_CHUNK_BAD)
            *why = (aisle_refusal){400, "the body is not in the chunked coding"};
        else if (got == AISLE_CHUNK_DATA)
            *why = keep_piece(r, piece);
        evbuffer_drain(in, used);
        if (why->status) return AISLE_BODY_REFUSED;
        if (got == AISLE_CHUNK_END) return complete(r);
    }
    return is_whole(r) ? complete(r) : AISLE_BODY_MORE;
}

void aisle_uploads_sweep(const char *spool)
{
    DIR *dir = opendir(spool);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));)
        if (strncmp(e->d_name, upload, sizeof upload - 1) == 0 && unlinkat(dirfd(dir), e->d_name, 0) == 0)
            aisle_log(AISLE_LOG_INFO, "removed %s/%s: its server is gone", spool, e->d_name);
    closedir(dir);
}

void aisle_body_deinit(aisle_request *r)
{
    if (r->body_fd >= 0) close(r->body_fd);
    if (r->body_path) unlink(r->body_path);
    aisle_free(r->body_path);
    aisle_buf_deinit(&r->body);
    r->body_fd = -1;
    r->body_path = NULL;
}
