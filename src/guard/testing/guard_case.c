// guard_case.c - a small plant, a healthy line and a good command, for tests of the guards.
#include "guard/testing/guard_case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *setups[] = {"of another station", "a", "b"};

static void make_plant(guard_case *g) {
    g->stations[0] = (ls_station){.name = "mill", .machine_at = 0, .machine_count = 2};
    g->stations[1] = (ls_station){.name = "grind",
                                  .machine_at = 2,
                                  .machine_count = 1,
                                  .failure_at = 0,
                                  .failure_count = 2,
                                  .setup_at = 1,
                                  .setup_count = 2};
    g->machines[0].name = "mill-1";
    g->machines[1].name = "mill-2";
    g->machines[2].name = "grind-1";
    g->failures[0] = (ls_failure){.name = "spindle"};
    g->failures[1] = (ls_failure){.name = "wheel", .maintenance = true};
    g->failures[2] = (ls_failure){.name = "oil", .maintenance = true};  // of no station
    g->releases[0] = (ls_release){.name = "gear-a", .lots = 1, .pool = true};
    g->releases[1] = (ls_release){.name = "gear-b", .lots = 4};
    g->measured[0] = (ls_measured){.name = "temperature", .machine = 2};
    g->measured[1] = (ls_measured){.name = "coolant",
                                   .machine = LS_NONE,
                                   .setpoint = "coolant/set",
                                   .set_low = 10.0,
                                   .set_high = 40.0,
                                   .set_default = 20.0};
    g->plant = (ls_plant){.name = "small",
                          .file = "small.yaml",
                          .station_count = 2,
                          .stations = g->stations,
                          .machine_count = 3,
                          .machines = g->machines,
                          .failure_count = 3,
                          .failures = g->failures,
                          .release_count = 2,
                          .releases = g->releases,
                          .setup_names = setups,
                          .limits = {.lots = 12}};
    g->plant.listen.values = g->measured;
    g->plant.listen.value_count = 2;
}

static void make_points(guard_case *g) {
    const ls_decide_point none = {
        .station = LS_NONE, .release = LS_NONE, .operators = LS_NONE, .measured = LS_NONE};
    for (int i = 0; i < CASE_POINTS; i++) {
        g->points[i] = none;
    }
    ls_decide_point *p = g->points;
    p[0].kind = LS_DECIDE_DISPATCH, p[0].name = "dispatch grind", p[0].mode = LS_MODE_AUTO;
    p[0].station = 1, p[0].gain_min = 0.5;
    p[1].kind = LS_DECIDE_RELEASE, p[1].name = "release gear-a", p[1].mode = LS_MODE_APPROVE;
    p[1].release = 0;
    p[2].kind = LS_DECIDE_SETPOINT, p[2].name = "coolant", p[2].mode = LS_MODE_AUTO;
    p[2].measured = 1;
    p[3].kind = LS_DECIDE_MAINTENANCE, p[3].name = "care", p[3].mode = LS_MODE_APPROVE;
    p[3].station = 1;
    p[4].kind = LS_DECIDE_DISPATCH, p[4].name = "dispatch mill", p[4].mode = LS_MODE_WATCH;
    p[4].station = 0;
    p[5].kind = LS_DECIDE_CONWIP, p[5].name = "keep gear-b", p[5].mode = LS_MODE_AUTO;
    p[5].release = 1;
    p[6].kind = LS_DECIDE_STAFFING, p[6].name = "people", p[6].mode = LS_MODE_AUTO;
    p[7].kind = LS_DECIDE_BATCH, p[7].name = "batch mill", p[7].mode = LS_MODE_ADVISE;
    p[7].station = 0;
    g->plant.decide.given = true;
    g->plant.decide.points = g->points;
    g->plant.decide.point_count = CASE_POINTS;
}

static void make_guards(guard_case *g) {
    ls_guard_limit *l = g->limit_list;
    for (int i = 0; i < CASE_LIMITS; i++) {
        l[i] = (ls_guard_limit){.machine = LS_NONE, .measured = LS_NONE};
    }
    l[0].kind = LS_LIMIT_RANGE, l[0].measured = 1, l[0].low = 12.0, l[0].high = 35.0;
    l[1].kind = LS_LIMIT_RATE, l[1].measured = 1, l[1].high = 0.5;
    l[2].kind = LS_LIMIT_STEP, l[2].measured = 1, l[2].high = 5.0;
    l[3].kind = LS_LIMIT_BUDGET, l[3].measured = 1, l[3].high = 8.0, l[3].window_us = 600 * SECOND;
    l[4].kind = LS_LIMIT_FREQUENCY, l[4].machine = CASE_GRIND, l[4].count = 3;
    l[4].window_us = 300 * SECOND;
    l[5].kind = LS_LIMIT_DWELL, l[5].window_us = 30 * SECOND;
    l[6].kind = LS_LIMIT_FREQUENCY, l[6].of_decide_kind = true,
    l[6].decide_kind = LS_DECIDE_RELEASE;
    l[6].count = 5, l[6].window_us = 3600 * SECOND;
    l[7].kind = LS_LIMIT_RANGE, l[7].machine = CASE_GRIND, l[7].low = 0.0, l[7].high = 0.0;
    ls_guard_condition *c = g->conditions;
    c[0] = (ls_guard_condition){
        .tag = "door open", .interlock = true, .value = 1.0, .machine = CASE_GRIND};
    c[1] = (ls_guard_condition){.tag = "air", .value = 1.0, .machine = LS_NONE};
    c[2] = (ls_guard_condition){.tag = "mill ready", .value = 1.0, .machine = 0};
    g->plant.decide.guards = (ls_guards){.limits = l,
                                         .limit_count = CASE_LIMITS,
                                         .conditions = c,
                                         .condition_count = CASE_CONDITIONS,
                                         .fresh_us = 30 * SECOND,
                                         .in_step_us = 60 * SECOND,
                                         .certainty_min = 0.8,
                                         .width_max = 4.0,
                                         .read_back_us = 3 * SECOND,
                                         .heartbeat_us = 5 * SECOND,
                                         .not_after_us = 2 * SECOND,
                                         .trips_a_day = 3,
                                         .bypass_max_us = 8 * 3600 * SECOND};
}

ls_guard_heard guard_case_heard(const guard_case *g, double value) {
    return (ls_guard_heard){
        .quality = LS_GUARD_QUALITY_GOOD, .value = value, .vouched_us = g->clock.line_us};
}

static void be_healthy(guard_case *g) {
    ls_guard_state *s = g->state;
    const int64_t now = g->clock.mono_us;
    ls_guard_clock long_ago = g->clock;
    long_ago.mono_us -= 3600 * SECOND;
    ls_guard_own(s, LS_OWNER_US, &long_ago);
    s->line.beat_sent_us = now - SECOND;
    s->line.beat_heard = true;
    s->line.beat_in_us = now - SECOND;
    s->line.fallback_ready = true;
    s->line.lease_held = true;
    s->line.lease_until_us = now + 10 * SECOND;
    s->line.epoch = 7;
    s->line.line_epoch = 7;
    s->journal_ready = true;
    ls_guard_note_healthy(s, &long_ago);
    ls_guard_heard heard = guard_case_heard(g, 6);
    for (uint32_t m = 0; m < 3; m++) {
        ls_guard_hear_state(s, m, &heard);
    }
    heard.value = 0.0;
    ls_guard_hear_condition(s, 0, &heard, &g->clock);
    heard.value = 1.0;
    ls_guard_hear_condition(s, 1, &heard, &g->clock);
    ls_guard_hear_condition(s, 2, &heard, &g->clock);
    heard.value = 20.0;
    heard.vouched_us -= 600 * SECOND;
    ls_guard_hear_value(s, CASE_COOLANT, &heard, &g->clock);
    ls_guard_vouch(s, LS_NONE, g->clock.line_us);
    ls_guard_lots_begin(s);
    ls_guard_hear_arrived(s, "L1", 1);
    ls_guard_hear_arrived(s, "L2", 1);
    ls_guard_hear_arrived(s, "L3", 0);
    ls_guard_hear_released(s, "L4");
    ls_guard_hear_lots(s, 0, "L5");
    ls_guard_lots_told(s);
}

static void must(ls_status status) {
    if (status != LS_OK) {
        abort();  // of a test's own making
    }
}

void guard_case_again(guard_case *g) {
    ls_error err = {0};
    ls_guard_state_destroy(g->state);
    ls_guard_limits_destroy(g->limits);
    must(ls_guard_limits_create(&g->plant, &g->limits, &err));
    must(ls_guard_state_create(g->limits, &g->state, &err));
    g->clock = (ls_guard_clock){.mono_us = 90000 * SECOND,
                                .wall_us = INT64_C(1767600000) * SECOND,
                                .line_us = INT64_C(1767571200) * SECOND};
    be_healthy(g);
}

void guard_case_init(guard_case *g) {
    memset(g, 0, sizeof *g);
    make_plant(g);
    make_points(g);
    make_guards(g);
    guard_case_again(g);
}

void guard_case_clear(guard_case *g) {
    ls_guard_state_destroy(g->state);
    ls_guard_limits_destroy(g->limits);
    memset(g, 0, sizeof *g);
}

static ls_command begin(const guard_case *g, ls_command_kind kind, const char *point,
                        const char *device, const char *target, const char *argument) {
    const int64_t now = g->clock.mono_us;
    ls_command c = {.kind = kind,
                    .sequence = 5,
                    .state_version = 41,
                    .state_now = 41,
                    .decided_us = now - SECOND / 10,
                    .deadline_us = now,
                    .not_after_us = now + SECOND,
                    .gain = 3.0,
                    .gain_low = 2.0,
                    .gain_high = 4.0,
                    .gain_min = 1.0,
                    .claim_futures = 64,
                    .certainty = 0.95,
                    .in_step_us = 600 * SECOND,
                    .automatic = true};
    ls_text_format(c.id, sizeof c.id, "d-1-1");
    ls_text_format(c.decision, sizeof c.decision, "d-1");
    ls_text_format(c.point, sizeof c.point, "%s", point);
    ls_text_format(c.device, sizeof c.device, "%s", device);
    ls_text_format(c.target, sizeof c.target, "%s", target);
    ls_text_format(c.argument, sizeof c.argument, "%s", argument);
    return c;
}

static void approve(const guard_case *g, ls_command *c) {
    c->automatic = false;
    c->approval_count = 1;
    c->approvals[0] = (ls_approval){.who = "kim", .role = LS_ROLE_OPERATOR};
    c->approvals[0].at_us = g->clock.wall_us - SECOND / 20;
}

ls_command guard_case_dispatch(const guard_case *g) {
    return begin(g, LS_COMMAND_DISPATCH, "dispatch grind", "grind-1", "grind-1", "L1");
}

ls_command guard_case_setpoint(const guard_case *g) {
    ls_command c = begin(g, LS_COMMAND_SETPOINT, "coolant", "line", "coolant", "coolant=22");
    c.number = 22.0;
    return c;
}

ls_command guard_case_release(const guard_case *g) {
    ls_command c = begin(g, LS_COMMAND_RELEASE, "release gear-a", "line", "gear-a", "gear-a");
    approve(g, &c);
    return c;
}

ls_command guard_case_maintain(const guard_case *g) {
    ls_command c = begin(g, LS_COMMAND_MAINTAIN, "care", "grind-1", "grind-1", "wheel");
    approve(g, &c);
    return c;
}

ls_command guard_case_stop(const guard_case *g) {
    ls_command c = begin(g, LS_COMMAND_STOP, "", "grind-1", "grind-1", "");
    approve(g, &c);
    return c;
}
