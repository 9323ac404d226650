#include "twin/component.h"

#include <string.h>

#include "twin/context.h"

enum { ROUNDS_PER_INSTANT_MAX = 1000 };

ls_status ls_outbox_put(ls_outbox *outbox, const ls_message *message, ls_error *err) {
    if (outbox->count == LS_OUTBOX_MAX) {
        return ls_fail(err, LS_ERR_LIMIT,
                       "limit reached: %d messages between components at one instant",
                       LS_OUTBOX_MAX);
    }
    outbox->items[outbox->count++] = *message;
    return LS_OK;
}

void ls_clock_init(ls_clock *clock) {
    memset(clock, 0, sizeof *clock);
}

ls_status ls_clock_add(ls_clock *clock, const ls_component *component, uint32_t *out_number,
                       ls_error *err) {
    if (clock->count == LS_CLOCK_COMPONENTS_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "limit reached: %d components on one clock",
                       LS_CLOCK_COMPONENTS_MAX);
    }
    clock->components[clock->count] = *component;
    *out_number = clock->count++;
    return LS_OK;
}

static int64_t earliest(const ls_clock *clock) {
    int64_t first = LS_NEVER;
    for (uint32_t i = 0; i < clock->count; i++) {
        const int64_t next = clock->components[i].next_event(clock->components[i].self);
        first = next < first ? next : first;
    }
    return first;
}

static ls_status advance_all(ls_clock *clock, int64_t until_us, ls_error *err) {
    for (uint32_t i = 0; i < clock->count; i++) {
        const ls_status status = clock->components[i].advance(clock->components[i].self, until_us,
                                                              err);
        if (status != LS_OK) {
            return status;
        }
    }
    clock->now_us = until_us;
    return LS_OK;
}

// Everybody speaks, then everybody hears; until nobody says anything more at this instant.
static ls_status exchange_all(ls_clock *clock, ls_error *err) {
    for (int round = 0; round < ROUNDS_PER_INSTANT_MAX; round++) {
        ls_status status = LS_OK;
        clock->outbox.count = 0;
        for (uint32_t i = 0; i < clock->count && status == LS_OK; i++) {
            const ls_component *component = &clock->components[i];
            if (component->exchange != NULL) {
                status = component->exchange(component->self, NULL, &clock->outbox, err);
            }
        }
        const uint32_t count = clock->outbox.count;
        for (uint32_t k = 0; k < count && status == LS_OK; k++) {
            const ls_message message = clock->outbox.items[k];
            if (message.to < clock->count && clock->components[message.to].exchange != NULL) {
                status = clock->components[message.to].exchange(clock->components[message.to].self,
                                                                &message, &clock->outbox, err);
            }
        }
        if (status != LS_OK || count == 0) {
            return status;
        }
    }
    return ls_fail(err, LS_ERR_LIMIT,
                   "limit reached: components answer each other for ever at %lld us",
                   (long long)clock->now_us);
}

ls_status ls_clock_run(ls_clock *clock, int64_t until_us, ls_error *err) {
    if (clock->count == 1 && clock->components[0].exchange == NULL) {
        return advance_all(clock, until_us, err);
    }
    ls_status status = LS_OK;
    int64_t next = earliest(clock);
    while (status == LS_OK && next <= until_us) {
        status = advance_all(clock, next, err);
        if (status == LS_OK) {
            status = exchange_all(clock, err);
        }
        next = earliest(clock);
    }
    return status == LS_OK ? advance_all(clock, until_us, err) : status;
}

static int64_t stations_next(void *self) {
    const ls_station_component *stations = self;
    const ls_model *m = stations->twin->model;
    const ls_u64 key = LS_STATE_ARRAY(m, stations->snapshot->state, ls_u64, s_tree)[1];
    return key == ~(ls_u64)0 ? LS_NEVER : (int64_t)(key >> m->source_bits);
}

static ls_status stations_advance(void *self, int64_t until_us, ls_error *err) {
    ls_station_component *stations = self;
    return ls_snapshot_run(stations->twin, stations->snapshot, until_us, err);
}

ls_component ls_component_of_stations(ls_station_component *stations) {
    const ls_component component = {"stations", stations, stations_next, stations_advance, NULL};
    return component;
}
