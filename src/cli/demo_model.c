// demo_model.c - see demo_model.h.
#include "cli/demo_model.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "cli/demo_child.h"
#include "cli/json.h"

enum { PLACE_SIZE = 2200 };
#define TRAIN_S 300.0  // longest that a training may take; a second is usual

static double clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// ---- trained

static ls_status run_child(const ls_demo_model *def, const char *const arguments[], ls_error *err) {
    pid_t child = 0;
    ls_status status = ls_demo_child_start(arguments, def->log, &child, err);
    const double until = clock_s() + TRAIN_S;
    while (status == LS_OK && ls_demo_child_lives(&child)) {
        if (def->stop != NULL && *def->stop != 0) {
            status = ls_fail(err, LS_ERR_STOPPED, "stopped");
        } else if (clock_s() > until) {
            status = ls_fail(err, LS_ERR_IO, "'lineshaft %s %s' does not end", arguments[0],
                             arguments[1]);
        } else {
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        }
    }
    (void)ls_demo_child_stop(&child, 5.0);
    return status;
}

// What did not let it through: the names of its gates.
static void failed_gates(const json_t *verdict, char *out, size_t size) {
    const char *name = NULL;
    const json_t *gate = NULL;
    size_t length = 0;
    out[0] = '\0';
    json_object_foreach((json_t *)(uintptr_t)json_object_get(verdict, "gates"), name, gate) {
        if (json_is_false(json_object_get(gate, "passed"))) {
            length += ls_text_format(out + length, size - length, "%s%s", length > 0 ? ", " : "",
                                     name);
            length = length < size ? length : size - 1;
        }
    }
}

static void say_result(const ls_demo_model *def, const json_t *result, bool serves, double seconds,
                       char *said, size_t size) {
    char gates[200];
    const json_t *verdict = json_object_get(result, "verdict");
    const double radius = ls_json_number_at(result, "radius");
    if (!json_is_object(result)) {
        ls_text_format(said, size,
                       "%s: there is too little to learn from yet: nothing is predicted",
                       def->model);
    } else if (!serves) {
        failed_gates(verdict, gates, sizeof gates);
        ls_text_format(said, size, "%s: not good enough yet (%s): nothing is predicted", def->model,
                       gates);
    } else {
        ls_text_format(said, size,
                       "%s: trained on %lld rows and through its gates in %.1f s: off by %.3f on "
                       "days that it had not seen (always saying the mean: %.3f), +- %.3f",
                       def->model, (long long)json_integer_value(json_object_get(result, "rows")),
                       seconds, ls_json_number_at(verdict, "rmse"),
                       ls_json_number_at(verdict, "champion_rmse"), radius);
    }
}

ls_status ls_demo_model_train(const ls_demo_model *def, char *said, size_t size, ls_error *err) {
    char place[PLACE_SIZE];
    const double began = clock_s();
    ls_text_format(place, sizeof place, "%s:%s", def->plant, def->model);
    const char *const train[] = {"model",    "train",     place,      "--history", def->history,
                                 "--models", def->models, "--result", def->result, NULL};
    const char *const promote[] = {"model", "promote", place, "--models", def->models, NULL};
    ls_status status = run_child(def, train, err);
    json_t *result = json_load_file(def->result, 0, NULL);
    const bool passed = json_is_true(json_object_get(json_object_get(result, "verdict"), "passed"));
    if (status == LS_OK && strcmp(ls_json_text_at(result, "stage"), "challenger") == 0) {
        status = run_child(def, promote, err);
    }
    if (status == LS_OK) {
        say_result(def, result, passed, clock_s() - began, said, size);
    }
    json_decref(result);
    return status;
}

// ---- in service

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

static ls_demo_model_seen *seen_of(ls_demo_models *models, const char *name) {
    for (uint32_t i = 0; i < models->count; i++) {
        if (strcmp(models->seen[i].name, name) == 0) {
            return &models->seen[i];
        }
    }
    if (models->count == LS_DEMO_MODELS) {
        return NULL;
    }
    ls_demo_model_seen *seen = &models->seen[models->count++];
    memset(seen, 0, sizeof *seen);
    ls_text_format(seen->name, sizeof seen->name, "%s", name);
    return seen;
}

// Is it news? Then it is remembered.
static bool is_new(char *seen, size_t size, const char *now) {
    if (strncmp(seen, now, size - 1) == 0) {
        return false;
    }
    ls_text_format(seen, size, "%s", now);
    return true;
}

static void tell_serving(ls_demo_model_seen *seen, const json_t *model, ls_buffer *out) {
    const int64_t serving = json_integer_value(json_object_get(model, "serving"));
    const int64_t shadow = json_integer_value(json_object_get(model, "shadow"));
    if (serving != seen->serving && serving != 0) {
        ls_buffer_printf(out, "  model %s: version %lld serves", seen->name, (long long)serving);
        if (seen->serving != 0) {
            ls_buffer_printf(out, " in place of version %lld", (long long)seen->serving);
        }
        ls_buffer_text(out, "\n");
    }
    if (shadow != seen->shadow && shadow != 0) {
        ls_buffer_printf(out, "  model %s: version %lld is in the shadow of version %lld\n",
                         seen->name, (long long)shadow, (long long)serving);
    }
    seen->serving = serving;
    seen->shadow = shadow;
}

static void tell_drift(ls_demo_model_seen *seen, const json_t *drift, ls_buffer *out) {
    if (!json_is_object(drift) ||
        !is_new(seen->drift, sizeof seen->drift, ls_json_text_at(drift, "state"))) {
        return;
    }
    if (strcmp(seen->drift, "drift") != 0) {
        return;
    }
    const json_t *features = json_object_get(drift, "features");
    ls_buffer_printf(out, "  model %s: the plant is not as it was when version %lld learnt",
                     seen->name, (long long)json_integer_value(json_object_get(drift, "version")));
    for (size_t i = 0, told = 0; i < json_array_size(features) && told < 2; i++) {
        const json_t *one = json_array_get(features, i);
        if (json_is_true(json_object_get(one, "drifted"))) {
            ls_buffer_printf(out, "%s %s (PSI %.2f)", told++ > 0 ? "," : ": drift of",
                             ls_json_text_at(one, "feature"), ls_json_number_at(one, "psi"));
        }
    }
    const double then = ls_json_number_at(drift, "error_then");
    const double now = ls_json_number_at(drift, "error_now");
    if (isfinite(then) && isfinite(now)) {
        ls_buffer_printf(out, "; its error was %.3f and is %.3f", then, now);
    }
    ls_buffer_text(out, "\n");
}

static void tell_training(ls_demo_model_seen *seen, const json_t *training, ls_buffer *out) {
    if (!json_is_object(training) ||
        !is_new(seen->training, sizeof seen->training, ls_json_text_at(training, "state")) ||
        strcmp(seen->training, "underway") != 0) {
        return;
    }
    ls_buffer_printf(out, "  model %s: a training runs as a job of the pool, because of %s\n",
                     seen->name, ls_json_text_at(training, "reason"));
}

void ls_demo_models_tell(ls_demo_models *models, const ls_service_address *address,
                         ls_buffer *out) {
    json_t *answer = ask(address);
    const json_t *list = json_object_get(answer, "models");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *model = json_array_get(list, i);
        ls_demo_model_seen *seen = seen_of(models, ls_json_text_at(model, "name"));
        if (seen != NULL) {
            tell_drift(seen, json_object_get(model, "drift"), out);
            tell_training(seen, json_object_get(model, "training"), out);
            tell_serving(seen, model, out);
        }
    }
    json_decref(answer);
}
