// read_test.c - reading plant files: what is right, what is refused and how, and running out of
// memory.
#include <math.h>

#include "base/arena.h"
#include "base/units.h"
#include "plant/testing/plants.h"

#define MINIMAL                         \
    "plant: p\n"                        \
    "stations: {a: {process: 1 min}}\n" \
    "products: {x: {route: [a], release: {every: 2 min}}}\n"

static void test_minimal_plant_has_the_defaults(void) {
    ls_plant *p = test_good(MINIMAL);
    if (p == NULL) {
        return;
    }
    CHECK_STR(p->name, "p");
    CHECK_INT(p->run_for_us, 30 * LS_US_PER_DAY);
    CHECK_INT(p->run_warmup_us, -1);
    CHECK_INT(p->run_reps, 10);
    CHECK_INT(p->run_seed, 1);
    CHECK_INT(p->limits.lots, 0);
    CHECK_INT(p->station_count, 1);
    CHECK_INT(p->machine_count, 1);
    CHECK_STR(p->machines[0].name, "a");
    CHECK_NEAR(p->machines[0].speed, 1, 0);
    CHECK_INT(p->stations[0].places, -1);
    CHECK_INT(p->stations[0].calendar, LS_NONE);
    CHECK_INT(p->stations[0].criterion_count, 1);
    CHECK_INT(p->criteria[p->stations[0].criterion_at].rule, LS_RULE_FIFO);
    CHECK_INT(p->stations[0].ports, 1);
    CHECK_INT(p->stations[0].batch, false);
    CHECK_INT(p->steps[0].batch_min, 1);
    CHECK_INT(p->steps[0].batch_max, 1);
    CHECK_INT(p->steps[0].next, LS_NONE);
    CHECK_INT(p->steps[0].setup, LS_NONE);
    CHECK_INT(p->steps[0].per, LS_PER_LOT);
    CHECK_NEAR(p->steps[0].sample, 1, 0);
    CHECK_NEAR(p->steps[0].scrap, 0, 0);
    CHECK_INT(p->releases[0].kind, LS_RELEASE_EVERY);
    CHECK_INT(p->releases[0].count, LS_FOREVER);
    CHECK_STR(p->releases[0].name, "x");
    CHECK_INT(p->area_count, 1);
    CHECK_INT(p->transport[0], LS_NONE);
    CHECK(isinf(p->decide.guards.width_max));
    CHECK_NEAR(ls_plant_step_mean_us(p, 0), 60e6, 0);
    ls_plant_destroy(p);
}

static void test_every_key_becomes_what_it_says(void) {
    ls_plant *p = test_good_file("tests/data/plant/every_key.yaml");
    if (p == NULL) {
        return;
    }
    const ls_station *lathe = &p->stations[0];
    const ls_station *oven = &p->stations[2];
    const ls_step *turn = &p->steps[0];
    const ls_step *heat = &p->steps[2];
    const ls_step *finish = &p->steps[5];
    CHECK_NEAR(p->decide.guards.width_max, 1.5, 0);
    CHECK_INT(lathe->places, 20);
    CHECK_INT(lathe->ports, 2);
    CHECK_INT(lathe->min_run, 4);
    CHECK_INT(lathe->setup_clears, true);
    CHECK_INT(lathe->failure_count, 4);
    CHECK_INT(lathe->need_count, 2);
    CHECK_INT(lathe->criterion_count, 3);
    CHECK_NEAR(p->criteria[lathe->criterion_at + 1].weights[LS_W_WAIT_H], 2, 0);
    const ls_failure *f = &p->failures[lathe->failure_at];
    CHECK_INT(f[0].by, LS_FAIL_CALENDAR);
    CHECK_INT(f[0].lots, LS_LOTS_RESTART);
    CHECK_INT(f[0].on_count, 1);
    CHECK_INT(f[1].by, LS_FAIL_PARTS);
    CHECK_STR(f[1].name, "failure-2");
    CHECK_NEAR(ls_dist_mean(&p->dists[f[1].every], p->tables), 500, 1e-9);
    CHECK_INT(f[2].maintenance, true);
    CHECK_INT(f[2].from_end, true);
    CHECK_INT(f[2].stagger, true);
    CHECK_INT(f[3].by, LS_FAIL_LOTS);
    CHECK_INT(f[3].carry, true);
    // Setup states are numbered by name: g1, g2. Row 0 is "no state yet".
    CHECK_INT(lathe->setup_count, 2);
    const ls_dist_index *matrix = p->setup_matrix + lathe->matrix_at;
    CHECK_NEAR(ls_dist_mean(&p->dists[matrix[0]], p->tables), 3 * 60e6, 0);   // none to g1, by any
    CHECK_NEAR(ls_dist_mean(&p->dists[matrix[1]], p->tables), 2 * 60e6, 0);   // none to g2
    CHECK_INT(matrix[2], LS_NONE);                                            // g1 to g1
    CHECK_NEAR(ls_dist_mean(&p->dists[matrix[3]], p->tables), 12 * 60e6, 0);  // g1 to g2
    CHECK_NEAR(ls_dist_mean(&p->dists[matrix[4]], p->tables), 3 * 60e6,
               0);  // `any to g1` before `g2 to any`
    CHECK_INT(p->machines[0].setup_initial, 0);
    CHECK_INT(p->machines[1].setup_initial, 1);
    CHECK_INT(p->machines[0].only_count, 2);
    CHECK(turn->machine_process_at != LS_NONE);
    CHECK_INT(turn->per, LS_PER_PART);
    CHECK_INT(turn->cascade_us, 30 * LS_US_PER_S);
    CHECK_INT(oven->setup_by_kind, true);
    CHECK_INT(oven->batch_parts, true);
    CHECK_INT(heat->batch_min, 10);
    CHECK_INT(heat->batch_max, 30);
    CHECK_INT(heat->batch_most, 3);
    CHECK_INT(heat->family_count, 2);
    CHECK_INT(heat->limit_count, 1);
    CHECK_INT(p->steps[3].alternative_count, 1);
    CHECK_NEAR(p->steps[3].sample, 0.9, 1e-15);
    CHECK_INT(p->steps[3].next, 5);
    CHECK_INT(p->steps[4].next, 5);
    CHECK_INT(p->steps[4].number, p->steps[3].number);
    CHECK_INT(finish->rework_to, 0);
    CHECK_INT(finish->rework_limit, 2);
    CHECK_INT(finish->rework_scrap, true);
    CHECK_INT(finish->rework_once, true);
    CHECK_INT(finish->same_as, 3);
    CHECK_INT(finish->branch_count, 3);  // 70 % last, 10 % done, and the rest to the next step
    CHECK_NEAR(p->branches[finish->branch_at + 2].chance, 0.2, 1e-12);
    CHECK_INT(p->branches[finish->branch_at + 2].step, 6);
    CHECK_INT(p->release_count, 6);
    CHECK_STR(p->releases[1].name, "g1");
    CHECK_STR(p->releases[2].name, "g1-late");
    CHECK_STR(p->releases[4].name, "rush");
    CHECK_STR(p->releases[5].name, "g2-orders");
    CHECK_INT(p->releases[4].order_count, 2);
    CHECK_INT(p->orders[p->releases[4].order_at].time_us, LS_US_PER_HOUR);
    CHECK_INT(p->orders[p->releases[4].order_at].priority, 5);
    CHECK_INT(p->orders[p->releases[4].order_at + 1].due_us, 40 * LS_US_PER_HOUR);
    CHECK_INT(p->wip_count, 3);
    CHECK_INT(p->wip[0].step, 2);
    CHECK_INT(p->wip[0].released_us, -30 * LS_US_PER_MIN);
    CHECK_INT(p->wip[1].step, 0);
    CHECK_INT(p->wip[1].priority, 3);
    CHECK_INT(p->wip[2].release, 3);
    CHECK_STR(p->ignored, "fleet cells");
    ls_plant_destroy(p);
}

static void test_examples_are_read(void) {
    static const char *const paths[] = {"examples/mm1/mm1.yaml", "examples/minifab/minifab.yaml",
                                        "examples/gearbox/gearbox.yaml"};
    for (size_t i = 0; i < 3; i++) {
        ls_plant_destroy(test_good_file(paths[i]));
    }
}

static void test_transport_prefers_stations_over_areas(void) {
    ls_plant *p = test_good(
        "plant: p\n"
        "transport: {default: 4 min, c1 to c2: 8 min, a to c2: 1 min, in to c1: 6 min, c2 to out: "
        "7 min, c2 to c2: 0 s}\n"
        "stations: {a: {process: 1 s, area: c1}, b: {process: 1 s, area: c1}, c: {process: 1 s, "
        "area: c2}, d: {process: 1 s}}\n"
        "products: {x: {route: [a, b, c, d], release: {every: 1 h}}}\n");
    if (p == NULL) {
        return;
    }
    const uint32_t n = p->area_count;
    const struct {
        uint32_t from, to;  // station; 4: outside
        double minutes;
    } expected[] = {{0, 2, 1}, {1, 2, 8}, {0, 1, 4}, {2, 0, 4}, {4, 0, 6}, {4, 1, 6},
                    {4, 2, 0}, {2, 4, 7}, {0, 4, 0}, {2, 2, 0}, {3, 2, 4}, {3, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const uint32_t from = expected[i].from == 4 ? n : p->stations[expected[i].from].area;
        const uint32_t to = expected[i].to == 4 ? n : p->stations[expected[i].to].area;
        const ls_dist_index dist = p->transport[from * (n + 1) + to];
        const double mean = dist == LS_NONE ? 0 : ls_dist_mean(&p->dists[dist], p->tables);
        harness_note("row %zu", i);
        CHECK_NEAR(mean / 60e6, expected[i].minutes, 1e-9);
    }
    ls_plant_destroy(p);
}

static void test_step_names_are_made_unique(void) {
    ls_plant *p = test_good(
        "plant: p\n"
        "stations: {a: {process: 1 s}, b: {process: 1 s}}\n"
        "products: {x: {route: [a, b, a, {at: b, name: a-2}, a, b], release: {every: 1 h}}}\n");
    static const char *const names[] = {"a", "b", "a-3", "a-2", "a-4", "b-2"};
    for (size_t i = 0; p != NULL && i < 6; i++) {
        CHECK_STR(p->steps[i].name, names[i]);
    }
    ls_plant_destroy(p);
}

static void test_batches_take_one_time_unless_told_otherwise(void) {
    ls_plant *p = test_good(
        "plant: p\n"
        "stations: {a: {process: 1 s, batch: {min: 1, max: 3}}, b: {process: 1 s, batch: {max: 2}, "
        "per: lot}}\n"
        "products: {x: {route: [a, b], release: {every: 1 h}}}\n");
    if (p != NULL) {
        CHECK_INT(p->steps[0].per, LS_PER_BATCH);
        CHECK_INT(p->steps[1].per, LS_PER_LOT);
        CHECK_INT(p->steps[1].batch_min, 1);
        CHECK_INT(p->steps[1].batch_max, 2);
    }
    ls_plant_destroy(p);
}

// --- refused as a whole

static void refuse(const char *what, const char *text, size_t size, ls_status expected,
                   ls_buffer *out) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_plant *plant = NULL;
    harness_note("%s", what);
    CHECK_INT(ls_plant_read(text, size, "plant.yaml", NULL, &plant, &errors), expected);
    CHECK(plant == NULL);
    CHECK(errors.total > 0);
    ls_buffer_printf(out, "== %s\n", what);
    test_put_errors(out, &errors, 5);
    ls_errors_clear(&errors);
    ls_plant_destroy(plant);
}

static void test_what_is_no_plant_file_is_refused(void) {
    ls_buffer out;
    ls_buffer_init(&out);
    const size_t huge = 17u * 1024u * 1024u;
    char *text = malloc(huge);
    CHECK(text != NULL);
    if (text != NULL) {
        memset(text, '#', huge);
        refuse("a file of 17 MiB", text, huge, LS_ERR_LIMIT, &out);
        free(text);
    }
    static const struct {
        const char *what, *text;
    } cases[] = {{"an empty file", ""},
                 {"a list", "- a\n- b\n"},
                 {"a word", "hello\n"},
                 {"an open bracket", "plant: [a, b\nstations: {\n"},
                 {"an alias", "plant: &x p\nstations: *x\n"},
                 {"not a text",
                  "\x7f"
                  "ELF\x02\x01\x01"},
                 {"not UTF-8", "plant: \xff\xfe\n"},
                 {"two documents", "plant: p\n---\nplant: q\n"},
                 {"a CSV file", "time_min,product\n1,x\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        refuse(cases[i].what, cases[i].text, strlen(cases[i].text), LS_ERR_INVALID, &out);
    }
    CHECK_GOLDEN("tests/golden/plant-not-one.txt", out.data);
    ls_buffer_clear(&out);
}

// --- mistakes that need more than one key to see

static void test_mistakes_between_keys(void) {
    char *cases = harness_read_file(harness_source_path("tests/data/plant/mistakes.txt"), NULL);
    ls_buffer out;
    ls_buffer_init(&out);
    CHECK(cases != NULL);
    // Cases are parted by lines "== NAME".
    for (char *at = cases; at != NULL && *at != '\0';) {
        char *name_end = strchr(at, '\n');
        char *next = strstr(name_end, "\n== ");
        const char *text = name_end + 1;
        const size_t size = next != NULL ? (size_t)(next + 1 - text) : strlen(text);
        ls_errors errors;
        ls_errors_init(&errors);
        harness_note("%.*s", (int)(name_end - at), at);
        ls_plant *plant = test_read(text, size, &errors);
        CHECK(plant == NULL);
        ls_buffer_append(&out, at, (size_t)(name_end + 1 - at));
        test_put_errors(&out, &errors, 20);
        ls_errors_clear(&errors);
        ls_plant_destroy(plant);
        at = next != NULL ? next + 1 : NULL;
    }
    CHECK_GOLDEN("tests/golden/plant-mistakes-between.txt", out.data);
    ls_buffer_clear(&out);
    free(cases);
}

// --- memory

static void test_out_of_memory_leaves_nothing_behind(void) {
    static const char *const paths[] = {"tests/data/plant/every_key.yaml",
                                        "examples/gearbox/gearbox.yaml"};
    for (size_t k = 0; k < 2; k++) {
        uint64_t size = 0;
        char *text = harness_read_file(harness_source_path(paths[k]), &size);
        CHECK(text != NULL);
        ls_plant *plant = NULL;
        int64_t allowed = 0;
        for (; text != NULL && plant == NULL && allowed < 20000 && !harness_has_failed();
             allowed++) {
            test_files files = {.count = 0};
            const ls_plant_files from = {.load = test_load, .context = &files};
            harness_note("%lld allocations", (long long)allowed);
            ls_alloc_fail_after(allowed);
            const ls_status status = ls_plant_read(text, (size_t)size, "plant.yaml", &from, &plant,
                                                   NULL);
            ls_alloc_fail_after(-1);
            CHECK_INT(status, plant == NULL ? LS_ERR_MEMORY : LS_OK);
            test_files_clear(&files);
        }
        CHECK(plant != NULL);
        CHECK(allowed > 50);
        ls_plant_destroy(plant);
        free(text);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_minimal_plant_has_the_defaults);
    TEST(test_every_key_becomes_what_it_says);
    TEST(test_examples_are_read);
    TEST(test_transport_prefers_stations_over_areas);
    TEST(test_step_names_are_made_unique);
    TEST(test_batches_take_one_time_unless_told_otherwise);
    TEST(test_what_is_no_plant_file_is_refused);
    TEST(test_mistakes_between_keys);
    TEST(test_out_of_memory_leaves_nothing_behind);
    return harness_report();
}
