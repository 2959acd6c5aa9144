/* A job's memory: a ring of lines, so that a chatty child cannot grow the server. */
#include "server/jobs/job.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { ID_BYTES = 24 };

/* With the option behind it, and a place for the id. */
static char **dup_list(const char *const *list, const char *id_option)
{
    char blank[ID_BYTES] = "                       ";
    size_t n = 0, more = id_option ? 2 : 0;
    while (list[n]) n++;
    char **out = aisle_calloc(n + more + 1, sizeof *out);
    for (size_t i = 0; out && i < n + more; i++) {
        out[i] = aisle_strdup(i < n ? list[i] : i == n ? id_option : blank);
        if (out[i]) continue;
        while (i > 0) aisle_free(out[--i]);
        aisle_free(out);
        return NULL;
    }
    return out;
}

aisle_job *aisle_job_new(const aisle_job_order *o)
{
    aisle_job *job = aisle_calloc(1, sizeof *job);
    if (!job) return NULL;
    job->kind = o->kind;
    job->argv = dup_list(o->argv, o->id_option);
    for (size_t i = 0; o->id_option && job->argv && job->argv[i]; i++) job->id_text = job->argv[i];
    job->scratch = o->scratch ? aisle_strdup(o->scratch) : NULL;
    job->record = (aisle_job_record){.kind = aisle_job_kind_name(o->kind),
                                     .state = "queued",
                                     .request = aisle_strdup(o->request),
                                     .cause = o->cause ? o->cause : "request",
                                     .created_ms = aisle_time_now_ms()};
    if (job->argv && job->record.request && (job->scratch || !o->scratch)) return job;
    aisle_job_free(job);
    return NULL;
}

void aisle_job_number(aisle_job *job)
{
    if (job->id_text) snprintf(job->id_text, ID_BYTES, "%lld", (long long)job->record.id);
}

void aisle_job_free(aisle_job *job)
{
    if (!job) return;
    for (size_t i = 0; job->argv && job->argv[i]; i++) aisle_free(job->argv[i]);
    for (size_t i = 0; i < AISLE_JOB_LINES; i++) {
        aisle_free(job->events[i]);
        aisle_free(job->lines[i]);
    }
    aisle_free(job->argv);
    aisle_free(job->scratch);
    aisle_free(job->last);
    aisle_free((char *)job->record.request);
    aisle_free((char *)job->record.result);
    aisle_free(job);
}

static void keep(aisle_job *job, const char *event, const char *text, size_t n)
{
    char *e = aisle_strdup(event), *line = aisle_strndup(text, n);
    if (!e || !line) {
        aisle_free(e);
        aisle_free(line);
        return;
    }
    int64_t at = job->n_lines++ % AISLE_JOB_LINES;
    aisle_free(job->events[at]);
    aisle_free(job->lines[at]);
    job->events[at] = e;
    job->lines[at] = line;
}

/* An event's name goes into the head of a server-sent event: a plain word, or "progress". */
static const char *event_of(const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "event"));
    bool plain =
        name && *name && strlen(name) < 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz_-") == strlen(name);
    return plain ? name : "progress";
}

void aisle_job_say(aisle_job *job, const char *text, size_t n)
{
    json_t *object = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object)) {
        char *copy = aisle_strndup(text, n);
        keep(job, event_of(object), text, n);
        if (copy) {
            aisle_free(job->last);
            job->last = copy;
        }
    }
    json_decref(object);
}

void aisle_job_say_state(aisle_job *job)
{
    json_t *result = job->record.result ? json_loads(job->record.result, 0, NULL) : NULL;
    json_t *state = json_pack("{s:s, s:s}", "event", "state", "state", job->record.state);
    if (state && result) json_object_set(state, "result", result);
    char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
    if (text) keep(job, "state", text, strlen(text));
    aisle_free(text);
    json_decref(state);
    json_decref(result);
}

static const char *copy_text(aisle_arena *a, const char *text, bool *short_of)
{
    if (!text) return NULL;
    const char *copy = aisle_arena_strndup(a, text, strlen(text));
    *short_of = *short_of || !copy;
    return copy;
}

bool aisle_job_copy(const aisle_job *job, aisle_arena *a, aisle_job_live *out)
{
    bool short_of = false;
    *out = (aisle_job_live){.record = job->record};
    out->record.request = copy_text(a, job->record.request, &short_of);
    out->record.result = copy_text(a, job->record.result, &short_of);
    out->last = copy_text(a, job->last, &short_of);
    return !short_of;
}
