/* From an understood query to an expression of FTS5 and the weights of its phrases. */
#include <math.h>

#include "server/search/query.h"

enum { NS_HIT = 100, NS_PHRASE = 50, NS_PREFIX = 30, RARE = 10 };

typedef struct writer {
    aisle_buf text;
    aisle_rank *rank;
    bool failed;
} writer;

static void put(writer *w, const char *text)
{
    if (!aisle_buf_append(&w->text, text, strlen(text))) w->failed = true;
}

static bool has_room(const writer *w, int32_t phrases)
{
    return w->rank->n_phrases + phrases <= AISLE_RANK_PHRASES;
}

/* Terms are letters and digits: nothing in them ends the quotes. */
static void put_phrase(writer *w, const aisle_str *stems, int32_t n, bool prefix)
{
    put(w, "\"");
    for (int32_t i = 0; i < n; i++) {
        if (i) put(w, " ");
        if (!aisle_buf_append(&w->text, stems[i].ptr, stems[i].len)) w->failed = true;
    }
    put(w, prefix ? "\"*" : "\"");
}

static void note_phrase(writer *w, int32_t group, float weight)
{
    w->rank->phrase[w->rank->n_phrases++] = (aisle_rank_phrase){group, weight};
}

static void put_way(writer *w, const aisle_way *way, int32_t group)
{
    if (!way->anywhere) {
        put_phrase(w, way->stems, way->n, way->prefix);
        note_phrase(w, group, way->weight);
        return;
    }
    put(w, "(");
    for (int32_t i = 0; i < way->n; i++) {
        if (i) put(w, " AND ");
        put_phrase(w, &way->stems[i], 1, way->prefix && i == way->n - 1);
        note_phrase(w, group, way->weight / (float)way->n);
    }
    put(w, ")");
}

static void put_group(writer *w, const aisle_query_group *g, int32_t number)
{
    put(w, "(");
    for (int32_t i = 0; i < g->n; i++) {
        if (i && !has_room(w, g->way[i].n)) break;
        if (i) put(w, " OR ");
        put_way(w, &g->way[i], number);
    }
    put(w, ")");
}

static float idf(const aisle_words *w, int64_t count)
{
    double n = (double)w->n_products, df = (double)(count < 1               ? 1
                                                    : count > w->n_products ? w->n_products
                                                                            : count);
    return (float)log(1 + (n - df + 0.5) / (df + 0.5));
}

bool aisle_query_ask(const aisle_search_query *q, const aisle_words *w, bool some, aisle_arena *a,
                     aisle_str *expression, aisle_rank *rank)
{
    writer out = {.rank = rank};
    *rank = (aisle_rank){
        .coverage = some, .title_words = w->title_words, .n_rows = w->n_rows, .mean_title = w->mean_title};
    *expression = AISLE_STR("");
    if (q->n_wanted == 0) return true;
    put(&out, "(");
    for (int32_t i = 0; i < q->n_wanted; i++) {
        if (!has_room(&out, AISLE_QUERY_WAYS)) break;
        if (i) put(&out, some ? " OR " : " AND ");
        put_group(&out, &q->wanted[i], i);
        rank->idf[i] = idf(w, q->wanted[i].count);
        rank->n_groups = i + 1;
    }
    put(&out, ")");
    for (int32_t i = 0; i < q->n_unwanted && has_room(&out, AISLE_QUERY_WAYS); i++) {
        put(&out, " NOT ");
        put_group(&out, &q->unwanted[i], -1);
    }
    char *copy = out.failed ? NULL : aisle_arena_strndup(a, out.text.data, (size_t)out.text.len);
    *expression = (aisle_str){copy, (size_t)out.text.len};
    aisle_buf_deinit(&out.text);
    return copy != NULL;
}

int64_t aisle_query_cost(const aisle_search_query *q, bool some)
{
    int64_t phrases = 0, least = INT64_MAX, sum = 0, prefixes = 0;
    for (int32_t i = 0; i < q->n_wanted; i++) {
        const aisle_query_group *g = &q->wanted[i];
        phrases += g->n;
        sum += g->count;
        if (g->count < least) least = g->count;
        for (int32_t k = 0; k < g->n; k++) prefixes += g->way[k].prefix ? g->count : 0;
    }
    int64_t hits = q->n_wanted == 0 ? 0 : some ? sum : least;
    return hits * (NS_HIT + NS_PHRASE * phrases) + prefixes * NS_PREFIX;
}

/* ---- did you mean ---- */

/* A rare word beside a frequent one is more often a typing error than a wish. */
static aisle_str frequent_near(const aisle_query_group *g, const aisle_words *w)
{
    aisle_near near[AISLE_NEAR_MAX];
    if (!g->is_word || aisle_words_near(w, g->text, near) == 0) return (aisle_str){NULL, 0};
    const aisle_word *best = &w->word[near[0].word];
    return best->count / RARE >= g->count ? best->text : (aisle_str){NULL, 0};
}

aisle_str aisle_query_mended(const aisle_search_query *q, const aisle_words *w, bool also_rare,
                             aisle_arena *a)
{
    aisle_buf text = {0};
    bool any = false, ok = true;
    for (int32_t i = 0; i < q->n_wanted && ok; i++) {
        const aisle_query_group *g = &q->wanted[i];
        aisle_str word = g->mended;
        const char *quote = g->is_word || word.ptr || g->way[0].anywhere ? "" : "\"";
        if (!word.ptr && also_rare) word = frequent_near(g, w);
        any = any || word.ptr;
        if (!word.ptr) word = g->text;
        ok = aisle_buf_printf(&text, "%s%s%.*s%s", i ? " " : "", quote, (int)word.len, word.ptr, quote);
    }
    for (int32_t i = 0; i < q->n_unwanted && ok; i++) {
        aisle_str word = q->unwanted[i].text;
        const char *quote = memchr(word.ptr, ' ', word.len) ? "\"" : "";
        ok = aisle_buf_printf(&text, " -%s%.*s%s", quote, (int)word.len, word.ptr, quote);
    }
    char *copy = ok && any ? aisle_arena_strndup(a, text.data, (size_t)text.len) : NULL;
    aisle_str out = {copy, copy ? (size_t)text.len : 0};
    aisle_buf_deinit(&text);
    return out;
}
