/* Status codes and error messages of every fallible call. Not a log, not an HTTP status
 * (server/http/problem.c maps). */
#ifndef AISLE_STATUS_H
#define AISLE_STATUS_H

#include <stdarg.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values are pinned: they cross the plug-in boundary. */
typedef enum aisle_status {
    AISLE_OK = 0,
    AISLE_EINVAL = 1,        /* an argument, option or request is wrong: the caller can mend it */
    AISLE_ENOMEM = 2,        /* out of host or device memory */
    AISLE_EIO = 3,           /* reading or writing failed */
    AISLE_ENOTFOUND = 4,     /* the named file, user, product, model ... does not exist */
    AISLE_ECONFLICT = 5,     /* exists already, or another version was expected */
    AISLE_EFORMAT = 6,       /* a file's or body's content is not what its kind demands */
    AISLE_ENUMERIC = 7,      /* matrix not positive definite, overflow, NaN */
    AISLE_ECANCELED = 8,     /* the caller's cancel flag was raised, or a signal came */
    AISLE_EBUSY = 9,         /* a queue is full or a lock is held; trying again later may work */
    AISLE_EUNSUPPORTED = 10, /* right in itself, but not with this build, machine or file version */
    AISLE_ENOSPC = 11,       /* the disk is full */
    AISLE_EDENIED = 12,      /* not allowed */
    AISLE_EINTERNAL = 13     /* our bug */
} aisle_status;

/* Caller's storage; message is always NUL-terminated and says what, where, got, wanted, next step, on one
 * line. Functions take `aisle_error *err`, which may be NULL; they write it only when they fail. */
typedef struct aisle_error {
    aisle_status status;
    char message[500];
} aisle_error;

/* aisle_fail formats the message into err (may be NULL) and returns st, so that `return aisle_fail(...)`
 * reads well. Inline, so that a back-end plug-in needs no symbol of the host. Thread-safe for distinct err.
 */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static inline aisle_status
aisle_fail(aisle_error *err, aisle_status st, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        err->status = st;
        vsnprintf(err->message, sizeof err->message, fmt, ap);
        va_end(ap);
    }
    return st;
}

/* aisle_fail_errno adds ": strerror" and maps errno (ENOSPC, ENOENT, EEXIST, ENOMEM, EACCES ...) to a status.
 * what: e.g. "model file"; where: e.g. its path. Reads errno at the call. */
aisle_status aisle_fail_errno(aisle_error *err, const char *what, const char *where);

/* aisle_status_name returns a static lower-case word ("ok", "invalid", "not-found" ...), never NULL. */
const char *aisle_status_name(aisle_status st);

/* AISLE_TRY returns from the enclosing function when expr fails; use where nothing needs releasing. */
#define AISLE_TRY(expr)                                                                                      \
    do {                                                                                                     \
        aisle_status try_st_ = (expr);                                                                       \
        if (try_st_ != AISLE_OK) return try_st_;                                                             \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
