// suspects_test.c - what speaks against a GPU, and what does not.
#include "exec/suspects.h"

#include "base/random.h"
#include "tests/harness.h"

#define HOUR INT64_C(3600000000)

static void test_five_commands_that_are_done_elsewhere_speak_against_it(void) {
    ls_suspects s;
    ls_suspects_init(&s);
    for (uint64_t c = 1; c <= 5; c++) {
        CHECK_INT(ls_suspects_end(&s, 1, c, 4, false), LS_SUSPECT_NONE);
    }
    // Who of them is done elsewhere comes to light later; the same one more often says no more.
    for (uint64_t c = 1; c <= 4; c++) {
        CHECK_INT(ls_suspects_end(&s, 2, c, (uint32_t)c % 3, true), LS_SUSPECT_NONE);
        CHECK_INT(ls_suspects_end(&s, 3, c, 4, false), LS_SUSPECT_NONE);
        CHECK_INT(ls_suspects_end(&s, 3, c, 0, true), LS_SUSPECT_NONE);
    }
    CHECK_INT(ls_suspects_end(&s, 5, 5, 0, true), 4);
    // Told of once.
    CHECK_INT(ls_suspects_end(&s, 6, 5, 0, true), LS_SUSPECT_NONE);
    for (uint64_t c = 1; c <= 4; c++) {
        CHECK_INT(ls_suspects_end(&s, 7, c, 4, false), LS_SUSPECT_NONE);
    }
    CHECK_INT(ls_suspects_end(&s, 8, 5, 4, false), 4);
}

static void test_what_fails_on_two_is_wrong_itself(void) {
    ls_suspects s;
    ls_suspects_init(&s);
    for (uint64_t c = 1; c <= 50; c++) {
        CHECK_INT(ls_suspects_end(&s, 1, c, 4, false), LS_SUSPECT_NONE);
        CHECK_INT(ls_suspects_end(&s, 2, c, 5, false), LS_SUSPECT_NONE);
        CHECK_INT(ls_suspects_end(&s, 3, c, 6, true), LS_SUSPECT_NONE);
    }
    // And what is done nowhere says nothing.
    for (uint64_t c = 51; c <= 100; c++) {
        CHECK_INT(ls_suspects_end(&s, 4, c, 4, false), LS_SUSPECT_NONE);
    }
}

// `count` commands from `first` on, all of which were done on GPU 0, fail on GPU 4.
static void fail(ls_suspects *s, int64_t at_us, uint64_t first, uint64_t count, uint32_t last) {
    for (uint64_t c = first; c < first + count; c++) {
        const uint32_t says = c + 1 == first + count ? last : LS_SUSPECT_NONE;
        CHECK_INT(ls_suspects_end(s, at_us, c, 0, true), LS_SUSPECT_NONE);
        CHECK_INT(ls_suspects_end(s, at_us, c, 4, false), says);
    }
}

static void test_one_that_is_done_there_clears_it(void) {
    ls_suspects s;
    ls_suspects_init(&s);
    fail(&s, 1, 1, 4, LS_SUSPECT_NONE);
    CHECK_INT(ls_suspects_end(&s, 4, 99, 4, true), LS_SUSPECT_NONE);
    fail(&s, 5, 5, 4, LS_SUSPECT_NONE);
    CHECK_INT(ls_suspects_end(&s, 6, 8, 4, true), LS_SUSPECT_NONE);  // which had failed there
    fail(&s, 7, 8, 1, LS_SUSPECT_NONE);                              // it says nothing any more
    fail(&s, 8, 1, 5, 4);
}

static void test_long_ago_is_forgiven(void) {
    ls_suspects s;
    ls_suspects_init(&s);
    fail(&s, 1 * HOUR, 1, 2, LS_SUSPECT_NONE);
    fail(&s, 3 * 24 * HOUR, 3, 2, LS_SUSPECT_NONE);
    fail(&s, 8 * 24 * HOUR, 5, 1, LS_SUSPECT_NONE);
    fail(&s, 9 * 24 * HOUR, 1, 2, 4);
}

// Programs that fail now and then by themselves, everywhere: no GPU is taken out for that but by
// rare chance. One that fails three times in four is found.
static void test_flaky_programs_and_a_flaky_gpu(void) {
    for (int bad = 0; bad < 2; bad++) {
        uint32_t told = 0, wrong = 0, found = 0;
        for (uint64_t seed = 1; seed <= 200; seed++) {
            ls_suspects s;
            uint32_t here = 0;
            ls_suspects_init(&s);
            for (uint64_t i = 0; i < 400; i++) {
                const uint32_t gpu = (uint32_t)(8.0 * ls_random_uniform(seed, 1, i));
                const uint64_t c = 1 + (uint64_t)(30.0 * ls_random_uniform(seed, 2, i));
                const double fails = bad != 0 && gpu == 3 ? 0.75 : bad != 0 ? 0.0 : 0.2;
                const bool done = ls_random_uniform(seed, 3, i) >= fails;
                const uint32_t suspect = ls_suspects_end(&s, (int64_t)i, c, gpu, done);
                here += suspect != LS_SUSPECT_NONE;
                wrong += suspect != LS_SUSPECT_NONE && (bad == 0 || suspect != 3);
            }
            told += here;
            found += here > 0;
        }
        harness_note("%u told, %u of them wrong, in %u pools", told, wrong, found);
        CHECK(bad != 0 ? found > 180 && wrong == 0 : told < 5);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_five_commands_that_are_done_elsewhere_speak_against_it);
    TEST(test_what_fails_on_two_is_wrong_itself);
    TEST(test_one_that_is_done_there_clears_it);
    TEST(test_long_ago_is_forgiven);
    TEST(test_flaky_programs_and_a_flaky_gpu);
    return harness_report();
}
