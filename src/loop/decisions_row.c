// decisions_row.c - rows: in memory as a ring, every version in the history.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/units.h"
#include "loop/decisions_inside.h"

static const char *const states[DECISION_STATE_COUNT] = {
    "kept",    "watched", "advised", "open", "approved", "rejected", "held",
    "expired", "refused", "sent",    "done", "denied",   "lost",     "late"};

const char *ls_decision_state_name(decision_state state) {
    return states[state];
}

bool ls_decision_is_open(const decision_row *row) {
    return row->state == DECISION_OPEN || row->state == DECISION_HELD;
}

uint64_t ls_decision_number(const char *id) {
    if (strncmp(id, "d-", 2) != 0 || id[2] < '1' || id[2] > '9' || strlen(id) > 20) {
        return 0;
    }
    char *end = NULL;
    const uint64_t number = strtoull(id + 2, &end, 10);
    return *end == '\0' || *end == '-' ? number : 0;
}

decision_row *ls_decisions_row(ls_decisions *d, uint64_t number) {
    for (uint32_t i = 0; i < d->row_count && number > 0; i++) {
        decision_row *row = &d->rows[(d->row_at + DECISION_ROWS - 1 - i) % DECISION_ROWS];
        if (row->number == number) {
            return row;
        }
    }
    return NULL;
}

// ---- a new version

static ls_log_level level_of(decision_state state) {
    return state == DECISION_KEPT || state == DECISION_WATCHED ? LS_LOG_DEBUG
           : state == DECISION_LOST || state == DECISION_DENIED || state == DECISION_LATE
               ? LS_LOG_WARNING
               : LS_LOG_INFO;
}

bool ls_decisions_keep(ls_decisions *d, decision_row *row, decision_state state,
                       const char *reason) {
    char id[DECISION_ID_SIZE];
    ls_text_format(id, sizeof id, "d-%llu", (unsigned long long)row->number);
    row->state = state;
    row->version++;
    json_object_set_new(row->json, "version", json_integer(row->version));
    json_object_set_new(row->json, "state", json_string(states[state]));
    if (reason != NULL) {
        json_object_set_new(row->json, "reason", json_string(reason));
    }
    ls_decisions_note_apart(d, row);
    char said[DECISION_TEXT_SIZE];
    const char *title = json_string_value(json_object_get(row->json, "title"));
    ls_text_format(said, sizeof said, "%s %s: %s%s%s", id, states[state],
                   title != NULL ? title : "", reason != NULL ? ": " : "",
                   reason != NULL ? reason : "");
    ls_error err = {0};
    const bool kept = ls_journal_record(d->intake->history, "decision", id, said, row->json, &err);
    ls_say(level_of(state), "decision", "", "%s", said);
    if (!kept && d->intake->history != NULL && d->figures.failed++ == 0) {
        ls_say(LS_LOG_ERROR, "history", "", "a decision could not be kept: %s", err.text);
    }
    d->changes++;
    memcpy(d->changed_id, id, sizeof id);
    ls_decisions_tell_apart(d, row);
    return kept;
}

decision_row *ls_decisions_add(ls_decisions *d, json_t *json) {
    decision_row *row = &d->rows[d->row_at];
    char id[DECISION_ID_SIZE];
    if (row->json != NULL && ls_decision_is_open(row)) {
        (void)ls_decisions_keep(d, row, DECISION_EXPIRED, "too many newer ones came");
    }
    json_decref(row->json);
    *row = (decision_row){.number = d->next_number++, .json = json};
    ls_text_format(id, sizeof id, "d-%llu", (unsigned long long)row->number);
    json_object_set_new(json, "id", json_string(id));
    d->row_at = (d->row_at + 1) % DECISION_ROWS;
    d->row_count += d->row_count < DECISION_ROWS;
    return row;
}

// ---- after a restart

static decision_state state_of(const json_t *json) {
    const char *name = json_string_value(json_object_get(json, "state"));
    for (int i = 0; name != NULL && i < DECISION_STATE_COUNT; i++) {
        if (strcmp(name, states[i]) == 0) {
            return (decision_state)i;
        }
    }
    return DECISION_EXPIRED;
}

static void note_sequence(ls_decisions *d, const json_t *json) {
    const json_t *sent = json_object_get(json, "sent");
    for (size_t i = 0; i < json_array_size(sent); i++) {
        const json_int_t sequence = json_integer_value(
            json_object_get(json_array_get(sent, i), "sequence"));
        if (sequence > (json_int_t)d->sequence && sequence < UINT32_MAX) {
            d->sequence = (uint32_t)sequence;
        }
    }
}

static bool recall_one(void *context, const ls_happened *happened) {
    ls_decisions *d = context;
    const uint64_t number = ls_decision_number(happened->subject);
    json_error_t why;
    json_t *json = number > 0 ? json_loads(happened->json, 0, &why) : NULL;
    if (json == NULL || !json_is_object(json)) {
        json_decref(json);
        return true;
    }
    decision_row *row = ls_decisions_row(d, number);
    const json_int_t version = json_integer_value(json_object_get(json, "version"));
    if (row == NULL) {
        d->next_number = number;
        row = ls_decisions_add(d, json_incref(json));
    }
    if (version >= (json_int_t)row->version) {
        json_incref(json);
        json_decref(row->json);
        row->json = json;
        row->version = (uint32_t)version;
        row->state = state_of(json);
    }
    note_sequence(d, json);
    json_decref(json);
    return true;
}

static void settle_recalled(ls_decisions *d) {
    for (uint32_t i = 0; i < d->row_count; i++) {
        decision_row *row =
            &d->rows[(d->row_at + DECISION_ROWS - d->row_count + i) % DECISION_ROWS];
        if (ls_decision_is_open(row) || row->state == DECISION_APPROVED) {
            (void)ls_decisions_keep(d, row, DECISION_EXPIRED, "the service was started again");
        } else if (row->state == DECISION_SENT) {
            (void)ls_decisions_keep(d, row, DECISION_LOST,
                                    "the service was stopped before an answer came");
        }
    }
}

// Rows of the last day, or as far back as it takes to find one: numbers go on from the newest.
ls_status ls_decisions_recall(ls_decisions *d, ls_error *err) {
    static const int days[] = {1, 30, 400};
    ls_status status = LS_OK;
    d->next_number = 1;
    const int64_t now = ls_decisions_wall_us();
    for (size_t i = 0; i < 4 && d->row_count == 0 && status == LS_OK; i++) {
        const int64_t from = i < 3 ? now - days[i] * LS_US_PER_DAY : INT64_MIN;
        if (d->intake->history != NULL) {
            status = ls_history_events(d->intake->history, "decision", from, INT64_MAX, recall_one,
                                       d, err);
        }
    }
    uint64_t newest = 0;
    for (uint32_t i = 0; i < d->row_count; i++) {
        newest = d->rows[i].number > newest ? d->rows[i].number : newest;
    }
    d->next_number = newest + 1;
    settle_recalled(d);
    return status;
}

void ls_decisions_forget(ls_decisions *d) {
    for (uint32_t i = 0; d->rows != NULL && i < DECISION_ROWS; i++) {
        json_decref(d->rows[i].json);
    }
    ls_free(d->rows);
    d->rows = NULL;
}
