// ask_setting_test.c - settings chosen, claimed, bounded by the guards, and made again.
#include "decide/ask_setting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "plant/read.h"
#include "tests/harness.h"

enum { SECOND = 1000000 };

// The bath is set to 60 and sits at 64: something heats it by 4.
static const char bath[] =
    "plant: laundry\n"
    "stations: {wash: {process: 30 s}}\n"
    "products: {gear: {route: [wash], release: {every: 60 s}}}\n"
    "decide: {setpoint: {of: bath, low: 50, high: 70, steps: 10, target: 60}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: PLANT, nodes: [line]}\n"
    "  values:\n"
    "    bath: {tag: PLANT/line/line/Bath, unit: C, setpoint: PLANT/line/line/BathSet,\n"
    "           set: {low: 40, high: 80, default: 60}, response: {%stau: 60 s, delay: 20 s}}\n";

static ls_plant *read_with(const char *response, const char *guards) {
    char text[2048];
    ls_plant *plant = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    const int length = snprintf(text, sizeof text, bath, response);
    snprintf(text + length, sizeof text - (size_t)length, "%s", guards);
    if (ls_plant_read(text, strlen(text), "test.yaml", NULL, &plant, &errors) != LS_OK) {
        harness_note("%s", errors.items[0].text);
    }
    ls_errors_clear(&errors);
    CHECK(plant != NULL);
    return plant;
}

static ls_plant *read_plant(const char *guards) {
    return read_with("", guards);
}

// Heard for 300 steps: `offset` above what the setting explains, and white noise of +- noise / 2.
static ls_outlook outlook_of(const ls_plant *plant, double offset, double noise, uint64_t luck) {
    ls_seen values[301];
    const int64_t step_us = ls_setting_step_us(plant, 0);
    const ls_seen setting = {0, 60.0};
    ls_outlook out;
    ls_error err = {0};
    for (int i = 0; i <= 300; i++) {
        const double around = ls_random_uniform(luck, 2, (uint64_t)i) - 0.5;
        values[i] = (ls_seen){i * step_us, 60.0 + offset + noise * around};
    }
    CHECK_INT(ls_outlook_make(&plant->listen.values[0], values, 301, &setting, 1, 300 * step_us,
                              step_us, &out, &err),
              LS_OK);
    return out;
}

static const ls_question about = {.point = 0, .subject = 0};

static void test_a_disturbed_value_is_brought_back_to_its_target(void) {
    ls_plant *plant = read_plant("");
    const ls_outlook o = outlook_of(plant, 4.0, 1.0, 5);
    ls_answer *a = calloc(1, sizeof *a);
    const ls_budget budget = {.futures = 2000};
    CHECK_INT(ls_setting_ask(plant, &about, &o, &budget, a, NULL), LS_OK);
    CHECK_INT(a->candidate_count, 11);
    CHECK(a->chosen != 0);
    // 4 too hot at 60: the nearest of the grid of 2 is 56.
    CHECK_NEAR(a->candidates[a->chosen].acts[0].number, 56.0, 0.0);
    CHECK_INT(a->candidates[a->chosen].acts[0].kind, LS_DO_SET);
    CHECK(a->claim.low > 0.0 && a->claim.low <= a->claim.gain && a->claim.gain <= a->claim.high);
    CHECK(a->claim_futures >= LS_SETTING_FRESH_LEAST);
    CHECK(a->futures <= 2000);
    CHECK_CONTAINS(a->candidates[a->chosen].label, "bath to 56 C");
    free(a);
    ls_plant_destroy(plant);
}

// A fifth of a degree for one of the setting: only the lowest comes near 56.
static void test_a_table_says_what_a_setting_does(void) {
    ls_plant *plant = read_with("table: [50 to 58, 60 to 60, 70 to 62], ", "");
    const ls_outlook o = outlook_of(plant, 4.0, 1.0, 5);
    ls_answer *a = calloc(1, sizeof *a);
    CHECK_INT(ls_setting_ask(plant, &about, &o, &(ls_budget){.futures = 2000}, a, NULL), LS_OK);
    CHECK(a->chosen != 0);
    CHECK_NEAR(a->candidates[a->chosen].acts[0].number, 50.0, 0.0);
    // From 64 towards 62: less than 2, and more than half of it over dead time and 4 time
    // constants.
    CHECK(a->claim.gain > 1.0 && a->claim.gain < 2.0);
    free(a);
    ls_plant_destroy(plant);
}

// A cost that is least at 64 and rises on both sides; the bath itself may be where it likes.
static void test_another_value_is_made_small(void) {
    static const char text[] =
        "plant: laundry\n"
        "stations: {wash: {process: 30 s}}\n"
        "products: {gear: {route: [wash], release: {every: 60 s}}}\n"
        "decide: {setpoint: {of: bath, low: 50, high: 70, steps: 10, minimize: power,\n"
        "  response: {table: [50 to 58, 64 to 30, 70 to 40], tau: 60 s, delay: 20 s}%s}}\n"
        "listen:\n"
        "  sparkplug: {broker: embedded, group: PLANT, nodes: [line]}\n"
        "  values:\n"
        "    bath: {tag: PLANT/line/line/Bath, unit: C, setpoint: PLANT/line/line/BathSet,\n"
        "           set: {low: 40, high: 80, default: 60}}\n"
        "    power: {tag: PLANT/line/line/Power, unit: kW}\n";
    char all[2048];
    ls_plant *plant = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    snprintf(all, sizeof all, text, "");
    CHECK_INT(ls_plant_read(all, strlen(all), "t.yaml", NULL, &plant, &errors), LS_OK);
    if (plant == NULL) {
        ls_errors_clear(&errors);
        return;
    }
    const ls_decide_point *point = &plant->decide.points[0];
    CHECK(point->minimizes);
    CHECK_STR(ls_decide_counts(plant, point)->name, "power");
    CHECK_STR(ls_decide_counts(plant, point)->unit, "kW");
    const int64_t step_us = ls_setting_step_us(plant, 0);
    CHECK_INT(step_us, INT64_C(260000000) / LS_OUTLOOK_STEPS);  // of the response here
    ls_seen values[301];
    const ls_seen setting = {0, 60.0};
    ls_outlook o;
    ls_error err = {0};
    for (int i = 0; i <= 300; i++) {
        values[i] = (ls_seen){i * step_us, 38.0 + ls_random_uniform(9, 2, (uint64_t)i)};
    }
    CHECK_INT(ls_outlook_make(ls_decide_counts(plant, point), values, 301, &setting, 1,
                              300 * step_us, step_us, &o, &err),
              LS_OK);
    ls_answer *a = calloc(1, sizeof *a);
    CHECK_INT(ls_setting_ask(plant, &about, &o, &(ls_budget){.futures = 2000}, a, NULL), LS_OK);
    CHECK(a->chosen != 0);
    CHECK_NEAR(a->candidates[a->chosen].acts[0].number, 64.0, 0.0);
    CHECK_CONTAINS(a->candidates[a->chosen].label, "bath to 64 C");
    // 38 at 60 by the table, 30 at 64; the disturbance is the same for both, so the gain is exact:
    // 8 (1 - (D + T (1 - exp(-(H - D) / T))) / H), D 20 s, T 60 s, H 260 s, but for the 64 steps.
    const double share = 1.0 - (20.0 + 60.0 * (1.0 - exp(-4.0))) / 260.0;
    CHECK_NEAR(a->claim.gain, 8.0 * share, 0.02);
    CHECK(a->claim.high - a->claim.low < 1e-6);
    ls_answer *again = calloc(1, sizeof *again);
    CHECK_INT(ls_setting_replay(plant, &o, a, again, NULL), LS_OK);
    CHECK_BYTES(a, again, sizeof *a);
    free(again);
    free(a);
    ls_plant_destroy(plant);
    plant = NULL;
    snprintf(all, sizeof all, text, ", target: 60");
    CHECK_INT(ls_plant_read(all, strlen(all), "t.yaml", NULL, &plant, &errors), LS_ERR_INVALID);
    CHECK(errors.count == 1 &&
          strstr(errors.items[0].text, "'target' and 'minimize' both") != NULL);
    ls_errors_clear(&errors);
    ls_plant_destroy(plant);
}

static void test_a_value_on_its_target_is_left_alone(void) {
    ls_plant *plant = read_plant("");
    ls_answer *a = calloc(1, sizeof *a);
    const ls_budget budget = {.futures = 2000};
    for (uint64_t luck = 0; luck < 20; luck++) {
        const ls_outlook o = outlook_of(plant, 0.0, 1.0, luck);
        CHECK_INT(ls_setting_ask(plant, &about, &o, &budget, a, NULL), LS_OK);
        CHECK_INT(a->chosen, 0);
    }
    free(a);
    ls_plant_destroy(plant);
}

static void test_few_futures_are_enough_for_a_claim_and_none_leaves_it(void) {
    ls_plant *plant = read_plant("");
    const ls_outlook o = outlook_of(plant, 4.0, 1.0, 5);
    ls_answer *a = calloc(1, sizeof *a);
    CHECK_INT(ls_setting_ask(plant, &about, &o, &(ls_budget){.futures = 300}, a, NULL), LS_OK);
    CHECK(a->chosen != 0 && a->claim_futures >= LS_SETTING_FRESH_LEAST);
    CHECK_INT(ls_setting_ask(plant, &about, &o, &(ls_budget){.futures = 0}, a, NULL), LS_OK);
    CHECK_INT(a->chosen, 0);
    free(a);
    ls_plant_destroy(plant);
}

static bool always(void *context) {
    (void)context;
    return true;
}

static void test_late_it_stays_as_it_is(void) {
    ls_plant *plant = read_plant("");
    const ls_outlook o = outlook_of(plant, 4.0, 1.0, 5);
    ls_answer *a = calloc(1, sizeof *a);
    ls_answer *again = calloc(1, sizeof *again);
    const ls_budget budget = {.futures = 2000, .late = always};
    CHECK_INT(ls_setting_ask(plant, &about, &o, &budget, a, NULL), LS_OK);
    CHECK_INT(a->chosen, 0);
    CHECK(a->cut);
    CHECK_INT(ls_setting_replay(plant, &o, a, again, NULL), LS_OK);
    CHECK_INT(again->chosen, 0);
    CHECK_INT(again->futures, a->futures);
    free(again);
    free(a);
    ls_plant_destroy(plant);
}

typedef struct patience {
    uint32_t asked, most;
} patience;

static bool after_so_many(void *context) {
    patience *c = context;
    return c->asked++ >= c->most;
}

// Wherever the deadline cuts it, also between two rounds and within the claim, the answer is made
// again bit for bit.
static void test_what_was_cut_is_decided_again_bit_for_bit(void) {
    ls_plant *plant = read_plant("");
    const ls_outlook o = outlook_of(plant, 4.0, 9.0, 5);  // several rounds
    ls_answer *made = calloc(1, sizeof *made);
    ls_answer *again = calloc(1, sizeof *again);
    uint32_t cut_in_round[LS_ROUNDS_MAX + 1] = {0}, cut_in_claim = 0;
    for (uint32_t most = 0; most < 1200; most += 7) {
        patience c = {.most = most};
        const ls_budget budget = {.futures = 700, .late = after_so_many, .context = &c};
        CHECK_INT(ls_setting_ask(plant, &about, &o, &budget, made, NULL), LS_OK);
        CHECK_INT(ls_setting_replay(plant, &o, made, again, NULL), LS_OK);
        CHECK_BYTES(again, made, sizeof *made);
        cut_in_round[made->round_count] += made->cut_early;
        cut_in_claim += made->cut && !made->cut_early;
    }
    CHECK(cut_in_round[1] > 0 && cut_in_round[2] > 0 && cut_in_claim > 0);
    free(again);
    free(made);
    ls_plant_destroy(plant);
}

static uint32_t tried(const char *guards, const ls_outlook *of, double *out_least) {
    ls_plant *plant = read_plant(guards);
    ls_candidate found[LS_CANDIDATES_MAX];
    const uint32_t count = ls_setting_candidates(plant, &about, of, found);
    *out_least = count > 1 ? found[1].acts[0].number : NAN;
    for (uint32_t i = 1; i < count; i++) {
        CHECK(ls_setting_may(plant, 0, of, found[i].acts[0].number));
    }
    ls_plant_destroy(plant);
    return count;
}

static void test_only_settings_are_tried_that_the_guards_let_through(void) {
    ls_plant *plant = read_plant("");
    ls_outlook o = outlook_of(plant, 4.0, 1.0, 5);
    double least = 0.0;
    o.since_us = o.now_us - 30LL * SECOND;  // it was set half a minute ago
    CHECK_INT(tried("", &o, &least), 11);
    CHECK_NEAR(least, 50.0, 0.0);
    CHECK_INT(tried("guards: {step: {of: bath, most: 4}}\n", &o, &least), 5);
    CHECK_NEAR(least, 56.0, 0.0);
    CHECK_INT(tried("guards: {range: {of: bath, low: 54, high: 62}}\n", &o, &least), 5);
    CHECK_NEAR(least, 54.0, 0.0);
    CHECK_INT(tried("guards: {rate: {of: bath, most: 0.1}}\n", &o, &least), 3);  // 3 in 30 s
    CHECK_INT(tried("guards: {dwell: {of: bath, for: 31 s}}\n", &o, &least), 1);
    CHECK_INT(tried("guards: {dwell: {of: bath, for: 30 s}}\n", &o, &least), 11);
    CHECK_INT(tried("guards: {dwell: {kind: dispatch, for: 1 h}}\n", &o, &least), 11);
    CHECK(!ls_setting_may(plant, 0, &o, 80.5) && ls_setting_may(plant, 0, &o, 80.0));
    ls_plant_destroy(plant);
}

static void test_the_same_is_decided_again_bit_for_bit(void) {
    ls_plant *plant = read_plant("");
    ls_outlook o = outlook_of(plant, 4.0, 1.0, 5);
    ls_answer *made = calloc(1, sizeof *made);
    ls_answer *again = calloc(1, sizeof *again);
    ls_error err = {0};
    const ls_budget budget = {.futures = 700};
    CHECK_INT(ls_setting_ask(plant, &about, &o, &budget, made, &err), LS_OK);
    CHECK_INT(ls_setting_replay(plant, &o, made, again, &err), LS_OK);
    CHECK(made->chosen != 0);
    CHECK_BYTES(again, made, sizeof *made);
    o.shocks[3] += 1e-12;
    CHECK_INT(ls_setting_replay(plant, &o, made, again, &err), LS_ERR_INVALID);
    free(again);
    free(made);
    ls_plant_destroy(plant);
}

// Of many decisions from equal outlooks with other luck, 95 % intervals hold the true gain of what
// was chosen, which so many futures of their own tell.
static void test_claims_hold_the_true_gain(void) {
    enum { DECISIONS = 400, TRUE_FUTURES = 40000 };
    ls_plant *plant = read_plant("");
    ls_outlook o = outlook_of(plant, 3.0, 6.0, 5);
    ls_answer *a = calloc(1, sizeof *a);
    double stays[LS_OUTLOOK_STEPS + 1], moves[LS_OUTLOOK_STEPS + 1], drift[LS_OUTLOOK_STEPS + 1];
    const ls_budget budget = {.futures = 400};
    int held = 0;
    int chosen = 0;
    double truth = NAN;
    double truth_of = NAN;
    for (int i = 0; i < DECISIONS; i++) {
        o.now_us += SECOND;  // another seed; nothing else is told by it where nothing was changed
        CHECK_INT(ls_setting_ask(plant, &about, &o, &budget, a, NULL), LS_OK);
        if (a->chosen == 0) {
            continue;
        }
        const double number = a->candidates[a->chosen].acts[0].number;
        if (number != truth_of) {
            truth = 0.0;
            truth_of = number;
            ls_outlook_path(&plant->listen.values[0], &o, 60.0, stays);
            ls_outlook_path(&plant->listen.values[0], &o, number, moves);
            for (uint64_t f = 0; f < TRUE_FUTURES; f++) {
                ls_outlook_drift(&o, ls_random_key(77, f), drift);
                truth += (ls_outlook_distance(stays, drift, 60.0) -
                          ls_outlook_distance(moves, drift, 60.0)) /
                         TRUE_FUTURES;
            }
        }
        chosen++;
        held += a->claim.low <= truth && truth <= a->claim.high;
    }
    CHECK(chosen > DECISIONS / 2);
    // Binomial around 95 %: three standard errors of `chosen` at least 200 are 4.6 %.
    CHECK_NEAR((double)held / chosen, 0.95, 3.0 * sqrt(0.95 * 0.05 / chosen));
    free(a);
    ls_plant_destroy(plant);
}

static void test_without_a_target_there_is_no_question(void) {
    ls_plant *plant = read_plant("");
    const ls_outlook o = outlook_of(plant, 4.0, 1.0, 5);
    ls_answer *a = calloc(1, sizeof *a);
    ls_error err = {0};
    plant->decide.points[0].target = NAN;
    CHECK_INT(ls_setting_ask(plant, &about, &o, &(ls_budget){.futures = 400}, a, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no target");
    CHECK_INT(ls_setting_ask(plant, &(ls_question){.point = 4}, &o, &(ls_budget){0}, a, &err),
              LS_ERR_INVALID);
    free(a);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_disturbed_value_is_brought_back_to_its_target);
    TEST(test_a_table_says_what_a_setting_does);
    TEST(test_another_value_is_made_small);
    TEST(test_a_value_on_its_target_is_left_alone);
    TEST(test_few_futures_are_enough_for_a_claim_and_none_leaves_it);
    TEST(test_late_it_stays_as_it_is);
    TEST(test_only_settings_are_tried_that_the_guards_let_through);
    TEST(test_the_same_is_decided_again_bit_for_bit);
    TEST(test_what_was_cut_is_decided_again_bit_for_bit);
    TEST(test_claims_hold_the_true_gain);
    TEST(test_without_a_target_there_is_no_question);
    return harness_report();
}
