// decisions_review.c - what people ask of the rows, and say to them.
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "guard/protocol.h"
#include "loop/decisions_inside.h"
#include "loop/json_value.h"

// ---- approve, reject, hold

static bool approved_by(const decision_row *row, const char *who) {
    const json_t *approvals = json_object_get(row->json, "approvals");
    for (size_t i = 0; i < json_array_size(approvals); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(approvals, i), "who"));
        if (name != NULL && strcmp(name, who) == 0) {
            return true;
        }
    }
    return false;
}

// Who said it, and what they added.
typedef struct person {
    const char *who, *said;
    ls_role role;
} person;

void ls_decisions_approve(ls_decisions *d, decision_row *row, const char *who, ls_role role,
                          const char *said) {
    json_t *approvals = json_object_get(row->json, "approvals");
    json_t *one = json_object();
    json_object_set_new(one, "who", json_string(who));
    json_object_set_new(one, "role", json_string(ls_role_name(role)));
    json_object_set_new(one, "at_us", json_integer((json_int_t)ls_decisions_wall_us()));
    if (said != NULL && said[0] != '\0') {
        json_object_set_new(one, "text", json_string(said));
    }
    json_array_append_new(approvals, one);
    const size_t needed = d->plant->decide.guards.two_persons ? 2 : 1;
    if (json_array_size(approvals) < needed) {
        (void)ls_decisions_keep(d, row, DECISION_OPEN, "a second person must approve it");
        return;
    }
    d->figures.approved++;
    row->to_send = ls_decisions_keep(d, row, DECISION_APPROVED, NULL);
    if (!row->to_send) {
        d->figures.refused++;
        (void)ls_decisions_keep(d, row, DECISION_REFUSED, "it could not be written down before");
    }
}

static ls_status no_such(ls_error *err, const char *id) {
    return ls_fail(err, LS_ERR_INVALID, "there is no decision '%s'", id);
}

static ls_status review(ls_decisions *d, decision_row *row, uint32_t version, ls_review what,
                        const person *by, ls_error *err) {
    static const decision_state after[] = {
        [LS_REVIEW_APPROVE] = DECISION_APPROVED,
        [LS_REVIEW_REJECT] = DECISION_REJECTED,
        [LS_REVIEW_HOLD] = DECISION_HELD,
    };
    const bool again = what == LS_REVIEW_APPROVE ? approved_by(row, by->who)
                                                 : row->state == after[what];
    if (again && row->state != DECISION_HELD) {
        return LS_OK;  // the same twice is once
    }
    if (again && what == LS_REVIEW_HOLD) {
        return LS_OK;
    }
    if (!ls_decision_is_open(row)) {
        return ls_fail(err, LS_ERR_INVALID, "it is no longer open but %s",
                       ls_decision_state_name(row->state));
    }
    if (version != row->version) {
        return ls_fail(err, LS_ERR_INVALID, "it has changed since: version %u is now %u", version,
                       row->version);
    }
    if (what == LS_REVIEW_APPROVE) {
        ls_decisions_approve(d, row, by->who, by->role, by->said);
    } else {
        char said[2 * DECISION_TEXT_SIZE];
        const bool added = by->said != NULL && by->said[0] != '\0';
        ls_text_format(said, sizeof said, "by %s%s%s", by->who, added ? ": " : "",
                       added ? by->said : "");
        (void)ls_decisions_keep(d, row, after[what], said);
    }
    return LS_OK;
}

ls_status ls_decisions_review(ls_decisions *d, const char *id, uint32_t version, ls_review what,
                              const char *who, ls_role role, const char *said, ls_error *err) {
    if (role != LS_ROLE_OPERATOR && role != LS_ROLE_ENGINEER) {
        return ls_fail(err, LS_ERR_INVALID, "that takes an operator");
    }
    if ((unsigned)what > LS_REVIEW_HOLD || who == NULL || who[0] == '\0') {
        return ls_fail(err, LS_ERR_INVALID, "who it is must be known");
    }
    const person by = {who, said, role};
    pthread_mutex_lock(&d->lock);
    decision_row *row = ls_decisions_row(d, ls_decision_number(id));
    const ls_status status = row == NULL ? no_such(err, id)
                                         : review(d, row, version, what, &by, err);
    pthread_mutex_unlock(&d->lock);
    if (status == LS_OK && what == LS_REVIEW_APPROVE) {
        ls_decisions_wake(d);
    }
    return status;
}

// ---- looking

json_t *ls_decisions_list(ls_decisions *d, bool open, int64_t before_us, uint32_t most) {
    json_t *rows = json_array();
    pthread_mutex_lock(&d->lock);
    for (uint32_t i = 0; i < d->row_count && json_array_size(rows) < most; i++) {
        const decision_row *row = &d->rows[(d->row_at + DECISION_ROWS - 1 - i) % DECISION_ROWS];
        const json_int_t at = json_integer_value(json_object_get(row->json, "time_us"));
        if ((!open || ls_decision_is_open(row)) && (before_us == 0 || at < before_us)) {
            json_array_append_new(rows, json_deep_copy(row->json));
        }
    }
    pthread_mutex_unlock(&d->lock);
    return rows;
}

typedef struct wanted {
    const char *id;
    json_t *found;
} wanted;

static bool take_newest(void *context, const ls_happened *happened) {
    wanted *w = context;
    json_error_t why;
    if (strcmp(happened->subject, w->id) == 0) {
        json_decref(w->found);
        w->found = json_loads(happened->json, 0, &why);
    }
    return true;
}

json_t *ls_decisions_get(ls_decisions *d, const char *id) {
    const uint64_t number = ls_decision_number(id);
    pthread_mutex_lock(&d->lock);
    const decision_row *row = ls_decisions_row(d, number);
    json_t *json = row != NULL ? json_deep_copy(row->json) : NULL;
    const bool older = json == NULL && number > 0 && number < d->next_number;
    pthread_mutex_unlock(&d->lock);
    if (older && d->intake->history != NULL) {
        wanted w = {.id = id};
        (void)ls_history_events(d->intake->history, "decision", INT64_MIN, INT64_MAX, take_newest,
                                &w, NULL);
        json = w.found;
    }
    return json;
}

uint64_t ls_decisions_changes(ls_decisions *d, char *out_id, size_t size) {
    pthread_mutex_lock(&d->lock);
    const uint64_t changes = d->changes;
    if (out_id != NULL && size > 0) {
        ls_text_format(out_id, size, "%s", d->changed_id);
    }
    pthread_mutex_unlock(&d->lock);
    return changes;
}

// ---- figures

static double quantile(const uint64_t *buckets, double q) {
    uint64_t all = 0;
    double below = 0;
    for (int i = 0; i < DECISION_BUCKETS; i++) {
        all += buckets[i];
    }
    for (int i = 0; i < DECISION_BUCKETS && all > 0; i++) {
        below += (double)buckets[i];
        if (below >= q * (double)all) {
            return ldexp(16e-6, i);
        }
    }
    return NAN;
}

ls_decisions_figures ls_decisions_describe(ls_decisions *d) {
    pthread_mutex_lock(&d->lock);
    const decision_figures f = d->figures;
    ls_decisions_figures out = {.asked = f.asked,
                                .futures = f.futures,
                                .sent = f.sent,
                                .refused = f.refused,
                                .late = f.late,
                                .not_kept = f.failed,
                                .promised = f.promised,
                                .guard = d->link != NULL && atomic_load(&d->guard_there),
                                .prepared = d->prepared};
    for (uint32_t i = 0; i < d->row_count; i++) {
        out.open += ls_decision_is_open(&d->rows[i]);
    }
    pthread_mutex_unlock(&d->lock);
    out.futures_per_s = f.asking_s > 0 ? (double)f.futures / f.asking_s : NAN;
    out.held = f.asked > 0 ? (double)(f.asked - f.late) / (double)f.asked : NAN;
    out.used_50_s = quantile(f.buckets, 0.5);
    out.used_99_s = quantile(f.buckets, 0.99);
    out.wire_held = f.wired > 0 ? (double)(f.wired - f.wired_late) / (double)f.wired : NAN;
    out.wire_50_s = quantile(f.wire_buckets, 0.5);
    out.wire_99_s = quantile(f.wire_buckets, 0.99);
    out.wire_999_s = quantile(f.wire_buckets, 0.999);
    return out;
}

static json_t *points_json(const ls_decisions *d) {
    json_t *points = json_array();
    for (uint32_t i = 0; i < d->plant->decide.point_count; i++) {
        const ls_decide_point *p = &d->plant->decide.points[i];
        json_t *point = json_object();
        json_object_set_new(point, "name", json_string(p->name));
        json_object_set_new(point, "kind", json_string(ls_decide_kind_name(p->kind)));
        json_object_set_new(point, "mode", json_string(ls_decide_mode_name(p->mode)));
        json_object_set_new(point, "within_ms", json_real((double)p->within_us * 1e-3));
        json_array_append_new(points, point);
    }
    return points;
}

// The base and how it was found; under the lock, since a long search may bring another.
static void put_bases(const ls_decisions *d, bool prepared, json_t *out) {
    ls_base_rule bases[64];
    const uint32_t count = prepared && d->decider != NULL ? ls_decider_bases(d->decider, bases, 64)
                                                          : 0;
    json_t *list = json_array();
    json_object_set_new(out, "base", json_null());
    for (uint32_t i = 0; i < count && i < 64; i++) {
        json_t *base = json_object();
        json_object_set_new(base, "name", json_string(bases[i].name));
        json_object_set_new(base, "gain", ls_json_number(bases[i].gain));
        json_object_set_new(base, "low", ls_json_number(bases[i].low));
        json_object_set_new(base, "high", ls_json_number(bases[i].high));
        json_array_append_new(list, base);
        if (bases[i].chosen) {
            json_object_set_new(out, "base", json_string(bases[i].name));
        }
    }
    json_object_set_new(out, "bases", list);
    json_object_set_new(out, "horizon_s",
                        count > 0 && d->plant->decide.point_count > 0
                            ? ls_json_number((double)ls_decider_horizon_us(d->decider, 0) * 1e-6)
                            : json_null());
}

static const char *strongest_mode(const ls_plant *plant) {
    ls_decide_mode mode = LS_MODE_WATCH;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        mode = plant->decide.points[i].mode > mode ? plant->decide.points[i].mode : mode;
    }
    return plant->decide.point_count > 0 ? ls_decide_mode_name(mode) : "none";
}

json_t *ls_decisions_summary(ls_decisions *d) {
    const ls_decisions_figures f = ls_decisions_describe(d);
    json_t *out = json_object();
    json_object_set_new(out, "mode", json_string(strongest_mode(d->plant)));
    json_object_set_new(
        out, "objective",
        d->plant->decide.objective != NULL ? json_string(d->plant->decide.objective) : json_null());
    json_object_set_new(
        out, "unit",
        d->plant->decide.unit != NULL ? json_string(d->plant->decide.unit) : json_null());
    pthread_mutex_lock(&d->lock);
    put_bases(d, f.prepared, out);
    pthread_mutex_unlock(&d->lock);
    json_object_set_new(out, "prepared", json_boolean(f.prepared));
    json_object_set_new(out, "guard", json_boolean(f.guard));
    json_object_set_new(out, "asked", json_integer((json_int_t)f.asked));
    json_object_set_new(out, "futures", json_integer((json_int_t)f.futures));
    json_object_set_new(out, "futures_per_s", ls_json_number(f.futures_per_s));
    json_object_set_new(out, "late", json_integer((json_int_t)f.late));
    json_object_set_new(out, "deadline_held", ls_json_number(f.held));
    json_object_set_new(out, "used_ms",
                        json_pack("{s:o, s:o}", "p50", ls_json_number(f.used_50_s * 1e3), "p99",
                                  ls_json_number(f.used_99_s * 1e3)));
    json_object_set_new(out, "wire_held", ls_json_number(f.wire_held));
    json_object_set_new(
        out, "wire_ms",
        json_pack("{s:o, s:o, s:o}", "p50", ls_json_number(f.wire_50_s * 1e3), "p99",
                  ls_json_number(f.wire_99_s * 1e3), "p999", ls_json_number(f.wire_999_s * 1e3)));
    json_object_set_new(out, "open", json_integer((json_int_t)f.open));
    json_object_set_new(out, "sent", json_integer((json_int_t)f.sent));
    json_object_set_new(out, "refused", json_integer((json_int_t)f.refused));
    json_object_set_new(out, "promised", ls_json_number(f.promised));
    json_object_set_new(out, "points", points_json(d));
    return out;
}
