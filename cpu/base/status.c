/* Status names and the translation of errno. */
#include "aisle/status.h"

#include <errno.h>
#include <string.h>

const char *aisle_status_name(aisle_status st)
{
    static const char *const names[] = {"ok",          "invalid",   "out-of-memory", "io",       "not-found",
                                        "conflict",    "format",    "numeric",       "canceled", "busy",
                                        "unsupported", "disk-full", "denied",        "internal"};
    size_t i = (size_t)st;
    return i < sizeof names / sizeof *names ? names[i] : "unknown";
}

static aisle_status from_errno(int e)
{
    switch (e) {
    case ENOENT: return AISLE_ENOTFOUND;
    case EEXIST:
    case ENOTDIR:
    case EISDIR: return AISLE_ECONFLICT;
    case ENOMEM: return AISLE_ENOMEM;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return AISLE_ENOSPC;
    case EACCES:
    case EPERM:
    case EROFS: return AISLE_EDENIED;
    case EINVAL:
    case ENAMETOOLONG: return AISLE_EINVAL;
    case EAGAIN:
    case EBUSY: return AISLE_EBUSY;
    case EINTR: return AISLE_ECANCELED;
    default: return AISLE_EIO;
    }
}

aisle_status aisle_fail_errno(aisle_error *err, const char *what, const char *where)
{
    int e = errno;
    char text[128];
    /* unlike strerror: thread-safe and not translated */
    const char *why = strerrordesc_np(e);
    if (!why) {
        snprintf(text, sizeof text, "error %d", e);
        why = text;
    }
    return aisle_fail(err, from_errno(e), "%s %s: %s", what, where, why);
}
