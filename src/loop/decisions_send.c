// decisions_send.c - acts of a row as commands, and what comes back.
//
// The row that says what will be sent is in the history before the first command leaves.
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "loop/decisions_deadline.h"
#include "loop/decisions_inside.h"

// ---- one act as a command

static const char *maintenance_of(const ls_plant *plant, uint32_t machine, int64_t mode) {
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *station = &plant->stations[s];
        if (machine < station->machine_at ||
            machine >= station->machine_at + station->machine_count) {
            continue;
        }
        // Modes are counted within the machine: those of the station that concern it.
        int64_t k = 0;
        for (uint32_t i = 0; i < station->failure_count; i++) {
            const ls_failure *f = &plant->failures[station->failure_at + i];
            bool concerns = f->on_count == 0;
            for (uint32_t o = 0; o < f->on_count; o++) {
                concerns = concerns ||
                           plant->indexes[f->on_at + o] == machine - station->machine_at;
            }
            if (concerns && k++ == mode) {
                return f->name;
            }
        }
    }
    return NULL;
}

// NULL, or why it cannot be sent.
static const char *fill(const ls_decisions *d, const ls_decide_point *point, const ls_act *act,
                        ls_command *c) {
    const ls_plant *plant = d->plant;
    const char *text = NULL;
    char span[64];
    ls_text_format(c->target, sizeof c->target, "%s", ls_act_on(plant, act));
    ls_text_format(c->device, sizeof c->device, "%s", c->target);
    switch (act->kind) {
    case LS_DO_CHOOSE:
        c->kind = LS_COMMAND_DISPATCH;
        text = ls_decisions_lot(d, act->value);
        if (text == NULL || text[0] == '\0' || text[0] == '~') {
            return "the line has not said the name of the lot";
        }
        if (act->number != 0.0) {
            ls_text_format(c->argument, sizeof c->argument, "%s pure", text);
            return NULL;
        }
        break;
    case LS_DO_SORT:
        c->kind = LS_COMMAND_DISPATCH;
        text = ls_decisions_lot(d, act->value);
        if (text == NULL || text[0] == '\0' || text[0] == '~') {
            return "the line has not said the name of the lot";
        }
        ls_text_format(c->argument, sizeof c->argument, "%s %s", text,
                       ls_sort_way_name((uint32_t)act->number));
        return NULL;
    case LS_DO_HOLD:
        c->kind = LS_COMMAND_HOLD;
        if (act->value >= LS_FOREVER / 4) {
            return "a hold without an end is not sent";
        }
        ls_units_print_time(act->value, span, sizeof span);
        text = span;
        break;
    case LS_DO_MAINTAIN:
        c->kind = LS_COMMAND_MAINTAIN;
        text = maintenance_of(plant, act->index, act->value);
        if (text == NULL) {
            return "the machine has no such maintenance";
        }
        break;
    case LS_DO_SET_UP:
        c->kind = LS_COMMAND_SETUP;
        text = ls_act_setup(plant, act);
        break;
    case LS_DO_RELEASE:
        c->kind = LS_COMMAND_RELEASE;
        ls_text_format(c->device, sizeof c->device, "line");
        text = c->target;
        break;
    case LS_DO_SET:
        c->kind = LS_COMMAND_SETPOINT;
        ls_text_format(c->device, sizeof c->device, "line");
        c->number = act->number;
        ls_text_format(c->argument, sizeof c->argument, "%s=%.17g", c->target, act->number);
        return NULL;
    case LS_DO_KEEP:
    case LS_DO_STAFF:
        if (point->measured == LS_NONE) {
            return "people do that, not the line";
        }
        c->kind = LS_COMMAND_SETPOINT;
        c->number = (double)act->value;
        ls_text_format(c->device, sizeof c->device, "line");
        ls_text_format(c->target, sizeof c->target, "%s",
                       plant->listen.values[point->measured].name);
        ls_text_format(c->argument, sizeof c->argument, "%s=%.17g", c->target, c->number);
        return NULL;
    case LS_DO_PUT_OFF:
        if (act->value >= LS_FOREVER / 4) {
            return "orders put off without an end are not sent";
        }
        c->kind = LS_COMMAND_PUT_OFF;
        ls_text_format(c->device, sizeof c->device, "line");
        ls_units_print_time(act->value, span, sizeof span);  // 0 s: all come in
        ls_text_format(c->argument, sizeof c->argument, act->number > 0.0 ? "%s %s %.0f" : "%s %s",
                       c->target, span, act->number);
        return NULL;
    case LS_DO_NOTHING:
    case LS_DO_KIND_COUNT: return "people do that, not the line";
    }
    ls_text_format(c->argument, sizeof c->argument, "%s", text);
    return NULL;
}

// Roles and times of those who approved. Under the lock.
static void fill_approvals(const decision_row *row, ls_command *c) {
    const json_t *approvals = json_object_get(row->json, "approvals");
    for (size_t i = 0; i < json_array_size(approvals) && c->approval_count < 2; i++) {
        const json_t *a = json_array_get(approvals, i);
        ls_approval *to = &c->approvals[c->approval_count++];
        const char *who = json_string_value(json_object_get(a, "who"));
        const char *role = json_string_value(json_object_get(a, "role"));
        ls_text_format(to->who, sizeof to->who, "%s", who != NULL ? who : "");
        to->role = role != NULL && strcmp(role, "engineer") == 0 ? LS_ROLE_ENGINEER
                                                                 : LS_ROLE_OPERATOR;
        to->at_us = json_integer_value(json_object_get(a, "at_us"));
    }
}

static const char *const kind_names[LS_COMMAND_KIND_COUNT] = {
    "dispatch", "hold", "stop", "start", "maintain", "release", "setpoint", "setup", "put-off"};

static void note_command(decision_row *row, const ls_command *c) {
    json_t *sent = json_object();
    json_object_set_new(sent, "id", json_string(c->id));
    json_object_set_new(sent, "kind", json_string(kind_names[c->kind]));
    json_object_set_new(sent, "device", json_string(c->device));
    json_object_set_new(sent, "argument", json_string(c->argument));
    json_object_set_new(sent, "sequence", json_integer(c->sequence));
    json_object_set_new(sent, "result", json_null());
    json_object_set_new(sent, "guard", json_null());
    json_object_set_new(sent, "reason", json_null());
    json_object_set_new(sent, "at_us", json_integer((json_int_t)ls_decisions_wall_us()));
    json_object_set_new(sent, "wire_ms", json_null());
    json_object_set_new(sent, "done_ms", json_null());
    json_array_append_new(json_object_get(row->json, "sent"), sent);
}

// All commands of the row, noted in it. Under the lock. NULL, or why not.
static const char *make_commands(ls_decisions *d, decision_row *row, bool automatic,
                                 ls_command *out) {
    const ls_decide_point *point = &d->plant->decide.points[row->question.point];
    for (uint32_t i = 0; i < row->chosen.act_count; i++) {
        ls_command *c = &out[i];
        memset(c, 0, sizeof *c);
        const char *why = fill(d, point, &row->chosen.acts[i], c);
        if (why != NULL) {
            return why;
        }
        ls_text_format(c->decision, sizeof c->decision, "d-%llu", (unsigned long long)row->number);
        ls_text_format(c->id, sizeof c->id, "%s-%u", c->decision, i + 1);
        ls_text_format(c->point, sizeof c->point, "%s", point->name);
        c->automatic = automatic;
        c->by_hand = row->by_hand;
        if (!automatic) {
            fill_approvals(row, c);
        }
        c->sequence = ++d->sequence;
        c->state_version = row->mark;
        c->decided_us = row->decided_us;
        c->deadline_us = row->deadline_us;
        c->gain = row->effect.gain;
        c->gain_low = row->effect.low;
        c->gain_high = row->effect.high;
        c->gain_min = point->gain_min;
        c->claim_futures = row->claim_futures;
    }
    for (uint32_t i = 0; i < row->chosen.act_count; i++) {
        note_command(row, &out[i]);
    }
    row->commands = row->chosen.act_count;
    row->answered = 0;
    return NULL;
}

// ---- sending

static void note_pending(ls_decisions *d, const decision_row *row) {
    decision_memory *memory = ls_decisions_memory(d, &row->question);
    if (memory != NULL && row->chosen.act_count == 1 && row->chosen.acts[0].kind == LS_DO_CHOOSE) {
        memory->pending = row->chosen.acts[0].value;
        memory->pending_mark = row->mark;
    }
}

// The acts of one decision belong together: all of them go, or none.
static void send_together(ls_decisions *d, ls_command *commands, uint32_t count) {
    ls_error err = {0};
    for (uint32_t i = 0; i < count; i++) {
        ls_command *c = &commands[i];
        c->state_now = c->state_version;  // looked at again a moment ago
        c->certainty = d->certainty;
        c->in_step_us = d->now_us - d->in_step_since_us;
        c->not_after_us = ls_decisions_monotonic_us() + d->plant->decide.guards.not_after_us;
    }
    const bool sent = ls_guard_link_send_together(d->link, commands, count, &err) == LS_OK;
    for (uint32_t i = 0; i < count && !sent; i++) {
        ls_verdict verdict = {.result = LS_COMMAND_REFUSED, .at_us = ls_decisions_wall_us()};
        ls_text_format(verdict.id, sizeof verdict.id, "%s", commands[i].id);
        ls_text_format(verdict.reason, sizeof verdict.reason, "%s", err.text);
        ls_decisions_verdict(d, &verdict);
    }
}

void ls_decisions_send(ls_decisions *d, uint64_t number, bool automatic) {
    ls_command commands[LS_CANDIDATE_ACTS];
    pthread_mutex_lock(&d->lock);
    decision_row *row = ls_decisions_row(d, number);
    decision_row copy = row != NULL ? *row : (decision_row){0};
    pthread_mutex_unlock(&d->lock);
    if (row == NULL) {
        return;
    }
    const bool still = ls_decisions_still(d, &copy);
    pthread_mutex_lock(&d->lock);
    row = ls_decisions_row(d, number);
    if (row == NULL || row->state != DECISION_APPROVED) {
        pthread_mutex_unlock(&d->lock);
        return;
    }
    row->to_send = false;
    const char *bars = ls_experiment_bars(d->experiment, d->now_us);
    if (!still || bars != NULL) {
        (void)ls_decisions_keep(d, row, DECISION_EXPIRED,
                                bars != NULL ? bars : "the line has gone on");
        pthread_mutex_unlock(&d->lock);
        return;
    }
    const int64_t now_us = ls_decisions_monotonic_us();
    if (automatic && now_us > row->deadline_us) {
        d->figures.late++;
        (void)ls_decisions_keep(d, row, DECISION_LATE, "after its deadline");
        pthread_mutex_unlock(&d->lock);
        return;
    }
    const char *why = make_commands(d, row, automatic, commands);
    const bool kept = why == NULL && ls_decisions_keep(d, row, DECISION_SENT, NULL);
    if (!kept) {
        (void)ls_decisions_keep(d, row, DECISION_REFUSED,
                                why != NULL ? why : "it could not be written down before");
        d->figures.refused++;
        pthread_mutex_unlock(&d->lock);
        return;
    }
    const uint32_t count = row->commands;
    row->sent_us = d->now_us;
    note_pending(d, row);
    pthread_mutex_unlock(&d->lock);
    send_together(d, commands, count);
}

// ---- what comes back

static const char *const result_names[LS_COMMAND_RESULT_COUNT] = {"refused", "sent", "acknowledged",
                                                                  "denied",  "lost", "expired"};

static decision_state state_after(ls_command_result result) {
    switch (result) {
    case LS_COMMAND_REFUSED: return DECISION_REFUSED;
    case LS_COMMAND_ACKNOWLEDGED: return DECISION_DONE;
    case LS_COMMAND_DENIED: return DECISION_DENIED;
    case LS_COMMAND_LOST: return DECISION_LOST;
    case LS_COMMAND_EXPIRED: return DECISION_EXPIRED;
    case LS_COMMAND_SENT:
    case LS_COMMAND_RESULT_COUNT: break;
    }
    return DECISION_SENT;
}

static json_t *find_sent(const decision_row *row, const char *id) {
    json_t *sent = json_object_get(row->json, "sent");
    for (size_t i = 0; i < json_array_size(sent); i++) {
        json_t *one = json_array_get(sent, i);
        const char *name = json_string_value(json_object_get(one, "id"));
        if (name != NULL && strcmp(name, id) == 0) {
            return one;
        }
    }
    return NULL;
}

// Has another row of the same search promised what they gain together?
static bool is_promised(const ls_decisions *d, const decision_row *row) {
    bool found = false;
    for (uint32_t i = 0; i < d->row_count && d->rows != NULL && !found; i++) {
        found = &d->rows[i] != row && d->rows[i].joint == row->joint &&
                json_object_get(d->rows[i].json, "promised") != NULL;
    }
    return found;
}

static double share_claim(decision_row *row, double share) {
    json_object_set_new(json_object_get(row->json, "claim"), "share", json_real(share));
    return share * row->effect.gain;
}

double ls_decisions_promise(ls_decisions *d, decision_row *row) {
    if (row->joint != 0) {
        return share_claim(row, is_promised(d, row) ? 0.0 : 1.0);
    }
    if (!row->by_base || row->horizon_us <= 0) {
        return row->effect.gain;
    }
    const int64_t until_us = row->now_us + row->horizon_us;
    const int64_t from_us = d->promised_us > row->now_us ? d->promised_us : row->now_us;
    const double share = until_us > from_us ? (double)(until_us - from_us) / (double)row->horizon_us
                                            : 0.0;
    d->promised_us = until_us > from_us ? until_us : d->promised_us;
    return share_claim(row, share);
}

// A machine that was told again what to take before it had begun anything: what it was told first
// has come to nothing, and promises nothing any more. Each was compared with what the base rule
// would do.
static void take_back(ls_decisions *d, const decision_row *row) {
    const bool lots = d->plant->decide.points[row->question.point].kind == LS_DECIDE_DISPATCH;
    for (uint32_t i = 0; lots && i < d->row_count; i++) {
        decision_row *other = &d->rows[i];
        const bool same = other->number < row->number && other->state == DECISION_DONE &&
                          other->question.point == row->question.point &&
                          other->question.subject == row->question.subject &&
                          other->mark == row->mark && !other->by_base && other->joint == 0;
        const json_t *claim = same ? json_object_get(other->json, "claim") : NULL;
        if (json_is_object(claim) && json_object_get(claim, "share") == NULL) {
            d->figures.promised -= other->effect.gain + share_claim(other, 0.0);
            (void)ls_decisions_keep(d, other, other->state, NULL);
        }
    }
}

// How long after the event it was on the wire, or answered: of commands that no person had to
// approve first.
static void note_time(ls_decisions *d, const decision_row *row, json_t *sent, const ls_verdict *v) {
    const ls_decide_point *point = &d->plant->decide.points[row->question.point];
    if (point->mode != LS_MODE_AUTO || v->mono_us <= 0 || row->heard_us <= 0) {
        return;
    }
    const int64_t us = v->mono_us - row->heard_us;
    if (v->result == LS_COMMAND_SENT) {
        json_object_set_new(sent, "wire_ms", json_real((double)us * 1e-3));
        ls_decisions_count_time(d->figures.wire_buckets, us);
        d->sending_us = ls_deadline_learn_us(d->sending_us, v->mono_us - row->decided_us);
        d->figures.wired++;
        d->figures.wired_late += v->mono_us > row->deadline_us;
    } else if (v->result == LS_COMMAND_ACKNOWLEDGED) {
        json_object_set_new(sent, "done_ms", json_real((double)us * 1e-3));
    }
}

static void take_verdict(ls_decisions *d, decision_row *row, json_t *sent, const ls_verdict *v) {
    const char *before = json_string_value(json_object_get(sent, "result"));
    if (before != NULL && strcmp(before, result_names[v->result]) == 0) {
        return;  // the guard tells what it knows again whenever the connection is new
    }
    json_object_set_new(sent, "result", json_string(result_names[v->result]));
    json_object_set_new(sent, "guard", v->guard > 0 ? json_integer(v->guard) : json_null());
    json_object_set_new(sent, "reason", json_string(v->reason));
    json_object_set_new(sent, "at_us", json_integer((json_int_t)v->at_us));
    note_time(d, row, sent, v);
    const bool good = v->result == LS_COMMAND_SENT || v->result == LS_COMMAND_ACKNOWLEDGED;
    decision_state state = row->state == DECISION_SENT ? state_after(v->result) : row->state;
    if (v->result == LS_COMMAND_SENT) {
        d->figures.sent++;
        if (json_object_get(row->json, "promised") == NULL) {
            // What a setting gains is in its value's unit, not in the objective's.
            d->figures.promised += ls_decisions_is_setting(d->plant, &row->question)
                                       ? 0.0
                                       : ls_decisions_promise(d, row);
            json_object_set_new(row->json, "promised", json_true());
        }
    } else if (v->result == LS_COMMAND_REFUSED) {
        d->figures.refused++;
    } else if (v->result == LS_COMMAND_ACKNOWLEDGED && ++row->answered < row->commands &&
               row->state == DECISION_SENT) {
        state = DECISION_SENT;  // the others are still out
    }
    if (state == DECISION_DONE && row->state == DECISION_SENT) {
        take_back(d, row);
    }
    char partly[DECISION_TEXT_SIZE];
    const char *reason = good || v->reason[0] == '\0' ? NULL : v->reason;
    (void)ls_decisions_keep(d, row, state, ls_decisions_note_partly(row, partly) ? partly : reason);
}

void ls_decisions_verdict(void *context, const ls_verdict *verdict) {
    ls_decisions *d = context;
    pthread_mutex_lock(&d->lock);
    decision_row *row = ls_decisions_row(d, ls_decision_number(verdict->id));
    json_t *sent = row != NULL ? find_sent(row, verdict->id) : NULL;
    if (sent != NULL && (unsigned)verdict->result < LS_COMMAND_RESULT_COUNT) {
        take_verdict(d, row, sent, verdict);
    }
    pthread_mutex_unlock(&d->lock);
}
