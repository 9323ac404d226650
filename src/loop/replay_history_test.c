// replay_history_test.c - a line that has drifted from its plant file, kept in history, heard
// again: what changed is found.
#include "loop/replay_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/testing/drifted_line.h"
#include "tests/harness.h"
#include "twin/calibrate/calibrate.h"

static const int64_t DAY = 86400000000;
static drifted_line one;

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

static const char quiet_text[] =
    "plant: quiet\n"
    "start: 2026-01-05T06:00\n"
    "calendars:\n"
    "  day: {mon-fri: \"06:00-14:00\", breaks: \"09:00-09:15\"}\n"
    "stations:\n"
    "  a: {process: 100 min, calendar: day, shift-end: pause, setup: {x to y: 12 min, y to x: 20 "
    "min}}\n"
    "products:\n"
    "  x: {route: [{at: a, setup: x}], release: {every: 250 min}}\n"
    "  y: {route: [{at: a, setup: y}], release: {every: 500 min}}\n"
    "listen: {sparkplug: {group: g, nodes: [n]}}\n";

typedef struct quiet {
    uint64_t counts[LS_FACT_KIND_COUNT], wrong[LS_FACT_KIND_COUNT], jumps;
} quiet;

static void judge_quiet(void *context, const ls_fact *fact) {
    quiet *q = context;
    const double minutes = fact->value / 60e6;
    q->counts[fact->kind]++;
    if (fact->censored) {
        return;
    }
    switch (fact->kind) {
    case LS_FACT_PROCESS: q->wrong[fact->kind] += minutes != 100; break;
    case LS_FACT_SETUP: q->wrong[fact->kind] += minutes != (fact->setup_to == 2 ? 12 : 20); break;
    case LS_FACT_RELEASE:
        q->wrong[fact->kind] += minutes != (fact->release == 0 ? 250 : 500);
        break;
    default: break;
    }
}

static void note_jump(void *context, const ls_divergence *divergence) {
    ((quiet *)context)->jumps += divergence->kind == LS_DIVERGE_CLOCK;
}

// Hours in which nothing is told are no clock that jumps: what comes after them is heard.
static void test_silent_nights_do_not_show(void) {
    drifted_line s;
    quiet q = {{0}, {0}, 0};
    ls_replay_history_figures figures;
    ls_error err = {0};
    drifted_line_make_true(&s, quiet_text, 28 * DAY);
    ls_replay_history_def def = ls_replay_history_def_default();
    def.fact = judge_quiet;
    def.diverged = note_jump;
    def.context = &q;
    CHECK_INT(ls_replay_history(s.history, s.tags, s.file, s.twin, &def, &figures, &err), LS_OK);
    harness_note("%s", err.text);
    CHECK(q.counts[LS_FACT_RELEASE] > 230);
    CHECK(q.counts[LS_FACT_PROCESS] > 70 && q.counts[LS_FACT_SETUP] > 30);
    CHECK_INT(q.wrong[LS_FACT_RELEASE], 0);
    CHECK_INT(q.wrong[LS_FACT_PROCESS], 0);
    CHECK_INT(q.wrong[LS_FACT_SETUP], 0);
    CHECK_INT(q.jumps + figures.follow.divergences[LS_DIVERGE_CLOCK], 0);
    drifted_line_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    drifted_line_make(&one, 8 * DAY);
    TEST(test_what_the_line_has_drifted_by_is_found);
    TEST(test_windows_do_not_show);
    TEST(test_a_time_without_history_is_refused);
    TEST(test_silent_nights_do_not_show);
    drifted_line_clear(&one);
    return harness_report();
}
