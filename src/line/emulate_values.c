// emulate_values.c - measured values: power, temperature, vibration and wear of each machine, and
// those of `listen.values` with their response to a setpoint.
//
// They follow from the state by simple laws (docs/EMULATOR.md) and are looked at every ten seconds
// of plant time; a value is told when what it shows has changed.
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/units.h"
#include "line/emulate_inside.h"
#include "twin/intervene.h"

// Two uniform draws: a triangle from -1 to 1.
static double noise(ls_emulate *e, uint32_t machine) {
    uint64_t *at = &e->machines[machine].noise;
    const double a = ls_random_uniform(e->noise_key, machine, (*at)++);
    const double b = ls_random_uniform(e->noise_key, machine, (*at)++);
    return a - b;
}

// As the display of a sensor shows it.
static double shown(double value, double digits) {
    return floor(value * digits + 0.5) / digits;
}

static void tell_sensor(ls_emulate *e, uint32_t signal, double value, double digits) {
    bool stuck = false;
    const double lied = shown(ls_emulate_lie(e, signal, value, &stuck), digits);
    if (!stuck && lied != e->values[signal].value.real) {
        ls_emulate_tell_real(e, signal, lied);
    }
}

double ls_emulate_wear_share(const ls_emulate *e, uint32_t machine) {
    const emulate_tool *tool = ls_emulate_tool(e, machine);
    return tool != NULL ? ls_emulate_worn(e, tool)
                        : 1.0 - exp(-e->machines[machine].worked_h / 40.0);
}

static void look_at_machine(ls_emulate *e, const ls_ctx *c, uint32_t i) {
    static const double power_kw[LS_STATE_COUNT] = {0.8, 7.5, 1.6, 0.9, 0.2, 0.2, 0.1, 0.9};
    emulate_machine *m = &e->machines[i];
    const ls_u32 state = c->machine[i].account;
    const bool works = state == LS_STATE_PROCESSING;
    const double hours = (double)EMULATE_TICK_US / (double)LS_US_PER_HOUR;
    if (works) {
        m->worked_h += hours * ls_emulate_factor(e, LS_HIDE_WEAR, i, LS_NO);
    } else if (state == LS_STATE_MAINTENANCE) {
        m->worked_h = 0.0;  // with a new tool
    }
    const emulate_tool *tool = ls_emulate_tool(e, i);
    const double wear = ls_emulate_wear_share(e, i);
    const double target = works ? 62.0 + 8.0 * wear : 24.0;
    m->temperature += (target - m->temperature) * (1.0 - exp(-hours * 6.0));  // tau 10 min
    const double power = power_kw[state] * (works ? 1.0 + 0.15 * wear : 1.0);
    const double vibration = works ? 1.1 + 2.0 * wear : 0.1;
    tell_sensor(e, EMULATE_MACHINE_SIGNAL(i, SIGNAL_POWER), power * (1.0 + 0.02 * noise(e, i)),
                100.0);
    tell_sensor(e, EMULATE_MACHINE_SIGNAL(i, SIGNAL_TEMPERATURE),
                m->temperature + 0.1 * noise(e, i), 10.0);
    tell_sensor(e, EMULATE_MACHINE_SIGNAL(i, SIGNAL_VIBRATION),
                vibration * (1.0 + 0.05 * noise(e, i)), 100.0);
    tell_sensor(e, EMULATE_MACHINE_SIGNAL(i, SIGNAL_WEAR), tool != NULL ? tool->worn : wear,
                1000.0);
}

// --- listen.values

static uint32_t rest_state(const ls_measured *v) {
    return v->delay_us > 0 ? (uint32_t)((v->delay_us + EMULATE_TICK_US - 1) / EMULATE_TICK_US) : 0;
}

// A value of `decide: {conwip, staffing}` is a number of lots or people: the line keeps so many.
static ls_status keep_level(ls_emulate *e, const emulate_measured *v, double setting,
                            ls_error *err) {
    if (setting != floor(setting) || setting < 0 || setting > 1e6) {
        return ls_fail(err, LS_ERR_INVALID, "%g is not a whole number", setting);
    }
    return v->release != LS_NO
               ? ls_intervene_keep(e->twin, e->snapshot, v->release, (uint32_t)setting, err)
               : ls_intervene_staff(e->twin, e->snapshot, v->pool, (uint32_t)setting, err);
}

ls_status ls_emulate_set(ls_emulate *e, emulate_measured *measured, double setting, ls_error *err) {
    const bool counts = measured->release != LS_NO || measured->pool != LS_NO;
    const ls_status status = counts && setting != measured->setting
                                 ? keep_level(e, measured, setting, err)
                                 : LS_OK;
    if (status != LS_OK) {
        return status;
    }
    measured->setting = setting;
    if (measured->loop > 0) {
        ls_emulate_process_set(e->process, measured->loop, setting);
    }
    if (measured->setpoint != LS_NO) {
        ls_emulate_tell_real(e, measured->setpoint, setting);
    }
    return LS_OK;
}

// What the process plant shows, with all its digits: its noise is its own.
static void look_at_process(ls_emulate *e, const emulate_measured *v) {
    bool stuck = false;
    const double value = ls_emulate_lie(e, v->signal,
                                        ls_emulate_process_value(e->process, v->shown), &stuck);
    if (!stuck && value != e->values[v->signal].value.real) {
        ls_emulate_tell_real(e, v->signal, value);
    }
}

static void look_at_measured(ls_emulate *e, emulate_measured *v) {
    if (v->shown >= 0) {
        look_at_process(e, v);
        return;
    }
    const ls_measured *of = &e->plant->listen.values[v->measured];
    double setting = v->setting;
    if (v->delay_ticks > 0) {
        setting = v->delay[v->delay_at];
        v->delay[v->delay_at] = v->setting;
        v->delay_at = v->delay_at + 1 == v->delay_ticks ? 0 : v->delay_at + 1;
    }
    const double target = ls_measured_settles(of, setting);
    const double step = of->tau_us > 0 ? 1.0 - exp(-(double)EMULATE_TICK_US / (double)of->tau_us)
                                       : 1.0;
    v->value += (target - v->value) * step;
    tell_sensor(e, v->signal, v->value, 1000.0);
}

// A tag of a Modbus source is served as a register, by its own name.
static bool is_register(const ls_emulate *e, const char *tag, const char **out_name) {
    for (uint32_t i = 0; i < e->plant->listen.source_count; i++) {
        const ls_source *s = &e->plant->listen.sources[i];
        const size_t length = strlen(s->name);
        if (s->kind == LS_SOURCE_MODBUS && strncmp(tag, s->name, length) == 0 &&
            tag[length] == '/') {
            *out_name = tag + length + 1;
            return true;
        }
    }
    return false;
}

// DEVICE and METRIC of a tag of this node; false: it is another's.
static bool own_tag(const ls_emulate *e, const char *tag, const char **out_device,
                    const char **out_name, ls_arena *arena) {
    char start[2 * EMULATE_NAME_SIZE];
    const size_t length = ls_text_format(start, sizeof start, "%s/%s/", e->group, e->node);
    if (tag != NULL && is_register(e, tag, out_name)) {
        *out_device = EMULATE_VALUES;
        return true;
    }
    if (tag == NULL || length >= sizeof start || strncmp(tag, start, length) != 0) {
        return false;
    }
    const char *rest = tag + length;
    const char *slash = strchr(rest, '/');
    *out_device = slash == NULL ? NULL : ls_arena_text(arena, rest, (size_t)(slash - rest));
    *out_name = slash == NULL ? rest : slash + 1;
    return **out_name != '\0' && (slash == NULL || *out_device != NULL);
}

// Is it of the process plant, if there is one?
static ls_status find_process(const ls_emulate *e, const ls_measured *of, emulate_measured *v,
                              ls_error *err) {
    v->shown = -1;
    v->loop = 0;
    if (e->process == NULL || v->signal == LS_NO) {
        return LS_OK;
    }
    v->shown = ls_emulate_process_find(e->signals[v->signal].name);
    const char *slash = of->setpoint == NULL ? NULL : strrchr(of->setpoint, '/');
    return slash == NULL ? LS_OK : ls_emulate_process_loop(slash + 1, of, &v->loop, err);
}

static uint32_t add_signal(ls_emulate *e, const char *tag, const char *unit, bool writable,
                           double value) {
    const char *device = NULL;
    const char *name = NULL;
    if (!own_tag(e, tag, &device, &name, &e->arena) || ls_emulate_find(e, device, name) != LS_NO) {
        return LS_NO;
    }
    const uint32_t signal = e->signal_count++;
    e->signals[signal] = (ls_emulate_signal){device, name, unit, LS_VALUE_REAL, writable, LS_NO};
    e->values[signal].kind = LS_VALUE_REAL;
    e->values[signal].value.real = value;
    return signal;
}

static void find_level(const ls_plant *plant, emulate_measured *v) {
    v->release = v->pool = LS_NO;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_point *p = &plant->decide.points[i];
        if (p->measured == v->measured && p->kind == LS_DECIDE_CONWIP) {
            v->release = p->release;
        } else if (p->measured == v->measured && p->kind == LS_DECIDE_STAFFING) {
            v->pool = p->operators;
        }
    }
}

ls_status ls_emulate_make_values(ls_emulate *e, ls_error *err) {
    const ls_listen *listen = &e->plant->listen;
    e->measured = ls_arena_alloc(&e->arena, (listen->value_count + 1) * sizeof *e->measured);
    bool whole = e->measured != NULL;
    for (uint32_t i = 0; whole && i < listen->value_count; i++) {
        const ls_measured *of = &listen->values[i];
        const double rest = of->setpoint != NULL ? of->set_default : 20.0;
        emulate_measured v = {.measured = i, .value = rest, .setting = rest};
        v.signal = add_signal(e, ls_listen_value_tag(&e->plant->listen, i), of->unit, false, rest);
        const ls_status status = find_process(e, of, &v, err);
        if (status != LS_OK) {
            return status;
        }
        if (v.shown >= 0) {
            e->values[v.signal].value.real = ls_emulate_process_value(e->process, v.shown);
        }
        if (v.signal == LS_NO || (of->setpoint == NULL && v.shown < 0)) {
            continue;
        }
        v.setpoint = LS_NO;
        v.release = v.pool = LS_NO;
        if (of->setpoint == NULL) {
            e->measured[e->measured_count++] = v;
            continue;
        }
        if (v.loop > 0) {
            ls_emulate_process_set(e->process, v.loop, rest);
        }
        find_level(e->plant, &v);
        v.setpoint = add_signal(e, of->setpoint, of->unit, true, rest);
        v.delay_ticks = rest_state(of);
        v.delay_ticks = v.delay_ticks > 100000 ? 100000 : v.delay_ticks;
        v.delay = ls_arena_alloc(&e->arena, (v.delay_ticks + 1) * sizeof(double));
        whole = v.delay != NULL;
        for (uint32_t k = 0; whole && k < v.delay_ticks; k++) {
            v.delay[k] = rest;
        }
        e->measured[e->measured_count++] = v;
    }
    for (uint32_t i = 0; i < e->plant->machine_count; i++) {
        e->machines[i].temperature = 24.0;
    }
    return whole ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "out of memory");
}

void ls_emulate_tell_values(ls_emulate *e, bool birth) {
    const int64_t ms = (e->plant->start_us + ls_emulate_now(e)) / 1000;
    const uint32_t clock = e->line_at + LINE_CLOCK;
    if (birth) {
        ls_emulate_tell_number(e, clock, ms);
        return;
    }
    if (e->process != NULL) {
        ls_emulate_process_run(e->process, ls_emulate_now(e));
    }
    ls_emulate_wear(e);
    const ls_ctx c = ls_emulate_context(e, e->snapshot);
    for (uint32_t i = 0; i < c.m->machines; i++) {
        look_at_machine(e, &c, i);
    }
    for (uint32_t i = 0; i < e->measured_count; i++) {
        look_at_measured(e, &e->measured[i]);
    }
    if (ls_emulate_now(e) % LS_US_PER_MIN == 0) {
        ls_emulate_tell_number(e, clock, ms);
    }
}
