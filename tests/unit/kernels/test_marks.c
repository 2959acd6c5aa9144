/* The scan for separators and line ends against its plain twin: every length, every place, every byte. */
#include <criterion/criterion.h>
#include <string.h>

#include "aisle/rng.h"
#include "cpu/kernels/kernels.h"

enum { BYTES = 700 };

static void compare(int32_t n, const char *text, char a, char b)
{
    const aisle_kernels *k, *ref = aisle_kernels_at(0);
    uint32_t want[BYTES + AISLE_KERNEL_SLACK], got[BYTES + AISLE_KERNEL_SLACK];
    int32_t found = ref->marks(n, text, a, b, want);
    for (int32_t t = 1; (k = aisle_kernels_at(t)); t++) {
        cr_assert_eq(k->marks(n, text, a, b, got), found, "%s: %d bytes", k->name, n);
        cr_assert(memcmp(want, got, (size_t)found * sizeof *got) == 0, "%s: %d bytes", k->name, n);
    }
}

Test(marks, every_length_and_density_agrees_with_ref)
{
    char text[BYTES + 4 * AISLE_KERNEL_SLACK];
    aisle_rng r;
    aisle_rng_init(&r, 5, 0);
    for (uint64_t density = 1; density <= 64; density *= 4)
        for (int32_t n = 0; n <= BYTES; n++) {
            for (size_t i = 0; i < sizeof text; i++) {
                uint64_t what = aisle_rng_below(&r, density);
                text[i] = what ? (char)('0' + what % 10) : aisle_rng_below(&r, 2) ? ',' : '\n';
            }
            compare(n, text, ',', '\n');
        }
}

Test(marks, every_byte_can_be_looked_for)
{
    char text[256 + 4 * AISLE_KERNEL_SLACK];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)i;
    for (int c = 0; c < 256; c++) {
        uint32_t at[256 + AISLE_KERNEL_SLACK];
        compare(256, text, (char)c, '\n');
        cr_assert_eq(aisle_kernels_get()->marks(256, text, (char)c, (char)c, at), 1);
        cr_assert_eq(at[0], (uint32_t)c);
    }
}
