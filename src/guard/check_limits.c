// check_limits.c - the plant file's `guards:`, made ready: targets by name, sizes known.
#include "guard/check_limits.h"

#include <string.h>

#include "base/arena.h"

static uint32_t values_with_setpoint(const ls_plant *plant) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < plant->listen.value_count; i++) {
        count += plant->listen.values[i].setpoint != NULL;
    }
    return count;
}

static void add_machines(const ls_plant *plant, ls_guard_limits *limits) {
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *station = &plant->stations[s];
        for (uint32_t m = station->machine_at; m < station->machine_at + station->machine_count;
             m++) {
            limits->targets[m] = (ls_guard_target){.kind = LS_TARGET_MACHINE,
                                                   .name = plant->machines[m].name,
                                                   .device = plant->machines[m].name,
                                                   .index = m,
                                                   .station = s,
                                                   .machine = m,
                                                   .value = LS_NONE};
        }
    }
}

static void add_classes(const ls_plant *plant, ls_guard_limits *limits) {
    for (uint32_t r = 0; r < plant->release_count; r++) {
        limits->targets[limits->machine_count + r] = (ls_guard_target){
            .kind = LS_TARGET_CLASS,
            .name = plant->releases[r].name,
            .device = "line",
            .index = r,
            .station = LS_NONE,
            .machine = LS_NONE,
            .value = LS_NONE};
    }
}

static void add_values(const ls_plant *plant, ls_guard_limits *limits) {
    uint32_t at = limits->machine_count + plant->release_count;
    uint32_t value = 0;
    for (uint32_t v = 0; v < plant->listen.value_count; v++) {
        const ls_measured *of = &plant->listen.values[v];
        if (of->setpoint != NULL) {
            limits->targets[at] = (ls_guard_target){.kind = LS_TARGET_VALUE,
                                                    .name = of->name,
                                                    .device = "line",
                                                    .index = v,
                                                    .station = LS_NONE,
                                                    .machine = of->machine,
                                                    .value = value,
                                                    .low = of->set_low,
                                                    .high = of->set_high};
            at++;
            value++;
        }
    }
}

static ls_status check_sizes(const ls_plant *plant, ls_error *err) {
    for (uint32_t i = 0; i < plant->decide.guards.limit_count; i++) {
        const ls_guard_limit *limit = &plant->decide.guards.limits[i];
        if (limit->kind == LS_LIMIT_FREQUENCY && limit->count > LS_GUARD_COUNT_MAX) {
            return ls_fail_at(err, LS_ERR_LIMIT, plant->file, limit->line, limit->column,
                              "the guard remembers at most %d commands of one limit, not %u",
                              LS_GUARD_COUNT_MAX, limit->count);
        }
    }
    return LS_OK;
}

// `limits: lots` of the plant file; where the twin chooses, as many as the guard can hold.
static uint32_t lots_most(const ls_plant *plant) {
    const uint32_t lots = plant->limits.lots;
    return lots == 0 || lots > LS_GUARD_LOTS_MAX ? LS_GUARD_LOTS_MAX : lots;
}

// Commanded over Modbus: registers name the lots that wait or are in work, and no others.
static bool line_counts_lots(const ls_plant *plant) {
    for (uint32_t i = 0; i < plant->listen.source_count; i++) {
        if (plant->listen.sources[i].commands != NULL) {
            return true;
        }
    }
    return false;
}

ls_status ls_guard_limits_create(const ls_plant *plant, ls_guard_limits **out, ls_error *err) {
    *out = NULL;
    const ls_status status = check_sizes(plant, err);
    if (status != LS_OK) {
        return status;
    }
    ls_guard_limits *limits = ls_alloc(sizeof *limits);
    if (limits == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's limits");
    }
    *limits = (ls_guard_limits){.plant = plant,
                                .guards = &plant->decide.guards,
                                .machine_count = plant->machine_count,
                                .value_count = values_with_setpoint(plant),
                                .lots_most = lots_most(plant),
                                .line_counts_lots = line_counts_lots(plant)};
    limits->target_count = limits->machine_count + plant->release_count + limits->value_count;
    limits->targets = ls_alloc((size_t)(limits->target_count + 1) * sizeof *limits->targets);
    if (limits->targets == NULL) {
        ls_guard_limits_destroy(limits);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's limits");
    }
    add_machines(plant, limits);
    add_classes(plant, limits);
    add_values(plant, limits);
    *out = limits;
    return LS_OK;
}

void ls_guard_limits_destroy(ls_guard_limits *limits) {
    if (limits != NULL) {
        ls_free(limits->targets);
        ls_free(limits);
    }
}

static ls_guard_target_kind target_kind(ls_command_kind kind) {
    switch (kind) {
    case LS_COMMAND_PUT_OFF:
    case LS_COMMAND_RELEASE: return LS_TARGET_CLASS;
    case LS_COMMAND_SETPOINT: return LS_TARGET_VALUE;
    default: return LS_TARGET_MACHINE;
    }
}

uint32_t ls_guard_target_find(const ls_guard_limits *limits, ls_command_kind kind,
                              const char *name) {
    for (uint32_t i = 0; i < limits->target_count; i++) {
        const ls_guard_target *target = &limits->targets[i];
        if (target->kind == target_kind(kind) && strcmp(target->name, name) == 0) {
            return i;
        }
    }
    return LS_NONE;
}

uint32_t ls_guard_lots_added(const ls_guard_limits *limits, ls_command_kind kind, uint32_t target) {
    if (kind != LS_COMMAND_RELEASE || target == LS_NONE) {
        return 0;
    }
    const ls_release *class = &limits->plant->releases[limits->targets[target].index];
    return class->pool ? 0 : class->lots;
}

// Which kinds of command a kind of decision could send, as bits: rather too many than too few.
static uint32_t commands_of(ls_decide_kind kind) {
    const uint32_t choice = 1u << LS_COMMAND_DISPATCH | 1u << LS_COMMAND_HOLD;
    const uint32_t stops = 1u << LS_COMMAND_STOP | 1u << LS_COMMAND_START;
    switch (kind) {
    case LS_DECIDE_DISPATCH:
    case LS_DECIDE_BATCH: return choice;
    case LS_DECIDE_SORT: return 1u << LS_COMMAND_DISPATCH;
    case LS_DECIDE_SETUP: return choice | 1u << LS_COMMAND_SETUP;
    case LS_DECIDE_MAINTENANCE: return 1u << LS_COMMAND_MAINTAIN | stops;
    case LS_DECIDE_RELEASE: return 1u << LS_COMMAND_RELEASE | 1u << LS_COMMAND_PUT_OFF;
    case LS_DECIDE_CONWIP: return 1u << LS_COMMAND_RELEASE | 1u << LS_COMMAND_SETPOINT;
    case LS_DECIDE_STAFFING:
    case LS_DECIDE_SETPOINT: return 1u << LS_COMMAND_SETPOINT;
    default: return choice | stops | 1u << LS_COMMAND_SETUP;
    }
}

// `machine` of a limit of settings: the values of this machine.
static bool holds_for_target(const ls_guard_limit *limit, const ls_guard_target *target) {
    const bool value = target->kind == LS_TARGET_VALUE && target->index == limit->measured;
    return (limit->machine == LS_NONE || limit->machine == target->machine) &&
           (limit->measured == LS_NONE || value);
}

bool ls_guard_limit_holds(const ls_guard_limit *limit, const ls_guard_target *target,
                          ls_command_kind kind) {
    const bool of_kind = !limit->of_decide_kind ||
                         (commands_of(limit->decide_kind) >> (uint32_t)kind & 1u) != 0;
    return of_kind && holds_for_target(limit, target);
}

bool ls_guard_is_stop(const ls_command *command) {
    return command->kind == LS_COMMAND_STOP ||
           (command->kind == LS_COMMAND_DISPATCH && command->argument[0] == '\0');
}
