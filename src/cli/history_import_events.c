// history_import_events.c - what happened, into a history: events as `history events` tells them.
//
//     time,kind,subject[,text]
//     {"time": "2026-01-05T06:00:00Z", "kind": "failure", "subject": "press", "text": "..."}
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/history_import.h"
#include "history/record.h"

static const char *const column_names[LS_EVENT_COLUMNS] = {"time", "kind", "subject", "text"};

bool ls_history_event_header(const ls_lines *lines, int out[LS_EVENT_COLUMNS]) {
    size_t known = 0;
    for (int c = 0; c < LS_EVENT_COLUMNS; c++) {
        out[c] = -1;
        for (size_t i = 0; i < lines->cell_count; i++) {
            if (strcmp(lines->cells[i].text, column_names[c]) == 0) {
                out[c] = (int)i;
                known++;
            }
        }
    }
    // Any other column, or one twice, and it is a table of tags that happen to be called so.
    return known == lines->cell_count && out[0] >= 0 && out[1] >= 0 && out[2] >= 0 &&
           known == (out[3] >= 0 ? 4U : 3U);
}

typedef struct twin_of {
    const ls_happened *wanted;
    bool found;
} twin_of;

static bool see(void *context, const ls_happened *event) {
    twin_of *t = context;
    t->found = strcmp(event->subject, t->wanted->subject) == 0 &&
               strcmp(event->text, t->wanted->text) == 0;
    return !t->found;
}

ls_status ls_history_intake_event(ls_history_intake *intake, const ls_lines *lines,
                                  const ls_happened *event, ls_error *err) {
    twin_of same = {.wanted = event};
    ls_error why = {0};
    if (event->kind[0] == '\0' || strlen(event->kind) > LS_TAG_NAME_MAX) {
        return ls_import_fail(lines, 1, "this is no kind of event", event->kind,
                              "a word, as in failure", err);
    }
    if (strlen(event->subject) > LS_EVENT_TEXT_MAX || strlen(event->text) > LS_EVENT_TEXT_MAX) {
        return ls_import_fail(lines, 1, "a subject or text of more than 1 MiB", event->kind, "",
                              err);
    }
    intake->events++;
    if (intake->history == NULL) {  // a dry run
        return LS_OK;
    }
    ls_status status = event->time_us < INT64_MAX
                           ? ls_history_events(intake->history, event->kind, event->time_us,
                                               event->time_us + 1, see, &same, &why)
                           : LS_OK;
    if (status == LS_OK && !same.found) {
        status = ls_history_event(intake->history, event, &why);
    }
    return status == LS_OK ? LS_OK
                           : ls_fail_at(err, status, lines->path, lines->line, 1, "%s", why.text);
}

static bool is_word(const json_t *object, const char *key) {
    return json_is_string(json_object_get(object, key));
}

bool ls_history_is_event(const json_t *object) {
    static const char *const keys[] = {"time", "kind", "subject", "text", "details", "number"};
    size_t known = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        known += json_object_get(object, keys[i]) != NULL;
    }
    const json_t *text = json_object_get(object, "text");
    const json_t *details = json_object_get(object, "details");
    return known == json_object_size(object) && is_word(object, "kind") &&
           is_word(object, "subject") && (text == NULL || json_is_string(text)) &&
           (details == NULL || json_is_null(details) || json_is_object(details));
}

ls_status ls_history_import_event(ls_lines *lines, const json_t *object, ls_history_intake *intake,
                                  int64_t time_us, ls_error *err) {
    const json_t *details = json_object_get(object, "details");
    const char *text = json_string_value(json_object_get(object, "text"));
    char *json = json_is_object(details) ? json_dumps(details, JSON_COMPACT | JSON_PRESERVE_ORDER)
                                         : NULL;
    const ls_happened event = {.time_us = time_us,
                               .kind = json_string_value(json_object_get(object, "kind")),
                               .subject = json_string_value(json_object_get(object, "subject")),
                               .text = text != NULL ? text : "",
                               .json = json != NULL ? json : ""};
    const ls_status status = json == NULL && json_is_object(details)
                                 ? ls_fail(err, LS_ERR_MEMORY, "out of memory for an event")
                                 : ls_history_intake_event(intake, lines, &event, err);
    free(json);
    return status;
}
