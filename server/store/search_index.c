/* The tokenizer that FTS5 calls. It makes its working memory at the first text, so that a connection that only reads
 * costs nothing. */
#include "server/store/search_index.h"

#include "server/search/terms.h"
#include "server/store/search_rank.h"

struct Fts5Tokenizer {
    aisle_terms *terms;
};

/* Where the terms of one text go. */
typedef struct outlet {
    int (*token)(void *ctx, int flags, const char *term, int bytes, int start, int end);
    void *ctx;
    int rc;
} outlet;

static int create(void *unused, const char **args, int n, Fts5Tokenizer **out)
{
    (void)unused, (void)args, (void)n;
    *out = aisle_calloc(1, sizeof **out);
    return *out ? SQLITE_OK : SQLITE_NOMEM;
}

static void destroy(Fts5Tokenizer *t)
{
    aisle_terms_free(t->terms);
    aisle_free(t);
}

static aisle_status put_term(void *ctx, const aisle_term *term)
{
    outlet *o = ctx;
    o->rc = o->token(o->ctx, 0, term->stem.ptr, (int)term->stem.len, 0, 0);
    return o->rc == SQLITE_OK ? AISLE_OK : AISLE_ECANCELED;
}

static int cut_query(outlet *o, aisle_str text)
{
    for (size_t i = 0; i < text.len && o->rc == SQLITE_OK;) {
        const char *from = text.ptr + i, *end = memchr(from, ' ', text.len - i);
        size_t n = end ? (size_t)(end - from) : text.len - i;
        if (n) o->rc = o->token(o->ctx, 0, from, (int)n, 0, 0);
        i += n + 1;
    }
    return o->rc;
}

static int tokenize(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int bytes,
                    int (*token)(void *, int, const char *, int, int, int))
{
    outlet o = {token, ctx, SQLITE_OK};
    aisle_str s = {text, bytes > 0 ? (size_t)bytes : 0};
    if (s.len == 0) return SQLITE_OK;
    if (flags & FTS5_TOKENIZE_QUERY) return cut_query(&o, s);
    if (!t->terms && aisle_terms_new(&t->terms, NULL) != AISLE_OK) return SQLITE_NOMEM;
    aisle_status st = aisle_terms_run(t->terms, s, put_term, &o, NULL);
    return o.rc != SQLITE_OK ? o.rc : st == AISLE_OK ? SQLITE_OK : SQLITE_NOMEM;
}

/* The one way to FTS5's table of functions: a statement that writes to a bound pointer. */
static int find_api(sqlite3 *handle, fts5_api **out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(handle, "SELECT fts5(?1)", -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_pointer(stmt, 1, out, "fts5_api_ptr", NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

aisle_status aisle_search_register(aisle_db *db, aisle_error *err)
{
    static fts5_tokenizer methods = {create, destroy, tokenize};
    fts5_api *api = NULL;
    int rc = find_api(db->handle, &api);
    if (rc != SQLITE_OK) return aisle_db_fail(db, rc, err);
    if (!api) return aisle_fail(err, AISLE_EUNSUPPORTED, "this SQLite has no FTS5");
    rc = api->xCreateTokenizer(api, "aisle", NULL, &methods, NULL);
    if (rc == SQLITE_OK) rc = aisle_search_register_rank(api);
    return rc == SQLITE_OK ? AISLE_OK : aisle_db_fail(db, rc, err);
}
