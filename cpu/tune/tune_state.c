/* Appending looks to a file, and reading them back after whatever has ended the search. */
#include "cpu/tune/tune_state.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aisle/file.h"

enum { STATE_VERSION = 1, STYLE = JSON_COMPACT | JSON_REAL_PRECISION(17) };

static json_t *setting_json(const aisle_setting *s, const aisle_train_params *p)
{
    aisle_buf b = {0};
    json_t *text = aisle_setting_print(s, p, &b) && b.data ? json_string(b.data) : NULL;
    aisle_buf_deinit(&b);
    return text;
}

/* All that a look's value depends on. */
static json_t *head_json(const aisle_tune_params *p)
{
    json_t *settings = json_object(), *ranges = json_array();
    const aisle_setting *s;
    for (int32_t i = 0; (s = aisle_setting_at(i)); i++) {
        if (s->type == AISLE_SETTING_TEXT && !aisle_setting_text(s, p->start)) continue;
        json_object_set_new(settings, s->name, setting_json(s, p->start));
    }
    for (int32_t i = 0; i < p->n_ranges; i++)
        json_array_append_new(ranges,
                              json_pack("{s:s, s:f, s:f, s:b}", "setting", p->ranges[i].setting->name, "from",
                                        p->ranges[i].from, "to", p->ranges[i].to, "log", p->ranges[i].log));
    return json_pack("{s:s, s:i, s:s, s:I, s:i, s:b, s:o, s:o}", "aisle", "tune", "version", STATE_VERSION,
                     "about", p->about ? p->about : "", "seed", (json_int_t)p->seed, "rungs", p->rungs,
                     "less", p->less, "ranges", ranges, "start", settings);
}

static aisle_status write_line(FILE *f, const char *path, json_t *line, aisle_error *err)
{
    if (!line) return aisle_fail(err, AISLE_ENOMEM, "tuning: out of memory for a line of %s", path);
    bool ok =
        json_dumpf(line, f, STYLE) == 0 && fputc('\n', f) != EOF && fflush(f) == 0 && fsync(fileno(f)) == 0;
    json_decref(line);
    return ok ? AISLE_OK : aisle_fail_errno(err, "state of the search", path);
}

aisle_status aisle_tune_state_add(const aisle_tune_params *p, FILE *f, const aisle_tune_look *look,
                                  aisle_error *err)
{
    aisle_train_params settings;
    aisle_tune_trial(p, look->trial, &settings);
    json_t *drawn = json_object();
    for (int32_t i = 0; i < p->n_ranges; i++)
        json_object_set_new(drawn, p->ranges[i].setting->name, setting_json(p->ranges[i].setting, &settings));
    return write_line(f, p->state,
                      json_pack("{s:i, s:i, s:o, s:f, s:o}", "trial", look->trial, "rung", look->rung,
                                "value", isfinite(look->value) ? json_real(look->value) : json_null(),
                                "seconds", look->seconds, "settings", drawn),
                      err);
}

static aisle_status read_look(const json_t *line, aisle_tune_look *out)
{
    const json_t *trial = json_object_get(line, "trial"), *rung = json_object_get(line, "rung"),
                 *value = json_object_get(line, "value");
    if (!json_is_integer(trial) || !json_is_integer(rung) || !(json_is_number(value) || json_is_null(value)))
        return AISLE_EFORMAT;
    json_int_t t = json_integer_value(trial), r = json_integer_value(rung);
    if (t < 0 || t > INT32_MAX || r < 0 || r >= AISLE_TUNE_MAX_RUNGS) return AISLE_EFORMAT;
    *out = (aisle_tune_look){(int32_t)t, (int32_t)r, json_is_null(value) ? NAN : json_number_value(value),
                             json_number_value(json_object_get(line, "seconds"))};
    return AISLE_OK;
}

typedef struct reading {
    const aisle_tune_params *p;
    aisle_status (*found)(void *ctx, const aisle_tune_look *look, aisle_error *err);
    void *ctx;
} reading;

static aisle_status take_line(const reading *r, int64_t number, const json_t *line, aisle_error *err)
{
    aisle_tune_look look;
    if (number == 1) {
        json_t *head = head_json(r->p);
        bool same = json_equal(head, line);
        json_decref(head);
        return same ? AISLE_OK
                    : aisle_fail(
                          err, AISLE_ECONFLICT,
                          "%s is of another search: data, split, metric, seed, ranges or settings differ; "
                          "use another file",
                          r->p->state);
    }
    if (read_look(line, &look) != AISLE_OK)
        return aisle_fail(err, AISLE_EFORMAT, "%s, line %lld: not a trial", r->p->state, (long long)number);
    return r->found(r->ctx, &look, err);
}

/* *whole: the bytes of complete lines. */
static aisle_status read_lines(const reading *r, const aisle_mapping *map, int64_t *whole, aisle_error *err)
{
    const char *at = (const char *)map->data, *end = at + map->size;
    *whole = 0;
    for (int64_t number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) return AISLE_OK; /* cut short */
        json_t *line = json_loadb(at, (size_t)(stop - at), JSON_REJECT_DUPLICATES, NULL);
        if (!line)
            return aisle_fail(err, AISLE_EFORMAT, "%s, line %lld: not JSON", r->p->state, (long long)number);
        aisle_status st = take_line(r, number, line, err);
        json_decref(line);
        if (st != AISLE_OK) return st;
        at = stop + 1;
        *whole = at - (const char *)map->data;
    }
    return AISLE_OK;
}

static aisle_status read_file(const reading *r, aisle_error *err)
{
    aisle_mapping map;
    int64_t whole = 0;
    aisle_status st = aisle_file_map(r->p->state, &map, err);
    if (st != AISLE_OK) return st;
    st = read_lines(r, &map, &whole, err);
    int64_t size = map.size;
    aisle_file_unmap(&map);
    if (st == AISLE_OK && whole < size && truncate(r->p->state, whole) != 0)
        return aisle_fail_errno(err, "state of the search", r->p->state);
    return st;
}

aisle_status aisle_tune_state_open(const aisle_tune_params *p,
                                   aisle_status (*found)(void *ctx, const aisle_tune_look *look,
                                                         aisle_error *err),
                                   void *ctx, FILE **out, aisle_error *err)
{
    reading r = {p, found, ctx};
    aisle_error why = {0};
    aisle_status st = read_file(&r, &why);
    if (st != AISLE_OK && st != AISLE_ENOTFOUND) return aisle_fail(err, st, "%s", why.message);
    FILE *f = fopen(p->state, "a");
    if (!f) return aisle_fail_errno(err, "state of the search", p->state);
    fseek(f, 0, SEEK_END);
    if (ftell(f) == 0)
        st = write_line(f, p->state, head_json(p), err); /* new, or its first line was cut */
    else
        st = AISLE_OK;
    if (st == AISLE_OK)
        *out = f;
    else
        fclose(f);
    return st;
}
