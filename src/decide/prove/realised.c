// realised.c - see realised.h.
#include "decide/prove/realised.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "twin/model.h"

void ls_realised_clear(ls_realised *r) {
    ls_free(r->items);
    memset(r, 0, sizeof *r);
}

ls_status ls_realised_add(ls_realised *r, ls_realised_kind kind, uint64_t key, int64_t value,
                          bool censored, ls_error *err) {
    if (r->count == r->capacity) {
        const size_t capacity = r->capacity == 0 ? 256 : 2 * r->capacity;
        ls_realised_value *grown = ls_realloc(r->items, capacity * sizeof *grown);
        if (grown == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu durations", capacity);
        }
        r->items = grown;
        r->capacity = capacity;
    }
    r->items[r->count] = (ls_realised_value){.kind = kind,
                                             .key = key,
                                             .order = (uint32_t)r->count,
                                             .censored = censored,
                                             .value = value};
    r->count++;
    r->sorted = false;
    return LS_OK;
}

static bool names_mode(const ls_twin *twin, const ls_fact *fact, uint64_t *out_mode) {
    const ls_model *m = twin->model;
    if (fact->machine >= m->machines) {
        return false;
    }
    const ls_m_machine *machine = LS_MODEL_ARRAY(m, ls_m_machine, machine_at) + fact->machine;
    *out_mode = (uint64_t)machine->mode_at + fact->mode;
    return fact->mode < machine->mode_count;
}

static ls_status add_lot(ls_realised *r, const ls_fact *fact, ls_error *err) {
    const ls_status status = ls_realised_add(r, LS_REALISED_RELEASE, fact->release, fact->time_us,
                                             false, err);
    return status == LS_OK
               ? ls_realised_add(r, LS_REALISED_CAME, fact->release, (int64_t)fact->lot, false, err)
               : status;
}

ls_status ls_realised_fact(ls_realised *r, const ls_twin *twin, const ls_fact *fact,
                           ls_error *err) {
    const int64_t value = (int64_t)(fact->value + 0.5);
    uint64_t mode = 0;
    switch (fact->kind) {
    case LS_FACT_PROCESS:
        if (fact->lagged || fact->lot > UINT32_MAX || fact->step >= twin->model->steps) {
            return LS_OK;
        }
        return ls_realised_add(r, LS_REALISED_PROCESS,
                               ls_realised_operation((uint32_t)fact->lot, fact->step), value,
                               fact->censored, err);
    case LS_FACT_CAME:
        return fact->lot > UINT32_MAX || fact->release >= twin->model->releases
                   ? LS_OK
                   : add_lot(r, fact, err);
    case LS_FACT_POOL:
        return fact->release >= twin->model->releases
                   ? LS_OK
                   : ls_realised_add(r, fact->value > 0.0 ? LS_REALISED_WAITS : LS_REALISED_ENTERS,
                                     fact->release, fact->time_us, false, err);
    case LS_FACT_FAILURE:
    case LS_FACT_REPAIR:
        return !names_mode(twin, fact, &mode)
                   ? LS_OK
                   : ls_realised_add(
                         r,
                         fact->kind == LS_FACT_FAILURE ? LS_REALISED_FAILURE : LS_REALISED_REPAIR,
                         mode, value, fact->censored, err);
    case LS_FACT_RELEASE:  // of several lots at a time one, and not the first: CAME has them all
    case LS_FACT_SETUP:
    case LS_FACT_TRANSPORT:
    case LS_FACT_OUTCOME:
    case LS_FACT_DONE:
    case LS_FACT_KIND_COUNT: break;
    }
    return LS_OK;
}

static int by_key(const void *a, const void *b) {
    const ls_realised_value *x = a;
    const ls_realised_value *y = b;
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->order > y->order) - (x->order < y->order);
}

void ls_realised_close(ls_realised *r) {
    if (!r->sorted && r->count > 0) {
        qsort(r->items, r->count, sizeof *r->items, by_key);
    }
    r->sorted = true;
}

size_t ls_realised_find(const ls_realised *r, ls_realised_kind kind, uint64_t key) {
    size_t low = 0;
    size_t high = r->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const ls_realised_value *v = &r->items[middle];
        if (v->kind < kind || (v->kind == kind && v->key < key)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < r->count && r->items[low].kind == kind && r->items[low].key == key ? low
                                                                                    : r->count;
}
