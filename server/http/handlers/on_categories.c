/* GET /v1/categories: the tree of the catalogue with its counts. */
#include "server/http/handlers/handlers.h"
#include "server/http/handlers/product_cache.h"

enum { MAX_AGE = 30 };

typedef struct listing {
    aisle_work work;
    aisle_cached_product made;
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
    json_t *items = NULL;
    AISLE_TRY(aisle_catalogue_begin(app->catalogue, aisle_loop_of(w->r)->beside->view, err));
    l->made.changed = aisle_catalogue_shape(app->catalogue);
    aisle_status st = aisle_catalogue_categories(app->catalogue, a, &nodes, &n, err);
    json_t **made = st == AISLE_OK ? aisle_arena_calloc(a, (size_t)n + 1, sizeof(json_t *)) : NULL;
    if (made) items = json_array();
    if (items && !grow_tree(nodes, n, made, items)) {
        json_decref(items);
        items = NULL;
    }
    aisle_catalogue_end(app->catalogue);
    if (st != AISLE_OK) return st;
    json_t *body = aisle_answer_with(json_object(), "items", items);
    l->made.text = body ? json_dumps(body, AISLE_JSON_STYLE) : NULL;
    json_decref(body);
    if (!l->made.text) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the categories");
    l->made.text_len = strlen(l->made.text);
    aisle_product_tag(l->made.changed, l->made.text, l->made.text_len, l->made.tag);
    return AISLE_OK;
}

static aisle_status reply_text(aisle_request *r, const aisle_cached_product *p)
{
    aisle_reply_header(r, "ETag", p->tag);
    aisle_answer_cacheable(r, MAX_AGE);
    return aisle_reply_bytes(r, 200, "application/json", p->text, p->text_len); /* or 304 */
}

static aisle_status reply(aisle_work *w)
{
    listing *l = (listing *)w;
    aisle_product_cache_put(aisle_loop_of(w->r)->products, &l->made);
    aisle_status st = reply_text(w->r, &l->made);
    aisle_free(l->made.text);
    return st;
}

/* The mark of what the tree shows now. */
static aisle_status find_shape(aisle_request *r, int64_t *shape)
{
    aisle_catalogue *c = aisle_request_app(r)->catalogue;
    AISLE_TRY(aisle_catalogue_begin(c, aisle_loop_of(r)->view, aisle_request_error(r)));
    *shape = aisle_catalogue_shape(c);
    aisle_catalogue_end(c);
    return AISLE_OK;
}

/* Some thousand nodes are some milliseconds of JSON: beside the loop, and kept while the tree is as it is. */
aisle_status aisle_on_categories(aisle_request *r)
{
    static const char *const none[] = {NULL};
    static char key[] = "\0categories"; /* no id has a NUL */
    int64_t shape;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(find_shape(r, &shape));
    const aisle_cached_product *known =
        aisle_product_cache_find(aisle_loop_of(r)->products, (aisle_str){key, sizeof key - 1});
    if (known && known->changed == shape) return reply_text(r, known);
    listing *l = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *l);
    if (!l) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the categories");
    l->made.id = key;
    l->made.id_len = sizeof key - 1;
    l->work = (aisle_work){.r = r, .run = run, .reply = reply, .on = aisle_loop_of(r)->scoring};
    return aisle_work_submit(&l->work);
}
