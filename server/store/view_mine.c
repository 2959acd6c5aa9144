/* What one has said of a product: stars, like or dislike, wish, review. */
#include "server/store/feedback_internal.h"

/* One number of a row; 0 when there is no row, or NULL in it. */
static aisle_status number_of(aisle_db *db, aisle_sql id, const int64_t args[2], int64_t *out,
                              aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(db, id);
    aisle_stmt_int(&q, 1, args[0]);
    aisle_stmt_int(&q, 2, args[1]);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *out = row ? aisle_stmt_get_int(&q, 0) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status opinion_of(aisle_db *db, aisle_owner owner, int64_t product, aisle_event_type *out,
                               aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_OPINION_GET);
    aisle_stmt_owner(&q, owner);
    aisle_stmt_int(&q, 3, product);
    aisle_stmt_int(&q, 4, AISLE_EVENT_LIKE);
    aisle_stmt_int(&q, 5, AISLE_EVENT_DISLIKE);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *out = row ? (aisle_event_type)aisle_stmt_get_int(&q, 0) : AISLE_EVENT_VIEW; /* NULL is 0, the view */
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status wished_by(aisle_db *db, aisle_owner owner, int64_t product, bool *out, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_WISH_GET);
    aisle_stmt_owner(&q, owner);
    aisle_stmt_int(&q, 3, product);
    AISLE_TRY(aisle_stmt_next(&q, out, err));
    if (*out) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_view_mine(aisle_view *v, aisle_owner owner, aisle_str item, aisle_arena *a,
                             aisle_mine *out, aisle_error *err)
{
    int64_t product, review = 0;
    *out = (aisle_mine){.opinion = AISLE_EVENT_VIEW};
    AISLE_TRY(aisle_offer_row(&v->db, item, &product, err));
    if (!owner.user && !owner.session) return AISLE_OK;
    AISLE_TRY(opinion_of(&v->db, owner, product, &out->opinion, err));
    AISLE_TRY(wished_by(&v->db, owner, product, &out->wished, err));
    if (!owner.user) return AISLE_OK;
    const int64_t args[2] = {product, owner.user};
    AISLE_TRY(number_of(&v->db, AISLE_SQL_RATING_GET, args, &out->half_stars, err));
    AISLE_TRY(number_of(&v->db, AISLE_SQL_REVIEW_OF, args, &review, err));
    return review ? aisle_review_read(&v->db, review, a, &out->review, err) : AISLE_OK;
}
