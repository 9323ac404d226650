// replay_history_test.c - a line that has drifted from its plant file, kept in history, heard
// again: what changed is found.
#include "loop/replay_history.h"

#include <lineshaft/plant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line/emulate.h"
#include "tests/harness.h"
#include "twin/calibrate/calibrate.h"

static const int64_t DAY = 86400000000;

static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "transport: {default: %s}\n"
    "stations:\n"
    "  a: {machines: 2, process: {x: %s, y: lognormal 200 s sd 20 s}, setup: {x to y: %s, y to x: "
    "5 min}}\n"
    "  b: {process: 100 s, per: lot, load: 10 s, fails: {name: jam, every: %s, repair: gamma 18 "
    "min "
    "sd 6 min}}\n"
    "  c: {machines: 3, process: gamma 12 min sd 2 min}\n"
    "products:\n"
    "  x: {route: [a, b, {at: c, scrap: %s}], release: {every: exp 9 min}}\n"
    "  y: {route: [a, b, c], release: {every: 12 min}}\n"
    "listen: {sparkplug: {group: g, nodes: [n]}}\n";

typedef struct scene {
    char folder[64];
    char told[4096];
    ls_plant *file, *truth;
    ls_twin *twin;
    ls_tags *tags;
    ls_history *history;
    ls_emulate *line;
    uint32_t *tag_of;
    bool broken;
} scene;
static scene one;

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
    scene *s = context;
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

static void setup(void) {
    scene *s = &one;
    char truth[4096];
    snprintf(s->told, sizeof s->told, form, "1 min", "lognormal 240 s sd 24 s", "4 min", "exp 6 h",
             "2 %");
    snprintf(truth, sizeof truth, form, "1 min", "lognormal 280 s sd 24 s", "7 min", "exp 2 h",
             "6 %");
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
    CHECK_INT(ls_emulate_run(line, 8 * DAY, &err), LS_OK);
    CHECK(!s->broken);
    CHECK_INT(ls_history_flush(s->history, &err), LS_OK);
}

static void teardown(void) {
    char command[128];
    ls_emulate_destroy(one.line);
    CHECK_INT(ls_history_close(one.history, NULL), LS_OK);
    ls_tags_destroy(one.tags);
    ls_twin_destroy(one.twin);
    ls_plant_destroy(one.file);
    ls_plant_destroy(one.truth);
    free(one.tag_of);
    snprintf(command, sizeof command, "rm -rf '%s'", one.folder);
    CHECK_INT(system(command), 0);
}

static const ls_calibrate_row *row_of(const ls_calibration *c, const char *path) {
    for (uint32_t i = 0; i < c->count; i++) {
        if (strcmp(c->rows[i].path, path) == 0) {
            return &c->rows[i];
        }
    }
    harness_note("no row %s", path);
    CHECK(false);
    exit(1);
}

static void test_what_the_line_has_drifted_by_is_found(void) {
    ls_error err = {0};
    ls_collect *collect = NULL;
    ls_replay_history_figures figures;
    ls_calibration c;
    CHECK_INT(ls_collect_create(one.file, 1, &collect, &err), LS_OK);
    ls_replay_history_def def = ls_replay_history_def_default();
    def.fact = ls_collect_fact;
    def.context = collect;
    const ls_status status = ls_replay_history(one.history, one.tags, one.file, one.twin, &def,
                                               &figures, &err);
    harness_note("%s", err.text);
    CHECK_INT(status, LS_OK);
    CHECK(figures.samples > 20000);
    const ls_calibrate_def calibrate = ls_calibrate_def_default();
    CHECK_INT(
        ls_calibrate(one.file, one.told, strlen(one.told), NULL, collect, &calibrate, &c, &err),
        LS_OK);
    for (uint32_t i = 0; i < c.count && getenv("SHOW") != NULL; i++) {
        const ls_calibrate_row *r = &c.rows[i];
        printf("%3d %-30s %-24s -> %-28s n %llu ratio %.3f %s %s %s\n", r->line, r->path,
               r->old_text, r->new_text, (unsigned long long)r->offered, r->fit.old.ratio,
               r->off ? "OFF" : "", r->changed ? "CHANGED" : "", r->note);
    }
    const ls_calibrate_row *x = row_of(&c, "stations.a.process.x");
    CHECK(x->changed);
    CHECK(x->fit.old.ratio_low < 280.0 / 240.0 && x->fit.old.ratio_high > 280.0 / 240.0);
    const ls_calibrate_row *pair = row_of(&c, "stations.a.setup.x to y");
    CHECK_STR(pair->new_text, "7 min");
    const ls_calibrate_row *jam = row_of(&c, "stations.b.fails.jam.every");
    CHECK(jam->changed);
    CHECK(jam->fit.old.ratio_low < 1.0 / 3.0 && jam->fit.old.ratio_high > 1.0 / 3.0);
    CHECK_INT(jam->fit.censored, 1);  // that of the end
    const ls_calibrate_row *scrap = row_of(&c, "products.x.route.c.scrap");
    CHECK(scrap->changed);
    CHECK(scrap->share.low < 0.06 && scrap->share.high > 0.06 && scrap->share.count > 1000);
    CHECK(!row_of(&c, "stations.a.process.y")->changed);
    CHECK(!row_of(&c, "stations.b.process")->changed);
    CHECK(!row_of(&c, "stations.c.process")->changed);
    CHECK(!row_of(&c, "stations.b.fails.jam.repair")->changed);
    CHECK(!row_of(&c, "products.y.release.y.every")->changed);
    ls_calibration_clear(&c);
    ls_collect_destroy(collect);
}

static uint64_t facts;
static void count_fact(void *context, const ls_fact *fact) {
    (void)context;
    (void)fact;
    facts++;
}

// Windows of any width give the same facts; a busy one is made smaller.
static void test_windows_do_not_show(void) {
    uint64_t counts[2] = {0};
    for (int i = 0; i < 2; i++) {
        ls_replay_history_figures figures;
        ls_replay_history_def def = ls_replay_history_def_default();
        ls_error err = {0};
        facts = 0;
        def.fact = count_fact;
        def.to_us = one.file->start_us + DAY;
        def.window_us = i == 0 ? 3600000000 : 7 * DAY;
        def.window_samples = i == 0 ? 2000000 : 3000;
        CHECK_INT(
            ls_replay_history(one.history, one.tags, one.file, one.twin, &def, &figures, &err),
            LS_OK);
        harness_note("%s", err.text);
        counts[i] = facts;
    }
    CHECK(counts[0] > 1000);
    CHECK(counts[0] == counts[1]);
}

static void test_a_time_without_history_is_refused(void) {
    ls_replay_history_figures figures;
    ls_replay_history_def def = ls_replay_history_def_default();
    ls_error err = {0};
    def.from_us = one.file->start_us + 100 * DAY;
    CHECK_INT(ls_replay_history(one.history, one.tags, one.file, one.twin, &def, &figures, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "nothing of the time");
    CHECK_CONTAINS(err.hint, "2026-01-05");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    setup();
    TEST(test_what_the_line_has_drifted_by_is_found);
    TEST(test_windows_do_not_show);
    TEST(test_a_time_without_history_is_refused);
    teardown();
    return harness_report();
}
