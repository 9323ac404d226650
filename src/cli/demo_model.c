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
