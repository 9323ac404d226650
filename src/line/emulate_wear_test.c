// emulate_wear_test.c - the hidden condition of tools drives their failures, and shows in what
// their machines tell.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lineshaft/plant.h>

#include "base/arena.h"
#include "base/random.h"
#include "line/emulate.h"
#include "line/emulate_hide.h"
#include "tests/harness.h"

static const int64_t hour = 3600 * 1000000LL;
static ls_error err;

static const char mill[] =
    "plant: p\n"
    "stations:\n"
    "  mill:\n"
    "    machines: 2\n"
    "    process: normal 60 s sd 5 s\n"
    "    fails: {name: cutter, every: weibull shape 2 mean 100 min, repair: 10 min, lots: scrap,\n"
    "            renews: tool, condition: {tag: 'p/{machine}/Wear', at: normal 0.8 sd 0.05}}\n"
    "    maintenance: {name: tool, every: 80 parts, for: 4 min, renews: cutter}\n"
    "products: {x: {route: [mill], release: {every: 40 s}}}\n";

// One machine, as a host hears it.
typedef struct tool {
    uint32_t wear, reason, vibration;  // signals
    double worn;                       // last told
    char why[40];                      // the reason that stands now
    int failures, changes, falls;      // falls: told less wear without a new tool in between
    double sum, square;                // of the wear at failures
    bool renewed;                      // a repair or change is over, or goes on
    double vibration_new, vibration_worn;
    int vibrations_new, vibrations_worn;
} tool;

typedef struct ear {
    tool tools[2];
    uint64_t told, hash;
} ear;

static void hear(void *context, uint32_t signal, const ls_sample *value) {
    ear *e = context;
    uint64_t bits = 0;
    memcpy(&bits, &value->value.real, value->kind == LS_VALUE_REAL ? sizeof bits : 0);
    e->told++;
    e->hash = (e->hash ^ bits ^ (uint64_t)value->time_us ^ signal) * 0x9e3779b97f4a7c15U;
    for (int i = 0; i < 2; i++) {
        tool *t = &e->tools[i];
        if (signal == t->wear) {
            t->falls += value->value.real < t->worn && !t->renewed;
            t->renewed = t->renewed && value->value.real >= t->worn;
            t->worn = value->value.real;
        } else if (signal == t->vibration && value->value.real > 0.5) {
            if (t->worn < 0.1) {
                t->vibration_new += value->value.real;
                t->vibrations_new++;
            } else if (t->worn > 0.7) {
                t->vibration_worn += value->value.real;
                t->vibrations_worn++;
            }
        } else if (signal == t->reason) {
            snprintf(t->why, sizeof t->why, "%.*s", (int)value->size, value->value.text);
            t->failures += strcmp(t->why, "cutter") == 0;
            t->changes += strcmp(t->why, "tool") == 0;
            t->renewed |= t->why[0] != '\0';
        }
    }
}

static ls_plant *plant_of(const char *text) {
    ls_plant *plant = NULL;
    CHECK_INT(ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err), LS_OK);
    if (plant == NULL) {
        printf("%s\n", err.text);
        abort();
    }
    return plant;
}

static ls_emulate *start(const ls_plant *plant, const ls_hide *hide, ear *e) {
    ls_emulate_def def = ls_emulate_def_default();
    ls_emulate *line = NULL;
    memset(e, 0, sizeof *e);
    e->tools[0].wear = e->tools[1].wear = LS_NONE;
    def.seed = 3;
    def.hide = hide;
    def.told = hear;
    def.context = e;
    CHECK_INT(ls_emulate_create(plant, &def, &line, &err), LS_OK);
    for (int i = 0; i < 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "mill-%d", i + 1);
        e->tools[i].wear = ls_emulate_find(line, name, "Wear");
        e->tools[i].reason = ls_emulate_find(line, name, "Reason");
        e->tools[i].vibration = ls_emulate_find(line, name, "Vibration");
    }
    return line;
}

static void test_tools_fail_where_their_wear_is_at_its_end(void) {
    ls_plant *plant = plant_of(mill);
    ear e;
    ls_emulate *line = start(plant, NULL, &e);
    double sum = 0.0, square = 0.0;
    int failures = 0, seen = 0;
    int last[2] = {0, 0};
    for (int64_t at = 0; at < 2000 * hour; at += 60 * 1000000LL) {
        CHECK_INT(ls_emulate_run(line, at, &err), LS_OK);
        for (int i = 0; i < 2; i++) {  // under repair: what is told is where it failed
            const tool *t = &e.tools[i];
            if (strcmp(t->why, "cutter") == 0 && t->failures != last[i]) {
                last[i] = t->failures;
                sum += t->worn;
                square += t->worn * t->worn;
                seen++;
            }
        }
    }
    for (int i = 0; i < 2; i++) {
        const tool *t = &e.tools[i];
        failures += t->failures;
        harness_note("mill-%d: %d failures, %d changes, vibration %g new, %g worn", i + 1,
                     t->failures, t->changes, t->vibration_new / t->vibrations_new,
                     t->vibration_worn / t->vibrations_worn);
        CHECK_INT(t->falls, 0);
        CHECK(t->changes > 300);
        CHECK_NEAR(t->vibration_new / t->vibrations_new, 1.2, 0.1);
        CHECK(t->vibration_worn / t->vibrations_worn > 2.8);
    }
    // The wear at failures is that of `at`, as far as 10 s between looks tell it apart.
    CHECK(seen > 500);
    const double mean = sum / seen;
    const double sd = sqrt(square / seen - mean * mean);
    harness_note("%d failures of %d seen: wear %g, sd %g", seen, failures, mean, sd);
    CHECK_NEAR(mean, 0.8, 4.0 * 0.05 / sqrt(seen) + 0.002);
    CHECK_NEAR(sd, 0.05, 0.01);
    ls_emulate_destroy(line);
    ls_plant_destroy(plant);
}

static ls_hide *truth(const ls_plant *plant, const char *text) {
    ls_hide *hide = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    CHECK_INT(ls_hide_read(plant, text, strlen(text), "hide.yaml", &hide, &errors), LS_OK);
    ls_errors_clear(&errors);
    return hide;
}

static void test_a_soft_tool_wears_and_fails_faster(void) {
    ls_plant *plant = plant_of(mill);
    ls_hide *hide = truth(plant, "soft: {wear: mill-1, times: 3}\n");
    ear plain, soft;
    ls_emulate *a = start(plant, NULL, &plain);
    ls_emulate *b = start(plant, hide, &soft);
    CHECK_INT(ls_emulate_run(a, 800 * hour, &err), LS_OK);
    CHECK_INT(ls_emulate_run(b, 800 * hour, &err), LS_OK);
    harness_note("mill-1 fails %d times, soft %d; mill-2 %d and %d", plain.tools[0].failures,
                 soft.tools[0].failures, plain.tools[1].failures, soft.tools[1].failures);
    CHECK(soft.tools[0].failures > 2 * plain.tools[0].failures);
    CHECK(soft.tools[1].failures < 3 * plain.tools[1].failures / 2);
    CHECK_INT(soft.tools[0].falls, 0);
    ls_emulate_destroy(a);
    ls_emulate_destroy(b);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

static void test_the_same_seed_tells_the_same_in_whatever_steps(void) {
    ls_plant *plant = plant_of(mill);
    ls_hide *hide = truth(plant, "soft: {wear: mill-1, times: 2, from: 7 h, until: 13 h}\n");
    ear one, many;
    ls_emulate *a = start(plant, hide, &one);
    ls_emulate *b = start(plant, hide, &many);
    CHECK_INT(ls_emulate_run(a, 20 * hour, &err), LS_OK);
    uint64_t n = 0;
    for (int64_t at = 0; at < 20 * hour;) {
        at += (int64_t)(ls_random_uniform(1, 1, n++) * 30e6);
        CHECK_INT(ls_emulate_run(b, at < 20 * hour ? at : 20 * hour, &err), LS_OK);
    }
    CHECK(one.told > 10000);
    CHECK_INT(one.told, many.told);
    CHECK(one.hash == many.hash);
    ls_emulate_destroy(a);
    ls_emulate_destroy(b);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

static void test_memory_may_run_out(void) {
    ls_plant *plant = plant_of(mill);
    ls_emulate_def def = ls_emulate_def_default();
    ls_emulate *line = NULL;
    int failed = 0;
    for (int64_t allowed = 0; line == NULL && allowed < 10000; allowed++) {
        ls_alloc_fail_after(allowed);
        const ls_status status = ls_emulate_create(plant, &def, &line, &err);
        ls_alloc_fail_after(-1);
        failed += status == LS_ERR_MEMORY;
    }
    CHECK(line != NULL);
    CHECK(failed > 10);
    ls_emulate_destroy(line);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_tools_fail_where_their_wear_is_at_its_end);
    TEST(test_a_soft_tool_wears_and_fails_faster);
    TEST(test_the_same_seed_tells_the_same_in_whatever_steps);
    TEST(test_memory_may_run_out);
    return harness_report();
}
