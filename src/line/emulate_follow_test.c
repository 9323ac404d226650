// emulate_follow_test.c - what the emulated line tells, through the mapping of its own plant file
// into the follower: the twin stands where the line stands.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lineshaft/plant.h>

#include "line/emulate_inside.h"
#include "line/mapping.h"
#include "tests/harness.h"
#include "twin/follow/follow.h"

static const int64_t minute = 60 * 1000000LL;
static ls_error err;

typedef struct rig {
    ls_plant *plant;
    ls_twin *twin;
    ls_tags *tags;
    ls_mapping *mapping;
    ls_follow *follow;
    ls_emulate *line;
    uint32_t tag[1024];  // of each signal
    uint64_t heard, refused, diverged;
} rig;

static void on_heard(void *context, const ls_heard *heard) {
    rig *r = context;
    r->heard++;
    ls_follow_hear(r->follow, heard);
}

static void on_told(void *context, uint32_t signal, const ls_sample *value) {
    rig *r = context;
    if (r->mapping != NULL && signal < 1024) {
        ls_sample sample = *value;
        const char *refused = NULL;
        sample.tag = r->tag[signal];
        ls_mapping_sample(r->mapping, &sample, on_heard, r, &refused);
        r->refused += refused != NULL;
    }
}

static void on_diverged(void *context, const ls_divergence *d) {
    rig *r = context;
    if (r->diverged++ < 5) {
        printf("%.1f s: %s\n", (double)d->time_us / 1e6, d->text);
    }
}

static void name_signals(rig *r) {
    for (uint32_t i = 0; i < ls_emulate_signal_count(r->line) && i < 1024; i++) {
        const ls_emulate_signal *s = ls_emulate_signal_get(r->line, i);
        char name[256];
        const int size = snprintf(name, sizeof name, "%s/%s%s%s/%s", ls_emulate_group(r->line),
                                  ls_emulate_node(r->line), s->device != NULL ? "/" : "",
                                  s->device != NULL ? s->device : "", s->name);
        CHECK_INT(ls_tags_add(r->tags, name, (size_t)size, &r->tag[i], &err), LS_OK);
    }
}

static void rig_start(rig *r, uint64_t seed) {
    memset(r, 0, sizeof *r);
    CHECK_INT(
        ls_plant_load(harness_source_path("examples/gearbox/cell.yaml"), &r->plant, NULL, &err),
        LS_OK);
    CHECK_INT(ls_twin_create(r->plant, &r->twin, &err), LS_OK);
    CHECK_INT(ls_tags_create(&r->tags, &err), LS_OK);
    ls_follow_def follow = ls_follow_def_default();
    follow.diverged = on_diverged;
    follow.context = r;
    CHECK_INT(ls_follow_create(r->plant, r->twin, 0, &follow, &r->follow, &err), LS_OK);
    ls_emulate_def def = ls_emulate_def_default();
    def.seed = seed;
    def.told = on_told;
    def.context = r;
    CHECK_INT(ls_emulate_create(r->plant, &def, &r->line, &err), LS_OK);
    name_signals(r);
    CHECK_INT(ls_mapping_create(r->plant, r->tags, &r->mapping, &err), LS_OK);
    for (uint32_t i = 0; i < ls_emulate_signal_count(r->line); i++) {
        ls_sample birth = *ls_emulate_value(r->line, i);
        birth.flags |= LS_SAMPLE_BIRTH;
        on_told(r, i, &birth);
    }
    ls_emulate_tell_lots(r->line);
}

static void rig_stop(rig *r) {
    ls_emulate_destroy(r->line);
    ls_follow_destroy(r->follow);
    ls_mapping_destroy(r->mapping);
    ls_tags_destroy(r->tags);
    ls_twin_destroy(r->twin);
    ls_plant_destroy(r->plant);
}

static uint32_t queue_of(const ls_twin *twin, const ls_state *state, uint32_t station) {
    ls_state *look = (ls_state *)(uintptr_t)state;  // read only
    return LS_STATE_ARRAY(twin->model, look, ls_s_station, s_station)[station].waiting;
}

static void test_the_twin_stands_where_the_line_stands(void) {
    for (uint64_t seed = 1; seed <= 6; seed++) {
        rig r;
        rig_start(&r, seed);
        for (int64_t at = minute; at <= 240 * minute; at += minute) {
            CHECK_INT(ls_emulate_run(r.line, at, &err), LS_OK);
            ls_follow_advance(r.follow, at);
        }
        harness_note("seed %llu", (unsigned long long)seed);
        const ls_emulate_figures line = ls_emulate_describe(r.line);
        const ls_follow_figures twin = ls_follow_describe(r.follow);
        const ls_state *state = ls_follow_state(r.follow);
        CHECK(r.heard > 5000);
        CHECK_INT(r.refused, 0);
        CHECK_INT(twin.lots, line.lots);
        CHECK_INT(twin.done, line.done);
        CHECK_INT(twin.scrapped, line.scrapped);
        for (uint32_t s = 0; s < r.plant->station_count; s++) {
            CHECK_INT(queue_of(r.twin, state, s),
                      queue_of(r.line->twin, r.line->snapshot->state, s));
        }
        CHECK_INT(twin.divergences[LS_DIVERGE_CONTRADICTED], 0);
        CHECK_INT(twin.divergences[LS_DIVERGE_UNKNOWN], 0);
        CHECK_INT(twin.lots_inferred, 0);
        rig_stop(&r);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_twin_stands_where_the_line_stands);
    return harness_report();
}
