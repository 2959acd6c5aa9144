/* Errors, the progress line and the interrupt flag that all commands share. */
#include "server/cli/command.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aisle/str.h"

int aisle_complain(const char *command, aisle_status st, const aisle_error *err)
{
    fprintf(stderr, "aisle %s: %s\n", command, err && err->message[0] ? err->message : aisle_status_name(st));
    if (st == AISLE_ECANCELED) return 130;
    return st == AISLE_EINVAL ? 2 : 1;
}

static aisle_status not_written(int why, aisle_error *err)
{
    return aisle_fail(err, AISLE_EIO, "standard output: %s", why ? strerror(why) : "not all was written");
}

aisle_status aisle_say(json_t *o, aisle_error *err)
{
    if (!o) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the answer");
    errno = 0;
    const bool good = json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0 &&
                      putchar('\n') != EOF && fflush(stdout) == 0;
    const int why = errno;
    json_decref(o);
    return good ? AISLE_OK : not_written(why, err);
}

int aisle_end(const char *command, bool json, aisle_status st, const aisle_error *err)
{
    aisle_error own = {0};
    errno = 0;
    if (st == AISLE_OK && (fflush(stdout) != 0 || ferror(stdout))) st = not_written(errno, &own), err = &own;
    if (st == AISLE_OK) return 0;
    if (json)
        (void)aisle_say(json_pack("{s:s, s:s, s:s}", "event", "error", "code", aisle_status_name(st),
                                  "message", err->message),
                        NULL);
    return aisle_complain(command, st, err);
}

static int interrupted;

static void on_signal(int signal_number)
{
    if (interrupted) _exit(128 + signal_number);
    aisle_cancel(&interrupted);
}

const int *aisle_interrupt_flag(void)
{
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    return &interrupted;
}

enum { INTERVAL_NS = 1000000000 / 6 };

static void draw(void *ctx, const char *stage, int64_t done, int64_t total, const char *detail)
{
    aisle_meter *m = ctx;
    int64_t now = aisle_time_monotonic_ns();
    bool last = total > 0 && done >= total;
    if (!last && now - m->last_ns < INTERVAL_NS) return;
    m->last_ns = now;
    if (m->json) {
        printf("{\"event\":\"progress\",\"stage\":\"%s\",\"done\":%lld,\"total\":%lld,\"seconds\":%.3f}\n",
               stage, (long long)done, (long long)total, (double)(now - m->started_ns) * 1e-9);
        fflush(stdout);
    } else if (m->terminal) {
        char line[160];
        if (total > 0)
            snprintf(line, sizeof line, "%-9s %5.1f %%  %6.1f s  %s", stage,
                     100.0 * (double)done / (double)total, (double)(now - m->started_ns) * 1e-9, detail);
        else
            snprintf(line, sizeof line, "%-9s %lld  %6.1f s  %s", stage, (long long)done,
                     (double)(now - m->started_ns) * 1e-9, detail);
        fprintf(stderr, "\r\033[K%.*s", 110, line);
        m->drawn = true;
    }
}

void aisle_meter_start(aisle_meter *m, const char *command, bool json)
{
    *m = (aisle_meter){.command = command, .json = json, .terminal = isatty(STDERR_FILENO) == 1};
    m->started_ns = aisle_time_monotonic_ns();
    m->progress = (aisle_progress){draw, m, aisle_interrupt_flag()};
}

void aisle_meter_finish(aisle_meter *m)
{
    if (m->drawn) fputs("\r\033[K", stderr);
    m->drawn = false;
}
