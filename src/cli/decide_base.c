// decide_base.c - `lineshaft decide base`: a long search for the rule that futures go by.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/workers.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "decide/decide.h"
#include "import/plant_file.h"
#include "loop/searches.h"
#include "ls_build.h"
#include "twin/twin.h"

enum { BASES = 64, MILLION = 1000000 };

static const ls_option own_options[] = {
    {.name = "events",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 1000000,
     .initial = "600",
     .about = "millions of events of the twin that go into it, about"},
    {.name = "workers",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = LS_WORKERS_MAX,
     .initial = "1",
     .about = "threads; the result does not depend on it"},
    {.name = "result",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .about = "write the object of --json here as well, whole or not at all"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one JSON object"},
    {0},
};
static const ls_option *const tables[] = {own_options, NULL};

typedef struct searching {
    const ls_options *options;
    ls_plant *plant;
    ls_twin *twin;
    ls_threads *pool;
    ls_decider *decider;
} searching;

static bool is_enough(void *context) {
    (void)context;
    return ls_interrupt_came();
}

static ls_status search(searching *s, ls_error *err) {
    ls_decider_def def = ls_decider_def_default();
    const int workers = (int)ls_options_get(s->options, "workers")->number;
    ls_status status = ls_threads_create(workers, &s->pool, err);
    if (status == LS_OK) {
        def.lent = ls_lent_pool(s->pool);
        def.enough = is_enough;
        def.search_events = (double)ls_options_get(s->options, "events")->number * MILLION;
        status = ls_decider_create(s->plant, s->twin, &def, &s->decider, err);
    }
    if (status == LS_OK) {
        ls_interrupt_watch();
        status = ls_decider_prepare(s->decider, NULL, NULL, err);
    }
    if (status == LS_OK && ls_interrupt_came()) {
        status = ls_fail(err, LS_ERR_STOPPED, "stopped: the search was not done");
    }
    return status;
}

static json_t *result_of(const searching *s) {
    char key[LS_SEARCH_KEY];
    ls_base_rule bases[BASES];
    const uint32_t count = ls_decider_bases(s->decider, bases, BASES);
    json_t *list = json_array(), *object = json_object();
    ls_search_key(s->plant, s->twin, key);
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("decide-base/1"));
    json_object_set_new(object, "plant", ls_json_text(s->plant->name));
    json_object_set_new(object, "model", json_string(key));
    json_object_set_new(
        object, "horizon_s",
        ls_json_number((double)ls_decider_horizon_us(s->decider, UINT32_MAX) * 1e-6));
    for (uint32_t i = 0; i < count && i < BASES; i++) {
        const ls_base_rule *b = &bases[i];
        if (b->chosen) {
            json_object_set_new(object, "base", ls_json_text(b->name));
            json_object_set_new(object, "gain", ls_json_number(b->gain));
            json_object_set_new(object, "low", ls_json_number(b->low));
            json_object_set_new(object, "high", ls_json_number(b->high));
        }
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o}", "name", ls_json_text(b->name), "gain",
                            ls_json_number(b->gain), "low", ls_json_number(b->low), "high",
                            ls_json_number(b->high)));
    }
    json_object_set_new(object, "tried", list);
    return object;
}

static void put_text(const searching *s, ls_buffer *out) {
    ls_base_rule bases[BASES];
    const uint32_t count = ls_decider_bases(s->decider, bases, BASES);
    const char *unit = s->plant->decide.unit != NULL ? s->plant->decide.unit : "points";
    for (uint32_t i = 0; i < count && i < BASES; i++) {
        const ls_base_rule *b = &bases[i];
        if (i == 0) {
            ls_buffer_printf(out, "%s the line's own\n", b->chosen ? "*" : " ");
        } else {
            ls_buffer_printf(out, "%s %s: gains %.3g %s an hour (%.3g to %.3g)\n",
                             b->chosen ? "*" : " ", b->name, b->gain, unit, b->low, b->high);
        }
    }
}

static int deliver(const searching *s) {
    ls_buffer text, object;
    ls_error err = {0};
    ls_buffer_init(&text);
    ls_buffer_init(&object);
    const ls_option_value *result = ls_options_get(s->options, "result");
    ls_json_print(result_of(s), &object);
    put_text(s, &text);
    const bool as_json = ls_options_get(s->options, "json")->given;
    int code = ls_output_print(as_json ? &object : &text);
    if (code == LS_EXIT_DONE && result->given &&
        ls_file_write(result->text, object.data, object.size, &err) != LS_OK) {
        code = ls_complain(&err);
    }
    ls_buffer_clear(&text);
    ls_buffer_clear(&object);
    return code;
}

static int run(const ls_options *options) {
    ls_error err = {0};
    ls_errors errors;
    searching s = {.options = options};
    ls_errors_init(&errors);
    ls_status status = ls_plant_file_read(options->arguments[0], &s.plant, &errors);
    int code = status == LS_OK ? LS_EXIT_DONE : ls_complain_all(&errors);
    ls_errors_clear(&errors);
    if (code == LS_EXIT_DONE) {
        status = ls_twin_create(s.plant, &s.twin, &err);
        status = status == LS_OK ? search(&s, &err) : status;
        code = status == LS_OK            ? deliver(&s)
               : status == LS_ERR_STOPPED ? LS_EXIT_STOPPED
                                          : ls_complain(&err);
    }
    ls_decider_destroy(s.decider);
    ls_threads_destroy(s.pool);
    ls_twin_destroy(s.twin);
    ls_plant_destroy(s.plant);
    return code;
}

const ls_cli_command ls_command_decide_base = {
    .name = "decide base",
    .arguments = "PLANT",
    .least = 1,
    .most = 1,
    .about = "Searches long for the rule that futures of a decision go by.",
    .example = "lineshaft decide base plant.yaml",
    .examples = "lineshaft decide base plant.yaml --events 5000 --workers 8 --json\n",
    .detail =
        "Rules are tried in the twin for the whole plant, then station by station; the best few "
        "are "
        "compared with the line's own on states that took no part in the search (docs/DECIDE.md). "
        "The service does this for some seconds when it starts, and then hands this command to its "
        "pool (docs/POOL.md, \"Jobs of a plant\"). The line with a star is the rule that is gone "
        "by. The same plant file gives the same result.\n",
    .tables = tables,
    .run = run,
};
