/* The handlers of routes.c, one file a resource, and what their answers share. */
#ifndef AISLE_SERVER_HANDLERS_H
#define AISLE_SERVER_HANDLERS_H

#include "server/app.h"
#include "server/json/json.h"

aisle_status aisle_on_products_list(aisle_request *r);
aisle_status aisle_on_product_get(aisle_request *r);
aisle_status aisle_on_events_add(aisle_request *r);
aisle_status aisle_on_recommendations_post(aisle_request *r);
aisle_status aisle_on_recommendations_get(aisle_request *r);
aisle_status aisle_on_related(aisle_request *r);
aisle_status aisle_on_trending(aisle_request *r);
aisle_status aisle_on_rank(aisle_request *r);
aisle_status aisle_on_neighbours(aisle_request *r);
aisle_status aisle_on_import_add(aisle_request *r);
aisle_status aisle_on_import_rejects(aisle_request *r);
aisle_status aisle_on_training_add(aisle_request *r);
aisle_status aisle_on_tunings_list(aisle_request *r);
aisle_status aisle_on_tuning_get(aisle_request *r);
aisle_status aisle_on_tuning_trials(aisle_request *r);
aisle_status aisle_on_jobs_list(aisle_request *r);
aisle_status aisle_on_job_get(aisle_request *r);
aisle_status aisle_on_job_cancel(aisle_request *r);
aisle_status aisle_on_job_events(aisle_request *r);
aisle_status aisle_on_models_list(aisle_request *r);
aisle_status aisle_on_model_activate(aisle_request *r);
aisle_status aisle_on_health(aisle_request *r);
aisle_status aisle_on_ready(aisle_request *r);
aisle_status aisle_on_metrics(aisle_request *r);
aisle_status aisle_on_openapi(aisle_request *r);

/* accounts */
aisle_status aisle_on_account_add(aisle_request *r);
aisle_status aisle_on_account_get(aisle_request *r);
aisle_status aisle_on_account_change(aisle_request *r);
aisle_status aisle_on_account_erase(aisle_request *r);
aisle_status aisle_on_password_change(aisle_request *r);
aisle_status aisle_on_account_export(aisle_request *r);
aisle_status aisle_on_session_add(aisle_request *r);
aisle_status aisle_on_session_get(aisle_request *r);
aisle_status aisle_on_session_end(aisle_request *r);
aisle_status aisle_on_sessions_list(aisle_request *r);
aisle_status aisle_on_session_revoke(aisle_request *r);

/* rules of recommendations */
aisle_status aisle_on_rules_get(aisle_request *r);
aisle_status aisle_on_rules_put(aisle_request *r);
aisle_status aisle_on_scenarios_get(aisle_request *r);
aisle_status aisle_on_scenarios_put(aisle_request *r);

/* catalogue */
aisle_status aisle_on_categories(aisle_request *r);
aisle_status aisle_on_products_add(aisle_request *r);
aisle_status aisle_on_product_put(aisle_request *r);
aisle_status aisle_on_product_patch(aisle_request *r);
aisle_status aisle_on_product_delete(aisle_request *r);

/* search */
aisle_status aisle_on_search(aisle_request *r);
aisle_status aisle_on_suggest(aisle_request *r);
aisle_status aisle_on_synonyms_get(aisle_request *r);
aisle_status aisle_on_synonyms_put(aisle_request *r);

/* feedback */
aisle_status aisle_on_rating_put(aisle_request *r);
aisle_status aisle_on_rating_delete(aisle_request *r);
aisle_status aisle_on_opinion_put(aisle_request *r);
aisle_status aisle_on_opinion_delete(aisle_request *r);
aisle_status aisle_on_mine_get(aisle_request *r);
aisle_status aisle_on_reviews_list(aisle_request *r);
aisle_status aisle_on_review_add(aisle_request *r);
aisle_status aisle_on_review_patch(aisle_request *r);
aisle_status aisle_on_review_delete(aisle_request *r);
aisle_status aisle_on_review_vote(aisle_request *r);
aisle_status aisle_on_wishes_list(aisle_request *r);
aisle_status aisle_on_wish_get(aisle_request *r);
aisle_status aisle_on_wish_put(aisle_request *r);
aisle_status aisle_on_wish_delete(aisle_request *r);
aisle_status aisle_on_admin_reviews_list(aisle_request *r);
aisle_status aisle_on_admin_review_patch(aisle_request *r);

/* buying */
aisle_status aisle_on_cart_get(aisle_request *r);
aisle_status aisle_on_cart_patch(aisle_request *r);
aisle_status aisle_on_cart_delete(aisle_request *r);
aisle_status aisle_on_cart_item_put(aisle_request *r);
aisle_status aisle_on_cart_item_delete(aisle_request *r);
aisle_status aisle_on_order_add(aisle_request *r);
aisle_status aisle_on_orders_list(aisle_request *r);
aisle_status aisle_on_order_get(aisle_request *r);
aisle_status aisle_on_order_cancel(aisle_request *r);
aisle_status aisle_on_payment(aisle_request *r);
aisle_status aisle_on_admin_orders_list(aisle_request *r);
aisle_status aisle_on_admin_order_patch(aisle_request *r);

/* learning what works */
aisle_status aisle_on_model_rollback(aisle_request *r);
aisle_status aisle_on_model_pin(aisle_request *r);
aisle_status aisle_on_model_unpin(aisle_request *r);
aisle_status aisle_on_model_report(aisle_request *r);
aisle_status aisle_on_shadow_post(aisle_request *r);
aisle_status aisle_on_shadow_get(aisle_request *r);
aisle_status aisle_on_experiments_get(aisle_request *r);
aisle_status aisle_on_experiments_put(aisle_request *r);
aisle_status aisle_on_outcomes(aisle_request *r);

/* console */
aisle_status aisle_on_users_list(aisle_request *r);
aisle_status aisle_on_user_events(aisle_request *r);
aisle_status aisle_on_item_map(aisle_request *r);
aisle_status aisle_on_console(aisle_request *r);

/* documents */
aisle_status aisle_on_docs(aisle_request *r);
aisle_status aisle_on_page(aisle_request *r);
aisle_status aisle_on_web_file(aisle_request *r);

/* process_metrics.c: Prometheus text of the process and its queues; false: out of memory. */
bool aisle_process_metrics(aisle_app *app, aisle_buf *b);

/* ---- answer.c ---- */

static inline aisle_loop_state *aisle_loop_of(const aisle_request *r)
{
    return &aisle_request_app(r)->loops[aisle_request_loop(r)];
}

/* Members of a product beside `id`; the bits of `fields`. */
enum {
    AISLE_FIELD_TITLE = 1,
    AISLE_FIELD_BRAND = 2,
    AISLE_FIELD_CATEGORY = 4,
    AISLE_FIELD_PRICE = 8, /* price and currency */
    AISLE_FIELD_IN_STOCK = 16,
    AISLE_FIELD_STOCK = 32,
    AISLE_FIELD_DESCRIPTION = 64,
    AISLE_FIELD_ATTRIBUTES = 128,
    AISLE_FIELD_CREATED = 256,
    AISLE_FIELD_RATING = 512, /* {"average": stars or null, "count"} */
    AISLE_FIELD_IMAGES = 1024,
    AISLE_FIELDS_SHORT = 31 | AISLE_FIELD_RATING | AISLE_FIELD_IMAGES,
    AISLE_FIELDS_ALL = 2047
};
#define AISLE_FIELD_NAMES                                                                                    \
    "title, brand, category, price, in_stock, stock, description, attributes, created, rating, images"
/* {"id": ...} and the fields; NULL: out of memory. */
json_t *aisle_answer_product(const aisle_product *p, unsigned fields);
/* All fields, hidden and version. */
json_t *aisle_answer_product_detail(const aisle_product *p, int64_t version);
/* The bit of a field's name, 0 when unknown. */
unsigned aisle_answer_field(aisle_str name);

json_t *aisle_answer_text(aisle_str s);        /* null when absent or not UTF-8 */
json_t *aisle_answer_time(int64_t ms);         /* RFC 3339, null for 0 */
json_t *aisle_answer_parsed(const char *text); /* JSON text of the store as JSON, null for NULL */
/* Sets a member; NULL value or object: the object is released and NULL returned, for a chain of calls. */
json_t *aisle_answer_with(json_t *object, const char *name, json_t *value);

/* 200 with a strong ETag made of the body, and 304 when the client has it; public for max_age seconds, or where that is below
 * 0 for who asks alone. Takes the reference. */
aisle_status aisle_answer_cached(aisle_request *r, json_t *body, int max_age);
aisle_status aisle_answer_cached_text(aisle_request *r, aisle_str json, int max_age);
/* Cache-Control and Vary of what is the same for everyone: public for guests, private for those who are signed in. */
void aisle_answer_cacheable(aisle_request *r, int max_age);

/* ---- on_jobs.c ---- */

/* Orders the job and answers 202 with its Location, later; or with the problem. The order's texts are copied;
 * `accepted` and `ctx` are filled in here. A scratch file is the jobs' or removed. */
aisle_status aisle_answer_ordered(aisle_request *r, aisle_job_order *order);
json_t *aisle_answer_job(const aisle_job_record *record, const char *last);

/* ---- work.c: what must not run on a loop ---- */

typedef struct aisle_work {
    aisle_request *r;
    aisle_status (*run)(struct aisle_work *w, aisle_error *err); /* on the worker's thread */
    aisle_status (*reply)(struct aisle_work *w);                 /* on the loop, when run has succeeded */
    aisle_worker *on;                                            /* NULL = the background worker */
    aisle_status status;
} aisle_work;
/* Runs w (in the request's arena) on its worker and defers the request. AISLE_EBUSY: the queue is full, and w
 * will not run. */
aisle_status aisle_work_submit(aisle_work *w);

#endif
