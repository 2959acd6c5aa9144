/* Reviews: writing, voting, and lists. Stars and events are those of tx_feedback.c. */
#include "server/store/feedback_internal.h"

static aisle_status no_memory(aisle_db *db, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for reviews", db->path);
}

static bool copy_review(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_review *r = row;
    *r = (aisle_review){.id = aisle_stmt_get_int(q, 0),
                        .user = aisle_stmt_get_int(q, 2),
                        .half_stars = aisle_stmt_get_int(q, 6),
                        .state = (aisle_review_state)aisle_stmt_get_int(q, 7),
                        .verified = aisle_stmt_get_int(q, 8) != 0,
                        .helpful = aisle_stmt_get_int(q, 9),
                        .unhelpful = aisle_stmt_get_int(q, 10),
                        .created_ms = aisle_stmt_get_int(q, 11),
                        .changed_ms = aisle_stmt_get_int(q, 12),
                        .product = aisle_stmt_get_int(q, 13),
                        .key = aisle_stmt_get_int(q, 14)};
    return aisle_stmt_copy_text(q, 1, a, &r->item) && aisle_stmt_copy_text(q, 3, a, &r->author) &&
           aisle_stmt_copy_text(q, 4, a, &r->title) && aisle_stmt_copy_text(q, 5, a, &r->text);
}

aisle_status aisle_review_read(aisle_db *db, int64_t id, aisle_arena *a, aisle_review *out, aisle_error *err)
{
    bool row, copied;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_REVIEW_GET);
    aisle_stmt_int(&q, 1, id);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "no review has this id");
    copied = copy_review(&q, a, out);
    aisle_stmt_end(&q);
    return copied ? AISLE_OK : no_memory(db, err);
}

aisle_status aisle_tx_review_get(aisle_tx *tx, int64_t id, aisle_arena *a, aisle_review *out,
                                 aisle_error *err)
{
    return aisle_review_read(tx->db, id, a, out, err);
}

static aisle_status has_bought(aisle_tx *tx, int64_t user, int64_t product, bool *bought, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_BOUGHT);
    aisle_stmt_int(&q, 1, user);
    aisle_stmt_int(&q, 2, product);
    AISLE_TRY(aisle_stmt_next(&q, bought, err));
    if (*bought) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_tx_review_add(aisle_tx *tx, aisle_review *r, aisle_arena *a, aisle_error *err)
{
    bool bought;
    int64_t stars;
    AISLE_TRY(aisle_offer_row(tx->db, r->item, &r->product, err));
    AISLE_TRY(has_bought(tx, r->user, r->product, &bought, err));
    if (r->half_stars) AISLE_TRY(aisle_tx_stars_put(tx, r->user, r->product, r->half_stars, err));
    AISLE_TRY(
        aisle_tx_stars(tx, r->user, r->product, &stars, err)); /* of an earlier rating when none are given */
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_REVIEW_ADD);
    aisle_stmt_int(&q, 1, r->product);
    aisle_stmt_int(&q, 2, r->user);
    aisle_stmt_text(&q, 3, r->title);
    aisle_stmt_text(&q, 4, r->text);
    aisle_stmt_id(&q, 5, stars);
    aisle_stmt_int(&q, 6, r->state);
    aisle_stmt_int(&q, 7, bought);
    aisle_stmt_int(&q, 8, aisle_time_now_ms());
    AISLE_TRY(aisle_stmt_run(&q, err));
    if (sqlite3_changes(tx->db->handle) == 0)
        return aisle_fail(err, AISLE_ECONFLICT, "you have reviewed this product; change that review");
    int64_t id = sqlite3_last_insert_rowid(tx->db->handle);
    AISLE_TRY(aisle_tx_stars_events(tx, r->user, r->product, stars, true, err));
    return aisle_tx_review_get(tx, id, a, r, err);
}

aisle_status aisle_tx_review_update(aisle_tx *tx, const aisle_review *r, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_REVIEW_UPDATE);
    aisle_stmt_int(&q, 1, r->id);
    aisle_stmt_text(&q, 2, r->title);
    aisle_stmt_text(&q, 3, r->text);
    aisle_stmt_int(&q, 4, r->state);
    aisle_stmt_int(&q, 5, aisle_time_now_ms());
    AISLE_TRY(aisle_stmt_run(&q, err));
    if (!r->user) return AISLE_OK; /* erased: the stars have no name either */
    int64_t stars;
    AISLE_TRY(aisle_tx_stars(tx, r->user, r->product, &stars, err));
    if (stars == r->half_stars) return AISLE_OK;
    AISLE_TRY(aisle_tx_stars_put(tx, r->user, r->product, r->half_stars, err));
    return aisle_tx_stars_events(tx, r->user, r->product, r->half_stars, true, err);
}

aisle_status aisle_tx_review_remove(aisle_tx *tx, const aisle_review *r, aisle_error *err)
{
    static const aisle_sql both[] = {AISLE_SQL_REVIEW_VOTES_REMOVE, AISLE_SQL_REVIEW_REMOVE};
    for (int i = 0; i < 2; i++) {
        aisle_stmt q = aisle_stmt_begin(tx->db, both[i]);
        aisle_stmt_int(&q, 1, r->id);
        AISLE_TRY(aisle_stmt_run(&q, err));
    }
    return aisle_tx_stars_events(tx, r->user, r->product, r->half_stars, false, err);
}

aisle_status aisle_tx_review_vote(aisle_tx *tx, int64_t id, int64_t user, bool helpful, aisle_arena *a,
                                  aisle_review *out, aisle_error *err)
{
    bool voted, before = false;
    AISLE_TRY(aisle_tx_review_get(tx, id, a, out, err));
    if (out->state != AISLE_REVIEW_PUBLISHED)
        return aisle_fail(err, AISLE_ENOTFOUND, "no review has this id");
    if (out->user == user) return aisle_fail(err, AISLE_EDENIED, "one does not vote on one's own review");
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_REVIEW_VOTE_GET);
    aisle_stmt_int(&q, 1, id);
    aisle_stmt_int(&q, 2, user);
    AISLE_TRY(aisle_stmt_next(&q, &voted, err));
    if (voted) {
        before = aisle_stmt_get_int(&q, 0) != 0;
        aisle_stmt_end(&q);
    }
    q = aisle_stmt_begin(tx->db, AISLE_SQL_REVIEW_VOTE_PUT);
    aisle_stmt_int(&q, 1, id);
    aisle_stmt_int(&q, 2, user);
    aisle_stmt_int(&q, 3, helpful);
    AISLE_TRY(aisle_stmt_run(&q, err));
    q = aisle_stmt_begin(tx->db, AISLE_SQL_REVIEW_COUNT_VOTES);
    aisle_stmt_int(&q, 1, id);
    aisle_stmt_int(&q, 2, helpful - (voted && before));
    aisle_stmt_int(&q, 3, !helpful - (voted && !before));
    AISLE_TRY(aisle_stmt_run(&q, err));
    return aisle_tx_review_get(tx, id, a, out, err);
}

/* ---- lists ---- */

aisle_status aisle_view_reviews(aisle_view *v, const aisle_review_filter *f, aisle_arena *a,
                                aisle_review **out, int32_t *n, aisle_error *err)
{
    static const aisle_sql pages[] = {AISLE_SQL_REVIEW_PAGE_HELPFUL, AISLE_SQL_REVIEW_PAGE_NEWEST,
                                      AISLE_SQL_REVIEW_PAGE_BEST, AISLE_SQL_REVIEW_QUEUE};
    bool first = f->after_id == 0;
    void *list;
    aisle_stmt q = aisle_stmt_begin(&v->db, pages[f->sort]);
    aisle_stmt_int(&q, 1, f->sort == AISLE_REVIEWS_QUEUE ? (int64_t)f->state : f->product);
    aisle_stmt_int(&q, 2, first ? INT64_MIN : f->after_key);
    aisle_stmt_int(&q, 3, first ? INT64_MIN : -f->after_id);
    aisle_stmt_int(&q, 4, f->limit);
    AISLE_TRY(aisle_stmt_list(&q, a, f->limit, sizeof **out, copy_review, &list, n, err));
    *out = list;
    return AISLE_OK;
}

aisle_status aisle_view_ratings(aisle_view *v, aisle_str item, int64_t *product, int64_t counts[11],
                                aisle_error *err)
{
    bool row;
    for (int i = 0; i <= 10; i++) counts[i] = 0;
    AISLE_TRY(aisle_offer_row(&v->db, item, product, err));
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_RATING_HISTOGRAM);
    aisle_stmt_int(&q, 1, *product);
    for (;;) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) return AISLE_OK;
        counts[aisle_stmt_get_int(&q, 0)] = aisle_stmt_get_int(&q, 1);
    }
}
