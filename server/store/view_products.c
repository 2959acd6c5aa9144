/* The paged product list. A page is a walk of one index from the cursor on (keyset), never an offset: first
 * the rest of the products with the cursor's key, then the greater keys. (As one condition, (key, id) > (?,
 * ?), SQLite would start at the first of equal keys, and a shop without creation times is a million equal
 * keys.) Two ways to walk: along the sort's index, skipping what the filter drops, or through the filter's
 * range, sorting the first few. The count of matches picks: with at least one match in SPARSE the walk along
 * the sort needs about limit x SPARSE steps; with fewer the range has at most products / SPARSE rows. */
#include <string.h>

#include "server/store/cursor.h"
#include "server/store/store_internal.h"

enum { SORTS = AISLE_SORT_TITLE + 1, SPARSE = 64, MEMOS = 16 };

typedef enum after { AFTER_TIES, AFTER_KEY, AFTERS } after;
typedef enum plan { PLAN_SORT, PLAN_CATEGORY, PLAN_BRAND, PLANS } plan;

static const struct {
    const char *key, *index;
    bool text;
} sorts[SORTS] = {
    [AISLE_SORT_ID] = {"ext", "products_ext", true},
    [AISLE_SORT_PRICE] = {"price_up", "products_price_up", false},
    [AISLE_SORT_PRICE_DESC] = {"price_down", "products_price_down", false},
    [AISLE_SORT_NEWEST] = {"newest", "products_newest", false},
    [AISLE_SORT_TITLE] = {"title_key", "products_title", true},
};

/* " >" sorts below every sibling that shares the node's name as a prefix, so the range holds some of those
 * too; the full condition of the statement drops them. */
static const struct {
    const char *index, *narrow;
} plans[PLANS] = {
    [PLAN_SORT] = {"products_category", "1"},
    [PLAN_CATEGORY] = {"products_category", "category >= ?3 AND category < ?5"},
    [PLAN_BRAND] = {"products_brand", "brand = ?6"},
};

struct aisle_product_lists {
    sqlite3_stmt *page[SORTS][PLANS][AFTERS], *count[PLANS];
    struct {
        uint64_t filter;
        int64_t catalogue, total;
    } memos[MEMOS]; /* totals of filters seen lately; valid for one catalogue version */
};

struct aisle_product_lists *aisle_product_lists_new(void)
{
    return aisle_calloc(1, sizeof(struct aisle_product_lists));
}

void aisle_product_lists_free(struct aisle_product_lists *l)
{
    if (!l) return;
    for (int p = 0; p < PLANS; p++) {
        sqlite3_finalize(l->count[p]);
        for (int s = 0; s < SORTS; s++)
            for (int k = 0; k < AFTERS; k++) sqlite3_finalize(l->page[s][p][k]);
    }
    aisle_free(l);
}

/* Constants out of the tables above for the {places} of a statement. */
typedef struct places {
    const char *key, *index, *after, *narrow;
} places;

static bool fill(aisle_str text, const places *with, aisle_buf *out)
{
    const struct {
        aisle_str place;
        const char *value;
    } table[] = {{AISLE_STR("{key}"), with->key},
                 {AISLE_STR("{index}"), with->index},
                 {AISLE_STR("{after}"), with->after},
                 {AISLE_STR("{narrow}"), with->narrow}};
    for (size_t i = 0; i < text.len;) {
        aisle_str put = {text.ptr + i, 1};
        size_t step = 1;
        for (size_t k = 0; text.ptr[i] == '{' && k < sizeof table / sizeof *table; k++) {
            aisle_str place = table[k].place;
            if (text.len - i < place.len || memcmp(text.ptr + i, place.ptr, place.len) != 0) continue;
            step = place.len;
            put = aisle_str_from(table[k].value);
        }
        if (!aisle_buf_append(out, put.ptr, put.len)) return false;
        i += step;
    }
    return true;
}

static aisle_status prepare(aisle_view *v, sqlite3_stmt **slot, const char *name, const places *with,
                            aisle_error *err)
{
    if (*slot) return AISLE_OK;
    aisle_buf sql = {0};
    aisle_status st = AISLE_OK;
    if (!fill(aisle_sql_text(name), with, &sql))
        st = aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
    if (st == AISLE_OK) {
        int rc = sqlite3_prepare_v3(v->db.handle, sql.data, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
        if (rc != SQLITE_OK) st = aisle_db_fail(&v->db, rc, err);
    }
    aisle_buf_deinit(&sql);
    return st;
}

/* The texts a bound category needs while the statement runs. */
typedef struct category_range {
    aisle_str node, below, end;
} category_range;

static bool make_range(aisle_str category, aisle_arena *a, category_range *out)
{
    *out = (category_range){0};
    if (!category.ptr) return true;
    int n = (int)category.len;
    out->node = category;
    out->below = aisle_str_from(aisle_arena_printf(a, "%.*s > ", n, category.ptr));
    out->end = aisle_str_from(aisle_arena_printf(a, "%.*s >!", n, category.ptr));
    return out->below.ptr && out->end.ptr;
}

static void bind_filter(aisle_stmt *q, const aisle_product_filter *f, const category_range *range)
{
    aisle_stmt_text(q, 3, range->node);
    aisle_stmt_text(q, 4, range->below);
    aisle_stmt_text(q, 5, range->end);
    aisle_stmt_text(q, 6, f->brand);
    /* A product of unknown price (-1) is in no price range, but in the list without one. */
    aisle_stmt_int(q, 7, f->price_min >= 0 ? f->price_min : f->price_max >= 0 ? 0 : -1);
    aisle_stmt_int(q, 8, f->price_max >= 0 ? f->price_max : INT64_MAX);
    aisle_stmt_int(q, 9, f->in_stock);
}

static plan narrowest(const aisle_product_filter *f)
{
    return f->brand.ptr ? PLAN_BRAND : f->category.ptr ? PLAN_CATEGORY : PLAN_SORT;
}

static aisle_status count(aisle_view *v, const aisle_product_filter *f, const category_range *range,
                          int64_t *total, aisle_error *err)
{
    plan p = narrowest(f);
    bool row;
    const places with = {"", plans[p].index, "", plans[p].narrow};
    AISLE_TRY(prepare(v, &v->lists->count[p], "product_count", &with, err));
    aisle_stmt q = aisle_stmt_with(&v->db, v->lists->count[p]);
    bind_filter(&q, f, range);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *total = row ? aisle_stmt_get_int(&q, 0) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

/* What is in stock, by taking off the few that are not. */
static aisle_status count_in_stock(aisle_view *v, int64_t products, int64_t *total, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_PRODUCT_COUNT_UNAVAILABLE);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *total = row ? products - aisle_stmt_get_int(&q, 0) : products;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status find_total(aisle_view *v, const aisle_product_filter *f, uint64_t tag,
                               const category_range *range, int64_t *total, int64_t *products,
                               aisle_error *err)
{
    aisle_deltas totals;
    AISLE_TRY(aisle_view_totals(v, &totals, err));
    *products = *total = totals.products;
    bool whole = !f->category.ptr && !f->brand.ptr && f->price_min < 0 && f->price_max < 0;
    if (whole) return f->in_stock ? count_in_stock(v, *products, total, err) : AISLE_OK;
    size_t slot = tag % MEMOS;
    if (v->lists->memos[slot].filter != tag || v->lists->memos[slot].catalogue != totals.catalogue) {
        AISLE_TRY(count(v, f, range, total, err));
        v->lists->memos[slot].filter = tag;
        v->lists->memos[slot].catalogue = totals.catalogue;
        v->lists->memos[slot].total = *total;
    }
    *total = v->lists->memos[slot].total;
    return AISLE_OK;
}

static aisle_status check(const aisle_product_filter *f, aisle_error *err)
{
    if (f->limit < 1 || f->limit > 100)
        return aisle_fail(err, AISLE_EINVAL, "limit %d: must be 1 to 100", f->limit);
    if ((unsigned)f->sort >= SORTS) return aisle_fail(err, AISLE_EINVAL, "sort %d: unknown", (int)f->sort);
    if (f->category.len > 65536 || f->brand.len > 65536)
        return aisle_fail(err, AISLE_EINVAL, "category or brand: longer than 65536 bytes");
    return AISLE_OK;
}

/* Takes one row as the page's next product; *last becomes its place. */
static bool take_row(const aisle_stmt *q, const aisle_product_filter *f, aisle_cursor *last, aisle_arena *a,
                     aisle_product_page *page)
{
    aisle_product *p = &page->items[page->n];
    aisle_stmt_product(q, p);
    if (!aisle_product_copy(a, p)) return false;
    last->id = aisle_stmt_get_int(q, 0);
    aisle_str text = sorts[f->sort].text ? aisle_stmt_get_text(q, 17) : (aisle_str){NULL, 0};
    last->text_len = text.len < sizeof last->text ? text.len : sizeof last->text;
    if (text.len) memcpy(last->text, text.ptr, last->text_len);
    last->number = sorts[f->sort].text ? 0 : aisle_stmt_get_int(q, 17);
    page->n++;
    return true;
}

/* What a page is read with. */
typedef struct page_query {
    const aisle_product_filter *filter;
    const category_range *range;
    plan plan;
    const aisle_cursor *from;
} page_query;

static aisle_status read_rows(aisle_view *v, const page_query *w, after k, aisle_cursor *last, aisle_arena *a,
                              aisle_product_page *page, aisle_error *err)
{
    const aisle_product_filter *f = w->filter;
    bool row;
    const places with = {sorts[f->sort].key,
                         w->plan == PLAN_SORT ? sorts[f->sort].index : plans[w->plan].index,
                         k == AFTER_TIES ? "= ?1 AND id > ?2" : "> ?1", plans[w->plan].narrow};
    sqlite3_stmt **slot = &v->lists->page[f->sort][w->plan][k];
    AISLE_TRY(prepare(v, slot, "product_page", &with, err));
    aisle_stmt q = aisle_stmt_with(&v->db, *slot);
    if (sorts[f->sort].text)
        aisle_stmt_text(&q, 1, (aisle_str){w->from->text, w->from->text_len});
    else
        aisle_stmt_int(&q, 1, w->from->number);
    if (k == AFTER_TIES) aisle_stmt_int(&q, 2, w->from->id);
    bind_filter(&q, f, w->range);
    aisle_stmt_int(&q, 10, f->limit + 1 - page->n);
    for (;;) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) return AISLE_OK;
        /* One row past the limit is asked for: it only tells that there is a next page. */
        bool full = page->n == f->limit;
        bool ok = full ? (page->next = aisle_str_from(aisle_cursor_encode(last, f->sort, a))).ptr != NULL
                       : take_row(&q, f, last, a, page);
        if (ok && !full) continue;
        aisle_stmt_end(&q);
        return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
    }
}

aisle_status aisle_view_products(aisle_view *v, const aisle_product_filter *f, aisle_arena *a,
                                 aisle_product_page *out, aisle_error *err)
{
    category_range range;
    aisle_product_page page = {0};
    aisle_cursor at = {.id = -1, .number = INT64_MIN};
    int64_t products;
    AISLE_TRY(check(f, err));
    uint64_t tag = aisle_cursor_filter(f);
    if (f->cursor.ptr) AISLE_TRY(aisle_cursor_decode(f->cursor, f->sort, tag, &at, err));
    at.filter = tag;
    page.items = aisle_arena_calloc(a, (size_t)f->limit, sizeof *page.items);
    if (!page.items || !make_range(f->category, a, &range))
        return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
    AISLE_TRY(find_total(v, f, tag, &range, &page.total, &products, err));
    const aisle_cursor from = at;
    const page_query w = {f, &range, page.total >= products / SPARSE ? PLAN_SORT : narrowest(f), &from};
    for (int k = AFTER_TIES; k < AFTERS && !page.next.ptr; k++)
        AISLE_TRY(read_rows(v, &w, (after)k, &at, a, &page, err));
    *out = page;
    return AISLE_OK;
}
