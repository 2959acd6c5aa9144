/* Secrets of the shop: read, or made the first time. */
#include <sodium.h>
#include <string.h>

#include "server/store/learning.h"
#include "server/store/store_internal.h"

typedef struct secret_write {
    aisle_write base;
    const char *name;
    unsigned char value[AISLE_SECRET_BYTES];
} secret_write;

static aisle_status take_secret(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    secret_write *s = (secret_write *)w;
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SECRET_GET);
    aisle_stmt_cstr(&q, 1, s->name);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (row) { /* the table checks its length */
        memcpy(s->value, sqlite3_column_blob(q.stmt, 0), sizeof s->value);
        aisle_stmt_end(&q);
        return AISLE_OK;
    }
    randombytes_buf(s->value, sizeof s->value);
    q = aisle_stmt_begin(tx->db, AISLE_SQL_SECRET_ADD);
    aisle_stmt_cstr(&q, 1, s->name);
    aisle_stmt_blob(&q, 2, s->value, sizeof s->value);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_store_secret(aisle_store *s, const char *name, unsigned char out[AISLE_SECRET_BYTES],
                                aisle_error *err)
{
    secret_write w = {.base = {.run = take_secret}, .name = name};
    AISLE_TRY(aisle_store_write_now(s, &w.base, err));
    memcpy(out, w.value, AISLE_SECRET_BYTES);
    sodium_memzero(w.value, sizeof w.value);
    return AISLE_OK;
}
