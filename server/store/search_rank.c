/* The score of one hit, computed while FTS5 stands on it. FTS5's own bm25() takes nine times as long: it counts every
 * term's products anew, and reads the length of every product from a table. */
#include "server/store/search_rank.h"

#include <string.h>

static const float field_weight[] = {3.0F, 5.0F, 2.0F, 2.5F, 1.0F, 0.5F}; /* the columns of product_search */
enum { FIELDS = sizeof field_weight / sizeof *field_weight, TITLE = 1 };
static const float k1 = 1.2F, b = 0.6F;

static float title_norm(const aisle_rank *r, int64_t row)
{
    int words = row > 0 && row < r->n_rows ? r->title_words[row] : 0;
    if (words == 0 || r->mean_title <= 0) return 1;
    return 1 / (1 - b + b * (float)words / (float)r->mean_title);
}

static int add_phrase(const Fts5ExtensionApi *api, Fts5Context *fts, int phrase, float title, float *tf)
{
    Fts5PhraseIter it;
    int column = -1, offset;
    int rc = api->xPhraseFirst(fts, phrase, &it, &column, &offset);
    for (; rc == SQLITE_OK && column >= 0; api->xPhraseNext(fts, &it, &column, &offset))
        if (column < FIELDS) *tf += field_weight[column] * (column == TITLE ? title : 1);
    return rc;
}

/* tf by group. */
static int gather(const Fts5ExtensionApi *api, Fts5Context *fts, const aisle_rank *r, float *tf)
{
    int n = api->xPhraseCount(fts);
    float title = title_norm(r, api->xRowid(fts));
    for (int p = 0; p < n && p < r->n_phrases; p++) {
        const aisle_rank_phrase *phrase = &r->phrase[p];
        float sum = 0;
        if (phrase->group < 0) continue;
        int rc = add_phrase(api, fts, p, title, &sum);
        if (rc != SQLITE_OK) return rc;
        tf[phrase->group] += phrase->weight * sum;
    }
    return SQLITE_OK;
}

static double score_of(const aisle_rank *r, const float *tf)
{
    double score = 0;
    for (int32_t g = 0; g < r->n_groups; g++) {
        if (tf[g] > 0) score += (double)(r->idf[g] * tf[g] / (k1 + tf[g]));
        if (tf[g] > 0 && r->coverage) score += 100;
    }
    return score;
}

/* Keeps the hit. True when no more are wanted: as a condition it lets the statement run on without a row at every hit. */
static void collect(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *out, int n,
                    sqlite3_value **args)
{
    aisle_collector *c = n == 1 ? sqlite3_value_pointer(args[0], "aisle_collector") : NULL;
    float tf[AISLE_RANK_GROUPS];
    if (c) memset(tf, 0, (size_t)c->rank->n_groups * sizeof *tf);
    int rc = c ? gather(api, fts, c->rank, tf) : SQLITE_MISUSE;
    if (rc == SQLITE_OK && !aisle_grow((void **)&c->hits, &c->cap, c->n + 1, sizeof *c->hits))
        rc = SQLITE_NOMEM;
    if (rc != SQLITE_OK) {
        sqlite3_result_error_code(out, rc);
        return;
    }
    c->hits[c->n++] = (aisle_search_hit){api->xRowid(fts), (float)score_of(c->rank, tf)};
    sqlite3_result_int(out, c->n >= c->most);
}

int aisle_search_register_rank(fts5_api *api)
{
    return api->xCreateFunction(api, "aisle_collect", NULL, collect, NULL);
}
