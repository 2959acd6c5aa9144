/* GET /v1/products/{id}/mine: what the visitor has said of a product, so that a page can show it and change it. */
#include "server/http/handlers/change.h"
#include "server/http/handlers/star_members.h"

aisle_status aisle_on_mine_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_mine mine;
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_view_mine(aisle_loop_of(r)->view, aisle_owner_of(r), aisle_request_param(r, "id"),
                              aisle_request_arena(r), &mine, aisle_request_error(r)));
    const char *opinion = mine.opinion == AISLE_EVENT_LIKE      ? "like"
                          : mine.opinion == AISLE_EVENT_DISLIKE ? "dislike"
                                                                : NULL;
    json_t *o = aisle_answer_with(json_object(), "stars", aisle_answer_stars(mine.half_stars));
    o = aisle_answer_with(o, "opinion", opinion ? json_string(opinion) : json_null());
    o = aisle_answer_with(o, "wished", json_boolean(mine.wished));
    o = aisle_answer_with(o, "review", mine.review.id ? aisle_answer_review(&mine.review) : json_null());
    aisle_reply_header(r, "Cache-Control", "private, no-cache");
    return aisle_reply_json(r, 200, o);
}
