// collect.c - see collect.h.
#include "twin/calibrate/collect.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"

struct ls_collect {
    const ls_plant *plant;
    uint64_t key;
    ls_collected *items;
    uint32_t count, capacity;
    uint32_t *slots;  // open addressing: index + 1
    uint32_t slot_count;
    bool failed;
    ls_collect_figures figures;
};

enum { SLOTS_FIRST = 256, OUTCOME_PASSED = 0, OUTCOME_SCRAPPED = 1, OUTCOME_REWORK = 2 };

ls_status ls_collect_create(const ls_plant *plant, uint64_t seed, ls_collect **out, ls_error *err) {
    ls_collect *c = ls_alloc(sizeof *c);
    uint32_t *slots = ls_alloc(SLOTS_FIRST * sizeof *slots);
    if (c == NULL || slots == NULL) {
        ls_free(c);
        ls_free(slots);
        return ls_fail(err, LS_ERR_MEMORY, "no memory to collect facts");
    }
    c->plant = plant;
    c->key = ls_random_key(seed, 0);
    c->slots = slots;
    c->slot_count = SLOTS_FIRST;
    *out = c;
    return LS_OK;
}

void ls_collect_destroy(ls_collect *collect) {
    if (collect == NULL) {
        return;
    }
    for (uint32_t i = 0; i < collect->count; i++) {
        ls_free(collect->items[i].heard.items);
        ls_free(collect->items[i].inferred.items);
    }
    ls_free(collect->items);
    ls_free(collect->slots);
    ls_free(collect);
}

static uint32_t hash(const ls_quantity_id *id) {
    const uint32_t words[8] = {(uint32_t)id->kind, id->step, id->machine, id->mode,
                               id->station,        id->from, id->to,      id->release};
    uint64_t h = 1469598103934665603ULL;
    for (int i = 0; i < 8; i++) {
        h = (h ^ words[i]) * 1099511628211ULL;
        h ^= h >> 29;
    }
    return (uint32_t)(h ^ (h >> 32));
}

static bool is_same(const ls_quantity_id *a, const ls_quantity_id *b) {
    return a->kind == b->kind && a->step == b->step && a->machine == b->machine &&
           a->mode == b->mode && a->station == b->station && a->from == b->from && a->to == b->to &&
           a->release == b->release;
}

static bool grow(ls_collect *c) {
    if (c->count == c->capacity) {
        const uint32_t capacity = c->capacity == 0 ? 64 : 2 * c->capacity;
        ls_collected *items = ls_realloc(c->items, capacity * sizeof *items);
        if (items == NULL) {
            return false;
        }
        c->items = items;
        c->capacity = capacity;
    }
    if (2 * (c->count + 1) <= c->slot_count) {
        return true;
    }
    const uint32_t slot_count = 2 * c->slot_count;
    uint32_t *slots = ls_alloc(slot_count * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        uint32_t at = hash(&c->items[i].id) & (slot_count - 1);
        while (slots[at] != 0) {
            at = (at + 1) & (slot_count - 1);
        }
        slots[at] = i + 1;
    }
    ls_free(c->slots);
    c->slots = slots;
    c->slot_count = slot_count;
    return true;
}

static ls_collected *get(ls_collect *c, const ls_quantity_id *id) {
    if (!grow(c)) {
        c->failed = true;
        return NULL;
    }
    uint32_t at = hash(id) & (c->slot_count - 1);
    while (c->slots[at] != 0) {
        if (is_same(&c->items[c->slots[at] - 1].id, id)) {
            return &c->items[c->slots[at] - 1];
        }
        at = (at + 1) & (c->slot_count - 1);
    }
    c->items[c->count] = (ls_collected){.id = *id};
    c->slots[at] = ++c->count;
    return &c->items[c->count - 1];
}

// Reservoir sampling (Vitter 1985, algorithm R).
static void add_time(ls_collect *c, ls_collected_times *times, const ls_fit_time *time) {
    const uint64_t number = times->offered++;
    if (number >= LS_COLLECT_MOST) {
        const double u = ls_random_uniform(c->key, 0, number);
        const uint64_t at = (uint64_t)(u * (double)(number + 1));
        if (at < times->count) {
            times->items[at] = *time;
        }
        return;
    }
    if (times->count == times->capacity) {
        const size_t capacity = times->capacity == 0 ? 32 : 2 * times->capacity;
        ls_fit_time *items = ls_realloc(times->items, capacity * sizeof *items);
        if (items == NULL) {
            c->failed = true;
            return;
        }
        times->items = items;
        times->capacity = capacity;
    }
    times->items[times->count++] = *time;
}

static void count_why(ls_collect_figures *f, const char *why) {
    f->useless++;
    uint32_t i = 0;
    while (i < f->reasons && strcmp(f->why[i], why) != 0) {
        i++;
    }
    if (i == f->reasons && i < sizeof f->why / sizeof f->why[0]) {
        f->why[f->reasons++] = why;
    }
    if (i < f->reasons) {
        f->why_count[i]++;
    }
}

// Scrap is drawn first, rework among what is left (twin/leave.h).
static void add_outcome(ls_collect *c, const ls_quantity_id *id, double value) {
    ls_collected *scrap = get(c, id);
    if (scrap == NULL) {
        return;
    }
    scrap->trials++;
    scrap->passed += value == OUTCOME_PASSED ? 1 : 0;
    scrap->hits += value == OUTCOME_SCRAPPED ? 1 : 0;
    if (value != OUTCOME_SCRAPPED && c->plant->steps[id->step].rework_to != LS_NONE) {
        ls_quantity_id other = *id;
        other.kind = LS_QUANTITY_REWORK;
        ls_collected *rework = get(c, &other);
        if (rework != NULL) {
            rework->trials++;
            rework->passed += value == OUTCOME_PASSED ? 1 : 0;
            rework->hits += value == OUTCOME_REWORK ? 1 : 0;
        }
    }
}

static void add_done(ls_collect *c, const ls_fact *fact) {
    if (fact->step >= c->plant->step_count) {
        return;
    }
    ls_quantity_id id = {LS_QUANTITY_SCRAP, fact->step, LS_NONE, LS_NONE,
                         LS_NONE,           LS_NONE,    LS_NONE, LS_NONE};
    for (int i = 0; i < 2; i++) {
        ls_collected *to = get(c, &id);
        if (to != NULL) {
            to->done++;
        }
        id.kind = LS_QUANTITY_REWORK;
        if (c->plant->steps[fact->step].rework_to == LS_NONE) {
            break;
        }
    }
}

void ls_collect_fact(void *collect, const ls_fact *fact) {
    ls_collect *c = collect;
    ls_quantity_id id;
    ls_fit_time time = {.censored = fact->censored};
    const char *why = NULL;
    if (fact->kind == LS_FACT_CAME || fact->kind == LS_FACT_POOL) {
        return;  // RELEASE says how long it was between two; what waits outside was put off
    }
    c->figures.facts++;
    if (fact->kind == LS_FACT_DONE) {
        add_done(c, fact);
        return;
    }
    if (!ls_quantity_of_fact(c->plant, fact, &id, &time.value, &time.entered, &why)) {
        count_why(&c->figures, why);
        return;
    }
    c->figures.used++;
    if (fact->kind == LS_FACT_OUTCOME) {
        add_outcome(c, &id, fact->value);
        return;
    }
    ls_collected *to = get(c, &id);
    if (to != NULL) {
        c->figures.inferred += fact->inferred ? 1 : 0;
        add_time(c, fact->inferred ? &to->inferred : &to->heard, &time);
    }
}

bool ls_collect_failed(const ls_collect *collect) {
    return collect->failed;
}

uint32_t ls_collect_count(const ls_collect *collect) {
    return collect->count;
}

const ls_collected *ls_collect_get(const ls_collect *collect, uint32_t index) {
    assert(index < collect->count);
    return &collect->items[index];
}

ls_collect_figures ls_collect_describe(const ls_collect *collect) {
    return collect->figures;
}
