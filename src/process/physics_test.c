// physics_test.c - conservation, the published base case, and when the plant shuts down.
#include "process/physics.h"

#include <math.h>
#include <string.h>

#include "process/measure.h"
#include "process/te.h"
#include "tests/harness.h"

static double mass_of(const double lbmol[LS_TE_SPECIES]) {
    return ls_te_mixture_weight(lbmol);
}
static double mass_flow(const ls_te_stream *stream) {
    return stream->flow * ls_te_mixture_weight(stream->fraction);
}

static void look(ls_te_state *state, ls_te_moment *moment, ls_te_integrated *rates) {
    ls_te_moment_of(state, moment);
    ls_te_balance(state, moment, rates);
}

// What comes in less what goes out is what there is more, at every moment of a disturbed hour.
static void test_mass_is_conserved_by_every_unit(void) {
    ls_te_state state;
    ls_te_start(&state, 11);
    state.idv = 1U << 7 | 1U << 12 | 1U << 19;
    for (int second = 0; second < 3600 && !harness_has_failed(); second++) {
        ls_te_step(&state);
        ls_te_moment m;
        ls_te_integrated rates;
        look(&state, &m, &rates);
        const ls_te_stream *s = m.stream;
        const double more = mass_of(rates.reactor.lbmol) + mass_of(rates.separator.lbmol) +
                            mass_of(rates.stripper.lbmol) + mass_of(rates.header.lbmol);
        const double in = mass_flow(&s[1]) + mass_flow(&s[2]) + mass_flow(&s[3]) + mass_flow(&s[4]);
        const double out = mass_flow(&s[10]) + mass_flow(&s[13]);
        CHECK(in > 20000.0);
        // The feeds' fractions are published with four digits and sum to 1 within 1e-8.
        CHECK_NEAR(more, in - out, 1e-6 * in);
        CHECK_NEAR(mass_flow(&s[5]) + mass_flow(&s[12]), mass_flow(&s[4]) + mass_flow(&s[11]),
                   1e-9 * in);
    }
}

// The compressor's work is given to the recycled gas and, as published, taken from the separator:
// so it does not show in the sum.
static void test_energy_is_conserved(void) {
    ls_te_state state;
    ls_te_start(&state, 11);
    ls_te_moment m;
    ls_te_integrated rates;
    look(&state, &m, &rates);
    const ls_te_stream *s = m.stream;
    const double more = rates.reactor.energy + rates.separator.energy + rates.stripper.energy +
                        rates.header.energy;
    double expected = m.reaction.heat + m.reactor_cooling + m.condenser_cooling + m.steam;
    const int in[] = {1, 2, 3, 4}, out[] = {10, 13};
    for (int i = 0; i < 4; i++) {
        expected += s[in[i]].flow * s[in[i]].heat;
    }
    for (int i = 0; i < 2; i++) {
        expected -= s[out[i]].flow * s[out[i]].heat;
    }
    CHECK_NEAR(more, expected, 1e-9 * fabs(m.reactor_cooling));
}

// Table 4 of the publication: the base case, with as many digits as there are.
static void test_the_base_case_shows_the_published_measurements(void) {
    static const double base[LS_TE_MEASURED] = {
        0.25052, 3664.0, 4509.3, 9.3477,  26.902, 42.339,  2705.0, 75.000, 120.40, 0.33712, 80.109,
        50.000,  2633.7, 25.160, 50.000,  3102.2, 22.949,  65.731, 230.31, 341.43, 94.599,  77.297,
        32.188,  8.8933, 26.383, 6.8820,  18.776, 1.6567,  32.958, 13.823, 23.978, 1.2565,  18.579,
        2.2633,  4.8436, 2.2986, 0.01787, 0.8357, 0.09858, 53.724, 43.828};
    ls_te_state state;
    ls_te_start(&state, 1);
    for (int i = 0; i < LS_TE_MEASURED; i++) {
        harness_note("XMEAS %d", i + 1);
        CHECK_NEAR(state.measured[i], base[i], 3e-4 * base[i]);
    }
}

// At rest nothing changes much: the state was published as a steady one.
static void test_the_base_case_is_steady(void) {
    ls_te_state state;
    ls_te_start(&state, 1);
    ls_te_moment m;
    ls_te_integrated rates;
    look(&state, &m, &rates);
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        CHECK(fabs(rates.reactor.lbmol[i]) < 1e-4 * state.now.reactor.lbmol[i] + 1e-3);
        CHECK(fabs(rates.header.lbmol[i]) < 1e-4 * state.now.header.lbmol[i] + 1e-3);
    }
}

typedef struct tripping {
    ls_te_trip trip;
    int vessel;      // 0 reactor, 1 separator, 2 stripper
    double amounts;  // factor of what condenses
    double gas;      // factor of what does not
    double energy;
} tripping;

static ls_te_trip trip_of(const tripping *how) {
    ls_te_state state;
    ls_te_start(&state, 1);
    ls_te_holdup *vessels[] = {&state.now.reactor, &state.now.separator, &state.now.stripper};
    ls_te_holdup *vessel = vessels[how->vessel];
    for (int i = 0; i < LS_TE_SPECIES; i++) {
        vessel->lbmol[i] *= i < LS_TE_CONDENSE && how->vessel < 2 ? how->gas : how->amounts;
        // What boils easily would raise the pressure first.
        vessel->lbmol[i] *= how->trip == LS_TE_TRIP_REACTOR_HOT && i < LS_TE_G ? 0.01 : 1.0;
    }
    vessel->energy *= how->amounts * how->energy;
    ls_te_moment m;
    ls_te_moment_of(&state, &m);
    return ls_te_trip_of(&m);
}

static void test_each_limit_shuts_the_plant_down(void) {
    static const tripping table[] = {
        {LS_TE_RUNS, 0, 1.0, 1.0, 1.0},
        {LS_TE_TRIP_REACTOR_PRESSURE, 0, 1.0, 1.4, 1.0},
        {LS_TE_TRIP_REACTOR_FULL, 0, 1.5, 0.2, 1.0},
        {LS_TE_TRIP_REACTOR_EMPTY, 0, 0.11, 1.0, 1.0},
        {LS_TE_TRIP_REACTOR_HOT, 0, 1.0, 1.0, 1.5},
        {LS_TE_TRIP_SEPARATOR_FULL, 1, 2.8, 0.5, 1.0},
        {LS_TE_TRIP_SEPARATOR_EMPTY, 1, 0.1, 1.0, 1.0},
        {LS_TE_TRIP_STRIPPER_FULL, 2, 2.0, 1.0, 1.0},
        {LS_TE_TRIP_STRIPPER_EMPTY, 2, 0.1, 1.0, 1.0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        harness_note("%s", ls_te_trip_text(table[i].trip));
        CHECK_INT(trip_of(&table[i]), table[i].trip);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_mass_is_conserved_by_every_unit);
    TEST(test_energy_is_conserved);
    TEST(test_the_base_case_shows_the_published_measurements);
    TEST(test_the_base_case_is_steady);
    TEST(test_each_limit_shuts_the_plant_down);
    return harness_report();
}
