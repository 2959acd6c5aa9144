/* Runs the contract suite without Criterion: test_contract_alone [--list] [--each SECONDS] [PART OF A NAME ...].
 *
 * A kernel that hangs or writes where it must not takes its process's device with it. --each runs the tests in a
 * child that is replaced after one that failed, crashed or was not done in time, so that the others have their say. */
#include <criterion/criterion.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static alone_test *tests, **last = &tests;
static jmp_buf failed;

void alone_add(alone_test *t)
{
    *last = t;
    last = &t->next;
}

void alone_assert(const char *file, int line, const char *text, int ok, ...)
{
    if (ok) return;
    va_list ap;
    va_start(ap, ok);
    const char *format = va_arg(ap, const char *);
    printf("%s:%d: %.120s: ", file, line, text);
    if (format) vprintf(format, ap);
    va_end(ap);
    printf("\n");
    longjmp(failed, 1);
}

static bool asked_for(const alone_test *t, int argc, char **argv)
{
    char name[256];
    snprintf(name, sizeof name, "%s/%s", t->suite, t->name);
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i])) return true;
    return argc < 2;
}

/* What a failed test holds is not released: the process ends soon. */
static bool passes(const alone_test *t)
{
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    bool ok = setjmp(failed) == 0;
    if (ok) t->run();
    clock_gettime(CLOCK_MONOTONIC, &to);
    double took = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
    printf("[%s] %s/%s (%.2f s)\n", ok ? " ok " : "FAIL", t->suite, t->name, took);
    return ok;
}

/* The tests from t on until one fails; for each a byte into `to`: + passed, - failed. */
_Noreturn static void run_child(const alone_test *t, int argc, char **argv, int to)
{
    for (; t; t = t->next) {
        if (!asked_for(t, argc, argv)) continue;
        printf("[ .. ] %s/%s\n", t->suite, t->name);
        bool ok = passes(t);
        if (write(to, ok ? "+" : "-", 1) != 1 || !ok) _exit(1);
    }
    _exit(0);
}

/* Waits a few seconds at most: a process that a driver holds on to may not be killed at once. */
static int bury(pid_t child)
{
    int status = 0;
    for (int i = 0; i < 500 && waitpid(child, &status, WNOHANG) == 0; i++) poll(NULL, 0, 10);
    return status;
}

/* Starts a child at t and follows it to its end, or to a test that is not done in time. Returns the test that it did
 * not get past, NULL = none; counts those begun. */
static const alone_test *follow(const alone_test *t, int argc, char **argv, int seconds, int *n)
{
    int ends[2];
    if (pipe(ends) != 0) return t;
    pid_t child = fork();
    if (child == 0) run_child(t, argc, argv, ends[1]);
    close(ends[1]);
    struct pollfd from = {.fd = ends[0], .events = POLLIN};
    int ready = child < 0 ? -1 : 1;
    char result = '+'; /* 0 = the child has gone */
    for (; t; t = t->next) {
        if (!asked_for(t, argc, argv)) continue;
        ++*n;
        if (child > 0) ready = poll(&from, 1, seconds * 1000);
        if (ready == 1 && read(ends[0], &result, 1) != 1) result = 0;
        if (ready != 1 || result != '+') break;
    }
    if (t && ready == 0) printf("[FAIL] %s/%s: not done in %d s\n", t->suite, t->name, seconds);
    if (t && ready < 0) printf("[FAIL] %s/%s: no process to be had\n", t->suite, t->name);
    if (child > 0 && ready != 1) kill(child, SIGKILL);
    int status = child > 0 ? bury(child) : 0;
    if (result == 0)
        printf("[FAIL] %s/%s: its process ended, wait status %#x\n", t->suite, t->name, (unsigned)status);
    close(ends[0]);
    return t;
}

static int run_each(int argc, char **argv, int seconds)
{
    int n = 0, bad = 0;
    for (const alone_test *t = tests; t && (t = follow(t, argc, argv, seconds, &n)); t = t->next) bad++;
    printf("%d tests, %d failed\n", n, bad);
    return bad > 0 || n == 0;
}

int main(int argc, char **argv)
{
    int n = 0, bad = 0;
    bool list = argc == 2 && strcmp(argv[1], "--list") == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 2 && strcmp(argv[1], "--each") == 0 && atoi(argv[2]) > 0)
        return run_each(argc - 2, argv + 2, atoi(argv[2]));
    for (const alone_test *t = tests; t; t = t->next) {
        if (list) printf("%s/%s\n", t->suite, t->name);
        if (list || !asked_for(t, argc, argv)) continue;
        printf("[ .. ] %s/%s\n", t->suite, t->name);
        n++;
        bad += !passes(t);
    }
    if (!list) printf("%d tests, %d failed\n", n, bad);
    return list ? 0 : bad > 0 || n == 0;
}
