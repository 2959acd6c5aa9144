/* External id -> dense id by a hash index that lies in the file. The seed is the file's: should the ids have
 * been chosen to collide, the writer takes the next seed, so that a look-up stays short. */
#include <string.h>

#include "cpu/model/model_file.h"

/* FNV-1a over the bytes, then the finaliser of MurmurHash3, since linear probing needs good low bits. */
static uint64_t hash_of(uint32_t seed, aisle_str id)
{
    uint64_t h = 14695981039346656037u ^ ((uint64_t)seed * 0x9E3779B97F4A7C15u);
    for (size_t i = 0; i < id.len; i++) h = (h ^ (unsigned char)id.ptr[i]) * 1099511628211u;
    h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCDu;
    h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53u;
    return h ^ (h >> 33);
}

int64_t model_index_slots(int64_t n)
{
    int64_t slots = 8;
    while (slots < 2 * n) slots *= 2;
    return slots;
}

model_ids model_ids_of(const struct aisle_model *m, bool users)
{
    return (model_ids){
        .n = m->dim[users ? DIM_USERS : DIM_ITEMS],
        .ends = model_data(m, users ? MODEL_USER_ID_ENDS : MODEL_ITEM_ID_ENDS),
        .bytes = model_data(m, users ? MODEL_USER_ID_BYTES : MODEL_ITEM_ID_BYTES),
        .n_slots = m->dim[users ? DIM_USER_SLOTS : DIM_ITEM_SLOTS],
        .slots = model_data(m, users ? MODEL_USER_ID_INDEX : MODEL_ITEM_ID_INDEX),
        .seed = m->hash_seed,
    };
}

aisle_str model_id(const model_ids *ids, int64_t i)
{
    return (aisle_str){ids->bytes + ids->ends[i], (size_t)(ids->ends[i + 1] - ids->ends[i])};
}

static int32_t find(const model_ids *ids, uint64_t hash, aisle_str id)
{
    uint64_t mask = (uint64_t)ids->n_slots - 1, at = hash;
    for (int probe = 0; probe < MODEL_MAX_PROBES; probe++, at++) {
        int32_t i = ids->slots[at & mask];
        if (i < 0) return -1;
        if (aisle_str_eq(model_id(ids, i), id)) return i;
    }
    return -1;
}

int32_t model_index_find(const model_ids *ids, aisle_str id)
{
    return find(ids, hash_of(ids->seed, id), id);
}

/* Slot, where the id lies, and the id are three waits, each for AT_ONCE of them together. Who has another slot than its first
 * waits alone. */
void model_index_find_all(const model_ids *ids, const aisle_str *id, int64_t n, int32_t *out)
{
    enum { AT_ONCE = 64 };
    const uint64_t mask = (uint64_t)ids->n_slots - 1;
    uint64_t hash[AT_ONCE];
    for (int64_t first = 0; first < n; first += AT_ONCE) {
        const int64_t end = n - first < AT_ONCE ? n - first : AT_ONCE;
        for (int64_t i = 0; i < end; i++) {
            hash[i] = hash_of(ids->seed, id[first + i]);
            __builtin_prefetch(&ids->slots[hash[i] & mask]);
        }
        for (int64_t i = 0; i < end; i++)
            if (ids->slots[hash[i] & mask] >= 0) __builtin_prefetch(&ids->ends[ids->slots[hash[i] & mask]]);
        for (int64_t i = 0; i < end; i++)
            if (ids->slots[hash[i] & mask] >= 0)
                __builtin_prefetch(ids->bytes + ids->ends[ids->slots[hash[i] & mask]]);
        for (int64_t i = 0; i < end; i++) out[first + i] = find(ids, hash[i], id[first + i]);
    }
}

bool model_index_build(const model_ids *ids, int32_t *slots, int64_t *twice)
{
    uint64_t mask = (uint64_t)ids->n_slots - 1;
    *twice = -1;
    memset(slots, -1, (size_t)ids->n_slots * sizeof *slots);
    for (int64_t i = 0; i < ids->n; i++) {
        aisle_str id = model_id(ids, i);
        uint64_t at = hash_of(ids->seed, id);
        int probe = 0;
        for (; probe < MODEL_MAX_PROBES && slots[at & mask] >= 0; probe++, at++)
            if (aisle_str_eq(model_id(ids, slots[at & mask]), id)) {
                *twice = i;
                return false;
            }
        if (probe == MODEL_MAX_PROBES) return false;
        slots[at & mask] = (int32_t)i;
    }
    return true;
}
