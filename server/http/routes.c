/* Every endpoint of the server, one row each; openapi.yaml describes the same operations (tests/server checks
 * it). */
#include "server/http/handlers/handlers.h"

#define PUBLIC    AISLE_ACCESS_PUBLIC
#define ACCOUNT   AISLE_ACCESS_ACCOUNT
#define ADMIN     AISLE_ACCESS_ADMIN
#define NONE      AISLE_BODY_NONE
#define ONCE      AISLE_BODY_JSON_ONCE
#define FILE_ONCE AISLE_BODY_FILE_ONCE

#define BULK_BYTES   (INT64_C(8) << 20)
#define IMPORT_BYTES (INT64_C(16) << 30) /* streamed to a file, never in memory */

/* clang-format off */
const aisle_route aisle_routes[] = {
    {"GET",    "/v1/products",                         aisle_on_products_list,        PUBLIC, NONE,            0},
    {"GET",    "/v1/products/{id}",                    aisle_on_product_get,          PUBLIC, NONE,            0},
    {"GET",    "/v1/products/{id}/related",            aisle_on_related,              PUBLIC, NONE,            0},
    {"GET",    "/v1/trending",                         aisle_on_trending,             PUBLIC, NONE,            0},
    {"POST",   "/v1/events",                           aisle_on_events_add,           PUBLIC, AISLE_BODY_TEXT, 0},
    {"POST",   "/v1/recommendations",                  aisle_on_recommendations_post, PUBLIC, AISLE_BODY_JSON, 0},
    {"GET",    "/v1/recommendations",                  aisle_on_recommendations_get,  PUBLIC, NONE,            0},
    {"POST",   "/v1/rank",                             aisle_on_rank,                 PUBLIC, AISLE_BODY_JSON, 0},
    {"GET",    "/v1/users/{id}/neighbours",            aisle_on_neighbours,           ADMIN,  NONE,            0},
    {"POST",   "/v1/admin/imports",                    aisle_on_import_add,           ADMIN,  FILE_ONCE,       IMPORT_BYTES},
    {"GET",    "/v1/admin/imports/{id}/rejects",       aisle_on_import_rejects,       ADMIN,  NONE,            0},
    {"POST",   "/v1/admin/trainings",                  aisle_on_training_add,         ADMIN,  ONCE,            65536},
    {"GET",    "/v1/admin/tunings",                    aisle_on_tunings_list,         ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/tunings/{id}",               aisle_on_tuning_get,           ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/tunings/{id}/trials",        aisle_on_tuning_trials,        ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/jobs",                       aisle_on_jobs_list,            ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/jobs/{id}",                  aisle_on_job_get,              ADMIN,  NONE,            0},
    {"DELETE", "/v1/admin/jobs/{id}",                  aisle_on_job_cancel,           ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/jobs/{id}/events",           aisle_on_job_events,           ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/models",                     aisle_on_models_list,          ADMIN,  NONE,            0},
    {"POST",   "/v1/admin/models/{version}/activate",  aisle_on_model_activate,       ADMIN,  NONE,            0},
    {"GET",    "/healthz",                             aisle_on_health,               PUBLIC, NONE,            0},
    {"GET",    "/readyz",                              aisle_on_ready,                PUBLIC, NONE,            0},
    {"GET",    "/metrics",                             aisle_on_metrics,              ADMIN,  NONE,            0},
    {"GET",    "/openapi.yaml",                        aisle_on_openapi,              PUBLIC, NONE,            0},
    /* accounts */
    {"POST",   "/v1/account",                          aisle_on_account_add,          PUBLIC,  ONCE,            65536},
    {"GET",    "/v1/account",                          aisle_on_account_get,          ACCOUNT, NONE,            0},
    {"PATCH",  "/v1/account",                          aisle_on_account_change,       ACCOUNT, AISLE_BODY_JSON, 65536},
    {"DELETE", "/v1/account",                          aisle_on_account_erase,        ACCOUNT, AISLE_BODY_JSON, 65536},
    {"POST",   "/v1/account/password",                 aisle_on_password_change,      ACCOUNT, AISLE_BODY_JSON, 65536},
    {"GET",    "/v1/account/export",                   aisle_on_account_export,       ACCOUNT, NONE,            0},
    {"POST",   "/v1/session",                          aisle_on_session_add,          PUBLIC,  AISLE_BODY_JSON, 65536},
    {"GET",    "/v1/session",                          aisle_on_session_get,          PUBLIC,  NONE,            0},
    {"DELETE", "/v1/session",                          aisle_on_session_end,          PUBLIC,  NONE,            0},
    {"GET",    "/v1/sessions",                         aisle_on_sessions_list,        ACCOUNT, NONE,            0},
    {"DELETE", "/v1/sessions/{id}",                    aisle_on_session_revoke,       ACCOUNT, NONE,            0},

    /* catalogue */
    {"GET",    "/v1/categories",                       aisle_on_categories,           PUBLIC, NONE,            0},
    {"POST",   "/v1/admin/products",                   aisle_on_products_add,         ADMIN,  AISLE_BODY_TEXT, BULK_BYTES},
    {"PUT",    "/v1/admin/products/{id}",              aisle_on_product_put,          ADMIN,  AISLE_BODY_JSON, 262144},
    {"PATCH",  "/v1/admin/products/{id}",              aisle_on_product_patch,        ADMIN,  AISLE_BODY_JSON, 262144},
    {"DELETE", "/v1/admin/products/{id}",              aisle_on_product_delete,       ADMIN,  NONE,            0},

    /* rules of recommendations */
    {"GET",    "/v1/admin/rules",                      aisle_on_rules_get,            ADMIN,  NONE,            0},
    {"PUT",    "/v1/admin/rules",                      aisle_on_rules_put,            ADMIN,  AISLE_BODY_JSON, 262144},
    {"GET",    "/v1/admin/scenarios",                  aisle_on_scenarios_get,        ADMIN,  NONE,            0},
    {"PUT",    "/v1/admin/scenarios",                  aisle_on_scenarios_put,        ADMIN,  AISLE_BODY_JSON, 262144},

    /* search */
    {"GET",    "/v1/search",                           aisle_on_search,               PUBLIC, NONE,            0},
    {"GET",    "/v1/search/suggest",                   aisle_on_suggest,              PUBLIC, NONE,            0},
    {"GET",    "/v1/admin/synonyms",                   aisle_on_synonyms_get,         ADMIN,  NONE,            0},
    {"PUT",    "/v1/admin/synonyms",                   aisle_on_synonyms_put,         ADMIN,  AISLE_BODY_JSON, 262144},

    /* feedback */
    {"PUT",    "/v1/products/{id}/rating",             aisle_on_rating_put,           ACCOUNT, AISLE_BODY_JSON, 4096},
    {"DELETE", "/v1/products/{id}/rating",             aisle_on_rating_delete,        ACCOUNT, NONE,            0},
    {"PUT",    "/v1/products/{id}/opinion",            aisle_on_opinion_put,          PUBLIC,  AISLE_BODY_JSON, 4096},
    {"DELETE", "/v1/products/{id}/opinion",            aisle_on_opinion_delete,       PUBLIC,  NONE,            0},
    {"GET",    "/v1/products/{id}/mine",               aisle_on_mine_get,             PUBLIC,  NONE,            0},
    {"GET",    "/v1/products/{id}/reviews",            aisle_on_reviews_list,         PUBLIC,  NONE,            0},
    {"POST",   "/v1/products/{id}/reviews",            aisle_on_review_add,           ACCOUNT, ONCE,            65536},
    {"PATCH",  "/v1/reviews/{id}",                     aisle_on_review_patch,         ACCOUNT, AISLE_BODY_JSON, 65536},
    {"DELETE", "/v1/reviews/{id}",                     aisle_on_review_delete,        ACCOUNT, NONE,            0},
    {"POST",   "/v1/reviews/{id}/votes",               aisle_on_review_vote,          ACCOUNT, AISLE_BODY_JSON, 4096},
    {"GET",    "/v1/wishlist/items",                   aisle_on_wishes_list,          PUBLIC,  NONE,            0},
    {"GET",    "/v1/wishlist/items/{product}",         aisle_on_wish_get,             PUBLIC,  NONE,            0},
    {"PUT",    "/v1/wishlist/items/{product}",         aisle_on_wish_put,             PUBLIC,  NONE,            0},
    {"DELETE", "/v1/wishlist/items/{product}",         aisle_on_wish_delete,          PUBLIC,  NONE,            0},
    {"GET",    "/v1/admin/reviews",                    aisle_on_admin_reviews_list,   ADMIN,   NONE,            0},
    {"PATCH",  "/v1/admin/reviews/{id}",               aisle_on_admin_review_patch,   ADMIN,   AISLE_BODY_JSON, 4096},

    /* buying */
    {"GET",    "/v1/cart",                           aisle_on_cart_get,             PUBLIC, NONE,            0},
    {"PATCH",  "/v1/cart",                           aisle_on_cart_patch,           PUBLIC, AISLE_BODY_JSON, 65536},
    {"DELETE", "/v1/cart",                           aisle_on_cart_delete,          PUBLIC, NONE,            0},
    {"PUT",    "/v1/cart/items/{product}",           aisle_on_cart_item_put,        PUBLIC, AISLE_BODY_JSON, 4096},
    {"DELETE", "/v1/cart/items/{product}",           aisle_on_cart_item_delete,     PUBLIC, NONE,            0},
    {"POST",   "/v1/orders",                         aisle_on_order_add,            PUBLIC, ONCE,            4096},
    {"GET",    "/v1/orders",                         aisle_on_orders_list,          PUBLIC, NONE,            0},
    {"GET",    "/v1/orders/{id}",                    aisle_on_order_get,            PUBLIC, NONE,            0},
    {"POST",   "/v1/orders/{id}/cancellation",       aisle_on_order_cancel,         PUBLIC, NONE,            0},
    {"POST",   "/v1/webhooks/payments",              aisle_on_payment,              PUBLIC, AISLE_BODY_JSON, 65536},
    {"GET",    "/v1/admin/orders",                   aisle_on_admin_orders_list,    ADMIN,  NONE,            0},
    {"PATCH",  "/v1/admin/orders/{id}",              aisle_on_admin_order_patch,    ADMIN,  AISLE_BODY_JSON, 4096},

    /* learning what works */
    {"POST",   "/v1/admin/models/rollback",            aisle_on_model_rollback,       ADMIN,  NONE,            0},
    {"POST",   "/v1/admin/models/{version}/pin",       aisle_on_model_pin,            ADMIN,  NONE,            0},
    {"DELETE", "/v1/admin/models/{version}/pin",       aisle_on_model_unpin,          ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/models/{version}/report",    aisle_on_model_report,         ADMIN,  NONE,            0},
    {"POST",   "/v1/admin/models/{version}/shadow",    aisle_on_shadow_post,          ADMIN,  AISLE_BODY_JSON, 4096},
    {"GET",    "/v1/admin/models/{version}/shadow",    aisle_on_shadow_get,           ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/experiments",                aisle_on_experiments_get,      ADMIN,  NONE,            0},
    {"PUT",    "/v1/admin/experiments",                aisle_on_experiments_put,      ADMIN,  AISLE_BODY_JSON, 262144},
    {"GET",    "/v1/admin/outcomes",                   aisle_on_outcomes,             ADMIN,  NONE,            0},

    /* console */
    {"GET",    "/v1/admin/users",                      aisle_on_users_list,           ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/users/{id}/events",          aisle_on_user_events,          ADMIN,  NONE,            0},
    {"GET",    "/v1/admin/models/current/map",         aisle_on_item_map,             ADMIN,  NONE,            0},
    {"GET",    "/console",                             aisle_on_console,              PUBLIC, NONE,            0},
    {"GET",    "/console/{page}",                      aisle_on_console,              PUBLIC, NONE,            0},

    /* documents */
    {"GET",    "/docs",                                aisle_on_docs,                 PUBLIC, NONE,            0},

    /* the shop's pages */
    {"GET",    "/",                                   aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/category/{path}",                    aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/search",                             aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/product/{id}",                       aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/cart",                               aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/checkout",                           aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/orders",                             aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/orders/{id}",                        aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/login",                              aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/register",                           aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/account",                            aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/wishlist",                            aisle_on_page,                 PUBLIC, NONE,            0},
    {"GET",    "/web/{version}/{file}",               aisle_on_web_file,             PUBLIC, NONE,            0},
    {"GET",    "/web/{version}/{folder}/{file}",      aisle_on_web_file,             PUBLIC, NONE,            0},

    {NULL,     NULL,                                   NULL,                          PUBLIC, NONE,            0},
};
/* clang-format on */
