// read_decide_number.c - what may be chosen: levels, counts, settings.
#include <math.h>
#include <string.h>

#include "plant/decide_reader.h"

static void push(ls_decide_draft *d, double number) {
    *(double *)ls_rows_push(d->r, &d->numbers, NULL) = number;
}

// Numbers of a list, each once; `whole`: no parts of lots or people. Out of range has been said.
static void read_list(ls_decide_draft *d, const ls_yaml *list, bool whole, double low,
                      double high) {
    ls_reader *r = d->r;
    const uint32_t first = d->numbers.count;
    for (uint32_t i = 0; i < ls_yaml_many(list) && !r->form.out_of_memory; i++) {
        const ls_yaml *at = ls_yaml_nth(list, i);
        double number = 0;
        if (!ls_yaml_is_text(at) || !ls_text_parse_double(at->text, strlen(at->text), &number) ||
            !isfinite(number)) {
            continue;
        }
        for (uint32_t k = first; k < d->numbers.count; k++) {
            if (*LS_ROW(double, d->numbers, k) == number) {
                ls_reader_mistake(r, at, "take one of them out", "'%s' is there twice", at->text);
                return;
            }
        }
        if (whole && number != floor(number)) {
            ls_reader_mistake(r, at, NULL, "'%s' is not a whole number", at->text);
        } else if (!(number >= low && number <= high)) {
            ls_reader_mistake(r, at, "'set' of the value says what may be set",
                              "'%s' is out of range, expected %.17g to %.17g", at->text, low, high);
        } else {
            push(d, number);
        }
    }
}

static void read_steps(ls_decide_draft *d, const ls_yaml *map, const ls_yaml *at,
                       const ls_measured *v) {
    ls_reader *r = d->r;
    double low = v->set_low;
    double high = v->set_high;
    uint32_t steps = 1;
    ls_take_number(r, map, "decide.setpoint.low", &low);
    ls_take_number(r, map, "decide.setpoint.high", &high);
    ls_take_u32(r, map, "decide.setpoint.steps", &steps);
    if (!(low < high && low >= v->set_low && high <= v->set_high)) {
        ls_reader_mistake(r, at, "'set' of the value says what may be set",
                          "settings of %.17g to %.17g are not within %.17g to %.17g", low, high,
                          v->set_low, v->set_high);
        return;
    }
    for (uint32_t i = 0; i <= steps && !r->form.out_of_memory; i++) {
        push(d, i == steps ? high : low + (high - low) * ((double)i / (double)steps));
    }
}

// `minimize`: another value, which follows the setting by a response of its own.
static void read_objective(ls_decide_draft *d, const ls_yaml *map, ls_decide_point *p) {
    ls_reader *r = d->r;
    const ls_yaml *name = ls_take(r, map, "decide.setpoint.minimize");
    const ls_yaml *response = ls_take_map(r, map, "decide.setpoint.response");
    if (!ls_yaml_is_text(name)) {
        if (response != NULL) {
            ls_reader_mistake(r, response, "add 'minimize: VALUE'",
                              "'response' is that of a value to be made small, and there is none");
        }
        return;
    }
    p->objective = ls_decide_measured(d, name);
    if (p->objective == LS_NONE) {
        return;
    }
    if (isfinite(p->target)) {
        ls_reader_mistake(r, ls_take(r, map, "decide.setpoint.target"), "take one of them out",
                          "'target' and 'minimize' both say what is better");
    }
    if (p->objective == p->measured) {
        ls_reader_mistake(r, name, "'minimize' names another value",
                          "'%s' would be made small by setting it", name->text);
    }
    if (response == NULL) {
        ls_reader_mistake(r, name, "'response: {gain: -4, tau: 2 h, delay: 15 min}'",
                          "nothing says how '%s' follows the setting", name->text);
    }
    const ls_measured *set = &r->plant->listen.values[p->measured];
    p->minimizes = true;
    p->follows = r->plant->listen.values[p->objective];
    p->follows.set_low = set->set_low;
    p->follows.set_high = set->set_high;
    p->follows.set_default = set->set_default;
    p->follows.table_count = 0;
    ls_listen_read_response(r, response, &p->follows);
}

static void read_settings(ls_decide_draft *d, const ls_yaml *map, const ls_yaml *at,
                          ls_decide_point *p) {
    static const char *const others[] = {"low", "high", "steps"};
    ls_reader *r = d->r;
    const ls_measured *v = &r->plant->listen.values[p->measured];
    const ls_yaml *values = ls_take(r, map, "decide.setpoint.values");
    ls_take_number(r, map, "decide.setpoint.target", &p->target);
    read_objective(d, map, p);
    for (size_t i = 0; i < 3 && values != NULL; i++) {
        const ls_yaml *other = ls_yaml_find(map, others[i]);
        if (other != NULL) {
            ls_reader_mistake(r, other, "take one of them out",
                              "'values' and '%s' both say what may be set", others[i]);
            return;
        }
    }
    if (values != NULL) {
        read_list(d, values, false, v->set_low, v->set_high);
    } else {
        read_steps(d, map, at, v);
    }
}

// The value by which the line takes one of the numbers. What holds without a heartbeat, its
// default, is the plant's own number: the line then goes by its own rule.
static void read_value(ls_decide_draft *d, const ls_yaml *value, ls_decide_point *p) {
    ls_reader *r = d->r;
    p->measured = ls_yaml_is_text(value) ? ls_decide_measured(d, value) : LS_NONE;
    if (p->measured == LS_NONE) {
        return;
    }
    const ls_measured *v = &r->plant->listen.values[p->measured];
    const double own = p->kind == LS_DECIDE_CONWIP
                           ? LS_ROW(ls_release, r->releases, p->release)->keep
                           : LS_ROW(ls_operators, r->operators, p->operators)->count;
    if (v->setpoint == NULL) {
        ls_reader_mistake(r, value, "give it 'setpoint: TAG, set: {low: 1, high: 30}'",
                          "value '%s' cannot be set", value->text);
    } else if (v->set_default != own && r->form.error_count == 0) {  // else it may not be known
        ls_reader_mistake(r, value, ls_reader_format(r, "'default: %.17g' in its 'set'", own),
                          "'%s' falls back to %.17g, the plant's own number is %.17g", value->text,
                          v->set_default, own);
    }
    for (uint32_t i = p->number_at; i < d->numbers.count && v->setpoint != NULL; i++) {
        const double number = *LS_ROW(double, d->numbers, i);
        if (!(number >= v->set_low && number <= v->set_high)) {
            ls_reader_mistake(r, value, "'set' of the value says what may be set",
                              "'%s' cannot be set to %.17g, it takes %.17g to %.17g", value->text,
                              number, v->set_low, v->set_high);
            return;
        }
    }
}

void ls_decide_read_numbers(ls_decide_draft *d, const ls_yaml *map, const ls_yaml *at,
                            ls_decide_point *p) {
    ls_reader *r = d->r;
    p->target = NAN;
    p->number_at = d->numbers.count;
    if (p->kind == LS_DECIDE_CONWIP) {
        read_list(d, ls_take(r, map, "decide.conwip.levels"), true, 1, 1e6);
        read_value(d, ls_take(r, map, "decide.conwip.value"), p);
    } else if (p->kind == LS_DECIDE_STAFFING) {
        read_list(d, ls_take(r, map, "decide.staffing.counts"), true, 0, 1e6);
        read_value(d, ls_take(r, map, "decide.staffing.value"), p);
    } else if (p->kind == LS_DECIDE_SETPOINT) {
        read_settings(d, map, at, p);
    }
    p->number_count = d->numbers.count - p->number_at;
}
