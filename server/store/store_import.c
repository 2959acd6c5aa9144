/* An import: staged without a lock, then one transaction. A dry run is the same transaction, undone. */
#include <string.h>

#include "server/store/staging.h"

enum { REPORT_EVERY = 8192 };

struct aisle_store_import {
    aisle_write write; /* first: the writer hands it back */
    aisle_store *store;
    aisle_store_import_params params;
    aisle_staging staging;
    uint8_t *keep;   /* by event; NULL = all */
    int64_t *ids[3]; /* row ids by aisle_ext_kind and number; 0 = not looked up yet */
    int64_t done, known, below_core;
    bool ran;
};

aisle_status aisle_store_import_begin(aisle_store *s, const aisle_store_import_params *p,
                                      aisle_store_import **out, aisle_error *err)
{
    aisle_buf folder = {0};
    bool with_core = p->user_core > 1 || p->item_core > 1;
    *out = NULL;
    if (!s && !p->dry_run) return aisle_fail(err, AISLE_EINTERNAL, "an import needs a store");
    aisle_store_import *i = aisle_calloc(1, sizeof *i);
    if (!i || !aisle_buf_printf(&folder, s ? "%s/spool" : "%s", s ? aisle_store_folder(s) : P_tmpdir)) {
        aisle_free(i);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for an import");
    }
    i->store = s;
    i->params = *p;
    aisle_status st = aisle_staging_open(folder.data, p->keep_duplicates, with_core, &i->staging, err);
    aisle_buf_deinit(&folder);
    if (st == AISLE_OK)
        *out = i;
    else
        aisle_store_import_abort(i);
    return st;
}

aisle_sink aisle_store_import_sink(aisle_store_import *i)
{
    return aisle_staging_sink(&i->staging);
}

void aisle_store_import_abort(aisle_store_import *i)
{
    if (!i) return;
    aisle_staging_close(&i->staging);
    for (int k = 0; k < 3; k++) aisle_free(i->ids[k]);
    aisle_free(i->keep);
    aisle_free(i);
}

static aisle_status find_core(aisle_store_import *i, aisle_error *err)
{
    int64_t n = i->staging.n_events;
    if (!i->staging.dataset) return AISLE_OK;
    i->keep = aisle_alloc((size_t)n);
    if (!i->keep)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the k-core of %lld events", (long long)n);
    memset(i->keep, 1, (size_t)n);
    int32_t user_k = i->params.user_core > 1 ? i->params.user_core : 1;
    int32_t item_k = i->params.item_core > 1 ? i->params.item_core : 1;
    return aisle_dataset_core(i->staging.dataset, user_k, item_k, i->keep, &i->below_core, err);
}

static aisle_status step(aisle_store_import *i, aisle_error *err)
{
    if (i->done++ % REPORT_EVERY != 0) return AISLE_OK;
    aisle_progress_report(i->params.progress, "store", i->done, i->staging.n_records, "");
    if (!aisle_canceled(i->params.progress)) return AISLE_OK;
    return aisle_fail(err, AISLE_ECANCELED, "the import was interrupted; the shop is unchanged");
}

/* Where the staged catalogue goes. */
typedef struct target {
    aisle_store_import *import;
    aisle_tx *tx;
} target;

static aisle_status store_product(void *ctx, const aisle_product *p, aisle_error *err)
{
    target *t = ctx;
    AISLE_TRY(step(t->import, err));
    return aisle_tx_product(t->tx, p, err);
}

static aisle_status store_user(void *ctx, const aisle_user *u, aisle_error *err)
{
    target *t = ctx;
    AISLE_TRY(step(t->import, err));
    return aisle_tx_user(t->tx, u, err);
}

/* Ids are made only for events that stay. */
static aisle_status resolve(target *t, aisle_ext_kind kind, int32_t number, int64_t *id, aisle_error *err)
{
    if (number < 0) {
        *id = 0;
        return AISLE_OK;
    }
    int64_t *slot = &t->import->ids[kind][number];
    if (!*slot) {
        aisle_str ext = aisle_idmap_get(t->import->staging.ids[kind], number);
        AISLE_TRY(aisle_tx_ext(t->tx, kind, ext, slot, err));
    }
    *id = *slot;
    return AISLE_OK;
}

static aisle_status store_events(target *t, aisle_error *err)
{
    aisle_store_import *i = t->import;
    aisle_staged_event r;
    aisle_event e;
    aisle_event_ids ids;
    char text[512];
    bool end = false, known;
    AISLE_TRY(aisle_spool_rewind(&i->staging.events, err));
    for (int64_t k = 0;; k++) {
        AISLE_TRY(aisle_staging_event(&i->staging, &r, &e, text, &end, err));
        if (end) return AISLE_OK;
        AISLE_TRY(step(i, err));
        if (i->keep && !i->keep[k]) continue;
        AISLE_TRY(resolve(t, AISLE_EXT_PRODUCT, r.id[AISLE_EXT_PRODUCT], &ids.product, err));
        AISLE_TRY(resolve(t, AISLE_EXT_USER, r.id[AISLE_EXT_USER], &ids.user, err));
        AISLE_TRY(resolve(t, AISLE_EXT_SESSION, r.id[AISLE_EXT_SESSION], &ids.session, err));
        AISLE_TRY(aisle_tx_event_insert(t->tx, &e, &ids, r.key, &known, err));
        i->known += known;
    }
}

static aisle_status run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    aisle_store_import *i = (aisle_store_import *)w;
    target t = {i, tx};
    const aisle_sink sink = {&t, store_product, store_user, NULL};
    for (int k = 0; k < 3; k++) {
        i->ids[k] = aisle_calloc((size_t)aisle_idmap_count(i->staging.ids[k]), sizeof *i->ids[k]);
        if (!i->ids[k]) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the ids of an import");
    }
    AISLE_TRY(aisle_staging_catalogue(&i->staging, &sink, err));
    AISLE_TRY(store_events(&t, err));
    i->ran = true;
    /* The failure is what undoes the transaction. */
    return i->params.dry_run ? aisle_fail(err, AISLE_ECANCELED, "dry run") : AISLE_OK;
}

aisle_status aisle_store_import_commit(aisle_store_import *i, aisle_import_report *report, aisle_error *err)
{
    if (i->write.run) return aisle_fail(err, AISLE_EINTERNAL, "an import is committed once");
    AISLE_TRY(find_core(i, err));
    i->write.run = run;
    if (i->store) {
        aisle_status st = aisle_store_write_now(i->store, &i->write, err);
        if (st != AISLE_OK && !(i->params.dry_run && i->ran)) return st;
    }
    aisle_progress_report(i->params.progress, "store", i->staging.n_records, i->staging.n_records, "");
    report->found[AISLE_REASON_BELOW_CORE] += i->below_core;
    report->dropped[AISLE_REASON_BELOW_CORE] += i->below_core;
    report->found[AISLE_REASON_KNOWN] += i->known;
    report->dropped[AISLE_REASON_KNOWN] += i->known;
    return AISLE_OK;
}
