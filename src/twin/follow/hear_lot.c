// hear_lot.c - what is told of lots: "LOT key=value ...".
#include <stdlib.h>

#include "twin/follow/instant.h"

typedef struct word {
    const char *at;
    size_t size;
} word;

static word next_word(const char **at, const char *end) {
    while (*at < end && **at == ' ') {
        (*at)++;
    }
    word w = {*at, 0};
    while (*at < end && **at != ' ') {
        (*at)++;
        w.size++;
    }
    return w;
}

static bool word_is(word w, const char *text) {
    return strlen(text) == w.size && memcmp(w.at, text, w.size) == 0;
}

// The value of "key=value"; size 0 when it is another key.
static word value_of(word w, const char *key) {
    const size_t length = strlen(key);
    word value = {w.at + length + 1, 0};
    if (w.size > length && memcmp(w.at, key, length) == 0 && w.at[length] == '=') {
        value.size = w.size - length - 1;
    }
    return value;
}

static int64_t number_of(word w) {
    char digits[24] = {0};
    memcpy(digits, w.at, w.size < sizeof digits - 1 ? w.size : sizeof digits - 1);
    return strtoll(digits, NULL, 10);
}

typedef struct lot_told {
    word name, release, product, step, station;
    int64_t due, priority;
    bool has_due, has_priority;
    bool pool;         // waits outside in its order pool
    int64_t until_us;  // ... which is shut until then, LS_NEVER: not said
} lot_told;

static lot_told read_told(const ls_heard *heard) {
    lot_told told = {0};
    const char *at = heard->text;
    const char *end = heard->text != NULL ? heard->text + heard->size : NULL;
    if (at == NULL) {
        return told;
    }
    told.name = next_word(&at, end);
    for (word w = next_word(&at, end); w.size > 0; w = next_word(&at, end)) {
        const word release = value_of(w, "class");
        const word product = value_of(w, "product");
        const word step = value_of(w, "step");
        const word station = value_of(w, "station");
        const word due = value_of(w, "due");
        const word priority = value_of(w, "priority");
        const word pool = value_of(w, "pool");
        told.release = release.size > 0 ? release : told.release;
        told.product = product.size > 0 ? product : told.product;
        told.step = step.size > 0 ? step : told.step;
        told.station = station.size > 0 ? station : told.station;
        if (due.size > 0) {
            told.has_due = true;
            told.due = number_of(due);
        }
        if (pool.size > 0) {
            told.pool = !word_is(pool, "no");
            told.until_us = number_of(pool) > 0 ? number_of(pool) : LS_NEVER;
        }
        if (priority.size > 0) {
            told.has_priority = true;
            told.priority = number_of(priority);
        }
    }
    return told;
}

// ---- names of the plant. Linear: plants have tens of them, and a signal asks once.

static uint32_t product_named(const ls_plant *plant, word name) {
    for (uint32_t i = 0; i < plant->product_count && name.size > 0; i++) {
        if (word_is(name, plant->products[i].name)) {
            return i;
        }
    }
    return LS_NO;
}

static uint32_t release_named(const ls_plant *plant, word name) {
    for (uint32_t i = 0; i < plant->release_count && name.size > 0; i++) {
        if (word_is(name, plant->releases[i].name)) {
            return i;
        }
    }
    return LS_NO;
}

static uint32_t station_named(const ls_plant *plant, word name) {
    for (uint32_t i = 0; i < plant->station_count && name.size > 0; i++) {
        if (word_is(name, plant->stations[i].name)) {
            return i;
        }
    }
    return LS_NO;
}

uint32_t ls_hear_step_named(const ls_core *core, uint32_t product, const char *name, size_t size) {
    const ls_plant *plant = core->plant;
    const word w = {name, size};
    if (product == LS_NO || size == 0) {
        return LS_NO;
    }
    const ls_product *p = &plant->products[product];
    for (uint32_t i = p->step_at; i < p->step_at + p->step_count; i++) {
        if (word_is(w, plant->steps[i].name)) {
            return i;
        }
    }
    return LS_NO;
}

static uint32_t release_of_product(const ls_plant *plant, uint32_t product) {
    for (uint32_t i = 0; i < plant->release_count; i++) {
        if (plant->releases[i].product == product) {
            return i;
        }
    }
    return LS_NO;
}

// The step at which a lot stands when it is heard of at a station: the one named, the one expected,
// the next ahead, or else the nearest behind. LS_NO: its route never comes here.
uint32_t ls_hear_step_at(const ls_core *core, uint32_t lot, uint32_t station, uint32_t hint) {
    const ls_ctx *c = &core->c;
    const ls_u32 now = c->lot[lot].step;
    const ls_product *p = &core->plant->products[c->steps[now].product];
    if (hint != LS_NO && c->steps[hint].station == station &&
        c->steps[hint].product == c->steps[now].product) {
        return hint;
    }
    if (c->steps[now].station == station) {
        return now;
    }
    for (ls_u32 s = now; s < p->step_at + p->step_count; s++) {
        if (c->steps[s].station == station) {
            return s;
        }
    }
    for (ls_u32 s = now; s > p->step_at; s--) {
        if (c->steps[s - 1].station == station) {
            return s - 1;
        }
    }
    return LS_NO;
}

// ---- lots

// A lot without a name that the one named here may be: of this class, at this step, lowest number.
static uint32_t nameless_at(const ls_core *core, uint32_t release, uint32_t step) {
    const ls_ctx *c = &core->c;
    uint32_t best = LS_NO;
    if (core->figures->invented == 0 && c->m->wip == 0) {
        return LS_NO;
    }
    const ls_m_station *st = c->stations + c->steps[step].station;
    for (ls_u32 q = 0; q < st->queue_count; q++) {
        const ls_s_queue *queue = c->queue + st->queue_at + q;
        for (ls_u32 lot = queue->count > 0 ? queue->head : LS_NO; lot != LS_NO;
             lot = c->lot[lot].next) {
            const bool fits = core->lots[lot].hash == 0 && c->lot[lot].step == step &&
                              (release == LS_NO || c->lot[lot].release == release);
            if (fits && (best == LS_NO || c->lot[lot].serial < c->lot[best].serial)) {
                best = lot;
            }
        }
    }
    return best;
}

static uint32_t nameless_in(const ls_core *core, uint32_t machine) {
    const ls_ctx *c = &core->c;
    for (ls_u32 lot = machine != LS_NO ? c->machine[machine].lots : LS_NO; lot != LS_NO;
         lot = c->lot[lot].next) {
        if (core->lots[lot].hash == 0) {
            return lot;
        }
    }
    return LS_NO;
}

static uint32_t lot_new(ls_core *core, ls_instant *in, uint32_t release, uint32_t step) {
    const uint32_t lot = ls_core_lot_make(core, release, step);
    if (lot == LS_NO) {
        ls_core_diverge(core, LS_DIVERGE_UNKNOWN, LS_NO, LS_NO,
                        "more lots than the plant's limit of %u", core->c.m->lots);
        return LS_NO;
    }
    ls_move *move = ls_instant_move(in, lot);
    if (move == NULL) {
        ls_core_remove(core, lot, false);
        return LS_NO;
    }
    move->fresh = true;
    move->release = release;
    ls_core_lot_heard(core, lot);
    ls_fact fact = ls_core_fact(core, LS_FACT_CAME);
    fact.release = release;
    fact.step = step;
    fact.lot = core->c.lot[lot].serial;
    ls_core_tell(core, &fact);
    return lot;
}

// It is heard of, but its release was not (at the plant's begin it is of then).
static void release_missed(ls_core *core, uint32_t lot) {
    if (core->c.now > 0) {
        core->lots[lot].doubt |= FOLLOW_DOUBT_RELEASE;
        core->releases[core->c.lot[lot].release].doubt = 1;
    }
}

// First step of a product at a station, or its first step.
static uint32_t step_of_product_at(const ls_core *core, uint32_t product, uint32_t station) {
    const ls_product *p = &core->plant->products[product];
    for (uint32_t s = p->step_at; s < p->step_at + p->step_count; s++) {
        if (core->plant->steps[s].station == station) {
            return s;
        }
    }
    return LS_NO;
}

uint32_t ls_hear_lot_at(ls_core *core, ls_instant *in, const char *name, size_t size,
                        uint32_t release, uint32_t machine, uint32_t station, uint32_t step,
                        bool birth) {
    uint32_t lot = ls_core_lot_find(core, name, size);
    if (lot != LS_NO) {
        ls_core_lot_heard(core, lot);
        core->lots[lot].inferred = 0;
        return lot;
    }
    lot = nameless_in(core, machine);
    for (uint32_t p = 0; lot == LS_NO && step == LS_NO && p < core->plant->product_count; p++) {
        step = release_of_product(core->plant, p) != LS_NO ? step_of_product_at(core, p, station)
                                                           : LS_NO;
    }
    if (lot == LS_NO && step == LS_NO) {
        ls_core_diverge(core, LS_DIVERGE_UNKNOWN, machine, station,
                        "lot '%.*s' is of no product that comes here", (int)size, name);
        return LS_NO;
    }
    if (lot == LS_NO && (release == LS_NO ||
                         core->plant->releases[release].product != core->c.steps[step].product)) {
        release = release_of_product(core->plant, core->c.steps[step].product);
    }
    lot = lot == LS_NO ? nameless_at(core, LS_NO, step) : lot;
    if (lot == LS_NO) {
        if (release == LS_NO) {
            return LS_NO;
        }
        if (!birth && core->plant->listen.lots_named == NULL) {
            ls_core_diverge(core, LS_DIVERGE_UNKNOWN, machine, station,
                            "lot '%.*s' was never released", (int)size, name);
        }
        lot = lot_new(core, in, release, step);
        if (lot == LS_NO) {
            return LS_NO;
        }
        release_missed(core, lot);
    }
    ls_core_lot_name(core, lot, name, size);
    ls_core_lot_heard(core, lot);
    core->lots[lot].inferred = 0;
    return lot;
}

// Counts towards the class's releases: several lots may be one.
static void count_release(ls_core *core, uint32_t release) {
    ls_ctx *c = &core->c;
    const ls_m_release *r = c->releases + release;
    ls_s_release *rs = c->release + release;
    ls_core_release *cr = &core->releases[release];
    const ls_m_order *orders = LS_MODEL_ARRAY(c->m, ls_m_order, order_at);
    uint32_t lots = r->lots;
    if (r->kind == LS_RELEASE_TIMETABLE) {
        lots = rs->next_order > r->order_at ? orders[rs->next_order - 1].lots : 1;
    } else if (r->kind == LS_RELEASE_KEEP) {
        lots = 1;
    }
    if (cr->since_us == c->now && cr->some < lots) {
        cr->some++;
        return;
    }
    if (cr->since_us != LS_NEVER) {
        ls_fact fact = ls_core_fact(core, LS_FACT_RELEASE);
        fact.value = (double)(c->now - cr->since_us);
        fact.release = release;
        fact.inferred = cr->doubt != 0;
        ls_core_tell(core, &fact);
    }
    cr->since_us = c->now;
    cr->some = 1;
    cr->doubt = 0;
    if (r->kind == LS_RELEASE_TIMETABLE) {
        rs->next_order += rs->next_order < r->order_at + r->order_count;
    } else if (r->kind == LS_RELEASE_EVERY) {
        rs->left -= rs->left > 0;
        rs->total = rs->left > 0 ? FOLLOW_ENDLESS : LS_NEVER;
        rs->since = c->now;
    }
}

// A birth names a lot that is known: it is somewhere, and on its way if nothing else is told of it.
static void born(ls_core *core, ls_instant *in, uint32_t lot, const lot_told *told) {
    const uint32_t product = core->c.steps[core->c.lot[lot].step].product;
    const uint32_t step = ls_hear_step_named(core, product, told->step.at, told->step.size);
    ls_move *move = ls_instant_move(in, lot);
    if (move != NULL && step != LS_NO) {
        move->birth = true;
        move->born = step + 1;
    }
}

// Told with `pool=` it waits outside; told again without, it has come in.
static void hear_pool(ls_core *core, ls_instant *in, uint32_t lot, const lot_told *told) {
    const ls_lot *of = core->c.lot + lot;
    ls_move *move = core->c.releases[of->release].pool != 0 ? ls_instant_move(in, lot) : NULL;
    if (move == NULL) {
        return;
    }
    move->pool = told->pool;  // the last word of a moment counts
    move->enters = !told->pool && of->where == LS_LOT_POOL;
    if (told->pool) {
        core->releases[of->release].until_us = told->until_us;
    }
}

static void hear_released(ls_core *core, ls_instant *in, const ls_heard *heard,
                          const lot_told *told) {
    const ls_plant *plant = core->plant;
    uint32_t lot = ls_core_lot_find(core, told->name.at, told->name.size);
    uint32_t release = release_named(plant, told->release);
    uint32_t product = product_named(plant, told->product);
    if (release == LS_NO) {
        release = release_of_product(plant, product != LS_NO || plant->release_count == 0
                                                ? product
                                                : plant->releases[0].product);
    }
    if (lot == LS_NO && release == LS_NO) {
        ls_core_diverge(core, LS_DIVERGE_UNKNOWN, LS_NO, LS_NO,
                        "lot '%.*s' is of no product or class of the plant", (int)told->name.size,
                        told->name.at);
        return;
    }
    if (lot != LS_NO && heard->birth && product != LS_NO &&
        core->c.steps[core->c.lot[lot].step].product != product) {
        // Taken for another product when it was first named: the one in the plant is not it.
        ls_move *move = ls_instant_move(in, lot);
        if (move == NULL) {
            return;
        }
        move->kind = LS_MOVE_DONE;
        ls_core_lot_forget(core, lot);
        lot = LS_NO;
    }
    const bool known = lot != LS_NO;
    if (!known) {
        product = product != LS_NO ? product : plant->releases[release].product;
        uint32_t step = ls_hear_step_named(core, product, told->step.at, told->step.size);
        bool sure = true;
        if (told->step.size > 0 && step == LS_NO) {
            ls_core_diverge(core, LS_DIVERGE_UNKNOWN, LS_NO, LS_NO,
                            "lot '%.*s' at step '%.*s', which its product does not have",
                            (int)told->name.size, told->name.at, (int)told->step.size,
                            told->step.at);
        }
        step = step == LS_NO ? ls_core_route(core, plant->products[product].step_at, &sure) : step;
        step = step == LS_NO ? plant->products[product].step_at : step;
        lot = nameless_at(core, release, step);
        if (lot == LS_NO) {
            if (!heard->birth && ls_core_lot_is_gone(core, told->name.at, told->name.size)) {
                core->figures->unchanged++;
                return;
            }
            lot = lot_new(core, in, release, step);
            if (lot != LS_NO && heard->birth) {
                release_missed(core, lot);
                born(core, in, lot, told);
            }
            if (lot != LS_NO && !heard->birth) {
                core->figures->released++;
                count_release(core, release);
            }
        }
        if (lot == LS_NO) {
            return;
        }
        ls_core_lot_name(core, lot, told->name.at, told->name.size);
    } else {
        core->figures->unchanged += !heard->birth;
        if (heard->birth) {
            born(core, in, lot, told);
        }
    }
    in->lots_born |= heard->birth;
    ls_core_lot_heard(core, lot);
    core->lots[lot].inferred = 0;
    hear_pool(core, in, lot, told);
    if (told->has_due) {
        core->c.lot[lot].due = told->due > -(INT64_C(1) << 60) && told->due < INT64_C(1) << 60
                                   ? told->due
                                   : LS_NEVER;
    }
    if (told->has_priority) {
        core->c.lot[lot].priority = (ls_i32)(told->priority < -1000000  ? -1000000
                                             : told->priority > 1000000 ? 1000000
                                                                        : told->priority);
    }
}

static void hear_arrived(ls_core *core, ls_instant *in, const ls_heard *heard,
                         const lot_told *told) {
    const uint32_t station = station_named(core->plant, told->station);
    if (station == LS_NO) {
        ls_core_diverge(core, LS_DIVERGE_UNKNOWN, LS_NO, LS_NO,
                        "lot '%.*s' arrived at '%.*s', which is no station", (int)told->name.size,
                        told->name.at, (int)told->station.size, told->station.at);
        return;
    }
    uint32_t lot = ls_core_lot_find(core, told->name.at, told->name.size);
    if (lot == LS_NO && ls_core_lot_is_gone(core, told->name.at, told->name.size)) {
        core->figures->unchanged++;
        return;
    }
    const uint32_t product = lot != LS_NO ? core->c.steps[core->c.lot[lot].step].product
                                          : product_named(core->plant, told->product);
    uint32_t step = ls_hear_step_named(core, product, told->step.at, told->step.size);
    if (lot == LS_NO && step == LS_NO && product != LS_NO) {
        step = step_of_product_at(core, product, station);
    }
    lot = ls_hear_lot_at(core, in, told->name.at, told->name.size,
                         release_named(core->plant, told->release), LS_NO, station, step,
                         heard->birth);
    ls_move *move = lot != LS_NO ? ls_instant_move(in, lot) : NULL;
    core->figures->arrivals++;
    if (move != NULL && move->kind < LS_MOVE_MACHINE) {
        move->kind = LS_MOVE_QUEUE;
        move->station = station;
        move->step = ls_hear_step_named(core, core->c.steps[core->c.lot[lot].step].product,
                                        told->step.at, told->step.size);
        move->birth = heard->birth;
    }
}

static void hear_gone(ls_core *core, ls_instant *in, const ls_heard *heard, const lot_told *told) {
    const uint32_t lot = ls_core_lot_find(core, told->name.at, told->name.size);
    if (lot == LS_NO) {
        if (ls_core_lot_is_gone(core, told->name.at, told->name.size)) {
            core->figures->unchanged++;
        } else {
            ls_core_diverge(core, LS_DIVERGE_UNKNOWN, LS_NO, LS_NO,
                            "lot '%.*s' left the plant and was never in it", (int)told->name.size,
                            told->name.at);
        }
        return;
    }
    ls_core_lot_heard(core, lot);
    core->figures->ends++;
    ls_move *move = ls_instant_move(in, lot);
    if (move != NULL) {
        move->kind = heard->kind == LS_HEARD_DONE ? LS_MOVE_DONE : LS_MOVE_SCRAPPED;
    }
}

void ls_hear_lot(ls_core *core, ls_instant *in, const ls_heard *heard) {
    const lot_told told = read_told(heard);
    if (told.name.size == 0) {
        ls_core_diverge(core, LS_DIVERGE_UNKNOWN, LS_NO, LS_NO, "a lot without a name");
        return;
    }
    if (heard->kind == LS_HEARD_RELEASED) {
        hear_released(core, in, heard, &told);
    } else if (heard->kind == LS_HEARD_ARRIVED) {
        hear_arrived(core, in, heard, &told);
    } else {
        hear_gone(core, in, heard, &told);
    }
}
