// decide_replay.c - `lineshaft decide replay`: the same decision again, bit for bit.
#include <string.h>

#include "base/arena.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/data_option.h"
#include "cli/decide_open.h"
#include "cli/json.h"
#include "cli/output.h"
#include "loop/decisions_number.h"
#include "loop/decisions_snapshot.h"
#include "ls_build.h"

static const ls_option own_options[] = {
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one JSON object"},
    {0},
};
static const ls_option *const tables[] = {ls_data_options, own_options, NULL};

static int show(const char *id, const ls_answer *made, bool same, const char *what, bool as_json) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (as_json) {
        json_t *object = json_object();
        json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
        json_object_set_new(object, "format", json_string("decide-replay/1"));
        json_object_set_new(object, "id", json_string(id));
        json_object_set_new(object, "same", json_boolean(same));
        json_object_set_new(object, "differs", same ? json_null() : json_string(what));
        json_object_set_new(object, "futures", json_integer((json_int_t)made->futures));
        ls_json_print(object, &out);
    } else if (same) {
        ls_buffer_printf(&out, "%s: the same, bit for bit, on %llu futures\n", id,
                         (unsigned long long)made->futures);
    } else {
        ls_buffer_printf(&out, "%s: not the same: %s\n", id, what);
    }
    const int code = ls_output_print(&out);
    ls_buffer_clear(&out);
    return code != LS_EXIT_DONE ? code : same ? LS_EXIT_DONE : LS_EXIT_NO;
}

static int replay(const ls_options *options, ls_decide_opened *o) {
    const char *id = options->arguments[1];
    ls_error err = {0};
    ls_kept_answer kept = {0};
    const char *what = "";
    ls_answer *again = ls_alloc(sizeof *again);
    ls_status status = again != NULL ? LS_OK : ls_fail(&err, LS_ERR_MEMORY, "out of memory");
    const uint64_t number = ls_decision_number(id);
    if (status == LS_OK && number == 0) {
        status = ls_fail(&err, LS_ERR_INVALID, "'%s' is no decision; they are called d-1, d-2, ...",
                         id);
    }
    if (status == LS_OK) {
        status = ls_kept_answer_load(o->intake.history, o->intake.running.twin, number, &kept,
                                     &err);
    }
    if (status == LS_OK) {
        status = ls_kept_answer_replay(&kept, o->decider, o->intake.running.plant,
                                       o->intake.running.twin, again, &err);
    }
    int code = status == LS_OK ? LS_EXIT_DONE : ls_complain(&err);
    if (status == LS_OK) {
        const bool same = ls_answer_is_same(&kept.answer, again, &what);
        code = show(id, &kept.answer, same, what, ls_options_get(options, "json")->given);
    }
    ls_kept_answer_clear(&kept);
    ls_free(again);
    return code;
}

static int run(const ls_options *options) {
    return ls_decide_with(options, true, replay);
}

const ls_cli_command ls_command_decide_replay = {
    .name = "decide replay",
    .arguments = "PLANT ID",
    .least = 2,
    .most = 2,
    .about = "Makes a decision again from its snapshot and says whether it is the same.",
    .example = "lineshaft decide replay plant.yaml d-17",
    .examples = "lineshaft decide replay plant.yaml d-17 --json\n",
    .detail =
        "From the snapshot of the present, the seed and the numbers of futures that were run "
        "before the deadline, on any number of cores. Exit code 1 when anything differs. The "
        "snapshots of the newest 200 decisions that proposed something are kept; another "
        "plant file or version is refused.\n",
    .tables = tables,
    .run = run,
};
