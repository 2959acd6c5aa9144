/* GET /v1/search: products by words. */
#include "server/auth/identity.h"
#include "server/http/handlers/ask_search.h"

static aisle_status parse_order(aisle_request *r, int32_t *out)
{
    static const char *const names[] = {"relevance", "id",    "price",  "-price",
                                        "newest",    "title", "rating", "popular"};
    aisle_str text = aisle_request_query(r, "sort");
    for (int32_t i = 0; i < (int32_t)(sizeof names / sizeof *names); i++)
        if (!text.ptr || aisle_str_eq(text, aisle_str_from(names[i]))) {
            *out = i - 1;
            return AISLE_OK;
        }
    return aisle_request_invalid(
        r, "?sort", "unknown", "one of relevance, id, price, -price, newest, title, rating, popular wanted");
}

aisle_status aisle_search_text(aisle_request *r, aisle_str *out)
{
    aisle_str text = aisle_request_query(r, "q");
    if (!text.ptr) return aisle_request_invalid(r, "?q", "required", "what to search for wanted");
    if (text.len > AISLE_QUERY_BYTES)
        return aisle_request_invalid(r, "?q", "too_long", "%zu bytes, at most %d wanted", text.len,
                                     AISLE_QUERY_BYTES);
    *out = text;
    return AISLE_OK;
}

static aisle_status parse(aisle_request *r, aisle_search *s)
{
    static const char *const others[] = {"q", "sort", "personalize", "user", "session", NULL};
    AISLE_TRY(aisle_products_ask_parse(r, others, &s->ask));
    AISLE_TRY(aisle_search_text(r, &s->text));
    AISLE_TRY(parse_order(r, &s->order));
    AISLE_TRY(aisle_request_query_bool(r, "personalize", false, &s->personalize));
    s->who.user = aisle_request_query(r, "user");
    s->who.session = aisle_request_query(r, "session");
    if (s->personalize && s->order >= 0)
        return aisle_request_invalid(r, "?sort", "conflict", "only hits by relevance can be personalized");
    if (!s->personalize && (s->who.user.ptr || s->who.session.ptr))
        return aisle_request_invalid(r, s->who.user.ptr ? "?user" : "?session", "conflict",
                                     "only with personalize=true");
    return AISLE_OK;
}

static aisle_status reply(aisle_work *w)
{
    aisle_search *s = (aisle_search *)w;
    aisle_reply_header(w->r, "Cache-Control", s->personalize ? "private, no-store" : "public, max-age=10");
    return aisle_reply_json(w->r, 200, s->body);
}

static aisle_status run(aisle_work *w, aisle_error *err)
{
    aisle_search *s = (aisle_search *)w;
    aisle_status st = aisle_search_answer(s, err);
    aisle_search_end(s);
    return st;
}

/* What may take longer than a loop may be held up goes to the thread beside it. */
static bool is_long(const aisle_search *s)
{
    return s->personalize || s->ask->n_facets > 2 || aisle_query_cost(s->query, false) > AISLE_SEARCH_LONG_NS;
}

static aisle_status go_beside(aisle_search *s)
{
    s->on_loop = s->later = false;
    s->with = s->with->beside;
    return aisle_work_submit(&s->work);
}

/* Who is signed in, or the guest's session, unless somebody is named. False: answered. */
static bool find_asker(aisle_request *r, aisle_ask *who)
{
    const aisle_identity *me = aisle_request_identity(r);
    if (who->user.ptr || who->session.ptr)
        return aisle_request_may_name(r, who->user, who->session, AISLE_SCOPE_READ, "a personalized search");
    who->user = me->user_ext;
    if (!who->user.ptr) who->session = me->session_ext;
    return true;
}

aisle_status aisle_on_search(aisle_request *r)
{
    aisle_search *s = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *s);
    if (!s) return aisle_no_memory(r);
    s->work = (aisle_work){.r = r, .run = run, .reply = reply, .on = aisle_loop_of(r)->scoring};
    s->with = aisle_loop_of(r);
    AISLE_TRY(parse(r, s));
    if (s->personalize && !find_asker(r, &s->who)) return AISLE_OK;
    aisle_status st = aisle_search_begin(s, aisle_request_error(r));
    s->on_loop = true;
    s->later = st == AISLE_OK && is_long(s);
    if (st == AISLE_OK && !s->later) st = aisle_search_answer(s, aisle_request_error(r));
    if (st == AISLE_OK && s->later) {
        st = go_beside(s);
        if (st == AISLE_OK) return AISLE_OK; /* the words are released there */
    }
    aisle_search_end(s);
    return st == AISLE_OK ? reply(&s->work) : st;
}
