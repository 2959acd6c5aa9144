/* GET /v1/admin/models/current/map: what the serving model has learned, as points of a plane. */
#include "aisle/item_map.h"
#include "server/http/handlers/answer_hits.h"
#include "server/json/json.h"

enum { MOST = 2000 };

typedef struct mapping {
    aisle_work work;
    aisle_shelf *shelf;
    int64_t limit;
    json_t *body;
} mapping;

/* A product that the catalogue has not (any more) keeps its place, without a name. */
static aisle_status encode_point(const mapping *m, const aisle_item_map *map, int32_t i, json_t **out)
{
    const float *popularity = aisle_model_popularity(m->shelf->model);
    aisle_request *r = m->work.r;
    aisle_str id = aisle_model_item_id(m->shelf->model, map->items[i]);
    aisle_product p = {.id = id};
    int64_t version;
    aisle_error missing = {0};
    aisle_status st = aisle_view_product(aisle_loop_of(r)->beside->view, id, aisle_request_arena(r), &p,
                                         &version, &missing);
    if (st != AISLE_OK && st != AISLE_ENOTFOUND) {
        *aisle_request_error(r) = missing;
        return st;
    }
    json_t *o = aisle_answer_with(json_object(), "id", aisle_answer_text(id));
    o = aisle_answer_with(o, "title", aisle_answer_text(p.title));
    o = aisle_answer_with(o, "category", aisle_answer_text(p.category));
    o = aisle_answer_with(o, "x", json_real((double)map->at[i * 2]));
    o = aisle_answer_with(o, "y", json_real((double)map->at[i * 2 + 1]));
    o = aisle_answer_with(o, "popularity", json_real(popularity ? (double)popularity[map->items[i]] : 0));
    *out = o;
    return o ? AISLE_OK : aisle_no_memory(r);
}

static aisle_status encode(mapping *m, const aisle_item_map *map)
{
    json_t *items = json_array(), *one = NULL;
    for (int32_t i = 0; i < map->n; i++) {
        aisle_status st = items ? encode_point(m, map, i, &one) : aisle_no_memory(m->work.r);
        if (st == AISLE_OK && json_array_append_new(items, one)) st = aisle_no_memory(m->work.r);
        if (st == AISLE_OK) continue;
        json_decref(items);
        return st;
    }
    json_t *o = aisle_answer_with(json_object(), "model_version", json_integer(m->shelf->model_version));
    o = aisle_answer_with(o, "shares", json_pack("[f,f]", map->share[0], map->share[1]));
    m->body = aisle_answer_with(o, "items", items);
    return m->body ? AISLE_OK : aisle_no_memory(m->work.r);
}

static aisle_status run(aisle_work *w, aisle_error *err)
{
    mapping *m = (mapping *)w;
    aisle_item_map map = {0};
    aisle_status st = aisle_item_map_new(m->shelf->model, (int32_t)m->limit, &map, err);
    if (st == AISLE_OK) st = encode(m, &map);
    aisle_item_map_deinit(&map);
    aisle_shelf_unref(m->shelf);
    return st;
}

static aisle_status reply(aisle_work *w)
{
    aisle_reply_header(w->r, "Cache-Control", "private, no-store");
    return aisle_reply_json(w->r, 200, ((mapping *)w)->body);
}

aisle_status aisle_on_item_map(aisle_request *r)
{
    static const char *const known[] = {"limit", NULL};
    mapping *m = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *m);
    if (!m) return aisle_no_memory(r);
    m->work = (aisle_work){.r = r, .run = run, .reply = reply, .on = aisle_loop_of(r)->scoring};
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, MOST, MOST}, &m->limit));
    m->shelf = aisle_shelf_or_refuse(r);
    if (!m->shelf) return AISLE_OK;
    aisle_status st = aisle_work_submit(&m->work);
    if (st != AISLE_OK) aisle_shelf_unref(m->shelf);
    return st;
}
