// check_lots_test.c - the table of lots, as they are told.
#include <string.h>

#include "base/text.h"
#include "guard/testing/check_expect.h"
#include "tests/harness.h"

static void test_lots_move_as_they_are_told(void) {
    begin();
    ls_guard_hear_lots(g.state, 2, "  L1  L2 ");
    ls_guard_hear_lots(g.state, 2, "L1 L2 L2 L7");
    EXPECT(guard_case_dispatch(&g), 32);
    ls_guard_hear_lots(g.state, 2, "L2");
    ls_guard_hear_arrived(g.state, "L1", 1);
    EXPECT(guard_case_dispatch(&g), 0);
    CHECK_INT(g.state->lot_count, 6);
    // Told to wait while it is in work, and named there again: it waits nowhere when it leaves.
    ls_guard_hear_lots(g.state, 2, "L1 L2");
    ls_guard_hear_arrived(g.state, "L1", 1);
    ls_guard_hear_lots(g.state, 2, "L1 L2");
    ls_guard_hear_lots(g.state, 2, "L2");
    EXPECT(guard_case_dispatch(&g), 32);
    ls_guard_hear_arrived(g.state, "L1", 1);
    EXPECT(guard_case_dispatch(&g), 0);
    ls_guard_hear_gone(g.state, "L2");
    ls_guard_hear_lots(g.state, 2, "");  // gone while in work: nothing to leave
    CHECK_INT(g.state->lot_count, 5);
    ls_guard_hear_lots(g.state, 2, "L2");
    ls_guard_hear_gone(g.state, "L2");
    ls_guard_hear_arrived(g.state, "L2", 1);  // a new lot of an old name
    ls_guard_hear_lots(g.state, 2, "");
    EXPECT(WITH(dispatch, set(w.argument, "L2")), 0);
    char long_name[200];
    memset(long_name, 'a', sizeof long_name);
    long_name[199] = '\0';
    ls_guard_hear_lots(g.state, 2, long_name);
    CHECK(!g.state->lots_known);
    ls_guard_lots_told(g.state);
    char many[400] = "";
    for (int i = 0; i < LS_GUARD_IN_WORK + 1; i++) {
        char lot[16];
        ls_text_format(lot, sizeof lot, "n%d ", i);
        strcat(many, lot);
    }
    g.limits->lots_most = 12;
    ls_guard_hear_lots(g.state, 2, many);
    CHECK(!g.state->lots_known);
    CHECK_INT(g.state->lot_count, 12);
    ls_guard_hear_lots(g.state, 2, many);  // those for whom there was no room are named again
    CHECK_INT(g.state->lot_count, 12);
    ls_guard_hear_lots(g.state, 2, "");
    ls_guard_hear_arrived(g.state, "one too many", 1);
    CHECK_INT(g.state->lot_count, 12);
}

static void test_table_of_lots_against_a_plain_list(void) {
    g.plant.limits.lots = 40;
    begin();
    g.plant.limits.lots = 40;
    guard_case_again(&g);
    ls_guard_lots_begin(g.state);
    ls_guard_lots_told(g.state);
    bool there[60] = {false};
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        const uint32_t lot = (uint32_t)(x % 60);
        char name[16];
        ls_text_format(name, sizeof name, "lot-%u", lot);
        if ((x >> 32) % 2 == 0 && (there[lot] || g.state->lot_count < 40)) {
            ls_guard_hear_arrived(g.state, name, 1);
            there[lot] = true;
        } else {
            ls_guard_hear_gone(g.state, name);
            there[lot] = false;
        }
        uint32_t count = 0;
        for (uint32_t k = 0; k < 60; k++) {
            count += there[k];
        }
        CHECK_INT(g.state->lot_count, count);
        ls_text_format(name, sizeof name, "lot-%u", (uint32_t)(x >> 40) % 60);
        ls_command c = WITH(dispatch, set(w.argument, name));
        const bool known = check(&c) == 0;
        CHECK(known == there[(uint32_t)(x >> 40) % 60]);
        if (harness_has_failed()) {
            break;
        }
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_lots_move_as_they_are_told);
    TEST(test_table_of_lots_against_a_plain_list);
    return harness_report();
}
