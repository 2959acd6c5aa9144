/* GET /v1/categories: the tree of the catalogue with its counts. */
#include "server/http/handlers/handlers.h"

enum { MAX_AGE = 30 };

typedef struct listing {
    aisle_work work;
    json_t *items; /* roots */
} listing;

/* The last name of a path. */
static aisle_str name_of(aisle_str path)
{
    aisle_str name = path;
    for (const char *at; (at = name.len ? memmem(name.ptr, name.len, " > ", 3) : NULL);)
        name = (aisle_str){at + 3, name.len - (size_t)(at - name.ptr) - 3};
    return name;
}

static json_t *encode(const aisle_category_node *node)
{
    json_t *o = aisle_answer_with(json_object(), "path", aisle_answer_text(node->path));
    o = aisle_answer_with(o, "name", aisle_answer_text(name_of(node->path)));
    o = aisle_answer_with(o, "count", json_integer(node->count));
    return aisle_answer_with(o, "children", json_array());
}

/* Parents stand before their children. */
static bool grow_tree(const aisle_category_node *nodes, int32_t n, json_t **made, json_t *roots)
{
    for (int32_t i = 0; i < n; i++) {
        made[i] = encode(&nodes[i]);
        json_t *into = nodes[i].parent < 0 ? roots : json_object_get(made[nodes[i].parent], "children");
        if (!made[i] || json_array_append_new(into, made[i])) return false;
    }
    return true;
}

static aisle_status run(aisle_work *w, aisle_error *err)
{
    listing *l = (listing *)w;
    aisle_app *app = aisle_request_app(w->r);
    aisle_arena *a = aisle_request_arena(w->r);
    aisle_category_node *nodes;
    int32_t n;
    AISLE_TRY(aisle_catalogue_begin(app->catalogue, aisle_loop_of(w->r)->beside->view, err));
    aisle_status st = aisle_catalogue_categories(app->catalogue, a, &nodes, &n, err);
    if (st == AISLE_OK) {
        json_t **made = aisle_arena_calloc(a, (size_t)n + 1, sizeof(json_t *));
        l->items = made ? json_array() : NULL;
        if (!l->items || !grow_tree(nodes, n, made, l->items)) {
            json_decref(l->items);
            st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the categories");
        }
    }
    aisle_catalogue_end(app->catalogue);
    return st;
}

static aisle_status reply(aisle_work *w)
{
    return aisle_answer_cached(w->r, aisle_answer_with(json_object(), "items", ((listing *)w)->items),
                               MAX_AGE);
}

/* Beside the loop: some thousand nodes are some milliseconds of JSON. */
aisle_status aisle_on_categories(aisle_request *r)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    listing *l = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *l);
    if (!l) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the categories");
    l->work = (aisle_work){.r = r, .run = run, .reply = reply, .on = aisle_loop_of(r)->scoring};
    return aisle_work_submit(&l->work);
}
