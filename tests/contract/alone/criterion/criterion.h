/* As much of Criterion as the contract suite says, for machines that have none: every test in one process, so that
 * a device is started once and a memory checker sees it all. A crash ends the run; the last line names the test. */
#ifndef AISLE_CONTRACT_ALONE_H
#define AISLE_CONTRACT_ALONE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct alone_test {
    const char *suite, *name;
    void (*run)(void);
    struct alone_test *next;
} alone_test;

/* Called before main, once a test. t is static. */
void alone_add(alone_test *t);

/* Ends the running test unless ok. After `ok` come a printf format with its values, or none, and a NULL. */
void alone_assert(const char *file, int line, const char *text, int ok, ...);

#define Test(suite, name)                                                                                    \
    static void suite##_##name##_run(void);                                                                  \
    __attribute__((constructor)) static void suite##_##name##_add(void)                                      \
    {                                                                                                        \
        static alone_test test = {#suite, #name, suite##_##name##_run, NULL};                                \
        alone_add(&test);                                                                                    \
    }                                                                                                        \
    static void suite##_##name##_run(void)

#define cr_assert(...)         alone_assert(__FILE__, __LINE__, #__VA_ARGS__, __VA_ARGS__, (const char *)NULL)
#define cr_assert_null(p)      cr_assert((p) == NULL)
#define cr_assert_str_eq(a, b) cr_assert(strcmp((a), (b)) == 0)

#endif
