// decisions_partly.c - what belongs together and went only in part: told in the rows.
//
// Two things belong together: the commands of one row, and the rows of one search, whose gain is
// that of all. What went stays (docs/GUARDS.md says why); a row that went says what did not.
#include <string.h>

#include "loop/decisions_inside.h"

// ---- the commands of one row

typedef enum fate { FATE_OPEN, FATE_WENT, FATE_NOT } fate;

// A command that is lost may have gone; nobody should count on it.
static fate fate_of(const json_t *sent) {
    const char *result = json_string_value(json_object_get(sent, "result"));
    if (result == NULL) {
        return FATE_OPEN;
    }
    return strcmp(result, "sent") == 0 || strcmp(result, "acknowledged") == 0 ? FATE_WENT
                                                                              : FATE_NOT;
}

bool ls_decisions_went(const decision_row *row, uint32_t act) {
    return fate_of(json_array_get(json_object_get(row->json, "sent"), act)) == FATE_WENT;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void add(char *out, const char *before, const json_t *sent) {
    const size_t size = strlen(out);
    const char *reason = text_of(sent, "reason");
    const bool went = fate_of(sent) == FATE_WENT;
    ls_text_format(out + size, DECISION_TEXT_SIZE - size, "%s%s%s%s%s%s%s", before,
                   text_of(sent, "id"), went ? "" : " (", went ? "" : text_of(sent, "result"),
                   !went && reason[0] != '\0' ? ": " : "", went ? "" : reason, went ? "" : ")");
}

bool ls_decisions_note_partly(decision_row *row, char out[DECISION_TEXT_SIZE]) {
    const json_t *sent = json_object_get(row->json, "sent");
    const size_t count = json_array_size(sent);
    size_t fates[3] = {0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        fates[fate_of(json_array_get(sent, i))]++;
    }
    if (fates[FATE_WENT] == 0 || fates[FATE_NOT] == 0) {
        return false;
    }
    json_object_set_new(
        row->json, "partly",
        json_pack("{s:I, s:I}", "went", (json_int_t)fates[FATE_WENT], "of", (json_int_t)count));
    ls_text_format(out, DECISION_TEXT_SIZE, "only %zu of %zu went", fates[FATE_WENT], count);
    for (int which = FATE_WENT; which <= FATE_NOT; which++) {
        const char *before = which == FATE_WENT ? ", and what went stays: " : "; not ";
        for (size_t i = 0; i < count; i++) {
            const json_t *one = json_array_get(sent, i);
            if (fate_of(one) == (fate)which) {
                add(out, before, one);
                before = ", ";
            }
        }
    }
    return true;
}

// ---- the rows of one search

static bool is_gone(const decision_row *row) {
    return row->state == DECISION_SENT || row->state == DECISION_DONE;
}

static bool is_over(const decision_row *row) {
    return row->state == DECISION_REJECTED || row->state == DECISION_EXPIRED ||
           row->state == DECISION_REFUSED || row->state == DECISION_DENIED ||
           row->state == DECISION_LOST || row->state == DECISION_LATE;
}

// False: it is there already, and says the same.
static bool note_apart(decision_row *row, const decision_row *other) {
    const char *id = text_of(other->json, "id");
    const char *state = ls_decision_state_name(other->state);
    json_t *apart = json_object_get(row->json, "apart");
    if (apart == NULL) {
        apart = json_array();
        json_object_set_new(row->json, "apart", apart);
    }
    for (size_t i = 0; i < json_array_size(apart); i++) {
        json_t *one = json_array_get(apart, i);
        if (strcmp(text_of(one, "id"), id) == 0) {
            const bool same = strcmp(text_of(one, "state"), state) == 0;
            json_object_set_new(one, "state", json_string(state));
            json_object_set_new(one, "reason", json_string(text_of(other->json, "reason")));
            return !same;
        }
    }
    json_array_append_new(
        apart, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "state", state, "reason",
                         text_of(other->json, "reason"), "title", text_of(other->json, "title"),
                         "title_ko", text_of(other->json, "title_ko")));
    return true;
}

// Those of one search were filed one after another.
static decision_row *sibling(ls_decisions *d, const decision_row *row, uint32_t back) {
    decision_row *other = &d->rows[(d->row_at + DECISION_ROWS - 1 - back) % DECISION_ROWS];
    return other != row && other->json != NULL && other->joint == row->joint ? other : NULL;
}

void ls_decisions_note_apart(ls_decisions *d, decision_row *row) {
    for (uint32_t i = 0; i < d->row_count && row->joint != 0 && is_gone(row); i++) {
        const decision_row *other = sibling(d, row, i);
        if (other != NULL && is_over(other)) {
            (void)note_apart(row, other);
        }
    }
}

void ls_decisions_tell_apart(ls_decisions *d, const decision_row *row) {
    for (uint32_t i = 0; i < d->row_count && row->joint != 0 && is_over(row); i++) {
        decision_row *other = sibling(d, row, i);
        if (other != NULL && is_gone(other) && note_apart(other, row)) {
            (void)ls_decisions_keep(d, other, other->state, NULL);
        }
    }
}
