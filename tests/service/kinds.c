// kinds.c - see kinds.h.
#include "tests/service/kinds.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

// What was sent, as the row has it.
static void check_sent(const service *s, const kind *k, const char *id) {
    const char *const ask[] = {"decide", "explain", s->plant, id,
                               "--data", s->data,   "--json", NULL};
    const char *said = service_ask(ask);
    json_t *row = said != NULL ? json_loads(said, 0, NULL) : NULL;
    const json_t *sent = json_array_get(json_object_get(json_object_get(row, "row"), "sent"), 0);
    const char *command = json_string_value(json_object_get(sent, "kind"));
    const char *argument = json_string_value(json_object_get(sent, "argument"));
    const char *result = json_string_value(json_object_get(sent, "result"));
    harness_note("%s: %s %s", k->name, command != NULL ? command : "-",
                 argument != NULL ? argument : "-");
    CHECK_STR(command != NULL ? command : "", k->command);
    CHECK(k->argument == NULL || (argument != NULL && strcmp(argument, k->argument) == 0));
    CHECK_STR(result != NULL ? result : "", "acknowledged");
    json_decref(row);
}

void kinds_check(const service *s, const kind *k) {
    harness_note("kind: %s", k->name);
    CHECK(rows_wait(s, "done", k->least));
    rows_read(s);
    char id[20] = "";
    for (int i = 1; i < ROWS_MAX && id[0] == '\0'; i++) {
        if (strcmp(rows_newest(i), "done") == 0) {
            snprintf(id, sizeof id, "d-%d", i);
        }
    }
    const char *const explain[] = {"decide", "explain", s->plant, id, "--data", s->data, NULL};
    const char *said = service_ask(explain);
    CHECK_CONTAINS(said != NULL ? said : "", k->explains);
    const char *const replay[] = {"decide", "replay", s->plant, id, "--data", s->data, NULL};
    said = service_ask(replay);
    CHECK_CONTAINS(said != NULL ? said : "", "the same, bit for bit");
    check_sent(s, k, id);
    const char *const account[] = {"prove", s->plant, "--data", s->data, "--kind", k->name, NULL};
    said = service_ask(account);
    CHECK_CONTAINS(said != NULL ? said : "", k->name);
}
