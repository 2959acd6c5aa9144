/* A real plug-in: the cpu table under PLUGIN_NAME, with an ABI and a score of the build's choice. */
#include "cpu/backend/cpu.h"

const aisle_backend_ops *aisle_backend_plugin(void);

static int score(void)
{
    return PLUGIN_SCORE;
}

const aisle_backend_ops *aisle_backend_plugin(void)
{
    static aisle_backend_ops ops;
    ops = *aisle_backend_cpu();
    ops.abi = PLUGIN_ABI;
    ops.name = PLUGIN_NAME;
    ops.score = score;
    return &ops;
}
