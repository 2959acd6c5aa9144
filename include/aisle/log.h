/* One-line log records to stderr, as text or JSON. Not for a program's results (those go to stdout). */
#ifndef AISLE_LOG_H
#define AISLE_LOG_H

#include <stdbool.h>

typedef enum aisle_log_level {
    AISLE_LOG_ERROR,
    AISLE_LOG_WARN,
    AISLE_LOG_INFO,
    AISLE_LOG_DEBUG
} aisle_log_level;

void aisle_log_setup(aisle_log_level max,
                     bool json); /* call once, before threads start; default: INFO, text */
bool aisle_log_enabled(aisle_log_level level);

/* Control characters in the formatted message are escaped; one write(2) per record, so lines never
 * interleave. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void aisle_log(aisle_log_level level, const char *fmt, ...);

#endif
