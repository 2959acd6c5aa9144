/* GET /v1/admin/models/{version}/report: what one version is made of, how its training went, and what the gate says of it. */
#include <string.h>

#include "server/http/handlers/handlers.h"
#include "server/jobs/beside.h"
#include "server/jobs/gate.h"

typedef struct report {
    aisle_work work;
    int64_t version, bytes;
    const char *meta, *held_out, *curve;
    json_t *sections; /* owned until the answer takes it */
    aisle_verdict verdict;
} report;

static json_t *encode_sections(const aisle_model *m)
{
    aisle_section_info s;
    json_t *list = json_array();
    for (int32_t i = 0; aisle_model_section(m, i, &s); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:I}", "name", s.name, "type", s.type,
                                              "rows", (json_int_t)s.rows, "columns", (json_int_t)s.cols,
                                              "bytes", (json_int_t)s.bytes));
    return list;
}

static void drop_sections(void *ctx)
{
    json_decref(((report *)ctx)->sections);
}

static aisle_status read(aisle_work *w, aisle_error *err)
{
    report *p = (report *)w;
    aisle_app *app = aisle_request_app(w->r);
    aisle_arena *a = aisle_request_arena(w->r);
    aisle_model *model = NULL;
    AISLE_TRY(aisle_registry_get(app->registry, p->version, &model, err));
    const char *meta = aisle_model_meta(model);
    p->meta = aisle_arena_strndup(a, meta, strlen(meta));
    p->bytes = aisle_model_bytes(model);
    p->sections = encode_sections(model);
    aisle_model_unref(model);
    p->held_out = aisle_gate_report(app->registry, p->version, a);
    p->curve = aisle_beside_read(app->registry, p->version, ".curve", a);
    aisle_gate_judge(app->registry, p->version, app->config->gate_tolerance, &p->verdict);
    return p->meta && p->sections ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for a report");
}

static json_t *encode_gate(const aisle_verdict *v, const char *gate)
{
    json_t *o = aisle_answer_with(json_object(), "set", json_string(gate));
    o = aisle_answer_with(o, "worse", json_boolean(v->worse));
    return aisle_answer_with(o, "why", json_string(v->why));
}

static aisle_status reply(aisle_work *w)
{
    report *p = (report *)w;
    json_t *meta = aisle_answer_parsed(p->meta), *o = json_object();
    o = aisle_answer_with(o, "version", json_integer(p->version));
    o = aisle_answer_with(o, "bytes", json_integer(p->bytes));
    o = aisle_answer_with(o, "training", json_incref(json_object_get(meta, "training")));
    o = aisle_answer_with(o, "meta", meta);
    o = aisle_answer_with(o, "held_out", aisle_answer_parsed(p->held_out));
    o = aisle_answer_with(o, "gate", encode_gate(&p->verdict, aisle_request_app(w->r)->config->gate));
    o = aisle_answer_with(o, "curve", aisle_answer_parsed(p->curve));
    o = aisle_answer_with(o, "sections", json_incref(p->sections));
    return aisle_reply_json(w->r, 200, o);
}

aisle_status aisle_on_model_report(aisle_request *r)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    report *p = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *p);
    if (!p || !aisle_arena_at_end(aisle_request_arena(r), drop_sections, p))
        return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for a report");
    if (!aisle_str_to_i64(aisle_request_param(r, "version"), &p->version) || p->version < 1)
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "a model version is a number");
    p->work = (aisle_work){.r = r, .run = read, .reply = reply};
    return aisle_work_submit(&p->work);
}
