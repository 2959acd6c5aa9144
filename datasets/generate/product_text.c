/* Words for one product: title, description, attributes, out of the tables of its kind. */
#include <stdio.h>
#include <string.h>

#include "datasets/generate/catalogue.h"

int32_t gen_words_count(const char *list)
{
    int32_t n = 1;
    for (; *list; list++) n += *list == '|';
    return n;
}

aisle_str gen_words_at(const char *list, int32_t i)
{
    for (; i > 0; list++) i -= *list == '|';
    return (aisle_str){list, strcspn(list, "|")};
}

static aisle_str pick(const char *list, aisle_rng *r)
{
    return gen_words_at(list, (int32_t)gen_between(r, 0, gen_words_count(list) - 1));
}

/* The parts that templates name. */
typedef struct parts {
    aisle_str brand, line, adjective, material, noun, variant, several;
} parts;

typedef struct writer {
    char *out;
    size_t len, cap; /* room for the NUL is kept */
} writer;

static void put(writer *w, const char *p, size_t n)
{
    if (n > w->cap - 1 - w->len) n = w->cap - 1 - w->len;
    memcpy(w->out + w->len, p, n);
    w->out[w->len += n] = '\0';
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* In the middle of a sentence: "Midi Dress" becomes "midi dress", "USB-C" and "4K" stay. */
static void put_lower(writer *w, aisle_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool begins = i == 0 || s.ptr[i - 1] == ' ' || s.ptr[i - 1] == '-';
        bool word = i + 1 < s.len && s.ptr[i + 1] >= 'a' && s.ptr[i + 1] <= 'z';
        char c = begins && word ? lower(s.ptr[i]) : s.ptr[i];
        put(w, &c, 1);
    }
}

static bool is_plural(aisle_str noun)
{
    return noun.len > 2 && noun.ptr[noun.len - 1] == 's' && noun.ptr[noun.len - 2] != 's';
}

/* "A easy" -> "An easy" */
static void mend_article(writer *w, char next)
{
    size_t n = w->len;
    bool article =
        n >= 2 && w->out[n - 1] == ' ' && lower(w->out[n - 2]) == 'a' && (n == 2 || w->out[n - 3] == ' ');
    if (!article || !strchr("aeiou", next)) return;
    w->out[--w->len] = '\0';
    put(w, "n ", 2);
}

static void put_part(writer *w, const char *name, size_t n, const parts *p)
{
    if (strncmp(name, "brand", n) == 0) put(w, p->brand.ptr, p->brand.len);
    if (strncmp(name, "line", n) == 0) put(w, p->line.ptr, p->line.len);
    if (strncmp(name, "variant", n) == 0) put_lower(w, p->variant);
    if (strncmp(name, "material", n) == 0) put_lower(w, p->material);
    if (strncmp(name, "adjective", n) == 0) {
        mend_article(w, lower(p->adjective.ptr[0]));
        put_lower(w, p->adjective);
    }
    if (strncmp(name, "noun", n) == 0) {
        if (is_plural(p->noun)) {
            put(w, p->several.ptr, p->several.len);
            put(w, " ", 1);
        } else {
            mend_article(w, lower(p->noun.ptr[0]));
        }
        put_lower(w, p->noun);
    }
}

static void put_sentence(writer *w, const char *template, const parts *p)
{
    size_t from = w->len;
    while (*template) {
        size_t plain = strcspn(template, "{");
        put(w, template, plain);
        template += plain;
        if (!*template) break;
        size_t n = strcspn(template, "}");
        put_part(w, template + 1, n - 1, p);
        template += n + 1;
    }
    char *first = w->out + from;
    if (*first >= 'a' && *first <= 'z') *first = (char)(*first - 32);
}

static void put_title(writer *w, const parts *p, aisle_rng *r)
{
    const aisle_str forms[4][6] = {{p->brand, p->line, p->adjective, p->material, p->noun, p->variant},
                                   {p->brand, p->adjective, p->noun, p->line, p->material, p->variant},
                                   {p->line, p->material, p->noun, p->adjective, p->brand, p->variant},
                                   {p->brand, p->line, p->material, p->noun, p->adjective, p->variant}};
    /* what stands before each part, by form */
    static const char *const before[4][6] = {{"", " ", " ", " ", " ", ", "},
                                             {"", " ", " ", " ", " in ", ", "},
                                             {"", " ", " ", ", ", ", by ", ", "},
                                             {"", " ", " ", " ", " - ", ", "}};
    int64_t form = gen_between(r, 0, 3);
    for (int k = 0; k < 6; k++) {
        put(w, before[form][k], strlen(before[form][k]));
        put(w, forms[form][k].ptr, forms[form][k].len);
    }
}

void gen_product(const gen_shop *s, int32_t i, gen_text *text, aisle_product *out)
{
    const gen_item *it = &s->item[i];
    const gen_leaf *leaf = &gen_leaves[it->leaf];
    const gen_kind *kind = &gen_kinds[leaf->kind];
    aisle_rng r;
    aisle_rng_init(&r, s->p.seed, gen_stream(GEN_STREAM_TEXT, i));
    parts p = {.brand = aisle_str_from(s->brand[it->brand].name), .several = aisle_str_from(kind->several)};
    p.line = pick(gen_line_names, &r);
    p.adjective = pick(kind->adjective[it->style], &r);
    p.material = pick(kind->material, &r);
    p.noun = pick(leaf->noun, &r);
    p.variant = pick(kind->variant, &r);

    writer title = {text->title, 0, sizeof text->title},
           about = {text->description, 0, sizeof text->description};
    put_title(&title, &p, &r);
    put_sentence(&about, kind->opening[gen_between(&r, 0, 5)], &p);
    put(&about, " ", 1);
    put_sentence(&about, kind->detail[gen_between(&r, 0, 5)], &p);
    if (gen_chance(&r, .7)) {
        put(&about, " ", 1);
        put_sentence(&about, kind->closing[gen_between(&r, 0, 5)], &p);
    }
    snprintf(text->id, sizeof text->id, "p%d", i + 1);
    snprintf(text->attributes, sizeof text->attributes,
             "{\"%s\":\"%.*s\",\"material\":\"%.*s\",\"style\":\"%s\"}", kind->variant_name,
             (int)p.variant.len, p.variant.ptr, (int)p.material.len, p.material.ptr,
             kind->style_name[it->style]);
    int64_t stock = gen_between(&r, 0, 400), scarce = gen_between(&r, 0, 99); /* 6 % sold out, 20 % nearly */
    *out = (aisle_product){.id = aisle_str_from(text->id),
                           .title = aisle_str_from(text->title),
                           .description = aisle_str_from(text->description),
                           .brand = p.brand,
                           .category = aisle_str_from(leaf->path),
                           .currency = aisle_str_from(s->p.currency),
                           .attributes = aisle_str_from(text->attributes),
                           .price_minor = it->price_minor,
                           .stock = scarce < 6    ? 0
                                    : scarce < 26 ? stock % 10
                                                  : stock,
                           .created_ms = s->p.start_ms + it->created_hour * (int64_t)3600000};
}
