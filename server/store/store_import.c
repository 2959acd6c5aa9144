/* An import: staged without a lock, then one transaction. A dry run is the same transaction, undone. */
#include <string.h>

#include "server/store/import_rejects.h"
#include "server/store/store_import.h"

enum { REPORT_EVERY = 8192 };

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

aisle_status aisle_store_import_step(aisle_store_import *i, aisle_error *err)
{
    if (i->done++ % REPORT_EVERY != 0) return AISLE_OK;
    aisle_progress_report(i->params.progress, "store", i->done, i->staging.n_records, "");
    if (!aisle_canceled(i->params.progress)) return AISLE_OK;
    return aisle_fail(err, AISLE_ECANCELED, "the import was interrupted; the shop is unchanged");
}

static aisle_status run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    aisle_store_import *i = (aisle_store_import *)w;
    AISLE_TRY(aisle_store_import_catalogue(i, tx, err));
    AISLE_TRY(aisle_store_import_events(i, tx, err));
    if (i->params.job) AISLE_TRY(aisle_tx_import_rejects(tx, i->params.job, i->params.rejects, err));
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
