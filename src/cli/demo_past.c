// demo_past.c - see demo_past.h.
#include "cli/demo_past.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/tags.h"
#include "base/text.h"
#include "cli/decide_open.h"
#include "loop/decisions_once.h"
#include "loop/keeper.h"

enum { WITHIN_US = 100000 };

typedef struct asker {
    ls_decide_opened opened;
    uint32_t rows;
} asker;

static ls_status read_plant(asker *a, const ls_demo_past *past, ls_error *err) {
    ls_errors errors;
    ls_plant *plant = NULL;
    ls_errors_init(&errors);
    ls_status status = ls_running_read(past->plant, &plant, &errors);
    if (status != LS_OK) {
        ls_fail(err, status, "%s", errors.count > 0 ? errors.items[0].text : "out of memory");
    }
    ls_errors_clear(&errors);
    return status == LS_OK
               ? ls_running_make(plant, a->opened.intake.tags, &a->opened.intake.running, err)
               : status;
}

static ls_status open_all(asker *a, const ls_demo_past *past, ls_error *err) {
    ls_history_def keep = ls_history_def_default();
    keep.store = past->history;
    ls_status status = ls_intake_init(&a->opened.intake, err);
    status = status == LS_OK ? ls_tags_create(&a->opened.intake.tags, err) : status;
    status = status == LS_OK ? read_plant(a, past, err) : status;
    if (status != LS_OK || a->opened.intake.running.plant->decide.point_count == 0) {
        return status;
    }
    status = ls_history_open(&keep, a->opened.intake.tags, &a->opened.intake.history, err);
    return status == LS_OK ? ls_decide_make(&a->opened, err) : status;
}

// What was written is safe only when the history is closed.
static ls_status close_history(asker *a, ls_error *err) {
    const ls_status status = ls_history_close(a->opened.intake.history, err);
    a->opened.intake.history = NULL;
    return status;
}

// `low` of the claim above 0: better beyond doubt, as the service has it in mode `watch`.
static bool is_better(const json_t *row) {
    const json_t *low = json_object_get(json_object_get(row, "claim"), "low");
    return json_integer_value(json_object_get(row, "chosen")) !=
               json_integer_value(json_object_get(row, "own")) &&
           json_is_real(low) && json_real_value(low) > 0;
}

static ls_status keep(asker *a, json_t *row, int64_t at_us, ls_error *err) {
    char id[24];
    char said[400];
    const char *state = is_better(row) ? "watched" : "kept";
    const char *title = json_string_value(json_object_get(row, "title"));
    ls_text_format(id, sizeof id, "d-%u", ++a->rows);
    ls_text_format(said, sizeof said, "%s %s: %s", id, state, title != NULL ? title : "");
    json_object_set_new(row, "id", json_string(id));
    json_object_set_new(row, "version", json_integer(1));
    json_object_set_new(row, "time_us", json_integer((json_int_t)at_us));
    json_object_set_new(row, "mode", json_string("watch"));
    json_object_set_new(row, "state", json_string(state));
    json_object_set_new(row, "reason",
                        json_string("of the emulated week: the line went by its own rule, nothing "
                                    "was sent"));
    char *text = json_dumps(row, JSON_COMPACT);
    const ls_happened happened = {
        .time_us = at_us, .kind = "decision", .subject = id, .text = said, .json = text};
    const ls_status status = text != NULL
                                 ? ls_history_event(a->opened.intake.history, &happened, err)
                                 : ls_fail(err, LS_ERR_MEMORY, "out of memory");
    free(text);
    return status;
}

static ls_status ask(asker *a, int64_t at_us, ls_error *err) {
    json_t *rows = NULL;
    ls_status status = ls_decisions_once(&a->opened.intake, a->opened.decider,
                                         &(ls_once_def){.within_us = WITHIN_US}, &rows, err);
    for (size_t i = 0; i < json_array_size(rows) && status == LS_OK; i++) {
        status = keep(a, json_array_get(rows, i), at_us, err);
    }
    json_decref(rows);
    return status;
}

// Each moment hears only what came since the one before. By the plant's own base rule: the service
// looks for a better one when it starts, and nobody waits for that twice.
static ls_status ask_all(asker *a, const ls_demo_past *past, ls_error *err) {
    int64_t heard_us = past->birth_us;
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < past->moments && status == LS_OK; i++) {
        const int64_t at_us = past->first_us + i * past->step_us;
        uint64_t heard = 0;
        if (past->stop != NULL && *past->stop != 0) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        status = ls_keeper_restore_at(&a->opened.intake, at_us, at_us - heard_us, &heard, err);
        status = status == LS_OK ? ask(a, at_us, err) : status;
        heard_us = at_us + 1;
    }
    return status;
}

ls_status ls_demo_past_decide(const ls_demo_past *past, uint32_t *out_rows, ls_error *err) {
    asker a = {0};
    ls_status status = open_all(&a, past, err);
    if (status == LS_OK && a.opened.decider != NULL) {
        status = ask_all(&a, past, err);
        const ls_status closed = close_history(&a, status == LS_OK ? err : NULL);
        status = status == LS_OK ? closed : status;
    }
    *out_rows = a.rows;
    ls_decide_close(&a.opened);
    return status;
}
