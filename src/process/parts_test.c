// parts_test.c - species, noise, curves and reactions, each against what must hold of it.
#include <math.h>
#include <string.h>

#include "process/noise.h"
#include "process/reaction.h"
#include "process/walk.h"
#include "tests/harness.h"

static const double mixture[LS_TE_SPECIES] = {0.1, 0.05, 0.15, 0.1, 0.2, 0.1, 0.2, 0.1};

static void test_a_temperature_is_found_again_from_its_heat(void) {
    for (int phase = LS_TE_LIQUID; phase <= LS_TE_VAPOUR_IN_TANK; phase++) {
        const ls_te_heat heat = ls_te_heat_of(mixture, (ls_te_phase)phase);
        for (double t_c = 20.0; t_c < 170.0; t_c += 7.0) {
            const double found = ls_te_temperature(&heat, ls_te_heat_at(&heat, t_c), 80.0);
            CHECK_NEAR(found, t_c, 1e-10);
        }
    }
}

static void test_a_heat_that_no_temperature_has_gives_the_guess(void) {
    const ls_te_heat flat = {.base = 1.0, .slope = 0.0, .bend = 1e-3, .twist = 0.0};
    CHECK_NEAR(ls_te_temperature(&flat, 0.5, 33.0), 33.0, 0.0);  // 1 + t^2/1000 is never 0.5
}

static void test_the_vapour_holds_more_heat_than_the_liquid(void) {
    const double one[LS_TE_SPECIES] = {[LS_TE_G] = 1.0};
    const ls_te_heat liquid = ls_te_heat_of(one, LS_TE_LIQUID);
    const ls_te_heat vapour = ls_te_heat_of(one, LS_TE_VAPOUR);
    // Heat of vaporisation at 0 C: 225 Btu/lb of 62 lb/lbmol.
    CHECK_NEAR(ls_te_heat_at(&vapour, 0.0) - ls_te_heat_at(&liquid, 0.0), 62.0 * 225e-6, 1e-15);
}

static void test_vapour_pressure_is_antoines(void) {
    for (int i = LS_TE_CONDENSE; i < LS_TE_SPECIES; i++) {
        const double at_50 = ls_te_vapour_pressure(i, 50.0),
                     at_120 = ls_te_vapour_pressure(i, 120.0);
        CHECK(at_120 > 2.0 * at_50);
    }
    CHECK_NEAR(ls_te_vapour_pressure(LS_TE_D, 100.0),
               exp((double)15.92f - 1444.0 / (100.0 + 259.0)), 1e-6);
}

static void test_density_of_one_species_is_its_own(void) {
    const double one[LS_TE_SPECIES] = {[LS_TE_H] = 1.0};
    const double t_c = 65.0;
    const double lb_ft3 = (double)50.5f + (double)-0.0541f * t_c + (double)-0.000150f * t_c * t_c;
    CHECK_NEAR(ls_te_liquid_density(one, t_c), lb_ft3 / 76.0, 1e-12);
}

static void test_the_generator_is_the_published_one(void) {
    double ours = 5687912315.0, slow = ours;
    for (int i = 0; i < 100000; i++) {
        slow = fmod(slow * 9228907.0, 4294967296.0);
        CHECK_INT(ls_te_next(&ours), (uint64_t)slow);
        if (harness_has_failed()) {
            return;
        }
    }
}

static void test_noise_is_centred_and_of_its_deviation(void) {
    double generator = 1431655765.0, sum = 0.0, squares = 0.0;
    enum { COUNT = 100000 };
    for (int i = 0; i < COUNT; i++) {
        const double x = ls_te_normal(&generator, 2.0);
        sum += x;
        squares += x * x;
    }
    // Four standard errors; the variance of twelve uniform numbers is one.
    CHECK_NEAR(sum / COUNT, 0.0, 4.0 * 2.0 / sqrt(COUNT));
    CHECK_NEAR(squares / COUNT, 4.0, 4.0 * 4.0 * sqrt(2.0 / COUNT));
}

static void test_curves_at_rest_stay_there_and_use_up_the_same_numbers(void) {
    ls_te_walk still[LS_TE_WALKS], moved[LS_TE_WALKS];
    double generator = 7.0, other = 7.0;
    ls_te_walks_rest(still);
    ls_te_walks_rest(moved);
    bool any = false;
    for (int second = 0; second < 40 * 3600; second++) {
        const double t_h = second / 3600.0;
        ls_te_walks_advance(still, t_h, 0, &generator);
        // The nine chains only: how long a pulse lasts follows from its height.
        ls_te_walks_advance(moved, t_h, 0x1ff, &other);
        CHECK_NEAR(ls_te_walk_at(&still[LS_TE_WALK_D_FEED_C], t_h), 45.0, 1e-9);
        CHECK_NEAR(ls_te_walk_at(&still[LS_TE_WALK_REACTOR_OUTLET], t_h), 0.0, 0.0);
        any = any || fabs(ls_te_walk_at(&moved[LS_TE_WALK_D_FEED_C], t_h) - 45.0) > 1.0;
        if (harness_has_failed()) {
            return;
        }
    }
    CHECK(any);
    CHECK_NEAR(generator, other, 0.0);
}

static void test_curves_are_smooth_and_within_their_span(void) {
    ls_te_walk walks[LS_TE_WALKS];
    double generator = 99.0;
    ls_te_walks_rest(walks);
    double last[LS_TE_WALKS];
    for (int i = 0; i < LS_TE_WALKS; i++) {
        last[i] = walks[i].a;
    }
    const double dt_h = 1.0 / 3600.0;
    for (int second = 0; second < 60 * 3600; second++) {
        const double t_h = second * dt_h;
        ls_te_walks_advance(walks, t_h, ~0U, &generator);
        for (int i = 0; i < LS_TE_WALKS; i++) {
            const double value = ls_te_walk_at(&walks[i], t_h);
            // The steepest a cubic between two values of a span can be: 1.5 spans over its least
            // length; pulses fall from 1 within 0.1 h, with a slope of their own before.
            const double span = i < 2 ? 0.06 : i < 6 ? 20.0 : 1.2;
            CHECK(fabs(value - last[i]) <= 1.6 * span * dt_h / 0.1 + 1e-12);
            last[i] = value;
        }
        CHECK(fabs(last[LS_TE_WALK_REACTOR_WATER_C] - 35.0) <= 10.0 + 1e-9);
        CHECK(fabs(last[LS_TE_WALK_KINETICS_G] - 1.0) <= 0.25 + 1e-9);
        CHECK(last[LS_TE_WALK_REACTOR_FOULING] >= -1e-9 && last[LS_TE_WALK_REACTOR_FOULING] < 1.3);
        if (harness_has_failed()) {
            return;
        }
    }
}

static ls_te_two_phases reactor_at_rest(void) {
    ls_te_two_phases reactor = {.t_c = 120.4, .vapour_ft3 = 640.0};
    const double partial[LS_TE_SPECIES] = {6700, 2800, 4900, 1500, 3900, 500, 700, 300};
    memcpy(reactor.partial_mmhg, partial, sizeof partial);
    return reactor;
}

static void test_reactions_neither_make_nor_lose_mass(void) {
    const ls_te_two_phases reactor = reactor_at_rest();
    ls_te_reaction reaction;
    ls_te_react(&reactor, 1.0, 1.0, &reaction);
    double mass = 0.0, size = 0.0;
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        mass += reaction.made[i] * ls_te_weight[i];
        size += fabs(reaction.made[i]) * ls_te_weight[i];
    }
    CHECK(size > 1000.0);
    CHECK_NEAR(mass, 0.0, 1e-12 * size);
    CHECK(reaction.made[LS_TE_G] > 0.0 && reaction.heat > 0.0);
}

static void test_without_a_nothing_reacts(void) {
    ls_te_two_phases reactor = reactor_at_rest();
    reactor.partial_mmhg[LS_TE_A] = 0.0;
    ls_te_reaction reaction;
    ls_te_react(&reactor, 1.0, 1.0, &reaction);
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        CHECK_NEAR(reaction.made[i], 0.0, 0.0);
    }
}

static void test_warmth_and_kinetics_speed_reactions_up(void) {
    ls_te_two_phases reactor = reactor_at_rest();
    ls_te_reaction cool, warm, drifted;
    ls_te_react(&reactor, 1.0, 1.0, &cool);
    ls_te_react(&reactor, 1.1, 1.0, &drifted);
    reactor.t_c += 5.0;
    ls_te_react(&reactor, 1.0, 1.0, &warm);
    CHECK_NEAR(drifted.made[LS_TE_G], 1.1 * cool.made[LS_TE_G], 1e-9 * cool.made[LS_TE_G]);
    CHECK_NEAR(drifted.made[LS_TE_H], cool.made[LS_TE_H], 0.0);
    // 40000 and 20000 cal/mol, 5 K at 394 K: factors of 1.90 and 1.38.
    CHECK_NEAR(warm.made[LS_TE_G] / cool.made[LS_TE_G], 1.90, 0.02);
    CHECK_NEAR(warm.made[LS_TE_H] / cool.made[LS_TE_H], 1.38, 0.01);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_temperature_is_found_again_from_its_heat);
    TEST(test_a_heat_that_no_temperature_has_gives_the_guess);
    TEST(test_the_vapour_holds_more_heat_than_the_liquid);
    TEST(test_vapour_pressure_is_antoines);
    TEST(test_density_of_one_species_is_its_own);
    TEST(test_the_generator_is_the_published_one);
    TEST(test_noise_is_centred_and_of_its_deviation);
    TEST(test_curves_at_rest_stay_there_and_use_up_the_same_numbers);
    TEST(test_curves_are_smooth_and_within_their_span);
    TEST(test_reactions_neither_make_nor_lose_mass);
    TEST(test_without_a_nothing_reacts);
    TEST(test_warmth_and_kinetics_speed_reactions_up);
    return harness_report();
}
