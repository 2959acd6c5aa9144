/* Writing ratings, opinions and wishes, each with its event. Reviews are in tx_review.c. */
#include "server/store/feedback_internal.h"

aisle_status aisle_offer_row(aisle_db *db, aisle_str item, int64_t *product, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_PRODUCT_OFFER);
    aisle_stmt_text(&q, 1, item);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "product %.*s: not found", (int)item.len, item.ptr);
    *product = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

/* Removes events of the types from..to; *n how many there were. */
static aisle_status forget_events(aisle_tx *tx, aisle_owner owner, int64_t product,
                                  const aisle_event_type types[2], int64_t *n, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_OPINION_EVENTS_REMOVE);
    aisle_stmt_owner(&q, owner);
    aisle_stmt_int(&q, 3, product);
    aisle_stmt_int(&q, 4, types[0]);
    aisle_stmt_int(&q, 5, types[1]);
    AISLE_TRY(aisle_stmt_run(&q, err));
    *n = sqlite3_changes64(tx->db->handle);
    if (*n) aisle_people_touch_all(tx->people); /* an event may be of a user and a session */
    return AISLE_OK;
}

static aisle_status add_event(aisle_tx *tx, aisle_owner owner, int64_t product, aisle_event_type type,
                              double value, aisle_error *err)
{
    aisle_event e = {.type = type, .at_ms = aisle_time_now_ms(), .value = value, .price_minor = -1};
    return aisle_tx_owner_event(tx, owner, product, &e, err);
}

/* ---- ratings ---- */

aisle_status aisle_tx_stars(aisle_tx *tx, int64_t user, int64_t product, int64_t *half_stars,
                            aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_RATING_GET);
    aisle_stmt_int(&q, 1, product);
    aisle_stmt_int(&q, 2, user);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *half_stars = row ? aisle_stmt_get_int(&q, 0) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_stars_events(aisle_tx *tx, int64_t user, int64_t product, int64_t half_stars,
                                   bool reviewed, aisle_error *err)
{
    static const aisle_event_type types[2] = {AISLE_EVENT_RATING, AISLE_EVENT_REVIEW};
    const aisle_owner owner = {user, 0};
    int64_t n;
    AISLE_TRY(forget_events(tx, owner, product, types, &n, err));
    if (half_stars) AISLE_TRY(add_event(tx, owner, product, AISLE_EVENT_RATING, (double)half_stars / 2, err));
    return reviewed ? add_event(tx, owner, product, AISLE_EVENT_REVIEW, (double)half_stars / 2, err)
                    : AISLE_OK;
}

aisle_status aisle_tx_stars_put(aisle_tx *tx, int64_t user, int64_t product, int64_t half_stars,
                                aisle_error *err)
{
    int64_t old;
    AISLE_TRY(aisle_tx_stars(tx, user, product, &old, err));
    if (old == half_stars) return AISLE_OK;
    aisle_stmt q = aisle_stmt_begin(tx->db, half_stars ? AISLE_SQL_RATING_PUT : AISLE_SQL_RATING_REMOVE);
    aisle_stmt_int(&q, 1, product);
    aisle_stmt_int(&q, 2, user);
    if (half_stars) aisle_stmt_int(&q, 3, half_stars);
    if (half_stars) aisle_stmt_int(&q, 4, aisle_time_now_ms());
    AISLE_TRY(aisle_stmt_run(&q, err));
    q = aisle_stmt_begin(tx->db, AISLE_SQL_REVIEW_STARS);
    aisle_stmt_int(&q, 1, product);
    aisle_stmt_int(&q, 2, user);
    aisle_stmt_id(&q, 3, half_stars);
    AISLE_TRY(aisle_stmt_run(&q, err));
    return aisle_tx_product_rating(tx, product, half_stars - old, (half_stars != 0) - (old != 0), err);
}

aisle_status aisle_tx_reviewed(aisle_tx *tx, int64_t user, int64_t product, bool *reviewed, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_REVIEW_OF);
    aisle_stmt_int(&q, 1, product);
    aisle_stmt_int(&q, 2, user);
    AISLE_TRY(aisle_stmt_next(&q, reviewed, err));
    if (*reviewed) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_rate(aisle_tx *tx, int64_t user, aisle_str item, int64_t half_stars, aisle_error *err)
{
    int64_t product, old;
    bool reviewed;
    AISLE_TRY(aisle_offer_row(tx->db, item, &product, err));
    AISLE_TRY(aisle_tx_stars(tx, user, product, &old, err));
    if (!half_stars && !old) return aisle_fail(err, AISLE_ENOTFOUND, "you have not rated this product");
    AISLE_TRY(aisle_tx_stars_put(tx, user, product, half_stars, err));
    AISLE_TRY(aisle_tx_reviewed(tx, user, product, &reviewed, err));
    return aisle_tx_stars_events(tx, user, product, half_stars, reviewed, err);
}

/* ---- likes and dislikes: the event is all there is ---- */

aisle_status aisle_tx_opinion(aisle_tx *tx, aisle_owner owner, aisle_str item, aisle_event_type type,
                              aisle_error *err)
{
    static const aisle_event_type types[2] = {AISLE_EVENT_LIKE, AISLE_EVENT_DISLIKE};
    int64_t product, n;
    bool takes_back = type != AISLE_EVENT_LIKE && type != AISLE_EVENT_DISLIKE;
    AISLE_TRY(aisle_offer_row(tx->db, item, &product, err));
    AISLE_TRY(forget_events(tx, owner, product, types, &n, err));
    if (!takes_back) return add_event(tx, owner, product, type, 1, err);
    return n ? AISLE_OK
             : aisle_fail(err, AISLE_ENOTFOUND, "you have neither liked nor disliked this product");
}

/* ---- wishes ---- */

static aisle_status find_wish(aisle_db *db, aisle_owner owner, int64_t product, bool *found, aisle_wish *out,
                              int64_t *event, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_WISH_GET);
    aisle_stmt_owner(&q, owner);
    aisle_stmt_int(&q, 3, product);
    AISLE_TRY(aisle_stmt_next(&q, found, err));
    if (!*found) return AISLE_OK;
    *out = (aisle_wish){.row = aisle_stmt_get_int(&q, 0), .added_ms = aisle_stmt_get_int(&q, 2)};
    *event = aisle_stmt_get_int(&q, 1);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_wish(aisle_tx *tx, aisle_owner owner, aisle_str item, bool *added, aisle_error *err)
{
    int64_t product, event;
    aisle_wish wish;
    bool found;
    AISLE_TRY(aisle_offer_row(tx->db, item, &product, err));
    AISLE_TRY(find_wish(tx->db, owner, product, &found, &wish, &event, err));
    *added = !found;
    if (found) return AISLE_OK;
    AISLE_TRY(add_event(tx, owner, product, AISLE_EVENT_LIKE, 1, err));
    event = sqlite3_last_insert_rowid(tx->db->handle);
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_WISH_ADD);
    aisle_stmt_owner(&q, owner);
    aisle_stmt_int(&q, 3, product);
    aisle_stmt_int(&q, 4, event);
    aisle_stmt_int(&q, 5, aisle_time_now_ms());
    return aisle_stmt_run(&q, err);
}

static aisle_status run_row(aisle_tx *tx, aisle_sql id, int64_t row, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, id);
    aisle_stmt_int(&q, 1, row);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_tx_wish_remove(aisle_tx *tx, aisle_owner owner, aisle_str item, aisle_error *err)
{
    int64_t product, event = 0;
    aisle_wish wish = {0};
    bool found = false;
    AISLE_TRY(aisle_offer_row(tx->db, item, &product, err));
    AISLE_TRY(find_wish(tx->db, owner, product, &found, &wish, &event, err));
    if (!found) return aisle_fail(err, AISLE_ENOTFOUND, "the product is not on the list");
    AISLE_TRY(run_row(tx, AISLE_SQL_WISH_REMOVE, wish.row, err));
    AISLE_TRY(run_row(tx, AISLE_SQL_EVENT_REMOVE, event, err));
    aisle_people_touch_all(tx->people);
    return AISLE_OK;
}

aisle_status aisle_tx_wishes_join(aisle_tx *tx, int64_t session, int64_t user, aisle_error *err)
{
    static const aisle_sql both[] = {AISLE_SQL_WISHES_DROP_TWINS, AISLE_SQL_PERSON_WISHES_JOIN};
    for (int i = 0; i < 2; i++) {
        aisle_stmt q = aisle_stmt_begin(tx->db, both[i]);
        aisle_stmt_int(&q, 1, session);
        aisle_stmt_int(&q, 2, user);
        AISLE_TRY(aisle_stmt_run(&q, err));
    }
    return AISLE_OK;
}

aisle_status aisle_view_wish(aisle_view *v, aisle_owner owner, aisle_str item, int64_t *added_ms,
                             aisle_error *err)
{
    int64_t product, event;
    aisle_wish wish;
    bool found;
    AISLE_TRY(aisle_offer_row(&v->db, item, &product, err));
    AISLE_TRY(find_wish(&v->db, owner, product, &found, &wish, &event, err));
    if (!found) return aisle_fail(err, AISLE_ENOTFOUND, "the product is not on the list");
    *added_ms = wish.added_ms;
    return AISLE_OK;
}

static bool copy_wish(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_wish *out = row;
    out->row = aisle_stmt_get_int(q, 0);
    out->added_ms = aisle_stmt_get_int(q, 2);
    return aisle_stmt_copy_text(q, 1, a, &out->item);
}

aisle_status aisle_view_wishes(aisle_view *v, aisle_owner owner, int64_t before, int32_t limit,
                               aisle_arena *a, aisle_wish **out, int32_t *n, aisle_error *err)
{
    void *list;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_WISH_PAGE);
    aisle_stmt_owner(&q, owner);
    aisle_stmt_int(&q, 3, before ? before : INT64_MAX);
    aisle_stmt_int(&q, 4, limit);
    AISLE_TRY(aisle_stmt_list(&q, a, limit, sizeof **out, copy_wish, &list, n, err));
    *out = list;
    return AISLE_OK;
}
