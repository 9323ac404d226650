// explain_station.c - a station as the plant file says it, every default filled in.
#include <assert.h>
#include <string.h>

#include "plant/explain_values.h"
#include "plant/reader.h"

static void put_weights(ls_buffer *out, const ls_criterion *criterion) {
    static const char *const names[LS_W_COUNT] = {"wait",  "priority", "setup", "process",
                                                  "slack", "late",     "step"};
    ls_buffer_text(out, "{weighted: {");
    for (int i = 0; i < LS_W_COUNT; i++) {
        ls_buffer_printf(out, "%s%s: ", i > 0 ? ", " : "", names[i]);
        ls_put_number(out, criterion->weights[i]);
    }
    ls_buffer_text(out, "}}");
}

void ls_explain_rules(ls_buffer *out, const ls_plant *plant, uint32_t at, uint32_t count) {
    ls_buffer_text(out, "[");
    for (uint32_t i = 0; i < count; i++) {
        const ls_criterion *criterion = &plant->criteria[at + i];
        ls_buffer_text(out, i > 0 ? ", " : "");
        if (criterion->rule == LS_RULE_WEIGHTED) {
            put_weights(out, criterion);
        } else {
            ls_buffer_text(out, ls_rule_name(criterion->rule));
        }
    }
    ls_buffer_text(out, "]\n");
}

static void put_process(ls_buffer *out, const ls_plant *plant, uint32_t machine,
                        const uint32_t *here, uint32_t count) {
    uint32_t written = 0;
    for (uint32_t i = 0; i < count; i++) {
        const ls_step *step = &plant->steps[here[i]];
        const ls_dist_index dist = step->machine_process_at == LS_NONE
                                       ? LS_NONE
                                       : plant->indexes[step->machine_process_at + machine];
        if (dist == LS_NONE) {
            continue;
        }
        ls_buffer_text(out, written++ == 0 ? ", process: {" : ", ");
        ls_put_step(out, plant, here[i]);
        ls_buffer_text(out, ": ");
        ls_put_dist(out, plant, dist);
    }
    ls_buffer_text(out, written > 0 ? "}" : "");
}

static void put_machines(ls_buffer *out, const ls_plant *plant, const ls_station *s,
                         const uint32_t *here, uint32_t count) {
    ls_buffer_text(out, "    machines:\n");
    for (uint32_t m = 0; m < s->machine_count; m++) {
        const ls_machine *machine = &plant->machines[s->machine_at + m];
        ls_buffer_text(out, "      ");
        ls_put_text(out, machine->name);
        ls_buffer_text(out, ": {speed: ");
        ls_put_number(out, machine->speed);
        for (uint32_t i = 0; i < machine->only_count; i++) {
            ls_buffer_text(out, i == 0 ? ", only: [" : ", ");
            ls_put_step(out, plant, plant->indexes[machine->only_at + i]);
        }
        ls_buffer_text(out, machine->only_count > 0 ? "]" : "");
        put_process(out, plant, m, here, count);
        if (machine->setup_initial != LS_NONE) {
            ls_buffer_text(out, ", setup: ");
            ls_put_text(out, plant->setup_names[s->setup_at + machine->setup_initial]);
        }
        ls_buffer_text(out, "}\n");
    }
}

static void put_batch(ls_buffer *out, const ls_station *s) {
    static const char *const by[] = {"product", "step", "recipe", "any"};
    if (!s->batch) {
        ls_buffer_text(out, "    # batch: one lot at a time\n");
        return;
    }
    ls_buffer_printf(out,
                     "    batch: {by: %s, prefer: %s, count: %s}  # limits stand at the steps\n",
                     by[s->batch_by], s->batch_prefer == LS_BATCH_FULL ? "full" : "head",
                     s->batch_parts ? "parts" : "lots");
}

static void put_pair(ls_buffer *out, const ls_plant *plant, const ls_station *s, uint32_t from,
                     uint32_t to, ls_dist_index dist) {
    char key[2 * LS_TEXT_WORD_MAX + 16];
    const char *from_name = from == 0 ? "none" : plant->setup_names[s->setup_at + from - 1];
    const char *to_name = to == LS_NONE ? "any" : plant->setup_names[s->setup_at + to];
    ls_text_format(key, sizeof key, "%s to %s", from_name, to_name);
    ls_buffer_text(out, "      ");
    ls_put_text(out, key);
    ls_buffer_text(out, ": ");
    ls_put_dist(out, plant, dist);
    ls_buffer_text(out, "\n");
}

static ls_dist_index cell(const ls_plant *plant, const ls_station *s, uint32_t from, uint32_t to) {
    return plant->setup_matrix[s->matrix_at + (size_t)from * s->setup_count + to];
}

// A state that no time names would be lost: names it with a time of 0.
static void put_pairs(ls_buffer *out, const ls_plant *plant, const ls_station *s) {
    for (uint32_t state = 0; state < s->setup_count; state++) {
        bool is_named = false;
        for (uint32_t k = 0; k < s->setup_count && !is_named; k++) {
            is_named = cell(plant, s, state + 1, k) != LS_NONE ||
                       cell(plant, s, k + 1, state) != LS_NONE;
        }
        if (!is_named && cell(plant, s, 0, state) == LS_NONE) {
            put_pair(out, plant, s, state + 1, LS_NONE, LS_NONE);
        }
    }
    for (uint32_t from = 0; from <= s->setup_count; from++) {
        for (uint32_t to = 0; to < s->setup_count; to++) {
            if (cell(plant, s, from, to) != LS_NONE) {
                put_pair(out, plant, s, from, to, cell(plant, s, from, to));
            }
        }
    }
}

static void put_setup(ls_buffer *out, const ls_plant *plant, const ls_station *s) {
    static const char *const kinds[] = {"product", "step", "both"};
    if (s->setup_count == 0 && s->min_run == 0 && !s->setup_clears) {
        ls_buffer_text(out, "    # setup: no setups\n");
        return;
    }
    ls_buffer_printf(out, "    setup:\n      min-run: %u\n      without: %s\n", s->min_run,
                     s->setup_clears ? "clear" : "keep");
    for (int i = 0; i < 3 && s->setup_by_kind; i++) {
        ls_buffer_printf(out, "      %s: ", kinds[i]);
        ls_put_dist(out, plant, s->setup_kinds[i]);
        ls_buffer_text(out, "\n");
    }
    if (!s->setup_by_kind) {
        put_pairs(out, plant, s);
    }
}

static void put_on(ls_buffer *out, const ls_plant *plant, const ls_station *s, uint32_t at,
                   uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        ls_buffer_text(out, i == 0 ? ", on: [" : ", ");
        ls_put_text(out, plant->machines[s->machine_at + plant->indexes[at + i]].name);
    }
    ls_buffer_text(out, count > 0 ? "]" : "");
}

static void put_renews(ls_buffer *out, const ls_plant *plant, const ls_station *s,
                       const ls_failure *f) {
    for (uint32_t i = 0; i < f->renews_count; i++) {
        ls_buffer_text(out, i == 0 ? ", renews: [" : ", ");
        ls_put_text(out, plant->failures[s->failure_at + plant->indexes[f->renews_at + i]].name);
    }
    ls_buffer_text(out, f->renews_count > 0 ? "]" : "");
}

static void put_condition(ls_buffer *out, const ls_condition *c) {
    ls_buffer_printf(out, ", condition: {%s: ", c->model != NULL ? "model" : "tag");
    ls_put_text(out, c->model != NULL ? c->model : c->tag);
    if (c->at != LS_NONE) {
        ls_buffer_printf(out, ", at: %s, new: ", c->at_text);
        ls_put_number(out, c->fresh);
    }
    if (c->model == NULL) {
        ls_buffer_text(out, ", spread: ");
        ls_put_number(out, c->spread);
    }
    ls_buffer_text(out, ", stale: ");
    ls_put_time(out, c->stale_us);
    ls_buffer_text(out, "}");
}

static void put_slowness(ls_buffer *out, const ls_plant *plant, const ls_station *s) {
    if (s->slowness == LS_NONE) {
        ls_buffer_text(out, "    # slowness: work takes as long as process says\n");
        return;
    }
    const ls_condition *c = &plant->conditions[s->slowness];
    ls_buffer_printf(out, "    slowness: {%s: ", c->model != NULL ? "model" : "tag");
    ls_put_text(out, c->model != NULL ? c->model : c->tag);
    if (!c->per_speed) {
        ls_buffer_text(out, ", nominal: ");
        ls_put_number(out, c->nominal);
    }
    if (c->fresh > 0.0) {
        ls_buffer_text(out, ", new: ");
        ls_put_number(out, c->fresh);
    }
    for (uint32_t i = 0; i < c->until_count; i++) {
        ls_buffer_text(out, i == 0 ? ", until: [" : ", ");
        ls_put_text(out, plant->failures[s->failure_at + plant->indexes[c->until_at + i]].name);
    }
    ls_buffer_printf(out, "%s, interval: %s", c->until_count > 0 ? "]" : "",
                     c->of_mean ? "mean" : "operation");
    if (c->model == NULL) {
        ls_buffer_text(out, ", spread: ");
        ls_put_number(out, c->spread);
    }
    ls_buffer_text(out, ", stale: ");
    ls_put_time(out, c->stale_us);
    ls_buffer_text(out, "}\n");
}

static void put_failure(ls_buffer *out, const ls_plant *plant, const ls_station *s,
                        const ls_failure *f) {
    static const char *const lots[] = {"resume", "restart", "scrap"};
    const bool by_count = f->by != LS_FAIL_BUSY && f->by != LS_FAIL_CALENDAR;
    ls_buffer_text(out, "      - {name: ");
    ls_put_text(out, f->name);
    ls_buffer_printf(out, ", every: %s, %s: ", f->every_text, f->maintenance ? "for" : "repair");
    ls_put_dist(out, plant, f->repair);
    if (f->first_text != NULL) {
        ls_buffer_printf(out, ", first: %s", f->first_text);
    }
    if (!f->maintenance) {
        ls_buffer_printf(out, "%s, lots: %s",
                         by_count ? "" : (f->by == LS_FAIL_BUSY ? ", by: busy" : ", by: calendar"),
                         lots[f->lots]);
    } else if (by_count) {
        ls_buffer_printf(out, ", stagger: %s, carry: %s", f->stagger ? "yes" : "no",
                         f->carry ? "yes" : "no");
    } else {
        ls_buffer_printf(out, ", stagger: %s, from: %s", f->stagger ? "yes" : "no",
                         f->from_end ? "end" : "schedule");
    }
    if (f->crew != LS_NONE) {
        ls_buffer_text(out, ", crew: ");
        ls_put_text(out, plant->crews[f->crew].name);
    }
    put_on(out, plant, s, f->on_at, f->on_count);
    put_renews(out, plant, s, f);
    if (f->condition != LS_NONE) {
        put_condition(out, &plant->conditions[f->condition]);
    }
    ls_buffer_text(out, "}\n");
}

static void put_failures(ls_buffer *out, const ls_plant *plant, const ls_station *s,
                         bool maintenance) {
    uint32_t written = 0;
    for (uint32_t i = 0; i < s->failure_count; i++) {
        const ls_failure *f = &plant->failures[s->failure_at + i];
        if (f->maintenance == maintenance) {
            ls_buffer_text(out, written++ > 0 ? ""
                                : maintenance ? "    maintenance:\n"
                                              : "    fails:\n");
            put_failure(out, plant, s, f);
        }
    }
    if (written == 0) {
        ls_buffer_text(out, maintenance ? "    # maintenance: none\n" : "    # fails: never\n");
    }
}

static void put_needs(ls_buffer *out, const ls_plant *plant, const ls_station *s) {
    ls_buffer_text(out,
                   s->need_count == 0 ? "    # operator: nobody is needed\n" : "    operator:\n");
    for (uint32_t i = 0; i < s->need_count; i++) {
        const ls_need *need = &plant->needs[s->need_at + i];
        ls_buffer_text(out, "      - {skill: ");
        ls_put_text(out, plant->skills[need->skill]);
        const bool phases[] = {need->setup, need->load, need->process, need->unload};
        static const char *const names[] = {"setup", "load", "process", "unload"};
        ls_buffer_text(out, ", for: [");
        const char *between = "";
        for (int k = 0; k < 4; k++) {
            if (phases[k]) {
                ls_buffer_printf(out, "%s%s", between, names[k]);
                between = ", ";
            }
        }
        ls_buffer_text(out, "]}\n");
    }
}

static void put_queue(ls_buffer *out, const ls_plant *plant, const ls_station *s) {
    ls_buffer_text(out, "    queue: {places: ");
    if (s->places < 0) {
        ls_buffer_text(out, "unlimited");
    } else {
        ls_buffer_printf(out, "%lld", (long long)s->places);
    }
    ls_buffer_text(out, ", transit: ");
    ls_put_dist(out, plant, s->transit);
    ls_buffer_text(out, "}\n");
}

void ls_explain_station(ls_buffer *out, const ls_plant *plant, uint32_t station,
                        const uint32_t *here, uint32_t count) {
    static const char *const shift_end[] = {"finish", "pause", "abort"};
    const ls_station *s = &plant->stations[station];
    ls_buffer_text(out, "  ");
    ls_put_text(out, s->name);
    ls_buffer_text(out, ":\n");
    put_machines(out, plant, s, here, count);
    ls_buffer_text(out, "    area: ");
    ls_put_text(out, s->area_name != NULL ? s->area_name : s->name);
    ls_buffer_text(out, "\n");
    put_queue(out, plant, s);
    ls_buffer_printf(out, "    blocking: %s\n",
                     s->blocking == LS_BLOCK_BEFORE ? "before" : "after");
    ls_buffer_text(out, "    # process, per, cascade, load, unload: they stand at the steps\n");
    ls_buffer_printf(out, "    ports: %u\n", s->ports);
    if (s->calendar == LS_NONE) {
        ls_buffer_text(out, "    # calendar: always on\n");
    } else {
        ls_buffer_text(out, "    calendar: ");
        ls_put_text(out, plant->calendars[s->calendar].name);
        ls_buffer_text(out, "\n");
    }
    ls_buffer_printf(out, "    shift-end: %s\n    dispatch: ", shift_end[s->shift_end]);
    ls_explain_rules(out, plant, s->criterion_at, s->criterion_count);
    ls_buffer_printf(out, "    machine-choice: %s\n",
                     s->machine_choice == LS_MACHINE_LEAST_SETUP ? "least-setup" : "first");
    put_batch(out, s);
    put_setup(out, plant, s);
    put_failures(out, plant, s, false);
    put_failures(out, plant, s, true);
    put_slowness(out, plant, s);
    put_needs(out, plant, s);
}
