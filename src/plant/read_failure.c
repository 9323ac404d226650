// read_failure.c - failures and maintenance of a station.
#include <assert.h>
#include <string.h>

#include "plant/reader.h"

static const char *default_name(ls_reader *r, bool maintenance, uint32_t ordinal) {
    const char *word = maintenance ? "maintenance" : "failure";
    return ls_reader_text(r, ordinal == 0 ? word : ls_reader_format(r, "%s-%u", word, ordinal + 1));
}

uint32_t ls_read_machine_name(ls_reader *r, uint32_t station, const ls_yaml *at) {
    const ls_station *s = LS_ROW(ls_station, r->stations, station);
    const uint32_t machine = ls_names_find(&r->machine_names, station, at->text);
    if (machine != LS_NONE) {
        return machine - s->machine_at;
    }
    ls_rows machines = r->machines;  // those of this station only
    machines.items = s->machine_count == 0 ? NULL : LS_ROW(ls_machine, r->machines, s->machine_at);
    machines.count = s->machine_count;
    ls_reader_mistake(r, at,
                      ls_reader_nearest_row(r, at->text, &machines, offsetof(ls_machine, name)),
                      "unknown machine '%s' of station '%s'", at->text, s->name);
    return LS_NONE;
}

void ls_read_on(ls_reader *r, uint32_t station, const ls_yaml *value, uint32_t *out_at,
                uint32_t *out_count) {
    *out_at = r->indexes.count;
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *item = ls_yaml_nth(value, i);
        const uint32_t machine = ls_yaml_is_text(item) ? ls_read_machine_name(r, station, item)
                                                       : LS_NONE;
        bool is_doubled = false;
        if (machine != LS_NONE) {
            // Marked with the place of this list, so that a long list is not searched for each
            // machine.
            ls_machine_draft *draft = LS_ROW(
                ls_machine_draft, r->machine_drafts,
                LS_ROW(ls_station, r->stations, station)->machine_at + machine);
            is_doubled = draft->mark == value;
            draft->mark = value;
        }
        if (machine != LS_NONE && is_doubled) {
            ls_reader_mistake(r, item, NULL, "machine '%s' is named twice", item->text);
        } else if (machine != LS_NONE) {
            ls_reader_index(r, machine);
        }
    }
    *out_count = r->indexes.count - *out_at;
}

static uint32_t crew_of(ls_reader *r, const ls_yaml *value) {
    return ls_yaml_is_text(value) ? ls_reader_find(r, value, &r->crew_names, 0, "crew", &r->crews,
                                                   offsetof(ls_crew, name))
                                  : LS_NONE;
}

static void read_first(ls_reader *r, const ls_yaml *value, ls_failure *failure, bool by_count) {
    failure->first = LS_NONE;
    ls_fail_by by = failure->by;
    if (ls_yaml_is_text(value)) {
        failure->first = ls_read_every(r, value, &by);
        failure->first_text = ls_reader_text(r, value->text);
    }
    if (failure->first != LS_NONE && by != failure->by && (by_count || by != LS_FAIL_CALENDAR)) {
        ls_reader_mistake(r, value, NULL, "'first' and 'every' count different things");
    }
}

static void read_one(ls_reader *r, uint32_t station, uint32_t ordinal, const ls_yaml *node) {
    const ls_yaml *every = ls_take(r, node, "stations.*.fails.every");
    ls_failure failure = {
        .every = LS_NONE, .condition = LS_NONE, .place = {node->line, node->column}};
    failure.crew = crew_of(r, ls_take(r, node, "stations.*.fails.crew"));
    failure.repair = LS_NONE;
    ls_take_dist(r, node, "stations.*.fails.repair", &failure.repair);
    if (ls_yaml_is_text(every)) {
        failure.every = ls_read_every(r, every, &failure.by);
        failure.every_text = ls_reader_text(r, every->text);
    }
    const bool by_count = failure.by != LS_FAIL_CALENDAR;
    int by = 0;
    if (ls_take_choice(r, node, "stations.*.fails.by", &by) && by_count &&
        failure.every != LS_NONE) {
        ls_reader_mistake(r, ls_take(r, node, "stations.*.fails.by"), "take 'by' out",
                          "'by' says which time counts, but 'every' is a count");
    }
    if (!by_count) {
        failure.by = by == 0 ? LS_FAIL_BUSY : LS_FAIL_CALENDAR;
    }
    int lots = 0;
    ls_take_choice(r, node, "stations.*.fails.lots", &lots);
    failure.lots = (ls_fail_lots)lots;
    read_first(r, ls_take(r, node, "stations.*.fails.first"), &failure, by_count);
    if (!ls_take_text(r, node, "stations.*.fails.name", &failure.name)) {
        failure.name = default_name(r, false, ordinal);
    }
    ls_read_on(r, station, ls_take(r, node, "stations.*.fails.on"), &failure.on_at,
               &failure.on_count);
    failure.condition = ls_read_condition(r, ls_take(r, node, "stations.*.fails.condition"));
    *(ls_failure *)ls_rows_push(r, &r->failures, NULL) = failure;
}

static void refuse(ls_reader *r, const ls_yaml *node, const char *path, const char *why) {
    const ls_yaml *value = ls_take(r, node, path);
    if (value != NULL) {
        ls_reader_mistake(r, value, NULL, "%s", why);
    }
}

static void read_maintenance(ls_reader *r, uint32_t station, uint32_t ordinal,
                             const ls_yaml *node) {
    const ls_yaml *every = ls_take(r, node, "stations.*.maintenance.every");
    ls_failure failure = {.every = LS_NONE,
                          .condition = LS_NONE,
                          .maintenance = true,
                          .place = {node->line, node->column}};
    failure.crew = crew_of(r, ls_take(r, node, "stations.*.maintenance.crew"));
    failure.repair = LS_NONE;
    failure.by = LS_FAIL_CALENDAR;
    ls_take_dist(r, node, "stations.*.maintenance.for", &failure.repair);
    if (ls_yaml_is_text(every)) {
        failure.every = ls_read_every(r, every, &failure.by);
        failure.every_text = ls_reader_text(r, every->text);
    }
    const bool by_count = failure.by != LS_FAIL_CALENDAR;
    int from = 0;
    ls_take_choice(r, node, "stations.*.maintenance.from", &from);
    failure.from_end = from == 1;
    ls_take_yes(r, node, "stations.*.maintenance.stagger", &failure.stagger);
    ls_take_yes(r, node, "stations.*.maintenance.carry", &failure.carry);
    if (failure.every != LS_NONE && by_count) {
        refuse(r, node, "stations.*.maintenance.from",
               "'from' is for maintenance by time, this one is by count");
    } else if (failure.every != LS_NONE) {
        refuse(r, node, "stations.*.maintenance.carry",
               "'carry' is for maintenance by count, this one is by time");
    }
    read_first(r, ls_take(r, node, "stations.*.maintenance.first"), &failure, by_count);
    if (!ls_take_text(r, node, "stations.*.maintenance.name", &failure.name)) {
        failure.name = default_name(r, true, ordinal);
    }
    ls_read_on(r, station, ls_take(r, node, "stations.*.maintenance.on"), &failure.on_at,
               &failure.on_count);
    *(ls_failure *)ls_rows_push(r, &r->failures, NULL) = failure;
}

static void refuse_doubled_names(ls_reader *r, const ls_station *s) {
    ls_names names;
    ls_names_init(&names);
    for (uint32_t i = s->failure_at; i < r->failures.count && !r->form.out_of_memory; i++) {
        const ls_failure *f = LS_ROW(ls_failure, r->failures, i);
        if (ls_names_add(&names, 0, f->name, i) != LS_NONE) {
            const ls_yaml at = {.line = f->place.line, .column = f->place.column};
            ls_reader_mistake(r, &at, "give it another 'name'",
                              "station '%s' has two failures or maintenances named '%s'", s->name,
                              f->name);
        }
    }
    r->form.out_of_memory = r->form.out_of_memory || names.failed;
    ls_names_clear(&names);
}

static bool may_renew(const ls_failure *f) {
    return !f->maintenance || f->by != LS_FAIL_CALENDAR || f->from_end;
}

// One name of `renews`; LS_NONE after a mistake.
static uint32_t read_renewed(ls_reader *r, const ls_station *s, uint32_t own, const ls_yaml *at) {
    const ls_rows all = {.items = LS_ROW(ls_failure, r->failures, s->failure_at),
                         .count = r->failures.count - s->failure_at,
                         .size = r->failures.size};
    for (uint32_t i = 0; i < all.count; i++) {
        const ls_failure *f = LS_ROW(ls_failure, all, i);
        if (strcmp(f->name, at->text) != 0) {
            continue;
        }
        if (i == own) {
            ls_reader_mistake(r, at, "take it out", "'%s' starts its own clock anew anyway",
                              at->text);
        } else if (!may_renew(f)) {
            ls_reader_mistake(r, at, "let it say 'from: end'",
                              "'%s' goes by a schedule: its due dates do not move", at->text);
        } else {
            return i;
        }
        return LS_NONE;
    }
    ls_reader_mistake(r, at, ls_reader_nearest_row(r, at->text, &all, offsetof(ls_failure, name)),
                      "unknown failure or maintenance '%s' of station '%s'", at->text, s->name);
    return LS_NONE;
}

// When all names of the station are known.
static void read_renews(ls_reader *r, uint32_t station, const ls_yaml *list, const char *path,
                        uint32_t *number) {
    for (uint32_t i = 0; i < ls_yaml_many(list); i++) {
        if (ls_yaml_nth(list, i)->kind != LS_YAML_MAP) {
            continue;
        }
        const ls_station *s = LS_ROW(ls_station, r->stations, station);
        const uint32_t own = (*number)++;
        const ls_yaml *names = ls_take(r, ls_yaml_nth(list, i), path);
        const uint32_t at = r->indexes.count;
        for (uint32_t k = 0; k < ls_yaml_many(names); k++) {
            const ls_yaml *name = ls_yaml_nth(names, k);
            const uint32_t found = ls_yaml_is_text(name) ? read_renewed(r, s, own, name) : LS_NONE;
            if (found != LS_NONE) {
                ls_reader_index(r, found);
            }
        }
        ls_failure *f = LS_ROW(ls_failure, r->failures, s->failure_at + own);
        f->renews_at = at;
        f->renews_count = r->indexes.count - at;
    }
}

void ls_read_failures(ls_reader *r, uint32_t station, const ls_yaml *node) {
    if (r->form.out_of_memory) {
        return;
    }
    LS_ROW(ls_station, r->stations, station)->failure_at = r->failures.count;
    const ls_yaml *fails = ls_take(r, node, "stations.*.fails");
    for (uint32_t i = 0; i < ls_yaml_many(fails); i++) {
        if (ls_yaml_nth(fails, i)->kind == LS_YAML_MAP) {
            read_one(r, station, i, ls_yaml_nth(fails, i));
        }
    }
    const ls_yaml *maintenance = ls_take(r, node, "stations.*.maintenance");
    for (uint32_t i = 0; i < ls_yaml_many(maintenance); i++) {
        if (ls_yaml_nth(maintenance, i)->kind == LS_YAML_MAP) {
            read_maintenance(r, station, i, ls_yaml_nth(maintenance, i));
        }
    }
    ls_station *s = LS_ROW(ls_station, r->stations, station);
    s->failure_count = r->failures.count - s->failure_at;
    refuse_doubled_names(r, s);
    uint32_t number = 0;
    if (!r->form.out_of_memory) {
        read_renews(r, station, fails, "stations.*.fails.renews", &number);
        read_renews(r, station, maintenance, "stations.*.maintenance.renews", &number);
    }
}
