/* One SQLite connection with its prepared statements, and the calls that bind, step and read. Internal to
 * store/.
 */
#ifndef AISLE_SERVER_DB_H
#define AISLE_SERVER_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "aisle/memory.h"
#include "aisle/status.h"
#include "aisle/str.h"

enum {
    AISLE_DB_APPLICATION_ID = 0x4149534c, /* "AISL" */
    /* A write that arrives while another one waits for the lock waits at most twice: 5 s in all. */
    AISLE_DB_BUSY_MS = 2500
};

/* Every statement of server/sql/ by its "-- name:" line, one list a file. */
#define AISLE_SQL_PRODUCTS(X)                                                                                \
    X(PRODUCT_INSERT, "product_insert")                                                                      \
    X(PRODUCT_UPDATE, "product_update")                                                                      \
    X(PRODUCT_CHANGED, "product_changed")                                                                    \
    X(PRODUCT_VERSION, "product_version")                                                                    \
    X(PRODUCT_REMOVE, "product_remove")                                                                      \
    X(PRODUCT_ID, "product_id")                                                                              \
    X(PRODUCT_ID_ADD, "product_id_add")                                                                      \
    X(PRODUCT_GET, "product_get")                                                                            \
    X(PRODUCT_RATING, "product_rating")                                                                      \
    X(PRODUCT_STOCK, "product_stock")                                                                        \
    X(PRODUCT_HAS_RECORD, "product_has_record")                                                              \
    X(PRODUCT_FACTS, "product_facts")                                                                        \
    X(PRODUCT_CHANGES, "product_changes")                                                                    \
    X(PRODUCT_CHANGES_COUNT, "product_changes_count")                                                        \
    X(PRODUCT_ALL, "product_all")                                                                            \
    X(PRODUCT_UNAVAILABLE, "product_unavailable")                                                            \
    X(PRODUCT_INDEXES, "product_indexes")
#define AISLE_SQL_EVENTS(X)                                                                                  \
    X(EVENT_KEY_ADD, "event_key_add")                                                                        \
    X(EVENT_KEY_FIND, "event_key_find")                                                                      \
    X(EVENT_INSERT, "event_insert")                                                                          \
    X(EVENT_ALL, "event_all")                                                                                \
    X(EVENT_LAST, "event_last")                                                                              \
    X(EVENT_SCAN_UP, "event_scan_up")                                                                        \
    X(EVENT_SCAN_DOWN, "event_scan_down")                                                                    \
    X(EVENT_BUYERS, "event_buyers")                                                                          \
    X(EVENT_BOUGHT_USER, "event_bought_user")                                                                \
    X(EVENT_BOUGHT_SESSION, "event_bought_session")                                                          \
    X(EVENT_TAIL_FROM, "event_tail_from")                                                                    \
    X(EVENT_TAIL_ROWS, "event_tail_rows")                                                                    \
    X(EVENT_TAIL_OF, "event_tail_of")                                                                        \
    X(EVENT_DATA_VERSION, "event_data_version")                                                              \
    X(EVENT_KEYS_PUT, "event_keys_put")                                                                      \
    X(EVENT_USERS_PUT, "event_users_put")                                                                    \
    X(EVENT_SESSIONS_PUT, "event_sessions_put")                                                              \
    X(EVENT_KEYS_AFTER, "event_keys_after")                                                                  \
    X(EVENT_USERS_AFTER, "event_users_after")                                                                \
    X(EVENT_SESSIONS_AFTER, "event_sessions_after")                                                          \
    X(EVENT_MERGED, "event_merged")                                                                          \
    X(EVENT_RECENT_USER, "event_recent_user")                                                                \
    X(EVENT_RECENT_SESSION, "event_recent_session")
#define AISLE_SQL_PEOPLE(X)                                                                                  \
    X(USER_MERGE, "user_merge")                                                                              \
    X(USER_ID, "user_id")                                                                                    \
    X(USER_ID_ADD, "user_id_add")                                                                            \
    X(USER_RECORD, "user_record")                                                                            \
    X(USER_ALL, "user_all")                                                                                  \
    X(USER_PAGE, "user_page")                                                                                \
    X(USER_EVENTS, "user_events")                                                                            \
    X(SESSION_ID, "session_id")                                                                              \
    X(SESSION_ID_ADD, "session_id_add")                                                                      \
    X(SESSION_ALL, "session_all")
#define AISLE_SQL_ADMIN(X)                                                                                   \
    X(TOTALS_GET, "totals_get")                                                                              \
    X(TOTALS_ADD, "totals_add")                                                                              \
    X(KEY_ADD, "key_add")                                                                                    \
    X(KEY_REMOVE, "key_remove")                                                                              \
    X(KEY_ALL, "key_all")                                                                                    \
    X(KEY_ROTATE, "key_rotate")                                                                              \
    X(KEY_USED, "key_used")                                                                                  \
    X(KEY_CHECK, "key_check")                                                                                \
    X(JOB_ADD, "job_add")                                                                                    \
    X(JOB_UPDATE, "job_update")                                                                              \
    X(JOB_GET, "job_get")                                                                                    \
    X(JOB_ALL, "job_all")                                                                                    \
    X(TRAINING_NEWEST, "training_newest")                                                                    \
    X(TRAINING_FAILURES, "training_failures")                                                                \
    X(TRAINING_ASKED, "training_asked")                                                                      \
    X(MODEL_SEEN_GET, "model_seen_get")                                                                      \
    X(MODEL_SEEN_FORGET, "model_seen_forget")                                                                \
    X(MODEL_SEEN_PUT, "model_seen_put")                                                                      \
    X(TX_BEGIN, "tx_begin")                                                                                  \
    X(TX_COMMIT, "tx_commit")                                                                                \
    X(TX_ROLLBACK, "tx_rollback")                                                                            \
    X(TX_MARK, "tx_mark")                                                                                    \
    X(TX_KEEP, "tx_keep")                                                                                    \
    X(TX_UNDO, "tx_undo")
#define AISLE_SQL_RULES(X)                                                                                   \
    X(KEPT_WISHED, "kept_wished")                                                                            \
    X(KEPT_WISHED_GUEST, "kept_wished_guest")                                                                \
    X(KEPT_CART, "kept_cart")                                                                                \
    X(KEPT_CART_GUEST, "kept_cart_guest")                                                                    \
    X(RULES_GET, "rules_get")                                                                                \
    X(RULES_PUT, "rules_put")                                                                                \
    X(SCENARIOS_GET, "scenarios_get")                                                                        \
    X(SCENARIOS_PUT, "scenarios_put")
#define AISLE_SQL_SEARCH(X)                                                                                  \
    X(SEARCH_ADD, "search_add")                                                                              \
    X(SEARCH_REMOVE, "search_remove")                                                                        \
    X(SEARCH_SAME, "search_same")                                                                            \
    X(SEARCH_TABLE, "search_table")                                                                          \
    X(SEARCH_HASHSIZE, "search_hashsize")                                                                    \
    X(SEARCH_FILL, "search_fill")                                                                            \
    X(SEARCH_FILL_ONE, "search_fill_one")                                                                    \
    X(SEARCH_CHANGED, "search_changed")                                                                      \
    X(SEARCH_VERSION, "search_version")                                                                      \
    X(SEARCH_ROWS, "search_rows")                                                                            \
    X(SEARCH_TEXTS, "search_texts")                                                                          \
    X(SYNONYM_ALL, "synonym_all")                                                                            \
    X(SYNONYM_CLEAR, "synonym_clear")                                                                        \
    X(SYNONYM_ADD, "synonym_add")
#define AISLE_SQL_FEEDBACK(X)                                                                                \
    X(OPINION_EVENTS_REMOVE, "opinion_events_remove")                                                        \
    X(EVENT_REMOVE, "event_remove")                                                                          \
    X(OPINION_GET, "opinion_get")                                                                            \
    X(RATING_GET, "rating_get")                                                                              \
    X(RATING_PUT, "rating_put")                                                                              \
    X(RATING_REMOVE, "rating_remove")                                                                        \
    X(RATING_HISTOGRAM, "rating_histogram")                                                                  \
    X(BOUGHT, "bought")                                                                                      \
    X(REVIEW_ADD, "review_add")                                                                              \
    X(REVIEW_OF, "review_of")                                                                                \
    X(REVIEW_GET, "review_get")                                                                              \
    X(REVIEW_UPDATE, "review_update")                                                                        \
    X(REVIEW_STARS, "review_stars")                                                                          \
    X(REVIEW_VOTES_REMOVE, "review_votes_remove")                                                            \
    X(REVIEW_REMOVE, "review_remove")                                                                        \
    X(REVIEW_VOTE_GET, "review_vote_get")                                                                    \
    X(REVIEW_VOTE_PUT, "review_vote_put")                                                                    \
    X(REVIEW_COUNT_VOTES, "review_count_votes")                                                              \
    X(REVIEW_PAGE_HELPFUL, "review_page_helpful")                                                            \
    X(REVIEW_PAGE_BEST, "review_page_best")                                                                  \
    X(REVIEW_PAGE_NEWEST, "review_page_newest")                                                              \
    X(REVIEW_QUEUE, "review_queue")                                                                          \
    X(WISH_GET, "wish_get")                                                                                  \
    X(WISH_ADD, "wish_add")                                                                                  \
    X(WISH_REMOVE, "wish_remove")                                                                            \
    X(WISH_PAGE, "wish_page")                                                                                \
    X(WISHES_DROP_TWINS, "wishes_drop_twins")                                                                \
    X(PERSON_WISHES_ERASE, "person_wishes_erase")                                                            \
    X(PERSON_WISHES_JOIN, "person_wishes_join")                                                              \
    X(PERSON_WISHES_EXPORT, "person_wishes_export")                                                          \
    X(PERSON_VOTES_ERASE, "person_votes_erase")                                                              \
    X(PERSON_VOTES_EXPORT, "person_votes_export")                                                            \
    X(PERSON_RATINGS_ERASE, "person_ratings_erase")                                                          \
    X(PERSON_RATINGS_EXPORT, "person_ratings_export")                                                        \
    X(PERSON_DRAFTS_ERASE, "person_drafts_erase")                                                            \
    X(PERSON_REVIEWS_ERASE, "person_reviews_erase")                                                          \
    X(PERSON_REVIEWS_EXPORT, "person_reviews_export")
#define AISLE_SQL_BUYING(X)                                                                                  \
    X(CART_GET, "cart_get")                                                                                  \
    X(CART_ADD, "cart_add")                                                                                  \
    X(CART_TOUCH, "cart_touch")                                                                              \
    X(CART_REMOVE, "cart_remove")                                                                            \
    X(CART_LINES, "cart_lines")                                                                              \
    X(CART_ITEM_PUT, "cart_item_put")                                                                        \
    X(CART_ITEM_REMOVE, "cart_item_remove")                                                                  \
    X(CART_ITEMS_REMOVE, "cart_items_remove")                                                                \
    X(CART_ITEMS_SEE, "cart_items_see")                                                                      \
    X(PRODUCT_OFFER, "product_offer")                                                                        \
    X(ORDER_ADD, "order_add")                                                                                \
    X(ORDER_LINE_ADD, "order_line_add")                                                                      \
    X(ORDER_GET, "order_get")                                                                                \
    X(ORDER_LINES, "order_lines")                                                                            \
    X(ORDER_PAGE_OWN, "order_page_own")                                                                      \
    X(ORDER_PAGE_STATE, "order_page_state")                                                                  \
    X(ORDER_PAGE_ALL, "order_page_all")                                                                      \
    X(ORDER_SET_STATE, "order_set_state")                                                                    \
    X(PAYMENT_NOTE_ADD, "payment_note_add")                                                                  \
    X(PAYMENT_NOTES_FORGET, "payment_notes_forget")                                                          \
    X(ONCE_GET, "once_get")                                                                                  \
    X(ONCE_PUT, "once_put")                                                                                  \
    X(ONCE_FORGET, "once_forget")                                                                            \
    X(CART_ADOPT, "cart_adopt")                                                                              \
    X(CART_MERGE, "cart_merge")                                                                              \
    X(ORDERS_ADOPT, "orders_adopt")                                                                          \
    X(PERSON_CART_ITEMS_ERASE, "person_cart_items_erase")                                                    \
    X(PERSON_CARTS_ERASE, "person_carts_erase")                                                              \
    X(PERSON_CARTS_EXPORT, "person_carts_export")                                                            \
    X(PERSON_ORDERS_ERASE, "person_orders_erase")                                                            \
    X(PERSON_ORDERS_EXPORT, "person_orders_export")
#define AISLE_SQL_ACCOUNTS(X)                                                                                \
    X(ACCOUNT_ADD, "account_add")                                                                            \
    X(ACCOUNT_GET, "account_get")                                                                            \
    X(ACCOUNT_FIND, "account_find")                                                                          \
    X(ACCOUNT_ALL, "account_all")                                                                            \
    X(ACCOUNT_ADMINS, "account_admins")                                                                      \
    X(ACCOUNT_UPDATE, "account_update")                                                                      \
    X(ACCOUNT_PROFILE, "account_profile")                                                                    \
    X(ACCOUNT_PASSWORD, "account_password")                                                                  \
    X(TOKEN_GET, "token_get")                                                                                \
    X(TOKEN_ADD, "token_add")                                                                                \
    X(TOKEN_TOUCH, "token_touch")                                                                            \
    X(TOKEN_OF_USER, "token_of_user")                                                                        \
    X(TOKEN_END, "token_end")                                                                                \
    X(TOKEN_DROP, "token_drop")                                                                              \
    X(TOKEN_PRUNE, "token_prune")                                                                            \
    X(TOKEN_END_OTHERS, "token_end_others")                                                                  \
    X(TOKEN_PURGE, "token_purge")                                                                            \
    X(TOKEN_LATEST, "token_latest")                                                                          \
    X(SESSION_OWN, "session_own")                                                                            \
    X(THROTTLE_GET, "throttle_get")                                                                          \
    X(THROTTLE_PUT, "throttle_put")                                                                          \
    X(THROTTLE_DROP, "throttle_drop")                                                                        \
    X(THROTTLE_PURGE, "throttle_purge")                                                                      \
    X(PERSON_EVENTS_ERASE, "person_events_erase")                                                            \
    X(PERSON_EVENTS_JOIN, "person_events_join")                                                              \
    X(PERSON_EVENTS_EXPORT, "person_events_export")                                                          \
    X(PERSON_TOKENS_ERASE, "person_tokens_erase")                                                            \
    X(PERSON_TOKENS_JOIN, "person_tokens_join")                                                              \
    X(PERSON_TOKENS_EXPORT, "person_tokens_export")                                                          \
    X(PERSON_KEPT_ERASE, "person_kept_erase")                                                                \
    X(PERSON_IDS, "person_ids")                                                                              \
    X(PERSON_SESSIONS_ERASE, "person_sessions_erase")                                                        \
    X(PERSON_ACCOUNT_ERASE, "person_account_erase")                                                          \
    X(PERSON_USER_ERASE, "person_user_erase")                                                                \
    X(ERASED_ADD, "erased_add")                                                                              \
    X(ERASED_GET, "erased_get")                                                                              \
    X(ERASED_LAST, "erased_last")                                                                            \
    X(ERASED_ALL, "erased_all")
#define AISLE_SQL_LEARNING(X)                                                                                \
    X(SECRET_GET, "secret_get")                                                                              \
    X(SECRET_ADD, "secret_add")                                                                              \
    X(OUTCOME_RANGE, "outcome_range")                                                                        \
    X(OUTCOME_EVENTS, "outcome_events")                                                                      \
    X(OUTCOME_CLAIM, "outcome_claim")                                                                        \
    X(OUTCOME_ADD, "outcome_add")                                                                            \
    X(OUTCOME_REVENUE_ADD, "outcome_revenue_add")                                                            \
    X(OUTCOME_UPTO, "outcome_upto")                                                                          \
    X(OUTCOME_SEEN_FORGET, "outcome_seen_forget")                                                            \
    X(OUTCOME_SUMS, "outcome_sums")                                                                          \
    X(OUTCOME_REVENUE_SUMS, "outcome_revenue_sums")                                                          \
    X(EXPERIMENT_ALL, "experiment_all")                                                                      \
    X(EXPERIMENT_VARIANTS_OF, "experiment_variants_of")                                                      \
    X(EXPERIMENT_VERSION, "experiment_version")                                                              \
    X(EXPERIMENT_VERSION_RAISE, "experiment_version_raise")                                                  \
    X(EXPERIMENT_CREATED, "experiment_created")                                                              \
    X(EXPERIMENT_VARIANTS_CLEAR, "experiment_variants_clear")                                                \
    X(EXPERIMENTS_CLEAR, "experiments_clear")                                                                \
    X(EXPERIMENT_ADD, "experiment_add")                                                                      \
    X(EXPERIMENT_VARIANT_ADD, "experiment_variant_add")                                                      \
    X(EXPERIMENT_PEOPLE_FORGET, "experiment_people_forget")                                                  \
    X(EXPERIMENT_RESULTS_FORGET, "experiment_results_forget")                                                \
    X(EXPERIMENT_CLAIM, "experiment_claim")                                                                  \
    X(EXPERIMENT_RESULT_ADD, "experiment_result_add")                                                        \
    X(EXPERIMENT_RESULT, "experiment_result")
#define AISLE_SQL_KEPT_REPORTS(X)                                                                            \
    X(IMPORT_REJECT_ADD, "import_reject_add")                                                                \
    X(IMPORT_REJECTS_DROP, "import_rejects_drop")                                                            \
    X(IMPORT_REJECTS_FORGET, "import_rejects_forget")                                                        \
    X(IMPORT_REJECTS_PAGE, "import_rejects_page")                                                            \
    X(PERSON_REJECTS_ERASE, "person_rejects_erase")                                                          \
    X(TUNING_ADD, "tuning_add")                                                                              \
    X(TUNING_LOOK_ADD, "tuning_look_add")                                                                    \
    X(TUNINGS_FORGET, "tunings_forget")                                                                      \
    X(TUNING_LOOKS_FORGET, "tuning_looks_forget")                                                            \
    X(TUNINGS_PAGE, "tunings_page")                                                                          \
    X(TUNING_GET, "tuning_get")                                                                              \
    X(TUNING_LOOKS_PAGE, "tuning_looks_page")
#define AISLE_SQL_LIST(X)                                                                                    \
    AISLE_SQL_PRODUCTS(X)                                                                                    \
    AISLE_SQL_EVENTS(X)                                                                                      \
    AISLE_SQL_RULES(X)                                                                                       \
    AISLE_SQL_SEARCH(X)                                                                                      \
    AISLE_SQL_PEOPLE(X)                                                                                      \
    AISLE_SQL_ADMIN(X)                                                                                       \
    AISLE_SQL_FEEDBACK(X)                                                                                    \
    AISLE_SQL_BUYING(X)                                                                                      \
    AISLE_SQL_ACCOUNTS(X)                                                                                    \
    AISLE_SQL_LEARNING(X)                                                                                    \
    AISLE_SQL_KEPT_REPORTS(X)

#define AISLE_SQL_ENUM(id, name) AISLE_SQL_##id,
typedef enum aisle_sql { AISLE_SQL_LIST(AISLE_SQL_ENUM) AISLE_SQL_COUNT } aisle_sql;

typedef struct aisle_db {
    sqlite3 *handle;
    char *path;
    sqlite3_stmt *statements[AISLE_SQL_COUNT]; /* prepared at first use */
    struct aisle_event_tail
        *tail; /* what is known of the newest events; borrowed; NULL = the table is read */
} aisle_db;

typedef enum aisle_db_mode { AISLE_DB_READ, AISLE_DB_WRITE, AISLE_DB_CREATE } aisle_db_mode;

/* One thread at a time. path: of the database file. Refuses what is not a regular file and what is not ours.
 */
aisle_status aisle_db_open(const char *path, aisle_db_mode mode, aisle_db *out, aisle_error *err);
void aisle_db_close(aisle_db *db);
/* Runs statements without parameters or results. */
aisle_status aisle_db_run(aisle_db *db, const char *sql, aisle_error *err);
/* The one translation of SQLite's codes; the message names the file and the next step. */
aisle_status aisle_db_fail(aisle_db *db, int rc, aisle_error *err);
/* Its schema's version, 0 when empty: AISLE_EFORMAT for a database of another program, AISLE_EUNSUPPORTED for a newer one's. */
aisle_status aisle_db_version(aisle_db *db, int64_t *version, aisle_error *err);
/* Brings the schema to this program's version; AISLE_EUNSUPPORTED when the database is newer. */
aisle_status aisle_db_migrate(aisle_db *db, aisle_error *err);
/* The text of a named statement (found once in the embedded files); {NULL,0} when there is none. */
aisle_str aisle_sql_text(const char *name);

/* A statement in use. Faults of begin and of binds are kept and reported by next or run. Text and blobs are
 * borrowed until the query ends. */
typedef struct aisle_stmt {
    aisle_db *db;
    sqlite3_stmt *stmt;
    int rc;
} aisle_stmt;

aisle_stmt aisle_stmt_begin(aisle_db *db, aisle_sql id);
aisle_stmt aisle_stmt_with(aisle_db *db, sqlite3_stmt *stmt); /* for a statement the caller keeps */
void aisle_stmt_text(aisle_stmt *q, int index, aisle_str s);  /* absent binds NULL */
void aisle_stmt_cstr(aisle_stmt *q, int index, const char *s);
void aisle_stmt_blob(aisle_stmt *q, int index, const void *p, int bytes);
void aisle_stmt_int(aisle_stmt *q, int index, int64_t v);
/* For numbers(?): a list, borrowed until the query ends. */
struct aisle_number_list;
void aisle_stmt_numbers(aisle_stmt *q, int index, const struct aisle_number_list *list);
void aisle_stmt_id(aisle_stmt *q, int index, int64_t id); /* 0 binds NULL */
void aisle_stmt_real(aisle_stmt *q, int index, double v);
/* *row false at the end, and then and on failure the statement is reset. */
aisle_status aisle_stmt_next(aisle_stmt *q, bool *row, aisle_error *err);
/* Runs a statement without parameters and without results. */
aisle_status aisle_db_step(aisle_db *db, aisle_sql id, aisle_error *err);
/* Runs a statement whose rows are of no interest. */
aisle_status aisle_stmt_run(aisle_stmt *q, aisle_error *err);
void aisle_stmt_end(aisle_stmt *q);
static inline int64_t aisle_stmt_get_int(const aisle_stmt *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}
static inline double aisle_stmt_get_real(const aisle_stmt *q, int column)
{
    return sqlite3_column_double(q->stmt, column);
}
aisle_str aisle_stmt_get_text(const aisle_stmt *q, int column); /* borrowed until next or end */
/* The rows of a query that gives `most` at most, as an array of elements of `bytes` bytes in the arena; the query ends. copy fills
 * one that is all zeros; false: memory is short. */
typedef bool aisle_row_copy(const aisle_stmt *q, aisle_arena *a, void *row);
aisle_status aisle_stmt_list(aisle_stmt *q, aisle_arena *a, int32_t most, size_t bytes, aisle_row_copy *copy,
                             void **out, int32_t *n, aisle_error *err);
/* Copies into the arena; false when memory is short. */
bool aisle_stmt_copy_text(const aisle_stmt *q, int column, aisle_arena *a, aisle_str *out);

#endif
