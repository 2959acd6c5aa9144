/* GET /v1/users/{id}/neighbours: who has like taste, for those who run the shop. */
#include "server/http/handlers/answer_hits.h"
#include "server/store/person_rows.h"

typedef struct neighbours {
    aisle_work work;
    aisle_shelf *shelf; /* a reference */
    aisle_str id;
    int64_t limit;
    json_t *body;
} neighbours;

static aisle_status find(neighbours *k, const aisle_answering *w, aisle_hits *hits, aisle_error *err)
{
    aisle_user record;
    bool erased;
    const int32_t user = aisle_model_find_user(k->shelf->model, k->id);
    *hits = (aisle_hits){.hit = aisle_hits_room(w->arena, k->limit)};
    if (!hits->hit) return aisle_fail(err, AISLE_ENOMEM, "out of memory for neighbours");
    if (user < 0) return aisle_view_user(w->view, k->id, w->arena, &record, err);
    AISLE_TRY(aisle_view_is_erased(w->view, k->id, &erased, err));
    if (erased) return aisle_fail(err, AISLE_ENOTFOUND, "user %.*s: not found", (int)k->id.len, k->id.ptr);
    return aisle_scorer_neighbours(w->scorer, k->shelf->model, user, (int32_t)k->limit + AISLE_SPARE_HITS,
                                   hits, err);
}

/* Those who were erased since are left out, and those of whom it cannot be read. */
static json_t *encode(const neighbours *k, const aisle_answering *w, const aisle_hits *hits)
{
    json_t *items = json_array();
    for (int32_t h = 0; h < hits->n && (int64_t)json_array_size(items) < k->limit; h++) {
        bool erased;
        aisle_str id = aisle_model_user_id(k->shelf->model, hits->hit[h].item);
        if (aisle_view_is_erased(w->view, id, &erased, NULL) != AISLE_OK || erased) continue;
        json_t *one =
            json_pack("{s:o, s:f}", "user", aisle_answer_text(id), "score", (double)hits->hit[h].score);
        if (!one || json_array_append_new(items, one)) {
            json_decref(items);
            return NULL;
        }
    }
    return items;
}

static aisle_status run(aisle_work *w, aisle_error *err)
{
    neighbours *k = (neighbours *)w;
    const aisle_answering a = aisle_answering_of(w->r, k->shelf, aisle_loop_of(w->r)->beside);
    aisle_hits hits;
    aisle_status st = find(k, &a, &hits, err);
    if (st == AISLE_OK) {
        k->body = aisle_answer_with(json_object(), "model_version", json_integer(k->shelf->model_version));
        k->body = aisle_answer_with(k->body, "items", encode(k, &a, &hits));
        if (!k->body) st = aisle_fail(err, AISLE_ENOMEM, "out of memory for neighbours");
    }
    aisle_shelf_unref(k->shelf);
    return st;
}

static aisle_status reply(aisle_work *w)
{
    aisle_reply_header(w->r, "Cache-Control", "no-store");
    return aisle_reply_json(w->r, 200, ((neighbours *)w)->body);
}

/* One pass over all users: beside the loop. */
aisle_status aisle_on_neighbours(aisle_request *r)
{
    static const char *const known[] = {"limit", NULL};
    neighbours *k = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *k);
    if (!k) return aisle_no_memory(r);
    *k = (neighbours){.work = {.r = r, .run = run, .reply = reply, .on = aisle_loop_of(r)->scoring},
                      .id = aisle_request_param(r, "id")};
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT},
                                      &k->limit));
    if (!(k->shelf = aisle_shelf_or_refuse(r))) return AISLE_OK;
    aisle_status st = aisle_work_submit(&k->work);
    if (st != AISLE_OK) aisle_shelf_unref(k->shelf);
    return st;
}
