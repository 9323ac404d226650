// decisions_json.c - an answer as a row of docs/JSON.md.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "loop/decisions_inside.h"
#include "loop/json_value.h"
#include "ls_build.h"

static json_t *hex(uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)value);
    return json_string(text);
}

const char *ls_act_kind_name(ls_act_kind kind) {
    static const char *const names[LS_DO_KIND_COUNT] = {"nothing",  "choose",  "hold",  "release",
                                                        "maintain", "keep",    "staff", "set",
                                                        "setup",    "put-off", "sort"};
    return (unsigned)kind < LS_DO_KIND_COUNT ? names[kind] : "nothing";
}

const char *ls_act_on(const ls_plant *plant, const ls_act *act) {
    switch (act->kind) {
    case LS_DO_CHOOSE:
    case LS_DO_HOLD:
    case LS_DO_SET_UP:
    case LS_DO_SORT:
    case LS_DO_MAINTAIN: return plant->machines[act->index].name;
    case LS_DO_RELEASE:
    case LS_DO_PUT_OFF:
    case LS_DO_KEEP: return plant->releases[act->index].name;
    case LS_DO_STAFF: return plant->operators[act->index].name;
    case LS_DO_SET: return plant->listen.values[act->index].name;
    case LS_DO_NOTHING:
    case LS_DO_KIND_COUNT: break;
    }
    return "";
}

static json_t *act_value(const ls_decisions *d, const ls_act *act) {
    const char *lot = act->kind == LS_DO_CHOOSE || act->kind == LS_DO_SORT
                          ? ls_decisions_lot(d, act->value)
                          : NULL;
    if (lot != NULL) {
        return json_string(lot);
    }
    if (act->kind == LS_DO_SET_UP) {
        return json_string(ls_act_setup(d->plant, act));
    }
    return act->kind == LS_DO_SET ? ls_json_number(act->number)
                                  : json_integer((json_int_t)act->value);
}

static json_t *candidate_json(const ls_decisions *d, const ls_candidate *c) {
    json_t *acts = json_array();
    for (uint32_t i = 0; i < c->act_count; i++) {
        json_t *act = json_object();
        json_object_set_new(act, "kind", json_string(ls_act_kind_name(c->acts[i].kind)));
        json_object_set_new(act, "on", json_string(ls_act_on(d->plant, &c->acts[i])));
        json_object_set_new(act, "value", act_value(d, &c->acts[i]));
        if (c->acts[i].kind == LS_DO_CHOOSE && c->acts[i].number != 0.0) {
            json_object_set_new(act, "pure", json_true());
        }
        if (c->acts[i].kind == LS_DO_SORT) {
            json_object_set_new(act, "way",
                                json_string(ls_sort_way_name((uint32_t)c->acts[i].number)));
        }
        if (c->acts[i].kind == LS_DO_PUT_OFF) {
            json_object_set_new(act, "lots", json_integer((json_int_t)c->acts[i].number));
        }
        json_array_append_new(acts, act);
    }
    json_t *out = json_object();
    json_object_set_new(out, "label", json_string(c->label));
    json_object_set_new(out, "acts", acts);
    json_object_set_new(out, "futures", json_integer(c->futures));
    json_object_set_new(out, "rounds", json_integer(c->rounds));
    json_object_set_new(out, "gain", ls_json_number(c->gain));
    json_object_set_new(out, "low", ls_json_number(c->low));
    json_object_set_new(out, "high", ls_json_number(c->high));
    return out;
}

static json_t *effect_json(const ls_effect *e) {
    json_t *out = json_object();
    json_object_set_new(out, "gain", ls_json_number(e->gain));
    json_object_set_new(out, "low", ls_json_number(e->low));
    json_object_set_new(out, "high", ls_json_number(e->high));
    return out;
}

static json_t *terms_json(const ls_answer *a) {
    json_t *out = json_object();
    for (unsigned t = 0; t < LS_TERM_COUNT; t++) {
        if (isfinite(a->terms[t].gain)) {
            json_object_set_new(out, ls_objective_term_name((ls_objective_term)t),
                                effect_json(&a->terms[t]));
        }
    }
    return out;
}

static void put_search(const ls_decisions *d, const ls_answer *a, const ls_effect *effect,
                       json_t *row) {
    json_t *candidates = json_array();
    json_t *rounds = json_array();
    for (uint32_t i = 0; i < a->candidate_count; i++) {
        json_array_append_new(candidates, candidate_json(d, &a->candidates[i]));
    }
    for (uint32_t i = 0; i < a->round_count; i++) {
        json_array_append_new(rounds, json_integer(a->round_futures[i]));
    }
    json_t *claim = effect_json(effect);
    json_object_set_new(claim, "futures", json_integer(ls_decisions_claim_futures(a)));
    json_object_set_new(claim, "level",
                        ls_json_number(ls_decisions_by_base(a) ? LS_BASE_LEVEL : a->level));
    const bool joint = a->chosen != 0 && a->joint_count > 1;
    json_object_set_new(claim, "of",
                        json_string(ls_decisions_by_base(a) ? "rule"
                                    : joint                 ? "together"
                                                            : "decision"));
    if (joint) {
        json_object_set_new(claim, "together", json_integer(a->joint_count));
    }
    json_object_set_new(row, "horizon_s", ls_json_number((double)a->horizon_us * 1e-6));
    json_object_set_new(row, "base", json_string(a->base));
    json_object_set_new(row, "own", json_integer(a->own));
    json_object_set_new(row, "chosen", json_integer(a->chosen));
    json_object_set_new(row, "candidates", candidates);
    json_object_set_new(row, "claim", claim);
    json_object_set_new(row, "terms", terms_json(a));
    json_object_set_new(row, "futures", json_integer((json_int_t)a->futures));
    json_object_set_new(row, "rounds", rounds);
    json_object_set_new(row, "cut", json_boolean(a->cut));
}

json_t *ls_decisions_row_json(const ls_decisions *d, const ls_answer *a, const ls_effect *effect) {
    const ls_decide_point *point = &d->plant->decide.points[a->question.point];
    decision_words words;
    ls_decisions_words(d, a, &words);
    json_t *row = json_object();
    json_object_set_new(row, "id", json_null());
    json_object_set_new(row, "version", json_integer(0));
    json_object_set_new(row, "time_us", json_integer((json_int_t)ls_decisions_wall_us()));
    json_object_set_new(row, "line_us", json_integer((json_int_t)(d->plant->start_us + a->now_us)));
    json_object_set_new(row, "point", json_string(point->name));
    json_object_set_new(row, "kind", json_string(ls_decide_kind_name(point->kind)));
    json_object_set_new(row, "mode", json_string(ls_decide_mode_name(point->mode)));
    json_object_set_new(row, "subject", json_string(ls_decisions_subject(d->plant, &a->question)));
    json_object_set_new(row, "state", json_null());
    json_object_set_new(row, "title", json_string(words.title));
    json_object_set_new(row, "title_ko", json_string(words.title_ko));
    json_object_set_new(row, "why", words.why);
    json_object_set_new(row, "why_ko", words.why_ko);
    json_object_set_new(row, "unit", json_string(ls_decisions_unit(d->plant, &a->question)));
    if (point->kind == LS_DECIDE_SETPOINT) {
        const uint32_t value = ls_decide_counting(point);
        json_object_set_new(row, "counts", json_string(d->plant->listen.values[value].name));
    }
    put_search(d, a, effect, row);
    if (point->kind == LS_DECIDE_MAINTENANCE && d->told.items != NULL) {
        json_object_set_new(row, "conditions",
                            ls_told_conditions_json(&d->told, d->present, a->question.subject));
    }
    json_t *slowness = ls_told_slowness_json(&d->told, d->present, LS_NONE);
    if (json_array_size(slowness) > 0) {
        json_object_set(row, "slowness", slowness);
    }
    json_decref(slowness);
    json_object_set_new(row, "guards", json_null());
    json_object_set_new(row, "expires_us", json_null());
    json_object_set_new(row, "approvals", json_array());
    json_object_set_new(row, "sent", json_array());
    json_object_set_new(row, "realised", json_null());
    json_t *snapshot = json_object();
    json_object_set_new(snapshot, "hash", hex(a->snapshot_hash));
    json_object_set_new(snapshot, "bytes", json_integer(0));
    json_object_set_new(row, "snapshot", snapshot);
    char seed[24];  // 64 bits: more than a number of JSON holds everywhere
    ls_text_format(seed, sizeof seed, "%llu", (unsigned long long)a->seed);
    json_object_set_new(row, "seed", json_string(seed));
    json_object_set_new(row, "model", hex(a->model_hash));
    json_object_set_new(row, "build", json_string(LS_VERSION));
    return row;
}
