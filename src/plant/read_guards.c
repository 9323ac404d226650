// read_guards.c - the part `guards:`: times, limits by target, conditions.
#include <math.h>
#include <string.h>

#include "plant/decide_reader.h"

static void read_times(ls_decide_draft *d, const ls_yaml *map, ls_guards *out) {
    ls_reader *r = d->r;
    ls_take_time(r, map, "guards.fresh", &out->fresh_us);
    ls_take_time(r, map, "guards.in-step", &out->in_step_us);
    ls_take_share(r, map, "guards.certainty", &out->certainty_min);
    out->width_max = INFINITY;
    ls_take_number(r, map, "guards.claim-width", &out->width_max);
    if (out->width_max <= 0.0) {
        ls_reader_mistake(r, ls_yaml_find(map, "claim-width"), "above 0, as 1",
                          "guards.claim-width: at 0 no gain but one without any doubt would do");
    }
    ls_take_time(r, map, "guards.read-back", &out->read_back_us);
    ls_take_time(r, map, "guards.heartbeat", &out->heartbeat_us);
    ls_take_time(r, map, "guards.not-after", &out->not_after_us);
    ls_take_u32(r, map, "guards.trips", &out->trips_a_day);
    ls_take_yes(r, map, "guards.two-persons", &out->two_persons);
    ls_take_time(r, map, "guards.bypass", &out->bypass_max_us);
    static const char *const keys[] = {"fresh", "read-back", "heartbeat", "not-after"};
    const int64_t times[] = {out->fresh_us, out->read_back_us, out->heartbeat_us,
                             out->not_after_us};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (times[i] <= 0) {
            ls_reader_mistake(r, ls_yaml_find(map, keys[i]), "leave it out for the default",
                              "guards.%s: with no time nothing would ever be sent", keys[i]);
        }
    }
}

// --- limits

static const char *const limit_keys[LS_LIMIT_KIND_COUNT] = {"range",  "rate",      "step",
                                                            "budget", "frequency", "dwell"};

static bool read_target(ls_decide_draft *d, const ls_yaml *map, ls_guard_limit *limit) {
    ls_reader *r = d->r;
    const ls_yaml *of = ls_take(r, map, "guards.frequency.of");
    const ls_yaml *machine = ls_take(r, map, "guards.frequency.machine");
    limit->machine = LS_NONE;
    limit->measured = LS_NONE;
    if (ls_yaml_is_text(machine)) {
        limit->machine = ls_listen_machine(&d->lines, machine);
        if (limit->machine == LS_NONE) {
            return false;
        }
    }
    if (ls_yaml_is_text(of)) {
        limit->measured = ls_decide_measured(d, of);
        if (limit->measured == LS_NONE) {
            return false;
        }
        if (r->plant->listen.values[limit->measured].setpoint == NULL) {
            ls_reader_mistake(r, of, "a value with 'setpoint'", "value '%s' cannot be set",
                              of->text);
            return false;
        }
    }
    return true;
}

static void read_decide_kind(ls_reader *r, const ls_yaml *map, ls_guard_limit *limit) {
    int kind = 0;
    if (limit->kind == LS_LIMIT_FREQUENCY || limit->kind == LS_LIMIT_DWELL) {
        limit->of_decide_kind = ls_take_choice(r, map, "guards.frequency.kind", &kind);
    } else {
        limit->of_decide_kind = true;
        kind = LS_DECIDE_SETPOINT;
    }
    limit->decide_kind = (ls_decide_kind)kind;
}

static void positive(ls_reader *r, const ls_yaml *map, const char *key, int64_t us) {
    const ls_yaml *at = ls_yaml_find(map, key);
    if (us <= 0 && at != NULL) {
        ls_reader_mistake(r, at, NULL, "'%s' cannot be 0", key);
    }
}

static void read_amounts(ls_reader *r, const ls_yaml *map, ls_guard_limit *limit) {
    int64_t per_us = LS_US_PER_S;
    limit->low = -INFINITY;
    limit->high = INFINITY;
    switch (limit->kind) {
    case LS_LIMIT_RANGE:
        ls_take_number(r, map, "guards.range.low", &limit->low);
        ls_take_number(r, map, "guards.range.high", &limit->high);
        if (limit->low > limit->high) {
            ls_reader_mistake(r, map, NULL, "guards.range: 'low' is above 'high'");
        }
        break;
    case LS_LIMIT_RATE:
        ls_take_number(r, map, "guards.rate.most", &limit->high);
        ls_take_time(r, map, "guards.rate.per", &per_us);
        positive(r, map, "per", per_us);
        if (per_us > 0) {
            limit->high /= (double)per_us / (double)LS_US_PER_S;
        }
        break;
    case LS_LIMIT_STEP: ls_take_number(r, map, "guards.step.most", &limit->high); break;
    case LS_LIMIT_BUDGET:
        ls_take_number(r, map, "guards.budget.most", &limit->high);
        ls_take_time(r, map, "guards.budget.within", &limit->window_us);
        positive(r, map, "within", limit->window_us);
        break;
    case LS_LIMIT_FREQUENCY:
        ls_take_u32(r, map, "guards.frequency.most", &limit->count);
        ls_take_time(r, map, "guards.frequency.within", &limit->window_us);
        positive(r, map, "within", limit->window_us);
        break;
    case LS_LIMIT_DWELL:
        ls_take_time(r, map, "guards.dwell.for", &limit->window_us);
        positive(r, map, "for", limit->window_us);
        break;
    case LS_LIMIT_KIND_COUNT: break;
    }
}

static void read_limit(ls_decide_draft *d, const ls_yaml *map, ls_guard_kind kind) {
    ls_guard_limit limit = {.kind = kind, .line = map->line, .column = map->column};
    if (!read_target(d, map, &limit)) {
        return;
    }
    read_decide_kind(d->r, map, &limit);
    read_amounts(d->r, map, &limit);
    *(ls_guard_limit *)ls_rows_push(d->r, &d->limits, NULL) = limit;
}

// --- conditions

static bool parse_is(const char *text, double *out) {
    if (ls_schema_has_word("yes true no false", text)) {
        *out = ls_schema_has_word("yes true", text) ? 1 : 0;
        return true;
    }
    return ls_text_parse_double(text, strlen(text), out) && isfinite(*out);
}

static void read_condition(ls_decide_draft *d, const ls_yaml *map, bool interlock) {
    ls_reader *r = d->r;
    ls_guard_condition c = {.interlock = interlock, .value = 1, .machine = LS_NONE};
    const ls_yaml *tag = ls_take(r, map, "guards.permissives.tag");
    const ls_yaml *is = ls_take(r, map, "guards.permissives.is");
    const ls_yaml *machine = ls_take(r, map, "guards.permissives.machine");
    if (ls_yaml_is_text(machine)) {
        c.machine = ls_listen_machine(&d->lines, machine);
        if (c.machine == LS_NONE) {
            return;
        }
    }
    if (ls_yaml_is_text(is) && !parse_is(is->text, &c.value)) {
        ls_reader_mistake(r, is, "a number, or yes or no",
                          "'%s' is no value that a tag is compared with", is->text);
    }
    if (!ls_yaml_is_text(tag)) {
        return;
    }
    c.tag = ls_listen_tag(&d->lines, tag, tag->text, c.machine,
                          c.machine != LS_NONE ? ls_listen_station_of(r, c.machine) : LS_NONE);
    c.line = tag->line;
    c.column = tag->column;
    if (c.tag != NULL && !r->form.out_of_memory) {
        *(ls_guard_condition *)ls_rows_push(r, &d->conditions, NULL) = c;
    }
}

// --- the whole

void ls_decide_read_guards(ls_decide_draft *d) {
    ls_reader *r = d->r;
    ls_guards *out = &r->plant->decide.guards;
    const ls_yaml *map = ls_take_map(r, r->form.root, "guards");
    out->given = map != NULL;
    read_times(d, map, out);
    if (map == NULL) {
        return;
    }
    for (unsigned kind = 0; kind < LS_LIMIT_KIND_COUNT; kind++) {
        const ls_yaml *value = ls_yaml_find(map, limit_keys[kind]);
        for (uint32_t i = 0; i < ls_yaml_many(value) && !r->form.out_of_memory; i++) {
            const ls_yaml *entry = ls_yaml_nth(value, i);
            if (entry->kind == LS_YAML_MAP) {
                read_limit(d, entry, (ls_guard_kind)kind);
            }
        }
    }
    for (int interlock = 0; interlock < 2; interlock++) {
        const ls_yaml *value = ls_yaml_find(map, interlock == 1 ? "interlocks" : "permissives");
        for (uint32_t i = 0; i < ls_yaml_many(value) && !r->form.out_of_memory; i++) {
            const ls_yaml *entry = ls_yaml_nth(value, i);
            if (entry->kind == LS_YAML_MAP) {
                read_condition(d, entry, interlock == 1);
            }
        }
    }
}
