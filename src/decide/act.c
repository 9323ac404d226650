// act.c - see act.h.
#include "decide/act.h"

#include "base/text.h"
#include "base/units.h"
#include "twin/intervene.h"

// The slot of a lot that is in the plant, LS_NO: there is none.
static uint32_t slot_of(const ls_snapshot *snapshot, int64_t serial) {
    const ls_lot *lots = LS_STATE_ARRAY(snapshot->model, snapshot->state, ls_lot, s_lot);
    for (uint32_t i = 0; i < snapshot->state->lot_used; i++) {
        if (lots[i].where != LS_LOT_FREE && (int64_t)lots[i].serial == serial) {
            return i;
        }
    }
    return LS_NO;
}

static ls_status choose(const ls_twin *twin, ls_snapshot *snapshot, const ls_act *act,
                        ls_error *err) {
    const uint32_t slot = slot_of(snapshot, act->value);
    if (slot == LS_NO) {
        return ls_fail(err, LS_ERR_INVALID, "lot %lld is not in the plant", (long long)act->value);
    }
    return act->number != 0.0 ? ls_intervene_choose_pure(twin, snapshot, act->index, slot, err)
                              : ls_intervene_choose(twin, snapshot, act->index, slot, err);
}

static ls_status sort(const ls_twin *twin, ls_snapshot *snapshot, const ls_act *act,
                      ls_error *err) {
    const ls_model *m = snapshot->model;
    const uint32_t slot = slot_of(snapshot, act->value);
    if (slot == LS_NO) {
        return ls_fail(err, LS_ERR_INVALID, "lot %lld is not in the plant", (long long)act->value);
    }
    const ls_lot *lot = LS_STATE_VIEW(m, snapshot->state, ls_lot, s_lot) + slot;
    const ls_m_step *step = LS_MODEL_ARRAY(m, ls_m_step, step_at) + lot->step;
    if (act->index >= m->machines ||
        (LS_MODEL_ARRAY(m, ls_m_machine, machine_at) + act->index)->station != step->station) {
        return ls_fail(err, LS_ERR_INVALID, "the lot does not wait there");
    }
    return ls_intervene_sort(twin, snapshot, slot, (uint32_t)act->number, err);
}

static ls_status hold(const ls_twin *twin, ls_snapshot *snapshot, const ls_act *act,
                      ls_error *err) {
    if (act->value < 0) {
        return ls_fail(err, LS_ERR_INVALID, "a machine cannot be held for less than no time");
    }
    const int64_t now_us = snapshot->state->now;
    const int64_t until_us = act->value == 0                       ? 0
                             : act->value >= LS_NEVER / 2 - now_us ? LS_NEVER
                                                                   : now_us + act->value;
    return ls_intervene_hold(twin, snapshot, act->index, until_us, err);
}

static ls_status put_off(const ls_twin *twin, ls_snapshot *snapshot, const ls_act *act,
                         ls_error *err) {
    const int64_t now_us = snapshot->state->now;
    if (act->index >= snapshot->model->releases || act->value < 0) {
        return ls_fail(err, LS_ERR_INVALID, "a class cannot be put off for less than no time");
    }
    const ls_s_release *rs = LS_STATE_VIEW(snapshot->model, snapshot->state, ls_s_release,
                                           s_release) +
                             act->index;
    if (!(act->number >= 0.0 && act->number <= (double)rs->pooled)) {
        return ls_fail(err, LS_ERR_INVALID, "%g lots cannot come in, %u wait", act->number,
                       rs->pooled);
    }
    if (act->value == 0) {
        return ls_intervene_put_off(twin, snapshot, act->index, 0, err);
    }
    const int64_t until_us = act->value >= LS_NEVER / 2 - now_us ? LS_NEVER : now_us + act->value;
    ls_status status = ls_intervene_put_off(twin, snapshot, act->index, until_us, err);
    for (uint32_t i = 0; i < (uint32_t)act->number && status == LS_OK; i++) {
        status = ls_intervene_release(twin, snapshot, act->index, err);
    }
    return status;
}

static ls_status check_number(const ls_act *act, ls_error *err) {
    return act->value >= 0 && act->value < UINT32_MAX
               ? LS_OK
               : ls_fail(err, LS_ERR_INVALID, "%lld is not a number that can be set",
                         (long long)act->value);
}

ls_status ls_act_apply(const ls_twin *twin, ls_snapshot *snapshot, const ls_act *act,
                       ls_error *err) {
    ls_status status = LS_OK;
    switch (act->kind) {
    case LS_DO_NOTHING: return LS_OK;
    case LS_DO_CHOOSE: return choose(twin, snapshot, act, err);
    case LS_DO_HOLD: return hold(twin, snapshot, act, err);
    case LS_DO_PUT_OFF: return put_off(twin, snapshot, act, err);
    case LS_DO_SORT: return sort(twin, snapshot, act, err);
    case LS_DO_RELEASE: return ls_intervene_release(twin, snapshot, act->index, err);
    case LS_DO_MAINTAIN:
    case LS_DO_SET_UP:
    case LS_DO_KEEP:
    case LS_DO_STAFF: status = check_number(act, err); break;
    case LS_DO_SET: return LS_OK;
    default: return ls_fail(err, LS_ERR_INVALID, "no act of kind %d", (int)act->kind);
    }
    const uint32_t value = (uint32_t)act->value;
    if (status == LS_OK && act->kind == LS_DO_MAINTAIN) {
        status = ls_intervene_maintain(twin, snapshot, act->index, value, err);
    } else if (status == LS_OK && act->kind == LS_DO_SET_UP) {
        status = ls_intervene_set_up(twin, snapshot, act->index, value, err);
    } else if (status == LS_OK && act->kind == LS_DO_KEEP) {
        status = ls_intervene_keep(twin, snapshot, act->index, value, err);
    } else if (status == LS_OK) {
        status = ls_intervene_staff(twin, snapshot, act->index, value, err);
    }
    return status;
}

ls_status ls_acts_apply(const ls_twin *twin, ls_snapshot *snapshot, const ls_act *acts,
                        uint32_t count, ls_error *err) {
    ls_status status = LS_OK;
    ls_intervene_begin(snapshot);
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        status = ls_act_apply(twin, snapshot, &acts[i], err);
    }
    ls_intervene_settle(twin, snapshot);
    return status;
}

// ---- for people

static const char *machine_name(const ls_plant *plant, uint32_t index) {
    return index < plant->machine_count ? plant->machines[index].name : "?";
}

static const char *class_name(const ls_plant *plant, uint32_t index) {
    return index < plant->release_count ? plant->releases[index].name : "?";
}

// The name of a maintenance, counted among the modes of its machine.
static const char *mode_name(const ls_plant *plant, uint32_t machine, int64_t number) {
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *st = &plant->stations[s];
        if (machine < st->machine_at || machine >= st->machine_at + st->machine_count) {
            continue;
        }
        int64_t at = 0;
        for (uint32_t i = 0; i < st->failure_count; i++) {
            const ls_failure *f = &plant->failures[st->failure_at + i];
            bool on = f->on_count == 0;
            for (uint32_t k = 0; k < f->on_count; k++) {
                on |= plant->indexes[f->on_at + k] == machine - st->machine_at;
            }
            if (on && at++ == number) {
                return f->name != NULL ? f->name : "maintenance";
            }
        }
    }
    return "maintenance";
}

const char *ls_act_setup(const ls_plant *plant, const ls_act *act) {
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *st = &plant->stations[s];
        if (act->index >= st->machine_at && act->index < st->machine_at + st->machine_count &&
            (uint64_t)act->value < st->setup_count) {
            return plant->setup_names[st->setup_at + (uint32_t)act->value];
        }
    }
    return "?";
}

static void hold_text(const char *name, int64_t us, char *out, size_t size) {
    char span[64];
    if (us == 0) {
        ls_text_format(out, size, "%s goes on", name);
    } else if (us >= LS_NEVER / 2) {
        ls_text_format(out, size, "%s waits until told", name);
    } else {
        ls_units_show_time((double)us, span, sizeof span);
        ls_text_format(out, size, "%s waits, at most %s", name, span);
    }
}

static void put_off_text(const char *class, const ls_act *act, char *out, size_t size) {
    if (act->value == 0) {
        ls_text_format(out, size, "let in all of %s that waits outside", class);
        return;
    }
    char span[64] = "until told";
    char first[64] = "";
    if (act->value < LS_NEVER / 2) {
        char time[48];
        ls_units_show_time((double)act->value, time, sizeof time);
        ls_text_format(span, sizeof span, "for %s", time);
    }
    if (act->number > 0.0) {
        ls_text_format(first, sizeof first, ", %.0f of it first let in", act->number);
    }
    ls_text_format(out, size, "put %s off %s%s", class, span, first);
}

static void choice_text(const char *machine, const ls_act *act, const char *lot, char *out,
                        size_t size) {
    const char *pure = act->number != 0.0 ? ", in a batch of its product alone" : "";
    if (lot != NULL) {
        ls_text_format(out, size, "%s takes %s next%s", machine, lot, pure);
    } else {
        ls_text_format(out, size, "%s takes lot %lld next%s", machine, (long long)act->value, pure);
    }
}

static void sort_text(const ls_act *act, const char *lot, char *out, size_t size) {
    char name[140];
    if (lot != NULL) {
        ls_text_format(name, sizeof name, "%s", lot);
    } else {
        ls_text_format(name, sizeof name, "lot %lld", (long long)act->value);
    }
    ls_text_format(out, size, "%s %s uninspected", name,
                   act->number == LS_SORT_PASS     ? "is passed on"
                   : act->number == LS_SORT_REWORK ? "goes to rework"
                                                   : "is scrapped");
}

void ls_act_text(const ls_plant *plant, const ls_act *act, const char *lot, char *out,
                 size_t size) {
    const char *machine = machine_name(plant, act->index);
    const char *class = class_name(plant, act->index);
    switch (act->kind) {
    case LS_DO_NOTHING: ls_text_format(out, size, "the line's own rule goes on"); break;
    case LS_DO_CHOOSE: choice_text(machine, act, lot, out, size); break;
    case LS_DO_HOLD: hold_text(machine, act->value, out, size); break;
    case LS_DO_RELEASE: ls_text_format(out, size, "release %s now", class); break;
    case LS_DO_PUT_OFF: put_off_text(class, act, out, size); break;
    case LS_DO_MAINTAIN:
        ls_text_format(out, size, "%s: %s now", machine, mode_name(plant, act->index, act->value));
        break;
    case LS_DO_SET_UP:
        ls_text_format(out, size, "%s is set up for %s now", machine, ls_act_setup(plant, act));
        break;
    case LS_DO_KEEP:
        ls_text_format(out, size, "keep %lld lots of %s", (long long)act->value, class);
        break;
    case LS_DO_STAFF:
        ls_text_format(
            out, size, "%lld of %s", (long long)act->value,
            act->index < plant->operators_count ? plant->operators[act->index].name : "?");
        break;
    case LS_DO_SET:
        ls_text_format(
            out, size, "set %s to %.6g",
            act->index < plant->listen.value_count ? plant->listen.values[act->index].name : "?",
            act->number);
        break;
    case LS_DO_SORT: sort_text(act, lot, out, size); break;
    default: ls_text_format(out, size, "?"); break;
    }
}
