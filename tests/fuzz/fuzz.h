/* The one entry of a fuzz target, as libFuzzer and replay.c call it. */
#ifndef AISLE_TESTS_FUZZ_H
#define AISLE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Must return 0, keep nothing between calls and never write outside the temporary folder. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
