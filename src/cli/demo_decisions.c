// demo_decisions.c - see demo_decisions.h.
#include "cli/demo_decisions.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/json.h"

enum { PAGE = 500, PAGES = 4 };  // what the service keeps in memory

static json_t *ask(const ls_service_address *address, const char *path) {
    ls_error err = {0};
    ls_buffer body;
    ls_buffer_init(&body);
    json_t *answer = NULL;
    if (ls_service_ask(address, path, &body, &err) == LS_OK) {
        answer = json_loadb(body.data, body.size, 0, NULL);
    }
    ls_buffer_clear(&body);
    return answer;
}

static bool was_told(const ls_demo_decisions *d, const char *id) {
    for (uint32_t i = 0; i < LS_DEMO_SEEN; i++) {
        if (strncmp(d->seen[i], id, sizeof d->seen[i] - 1) == 0) {
            return true;
        }
    }
    return false;
}

static void mark_told(ls_demo_decisions *d, const char *id) {
    ls_text_format(d->seen[d->next], sizeof d->seen[0], "%s", id);
    d->next = (d->next + 1) % LS_DEMO_SEEN;
}

// Rows that change nothing are not told, nor those whose command is still on its way.
static bool is_before(const json_t *row, int64_t from_us) {
    return json_integer_value(json_object_get(row, "line_us")) < from_us;
}

static bool is_worth_telling(const json_t *row) {
    static const char *const quiet[] = {"kept", "watched", "sent", "approved", ""};
    const char *state = ls_json_text_at(row, "state");
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++) {
        if (strcmp(state, quiet[i]) == 0) {
            return false;
        }
    }
    return true;
}

// By what a maintenance was decided: what was told of the machine's condition.
static void tell_conditions(const json_t *row, ls_buffer *out) {
    const json_t *conditions = json_object_get(row, "conditions");
    const json_t *why = json_object_get(row, "why");
    for (size_t i = 0; i < json_array_size(conditions); i++) {
        char start[200];
        ls_text_format(start, sizeof start,
                       "%s of %s: ", ls_json_text_at(json_array_get(conditions, i), "failure"),
                       ls_json_text_at(row, "subject"));
        for (size_t k = 0; k < json_array_size(why); k++) {
            const char *one = json_string_value(json_array_get(why, k));
            if (one != NULL && strncmp(one, start, strlen(start)) == 0) {
                ls_buffer_printf(out, "          %s\n", one);
            }
        }
    }
}

void ls_demo_clock(int64_t us, char *out) {
    const int64_t second = (us / 1000000 % 86400 + 86400) % 86400;
    ls_text_format(out, 9, "%02d:%02d:%02d", (int)(second / 3600), (int)(second / 60 % 60),
                   (int)(second % 60));
}

static void tell_row(const json_t *row, ls_buffer *out) {
    const json_t *claim = json_object_get(row, "claim");
    char clock[16];
    ls_demo_clock(json_integer_value(json_object_get(row, "line_us")), clock);
    ls_buffer_printf(out, "%s  %-58s", clock, ls_json_text_at(row, "title"));
    const double gain = ls_json_number_at(claim, "gain");
    const double hours = ls_json_number_at(row, "horizon_s") / 3600.0;
    if (strcmp(ls_json_text_at(claim, "of"), "rule") == 0 && hours > 0.0) {
        ls_buffer_printf(out, "  rule '%s': %+.3g %s an hour", ls_json_text_at(row, "base"),
                         gain / hours, ls_json_text_at(row, "unit"));
    } else if (!isnan(gain)) {
        ls_buffer_printf(out, "  %+.3g %s (%.3g to %.3g)", gain, ls_json_text_at(row, "unit"),
                         ls_json_number_at(claim, "low"), ls_json_number_at(claim, "high"));
    }
    ls_buffer_printf(out, "  %s\n", ls_json_text_at(row, "state"));
    tell_conditions(row, out);
}

void ls_demo_decisions_tell(ls_demo_decisions *decisions, const ls_service_address *address,
                            ls_buffer *out) {
    json_t *answer = ask(address, "/api/v1/decisions?limit=100");
    const json_t *rows = json_object_get(answer, "rows");
    decisions->answers = json_is_array(rows);
    for (size_t i = json_array_size(rows); i > 0; i--) {  // newest first
        const json_t *row = json_array_get(rows, i - 1);
        const char *id = ls_json_text_at(row, "id");
        if (id[0] != '\0' && !is_before(row, decisions->from_us) && is_worth_telling(row) &&
            !was_told(decisions, id)) {
            mark_told(decisions, id);
            tell_row(row, out);
        }
    }
    json_decref(answer);
}

bool ls_demo_is_prepared(const ls_service_address *address, char *out_rule, size_t size) {
    json_t *summary = ask(address, "/api/v1/decisions/summary");
    const bool prepared = json_is_true(json_object_get(summary, "prepared"));
    const json_t *bases = json_object_get(summary, "bases");
    const char *name = ls_json_text_at(summary, "base");
    out_rule[0] = '\0';
    for (size_t i = 1; prepared && i < json_array_size(bases); i++) {  // [0] is the line's own
        const json_t *base = json_array_get(bases, i);
        if (strcmp(ls_json_text_at(base, "name"), name) == 0) {
            ls_text_format(out_rule, size, "'%s': %+.3g %s an hour (95 %%: %.3g to %.3g)", name,
                           ls_json_number_at(base, "gain"), ls_json_text_at(summary, "unit"),
                           ls_json_number_at(base, "low"), ls_json_number_at(base, "high"));
        }
    }
    json_decref(summary);
    return prepared;
}

// --- what it has brought

static void count_state(const json_t *row, ls_demo_states *out) {
    const char *state = ls_json_text_at(row, "state");
    const char *reason = ls_json_text_at(row, "reason");
    out->done += strcmp(state, "done") == 0;
    out->late += strcmp(state, "late") == 0;
    out->denied += strcmp(state, "denied") == 0;
    out->lost += strcmp(state, "lost") == 0;
    if (strcmp(state, "refused") == 0 && out->refused++ == 0) {
        ls_text_format(out->why_refused, sizeof out->why_refused, "%s", reason);
    }
    if (strcmp(state, "expired") == 0 && out->expired++ == 0) {
        ls_text_format(out->why_expired, sizeof out->why_expired, "%s", reason);
    }
}

static void ask_states(const ls_service_address *address, int64_t from_us, ls_demo_states *out) {
    int64_t before_us = 0;
    for (int page = 0; page < PAGES; page++) {
        char path[100];
        ls_text_format(path, sizeof path, "/api/v1/decisions?limit=%d&before_us=%lld", PAGE,
                       (long long)before_us);
        json_t *answer = ask(address, path);
        const json_t *rows = json_object_get(answer, "rows");
        const size_t count = json_array_size(rows);
        out->known = page == 0 ? json_is_array(rows) : out->known;
        for (size_t i = 0; i < count; i++) {
            const json_t *row = json_array_get(rows, i);
            if (!is_before(row, from_us)) {
                count_state(row, out);
            }
            before_us = json_integer_value(json_object_get(row, "time_us"));
        }
        json_decref(answer);
        if (count < PAGE) {
            return;
        }
    }
}

static void add(double *sum, double value) {
    *sum += isnan(value) ? 0.0 : value;
}

static void list_kind(const json_t *row, ls_demo_ledger *out) {
    const json_t *promised = json_object_get(row, "promised");
    const json_t *realised = json_object_get(row, "realised");
    if (!(ls_json_number_at(row, "sent") > 0.0) || out->kind_count == LS_DEMO_KINDS) {
        return;
    }
    ls_demo_kind *kind = &out->kinds[out->kind_count++];
    kind->sent = ls_json_number_at(row, "sent");
    kind->promised = ls_json_number_at(promised, "gain");
    kind->promised_low = ls_json_number_at(promised, "low_together");
    kind->promised_high = ls_json_number_at(promised, "high_together");
    kind->shown = json_is_object(realised) && json_is_true(json_object_get(row, "shown"));
    kind->realised = ls_json_number_at(realised, "gain");
    kind->realised_low = ls_json_number_at(realised, "low");
    kind->realised_high = ls_json_number_at(realised, "high");
    ls_text_format(kind->name, sizeof kind->name, "%s", ls_json_text_at(row, "kind"));
    ls_text_format(kind->why_not, sizeof kind->why_not, "%s", ls_json_text_at(row, "why_not"));
}

static void add_kind(const json_t *row, ls_demo_ledger *out) {
    const json_t *promised = json_object_get(row, "promised");
    const json_t *realised = json_object_get(row, "realised");
    add(&out->sent, ls_json_number_at(row, "sent"));
    add(&out->promised, ls_json_number_at(promised, "gain"));
    // Many promises rest on one measured rule: their errors go together.
    add(&out->promised_low, ls_json_number_at(promised, "low_together"));
    add(&out->promised_high, ls_json_number_at(promised, "high_together"));
    const json_t *inside = json_object_get(row, "inside");
    if (ls_json_number_at(inside, "of") > 0.0 &&
        json_is_number(json_object_get(inside, "awaited"))) {
        add(&out->compared, ls_json_number_at(inside, "of"));
        add(&out->inside, ls_json_number_at(inside, "count"));
        add(&out->expected, ls_json_number_at(inside, "expected"));
        add(&out->awaited, ls_json_number_at(inside, "awaited"));
        add(&out->awaited_low, ls_json_number_at(inside, "low"));
        add(&out->awaited_high, ls_json_number_at(inside, "high"));
        add(&out->brought, ls_json_number_at(inside, "brought"));
    }
    if (json_is_object(realised) && json_is_true(json_object_get(row, "shown"))) {
        out->realised_known = true;
        add(&out->realised, ls_json_number_at(realised, "gain"));
        add(&out->realised_low, ls_json_number_at(realised, "low"));
        add(&out->realised_high, ls_json_number_at(realised, "high"));
        add(&out->realised_decisions, ls_json_number_at(realised, "decisions"));
        add(&out->realised_windows, ls_json_number_at(realised, "windows"));
        add(&out->realised_error, ls_json_number_at(realised, "error"));
        ls_text_format(out->method, sizeof out->method, "%s", ls_json_text_at(realised, "method"));
    } else if (ls_json_number_at(row, "sent") > 0.0 || out->why_not[0] == '\0') {
        // Not that of a kind of which nothing was done, beside one of which something was.
        ls_text_format(out->why_not, sizeof out->why_not, "%s", ls_json_text_at(row, "why_not"));
    }
}

void ls_demo_ledger_ask(const ls_service_address *address, int64_t from_us, ls_demo_ledger *out) {
    memset(out, 0, sizeof *out);
    ask_states(address, from_us, &out->states);
    json_t *prove = ask(address, "/api/v1/prove");
    const json_t *rows = json_object_get(prove, "rows");
    out->known = json_is_array(rows);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        add_kind(json_array_get(rows, i), out);
        list_kind(json_array_get(rows, i), out);
    }
    ls_text_format(out->unit, sizeof out->unit, "%s", ls_json_text_at(prove, "unit"));
    json_decref(prove);
    json_t *summary = ask(address, "/api/v1/decisions/summary");
    const json_t *promised = json_object_get(summary, "promised");
    if (!out->known && json_is_object(summary)) {
        out->known = true;
        out->sent = ls_json_number_at(summary, "sent");
        out->promised = json_is_object(promised) ? ls_json_number_at(promised, "gain")
                                                 : ls_json_number_at(summary, "promised");
        out->promised_low = ls_json_number_at(promised, "low");
        out->promised_high = ls_json_number_at(promised, "high");
        ls_text_format(out->unit, sizeof out->unit, "%s", ls_json_text_at(summary, "unit"));
    }
    json_decref(summary);
}
