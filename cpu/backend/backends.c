/* The back-ends of this process: cpu first, then the plug-ins of each folder that was asked for. A plug-in is
 * opened by its full path inside that folder, never through the loader's search path; its table is checked
 * before any entry is called. Tables are never unloaded. */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/backend/cpu.h"

#define PREFIX "libaisle_backend_"
#define SUFFIX ".so"

typedef struct plugin {
    char *path, *name;
    const aisle_backend_ops *ops; /* NULL: refused, and `why` says so */
    char why[200];
} plugin;

static struct {
    pthread_mutex_t lock;
    plugin *plugins; /* of every folder seen so far, each folder's sorted by name */
    int64_t n, cap;
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* NAME of libaisle_backend_NAME.so, or NULL; *length without the suffix. */
static const char *plugin_name(const char *file, size_t *length)
{
    size_t n = strlen(file), p = sizeof PREFIX - 1, s = sizeof SUFFIX - 1;
    if (n <= p + s || strncmp(file, PREFIX, p) != 0 || strcmp(file + n - s, SUFFIX) != 0) return NULL;
    *length = n - p - s;
    return file + p;
}

static bool table_is_whole(const aisle_backend_ops *o)
{
    return o->name && o->score && o->open && o->close && o->describe && o->csr_put && o->csr_free &&
           o->mat_new && o->mat_put && o->mat_get && o->mat_take && o->mat_free && o->gram &&
           o->als_half_step && o->als_loss && o->similar_topk && o->topn && o->als_bytes &&
           o->similar_bytes && o->peaks;
}

static void load(plugin *p)
{
    union {
        void *symbol;
        const aisle_backend_ops *(*table)(void);
    } entry;
    void *library = dlopen(p->path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *text = dlerror();
        size_t n = strlen(p->path);
        if (text && strncmp(text, p->path, n) == 0 && text[n] == ':') text += n + 1; /* said already */
        snprintf(p->why, sizeof p->why, "cannot be loaded:%.160s", text ? text : " unknown reason");
        return;
    }
    entry.symbol = dlsym(library, AISLE_BACKEND_PLUGIN_SYMBOL);
    const aisle_backend_ops *ops = entry.symbol ? entry.table() : NULL;
    if (!ops)
        snprintf(p->why, sizeof p->why, "exports no %s table", AISLE_BACKEND_PLUGIN_SYMBOL);
    else if (ops->abi != AISLE_BACKEND_ABI || ops->size != sizeof *ops)
        snprintf(p->why, sizeof p->why, "has ABI %u of %u bytes, this program needs ABI %u of %zu", ops->abi,
                 ops->size, AISLE_BACKEND_ABI, sizeof *ops);
    else if (!table_is_whole(ops))
        snprintf(p->why, sizeof p->why, "lacks entries of the table");
    else if (strcmp(ops->name, p->name) != 0)
        snprintf(p->why, sizeof p->why, "calls itself \"%.60s\"", ops->name);
    else
        p->ops = ops;
    if (!p->ops) dlclose(library);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_plugin(const struct dirent *e)
{
    size_t length;
    return plugin_name(e->d_name, &length) != NULL;
}

/* In `folder` itself, not below it. */
static bool lies_in(const plugin *p, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(p->path, folder, n) == 0 && p->path[n] == '/' && !strchr(p->path + n + 1, '/');
}

static aisle_status add(const char *folder, const char *file, aisle_error *err)
{
    size_t length = 0, bytes = strlen(folder) + strlen(file) + 2;
    const char *name = plugin_name(file, &length);
    plugin p = {.path = aisle_alloc(bytes), .name = aisle_strndup(name, length)};
    if (!p.path || !p.name ||
        !aisle_grow((void **)&known.plugins, &known.cap, known.n + 1, sizeof *known.plugins)) {
        aisle_free(p.path);
        aisle_free(p.name);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the list of back-ends");
    }
    snprintf(p.path, bytes, "%s/%s", folder, file);
    load(&p);
    known.plugins[known.n++] = p;
    return AISLE_OK;
}

/* Lists `folder` once; a folder that is not there simply has no plug-ins. Lock held. */
static aisle_status scan(const char *folder, aisle_error *err)
{
    for (int64_t i = 0; i < known.n; i++)
        if (lies_in(&known.plugins[i], folder)) return AISLE_OK;
    struct dirent **list = NULL;
    int n = scandir(folder, &list, is_plugin, by_name);
    aisle_status st = AISLE_OK;
    for (int i = 0; i < n; i++) {
        if (st == AISLE_OK) st = add(folder, list[i]->d_name, err);
        free(list[i]); /* scandir's own storage */
    }
    free(list);
    return st;
}

/* Absolute, so that no later chdir changes what it means; NULL when it does not exist. From malloc. */
static char *resolve(const char *folder)
{
    return realpath(folder ? folder : AISLE_BACKEND_DIR, NULL);
}

/* The first fact wins the space: later ones are cut, never overrun. */
static void note(char *why, size_t bytes, const char *name, const char *reason)
{
    size_t used = why && bytes ? strlen(why) : 0;
    if (why && used + 1 < bytes)
        snprintf(why + used, bytes - used, "%s%s: %s", used ? "; " : "", name, reason);
}

static const aisle_backend_ops *best(const char *folder, char *why, size_t why_bytes)
{
    const aisle_backend_ops *pick = aisle_backend_cpu();
    int top = pick->score();
    for (int64_t i = 0; folder && i < known.n; i++) {
        const plugin *p = &known.plugins[i];
        if (!lies_in(p, folder)) continue;
        int score = p->ops ? p->ops->score() : 0;
        if (score > top) {
            note(why, why_bytes, pick->name, "passed over for a faster one");
            pick = p->ops;
            top = score;
        } else
            note(why, why_bytes, p->name,
                 !p->ops      ? p->why
                 : score <= 0 ? "not usable on this machine"
                              : "slower");
    }
    return pick;
}

static aisle_status named(const char *name, const char *folder, const char *asked,
                          const aisle_backend_ops **out, aisle_error *err)
{
    if (strcmp(name, "cpu") == 0) {
        *out = aisle_backend_cpu();
        return AISLE_OK;
    }
    for (int64_t i = 0; folder && i < known.n; i++) {
        const plugin *p = &known.plugins[i];
        if (!lies_in(p, folder) || strcmp(p->name, name) != 0) continue;
        if (!p->ops) return aisle_fail(err, AISLE_EUNSUPPORTED, "back-end %s: %s %s", name, p->path, p->why);
        if (p->ops->score() <= 0)
            return aisle_fail(err, AISLE_EUNSUPPORTED,
                              "back-end %s is not usable on this machine; use --backend auto or cpu", name);
        *out = p->ops;
        return AISLE_OK;
    }
    return aisle_fail(err, AISLE_ENOTFOUND,
                      "back-end %s: no " PREFIX "%s" SUFFIX " in %s; use --backend cpu or --backend-dir",
                      name, name, asked ? asked : AISLE_BACKEND_DIR);
}

aisle_status aisle_backend_find(const char *name, const char *folder, const aisle_backend_ops **out,
                                char *why, size_t why_bytes, aisle_error *err)
{
    *out = NULL;
    if (why && why_bytes) why[0] = '\0';
    char *path = resolve(folder);
    pthread_mutex_lock(&known.lock);
    aisle_status st = path ? scan(path, err) : AISLE_OK;
    if (st == AISLE_OK && strcmp(name, "auto") == 0)
        *out = best(path, why, why_bytes);
    else if (st == AISLE_OK)
        st = named(name, path, folder, out, err);
    pthread_mutex_unlock(&known.lock);
    free(path);
    return st;
}

const aisle_backend_ops *aisle_backend_at(const char *folder, int32_t i)
{
    if (i <= 0) return i == 0 ? aisle_backend_cpu() : NULL;
    const aisle_backend_ops *found = NULL;
    char *path = resolve(folder);
    pthread_mutex_lock(&known.lock);
    if (path && scan(path, NULL) == AISLE_OK)
        for (int64_t p = 0; p < known.n && !found; p++)
            if (known.plugins[p].ops && lies_in(&known.plugins[p], path) && --i == 0)
                found = known.plugins[p].ops;
    pthread_mutex_unlock(&known.lock);
    free(path);
    return found;
}
