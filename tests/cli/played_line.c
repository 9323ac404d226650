// played_line.c - see played_line.h.
#include "tests/cli/played_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

enum { NAME_SIZE = 256, PATIENCE = 30000 };
#define SETTLE_US INT64_C(500000)  // at most, of models.h

static void flush(played_line *p) {
    if (p->count > 0) {
        CHECK(p->sink.heard(p->sink.context, p->batch, p->count));
        p->count = 0;
    }
}

static void hear(played_line *p, uint32_t signal, const ls_sample *value) {
    ls_sample *to = &p->batch[p->count];
    *to = *value;
    to->tag = p->tag_of[signal];
    if (value->kind == LS_VALUE_TEXT) {
        CHECK(value->size < sizeof p->texts[0]);
        memcpy(p->texts[p->count], value->value.text, value->size);
        to->value.text = p->texts[p->count];
    }
    p->count++;
    p->newest_us = value->time_us > p->newest_us ? value->time_us : p->newest_us;
    if (p->count == PLAYED_BATCH) {
        flush(p);
    }
}

static void on_told(void *context, uint32_t signal, const ls_sample *value) {
    played_line *p = context;
    if (p->told != NULL) {
        p->told(p->context, signal, value);
    }
    if (p->tag_of != NULL) {
        hear(p, signal, value);
    }
}

bool played_begin(played_line *p, const char *plant, const char *hidden, uint64_t seed) {
    ls_error err = {0};
    ls_errors errors;
    memset(p, 0, sizeof *p);
    ls_errors_init(&errors);
    snprintf(p->file, sizeof p->file, "%s", program_temporary("plant.yaml"));
    snprintf(p->folder, sizeof p->folder, "%.*s", (int)(strrchr(p->file, '/') - p->file), p->file);
    snprintf(p->models, sizeof p->models, "%s/models", p->folder);
    snprintf(p->history, sizeof p->history, "%s/history", p->folder);
    ls_emulate_def def = ls_emulate_def_default();
    bool fine = ls_file_write(p->file, plant, strlen(plant), &err) == LS_OK &&
                ls_running_read(p->file, &p->plant, &errors) == LS_OK &&
                ls_hide_read(p->plant, hidden, strlen(hidden), "hidden.yaml", &p->hide, &errors) ==
                    LS_OK;
    def.seed = seed;
    def.hide = p->hide;
    def.hide_file = "hidden.yaml";
    def.told = on_told;
    def.context = p;
    fine = fine && ls_emulate_create(p->plant, &def, &p->line, &err) == LS_OK;
    harness_note("%s%s", err.text, errors.count > 0 ? errors.items[0].text : "");
    ls_errors_clear(&errors);
    CHECK(fine);
    return fine;
}

void played_end(played_line *p) {
    ls_emulate_destroy(p->line);
    ls_hide_destroy(p->hide);
    ls_plant_destroy(p->plant);
}

static bool name_tags(played_line *p) {
    ls_error err = {0};
    const uint32_t count = ls_emulate_signal_count(p->line);
    uint32_t *tag_of = ls_alloc(count * sizeof *tag_of);
    for (uint32_t i = 0; tag_of != NULL && i < count; i++) {
        const ls_emulate_signal *signal = ls_emulate_signal_get(p->line, i);
        char name[NAME_SIZE];
        const size_t size = ls_text_format(name, sizeof name, "%s/%s/%s%s%s",
                                           ls_emulate_group(p->line), ls_emulate_node(p->line),
                                           signal->device != NULL ? signal->device : "",
                                           signal->device != NULL ? "/" : "", signal->name);
        CHECK_INT(ls_tags_add(p->tags, name, size, &tag_of[i], &err), LS_OK);
        ls_tags_declare(p->tags, tag_of[i], signal->kind, signal->unit);
    }
    p->tag_of = tag_of;
    return tag_of != NULL;
}

bool played_open_service(played_line *p, bool with_models) {
    ls_error err = {0};
    ls_errors errors;
    ls_plant *plant = NULL;
    ls_errors_init(&errors);
    ls_history_def keep = ls_history_def_default();
    keep.store = p->history;
    bool fine = ls_tags_create(&p->tags, &err) == LS_OK &&
                ls_intake_init(&p->intake, &err) == LS_OK &&
                ls_history_open(&keep, p->tags, &p->intake.history, &err) == LS_OK &&
                ls_running_read(p->file, &plant, &errors) == LS_OK && name_tags(p);
    p->intake.tags = p->tags;
    p->intake.follow_def = ls_follow_def_default();
    fine = fine && ls_running_make(plant, p->tags, &p->intake.running, &err) == LS_OK &&
           ls_journal_create(p->intake.history, &p->journal, &err) == LS_OK &&
           ls_watch_open(&p->intake, p->journal, &p->watch, &err) == LS_OK;
    if (fine) {
        p->sink = ls_intake_sink(&p->intake);
    }
    if (fine && with_models) {
        const ls_models_def def = {
            .intake = &p->intake, .journal = p->journal, .folder = p->models, .plant = p->file};
        fine = ls_models_open(&def, &p->service, &err) == LS_OK;
    }
    harness_note("%s%s", err.text, errors.count > 0 ? errors.items[0].text : "");
    CHECK(fine);
    for (uint32_t i = 0; fine && i < ls_emulate_signal_count(p->line); i++) {
        hear(p, i, ls_emulate_value(p->line, i));
    }
    if (fine) {
        ls_emulate_tell_lots(p->line);
        flush(p);
    }
    ls_errors_clear(&errors);
    return fine;
}

void played_close_service(played_line *p) {
    ls_error err = {0};
    flush(p);
    ls_models_close(p->service);
    ls_watch_close(p->watch);
    ls_journal_destroy(p->journal);
    CHECK_INT(ls_history_close(p->intake.history, &err), LS_OK);
    ls_intake_clear(&p->intake);
    ls_tags_destroy(p->tags);
    ls_free(p->tag_of);
    p->tag_of = NULL;
    p->service = NULL;
}

void played_run(played_line *p, int64_t until_us) {
    ls_error err = {0};
    CHECK_INT(ls_emulate_run(p->line, until_us, &err), LS_OK);
    flush(p);
}

static void write_to(played_line *p, const char *device, const char *name, ls_sample value) {
    const uint32_t signal = ls_emulate_find(p->line, device, name);
    CHECK(signal != LS_NONE);
    if (signal != LS_NONE) {
        ls_emulate_write(p->line, signal, &value, 0);
    }
}

static ls_sample text_of(const char *text) {
    return (ls_sample){.kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(text), .value.text = text};
}

int64_t played_command(played_line *p, const char *device, const char *kind, const char *argument) {
    const uint32_t done = ls_emulate_find(p->line, device, "Command/Done");
    const uint32_t result = ls_emulate_find(p->line, device, "Command/Result");
    const int64_t id = ls_emulate_value(p->line, done)->value.integer + 1;
    write_to(p, "line", "Heartbeat", (ls_sample){.kind = LS_VALUE_INT, .value.integer = id});
    write_to(p, device, "Command/Kind", text_of(kind));
    write_to(p, device, "Command/Argument", text_of(argument));
    write_to(p, device, "Command/Id", (ls_sample){.kind = LS_VALUE_INT, .value.integer = id});
    flush(p);
    CHECK_INT(ls_emulate_value(p->line, done)->value.integer, id);
    return ls_emulate_value(p->line, result)->value.integer;
}

typedef struct newest {
    int64_t time_us;
} newest;

static bool take(void *context, const ls_sample *sample) {
    newest *n = context;
    n->time_us = sample->time_us > n->time_us ? sample->time_us : n->time_us;
    return true;
}

static bool is_kept(const played_line *p, const char *model, const char *unit, int64_t time_us) {
    char tag[NAME_SIZE];
    const char *pattern = tag;
    ls_model_said said;
    newest n = {0};
    snprintf(tag, sizeof tag, "model/%s/%s", model, unit);
    const ls_query query = {
        .patterns = &pattern, .pattern_count = 1, .from_us = time_us, .to_us = INT64_MAX};
    return ls_models_latest(p->service, model, unit, &said) && said.time_us >= time_us &&
           ls_history_query(p->intake.history, &query, take, &n, NULL) == LS_OK &&
           n.time_us >= time_us;
}

bool played_await_models(played_line *p, const char *model, const char *const *units, int count) {
    const struct timespec pause = {.tv_nsec = 1000000};
    int64_t every_us = 0;
    for (uint32_t i = 0; i < p->plant->model_count; i++) {
        every_us = strcmp(p->plant->models[i].name, model) == 0 ? p->plant->models[i].every_us
                                                                : every_us;
    }
    const int64_t due_us = (p->newest_us - SETTLE_US - 1) / every_us * every_us;
    for (int i = 0; i < PATIENCE; i++) {
        bool all = true;
        for (int u = 0; u < count && all; u++) {
            all = is_kept(p, model, units[u], due_us);
        }
        if (all) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}
