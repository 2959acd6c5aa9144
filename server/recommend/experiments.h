/* Who is in which variant of which experiment. Nothing is stored about anyone: the place of a person (an account, or the session
 * of a guest) follows from a hash, keyed by the shop, of the experiment's salt and the person's id, so that it is the same at
 * every request and after every restart, and nobody can choose it.
 *
 * An experiment is for some surfaces (recommendations, related, ...), and of recommendations perhaps for some scenarios alone; it
 * runs for a while or for good. On each surface it takes its share of all people; whoever is in one is there in no later one of the
 * list. The hash knows nothing of surfaces: who is in an experiment is in the same variant on all of them. Among its variants a person
 * goes to the one with the least -ln(u_i) / w_i, with w_i the weight and u_i in (0, 1) hashed of salt, variant and person
 * (weighted rendezvous hashing: Thaler and Ravishankar 1998; Schindelhauer and Schomaker 2005). Each variant gets its share of
 * the weights, and when one's weight changes, or a variant comes or goes, people move from or to that one only. A raised share
 * leaves who was in where he was. */
#ifndef AISLE_SERVER_EXPERIMENTS_H
#define AISLE_SERVER_EXPERIMENTS_H

#include "server/store/learning.h"

/* All experiments as of one moment. Immutable. */
typedef struct aisle_experiments aisle_experiments;
/* Keeps the newest. Thread-safe. */
typedef struct aisle_experiment_keeper aisle_experiment_keeper;

/* Reads them from the store. May block for a write: the key is made the first time. */
aisle_status aisle_experiment_keeper_open(aisle_store *s, aisle_view *v, aisle_experiment_keeper **out,
                                          aisle_error *err);
void aisle_experiment_keeper_close(aisle_experiment_keeper *k); /* NULL is a no-op */
/* Takes up what the store has now. Microseconds; any thread, with its own view. */
aisle_status aisle_experiment_keeper_read(aisle_experiment_keeper *k, aisle_view *v, aisle_error *err);
/* The newest, with a reference; NULL where there is none at all: tens of nanoseconds. */
aisle_experiments *aisle_experiments_get(aisle_experiment_keeper *k);
void aisle_experiments_unref(aisle_experiments *e); /* NULL is fine */

extern const char *const aisle_surface_names[]; /* by aisle_surface; NULL at the end */
/* What is answered, and when. */
typedef struct aisle_occasion {
    aisle_surface surface;
    aisle_str scenario; /* of recommendations: that of the question; absent: none */
    int64_t now_ms;     /* wall clock */
} aisle_occasion;
/* NULL: the person takes part in none. *of is its experiment. Both are e's. */
const aisle_variant *aisle_experiments_assign(const aisle_experiments *e, aisle_str person,
                                              const aisle_occasion *at, const aisle_experiment **of);
/* Is there one that runs on this surface? What it answers is each person's own then, and in no cache of others. */
bool aisle_experiments_reach(const aisle_experiments *e, aisle_surface surface, int64_t now_ms);
/* False: there is no such experiment and variant now, and nothing is to be counted for it. */
bool aisle_experiments_has(const aisle_experiments *e, aisle_str experiment, aisle_str variant);

enum {
    AISLE_EXPERIMENT_MODELS = 4,  /* versions that all variants together may name */
    AISLE_EXPERIMENT_KEPT = 2 * 4 /* with those that were named until lately */
};
/* The versions that variants name, each once, and those that they have named until `AISLE_SHOWN_MS` ago: lists that began with them
 * have next pages. now_ms: monotonic. Returns how many. */
int32_t aisle_experiment_keeper_models(aisle_experiment_keeper *k, int64_t now_ms,
                                       int64_t out[AISLE_EXPERIMENT_KEPT]);

#endif
