/* The token of a page is the recommendation_id of the one before: it is signed, so only what this shop has answered is looked
 * for. */
#include "server/http/handlers/pages.h"

#include <string.h>

#include "server/recommend/shown.h"

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for a page of recommendations");
}

static int64_t now_ms(void)
{
    return aisle_time_monotonic_ns() / 1000000;
}

aisle_status aisle_page_note_init(aisle_request *r, int64_t limit, aisle_page_note *out)
{
    *out = (aisle_page_note){
        .id = aisle_arena_calloc(aisle_request_arena(r), (size_t)limit + 1, sizeof *out->id)};
    return out->id ? AISLE_OK : no_memory(r);
}

bool aisle_page_note_add(aisle_request *r, aisle_page_note *note, aisle_str id)
{
    const char *copy = aisle_arena_strndup(aisle_request_arena(r), id.ptr, id.len);
    if (copy) note->id[note->n++] = (aisle_str){copy, id.len};
    return copy != NULL;
}

aisle_status aisle_page_exclude(aisle_request *r, aisle_ask *ask, const aisle_str *ids, int64_t n)
{
    aisle_str *all =
        aisle_arena_calloc(aisle_request_arena(r), (size_t)(ask->n_exclude + n) + 1, sizeof *all);
    if (!all) return no_memory(r);
    if (ask->n_exclude) memcpy(all, ask->exclude, (size_t)ask->n_exclude * sizeof *all);
    if (n) memcpy(all + ask->n_exclude, ids, (size_t)n * sizeof *all);
    ask->exclude = all;
    ask->n_exclude += n;
    return AISLE_OK;
}

_Static_assert(sizeof(aisle_course) <= AISLE_SHOWN_NOTE, "a course is kept with what it has shown");

/* A list in no experiment goes on in none. */
static aisle_status find_shown(aisle_request *r, aisle_ask *ask)
{
    unsigned char room[AISLE_ORIGIN_BYTES];
    aisle_origin origin;
    aisle_app *app = aisle_request_app(r);
    aisle_arena *a = aisle_request_arena(r);
    aisle_shown_list before;
    aisle_course *course = aisle_arena_calloc(a, 1, sizeof *course);
    if (!course) return AISLE_ENOMEM;
    if (!aisle_recommendation_id_read(app->ids, ask->next, &origin, room) || origin.shared)
        return AISLE_EINVAL;
    AISLE_TRY(aisle_shown_get(app->shown, &origin, now_ms(), a, &before));
    if (before.note.len == sizeof *course) memcpy(course, before.note.ptr, sizeof *course);
    ask->shown = before.items;
    ask->n_shown = before.n;
    ask->course = course;
    return AISLE_OK;
}

bool aisle_page_resume(aisle_request *r, aisle_ask *ask)
{
    if (!ask->next.ptr) return true;
    aisle_status st = find_shown(r, ask);
    if (st == AISLE_OK) st = aisle_page_exclude(r, ask, ask->shown, ask->n_shown);
    if (st == AISLE_OK) return true;
    if (st == AISLE_EINVAL)
        aisle_reply_problem(r, 404, "not_found",
                            "next: no page of this shop; ask without it for the first page");
    else if (st == AISLE_ENOTFOUND)
        aisle_reply_problem(
            r, 410, "gone",
            "next: what was shown before is not known any more; ask without it for the first page");
    else
        aisle_reply_status(r, no_memory(r));
    return false;
}

bool aisle_page_keep(aisle_request *r, const aisle_ask *ask, const aisle_page_shown *page)
{
    unsigned char room[AISLE_ORIGIN_BYTES];
    aisle_origin origin;
    aisle_app *app = aisle_request_app(r);
    aisle_shown_list all = {.n = ask->n_shown + page->shown->n};
    if (page->shown->n < ask->limit || all.n > AISLE_ASK_EXCLUDE) return false;
    all.items = aisle_arena_calloc(aisle_request_arena(r), (size_t)all.n + 1, sizeof *all.items);
    if (!all.items || !aisle_recommendation_id_read(app->ids, aisle_str_from(page->id), &origin, room))
        return false;
    if (ask->n_shown) memcpy(all.items, ask->shown, (size_t)ask->n_shown * sizeof *all.items);
    memcpy(all.items + ask->n_shown, page->shown->id, (size_t)page->shown->n * sizeof *all.items);
    if (page->course->experiment[0]) all.note = (aisle_str){(const char *)page->course, sizeof *page->course};
    return aisle_shown_put(app->shown, &origin, &all, now_ms());
}
