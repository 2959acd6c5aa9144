/* Runs the contract suite without Criterion: test_contract_alone [--list] [PART OF A NAME ...]. */
#include <criterion/criterion.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static alone_test *tests, **last = &tests;
static jmp_buf failed;

void alone_add(alone_test *t)
{
    *last = t;
    last = &t->next;
}

void alone_assert(const char *file, int line, const char *text, bool ok, ...)
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

int main(int argc, char **argv)
{
    int n = 0, bad = 0;
    bool list = argc == 2 && strcmp(argv[1], "--list") == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
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
