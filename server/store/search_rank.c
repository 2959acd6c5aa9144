/* The score of one hit, computed while FTS5 stands on it. FTS5's own bm25() takes nine times as long: it counts every
 * term's products anew, and reads the length of every product from a table. */
#include "server/store/search_rank.h"

#include "server/store/store_search.h"

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

static void rank(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *out, int n,
                 sqlite3_value **args)
{
    const aisle_rank *r = n == 1 ? sqlite3_value_pointer(args[0], "aisle_rank") : NULL;
    float tf[AISLE_RANK_GROUPS] = {0};
    double score = 0;
    int rc = r ? gather(api, fts, r, tf) : SQLITE_MISUSE;
    if (rc != SQLITE_OK) {
        sqlite3_result_error_code(out, rc);
        return;
    }
    for (int32_t g = 0; g < r->n_groups; g++) {
        if (tf[g] > 0) score += (double)(r->idf[g] * tf[g] / (k1 + tf[g]));
        if (tf[g] > 0 && r->coverage) score += 100;
    }
    sqlite3_result_double(out, score);
}

int aisle_search_register_rank(fts5_api *api)
{
    return api->xCreateFunction(api, "aisle_rank", NULL, rank, NULL);
}
