/* Checkpoints of the ALS loop: whole or absent, bound to their data and settings by a fingerprint. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "aisle/file.h"
#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/train/als_loop.h"

enum { CHECKPOINT_VERSION = 2 };

typedef struct head {
    char magic[8];
    uint32_t version, zero;
    uint64_t fingerprint;
    int32_t n_users, n_items, factors, pad;
    aisle_als_state state;
} head;

static uint64_t hash_mat(const aisle_mat *m, uint64_t seed)
{
    return aisle_hash64(m->data, (size_t)m->n_rows * (size_t)m->n_cols * sizeof *m->data, seed);
}

static bool put(FILE *f, const void *p, size_t bytes)
{
    return bytes == 0 || fwrite(p, bytes, 1, f) == 1;
}

aisle_status aisle_checkpoint_write(const char *path, uint64_t fingerprint, const aisle_als_state *s,
                                    const aisle_mat *users, const aisle_mat *items, aisle_error *err)
{
    aisle_replace r;
    head h = {"AISLECKP",    CHECKPOINT_VERSION, 0, fingerprint, users->n_rows,
              items->n_rows, users->n_cols,      0, *s};
    uint64_t hash = hash_mat(items, hash_mat(users, aisle_hash64(&h, sizeof h, 0)));
    size_t row = (size_t)users->n_cols * sizeof(float);
    AISLE_TRY(aisle_replace_open(path, &r, err));
    if (!put(r.stream, &h, sizeof h) || !put(r.stream, users->data, (size_t)users->n_rows * row) ||
        !put(r.stream, items->data, (size_t)items->n_rows * row) || !put(r.stream, &hash, sizeof hash)) {
        aisle_status st = aisle_fail_errno(err, "checkpoint", path);
        aisle_replace_abort(&r);
        return st;
    }
    return aisle_replace_commit(&r, err);
}

static aisle_status check(const aisle_mapping *m, const char *path, uint64_t fingerprint,
                          const aisle_mat *users, const aisle_mat *items, head *h, aisle_error *err)
{
    int64_t f = users->n_cols, rows = (int64_t)users->n_rows + items->n_rows;
    int64_t want = (int64_t)sizeof *h + rows * f * (int64_t)sizeof(float) + (int64_t)sizeof(uint64_t);
    uint64_t hash;
    if (m->size < (int64_t)sizeof *h || memcmp(m->data, "AISLECKP", 8) != 0)
        return aisle_fail(err, AISLE_EFORMAT, "checkpoint %s: not a checkpoint file", path);
    memcpy(h, m->data, sizeof *h);
    if (h->version != CHECKPOINT_VERSION)
        return aisle_fail(err, AISLE_EUNSUPPORTED, "checkpoint %s: version %u, this build reads %d", path,
                          h->version, CHECKPOINT_VERSION);
    if (h->fingerprint != fingerprint || h->n_users != users->n_rows || h->n_items != items->n_rows ||
        h->factors != users->n_cols)
        return aisle_fail(
            err, AISLE_ECONFLICT,
            "checkpoint %s: made from other data or settings; remove it, or train without resume", path);
    if (m->size != want)
        return aisle_fail(err, AISLE_EFORMAT, "checkpoint %s: %lld bytes, wanted %lld", path,
                          (long long)m->size, (long long)want);
    memcpy(&hash, m->data + want - (int64_t)sizeof hash, sizeof hash);
    const unsigned char *at = m->data + sizeof *h;
    size_t x = (size_t)users->n_rows * (size_t)f * sizeof(float), y = (size_t)(rows * f) * sizeof(float) - x;
    if (aisle_hash64(at + x, y, aisle_hash64(at, x, aisle_hash64(h, sizeof *h, 0))) != hash)
        return aisle_fail(err, AISLE_EFORMAT, "checkpoint %s: damaged (its hash does not agree)", path);
    return AISLE_OK;
}

aisle_status aisle_checkpoint_read(const char *path, uint64_t fingerprint, aisle_als_state *s,
                                   aisle_mat *users, aisle_mat *items, aisle_error *err)
{
    aisle_mapping m;
    head h;
    aisle_status st = aisle_file_map(path, &m, err);
    if (st == AISLE_ENOTFOUND)
        return aisle_fail(err, st, "checkpoint %s: no such file; train without resume to begin anew", path);
    if (st != AISLE_OK) return st;
    st = check(&m, path, fingerprint, users, items, &h, err);
    if (st == AISLE_OK) {
        size_t row = (size_t)users->n_cols * sizeof(float), x = (size_t)users->n_rows * row;
        memcpy(users->data, m.data + sizeof h, x);
        memcpy(items->data, m.data + sizeof h + x, (size_t)items->n_rows * row);
        *s = h.state;
    }
    aisle_file_unmap(&m);
    return st;
}

uint64_t aisle_als_fingerprint(const aisle_csr *c, const aisle_train_params *p)
{
    size_t nnz = (size_t)aisle_csr_nnz(c);
    const double settings[] = {
        p->factors,    p->iterations,   (double)p->als.a0,      (double)p->als.reg, (double)p->als.nu,
        p->als.solver, p->als.cg_steps, (double)p->init_scale,  p->validation,      p->patience,
        c->n_rows,     c->n_cols,       (double)p->item_damping};
    uint64_t h = aisle_hash64(settings, sizeof settings, p->seed);
    h = aisle_hash64(c->row_ptr, ((size_t)c->n_rows + 1) * sizeof *c->row_ptr, h);
    h = aisle_hash64(c->col, nnz * sizeof *c->col, h);
    return c->val ? aisle_hash64(c->val, nnz * sizeof *c->val, h) : h;
}
