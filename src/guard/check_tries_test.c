// check_tries_test.c - random tries to get a command past the guards that should not pass.
//
// An episode is a healthy line to which things happen at random: clocks go on, stand, or go back,
// signals age, people hold, interlocks act. Between them commands are tried: good ones, of which a
// few fields are changed. Everything that happened stands in a diary, and a slow judge
// (testing/diary.c) who knows none of the guard's tables reads it. What the guards let pass, the
// judge must let pass; of what they refuse, a share is judged too, and the judge must name the same
// guard.
//
// LINESHAFT_TRIES=1000000000 sets how many; `make soak` does.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "guard/testing/diary.h"
#include "tests/harness.h"

static guard_case g;
static diary d;
static uint64_t seed_state;

static uint32_t roll(uint32_t sides) {  // xorshift64*
    seed_state ^= seed_state >> 12;
    seed_state ^= seed_state << 25;
    seed_state ^= seed_state >> 27;
    return (uint32_t)((seed_state * 2685821657736338717u >> 32) * sides >> 32);
}

static uint64_t try_count(void) {
    const char *given = getenv("LINESHAFT_TRIES");
    if (given != NULL) {
        return strtoull(given, NULL, 10);
    }
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    return 10000000;
#else
    return 200000;
#endif
}

// --- things happen: to the guard's memory and in the diary

static ls_guard_heard as_heard(const diary_entry *e) {
    return (ls_guard_heard){.quality = e->quality, .value = e->number, .vouched_us = e->us};
}

static void tell_line(const diary_entry *e) {
    ls_guard_state *s = g.state;
    const ls_guard_heard heard = as_heard(e);
    switch (e->kind) {
    case DIARY_STATE: ls_guard_hear_state(s, e->of, &heard); break;
    case DIARY_VOUCH: ls_guard_vouch(s, e->of, e->us); break;
    case DIARY_FORGET: ls_guard_forget(s, e->of); break;
    case DIARY_CONDITION: ls_guard_hear_condition(s, e->of, &heard, &e->at); break;
    case DIARY_VALUE: ls_guard_hear_value(s, CASE_COOLANT, &heard, &e->at); break;
    case DIARY_ARRIVED: ls_guard_hear_arrived(s, e->text, e->of); break;
    case DIARY_IN_WORK: ls_guard_hear_lots(s, e->of, e->text); break;
    case DIARY_GONE: ls_guard_hear_gone(s, e->text); break;
    case DIARY_LOTS_BEGIN: ls_guard_lots_begin(s); break;
    case DIARY_LOTS_TOLD: ls_guard_lots_told(s); break;
    case DIARY_OWNER: ls_guard_own(s, (ls_guard_owner)e->number, &e->at); break;
    case DIARY_BEAT_OUT:
        s->line.beat_heard = e->flag;
        s->line.beat_sent_us = e->at.mono_us;
        break;
    case DIARY_BEAT_IN: s->line.beat_in_us = e->at.mono_us; break;
    case DIARY_FALLBACK: s->line.fallback_ready = e->flag; break;
    default: break;
    }
}

// False: the people may not, or there is no room; then it has not happened.
static bool tell_people(const diary_entry *e) {
    ls_guard_state *s = g.state;
    switch (e->kind) {
    case DIARY_REARM: return ls_guard_rearm(s, e->of, LS_NONE, LS_ROLE_OPERATOR);
    case DIARY_REARM_VALUE: return ls_guard_rearm(s, LS_NONE, CASE_COOLANT, LS_ROLE_OPERATOR);
    case DIARY_HOLD:
        return e->flag ? ls_guard_hold_put(s, e->text, "kim", LS_ROLE_OPERATOR, &e->at)
                       : ls_guard_hold_lift(s, e->text, LS_ROLE_OPERATOR);
    case DIARY_BYPASS: {
        ls_guard_bypass b = {.guard = e->of,
                             .who = "lee",
                             .role = LS_ROLE_ENGINEER,
                             .reason = "try",
                             .begin_us = e->at.wall_us,
                             .end_us = e->at.wall_us + (int64_t)e->number * SECOND};
        return ls_guard_bypass_put(s, &b, &e->at);
    }
    case DIARY_REVOKE: ls_guard_revoke(s, e->text, &e->at); return true;
    default: return true;
    }
}

static void tell_guard(const diary_entry *e) {
    ls_guard_state *s = g.state;
    switch (e->kind) {
    case DIARY_LEASE:
        s->line.lease_held = e->flag;
        s->line.lease_until_us = e->at.mono_us + (int64_t)e->number * SECOND;
        break;
    case DIARY_HEALTHY: ls_guard_note_healthy(s, &e->at); break;
    case DIARY_UNHEALTHY: ls_guard_note_unhealthy(s, &e->at); break;
    case DIARY_TRIP: ls_guard_note_trip(s, &e->at); break;
    case DIARY_RESET: ls_guard_reset_trips(s, LS_ROLE_OPERATOR); break;
    case DIARY_ALARM: ls_guard_note_alarm(s, &e->at); break;
    case DIARY_JOURNAL: s->journal_ready = e->flag; break;
    case DIARY_SENT: ls_guard_note_sent(s, &e->command, &e->at); break;
    case DIARY_READ: ls_guard_read_back(s, e->of, &e->number, LS_READ_LINE, &e->at); break;
    case DIARY_ID: ls_guard_note_id(s, &e->command, LS_COMMAND_SENT, 0); break;
    default: break;
    }
}

static void happen(diary_entry e) {
    if (d.count == DIARY_MOST) {
        return;
    }
    e.at = g.clock;
    e.us = e.us == 0 ? g.clock.line_us : e.us;
    if (tell_people(&e)) {
        tell_line(&e);
        tell_guard(&e);
        d.entries[d.count] = e;
        d.count++;
    }
}

static void begin(void) {
    ls_guard_state_destroy(g.state);
    ls_error err = {0};
    ls_guard_state_create(g.limits, &g.state, &err);
    d.g = &g;
    d.count = 0;
    g.clock = (ls_guard_clock){.mono_us = 90000 * SECOND,
                               .wall_us = INT64_C(1767600000) * SECOND,
                               .line_us = INT64_C(1767571200) * SECOND};
    g.plant.decide.guards.two_persons = roll(8) == 0;
    happen((diary_entry){.kind = DIARY_OWNER, .number = LS_OWNER_US});
    happen((diary_entry){.kind = DIARY_HEALTHY});
    happen((diary_entry){.kind = DIARY_VALUE, .number = 20.0, .quality = LS_GUARD_QUALITY_GOOD});
    g.clock.mono_us += 3600 * SECOND;
    g.clock.wall_us += 3600 * SECOND;
    g.clock.line_us += 3600 * SECOND;
}

// The line is well, all of it told anew.
static void heal(void) {
    const ls_guard_quality good = LS_GUARD_QUALITY_GOOD;
    happen((diary_entry){.kind = DIARY_LEASE, .flag = true, .number = 100});
    happen((diary_entry){.kind = DIARY_JOURNAL, .flag = true});
    happen((diary_entry){.kind = DIARY_FALLBACK, .flag = true});
    happen((diary_entry){.kind = DIARY_BEAT_OUT, .flag = true});
    happen((diary_entry){.kind = DIARY_BEAT_IN});
    happen((diary_entry){.kind = DIARY_STATE, .of = CASE_GRIND, .number = 6, .quality = good});
    happen((diary_entry){.kind = DIARY_STATE, .of = 0, .number = 6, .quality = good});
    happen((diary_entry){.kind = DIARY_CONDITION, .of = 0, .number = 0, .quality = good});
    happen((diary_entry){.kind = DIARY_CONDITION, .of = 1, .number = 1, .quality = good});
    happen((diary_entry){.kind = DIARY_CONDITION, .of = 2, .number = 1, .quality = good});
    happen((diary_entry){.kind = DIARY_VOUCH, .of = LS_NONE});
    if (roll(4) == 0) {
        happen((diary_entry){.kind = DIARY_LOTS_BEGIN});
    }
    happen((diary_entry){.kind = DIARY_ARRIVED, .of = 1, .text = "L1"});
    happen((diary_entry){.kind = DIARY_ARRIVED, .of = 0, .text = "L2"});
    happen((diary_entry){.kind = DIARY_LOTS_TOLD});
}

static void pass_time(void) {
    static const int64_t spans[] = {0,           1,           SECOND / 10,  SECOND,      5 * SECOND,
                                    30 * SECOND, 60 * SECOND, 300 * SECOND, 600 * SECOND};
    const int64_t span = spans[roll(roll(2) ? 4 : 9)];
    g.clock.mono_us += span;
    g.clock.wall_us += roll(40) == 0 ? -2 * span : span;  // it is set back
    g.clock.line_us += roll(40) == 0 ? -span : roll(10) == 0 ? 0 : span;
}

static ls_guard_quality some_quality(void) {
    return roll(8) == 0 ? (ls_guard_quality)roll(4) : LS_GUARD_QUALITY_GOOD;
}

static void something_of_the_line(void) {
    static const char *const names[] = {"L1", "L2", "L3", "L4", ""};
    static const double states[] = {6, 6, 6, 4, 5, 2, 3, 9, 11, 16, 17, 1, 0, 6.5};
    const uint32_t machine = roll(3);
    switch (roll(14)) {
    case 0:
        happen((diary_entry){.kind = DIARY_STATE,
                             .of = machine,
                             .number = states[roll(14)],
                             .quality = some_quality(),
                             .us = g.clock.line_us + (roll(4) == 0 ? 3 * SECOND : 0)});
        break;
    case 1:
        happen((diary_entry){.kind = DIARY_VOUCH, .of = roll(4) == 0 ? LS_NONE : machine});
        break;
    case 2:
        if (roll(6) == 0) {
            happen((diary_entry){.kind = DIARY_FORGET, .of = roll(3) == 0 ? LS_NONE : machine});
        }
        break;
    case 3:
    case 4:
        happen((diary_entry){.kind = DIARY_CONDITION,
                             .of = roll(3),
                             .number = roll(16) == 0 ? (double)NAN : (double)roll(2),
                             .quality = some_quality()});
        break;
    case 5:
    case 6:
        happen((diary_entry){
            .kind = DIARY_VALUE, .number = 12.0 + roll(24), .quality = some_quality()});
        break;
    case 7:
        happen((diary_entry){.kind = DIARY_ARRIVED, .of = roll(2), .text = names[roll(4)]});
        break;
    case 8:
        happen((diary_entry){.kind = DIARY_IN_WORK, .of = machine, .text = names[roll(5)]});
        break;
    case 9: happen((diary_entry){.kind = DIARY_GONE, .text = names[roll(4)]}); break;
    case 10: happen((diary_entry){.kind = DIARY_LOTS_BEGIN}); break;
    case 11: happen((diary_entry){.kind = DIARY_OWNER, .number = 2 - roll(3) * roll(2)}); break;
    case 12: happen((diary_entry){.kind = DIARY_BEAT_OUT, .flag = roll(4) != 0}); break;
    default: happen((diary_entry){.kind = DIARY_FALLBACK, .flag = roll(4) != 0}); break;
    }
}

static void something_of_people(void) {
    static const char *const points[] = {"", "dispatch grind", "coolant"};
    static const uint32_t may[] = {3, 4, 5, 6, 9, 10, 11, 14, 34};
    switch (roll(14)) {
    case 0:
    case 1: happen((diary_entry){.kind = DIARY_REARM}); break;
    case 2: happen((diary_entry){.kind = DIARY_REARM_VALUE}); break;
    case 3:
        happen((diary_entry){.kind = DIARY_HOLD, .text = points[roll(3)], .flag = roll(3) == 0});
        break;
    case 4:
        happen((diary_entry){.kind = DIARY_BYPASS, .of = may[roll(9)], .number = 1 + roll(900)});
        break;
    case 5: happen((diary_entry){.kind = DIARY_REVOKE, .text = roll(2) ? "kim" : "lee"}); break;
    case 6: happen((diary_entry){.kind = DIARY_JOURNAL, .flag = roll(3) != 0}); break;
    case 7:
        happen((diary_entry){.kind = DIARY_LEASE, .flag = roll(5) != 0, .number = roll(20)});
        break;
    case 8: happen((diary_entry){.kind = roll(6) == 0 ? DIARY_UNHEALTHY : DIARY_HEALTHY}); break;
    case 9:
        if (roll(6) == 0) {
            happen((diary_entry){.kind = DIARY_TRIP});
        }
        break;
    case 10: happen((diary_entry){.kind = DIARY_RESET}); break;
    case 11:
        for (uint32_t i = roll(14); i > 0; i--) {
            happen((diary_entry){.kind = DIARY_ALARM});
        }
        break;
    case 12:
        happen((diary_entry){
            .kind = DIARY_READ, .of = roll(2) ? CASE_COOLANT : CASE_GRIND, .number = 1.0});
        break;
    default: happen((diary_entry){.kind = DIARY_LOTS_TOLD}); break;
    }
}

// --- commands

static void set(char *field, const char *text) {
    memcpy(field, text, strlen(text) + 1);
}

static void be_coolant(ls_command *c, double value) {
    c->number = value;
    ls_text_format(c->argument, sizeof c->argument, "coolant=%.17g", value);
}

static double around(void) {
    const double now = g.state->values[0].current.value;
    return isnan(now) ? 20.0 : now + ((double)roll(97) - 48) / 8.0;
}

static ls_command good_command(void) {
    ls_command c;
    switch (roll(7)) {
    case 0:
    case 1: c = guard_case_dispatch(&g); break;
    case 2:
        c = guard_case_setpoint(&g);
        be_coolant(&c, around());
        break;
    case 3: c = guard_case_release(&g); break;
    case 4: c = guard_case_maintain(&g); break;
    case 5: c = guard_case_stop(&g); break;
    default:
        c = guard_case_release(&g);
        set(c.point, "keep gear-b"), set(c.target, "gear-b"), set(c.argument, "gear-b");
    }
    static uint32_t number;
    number++;
    ls_text_format(c.id, sizeof c.id, "d-%u", number);
    c.sequence = 1 + (uint32_t)d.count;
    if (!c.automatic && roll(3) == 0) {
        c.approval_count = 2;
        c.approvals[1] = c.approvals[0];
        set(c.approvals[1].who, "lee");
    }
    return c;
}

static int64_t near(int64_t us, int64_t step) {
    return us + ((int64_t)roll(7) - 3) * step + (int64_t)roll(3) - 1;
}

static void change_times(ls_command *c) {
    const int64_t now = g.clock.mono_us;
    switch (roll(6)) {
    case 0: c->decided_us = near(now, SECOND / 10); break;
    case 1: c->deadline_us = c->decided_us + (int64_t)roll(3) - 1; break;
    case 2: c->not_after_us = near(now, SECOND); break;
    case 3: c->approvals[0].at_us = near(g.clock.wall_us, 30 * SECOND); break;
    case 4: c->approvals[1].at_us = near(g.clock.wall_us, 600 * SECOND); break;
    default: c->decided_us = now - 4000 * SECOND; break;
    }
}

static void change_texts(ls_command *c) {
    static const char *const targets[] = {"grind-1", "mill-1",  "mill-2", "gear-a",
                                          "gear-b",  "coolant", "line",   ""};
    static const char *const points[] = {"dispatch grind", "release gear-a", "coolant",
                                         "care",           "dispatch mill",  "keep gear-b",
                                         "people",         "batch mill",     "nowhere"};
    static const char *const arguments[] = {
        "L1",    "L2",         "L3", "L4",   "wheel",   "gear-a",        "gear-b",
        "5 min", "coolant=22", "",   "48 h", "spindle", "gear-a 5 min 1"};
    switch (roll(6)) {
    case 0: set(c->target, targets[roll(8)]); break;
    case 1: set(c->device, targets[roll(8)]); break;
    case 2: set(c->point, points[roll(9)]); break;
    case 3: set(c->argument, arguments[roll(13)]); break;
    case 4: set(c->approvals[roll(2)].who, roll(2) ? "kim" : ""); break;
    default:
        c->kind = (ls_command_kind)roll(LS_COMMAND_KIND_COUNT);
        set(c->argument, arguments[roll(13)]);
    }
}

static void change_numbers(ls_command *c) {
    static const double odd[] = {NAN, INFINITY, 0.0, -1.0, 0.8, 1.0, 1.5, 0.5, 0.4999999};
    static const double high[] = {14.0, 14.000001, 3.0, 2.999999, HUGE_VAL, -1e308, 1e308};
    switch (roll(11)) {
    case 0: c->gain_low = odd[roll(9)]; break;
    case 1: c->gain_min = odd[roll(9)]; break;
    case 2: c->certainty = odd[roll(9)]; break;
    case 3: c->in_step_us = near(60 * SECOND, SECOND); break;
    case 4: c->claim_futures = 7 + roll(3); break;
    case 5: c->sequence = roll(3) * c->sequence / 2; break;
    case 6: c->state_now += roll(2); break;
    case 7: be_coolant(c, (double)roll(60)); break;
    case 8: c->gain_high = high[roll(7)]; break;
    case 9: c->gain = roll(2) ? odd[roll(9)] : 2.0 + roll(4); break;
    default: c->approvals[roll(2)].role = (ls_role)roll(3); break;
    }
}

static void change_who(ls_command *c) {
    switch (roll(4)) {
    case 0: c->automatic = !c->automatic; break;
    case 2: c->by_hand = !c->by_hand; break;
    case 1: c->approval_count = roll(3); break;
    default:
        if (d.count > 0) {  // an id that was there before
            const diary_entry *e = &d.entries[roll((uint32_t)d.count)];
            if (e->kind == DIARY_ID) {
                memcpy(c->id, e->command.id, sizeof c->id);
            }
        }
    }
}

static void spoil(ls_command *c) {
    switch (roll(5)) {
    case 0: change_times(c); break;
    case 1: change_texts(c); break;
    case 2:
    case 3: change_numbers(c); break;
    default: change_who(c); break;
    }
}

// A command that may go is sent; mostly the line takes it.
static void send(const ls_command *c) {
    happen((diary_entry){.kind = DIARY_ID, .command = *c});
    happen((diary_entry){.kind = DIARY_SENT, .command = *c});
    const uint32_t target = ls_guard_target_find(g.limits, c->kind, c->target);
    const double read = c->kind == LS_COMMAND_SETPOINT ? c->number : 1.0;
    for (uint32_t i = 0; i < 2 && roll(4) != 0; i++) {
        happen((diary_entry){.kind = DIARY_READ, .of = target, .number = read});
    }
    if (c->kind == LS_COMMAND_SETPOINT && roll(4) != 0) {
        happen(
            (diary_entry){.kind = DIARY_VALUE, .number = read, .quality = LS_GUARD_QUALITY_GOOD});
    }
}

// --- the tries

typedef struct tally {
    uint64_t tries, passed, judged, by_guard[LS_GUARD_COUNT + 1];
} tally;

static bool try_one(tally *t, uint64_t episode) {
    ls_command c = good_command();
    for (uint32_t i = roll(3); i > 0; i--) {
        spoil(&c);
    }
    ls_guard_finding out;
    ls_guard_check(g.limits, g.state, &c, &g.clock, &out);
    t->tries++;
    t->by_guard[out.guard]++;
    t->passed += out.guard == 0;
    if (out.guard == 0 || roll(64) == 0) {
        const uint32_t judged = diary_judge(&d, &c, &g.clock);
        t->judged++;
        if (judged != out.guard) {
            harness_note("episode %llu, try %llu: %s at %s, argument '%s'",
                         (unsigned long long)episode, (unsigned long long)t->tries, c.id, c.target,
                         c.argument);
            CHECK_INT(out.guard, judged);
            return false;
        }
    }
    if (out.guard == 0 && roll(8) == 0) {
        send(&c);
    }
    return true;
}

static void run_episode(tally *t, uint64_t episode) {
    seed_state = (episode + 1) * 0x9e3779b97f4a7c15u;
    roll(2);
    begin();
    heal();
    while (d.count < DIARY_MOST - 24) {
        switch (roll(6)) {
        case 0: pass_time(); break;
        case 1: something_of_the_line(); break;
        case 2: something_of_people(); break;
        case 3: heal(); break;
        default: break;
        }
        for (int i = 0; i < 8; i++) {
            if (!try_one(t, episode)) {
                return;
            }
        }
    }
}

static void test_no_unsafe_command_gets_through(void) {
    const uint64_t count = try_count();
    tally t = {0};
    for (uint64_t episode = 0; t.tries < count && !harness_has_failed(); episode++) {
        run_episode(&t, episode);
    }
    printf("%llu tries, %llu let through, %llu judged\n", (unsigned long long)t.tries,
           (unsigned long long)t.passed, (unsigned long long)t.judged);
    // It is no proof when hardly anything passes, or some guard never had to say no.
    CHECK(t.passed * 20 > t.tries);
    for (uint32_t guard = 1; guard <= LS_GUARD_COUNT && t.tries >= 200000; guard++) {
        harness_note("guard %u refused %llu times", guard, (unsigned long long)t.by_guard[guard]);
        CHECK(t.by_guard[guard] > 0 || guard == LS_GUARD_COMBINED);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    guard_case_init(&g);
    g.plant.limits.lots = 7;
    guard_case_again(&g);
    TEST(test_no_unsafe_command_gets_through);
    const int code = harness_report();
    guard_case_clear(&g);
    return code;
}
