/* Marks the words of a text that a query wants. A word here is a run of ASCII letters and digits and of anything outside
 * ASCII: the tokenizer cuts nowhere else, but for signs outside ASCII, and then the whole run is marked. */
#include "server/search/query.h"

enum { BEFORE = 40 }; /* bytes of the text in front of the first marked word, when it is cut */

static bool is_wanted_term(const aisle_search_query *q, const aisle_term *term)
{
    for (int32_t i = 0; i < q->n_wanted; i++)
        for (int32_t k = 0; k < q->wanted[i].n; k++) {
            const aisle_way *way = &q->wanted[i].way[k];
            for (int32_t s = 0; s < way->n; s++) {
                aisle_str want = way->stems[s];
                if (aisle_str_eq(want, term->stem)) return true;
                if (way->prefix && s == way->n - 1 && term->word.len >= want.len &&
                    memcmp(term->word.ptr, want.ptr, want.len) == 0)
                    return true;
            }
        }
    return false;
}

typedef struct look {
    const aisle_search_query *q;
    bool found;
} look;

static aisle_status look_at(void *ctx, const aisle_term *term)
{
    look *l = ctx;
    l->found = l->found || is_wanted_term(l->q, term);
    return AISLE_OK;
}

static bool is_word_byte(char c)
{
    return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* The end of the word at `at`, which may be none (then of one byte). */
static size_t next_run(aisle_str text, size_t at)
{
    size_t end = at;
    while (end < text.len && is_word_byte(text.ptr[end])) end++;
    return end == at ? at + 1 : end;
}

static bool wants(const aisle_search_query *q, aisle_terms *t, aisle_str run)
{
    look l = {q, false};
    if (!is_word_byte(run.ptr[0])) return false;
    return aisle_terms_run(t, run, look_at, &l, NULL) == AISLE_OK && l.found;
}

static bool put_escaped(aisle_buf *b, aisle_str s)
{
    static const struct {
        char from;
        const char *to;
    } table[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    bool ok = true;
    for (size_t i = 0; i < s.len && ok; i++) {
        aisle_str put = {s.ptr + i, 1};
        for (size_t k = 0; k < sizeof table / sizeof *table; k++)
            if (s.ptr[i] == table[k].from) put = aisle_str_from(table[k].to);
        ok = aisle_buf_append(b, put.ptr, put.len);
    }
    return ok;
}

/* The part of the text that is shown. Cut between words only, so never within a letter. */
static bool find_part(const aisle_search_query *q, aisle_terms *t, aisle_str text, size_t most,
                      aisle_str *part)
{
    size_t first = 0, end = 0, from;
    while (first < text.len && !wants(q, t, (aisle_str){text.ptr + first, next_run(text, first) - first}))
        first = next_run(text, first);
    if (first >= text.len) return false;
    from = text.len <= most || first <= BEFORE ? 0 : first - BEFORE;
    while (from > 0 && from < first && is_word_byte(text.ptr[from - 1])) from++;
    for (end = first; end < text.len && next_run(text, end) - from <= most;) end = next_run(text, end);
    if (end == first) end = next_run(text, first);
    *part = (aisle_str){text.ptr + from, end - from};
    return true;
}

aisle_str aisle_query_highlight(const aisle_search_query *q, aisle_terms *t, aisle_str text, size_t most,
                                aisle_arena *a)
{
    static const char dots[] = "…";
    aisle_buf out = {0};
    aisle_str part;
    if (!text.len || !find_part(q, t, text, most, &part)) return (aisle_str){NULL, 0};
    bool ok = part.ptr == text.ptr || aisle_buf_append(&out, dots, sizeof dots - 1);
    for (size_t i = 0; i < part.len && ok;) {
        size_t end = next_run(part, i);
        aisle_str run = {part.ptr + i, end - i};
        bool mark = wants(q, t, run);
        ok = (!mark || aisle_buf_append(&out, "<mark>", 6)) && put_escaped(&out, run) &&
             (!mark || aisle_buf_append(&out, "</mark>", 7));
        i = end;
    }
    if (ok && part.ptr + part.len < text.ptr + text.len) ok = aisle_buf_append(&out, dots, sizeof dots - 1);
    char *copy = ok && out.data ? aisle_arena_strndup(a, out.data, (size_t)out.len) : NULL;
    aisle_str result = {copy, copy ? (size_t)out.len : 0};
    aisle_buf_deinit(&out);
    return result;
}
