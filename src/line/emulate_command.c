// emulate_command.c - the PLC of the emulated line: commands by handshake, and the heartbeat.
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "line/emulate_inside.h"
#include "twin/follow/watch.h"
#include "twin/intervene.h"

// What stands in Command/Result; docs/EMULATOR.md.
enum { DONE, UNKNOWN_KIND, BAD_ARGUMENT, NOT_NOW, NO_HEARTBEAT, NOT_NEWER, BAD_ID };

typedef enum kind {
    DISPATCH,
    HOLD,
    STOP,
    START,
    MAINTAIN,
    SET_UP,
    RELEASE,
    PUT_OFF,
    SETPOINT,
    KIND_COUNT
} kind;
static const char *const kind_names[KIND_COUNT] = {
    "dispatch", "hold", "stop", "start", "maintain", "setup", "release", "put-off", "setpoint"};

typedef struct request {
    ls_emulate *e;
    uint32_t machine;  // LS_NO: the line
    const emulate_command *command;
    char reason[EMULATE_COMMAND_TEXT];
} request;

static int answer(request *r, int result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int answer(request *r, int result, const char *format, ...) {
    va_list args;
    va_start(args, format);
    ls_text_vformat(r->reason, sizeof r->reason, format, args);
    va_end(args);
    return result;
}

static int refuse(request *r, const ls_error *err) {
    return answer(r, NOT_NOW, "%s", err->text);
}

// --- what can be commanded

// What "LOT WAY" says is done with the lot instead; 0: nothing.
static uint32_t way_of(const char *word) {
    for (uint32_t way = LS_SORT_PASS; way <= LS_SORT_SCRAP; way <<= 1) {
        if (strcmp(word, ls_sort_way_name(way)) == 0) {
            return way;
        }
    }
    return 0;
}

static int sort(request *r, uint32_t lot, uint32_t way) {
    ls_error err = {0};
    const ls_ctx c = ls_emulate_context(r->e, r->e->snapshot);
    if (c.steps[c.lot[lot].step].station != c.machines[r->machine].station) {
        return answer(r, NOT_NOW, "the lot does not wait here");
    }
    return ls_intervene_sort(r->e->twin, r->e->snapshot, lot, way, &err) == LS_OK
               ? answer(r, DONE, "sorted")
               : refuse(r, &err);
}

static int dispatch(request *r) {
    ls_error err = {0};
    char name[EMULATE_COMMAND_TEXT];
    memcpy(name, r->command->argument, sizeof name);
    char *blank = strchr(name, ' ');  // "LOT pure": in a batch of its product alone
    const uint32_t way = blank != NULL ? way_of(blank + 1) : 0;
    if (way != 0) {
        *blank = '\0';
        const uint32_t sorted = ls_emulate_lot_find(r->e, name);
        return sorted == LS_NO ? answer(r, BAD_ARGUMENT, "no lot '%.64s' is in the plant", name)
                               : sort(r, sorted, way);
    }
    const bool pure = blank != NULL && strcmp(blank, " pure") == 0;
    if (pure) {
        *blank = '\0';
    }
    uint32_t lot = LS_NO;  // none: the choice is taken back
    if (name[0] != '\0') {
        lot = ls_emulate_lot_find(r->e, name);
        if (lot == LS_NO) {
            return answer(r, BAD_ARGUMENT, "no lot '%.64s' is in the plant", name);
        }
    }
    const ls_status status = pure ? ls_intervene_choose_pure(r->e->twin, r->e->snapshot, r->machine,
                                                             lot, &err)
                                  : ls_intervene_choose(r->e->twin, r->e->snapshot, r->machine, lot,
                                                        &err);
    return status == LS_OK ? answer(r, DONE, "chosen") : refuse(r, &err);
}

static int hold(request *r) {
    ls_error err = {0};
    const char *text = r->command->argument;
    int64_t span_us = LS_NEVER;
    if (text[0] != '\0' && ls_units_time(text, &span_us, &err) != LS_OK) {
        return answer(r, BAD_ARGUMENT, "hold '%.64s': %s", text, err.text);
    }
    const int64_t until_us = span_us == 0          ? 0
                             : span_us == LS_NEVER ? LS_NEVER
                                                   : ls_emulate_now(r->e) + span_us;
    return ls_intervene_hold(r->e->twin, r->e->snapshot, r->machine, until_us, &err) == LS_OK
               ? answer(r, DONE, span_us == 0 ? "released" : "held")
               : refuse(r, &err);
}

static int stop(request *r) {
    ls_error err = {0};
    return ls_intervene_stop(r->e->twin, r->e->snapshot, r->machine, &err) == LS_OK
               ? answer(r, DONE, "stopped")
               : refuse(r, &err);
}

static int start(request *r) {
    ls_error err = {0};
    return ls_intervene_start(r->e->twin, r->e->snapshot, r->machine, &err) == LS_OK
               ? answer(r, DONE, "started")
               : refuse(r, &err);
}

static int maintain(request *r) {
    ls_error err = {0};
    const ls_ctx c = ls_emulate_context(r->e, r->e->snapshot);
    const uint32_t station = c.machines[r->machine].station;
    const ls_station *st = &r->e->plant->stations[station];
    for (uint32_t i = st->failure_at; i < st->failure_at + st->failure_count; i++) {
        const ls_failure *f = &r->e->plant->failures[i];
        if (!f->maintenance || strcmp(f->name, r->command->argument) != 0) {
            continue;
        }
        const uint32_t mode = ls_watch_mode(r->e->plant, station, r->machine - st->machine_at, i);
        return ls_intervene_maintain(r->e->twin, r->e->snapshot, r->machine, mode, &err) == LS_OK
                   ? answer(r, DONE, "due")
                   : refuse(r, &err);
    }
    return answer(r, BAD_ARGUMENT, "no maintenance '%.64s' of %s", r->command->argument, st->name);
}

static int set_up(request *r) {
    ls_error err = {0};
    const ls_ctx c = ls_emulate_context(r->e, r->e->snapshot);
    const ls_station *st = &r->e->plant->stations[c.machines[r->machine].station];
    for (uint32_t i = 0; i < st->setup_count; i++) {
        if (strcmp(r->e->plant->setup_names[st->setup_at + i], r->command->argument) == 0) {
            return ls_intervene_set_up(r->e->twin, r->e->snapshot, r->machine, i, &err) == LS_OK
                       ? answer(r, DONE, "being set up")
                       : refuse(r, &err);
        }
    }
    return answer(r, BAD_ARGUMENT, "no setup '%.64s' of %s", r->command->argument, st->name);
}

static int release(request *r) {
    ls_error err = {0};
    for (uint32_t i = 0; i < r->e->plant->release_count; i++) {
        if (strcmp(r->e->plant->releases[i].name, r->command->argument) == 0) {
            return ls_intervene_release(r->e->twin, r->e->snapshot, i, &err) == LS_OK
                       ? answer(r, DONE, "released")
                       : refuse(r, &err);
        }
    }
    return answer(r, BAD_ARGUMENT, "no class '%.64s'", r->command->argument);
}

// "CLASS SPAN [LOTS]": the first so many lots come in, the others and what is released not before.
static int put_off(request *r) {
    ls_error err = {0};
    char text[EMULATE_COMMAND_TEXT];
    memcpy(text, r->command->argument, sizeof text);
    ls_put_off said;
    if (!ls_emulate_put_off_read(r->e->plant, text, &said)) {
        return answer(r, BAD_ARGUMENT, "a class is put off by 'CLASS SPAN [LOTS]', not by '%.64s'",
                      text);
    }
    const ls_ctx c = ls_emulate_context(r->e, r->e->snapshot);
    if (c.releases[said.release].pool != 0 && said.lots > c.release[said.release].pooled) {
        return answer(r, NOT_NOW, "%u lots of %s cannot come in, %u wait", said.lots,
                      r->e->plant->releases[said.release].name, c.release[said.release].pooled);
    }
    const int64_t until_us = said.span_us > 0 ? ls_emulate_now(r->e) + said.span_us : 0;
    ls_status status = ls_intervene_put_off(r->e->twin, r->e->snapshot, said.release, until_us,
                                            &err);
    for (uint32_t i = 0; i < said.lots && status == LS_OK; i++) {
        status = ls_intervene_release(r->e->twin, r->e->snapshot, said.release, &err);
    }
    return status == LS_OK ? answer(r, DONE, said.span_us > 0 ? "put off" : "let in")
                           : refuse(r, &err);
}

static bool within(const ls_measured *of, double value) {
    return value >= of->set_low && value <= of->set_high;
}

// NAME=VALUE
static int setpoint(request *r) {
    const char *text = r->command->argument;
    const size_t length = strcspn(text, "=");
    double value = 0.0;
    if (text[length] != '=' ||
        !ls_text_parse_double(text + length + 1, strlen(text + length + 1), &value)) {
        return answer(r, BAD_ARGUMENT, "a setpoint is NAME=VALUE, not '%.64s'", text);
    }
    for (uint32_t i = 0; i < r->e->measured_count; i++) {
        emulate_measured *v = &r->e->measured[i];
        const ls_measured *of = &r->e->plant->listen.values[v->measured];
        const bool named = strlen(of->name) == length && strncmp(of->name, text, length) == 0;
        if (!named || v->setpoint == LS_NO) {
            continue;
        }
        if (!within(of, value)) {
            return answer(r, BAD_ARGUMENT, "%s is set from %g to %g, not to %g", of->name,
                          of->set_low, of->set_high, value);
        }
        ls_error err = {0};
        return ls_emulate_set(r->e, v, value, &err) == LS_OK ? answer(r, DONE, "set")
                                                             : refuse(r, &err);
    }
    return answer(r, BAD_ARGUMENT, "nothing is set by the name '%.*s'",
                  (int)(length < 64 ? length : 64), text);
}

// --- the handshake

static bool is_choice(kind k) {
    return k == DISPATCH || k == HOLD || k == PUT_OFF || k == SETPOINT;
}

static int perform(request *r) {
    static int (*const acts[KIND_COUNT])(request *) = {
        dispatch, hold, stop, start, maintain, set_up, release, put_off, setpoint};
    for (int k = 0; k < KIND_COUNT; k++) {
        if (strcmp(kind_names[k], r->command->kind) != 0) {
            continue;
        }
        const bool of_line = k == RELEASE || k == PUT_OFF || k == SETPOINT;
        if (of_line != (r->machine == LS_NO)) {
            return answer(r, UNKNOWN_KIND, "'%s' is a command of %s", kind_names[k],
                          of_line ? "the line" : "machines");
        }
        if (is_choice((kind)k) && !r->e->beating) {
            return answer(r, NO_HEARTBEAT, "no heartbeat is heard");
        }
        return acts[k](r);
    }
    return answer(r, UNKNOWN_KIND, "there is no command '%.64s'", r->command->kind);
}

static void tell_answer(ls_emulate *e, uint32_t first, int64_t id, int result, const char *reason) {
    ls_emulate_tell_number(e, first + COMMAND_RESULT, result);
    ls_emulate_tell_text(e, first + COMMAND_REASON, reason);
    ls_emulate_tell_number(e, first + COMMAND_DONE, id);  // last: now the others are true
    e->figures.commands++;
    e->figures.refused += result != DONE;
}

static void command(ls_emulate *e, uint32_t machine, uint32_t first, int64_t id) {
    emulate_command *c = &e->commands[machine == LS_NO ? e->plant->machine_count : machine];
    if (id < 1 || id > INT32_MAX) {
        tell_answer(e, first,
                    id < 0           ? -1
                    : id > INT32_MAX ? INT32_MAX
                                     : 0,
                    BAD_ID, "an id is a whole number from 1 to 2147483647");
        return;
    }
    if (id < c->last) {
        char reason[EMULATE_COMMAND_TEXT];
        ls_text_format(reason, sizeof reason, "id %lld is not newer than %lld", (long long)id,
                       (long long)c->last);
        tell_answer(e, first, id, NOT_NEWER, reason);
        return;
    }
    if (id > c->last) {
        request r = {.e = e, .machine = machine, .command = c};
        ls_emulate_begin(e);
        c->result = perform(&r);
        ls_emulate_end(e);
        c->last = id;
        memcpy(c->reason, r.reason, sizeof c->reason);
    }
    tell_answer(e, first, id, c->result, c->reason);
}

// --- what is written

static bool whole(const ls_sample *value, int64_t *out) {
    if (value->kind == LS_VALUE_UINT && value->value.natural <= INT64_MAX) {
        *out = (int64_t)value->value.natural;
        return true;
    }
    *out = value->value.integer;
    return value->kind == LS_VALUE_INT;
}

// The text, if it is one that fits; else empty.
static void copy_text(const ls_sample *value, char *out) {
    out[0] = '\0';
    size_t bad = 0;
    if (value->kind == LS_VALUE_TEXT && value->size < EMULATE_COMMAND_TEXT &&
        ls_text_is_utf8(value->value.text, value->size, &bad)) {
        memcpy(out, value->value.text, value->size);
        out[value->size] = '\0';
    }
}

static void write_setpoint(ls_emulate *e, uint32_t signal, const ls_sample *value) {
    for (uint32_t i = 0; i < e->measured_count; i++) {
        emulate_measured *v = &e->measured[i];
        double setting = 0.0;
        if (v->setpoint == signal) {
            const bool takes = e->beating && ls_sample_number(value, &setting) &&
                               within(&e->plant->listen.values[v->measured], setting);
            ls_error err = {0};
            ls_emulate_begin(e);
            if (!takes || ls_emulate_set(e, v, setting, &err) != LS_OK) {
                (void)ls_emulate_set(e, v, v->setting, &err);  // tells what holds
            }
            ls_emulate_end(e);
        }
    }
}

void ls_emulate_write(ls_emulate *e, uint32_t signal, const ls_sample *value, int64_t wall_us) {
    if (signal >= e->signal_count || !e->signals[signal].writable) {
        e->figures.refused++;
        return;
    }
    ls_emulate_wall(e, wall_us);
    if (signal == e->line_at + LINE_HEARTBEAT) {
        int64_t beat = 0;
        if (whole(value, &beat)) {
            e->beat_us = wall_us;
            if (!e->beating) {
                e->beating = true;
                ls_emulate_begin(e);
                ls_emulate_end(e);  // order pools wait for a word from now on
                ls_emulate_tell_number(e, e->line_at + LINE_LOST, 0);
            }
            ls_emulate_tell_number(e, signal, beat);  // whoever beats hears that it is heard
        }
        return;
    }
    const uint32_t machine = e->signals[signal].machine;
    const bool of_line = signal >= e->line_at && signal < e->line_at + LINE_COUNT;
    if (machine == LS_NO && !of_line) {
        write_setpoint(e, signal, value);
        return;
    }
    const uint32_t first = of_line ? e->line_at + LINE_COMMAND
                                   : EMULATE_MACHINE_SIGNAL(machine, SIGNAL_COMMAND);
    emulate_command *c = &e->commands[of_line ? e->plant->machine_count : machine];
    int64_t id = 0;
    if (signal == first + COMMAND_KIND) {
        copy_text(value, c->kind);
        ls_emulate_tell_text(e, signal, c->kind);
    } else if (signal == first + COMMAND_ARGUMENT) {
        copy_text(value, c->argument);
        ls_emulate_tell_text(e, signal, c->argument);
    } else {
        const bool is_id = whole(value, &id);
        ls_emulate_tell_number(e, signal, is_id ? id : 0);
        command(e, machine, first, is_id ? id : 0);
    }
}

// --- the heartbeat

// Choices, holds and setpoints are taken back: the line goes by its own rule.
void ls_emulate_lapse(ls_emulate *e) {
    ls_error err = {0};
    for (uint32_t i = 0; i < e->plant->machine_count; i++) {
        const ls_ctx c = ls_emulate_context(e, e->snapshot);
        const bool chosen = c.machine[i].chosen != 0;
        const bool held = (c.machine[i].hand & LS_HAND_HELD) != 0;
        if (!chosen && !held) {
            continue;
        }
        e->figures.lapsed++;
        ls_emulate_begin(e);
        (void)ls_intervene_choose(e->twin, e->snapshot, i, LS_NO, &err);
        (void)ls_intervene_hold(e->twin, e->snapshot, i, 0, &err);
        ls_emulate_end(e);
    }
    ls_emulate_open_pools(e);
    for (uint32_t i = 0; i < e->measured_count; i++) {
        const ls_measured *of = &e->plant->listen.values[e->measured[i].measured];
        if (e->measured[i].setpoint != LS_NO && e->measured[i].setting != of->set_default) {
            e->figures.lapsed++;
            ls_emulate_begin(e);
            (void)ls_emulate_set(e, &e->measured[i], of->set_default, &err);
            ls_emulate_end(e);
        }
    }
}

void ls_emulate_wall(ls_emulate *e, int64_t wall_us) {
    if (e->beating && wall_us - e->beat_us > e->def.beat_max_us) {
        e->beating = false;
        ls_emulate_lapse(e);
        ls_emulate_tell_number(e, e->line_at + LINE_LOST, 1);
    }
}
