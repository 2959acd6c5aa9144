/* Experiments: their settings as a whole, and who was counted in them. */
#include "server/store/learning.h"
#include "server/store/store_internal.h"

static aisle_status no_memory(aisle_view *v, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for experiments", v->db.path);
}

static aisle_status run_plain(aisle_tx *tx, aisle_sql id, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, id);
    return aisle_stmt_run(&q, err);
}

static aisle_status find_created(aisle_tx *tx, const aisle_experiment *e, int64_t now_ms, int64_t *out,
                                 aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EXPERIMENT_CREATED);
    aisle_stmt_text(&q, 1, e->name);
    aisle_stmt_text(&q, 2, e->salt);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *out = row ? aisle_stmt_get_int(&q, 0) : now_ms;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status add_variant(aisle_tx *tx, const aisle_experiment *e, int32_t i, aisle_error *err)
{
    const aisle_variant *v = &e->variants[i];
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EXPERIMENT_VARIANT_ADD);
    aisle_stmt_text(&q, 1, e->name);
    aisle_stmt_int(&q, 2, i);
    aisle_stmt_text(&q, 3, v->name);
    aisle_stmt_real(&q, 4, v->weight);
    aisle_stmt_int(&q, 5, v->model);
    aisle_stmt_text(&q, 6, v->strategy.ptr ? v->strategy : AISLE_STR(""));
    aisle_stmt_text(&q, 7, v->scenario.ptr ? v->scenario : AISLE_STR(""));
    aisle_stmt_real(&q, 8, v->diversity);
    return aisle_stmt_run(&q, err);
}

static aisle_status add_experiment(aisle_tx *tx, const aisle_experiment *e, int32_t position,
                                   int64_t created_ms, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EXPERIMENT_ADD);
    aisle_stmt_int(&q, 1, position);
    aisle_stmt_text(&q, 2, e->name);
    aisle_stmt_text(&q, 3, e->salt);
    aisle_stmt_real(&q, 4, e->share);
    aisle_stmt_int(&q, 5, created_ms);
    aisle_stmt_int(&q, 6, e->surfaces);
    aisle_stmt_text(&q, 7, e->scenarios.ptr ? e->scenarios : AISLE_STR(""));
    if (e->from_ms != INT64_MIN) aisle_stmt_int(&q, 8, e->from_ms);
    if (e->until_ms != INT64_MAX) aisle_stmt_int(&q, 9, e->until_ms);
    AISLE_TRY(aisle_stmt_run(&q, err));
    for (int32_t i = 0; i < e->n; i++) AISLE_TRY(add_variant(tx, e, i, err));
    return AISLE_OK;
}

static aisle_status forget(aisle_tx *tx, aisle_sql id, int64_t now_ms, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, id);
    aisle_stmt_int(&q, 1, now_ms);
    return aisle_stmt_run(&q, err);
}

static aisle_status read_version(aisle_db *db, int64_t *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_EXPERIMENT_VERSION);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_EFORMAT, "%s: the version of the experiments is gone", db->path);
    *out = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status raise_version(aisle_tx *tx, aisle_experiment_set *set, bool *conflict, aisle_error *err)
{
    int64_t now;
    AISLE_TRY(read_version(tx->db, &now, err));
    *conflict = set->version >= 0 && set->version != now;
    if (*conflict)
        return aisle_fail(err, AISLE_ECONFLICT, "the experiments have version %lld", (long long)now);
    set->version = now + 1;
    return run_plain(tx, AISLE_SQL_EXPERIMENT_VERSION_RAISE, err);
}

aisle_status aisle_tx_experiments(aisle_tx *tx, aisle_experiment_set *set, bool *conflict, aisle_error *err)
{
    int64_t created[AISLE_EXPERIMENTS], now_ms = aisle_time_now_ms();
    AISLE_TRY(raise_version(tx, set, conflict, err));
    for (int32_t i = 0; i < set->n; i++) AISLE_TRY(find_created(tx, &set->list[i], now_ms, &created[i], err));
    AISLE_TRY(run_plain(tx, AISLE_SQL_EXPERIMENT_VARIANTS_CLEAR, err));
    AISLE_TRY(run_plain(tx, AISLE_SQL_EXPERIMENTS_CLEAR, err));
    for (int32_t i = 0; i < set->n; i++) AISLE_TRY(add_experiment(tx, &set->list[i], i, created[i], err));
    AISLE_TRY(forget(tx, AISLE_SQL_EXPERIMENT_PEOPLE_FORGET, now_ms, err));
    return forget(tx, AISLE_SQL_EXPERIMENT_RESULTS_FORGET, now_ms, err);
}

/* ---- reading ---- */

static bool copy_variant(const aisle_stmt *q, aisle_arena *a, aisle_variant *v)
{
    *v = (aisle_variant){.weight = aisle_stmt_get_real(q, 1),
                         .model = aisle_stmt_get_int(q, 2),
                         .diversity = aisle_stmt_get_real(q, 5)};
    return aisle_stmt_copy_text(q, 0, a, &v->name) && aisle_stmt_copy_text(q, 3, a, &v->strategy) &&
           aisle_stmt_copy_text(q, 4, a, &v->scenario);
}

static aisle_status read_variants(aisle_view *v, aisle_arena *a, aisle_experiment *e, aisle_error *err)
{
    bool row;
    e->variants = aisle_arena_calloc(a, AISLE_VARIANTS, sizeof *e->variants);
    if (!e->variants) return no_memory(v, err);
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_EXPERIMENT_VARIANTS_OF);
    aisle_stmt_text(&q, 1, e->name);
    for (;;) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) return AISLE_OK;
        if (e->n < AISLE_VARIANTS && copy_variant(&q, a, &e->variants[e->n])) {
            e->n++;
            continue;
        }
        aisle_stmt_end(&q);
        return no_memory(v, err);
    }
}

static bool copy_experiment(const aisle_stmt *q, aisle_arena *a, aisle_experiment *e)
{
    *e = (aisle_experiment){
        .share = aisle_stmt_get_real(q, 2),
        .created_ms = aisle_stmt_get_int(q, 3),
        .surfaces = (unsigned)aisle_stmt_get_int(q, 4),
        .from_ms = aisle_stmt_get_int(q, 6),
        .until_ms = aisle_stmt_get_int(q, 7),
    };
    return aisle_stmt_copy_text(q, 0, a, &e->name) && aisle_stmt_copy_text(q, 1, a, &e->salt) &&
           aisle_stmt_copy_text(q, 5, a, &e->scenarios);
}

/* The version first: when a change comes in between, it is too old for these experiments, and who sends it is refused. */
aisle_status aisle_view_experiments(aisle_view *v, aisle_arena *a, aisle_experiment_set *out,
                                    aisle_error *err)
{
    bool row;
    aisle_experiment_set set = {.list = aisle_arena_calloc(a, AISLE_EXPERIMENTS, sizeof *set.list)};
    if (!set.list) return no_memory(v, err);
    AISLE_TRY(read_version(&v->db, &set.version, err));
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_EXPERIMENT_ALL);
    for (;;) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) break;
        if (set.n < AISLE_EXPERIMENTS && copy_experiment(&q, a, &set.list[set.n])) {
            set.n++;
            continue;
        }
        aisle_stmt_end(&q);
        return no_memory(v, err);
    }
    for (int32_t i = 0; i < set.n; i++) AISLE_TRY(read_variants(v, a, &set.list[i], err));
    *out = set;
    return AISLE_OK;
}

/* ---- results ---- */

aisle_status aisle_tx_variant_claim(aisle_tx *tx, aisle_str experiment, uint64_t key, bool *first,
                                    aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EXPERIMENT_CLAIM);
    aisle_stmt_text(&q, 1, experiment);
    aisle_stmt_int(&q, 2, (int64_t)key);
    AISLE_TRY(aisle_stmt_run(&q, err));
    *first = sqlite3_changes(tx->db->handle) != 0;
    return AISLE_OK;
}

aisle_status aisle_tx_variant_add(aisle_tx *tx, aisle_str experiment, aisle_str variant,
                                  const aisle_variant_counts *add, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_EXPERIMENT_RESULT_ADD);
    aisle_stmt_text(&q, 1, experiment);
    aisle_stmt_text(&q, 2, variant);
    aisle_stmt_int(&q, 3, add->people);
    aisle_stmt_int(&q, 4, add->clicked);
    aisle_stmt_int(&q, 5, add->bought);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_view_variant(aisle_view *v, aisle_str experiment, aisle_str variant,
                                aisle_variant_counts *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_EXPERIMENT_RESULT);
    aisle_stmt_text(&q, 1, experiment);
    aisle_stmt_text(&q, 2, variant);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *out = (aisle_variant_counts){0};
    if (!row) return AISLE_OK;
    *out = (aisle_variant_counts){aisle_stmt_get_int(&q, 0), aisle_stmt_get_int(&q, 1),
                                  aisle_stmt_get_int(&q, 2)};
    aisle_stmt_end(&q);
    return AISLE_OK;
}
