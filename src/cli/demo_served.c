// demo_served.c - see demo_served.h.
#include "cli/demo_served.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/demo_decisions.h"
#include "cli/json.h"

static json_t *ask(const ls_service_address *address) {
    ls_error err = {0};
    ls_buffer body;
    ls_buffer_init(&body);
    json_t *answer = ls_service_ask(address, "/api/v1/models", &body, &err) == LS_OK
                         ? json_loadb(body.data, body.size, 0, NULL)
                         : NULL;
    ls_buffer_clear(&body);
    return answer;
}

static int64_t integer_at(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static ls_demo_served_model *model_of(ls_demo_served *served, const char *name) {
    for (uint32_t i = 0; i < served->count; i++) {
        if (strcmp(served->models[i].name, name) == 0) {
            return &served->models[i];
        }
    }
    if (served->count == LS_DEMO_MODELS) {
        return NULL;
    }
    ls_demo_served_model *model = &served->models[served->count++];
    memset(model, 0, sizeof *model);
    ls_text_format(model->name, sizeof model->name, "%s", name);
    return model;
}

static void begin_line(const ls_demo_served_model *model, int64_t now_us, ls_buffer *out) {
    char clock[16];
    ls_demo_clock(now_us, clock);
    ls_buffer_printf(out, "%s  %s: ", clock, model->name);
}

// ---- how far off

static ls_demo_span *span_of(ls_demo_served_model *model, int64_t version, bool changed) {
    ls_demo_span *last = model->span_count > 0 ? &model->spans[model->span_count - 1] : NULL;
    if (last != NULL && last->version == version && last->changed == changed) {
        return last;
    }
    if (model->span_count == LS_DEMO_SPANS) {
        return NULL;
    }
    ls_demo_span *span = &model->spans[model->span_count++];
    *span = (ls_demo_span){.version = version, .changed = changed};
    return span;
}

static bool is_judged_anew(ls_demo_served_model *model, const char *unit, int64_t at_us) {
    uint32_t i = 0;
    while (i < model->unit_count && strcmp(model->units[i], unit) != 0) {
        i++;
    }
    if (i == LS_DEMO_UNITS) {
        return false;
    }
    if (i == model->unit_count) {
        ls_text_format(model->units[i], sizeof model->units[i], "%s", unit);
        model->judged_us[i] = 0;
        model->unit_count++;
    }
    const bool anew = at_us > model->judged_us[i];
    model->judged_us[i] = anew ? at_us : model->judged_us[i];
    return anew;
}

// The newest prediction of each unit beside what was true, once.
static void judge(ls_demo_served_model *model, const json_t *live, int64_t changed_us) {
    for (size_t i = 0; i < json_array_size(live); i++) {
        const json_t *one = json_array_get(live, i);
        const int64_t at_us = integer_at(one, "truth_time_us");
        const double error = ls_json_number_at(one, "error");
        if (at_us == 0 || !isfinite(error) ||
            !is_judged_anew(model, ls_json_text_at(one, "unit"), at_us)) {
            continue;
        }
        ls_demo_span *span = span_of(model, integer_at(one, "version"),
                                     changed_us != 0 && at_us >= changed_us);
        if (span == NULL) {
            return;
        }
        const double truth = ls_json_number_at(one, "truth");
        const double low = ls_json_number_at(one, "low");
        const double high = ls_json_number_at(one, "high");
        span->from_us = span->judged == 0 ? at_us : span->from_us;
        span->until_us = at_us;
        span->judged++;
        span->error_sum += fabs(error);
        if (at_us == integer_at(one, "time_us") && isfinite(low) && isfinite(high)) {
            span->with_interval++;
            span->inside += truth >= low && truth <= high;
        }
    }
}

// ---- what happens

static void tell_drift(ls_demo_served_model *model, const json_t *drift, int64_t now_us,
                       int64_t changed_us, ls_buffer *out) {
    char state[48];
    const char *name = ls_json_text_at(drift, "state");
    const int64_t version = integer_at(drift, "version");
    ls_text_format(state, sizeof state, "%lld %.20s", (long long)version, name);
    if (!json_is_object(drift) || strcmp(model->drift, state) == 0) {
        return;
    }
    ls_text_format(model->drift, sizeof model->drift, "%s", state);
    if (strcmp(name, "drift") != 0) {
        return;
    }
    model->drifts++;
    if (changed_us != 0 && now_us >= changed_us && model->noticed_us == 0) {
        model->noticed_us = now_us;
    }
    begin_line(model, now_us, out);
    ls_buffer_printf(out, "drift: the plant is not as version %lld has learnt it",
                     (long long)version);
    if (json_is_true(json_object_get(drift, "errors"))) {
        ls_buffer_printf(out, "; it is off by %.3f in the mean, before by %.3f",
                         ls_json_number_at(drift, "error_now"),
                         ls_json_number_at(drift, "error_then"));
    }
    const json_t *features = json_object_get(drift, "features");
    for (size_t i = 0, told = 0; i < json_array_size(features) && told < 2; i++) {
        const json_t *one = json_array_get(features, i);
        if (json_is_true(json_object_get(one, "drifted"))) {
            ls_buffer_printf(out, "%s %s was %.3g and is %.3g (PSI %.2f)",
                             told++ > 0 ? "," : "; in the mean", ls_json_text_at(one, "feature"),
                             ls_json_number_at(one, "mean_then"),
                             ls_json_number_at(one, "mean_now"), ls_json_number_at(one, "psi"));
        }
    }
    ls_buffer_text(out, "\n");
}

static void tell_training_begun(ls_demo_served_model *model, const json_t *training, int64_t now_us,
                                ls_buffer *out) {
    const int64_t since_us = integer_at(training, "since_us");
    const char *reason = ls_json_text_at(training, "reason");
    begin_line(model, now_us, out);
    ls_buffer_text(out, "it is trained again, as a job of the pool");
    if (since_us != 0) {
        char clock[16];
        ls_demo_clock(since_us, clock);
        ls_buffer_printf(out, ", of what came since %s", clock);
    } else {
        ls_buffer_text(out, ", of the whole history");
    }
    ls_buffer_printf(out, "%s%s%s\n", reason[0] != '\0' ? " (" : "", reason,
                     reason[0] != '\0' ? ")" : "");
    model->trainings++;
}

// A version that neither serves nor stands in the shadow was made for nothing.
static void tell_training(ls_demo_served_model *model, const json_t *training, int64_t serving,
                          int64_t shadow, int64_t now_us, ls_buffer *out) {
    const int64_t last_us = integer_at(training, "last_us");
    const int64_t made = integer_at(training, "version");
    const char *text = ls_json_text_at(training, "text");
    const bool underway = strcmp(ls_json_text_at(training, "state"), "underway") == 0;
    if (!json_is_object(training)) {
        return;
    }
    if (last_us != 0 && last_us != model->trained_us) {
        tell_training_begun(model, training, now_us, out);
        model->underway = true;
    }
    if (!underway && model->underway) {
        const bool for_nothing = made == 0 || (made != serving && made != shadow);
        if (for_nothing && made != 0 && made != model->made) {
            begin_line(model, now_us, out);
            ls_buffer_printf(out,
                             "version %lld did not pass its gates, and serves nowhere%s%.200s\n",
                             (long long)made, strstr(text, "gates: ") != NULL ? ": " : "",
                             strstr(text, "gates: ") != NULL ? strstr(text, "gates: ") + 7 : "");
        } else if (for_nothing && made == model->made) {
            begin_line(model, now_us, out);
            ls_buffer_text(out, "nothing came of that training\n");
        }
        model->made = made;
        model->underway = false;
    }
    model->trained_us = last_us != 0 ? last_us : model->trained_us;
}

static void tell_units(const json_t *live, ls_buffer *out) {
    for (size_t i = 0; i < json_array_size(live) && i < LS_DEMO_UNITS; i++) {
        ls_buffer_printf(out, "%s%s", i > 0 ? ", " : ": ",
                         ls_json_text_at(json_array_get(live, i), "unit"));
    }
}

// The version that predicts beside the one that serves; 0: none.
static int64_t shadow_of(const json_t *json) {
    const json_t *beside = json_object_get(json, "shadow");  // a number, or how it compares
    return json_is_object(beside) ? integer_at(beside, "version") : json_integer_value(beside);
}

static void tell_serving(ls_demo_served_model *model, const json_t *json, int64_t now_us,
                         int64_t changed_us, ls_buffer *out) {
    const int64_t serving = integer_at(json, "serving");
    const int64_t shadow = shadow_of(json);
    if (shadow != model->shadow && shadow != 0) {
        begin_line(model, now_us, out);
        ls_buffer_printf(out,
                         "version %lld has passed its gates, and predicts in the shadow of version "
                         "%lld\n",
                         (long long)shadow, (long long)serving);
    }
    if (serving != model->serving && serving != 0) {
        const char *text = ls_json_text_at(json_object_get(json, "training"), "text");
        const char *why = strstr(text, " serves: ");
        begin_line(model, now_us, out);
        if (model->serving == 0) {
            ls_buffer_printf(out, "version %lld serves", (long long)serving);
            tell_units(json_object_get(json, "live"), out);
        } else {
            model->promotions++;
            if (changed_us != 0 && now_us >= changed_us && model->promoted_us == 0) {
                model->promoted_us = now_us;
            }
            ls_buffer_printf(out, "version %lld is promoted, in place of version %lld%s%.200s",
                             (long long)serving, (long long)model->serving, why != NULL ? ": " : "",
                             why != NULL ? why + 9 : "");
        }
        ls_buffer_text(out, "\n");
    }
    model->serving = serving;
    model->shadow = shadow;
}

void ls_demo_served_hear(ls_demo_served *served, const json_t *answer, int64_t now_us,
                         ls_buffer *out) {
    const json_t *list = json_object_get(answer, "models");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *json = json_array_get(list, i);
        ls_demo_served_model *model = model_of(served, ls_json_text_at(json, "name"));
        if (model == NULL) {
            continue;
        }
        judge(model, json_object_get(json, "live"), served->changed_us);
        tell_drift(model, json_object_get(json, "drift"), now_us, served->changed_us, out);
        tell_training(model, json_object_get(json, "training"), integer_at(json, "serving"),
                      shadow_of(json), now_us, out);
        tell_serving(model, json, now_us, served->changed_us, out);
    }
}

void ls_demo_served_tell(ls_demo_served *served, const ls_service_address *address, int64_t now_us,
                         ls_buffer *out) {
    json_t *answer = ask(address);
    ls_demo_served_hear(served, answer, now_us, out);
    json_decref(answer);
}

// ---- the account

static void put_span(const ls_demo_served_model *model, uint32_t index, int64_t changed_us,
                     ls_buffer *out) {
    const ls_demo_span *s = &model->spans[index];
    char from[16], until[16];
    ls_demo_clock(s->from_us, from);
    ls_demo_clock(s->until_us, until);
    ls_buffer_printf(out, "  version %-3lld %s to %s   off by %.3f in the mean",
                     (long long)s->version, from, until, s->error_sum / (double)s->judged);
    if (s->with_interval > 0) {
        ls_buffer_printf(out, ", %.0f %% inside its intervals",
                         100.0 * (double)s->inside / (double)s->with_interval);
    }
    ls_buffer_printf(out, ", of %llu predictions%s\n", (unsigned long long)s->judged,
                     changed_us == 0 ? ""
                     : s->changed    ? " with the sensors as changed"
                                     : " with the sensors as they were");
}

static void put_times(const ls_demo_served_model *model, int64_t changed_us, ls_buffer *out) {
    char span[32];
    if (model->noticed_us != 0) {
        ls_units_show_time((double)(model->noticed_us - changed_us), span, sizeof span);
        ls_buffer_printf(out, "  The change was noticed after %s of the line", span);
        if (model->promoted_us != 0) {
            ls_units_show_time((double)(model->promoted_us - changed_us), span, sizeof span);
            ls_buffer_printf(out, "; a version that knows it served after %s", span);
        }
        ls_buffer_text(out, ".\n");
    }
    ls_buffer_printf(out, "  Drifts: %u, trainings as jobs of the pool: %u, promotions: %u.\n",
                     model->drifts, model->trainings, model->promotions);
}

void ls_demo_served_text(const ls_demo_served *served, ls_buffer *out) {
    for (uint32_t i = 0; i < served->count; i++) {
        const ls_demo_served_model *model = &served->models[i];
        if (model->span_count == 0) {
            continue;
        }
        ls_buffer_printf(out, "Model %s (what it predicts is emulated, and so is the change):\n",
                         model->name);
        for (uint32_t k = 0; k < model->span_count; k++) {
            put_span(model, k, served->changed_us, out);
        }
        put_times(model, served->changed_us, out);
    }
}

static json_t *time_json(int64_t us) {
    return us != 0 ? json_integer((json_int_t)us) : json_null();
}

static json_t *span_json(const ls_demo_span *s) {
    return json_pack("{s:I, s:b, s:o, s:o, s:I, s:f, s:I, s:I}", "version", (json_int_t)s->version,
                     "changed", (int)s->changed, "from_us", time_json(s->from_us), "until_us",
                     time_json(s->until_us), "judged", (json_int_t)s->judged, "error",
                     s->error_sum / (double)s->judged, "with_interval",
                     (json_int_t)s->with_interval, "inside", (json_int_t)s->inside);
}

void ls_demo_served_json(const ls_demo_served *served, ls_buffer *out) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < served->count; i++) {
        const ls_demo_served_model *model = &served->models[i];
        json_t *spans = json_array();
        for (uint32_t k = 0; k < model->span_count; k++) {
            json_array_append_new(spans, span_json(&model->spans[k]));
        }
        json_array_append_new(
            all,
            json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "name", model->name, "changed_us",
                      time_json(served->changed_us), "noticed_us", time_json(model->noticed_us),
                      "promoted_us", time_json(model->promoted_us), "spans", spans, "drifts",
                      (json_int_t)model->drifts, "trainings", (json_int_t)model->trainings,
                      "promotions", (json_int_t)model->promotions));
    }
    char *text = json_dumps(all, JSON_COMPACT);
    out->failed = out->failed || text == NULL;
    ls_buffer_text(out, text != NULL ? text : "");
    free(text);
    json_decref(all);
}
