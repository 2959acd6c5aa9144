/* Everything a handler may ask for: the open shop. Made by `aisle serve`; not the HTTP core. */
#ifndef AISLE_SERVER_APP_H
#define AISLE_SERVER_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/scorer.h"
#include "server/catalogue/catalogue_index.h"
#include "server/auth/hash_pool.h"
#include "server/config/config.h"
#include "server/http/http.h"
#include "server/http/listener.h"
#include "server/jobs/forget.h"
#include "server/jobs/jobs.h"
#include "server/jobs/registry.h"
#include "server/jobs/schedule.h"
#include "server/jobs/shelf.h"
#include "server/jobs/shelf_rack.h"
#include "server/jobs/worker.h"
#include "server/recommend/experiments.h"
#include "server/recommend/outcomes.h"
#include "server/recommend/recommendation_id.h"
#include "server/recommend/shadow.h"
#include "server/search/lexicon.h"
#include "server/store/recents.h"
#include "server/store/store.h"
#include "server/store/store_sets.h"

/* What one thread answers with. */
typedef struct aisle_loop_state {
    aisle_view *view;
    aisle_scorer *scorer;
    aisle_terms *terms;                   /* of the search */
    struct aisle_product_cache *products; /* of a loop: products as answered last */
    aisle_worker *scoring;                /* of a loop: the thread beside it, for what takes above 2 ms ... */
    struct aisle_loop_state *beside;      /* ... and what that one answers with */
    struct aisle_asked *waiting,
        *waiting_last; /* of a loop: questions that came in this turn, to be scored together ... */
    struct aisle_together *together; /* ... by this */
} aisle_loop_state;

typedef struct aisle_app {
    const aisle_config *config;
    aisle_store *store;
    aisle_registry *registry;
    aisle_shelf_keeper *shelves;
    aisle_shelf_rack *rack; /* models beside the serving one */
    aisle_experiment_keeper *experiments;
    aisle_shadow *shadow;
    aisle_words_keeper *words;
    aisle_catalogue *catalogue;
    struct aisle_set_keeper *sets[AISLE_SETS]; /* rules, scenarios (recommend/sets.h) */
    struct aisle_product_texts *texts;         /* products as lists answer with them */
    aisle_recents *recents;                    /* the newest events of who asked lately */
    int64_t popular_version; /* the model that the catalogue's order by popularity is of; the worker's */
    aisle_jobs *jobs;
    aisle_schedule *schedule; /* of trainings; the worker's */
    aisle_worker *worker;
    aisle_hash_pool *hashing;          /* passwords */
    aisle_forgetter *forgetter;        /* erased people out of model files */
    aisle_recommendation_ids *ids;     /* of answers */
    struct aisle_shown *shown;         /* what recent answers have shown */
    aisle_outcomes *outcomes;          /* what came of them; run by the worker */
    struct aisle_trends *trends;       /* what moves now; run by the worker */
    struct aisle_later_baskets *later; /* what was bought together since the training; run by the worker */
    aisle_http *http;                  /* NULL until the loops have started: read with aisle_app_http */
    int open_mode; /* no API key and no admin yet; the first one closes it for good: read with aisle_app_is_open */
    int64_t purge_ms;      /* of the worker: when to look for ended sessions next */
    int64_t clock_base_ms; /* of aisle_app_clock_ms */
    aisle_view *view;      /* the worker's */
    int32_t n_loops;
    aisle_loop_state *loops, *beside; /* [n_loops] each */
    char spool[4096];                 /* folder for bodies; the HTTP core borrows it */
    aisle_str payment_secret;         /* owned; absent = none is set */
    int64_t started_ms;
    int64_t events_stored, events_known; /* counters; read and written atomically */
} aisle_app;

/* Opens store (and takes its lock), registry, jobs, and the state of every loop. One error line says what is
 * wrong and what to do. The config is borrowed. Beyond loopback a shop that has no key is refused, and no
 * folder is made for it. */
aisle_status aisle_app_open(const aisle_config *config, aisle_app **out, aisle_error *err);
void aisle_app_close(aisle_app *app); /* after the loops have ended */

/* As of http/listener.h. */
bool aisle_app_is_open(aisle_app *app);
aisle_status aisle_identify(aisle_request *r, aisle_identity *out, aisle_error *err); /* auth/identity.c */

/* What sessions live by, in milliseconds: wall clock at the start of the program, but never behind a use that the store
 * knows of; from then on it runs with the monotonic clock. A clock that is set while the shop runs neither ends sessions
 * nor makes them last. */
static inline int64_t aisle_app_clock_ms(const aisle_app *app)
{
    return app->clock_base_ms + aisle_time_monotonic_ns() / 1000000;
}

/* Keeps the models that experiments name, and the one that is watched or will be (0 = none), on the rack, and no others. Not on
 * a loop. The status is of the first that cannot be. */
aisle_status aisle_app_keep_models(aisle_app *app, int64_t watched, aisle_error *err);

static inline aisle_http *aisle_app_http(const aisle_app *app)
{
    return __atomic_load_n(&app->http, __ATOMIC_ACQUIRE);
}

#endif
