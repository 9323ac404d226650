// drifted_line.c - see drifted_line.h.
#include "loop/testing/drifted_line.h"

#include <lineshaft/plant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plant/plant.h"
#include "tests/harness.h"

static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "transport: {default: %s}\n"
    "stations:\n"
    "  a: {machines: 2, process: {x: %s, y: lognormal 200 s sd 20 s}, setup: {x to y: %s, y to x: "
    "5 min}}\n"
    "  # the second\n"
    "  b: {process: 100 s, per: lot, load: 10 s, fails: {name: jam, every: %s, repair: gamma 18 "
    "min "
    "sd 6 min}}\n"
    "  c: {machines: 3, process: gamma 12 min sd 2 min}\n"
    "products:\n"
    "  x: {route: [a, b, {at: c, scrap: %s}], release: {every: exp 9 min}}\n"
    "  y: {route: [a, b, c], release: {every: 12 min}}\n"
    "listen: {sparkplug: {group: g, nodes: [n]}}\n";

static ls_plant *plant_of(const char *text) {
    ls_plant *plant = NULL;
    ls_error err = {0};
    if (ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err) != LS_OK) {
        printf("%s\n", err.text);
        exit(1);
    }
    return plant;
}

static void keep(void *context, uint32_t signal, const ls_sample *value) {
    drifted_line *s = context;
    if (s->line == NULL) {
        return;  // what is told while the line is made
    }
    if (s->tag_of[signal] == LS_TAG_NONE) {
        char name[256];
        const ls_emulate_signal *of = ls_emulate_signal_get(s->line, signal);
        snprintf(name, sizeof name, "%s/%s/%s%s%s", ls_emulate_group(s->line),
                 ls_emulate_node(s->line), of->device != NULL ? of->device : "",
                 of->device != NULL ? "/" : "", of->name);
        s->broken |= ls_tags_add(s->tags, name, strlen(name), &s->tag_of[signal], NULL) != LS_OK;
    }
    ls_sample sample = *value;
    sample.tag = s->tag_of[signal];
    s->broken |= ls_history_append(s->history, &sample, 1, NULL) != LS_OK;
}

static void make(drifted_line *s, const char *truth, int64_t for_us);

void drifted_line_make(drifted_line *s, int64_t for_us) {
    *s = (drifted_line){.broken = false};
    char truth[4096];
    snprintf(s->told, sizeof s->told, form, "1 min", "lognormal 240 s sd 24 s", "4 min", "exp 6 h",
             "2 %");
    snprintf(truth, sizeof truth, form, "1 min", "lognormal 280 s sd 24 s", "7 min", "exp 2 h",
             "6 %");
    make(s, truth, for_us);
}

void drifted_line_make_true(drifted_line *s, const char *text, int64_t for_us) {
    *s = (drifted_line){.broken = false};
    snprintf(s->told, sizeof s->told, "%s", text);
    make(s, text, for_us);
}

static void make(drifted_line *s, const char *truth, int64_t for_us) {
    snprintf(s->folder, sizeof s->folder, "/tmp/ls-replay-XXXXXX");
    ls_error err = {0};
    s->file = plant_of(s->told);
    s->truth = plant_of(truth);
    CHECK(mkdtemp(s->folder) != NULL);
    CHECK_INT(ls_twin_create(s->file, &s->twin, &err), LS_OK);
    CHECK_INT(ls_tags_create(&s->tags, &err), LS_OK);
    ls_history_def history = ls_history_def_default();
    history.store = s->folder;
    CHECK_INT(ls_history_open(&history, s->tags, &s->history, &err), LS_OK);
    ls_emulate_def def = ls_emulate_def_default();
    def.seed = 4;
    def.told = keep;
    def.context = s;
    ls_emulate *line = NULL;
    CHECK_INT(ls_emulate_create(s->truth, &def, &line, &err), LS_OK);
    s->tag_of = malloc(ls_emulate_signal_count(line) * sizeof *s->tag_of);
    memset(s->tag_of, 0xff, ls_emulate_signal_count(line) * sizeof *s->tag_of);
    s->line = line;
    CHECK_INT(ls_emulate_run(line, for_us, &err), LS_OK);
    CHECK(!s->broken);
    CHECK_INT(ls_history_flush(s->history, &err), LS_OK);
}

void drifted_line_clear(drifted_line *s) {
    char command[128];
    ls_emulate_destroy(s->line);
    CHECK_INT(ls_history_close(s->history, NULL), LS_OK);
    ls_tags_destroy(s->tags);
    ls_twin_destroy(s->twin);
    ls_plant_destroy(s->file);
    ls_plant_destroy(s->truth);
    free(s->tag_of);
    snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
    CHECK_INT(system(command), 0);
}
