// reference.c - see reference.h. Written to be read beside it; speed is no aim.
#include "twin/testing/reference.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "plant/sample.h"

#define NEVER INT64_MAX
#define ARRAY(model, type, at) ((const type *)(const void *)((const char *)(model) + (model)->at))
#define LS_REF_NOBODY UINT32_MAX

typedef enum where {
    WAITING,
    IN_MACHINE,
    LAGGING,
    CARRIED,
    OUTSIDE,
    POOLED,
    LEAVING,
    LEFT,
    GONE
} where;
typedef enum phase { NOTHING, SETUP, LOAD, RUN, UNLOAD } phase;

typedef struct lot {
    int64_t released, due, arrived;
    int64_t when;      // its own event
    int64_t lag_left;  // of a lag that stands still
    uint32_t step, release, machine;
    int32_t priority;
    where where;
    uint64_t order;     // in its machine: when it was taken
    uint32_t reserved;  // lagging: station in which its place is reserved, + 1
    uint64_t asked;     // when it asked for room, 0: it does not
    double random;
    uint32_t *machine_of;  // per step of the plant: local machine + 1 that did it last
    uint32_t *reworks;     // per step
    int64_t *deadline;     // per queue-time limit of the plant
} lot;

typedef struct machine {
    uint32_t station, local;
    bool idle;
    phase phase;
    int64_t end;          // of the running phase; NEVER: it stands still or nothing runs
    int64_t left, total;  // of a phase that stands still; its whole length
    int64_t lag;
    uint32_t step;
    uint32_t setup, setup_to;  // state + 1
    uint64_t run;
    uint32_t mode;         // active, + 1, counted within the machine
    uint32_t pool, skill;  // of the operator it holds, + 1
    uint64_t asked;        // waits for an operator since
    uint32_t reserved;     // station + 1
    uint32_t mode_at, mode_count;
    bool stopped, held;
    int64_t held_until;
    uint32_t chosen;          // number of a lot + 1
    bool pure;                // its batch is of its product alone
    double told, told_error;  // how long its work takes; 0: nothing is told
    int64_t times[LS_STATE_COUNT];
} machine;

typedef struct mode {
    const ls_failure *f;
    uint32_t machine, stream, repair_stream;
    int64_t when;
    int64_t left;  // of a busy clock
    int64_t running_since;
    uint64_t count, count_at;
    int64_t over;  // overshoot of a count
    int64_t due, interval;
    bool active, pending;
    uint64_t asked;  // for its crew
} mode;

typedef struct station {
    bool off;
    ls_reference_station totals;
} station;

typedef struct release {
    int64_t when, left;
    int64_t level, over;  // CONWIP: lots kept; so many of those inside have no successor
    uint32_t next_order;
    int64_t put_off;  // order pool: nothing comes in before
    ls_reference_class totals;
} release;

typedef struct calendar {
    int64_t when, base;
    uint32_t at;
    bool on;
} calendar;

typedef struct pool {
    uint32_t busy, people;
    bool on;
} pool;

struct ls_reference {
    const ls_plant *plant;
    const ls_model *model;
    uint64_t key;
    int64_t now;
    uint32_t product;    // + 1: lots of no other are looked at
    uint64_t *position;  // per stream
    lot *lots;
    uint32_t lot_count, lot_capacity;
    uint32_t *alive;  // numbers of the lots in the plant, rising
    uint32_t alive_count;
    machine *machines;
    mode *modes;
    uint32_t mode_count;
    station *stations;
    release *releases;
    calendar *calendars;
    pool *pools;
    uint32_t *crew_busy;
    uint32_t *agenda;
    uint32_t agenda_count;
    double *remaining;  // per step
    uint64_t clock;     // numbers everything that waits in some order
    bool operators_freed, full, no_memory;
    ls_trace_item *trace;
    size_t trace_count, trace_capacity;
};

// ---- numbers

static int64_t whole_us(double us) {
    return us < 9.0e18 ? (int64_t)(us + 0.5) : NEVER / 2;
}

static uint32_t stream_id(const ls_reference *r, uint32_t stream) {
    return ARRAY(r->model, ls_m_stream, stream_at)[stream].id;
}

static double draw(ls_reference *r, uint32_t stream, uint32_t dist_index) {
    const ls_dist *dist = &r->plant->dists[dist_index];
    if (dist->kind == LS_DIST_CONST) {
        return dist->p[0];
    }
    return ls_dist_sample(dist, r->plant->tables, r->key, stream_id(r, stream),
                          r->position[stream]++);
}

static double draw_uniform(ls_reference *r, uint32_t stream) {
    return ls_random_uniform(r->key, stream_id(r, stream), r->position[stream]++);
}

static double mean_of(const ls_reference *r, uint32_t dist) {
    return dist == LS_NONE ? 0.0 : ls_dist_mean(&r->plant->dists[dist], r->plant->tables);
}

static const ls_m_step *model_step(const ls_reference *r, uint32_t step) {
    return ARRAY(r->model, ls_m_step, step_at) + step;  // for its stream numbers only
}

static bool list_has(const ls_plant *plant, uint32_t at, uint32_t count, uint32_t value) {
    for (uint32_t i = 0; i < count; i++) {
        if (plant->indexes[at + i] == value) {
            return true;
        }
    }
    return count == 0;
}

static void note(ls_reference *r, uint32_t kind, uint32_t serial, uint32_t step, uint32_t at) {
    if (r->trace_count < r->trace_capacity) {
        r->trace[r->trace_count] = (ls_trace_item){r->now, kind, serial, step, at};
    }
    r->trace_count++;
}

// ---- questions about stations, each answered by looking at everything

static uint32_t parts_of(const ls_reference *r, uint32_t step) {
    return r->plant->products[r->plant->steps[step].product].parts;
}

static uint32_t waiting_at(const ls_reference *r, uint32_t s) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        const lot *l = &r->lots[r->alive[i]];
        count += l->where == WAITING && r->plant->steps[l->step].station == s;
    }
    return count;
}

static uint32_t coming_to(const ls_reference *r, uint32_t s) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        const lot *l = &r->lots[r->alive[i]];
        count += l->where == CARRIED && r->plant->steps[l->step].station == s;
    }
    for (uint32_t i = 0; i < r->alive_count; i++) {
        count += r->lots[r->alive[i]].reserved == s + 1;
    }
    for (uint32_t m = 0; m < r->plant->machine_count; m++) {
        count += r->machines[m].reserved == s + 1;
    }
    return count;
}

static uint32_t working_at(const ls_reference *r, uint32_t s) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        const lot *l = &r->lots[r->alive[i]];
        const bool inside = l->where == IN_MACHINE || l->where == LAGGING || l->where == LEFT;
        count += inside && r->machines[l->machine].station == s;
    }
    return count;
}

static uint32_t idle_at(const ls_reference *r, uint32_t s) {
    uint32_t count = 0;
    for (uint32_t m = 0; m < r->plant->machine_count; m++) {
        count += r->machines[m].station == s && r->machines[m].idle;
    }
    return count;
}

static lot *first_asking_for(const ls_reference *r, uint32_t s) {
    lot *first = NULL;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        lot *l = &r->lots[r->alive[i]];
        if (l->asked != 0 && r->plant->steps[l->step].station == s &&
            (first == NULL || l->asked < first->asked)) {
            first = l;
        }
    }
    return first;
}

static bool has_room(const ls_reference *r, uint32_t s) {
    const int64_t places = r->plant->stations[s].places;
    if (places < 0) {
        return true;
    }
    const int64_t waiting = waiting_at(r, s);
    const int64_t there = waiting + coming_to(r, s);
    return there < places || (waiting == 0 && there < places + idle_at(r, s));
}

static uint32_t lots_in(const ls_reference *r, uint32_t m) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        const lot *l = &r->lots[r->alive[i]];
        count += l->where == IN_MACHINE && l->machine == m;
    }
    return count;
}

static uint32_t parts_in(const ls_reference *r, uint32_t m) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        const lot *l = &r->lots[r->alive[i]];
        count += l->where == IN_MACHINE && l->machine == m ? parts_of(r, l->step) : 0;
    }
    return count;
}

// The lot of a machine that was taken next after `order`, NULL: none.
static lot *next_in(const ls_reference *r, uint32_t m, uint64_t order) {
    lot *next = NULL;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        lot *l = &r->lots[r->alive[i]];
        if (l->where == IN_MACHINE && l->machine == m && l->order > order &&
            (next == NULL || l->order < next->order)) {
            next = l;
        }
    }
    return next;
}

static uint32_t serial_of(const ls_reference *r, const lot *l) {
    return (uint32_t)(l - r->lots);
}

static void look_again(ls_reference *r, uint32_t s) {
    for (uint32_t i = 0; i < r->agenda_count; i++) {
        if (r->agenda[i] == s) {
            return;
        }
    }
    r->agenda[r->agenda_count++] = s;
}

static void room_made(ls_reference *r, uint32_t s) {
    if (r->plant->stations[s].places < 0) {
        return;
    }
    if (first_asking_for(r, s) != NULL) {
        look_again(r, s);
    }
    for (uint32_t i = 0; i < r->plant->station_count; i++) {
        if (r->plant->stations[i].blocking == LS_BLOCK_BEFORE) {
            look_again(r, i);
        }
    }
}

// ---- lots between stations

static void lot_gone(ls_reference *r, lot *l) {
    release *from = &r->releases[l->release];
    const uint32_t serial = serial_of(r, l);
    l->where = GONE;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        if (r->alive[i] != serial) {
            r->alive[kept++] = r->alive[i];
        }
    }
    r->alive_count = kept;
    if (r->plant->releases[l->release].kind == LS_RELEASE_KEEP) {
        if (from->over > 0) {
            from->over--;
        } else {
            from->left++;
            from->when = r->now;
        }
    }
}

static void lot_done(ls_reference *r, lot *l) {
    ls_reference_class *totals = &r->releases[l->release].totals;
    note(r, LS_TRACE_DONE, serial_of(r, l), l->step, LS_REF_NOBODY);
    totals->done++;
    totals->cycle_sum += r->now - l->released;
    if (l->due != NEVER) {
        totals->on_time += r->now <= l->due;
        totals->tardy_sum += r->now > l->due ? r->now - l->due : 0;
    }
    lot_gone(r, l);
}

static void lot_scrap(ls_reference *r, lot *l) {
    note(r, LS_TRACE_SCRAP, serial_of(r, l), l->step, LS_REF_NOBODY);
    r->releases[l->release].totals.scrapped++;
    lot_gone(r, l);
}

// In the queue; its order there is found when somebody looks.
static void lot_waits(ls_reference *r, lot *l) {
    const ls_step *step = &r->plant->steps[l->step];
    const ls_station *st = &r->plant->stations[step->station];
    l->where = WAITING;
    for (uint32_t i = 0; i < st->criterion_count; i++) {
        if (r->plant->criteria[st->criterion_at + i].rule == LS_RULE_RANDOM) {
            l->random = (double)(uint32_t)(draw_uniform(r, model_step(r, l->step)->stream) *
                                           4294967296.0);
            break;
        }
    }
    if (st->batch && step->batch_wait_us != LS_FOREVER) {
        const int64_t patience = l->arrived + step->batch_wait_us;
        l->when = patience > r->now ? patience : r->now;
    }
}

static void lot_arrives(ls_reference *r, lot *l) {
    l->arrived = r->now;
    note(r, LS_TRACE_ARRIVE, serial_of(r, l), l->step, LS_REF_NOBODY);
    lot_waits(r, l);
    look_again(r, r->plant->steps[l->step].station);
}

static uint32_t choose_alternative(ls_reference *r, uint32_t first) {
    const ls_step *step = &r->plant->steps[first];
    const uint32_t count = step->alternative_count + 1;
    if (step->choice == LS_CHOOSE_RANDOM) {
        const uint32_t k = (uint32_t)(draw_uniform(r, model_step(r, first)->stream) *
                                      (double)count);
        return first + (k < count ? k : count - 1);
    }
    uint32_t best = first;
    double least = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t s = r->plant->steps[first + i].station;
        const uint32_t there = waiting_at(r, s) + coming_to(r, s);
        if (step->choice == LS_CHOOSE_FIRST && there == 0 && idle_at(r, s) > 0) {
            return first + i;
        }
        const double load = (double)(there + working_at(r, s)) /
                            (double)r->plant->stations[s].machine_count;
        if (i == 0 || load < least) {
            least = load;
            best = first + i;
        }
    }
    return best;
}

static uint32_t route(ls_reference *r, uint32_t step) {
    while (step != LS_NONE) {
        const ls_step *at = &r->plant->steps[step];
        if (at->sample < 1.0 && draw_uniform(r, model_step(r, step)->stream) >= at->sample) {
            step = at->next;
        } else {
            return at->alternative_count > 0 ? choose_alternative(r, step) : step;
        }
    }
    return LS_NONE;
}

// from and to: areas, or area_count for outside.
static uint32_t transport(const ls_reference *r, uint32_t from, uint32_t to) {
    return r->plant->transport == NULL
               ? LS_NONE
               : r->plant->transport[from * (r->plant->area_count + 1) + to];
}

static void lot_carry(ls_reference *r, lot *l, uint32_t from) {
    const ls_station *st = &r->plant->stations[r->plant->steps[l->step].station];
    const uint32_t area = from == LS_NONE ? r->plant->area_count : r->plant->stations[from].area;
    const uint32_t way = transport(r, area, st->area);
    l->asked = 0;
    if (way == LS_NONE && st->transit == LS_NONE) {
        lot_arrives(r, l);
        return;
    }
    const uint32_t stream = model_step(r, l->step)->route_stream;
    double total = way == LS_NONE ? 0.0 : draw(r, stream, way);
    total += st->transit == LS_NONE ? 0.0 : draw(r, stream, st->transit);
    l->where = CARRIED;
    l->when = r->now + whole_us(total);
}

static void lot_out(ls_reference *r, lot *l, uint32_t from) {
    const uint32_t way = transport(r, r->plant->stations[from].area, r->plant->area_count);
    if (way == LS_NONE) {
        lot_done(r, l);
        return;
    }
    l->where = LEAVING;
    l->when = r->now + whole_us(draw(r, model_step(r, l->step)->route_stream, way));
}

static lot *lot_new(ls_reference *r, uint32_t from) {
    if (r->alive_count == r->model->lots) {
        r->full = true;
        return NULL;
    }
    if (r->lot_count == r->lot_capacity) {
        const uint32_t capacity = r->lot_capacity == 0 ? 256 : 2 * r->lot_capacity;
        lot *lots = ls_realloc(r->lots, capacity * sizeof(lot));
        if (lots == NULL) {
            r->full = true;
            return NULL;
        }
        r->lots = lots;
        r->lot_capacity = capacity;
    }
    const uint32_t serial = r->lot_count++;
    lot *l = &r->lots[serial];
    memset(l, 0, sizeof *l);
    l->machine_of = ls_alloc(r->plant->step_count * sizeof(uint32_t));
    l->reworks = ls_alloc(r->plant->step_count * sizeof(uint32_t));
    l->deadline = ls_alloc((r->plant->limit_count + 1) * sizeof(int64_t));
    assert(l->machine_of != NULL && l->reworks != NULL && l->deadline != NULL);
    for (uint32_t i = 0; i < r->plant->limit_count; i++) {
        l->deadline[i] = NEVER;
    }
    l->released = r->now;
    l->when = NEVER;
    l->where = OUTSIDE;
    l->release = from;
    r->alive[r->alive_count++] = serial;
    return l;
}

// The lot of a class that has waited longest in its order pool.
static lot *first_in_pool(ls_reference *r, uint32_t index) {
    for (uint32_t i = 0; i < r->alive_count; i++) {
        lot *l = &r->lots[r->alive[i]];
        if (l->where == POOLED && l->release == index) {
            return l;
        }
    }
    return NULL;
}

// Comes out of the order pool into the plant; its way is drawn now.
static void pool_enters(ls_reference *r, lot *l) {
    ls_reference_class *totals = &r->releases[l->release].totals;
    totals->pool_sum += r->now - l->released;
    totals->pool_entered++;
    l->when = NEVER;
    l->where = OUTSIDE;
    const uint32_t step = route(r, l->step);
    if (step == LS_NONE) {
        lot_done(r, l);
        return;
    }
    l->step = step;
    const uint32_t s = r->plant->steps[step].station;
    if (first_asking_for(r, s) == NULL && has_room(r, s)) {
        lot_carry(r, l, LS_NONE);
    } else {
        l->asked = ++r->clock;
    }
}

static void pool_opens(ls_reference *r, uint32_t index) {
    r->releases[index].put_off = 0;
    for (lot *l = first_in_pool(r, index); l != NULL; l = first_in_pool(r, index)) {
        pool_enters(r, l);
    }
}

// The first lot in the pool has the event of its end.
static void pool_event(ls_reference *r, uint32_t index) {
    const int64_t until = r->releases[index].put_off;
    lot *l = first_in_pool(r, index);
    if (l != NULL) {
        l->when = until < r->model->horizon ? until : NEVER;
    }
}

static void release_one(ls_reference *r, uint32_t index, uint32_t product, int64_t due,
                        int32_t priority) {
    const ls_release *from = &r->plant->releases[index];
    release *rel = &r->releases[index];
    const uint32_t first = r->plant->products[product].step_at;
    const bool shut = from->pool && (rel->put_off > r->now || first_in_pool(r, index) != NULL);
    const uint32_t step = shut ? LS_NONE : route(r, first);
    const uint32_t s = step == LS_NONE ? 0 : r->plant->steps[step].station;
    const bool room = step == LS_NONE || (first_asking_for(r, s) == NULL && has_room(r, s));
    if (from->lose && !room) {
        rel->totals.released++;
        rel->totals.lost++;
        note(r, LS_TRACE_LOST, LS_REF_NOBODY, first, LS_REF_NOBODY);
        return;
    }
    lot *l = lot_new(r, index);
    if (l == NULL) {
        return;
    }
    rel->totals.released++;
    l->due = due;
    l->priority = priority;
    if (due == LS_FOREVER && from->due != LS_NONE) {
        const ls_m_release *streams = ARRAY(r->model, ls_m_release, release_at) + index;
        l->due = r->now + whole_us(draw(r, streams->due_stream, from->due));
    }
    note(r, LS_TRACE_RELEASE, serial_of(r, l), first, LS_REF_NOBODY);
    l->step = first;
    if (shut) {
        l->where = POOLED;
        pool_event(r, index);
        return;
    }
    if (step == LS_NONE) {
        lot_done(r, l);
        return;
    }
    l->step = step;
    if (!room) {
        l->asked = ++r->clock;
    } else {
        lot_carry(r, l, LS_NONE);
    }
}

static void release_event(ls_reference *r, uint32_t index) {
    const ls_release *from = &r->plant->releases[index];
    release *rel = &r->releases[index];
    rel->when = NEVER;
    if (from->kind == LS_RELEASE_KEEP) {
        const int64_t owed = rel->left;
        rel->left = 0;
        for (int64_t i = 0; i < owed && !r->full; i++) {
            release_one(r, index, from->product, LS_FOREVER, from->priority);
        }
    } else if (from->kind == LS_RELEASE_TIMETABLE) {
        const ls_order *order = &r->plant->orders[from->order_at + rel->next_order];
        rel->next_order++;
        rel->when = rel->next_order < from->order_count ? order[1].time_us : NEVER;
        for (uint32_t i = 0; i < order->lots && !r->full; i++) {
            release_one(r, index, order->product, order->due_us, order->priority);
        }
    } else {
        rel->left--;
        if (rel->left > 0) {
            const ls_m_release *streams = ARRAY(r->model, ls_m_release, release_at) + index;
            rel->when = r->now + whole_us(draw(r, streams->stream, from->every));
        }
        for (uint32_t i = 0; i < from->lots && !r->full; i++) {
            release_one(r, index, from->product, LS_FOREVER, from->priority);
        }
    }
}

// ---- what a machine takes

// The time of the setup that a machine needs before a step, LS_NONE: none.
static uint32_t setup_before(const ls_reference *r, const machine *mc, const ls_step *step) {
    const ls_station *st = &r->plant->stations[mc->station];
    if (st->setup_count == 0 || step->setup == LS_NONE || step->setup + 1 == mc->setup) {
        return LS_NONE;
    }
    if (step->setup_time != LS_NONE) {
        return step->setup_time;
    }
    return r->plant->setup_matrix[st->matrix_at + mc->setup * st->setup_count + step->setup];
}

static bool continues(const ls_reference *r, const machine *mc, const ls_step *step) {
    const uint32_t min_run = r->plant->stations[mc->station].min_run;
    const bool other = step->setup != LS_NONE && step->setup + 1 != mc->setup;
    return !(other && mc->setup != 0 && mc->run < min_run);
}

static bool machine_may(const ls_reference *r, const machine *mc, const lot *l) {
    const ls_step *step = &r->plant->steps[l->step];
    const ls_machine *of =
        &r->plant->machines[r->plant->stations[mc->station].machine_at + mc->local];
    if (l->where != WAITING || step->station != mc->station ||
        !list_has(r->plant, step->on_at, step->on_count, mc->local) ||
        !list_has(r->plant, of->only_at, of->only_count, l->step)) {
        return false;
    }
    if (step->same_as != LS_NONE) {
        const uint32_t used = l->machine_of[step->same_as];
        return used == 0 || used == mc->local + 1;
    }
    return step->other_than == LS_NONE || l->machine_of[step->other_than] != mc->local + 1;
}

// blocking: before
static bool may_go_on(const ls_reference *r, const lot *l) {
    const ls_step *step = &r->plant->steps[l->step];
    return r->plant->stations[step->station].blocking != LS_BLOCK_BEFORE || step->next == LS_NONE ||
           has_room(r, r->plant->steps[step->next].station);
}

static double value_of(const ls_reference *r, const ls_criterion *k, const machine *mc,
                       const lot *l) {
    const ls_step *step = &r->plant->steps[l->step];
    const double undated = 9.0e18;
    int64_t deadline = NEVER;
    switch (k->rule) {
    case LS_RULE_FIFO: return (double)l->arrived;
    case LS_RULE_LIFO: return -(double)l->arrived;
    case LS_RULE_SPT: return ls_plant_step_mean_us(r->plant, l->step);
    case LS_RULE_LPT: return -ls_plant_step_mean_us(r->plant, l->step);
    case LS_RULE_EDD: return (double)l->due;
    case LS_RULE_SLACK:
        return l->due == NEVER ? undated : (double)l->due - (double)r->now - r->remaining[l->step];
    case LS_RULE_CR:
        return l->due == NEVER ? undated : (double)(l->due - r->now) / r->remaining[l->step];
    case LS_RULE_FBFS: return (double)step->number;
    case LS_RULE_LBFS: return -(double)step->number;
    case LS_RULE_SETUP: return mean_of(r, setup_before(r, mc, step));
    case LS_RULE_HOT: return -(double)l->priority;
    case LS_RULE_QUEUE_TIME:
        for (uint32_t i = 0; i < r->plant->limit_count; i++) {
            deadline = l->deadline[i] < deadline ? l->deadline[i] : deadline;
        }
        return (double)deadline;
    case LS_RULE_RANDOM: return l->random;
    case LS_RULE_NO_SETUP: return mean_of(r, setup_before(r, mc, step)) > 0.0 ? 1.0 : 0.0;
    case LS_RULE_WEIGHTED: break;
    }
    const double hour = 1.0 / 3.6e9;
    double sum = k->weights[LS_W_WAIT_H] * ((double)(r->now - l->arrived) * hour);
    sum += k->weights[LS_W_PRIORITY] * (double)l->priority;
    sum += k->weights[LS_W_SETUP_H] * (mean_of(r, setup_before(r, mc, step)) * hour);
    sum += k->weights[LS_W_PROCESS_H] * (ls_plant_step_mean_us(r->plant, l->step) * hour);
    sum += k->weights[LS_W_STEP] * (double)step->number;
    if (l->due != NEVER) {
        sum += k->weights[LS_W_SLACK_H] *
               (((double)(l->due - r->now) - r->remaining[l->step]) * hour);
        sum += k->weights[LS_W_LATE_H] * ((double)(r->now - l->due) * hour);
    }
    return -sum;
}

// Does a go before b at this machine? b may be NULL.
static bool goes_before(const ls_reference *r, const machine *mc, const lot *a, const lot *b) {
    if (b == NULL) {
        return true;
    }
    const ls_station *st = &r->plant->stations[mc->station];
    for (uint32_t i = 0; i < st->criterion_count; i++) {
        const ls_criterion *k = &r->plant->criteria[st->criterion_at + i];
        const double va = value_of(r, k, mc, a);
        const double vb = value_of(r, k, mc, b);
        if (va != vb) {
            return va < vb;
        }
    }
    return a->arrived < b->arrived || (a->arrived == b->arrived && a < b);
}

static bool in_family(const ls_reference *r, const lot *l, uint32_t family) {
    const ls_step *step = &r->plant->steps[l->step];
    return step->family_count > 0 &&
           list_has(r->plant, step->family_at, step->family_count, family);
}

static uint32_t size_of(const ls_reference *r, const lot *l) {
    return r->plant->stations[r->plant->steps[l->step].station].batch_parts ? parts_of(r, l->step)
                                                                            : 1;
}

static uint32_t of_step_in(const ls_reference *r, uint32_t m, uint32_t step) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        const lot *l = &r->lots[r->alive[i]];
        count += l->where == IN_MACHINE && l->machine == m && l->step == step;
    }
    return count;
}

// The best lot for a machine that holds some of its batch already; family LS_NONE: of all.
static lot *best_lot(const ls_reference *r, uint32_t m, uint32_t family) {
    const machine *mc = &r->machines[m];
    lot *best = NULL;
    for (uint32_t i = 0; i < r->alive_count; i++) {
        lot *l = &r->lots[r->alive[i]];
        if (!machine_may(r, mc, l) || (family != LS_NONE && !in_family(r, l, family)) ||
            !may_go_on(r, l)) {
            continue;
        }
        const ls_step *step = &r->plant->steps[l->step];
        if (r->product != 0 && step->product + 1 != r->product) {
            continue;
        }
        if (family != LS_NONE && step->batch_most != 0 &&
            of_step_in(r, m, l->step) >= step->batch_most) {
            continue;
        }
        if (best == NULL) {
            best = l;
            continue;
        }
        const bool here = continues(r, mc, step);
        const bool there = continues(r, mc, &r->plant->steps[best->step]);
        if (here != there ? here : goes_before(r, mc, l, best)) {
            best = l;
        }
    }
    return best;
}

// What a family offers: NULL, or its best lot; *out_full: it fills the machine.
static lot *family_offer(const ls_reference *r, uint32_t m, uint32_t family, bool *out_full) {
    const machine *mc = &r->machines[m];
    lot *best = best_lot(r, m, family);
    if (best == NULL) {
        return NULL;
    }
    uint32_t size = 0;
    bool overdue = false;
    for (uint32_t s = 0; s < r->plant->step_count; s++) {
        const ls_step *step = &r->plant->steps[s];
        uint32_t lots = 0;
        uint32_t each = 0;
        for (uint32_t i = 0; i < r->alive_count; i++) {
            const lot *l = &r->lots[r->alive[i]];
            if (l->step == s && machine_may(r, mc, l) && in_family(r, l, family) &&
                may_go_on(r, l)) {
                lots++;
                each = size_of(r, l);
                overdue |= step->batch_wait_us != LS_FOREVER &&
                           r->now - l->arrived >= step->batch_wait_us;
            }
        }
        size += each * (step->batch_most != 0 && lots > step->batch_most ? step->batch_most : lots);
    }
    *out_full = size >= r->plant->steps[best->step].batch_max;
    return size >= r->plant->steps[best->step].batch_min || overdue ? best : NULL;
}

static lot *best_batch(const ls_reference *r, uint32_t m, uint32_t *out_family) {
    const machine *mc = &r->machines[m];
    const bool prefer_full = r->plant->stations[mc->station].batch_prefer == LS_BATCH_FULL;
    uint32_t families = 0;
    for (uint32_t s = 0; s < r->plant->step_count; s++) {
        const ls_step *step = &r->plant->steps[s];
        for (uint32_t i = 0; i < step->family_count && step->station == mc->station; i++) {
            const uint32_t family = r->plant->indexes[step->family_at + i];
            families = family + 1 > families ? family + 1 : families;
        }
    }
    lot *best = NULL;
    bool best_full = false;
    bool best_continues = false;
    for (uint32_t f = 0; f < families; f++) {
        bool full = false;
        lot *l = family_offer(r, m, f, &full);
        if (l == NULL) {
            continue;
        }
        const bool on = continues(r, mc, &r->plant->steps[l->step]);
        const bool before = best == NULL                       ? true
                            : on != best_continues             ? on
                            : prefer_full && full != best_full ? full
                                                               : goes_before(r, mc, l, best);
        if (before) {
            best = l;
            best_full = full;
            best_continues = on;
            *out_family = f;
        }
    }
    return best;
}

static uint32_t least_setup_machine(const ls_reference *r, uint32_t m, const lot *l) {
    const ls_step *step = &r->plant->steps[l->step];
    uint32_t best = m;
    for (uint32_t i = 0; i < r->plant->machine_count; i++) {
        const machine *other = &r->machines[i];
        if (other->idle && machine_may(r, other, l) &&
            mean_of(r, setup_before(r, other, step)) <
                mean_of(r, setup_before(r, &r->machines[best], step))) {
            best = i;
        }
    }
    return best;
}

// ---- operators

static bool needs_in(const ls_need *need, phase at) {
    return at == SETUP  ? need->setup
           : at == LOAD ? need->load
           : at == RUN  ? need->process
                        : need->unload;
}

// Load and unload are phases of their own.
static bool is_split(const ls_reference *r, uint32_t s) {
    const ls_station *st = &r->plant->stations[s];
    bool load = false;
    bool process = false;
    bool unload = false;
    for (uint32_t i = 0; i < st->need_count; i++) {
        const ls_need *need = &r->plant->needs[st->need_at + i];
        load |= need->load;
        process |= need->process;
        unload |= need->unload;
    }
    return st->ports < 2 && (load || process || unload) &&
           (load != process || unload != process || st->need_count > 1);
}

static void operator_give(ls_reference *r, machine *mc) {
    if (mc->pool != 0) {
        r->pools[mc->pool - 1].busy--;
        mc->pool = 0;
        r->operators_freed = true;
    }
}

static bool operator_found(ls_reference *r, machine *mc, phase at) {
    const ls_station *st = &r->plant->stations[mc->station];
    for (uint32_t i = 0; i < st->need_count; i++) {
        const ls_need *need = &r->plant->needs[st->need_at + i];
        if (!needs_in(need, at)) {
            continue;
        }
        if (mc->pool != 0 && mc->skill == need->skill) {
            return true;
        }
        operator_give(r, mc);
        for (uint32_t p = 0; p < r->plant->operators_count; p++) {
            const ls_operators *o = &r->plant->operators[p];
            const bool knows = o->skill_count > 0 &&
                               list_has(r->plant, o->skill_at, o->skill_count, need->skill);
            if (knows && r->pools[p].on && r->pools[p].busy < r->pools[p].people) {
                r->pools[p].busy++;
                mc->pool = p + 1;
                mc->skill = need->skill;
                return true;
            }
        }
        return false;
    }
    operator_give(r, mc);
    return true;
}

// ---- phases

static bool is_paused(const ls_reference *r, const machine *mc) {
    return mc->mode != 0 || mc->stopped ||
           (r->stations[mc->station].off &&
            r->plant->stations[mc->station].shift_end == LS_SHIFT_PAUSE);
}

static bool is_busy_clock(const mode *k) {
    return k->f->by == LS_FAIL_BUSY && !k->f->maintenance;
}

static void phase_go(ls_reference *r, machine *mc) {
    mc->end = r->now + mc->left;
    for (uint32_t i = 0; i < mc->mode_count && mc->phase != SETUP; i++) {
        mode *k = &r->modes[mc->mode_at + i];
        if (is_busy_clock(k)) {
            k->running_since = r->now;
            k->when = r->now + k->left < mc->end ? r->now + k->left : NEVER;
        }
    }
}

static void busy_clocks_stop(ls_reference *r, machine *mc) {
    for (uint32_t i = 0; i < mc->mode_count; i++) {
        mode *k = &r->modes[mc->mode_at + i];
        if (is_busy_clock(k) && k->running_since != NEVER) {
            k->left -= r->now - k->running_since;
            k->running_since = NEVER;
            k->when = NEVER;
        }
    }
}

static void phase_halt(ls_reference *r, machine *mc) {
    if (mc->end != NEVER) {
        mc->left = mc->end - r->now;
        mc->end = NEVER;
        busy_clocks_stop(r, mc);
    }
}

static void lags_halt(ls_reference *r, uint32_t m, bool spare_now) {
    for (uint32_t i = 0; i < r->alive_count; i++) {
        lot *l = &r->lots[r->alive[i]];
        const bool spared = spare_now && l->when == r->now;
        if (l->where == LAGGING && l->machine == m && l->when != NEVER && !spared) {
            l->lag_left = l->when - r->now;
            l->when = NEVER;
        }
    }
}

static void lags_go(ls_reference *r, uint32_t m) {
    for (uint32_t i = 0; i < r->alive_count; i++) {
        lot *l = &r->lots[r->alive[i]];
        if (l->where == LAGGING && l->machine == m && l->when == NEVER) {
            l->when = r->now + l->lag_left;
        }
    }
}

static double slowness_now(const ls_reference *r, const machine *mc, const ls_station *st) {
    const double speed = r->plant->machines[st->machine_at + mc->local].speed;
    if (mc->told == 0.0) {
        return 1.0 / speed;
    }
    const ls_condition *by = &r->plant->conditions[st->slowness];
    double told = mc->told;
    if (mc->told_error > 0.0) {
        const uint32_t stream =
            (ARRAY(r->model, ls_m_machine, machine_at) + st->machine_at + mc->local)->stream;
        const double u = ls_random_uniform(r->key, stream_id(r, stream), (uint64_t)1 << 52);
        const double off = told + mc->told_error * ls_normal_quantile(u + 0x1p-53);
        told = off > 0.1 * told ? off : 0.1 * told;
    }
    return 1.0 / speed * told * ((by->per_speed ? speed : 1.0) / by->nominal);
}

static int64_t run_length(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    const ls_step *step = &r->plant->steps[mc->step];
    const ls_station *st = &r->plant->stations[mc->station];
    const double slowness = slowness_now(r, mc, st);
    const double parts = parts_in(r, m);
    const uint32_t dist = step->machine_process_at == LS_NONE
                              ? step->process
                              : r->plant->indexes[step->machine_process_at + mc->local];
    const double once = draw(r, (ARRAY(r->model, ls_m_machine, machine_at) + m)->stream, dist) *
                        slowness;
    const double cascade = (double)step->cascade_us * slowness;
    double lots = 0.0;  // from the beginning to the lots' end
    double hold = 0.0;  // how long the machine takes nothing else
    if (step->per == LS_PER_PART) {
        lots = step->cascade_us > 0 ? once + cascade * (parts - 1.0) : once * parts;
        hold = step->cascade_us > 0 ? cascade * parts : lots;
    } else {
        lots = step->per == LS_PER_BATCH ? once : once * (double)lots_in(r, m);
        hold = step->cascade_us > 0 ? cascade : lots;
    }
    const double loading = (double)(step->load_us + step->unload_us);
    const double lag = lots + (st->ports > 1 ? loading : 0.0) - hold;
    mc->lag = lag > 0.5 ? whole_us(lag) : 0;
    return whole_us(st->ports < 2 && !is_split(r, mc->station) ? hold + loading : hold);
}

static void phase_begin(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    const ls_step *step = &r->plant->steps[mc->step];
    mc->end = NEVER;
    if (!operator_found(r, mc, mc->phase)) {
        mc->asked = ++r->clock;
        return;
    }
    if (mc->phase == SETUP) {
        const uint32_t dist = setup_before(r, mc, step);
        mc->total = whole_us(
            draw(r, (ARRAY(r->model, ls_m_machine, machine_at) + m)->setup_stream, dist));
    } else if (mc->phase == LOAD) {
        mc->total = step->load_us;
    } else if (mc->phase == UNLOAD) {
        mc->total = step->unload_us;
    } else {
        mc->total = run_length(r, m);
    }
    mc->left = mc->total;
    if (!is_paused(r, mc)) {
        phase_go(r, mc);
    }
}

static phase phase_after(const ls_reference *r, const machine *mc) {
    const ls_step *step = &r->plant->steps[mc->step];
    const bool split = is_split(r, mc->station);
    if (mc->phase == SETUP || mc->phase == NOTHING) {
        return split && step->load_us > 0 ? LOAD : RUN;
    }
    if (mc->phase == LOAD) {
        return RUN;
    }
    return mc->phase == RUN && split && step->unload_us > 0 ? UNLOAD : NOTHING;
}

static void take(ls_reference *r, uint32_t m, lot *l) {
    ls_reference_station *totals = &r->stations[r->machines[m].station].totals;
    const int64_t wait = r->now - l->arrived;
    totals->wait_sum += wait;
    totals->wait_max = wait > totals->wait_max ? wait : totals->wait_max;
    totals->started++;
    l->when = NEVER;
    l->where = IN_MACHINE;
    l->machine = m;
    l->arrived = r->now;
    l->order = ++r->clock;
}

static void lot_started(ls_reference *r, const machine *mc, lot *l) {
    l->machine_of[l->step] = mc->local + 1;
    const ls_step *step = &r->plant->steps[l->step];
    const ls_product *product = &r->plant->products[step->product];
    for (uint32_t s = product->step_at; s < product->step_at + product->step_count; s++) {
        for (uint32_t i = 0; i < r->plant->steps[s].limit_count; i++) {
            const uint32_t limit = r->plant->steps[s].limit_at + i;
            const uint32_t to = r->plant->queue_limits[limit].to;
            if (r->plant->steps[to].number == step->number && l->deadline[limit] != NEVER) {
                r->releases[l->release].totals.late_limits += r->now > l->deadline[limit];
                l->deadline[limit] = NEVER;
            }
        }
    }
}

static void machine_start(ls_reference *r, uint32_t m, lot *first, uint32_t family) {
    machine *mc = &r->machines[m];
    const uint32_t s = mc->station;
    mc->idle = false;
    mc->step = first->step;
    mc->lag = 0;
    if (family == LS_NONE) {
        take(r, m, first);
    } else {
        const uint32_t max = r->plant->steps[first->step].batch_max;
        uint32_t size = 0;
        lot *l = first;
        if (mc->pure && mc->chosen != 0 && &r->lots[mc->chosen - 1] == first) {
            r->product = r->plant->steps[first->step].product + 1;
        }
        while (l != NULL && (size == 0 || size + size_of(r, l) <= max)) {
            take(r, m, l);
            size += size_of(r, l);
            l = size < max ? best_lot(r, m, family) : NULL;
        }
        r->product = 0;
    }
    for (lot *l = next_in(r, m, 0); l != NULL; l = next_in(r, m, l->order)) {
        note(r, LS_TRACE_START, serial_of(r, l), l->step, m);
        lot_started(r, mc, l);
    }
    const uint32_t next = r->plant->steps[mc->step].next;
    if (r->plant->stations[s].blocking == LS_BLOCK_BEFORE && next != LS_NONE) {
        mc->reserved = r->plant->steps[next].station + 1;
    }
    room_made(r, s);
    const ls_step *step = &r->plant->steps[mc->step];
    mc->phase = NOTHING;
    mc->phase = phase_after(r, mc);
    if (r->plant->stations[s].setup_count > 0) {
        if (step->setup == LS_NONE && r->plant->stations[s].setup_clears) {
            mc->setup = 0;
            mc->run = 0;
        } else if (step->setup != LS_NONE && step->setup + 1 != mc->setup) {
            mc->setup_to = step->setup + 1;
            if (setup_before(r, mc, step) != LS_NONE) {
                mc->phase = SETUP;
                r->stations[s].totals.setups++;
            } else {
                mc->setup = mc->setup_to;
                mc->run = 0;
            }
        }
    }
    phase_begin(r, m);
}

// ---- the end of an operation

static void mode_start(ls_reference *r, uint32_t m, uint32_t k);

static void machine_free(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    mc->phase = NOTHING;
    if (mc->mode != 0) {
        return;
    }
    for (uint32_t k = 0; k < mc->mode_count; k++) {
        if (r->modes[mc->mode_at + k].pending) {
            mode_start(r, m, k);
            return;
        }
    }
    const bool held = mc->held && r->now < mc->held_until;
    if (!r->stations[mc->station].off && !mc->stopped && !held) {
        mc->idle = true;
        look_again(r, mc->station);
        room_made(r, mc->station);
    }
}

// The step after the one a lot has done. *out_scrap: none, it is thrown away; *out_bad: scrap or
// rework.
static uint32_t next_step(ls_reference *r, lot *l, bool *out_scrap, bool *out_bad) {
    const ls_step *step = &r->plant->steps[l->step];
    const uint32_t stream = model_step(r, l->step)->stream;
    if (step->scrap > 0.0 && draw_uniform(r, stream) < step->scrap) {
        *out_scrap = *out_bad = true;
        return LS_NONE;
    }
    for (uint32_t i = 0; i < step->limit_count; i++) {
        l->deadline[step->limit_at + i] = r->now +
                                          r->plant->queue_limits[step->limit_at + i].limit_us;
    }
    uint32_t *done = &l->reworks[l->step];
    if (step->rework > 0.0 && step->rework_to != LS_NONE && !(step->rework_once && *done > 0)) {
        const bool again = draw_uniform(r, stream) < step->rework;
        const bool allowed = step->rework_limit == 0 || *done < step->rework_limit;
        if (again && allowed) {
            (*done)++;
            r->releases[l->release].totals.reworked++;
            *out_bad = true;
            return step->rework_to;
        }
        if (again && step->rework_scrap) {
            *out_scrap = *out_bad = true;
            return LS_NONE;
        }
        if (!again && step->rework_once) {
            *done = 1;
        }
    }
    if (step->branch_count > 0) {
        double u = draw_uniform(r, stream);
        for (uint32_t i = 0; i + 1 < step->branch_count; i++) {
            const ls_branch *branch = &r->plant->branches[step->branch_at + i];
            if (u < branch->chance) {
                return branch->step;
            }
            u -= branch->chance;
        }
        return r->plant->branches[step->branch_at + step->branch_count - 1].step;
    }
    return step->next;
}

// Queue-time limits of a lot that leaves the order of its route: over when it passes by the step at
// which they end, or goes back to or behind the one at which they began.
static void limits_lapse(const ls_reference *r, lot *l, uint32_t next) {
    const ls_step *steps = r->plant->steps;
    const uint32_t here = steps[l->step].number;
    const uint32_t there = steps[next].number;
    const ls_product *product = &r->plant->products[steps[next].product];
    for (uint32_t s = product->step_at; s < product->step_at + product->step_count; s++) {
        for (uint32_t i = 0; i < steps[s].limit_count; i++) {
            const uint32_t limit = steps[s].limit_at + i;
            const uint32_t end = steps[r->plant->queue_limits[limit].to].number;
            const bool passed = end > here && end < there;
            const bool again = there <= here && steps[s].number >= there && steps[s].number <= here;
            if (passed || again) {
                l->deadline[limit] = NEVER;
            }
        }
    }
}

static void give_reserved_back(ls_reference *r, uint32_t *reserved) {
    if (*reserved != 0) {
        const uint32_t held = *reserved - 1;
        *reserved = 0;
        room_made(r, held);
    }
}

// The step of a lot in station s is over; *reserved: station with a place for it, + 1, or 0.
static void lot_leave(ls_reference *r, uint32_t s, lot *l, uint32_t *reserved) {
    bool scrap = false;
    bool bad = false;
    const uint32_t after = next_step(r, l, &scrap, &bad);
    r->stations[s].totals.bad += bad ? parts_of(r, l->step) : 0;
    if (scrap) {
        lot_scrap(r, l);
        return;
    }
    const uint32_t next = route(r, after);
    if (next == LS_NONE) {
        lot_out(r, l, s);
        return;
    }
    const uint32_t to = r->plant->steps[next].station;
    const bool has_place = *reserved == to + 1;
    if (has_place) {
        *reserved = 0;
    } else {
        give_reserved_back(r, reserved);
    }
    limits_lapse(r, l, next);
    l->step = next;
    if (!has_place && (first_asking_for(r, to) != NULL || !has_room(r, to))) {
        note(r, LS_TRACE_BLOCK, serial_of(r, l), next, LS_REF_NOBODY);
        l->asked = ++r->clock;
        return;
    }
    lot_carry(r, l, s);
}

static void count_for_modes(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    for (uint32_t i = 0; i < mc->mode_count; i++) {
        mode *k = &r->modes[mc->mode_at + i];
        const ls_fail_by by = k->f->by;
        if (by != LS_FAIL_PARTS && by != LS_FAIL_LOTS && by != LS_FAIL_BATCHES) {
            continue;
        }
        k->count += by == LS_FAIL_PARTS ? parts_in(r, m) : by == LS_FAIL_LOTS ? lots_in(r, m) : 1;
        if (k->count >= k->count_at && !k->active) {
            k->pending = true;
            k->over = (int64_t)(k->count - k->count_at);
        }
    }
}

static void finish(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    ls_reference_station *totals = &r->stations[mc->station].totals;
    totals->parts += parts_in(r, m);
    totals->lots += lots_in(r, m);
    totals->batches++;
    mc->phase = NOTHING;
    operator_give(r, mc);
    mc->run += lots_in(r, m);
    busy_clocks_stop(r, mc);
    mc->end = NEVER;
    count_for_modes(r, m);
    uint64_t order = 0;
    for (lot *l = next_in(r, m, order); l != NULL; l = next_in(r, m, order)) {
        order = l->order;
        if (mc->lag > 0) {
            l->where = LAGGING;
            l->when = r->now + mc->lag;
            l->reserved = mc->reserved;
            mc->reserved = 0;
        } else {
            note(r, LS_TRACE_END, serial_of(r, l), l->step, m);
            lot_leave(r, mc->station, l, &mc->reserved);
        }
    }
    give_reserved_back(r, &mc->reserved);  // the lot took another way
    if (lots_in(r, m) == 0) {
        machine_free(r, m);
    }
}

static void machine_event(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    if (mc->phase == SETUP) {
        mc->setup = mc->setup_to;
        mc->run = 0;
        if (lots_in(r, m) == 0) {  // by hand
            operator_give(r, mc);
            machine_free(r, m);
            return;
        }
    }
    const phase next = phase_after(r, mc);
    if (next == NOTHING) {
        finish(r, m);
        return;
    }
    busy_clocks_stop(r, mc);
    mc->phase = next;
    phase_begin(r, m);
}

// ---- failures, maintenance, shifts

static void machine_empty(ls_reference *r, uint32_t m, bool scrap) {
    machine *mc = &r->machines[m];
    for (lot *l = next_in(r, m, 0); l != NULL; l = next_in(r, m, 0)) {
        if (scrap) {
            r->stations[mc->station].totals.bad += parts_of(r, l->step);
            lot_scrap(r, l);
        } else {
            lot_waits(r, l);
        }
    }
    mc->phase = NOTHING;
    mc->end = NEVER;
    mc->asked = 0;
    operator_give(r, mc);
    give_reserved_back(r, &mc->reserved);
    room_made(r, mc->station);
}

static void repair_begin(ls_reference *r, mode *k) {
    k->when = r->now + whole_us(draw(r, k->repair_stream, k->f->repair));
}

static void mode_start(ls_reference *r, uint32_t m, uint32_t number) {
    machine *mc = &r->machines[m];
    mode *k = &r->modes[mc->mode_at + number];
    k->pending = false;
    mc->idle = false;
    note(r, LS_TRACE_DOWN, number, mc->step, m);
    phase_halt(r, mc);
    if (!k->f->maintenance) {
        lags_halt(r, m, false);
    }
    mc->mode = number + 1;
    k->active = true;
    k->when = NEVER;
    if (mc->phase != NOTHING && !k->f->maintenance && k->f->lots == LS_LOTS_SCRAP) {
        machine_empty(r, m, true);
    } else if (k->f->lots == LS_LOTS_RESTART) {
        mc->left = mc->total;
    }
    if (k->f->crew != LS_NONE) {
        if (r->crew_busy[k->f->crew] == r->plant->crews[k->f->crew].count) {
            k->asked = ++r->clock;
            return;
        }
        r->crew_busy[k->f->crew]++;
    }
    repair_begin(r, k);
}

static void machine_as_new(ls_reference *r, const mode *k) {
    machine *mc = &r->machines[k->machine];
    const ls_station *st = &r->plant->stations[mc->station];
    const ls_condition *by = st->slowness == LS_NONE ? NULL : &r->plant->conditions[st->slowness];
    if (by != NULL && mc->told != 0.0 &&
        list_has(r->plant, by->until_at, by->until_count,
                 (uint32_t)(k->f - r->plant->failures) - st->failure_at)) {
        const double speed = by->per_speed ? r->plant->machines[st->machine_at + mc->local].speed
                                           : 1.0;
        mc->told = by->fresh > 0.0 ? by->fresh : 1.0 / (speed / by->nominal);
        mc->told_error = 0.0;
    }
}

static void mode_renew(ls_reference *r, mode *k) {
    const ls_failure *f = k->f;
    machine_as_new(r, k);
    k->active = false;
    k->when = NEVER;
    if (f->by != LS_FAIL_BUSY && f->by != LS_FAIL_CALENDAR) {
        k->count = f->carry ? (uint64_t)k->over : 0;
        k->over = 0;
        const int64_t every = whole_us(draw(r, k->stream, f->every));
        k->count_at = every < 1 ? 1 : (uint64_t)every;
    } else if (f->maintenance && !f->from_end) {
        k->when = k->due > r->now ? k->due : r->now;
    } else if (f->by == LS_FAIL_BUSY && !f->maintenance) {
        k->left = whole_us(draw(r, k->stream, f->every));
    } else {
        k->when = r->now + whole_us(draw(r, k->stream, f->every));
    }
}

static void machine_resume(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    if (is_paused(r, mc)) {
        return;
    }
    lags_go(r, m);
    if (mc->phase != NOTHING) {
        if (mc->asked != 0) {
            r->operators_freed = true;  // it may be asked again
        } else if (mc->end == NEVER) {
            phase_go(r, mc);
        }
    } else if (lots_in(r, m) == 0 && !mc->idle) {
        machine_free(r, m);
    }
}

// Does the work on the one put the other in new?
static bool is_renewed_by(const ls_reference *r, const ls_failure *f, const ls_failure *other) {
    const ls_plant *plant = r->plant;
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_failure *first = &plant->failures[plant->stations[s].failure_at];
        for (uint32_t i = 0; i < f->renews_count; i++) {
            if (f >= first && f < first + plant->stations[s].failure_count &&
                first + plant->indexes[f->renews_at + i] == other) {
                return true;
            }
        }
    }
    return false;
}

static void mode_end(ls_reference *r, uint32_t m, uint32_t number) {
    machine *mc = &r->machines[m];
    mode *k = &r->modes[mc->mode_at + number];
    note(r, LS_TRACE_UP, number, mc->step, m);
    mc->mode = 0;
    if (k->f->crew != LS_NONE) {
        mode *next = NULL;
        for (uint32_t i = 0; i < r->mode_count; i++) {
            mode *other = &r->modes[i];
            if (other->f->crew == k->f->crew && other->asked != 0 &&
                (next == NULL || other->asked < next->asked)) {
                next = other;
            }
        }
        if (next != NULL) {
            next->asked = 0;
            repair_begin(r, next);
        } else {
            r->crew_busy[k->f->crew]--;
        }
    }
    mode_renew(r, k);
    for (uint32_t i = 0; i < mc->mode_count; i++) {
        mode *other = &r->modes[mc->mode_at + i];
        if (is_renewed_by(r, k->f, other->f)) {
            other->pending = false;
            mode_renew(r, other);
        }
    }
    for (uint32_t i = 0; i < mc->mode_count; i++) {
        const mode *other = &r->modes[mc->mode_at + i];
        const bool empty = mc->phase == NOTHING && lots_in(r, m) == 0;
        if (other->pending && (!other->f->maintenance || empty)) {
            mode_start(r, m, i);
            return;
        }
    }
    machine_resume(r, m);
}

static void mode_event(ls_reference *r, uint32_t index) {
    mode *k = &r->modes[index];
    machine *mc = &r->machines[k->machine];
    const uint32_t number = index - mc->mode_at;
    k->when = NEVER;
    if (k->active) {
        mode_end(r, k->machine, number);
        return;
    }
    if (k->f->maintenance && !k->f->from_end) {
        k->due += k->interval;
    }
    const bool empty = mc->phase == NOTHING && lots_in(r, k->machine) == 0;
    if (mc->mode == 0 && (empty || !k->f->maintenance)) {
        mode_start(r, k->machine, number);
    } else {
        k->pending = true;
    }
}

static void station_off(ls_reference *r, uint32_t s) {
    const ls_shift_end end = r->plant->stations[s].shift_end;
    r->stations[s].off = true;
    for (uint32_t m = 0; m < r->plant->machine_count; m++) {
        machine *mc = &r->machines[m];
        if (mc->station != s) {
            continue;
        }
        mc->idle = false;
        const bool ends_now = mc->end == r->now && phase_after(r, mc) == NOTHING;
        if (mc->phase != NOTHING && end != LS_SHIFT_FINISH && !ends_now) {
            phase_halt(r, mc);
            if (end == LS_SHIFT_ABORT) {
                machine_empty(r, m, false);
            }
        }
        if (end == LS_SHIFT_PAUSE) {
            lags_halt(r, m, true);
        }
    }
}

static void station_on(ls_reference *r, uint32_t s) {
    r->stations[s].off = false;
    for (uint32_t m = 0; m < r->plant->machine_count; m++) {
        if (r->machines[m].station == s) {
            machine_resume(r, m);
        }
    }
    look_again(r, s);
}

static void calendar_event(ls_reference *r, uint32_t index) {
    const ls_calendar *from = &r->plant->calendars[index];
    calendar *k = &r->calendars[index];
    k->on = !k->on;
    k->at++;
    if (k->at == from->transition_count && from->cycle_us > 0) {
        k->at = from->cycle_at;
        k->base += from->cycle_us;
    }
    k->when = k->at < from->transition_count
                  ? k->base + r->plant->times[from->transition_at + k->at]
                  : NEVER;
    for (uint32_t s = 0; s < r->plant->station_count; s++) {
        if (r->plant->stations[s].calendar == index) {
            if (k->on) {
                station_on(r, s);
            } else {
                station_off(r, s);
            }
        }
    }
    for (uint32_t p = 0; p < r->plant->operators_count; p++) {
        if (r->plant->operators[p].calendar == index) {
            r->pools[p].on = k->on;
            r->operators_freed = true;
        }
    }
}

// ---- settling

// The lot that was chosen for a machine, when it can begin with it now.
static lot *chosen_lot(const ls_reference *r, uint32_t m, uint32_t *out_family) {
    const machine *mc = &r->machines[m];
    lot *l = mc->chosen == 0 ? NULL : &r->lots[mc->chosen - 1];
    if (l == NULL || !machine_may(r, mc, l) || !may_go_on(r, l)) {
        return NULL;
    }
    *out_family = LS_NONE;
    if (r->plant->stations[mc->station].batch) {
        uint32_t family = 0;
        while (!in_family(r, l, family)) {
            family++;
        }
        *out_family = family;
    }
    return l;
}

static void machines_take(ls_reference *r, uint32_t s) {
    const ls_station *st = &r->plant->stations[s];
    for (uint32_t i = 0; i < st->machine_count; i++) {
        const uint32_t m = st->machine_at + i;
        while (r->machines[m].idle) {
            uint32_t family = LS_NONE;
            lot *chosen = chosen_lot(r, m, &family);
            if (chosen != NULL) {
                machine_start(r, m, chosen, family);
                continue;
            }
            lot *l = st->batch ? best_batch(r, m, &family) : best_lot(r, m, LS_NONE);
            if (l == NULL) {
                break;
            }
            uint32_t taker = m;
            if (st->machine_choice == LS_MACHINE_LEAST_SETUP) {
                taker = least_setup_machine(r, m, l);
            }
            machine_start(r, taker, l, family);
        }
    }
}

static void blocked_enters(ls_reference *r, lot *l) {
    l->asked = 0;
    if (l->where == OUTSIDE) {
        lot_carry(r, l, LS_NONE);
        return;
    }
    const bool held = l->where == IN_MACHINE;
    lot_carry(r, l, r->machines[l->machine].station);
    if (held && lots_in(r, l->machine) == 0) {
        machine_free(r, l->machine);
    }
}

static void station_settle(ls_reference *r, uint32_t s) {
    for (;;) {
        machines_take(r, s);
        lot *l = first_asking_for(r, s);
        if (l == NULL || !has_room(r, s)) {
            return;
        }
        blocked_enters(r, l);
    }
}

static void operators_settle(ls_reference *r) {
    r->operators_freed = false;
    const uint64_t last = r->clock;
    uint64_t order = 0;
    for (;;) {
        uint32_t next = LS_NONE;
        for (uint32_t m = 0; m < r->plant->machine_count; m++) {
            const uint64_t asked = r->machines[m].asked;
            if (asked > order && asked <= last &&
                (next == LS_NONE || asked < r->machines[next].asked)) {
                next = m;
            }
        }
        if (next == LS_NONE) {
            return;
        }
        machine *mc = &r->machines[next];
        order = mc->asked;
        if (!is_paused(r, mc) && operator_found(r, mc, mc->phase)) {
            mc->asked = 0;
            phase_begin(r, next);
        }
    }
}

static void settle(ls_reference *r) {
    while (r->agenda_count > 0 || r->operators_freed) {
        if (r->agenda_count == 0) {
            operators_settle(r);
            continue;
        }
        const uint32_t s = r->agenda[0];
        r->agenda_count--;
        memmove(r->agenda, r->agenda + 1, r->agenda_count * sizeof *r->agenda);
        station_settle(r, s);
    }
}

static void lot_event(ls_reference *r, lot *l) {
    l->when = NEVER;
    if (l->where == CARRIED) {
        lot_arrives(r, l);
    } else if (l->where == LEAVING) {
        lot_done(r, l);
    } else if (l->where == POOLED) {
        pool_opens(r, l->release);
    } else if (l->where == LAGGING) {
        note(r, LS_TRACE_END, serial_of(r, l), l->step, l->machine);
        l->where = LEFT;
        lot_leave(r, r->machines[l->machine].station, l, &l->reserved);
        give_reserved_back(r, &l->reserved);
    } else {
        assert(l->where == WAITING);
        look_again(r, r->plant->steps[l->step].station);
    }
}

// ---- time

static int state_of(const ls_reference *r, uint32_t m) {
    const machine *mc = &r->machines[m];
    const bool off = r->stations[mc->station].off;
    const bool empty = lots_in(r, m) == 0;
    if (mc->mode != 0) {
        return r->modes[mc->mode_at + mc->mode - 1].f->maintenance ? LS_STATE_MAINTENANCE
                                                                   : LS_STATE_DOWN;
    }
    if (mc->stopped) {
        return LS_STATE_OFF;
    }
    if (off && ((empty && mc->phase == NOTHING) ||
                r->plant->stations[mc->station].shift_end == LS_SHIFT_PAUSE)) {
        return LS_STATE_OFF;
    }
    if (mc->asked != 0) {
        return LS_STATE_OPERATOR;
    }
    if (mc->phase == SETUP) {
        return LS_STATE_SETUP;
    }
    return mc->phase != NOTHING ? LS_STATE_PROCESSING : empty ? LS_STATE_STARVED : LS_STATE_BLOCKED;
}

static void time_passes(ls_reference *r, int64_t until) {
    for (uint32_t m = 0; m < r->plant->machine_count && until > r->now; m++) {
        r->machines[m].times[state_of(r, m)] += until - r->now;
    }
    r->now = until;
}

typedef enum source { CALENDAR, RELEASE, MACHINE, MODE, LOT, NO_EVENT } source;

typedef struct event {
    source source;
    uint32_t number;
    int64_t when;
} event;

static void consider(event *best, source from, uint32_t number, int64_t when) {
    if (when != NEVER && (best->source == NO_EVENT || when < best->when)) {
        *best = (event){from, number, when};
    }
}

static void hold_end(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    mc->held = false;
    if (mc->phase == NOTHING && lots_in(r, m) == 0 && !mc->idle) {
        machine_resume(r, m);  // a machine that was stopped stays so
    }
}

// A choice is over when its lot is in work or goes elsewhere.
static void choices_lapse(ls_reference *r) {
    for (uint32_t m = 0; m < r->plant->machine_count; m++) {
        machine *mc = &r->machines[m];
        if (mc->chosen != 0) {
            const lot *l = &r->lots[mc->chosen - 1];
            const bool asks = l->where == OUTSIDE || l->asked != 0;
            const bool comes = l->where == WAITING || l->where == CARRIED || asks;
            if (!comes || r->plant->steps[l->step].station != mc->station) {
                mc->chosen = 0;
            }
        }
    }
}

static event next_event(const ls_reference *r) {
    event best = {NO_EVENT, 0, NEVER};
    for (uint32_t i = 0; i < r->plant->calendar_count; i++) {
        consider(&best, CALENDAR, i, r->calendars[i].when);
    }
    for (uint32_t i = 0; i < r->plant->release_count; i++) {
        consider(&best, RELEASE, i, r->releases[i].when);
    }
    for (uint32_t i = 0; i < r->plant->machine_count; i++) {
        consider(&best, MACHINE, i, r->machines[i].end);
        consider(&best, MACHINE, i, r->machines[i].held ? r->machines[i].held_until : NEVER);
    }
    for (uint32_t i = 0; i < r->mode_count; i++) {
        consider(&best, MODE, i, r->modes[i].when);
    }
    for (uint32_t i = 0; i < r->alive_count; i++) {
        consider(&best, LOT, r->alive[i], r->lots[r->alive[i]].when);
    }
    return best;
}

int ls_reference_run(ls_reference *r, int64_t until_us, uint64_t max_events) {
    for (uint64_t events = 0; !r->full; events++) {
        const event e = next_event(r);
        if (e.source == NO_EVENT || e.when > until_us) {
            time_passes(r, until_us);
            return LS_RUN_UNTIL;
        }
        if (events == max_events) {
            return LS_RUN_EVENTS;
        }
        time_passes(r, e.when);
        switch (e.source) {
        case CALENDAR: calendar_event(r, e.number); break;
        case RELEASE: release_event(r, e.number); break;
        case MACHINE:
            if (r->machines[e.number].end == r->now) {
                r->machines[e.number].end = NEVER;
                machine_event(r, e.number);
            } else {
                hold_end(r, e.number);
            }
            break;
        case MODE: mode_event(r, e.number); break;
        case LOT: lot_event(r, &r->lots[e.number]); break;
        case NO_EVENT: break;
        }
        settle(r);
        choices_lapse(r);
    }
    return LS_RUN_LOTS;
}

// ---- hands

void ls_reference_choose(ls_reference *r, uint32_t m, uint32_t serial, bool pure) {
    r->machines[m].pure = pure;
    r->machines[m].chosen = serial == LS_NONE ? 0 : serial + 1;
    look_again(r, r->machines[m].station);
    settle(r);
    choices_lapse(r);
}

void ls_reference_hold(ls_reference *r, uint32_t m, int64_t until_us) {
    machine *mc = &r->machines[m];
    if (until_us <= r->now) {
        if (mc->held) {
            hold_end(r, m);
        }
    } else {
        mc->held = true;
        mc->held_until = until_us;
        mc->idle = false;
    }
    settle(r);
    choices_lapse(r);
}

void ls_reference_stop(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    mc->stopped = true;
    mc->idle = false;
    phase_halt(r, mc);
    lags_halt(r, m, false);
    settle(r);
    choices_lapse(r);
}

void ls_reference_start(ls_reference *r, uint32_t m) {
    machine *mc = &r->machines[m];
    mc->stopped = false;
    const bool maintained = mc->mode != 0 && r->modes[mc->mode_at + mc->mode - 1].f->maintenance;
    if (maintained && !(r->stations[mc->station].off &&
                        r->plant->stations[mc->station].shift_end == LS_SHIFT_PAUSE)) {
        lags_go(r, m);
    }
    machine_resume(r, m);
    settle(r);
    choices_lapse(r);
}

void ls_reference_maintain(ls_reference *r, uint32_t m, uint32_t number) {
    machine *mc = &r->machines[m];
    mode *k = &r->modes[mc->mode_at + number];
    if (k->f->by == LS_FAIL_CALENDAR) {
        mode_event(r, mc->mode_at + number);
    } else if (mc->mode == 0 && mc->phase == NOTHING && lots_in(r, m) == 0) {
        k->over = 0;
        mode_start(r, m, number);
    } else {
        k->over = 0;
        k->pending = true;
    }
    settle(r);
    choices_lapse(r);
}

void ls_reference_set_up(ls_reference *r, uint32_t m, uint32_t setup) {
    machine *mc = &r->machines[m];
    uint32_t step = 0;
    while (r->plant->steps[step].station != mc->station || r->plant->steps[step].setup != setup) {
        step++;
    }
    if (setup_before(r, mc, &r->plant->steps[step]) == LS_NONE) {
        mc->setup = setup + 1;
        mc->run = 0;
        look_again(r, mc->station);
    } else {
        mc->idle = false;
        mc->step = step;
        mc->setup_to = setup + 1;
        mc->lag = 0;
        mc->phase = SETUP;
        r->stations[mc->station].totals.setups++;
        phase_begin(r, m);
    }
    settle(r);
    choices_lapse(r);
}

void ls_reference_put_off(ls_reference *r, uint32_t index, int64_t until_us) {
    if (until_us <= r->now) {
        pool_opens(r, index);
    } else {
        r->releases[index].put_off = until_us;
        pool_event(r, index);
    }
    settle(r);
    choices_lapse(r);
}

void ls_reference_release(ls_reference *r, uint32_t index) {
    const ls_release *from = &r->plant->releases[index];
    if (from->pool) {
        pool_enters(r, first_in_pool(r, index));
        pool_event(r, index);
    } else if (from->kind == LS_RELEASE_TIMETABLE) {
        release_event(r, index);
    } else {
        const uint32_t lots = from->kind == LS_RELEASE_KEEP ? 1 : from->lots;
        for (uint32_t i = 0; i < lots && !r->full; i++) {
            release_one(r, index, from->product, LS_FOREVER, from->priority);
        }
    }
    settle(r);
    choices_lapse(r);
}

void ls_reference_keep(ls_reference *r, uint32_t index, uint32_t lots) {
    release *rel = &r->releases[index];
    for (; rel->level < lots; rel->level++) {
        if (rel->over > 0) {
            rel->over--;
        } else {
            rel->left++;
        }
    }
    for (; rel->level > lots; rel->level--) {
        if (rel->left > 0) {
            rel->left--;
        } else {
            rel->over++;
        }
    }
    rel->when = rel->left > 0 ? r->now : NEVER;
    settle(r);
    choices_lapse(r);
}

void ls_reference_staff(ls_reference *r, uint32_t p, uint32_t people) {
    r->pools[p].people = people;
    r->operators_freed = true;
    settle(r);
    choices_lapse(r);
}

void ls_reference_tell(ls_reference *r, uint32_t machine_index, double value, double deviation) {
    r->machines[machine_index].told = value;
    r->machines[machine_index].told_error = deviation;
}

// ---- time zero

static void modes_make(ls_reference *r) {
    for (uint32_t m = 0; m < r->plant->machine_count; m++) {
        machine *mc = &r->machines[m];
        const ls_station *st = &r->plant->stations[mc->station];
        mc->mode_at = r->mode_count;
        for (uint32_t i = 0; i < st->failure_count; i++) {
            const ls_failure *f = &r->plant->failures[st->failure_at + i];
            if (!list_has(r->plant, f->on_at, f->on_count, mc->local)) {
                continue;
            }
            const ls_m_mode *streams = ARRAY(r->model, ls_m_mode, mode_at) + r->mode_count;
            mode *k = &r->modes[r->mode_count++];
            k->f = f;
            k->machine = m;
            k->stream = streams->stream;
            k->repair_stream = streams->repair_stream;
            k->when = k->running_since = NEVER;
            k->interval = whole_us(mean_of(r, f->every));
            k->interval = k->interval < 1 ? 1 : k->interval;
            int64_t first = whole_us(draw(r, k->stream, f->first != LS_NONE ? f->first : f->every));
            first += f->stagger ? (int64_t)(mean_of(r, f->every) * mc->local / st->machine_count)
                                : 0;
            if (f->by == LS_FAIL_CALENDAR) {
                k->when = k->due = first;
            } else {
                k->left = first < 1 ? 1 : first;
                k->count_at = (uint64_t)k->left;
            }
        }
        mc->mode_count = r->mode_count - mc->mode_at;
    }
}

static void machines_make(ls_reference *r) {
    for (uint32_t s = 0; s < r->plant->station_count; s++) {
        const ls_station *st = &r->plant->stations[s];
        r->stations[s].off = st->calendar != LS_NONE && !r->calendars[st->calendar].on;
        for (uint32_t i = 0; i < st->machine_count; i++) {
            machine *mc = &r->machines[st->machine_at + i];
            const uint32_t initial = r->plant->machines[st->machine_at + i].setup_initial;
            mc->station = s;
            mc->local = i;
            mc->idle = !r->stations[s].off;
            mc->end = NEVER;
            mc->setup = initial == LS_NONE ? 0 : initial + 1;
        }
    }
}

static void releases_make(ls_reference *r) {
    for (uint32_t i = 0; i < r->plant->release_count; i++) {
        const ls_release *from = &r->plant->releases[i];
        release *rel = &r->releases[i];
        rel->when = NEVER;
        rel->left = from->count;
        if (from->kind == LS_RELEASE_KEEP) {
            rel->left = from->keep;
            rel->level = from->keep;
            rel->when = 0;
        } else if (from->kind == LS_RELEASE_TIMETABLE) {
            rel->when = from->order_count > 0 ? r->plant->orders[from->order_at].time_us : NEVER;
        } else if (rel->left > 0) {
            const ls_m_release *streams = ARRAY(r->model, ls_m_release, release_at) + i;
            rel->when = whole_us(
                draw(r, streams->stream, from->first != LS_NONE ? from->first : from->every));
        }
    }
}

// Mean time of a step and all that follow on the way forward.
static void remaining_make(ls_reference *r) {
    for (uint32_t i = r->plant->step_count; i-- > 0;) {
        const ls_step *step = &r->plant->steps[i];
        double after = 0.0;
        for (uint32_t k = 0; k < step->branch_count; k++) {
            const ls_branch *branch = &r->plant->branches[step->branch_at + k];
            if (branch->step != LS_NONE && branch->step > i) {
                after += branch->chance * r->remaining[branch->step];
            }
        }
        if (step->branch_count == 0 && step->next != LS_NONE && step->next > i) {
            after = r->remaining[step->next];
        }
        const double all = step->sample * ls_plant_step_mean_us(r->plant, i) + after;
        r->remaining[i] = all > 1.0 ? all : 1.0;
    }
}

static void start(ls_reference *r) {
    for (uint32_t i = 0; i < r->plant->calendar_count; i++) {
        const ls_calendar *from = &r->plant->calendars[i];
        r->calendars[i].on = from->on_first;
        r->calendars[i].when = from->transition_count > 0 ? r->plant->times[from->transition_at]
                                                          : NEVER;
    }
    for (uint32_t i = 0; i < r->plant->operators_count; i++) {
        const uint32_t k = r->plant->operators[i].calendar;
        r->pools[i].on = k == LS_NONE || r->calendars[k].on;
        r->pools[i].people = r->plant->operators[i].count;
    }
    remaining_make(r);
    machines_make(r);
    modes_make(r);
    releases_make(r);
    for (uint32_t i = 0; i < r->plant->wip_count && !r->full; i++) {
        const ls_wip *from = &r->plant->wip[i];
        lot *l = lot_new(r, from->release);
        if (l == NULL) {
            break;
        }
        const ls_m_release *streams = ARRAY(r->model, ls_m_release, release_at) + from->release;
        const uint32_t due = r->plant->releases[from->release].due;
        r->releases[from->release].totals.released++;
        l->released = from->released_us;
        l->due = from->due_us;
        if (l->due == LS_FOREVER && due != LS_NONE) {
            l->due = l->released + whole_us(draw(r, streams->due_stream, due));
        }
        l->priority = from->priority;
        l->step = from->step;
        lot_arrives(r, l);
    }
    settle(r);
}

ls_reference *ls_reference_create(const ls_plant *plant, const ls_model *model, uint64_t key,
                                  ls_trace_item *trace, size_t capacity) {
    ls_reference *r = ls_alloc(sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    r->plant = plant;
    r->model = model;
    r->key = key;
    r->trace = trace;
    r->trace_capacity = capacity;
    r->position = ls_alloc(model->streams * sizeof *r->position);
    r->alive = ls_alloc(model->lots * sizeof *r->alive);
    r->machines = ls_alloc(plant->machine_count * sizeof *r->machines);
    r->modes = ls_alloc(model->modes * sizeof *r->modes);
    r->stations = ls_alloc(plant->station_count * sizeof *r->stations);
    r->releases = ls_alloc(plant->release_count * sizeof *r->releases);
    r->calendars = ls_alloc(plant->calendar_count * sizeof *r->calendars);
    r->pools = ls_alloc(plant->operators_count * sizeof *r->pools);
    r->crew_busy = ls_alloc(plant->crew_count * sizeof *r->crew_busy);
    r->agenda = ls_alloc(plant->station_count * sizeof *r->agenda);
    r->remaining = ls_alloc(plant->step_count * sizeof *r->remaining);
    if (r->position == NULL || r->alive == NULL || r->machines == NULL || r->modes == NULL ||
        r->stations == NULL || r->releases == NULL || r->calendars == NULL || r->pools == NULL ||
        r->crew_busy == NULL || r->agenda == NULL || r->remaining == NULL) {
        ls_reference_destroy(r);
        return NULL;
    }
    start(r);
    return r;
}

void ls_reference_destroy(ls_reference *r) {
    if (r == NULL) {
        return;
    }
    for (uint32_t i = 0; i < r->lot_count; i++) {
        ls_free(r->lots[i].machine_of);
        ls_free(r->lots[i].reworks);
        ls_free(r->lots[i].deadline);
    }
    ls_free(r->lots);
    ls_free(r->position);
    ls_free(r->alive);
    ls_free(r->machines);
    ls_free(r->modes);
    ls_free(r->stations);
    ls_free(r->releases);
    ls_free(r->calendars);
    ls_free(r->pools);
    ls_free(r->crew_busy);
    ls_free(r->agenda);
    ls_free(r->remaining);
    ls_free(r);
}

int64_t ls_reference_now(const ls_reference *r) {
    return r->now;
}

size_t ls_reference_trace_count(const ls_reference *r) {
    return r->trace_count;
}

const ls_reference_station *ls_reference_station_totals(const ls_reference *r, uint32_t index) {
    return &r->stations[index].totals;
}

const ls_reference_class *ls_reference_class_totals(ls_reference *r, uint32_t index) {
    return &r->releases[index].totals;
}

const int64_t *ls_reference_machine_times(const ls_reference *r, uint32_t m) {
    return r->machines[m].times;
}
