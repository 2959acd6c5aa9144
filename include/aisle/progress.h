/* How long work tells its caller where it is, and how it is told to stop. No drawing here: server/cli/ draws.
 */
#ifndef AISLE_PROGRESS_H
#define AISLE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* `stage` is a static lower-case word ("read", "als", "similar", "evaluate" ...). total <= 0 means unknown.
 * `detail` is a short human text, may be "" ; valid during the call only. */
typedef void (*aisle_progress_fn)(void *ctx, const char *stage, int64_t done, int64_t total,
                                  const char *detail);

/* Passed by pointer to long calls; NULL means silent and not cancellable. The callback runs on the calling
 * thread. Once *cancel is not 0 the call returns AISLE_ECANCELED soon (well within a second) and releases
 * what it made. Another thread or a signal handler raises it with aisle_cancel. */
typedef struct aisle_progress {
    aisle_progress_fn fn; /* may be NULL */
    void *ctx;
    const int *cancel; /* may be NULL; read and written atomically. int and not _Atomic: C++ and CUDA read
                          this too */
} aisle_progress;

static inline bool aisle_canceled(const aisle_progress *p)
{
    return p && p->cancel && __atomic_load_n(p->cancel, __ATOMIC_RELAXED) != 0;
}

static inline void aisle_cancel(int *cancel)
{
    __atomic_store_n(cancel, 1, __ATOMIC_RELAXED);
}

static inline void aisle_progress_report(const aisle_progress *p, const char *stage, int64_t done,
                                         int64_t total, const char *detail)
{
    if (p && p->fn) p->fn(p->ctx, stage, done, total, detail);
}

#endif
