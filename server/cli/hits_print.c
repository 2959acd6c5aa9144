/* Tables and JSON of recommendations. */
#include "server/cli/hits_print.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

/* ---- table ---- */

/* Writes s into `width` columns, cut with an ellipsis between characters or padded. Control characters, which
 * a shop's data may hold, would move the terminal's cursor. */
static void put_column(aisle_str s, int width)
{
    int columns = 0, total = 0;
    for (size_t i = 0; i < s.len; i++) total += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    int keep = total > width ? width - 1 : total;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool starts = (c & 0xC0) != 0x80;
        if (starts && columns == keep) break;
        columns += starts;
        putchar(c < 0x20 || c == 0x7F ? '?' : c);
    }
    if (total > width) fputs("\u2026", stdout), columns++;
    while (columns++ < width) putchar(' ');
}

/* "12.90 EUR": two decimals, but none for the currencies without minor units that shops use. */
static void format_price(const aisle_product *p, char out[48])
{
    bool whole = aisle_str_eq(p->currency, AISLE_STR("JPY")) || aisle_str_eq(p->currency, AISLE_STR("KRW"));
    int len = p->currency.len > 8 ? 8 : (int)p->currency.len;
    out[0] = '\0';
    if (p->price_minor < 0) return;
    if (whole)
        snprintf(out, 48, "%lld %.*s", (long long)p->price_minor, len, p->currency.ptr);
    else
        snprintf(out, 48, "%lld.%02lld %.*s", (long long)p->price_minor / 100,
                 (long long)p->price_minor % 100, len, len ? p->currency.ptr : "");
}

static aisle_str title_or_id(const aisle_product *p)
{
    return p->title.len ? p->title : p->id;
}

/* Three reasons of such titles fit below a row of the table. */
enum { REASON_CHARS = 22 };

static aisle_status print_reasons(aisle_model_source *s, const aisle_hit *hit, aisle_error *err)
{
    for (int32_t r = 0; r < hit->n_reasons; r++) {
        aisle_product p;
        AISLE_TRY(aisle_model_source_product(s, hit->reasons[r].item, &p, err));
        printf("%s%.0f %% ", r ? ", " : "     because of ", 100 * (double)hit->reasons[r].share);
        aisle_str title = title_or_id(&p);
        int chars = 0;
        for (size_t i = 0; i < title.len; i++) chars += ((unsigned char)title.ptr[i] & 0xC0) != 0x80;
        put_column(title, chars > REASON_CHARS ? REASON_CHARS : chars);
    }
    if (hit->n_reasons) putchar('\n');
    return AISLE_OK;
}

/* Parts of hit h by falling share, ties as the model lists them; those of less than half a percent are not said. */
static void print_parts(const aisle_model_source *s, const aisle_hits *hits, int32_t h)
{
    const float *shares = hits->shares + (int64_t)h * hits->n_parts;
    bool said[AISLE_HYBRID_MAX_PARTS] = {false};
    for (int32_t n = 0; n < hits->n_parts; n++) {
        int32_t best = -1;
        for (int32_t p = 0; p < hits->n_parts; p++)
            if (!said[p] && (best < 0 || shares[p] > shares[best])) best = p;
        said[best] = true;
        if (!(shares[best] >= .005F)) break;
        printf("%s%.0f %% %s", n ? ", " : "     made of ", 100 * (double)shares[best],
               aisle_part_name(aisle_model_hybrid(s->model)->part[best]));
    }
    putchar('\n');
}

static aisle_status print_table(aisle_model_source *s, const aisle_hits *hits, aisle_error *err)
{
    bool titles = s->view != NULL;
    fprintf(stderr, "%s, %d items", aisle_strategy_name(hits->strategy), hits->n);
    if (s->version) fprintf(stderr, ", model version %lld", (long long)s->version);
    fputc('\n', stderr);
    printf(titles ? "  #  %-20s  %-44s  %14s  %9s\n" : "  #  %-20s  %.0s%.0s%9s\n", "item", "title", "price",
           "score");
    for (int32_t h = 0; h < hits->n; h++) {
        aisle_product p;
        char price[48];
        AISLE_TRY(aisle_model_source_product(s, hits->hit[h].item, &p, err));
        format_price(&p, price);
        printf("%3d  ", h + 1);
        put_column(p.id, 20);
        fputs("  ", stdout);
        if (titles) {
            put_column(p.title, 44);
            printf("  %14s  ", price);
        }
        printf("%9.4g\n", (double)hits->hit[h].score);
        if (hits->shares) print_parts(s, hits, h);
        AISLE_TRY(print_reasons(s, &hits->hit[h], err));
    }
    return AISLE_OK;
}

/* ---- JSON ---- */

static json_t *text(aisle_str s)
{
    return s.ptr ? json_stringn(s.ptr, s.len) : json_null();
}

static json_t *reasons_json(aisle_model_source *s, const aisle_hit *hit)
{
    json_t *list = json_array();
    for (int32_t r = 0; r < hit->n_reasons; r++)
        json_array_append_new(list, json_pack("{s:o, s:f}", "item",
                                              text(aisle_model_source_id(s, hit->reasons[r].item)), "share",
                                              (double)hit->reasons[r].share));
    return list;
}

/* Those that gave nothing are left out. */
static json_t *parts_json(const aisle_model_source *s, const aisle_hits *hits, int32_t h)
{
    json_t *list = json_array();
    for (int32_t p = 0; p < hits->n_parts; p++) {
        double share = (double)hits->shares[(int64_t)h * hits->n_parts + p];
        if (share > 0)
            json_array_append_new(list, json_pack("{s:s, s:f}", "part",
                                                  aisle_part_name(aisle_model_hybrid(s->model)->part[p]),
                                                  "share", share));
    }
    return list;
}

static json_t *hit_json(aisle_model_source *s, const aisle_hits *hits, int32_t h, const aisle_product *p)
{
    const aisle_hit *hit = &hits->hit[h];
    json_t *o = json_pack("{s:o, s:f}", "id", text(p->id), "score", (double)hit->score);
    if (s->view) {
        json_object_set_new(o, "title", text(p->title));
        json_object_set_new(o, "price_minor",
                            p->price_minor < 0 ? json_null() : json_integer(p->price_minor));
        json_object_set_new(o, "currency", text(p->currency));
    }
    if (hits->shares) json_object_set_new(o, "parts", parts_json(s, hits, h));
    if (hit->n_reasons) json_object_set_new(o, "reasons", reasons_json(s, hit));
    return o;
}

/* jansson passes NULL through and fails; one check at the end of every list finds it. */
static aisle_status print_json(aisle_model_source *s, const aisle_hits *hits, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    json_t *items = json_array(), *all = NULL;
    for (int32_t h = 0; h < hits->n && st == AISLE_OK; h++) {
        aisle_product p;
        st = aisle_model_source_product(s, hits->hit[h].item, &p, err);
        if (st == AISLE_OK && json_array_append_new(items, hit_json(s, hits, h, &p)))
            st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the JSON of %d items", hits->n);
    }
    if (st == AISLE_OK) {
        all = json_pack("{s:s, s:o, s:O}", "strategy", aisle_strategy_name(hits->strategy), "model_version",
                        s->version ? json_integer(s->version) : json_null(), "items", items);
        if (!all || (json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) && !ferror(stdout)))
            st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the JSON of %d items", hits->n);
        putchar('\n');
    }
    json_decref(all);
    json_decref(items);
    return st;
}

aisle_status aisle_hits_print(aisle_model_source *s, const aisle_hits *hits, bool json, aisle_error *err)
{
    AISLE_TRY(json ? print_json(s, hits, err) : print_table(s, hits, err));
    return fflush(stdout) || ferror(stdout) ? aisle_fail_errno(err, "write", "standard output") : AISLE_OK;
}
