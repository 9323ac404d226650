// write_test.c - the three guards that are protocols (write-ahead, read-back, one writer), against
// a model of the line, the network and the disk, with a crash at every step.
//
// The model is the handshake of docs/EMULATOR.md: an id greater than the last is done, the last one
// is answered again, a lesser one is refused. Messages travel as long as chance wants. What must
// hold is checked where it would break: at the line, when a command is carried out, and at each
// verdict.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "guard/write.h"
#include "tests/harness.h"

enum { GUARDS = 2, DEVICES = 2, LINE = 1, MAIL_MAX = 4096, ROWS_MAX = 4096, ACTS_MAX = 512 };
#define SECOND INT64_C(1000000)

static const char *const names[DEVICES] = {"grind-1", "line"};

typedef enum mail_kind {
    MAIL_COMMAND,
    MAIL_ASK,
    MAIL_BEAT,
    MAIL_ID,
    MAIL_DONE,
    MAIL_LOST
} mail_kind;

typedef struct mail {
    mail_kind kind;
    uint32_t device, guard;
    bool fence;
    int64_t id, result;
    int act;  // index of the command, -1: none
} mail;

typedef struct post {  // first in, first out
    mail items[MAIL_MAX];
    uint32_t first, count;
} post;

typedef struct act {  // a command, from its making to its end
    uint32_t guard;
    int64_t not_after_us;
    uint32_t done;      // how often the line carried it out
    uint32_t verdicts;  // final ones
    uint32_t answers;   // of the line, heard by a guard
    ls_command_result last;
} act;

typedef struct world world;

typedef struct side {  // one guard with its disk and its wires
    world *w;
    uint32_t index;
    ls_guard_writer *writer;
    ls_journal_entry rows[ROWS_MAX];
    uint32_t row_count, durable;
    post out, in;
    bool dead;
    int64_t crash_in;  // effects until it dies; -1: never
    bool before;       // dies before the effect, else right after
    bool paused, restarted;
    bool held;
    uint32_t tripped, leases;
} side;

struct world {
    int64_t now_us;
    uint64_t seed, draws;
    side sides[GUARDS];
    struct {
        int64_t last, result;
        int act;  // that the last id stood for, -1: none
    } line[DEVICES];
    int64_t beat_us;
    bool lost;
    int holder;  // who took the lease last; -1: nobody yet
    act acts[ACTS_MAX];
    int act_count;
    uint32_t carried;
};

static double draw(world *w) {
    return ls_random_uniform(w->seed, 7, w->draws++);
}

static void put(post *p, mail m) {
    if (p->count < MAIL_MAX) {
        p->items[(p->first + p->count++) % MAIL_MAX] = m;
    } else {
        CHECK(p->count < MAIL_MAX);
    }
}

// True: the effect does not happen. At the crash and ever after.
static bool dies(side *s) {
    if (s->dead) {
        return true;
    }
    if (s->crash_in >= 0 && s->crash_in-- == 0) {
        s->dead = true;
        return s->before;
    }
    return false;
}

static int act_of(const char *argument) {
    return argument != NULL && argument[0] == 'c' ? atoi(argument + 1) : -1;
}

static bool on_send(void *context, uint32_t device, const char *kind, const char *argument,
                    int64_t id) {
    side *s = context;
    if (dies(s)) {
        return false;
    }
    put(&s->out, (mail){.kind = kind != NULL ? MAIL_COMMAND : MAIL_ASK,
                        .device = device,
                        .guard = s->index,
                        .fence = kind != NULL && strcmp(kind, "fence") == 0,
                        .id = id,
                        .act = act_of(argument)});
    return true;
}

static bool on_beat(void *context, int64_t count) {
    side *s = context;
    if (dies(s)) {
        return false;
    }
    put(&s->out, (mail){.kind = MAIL_BEAT, .guard = s->index, .id = count, .act = -1});
    return true;
}

static bool on_journal(void *context, const ls_journal_entry *entry, bool durable) {
    side *s = context;
    if (dies(s)) {
        return false;
    }
    CHECK(s->row_count < ROWS_MAX);
    s->rows[s->row_count++] = *entry;
    s->durable = durable ? s->row_count : s->durable;
    return true;
}

// Asked about all at once, when their rows are on the disk.
static bool on_may_send(void *context, const ls_command *commands, uint32_t count, ls_verdict *out,
                        uint32_t *out_at) {
    side *s = context;
    for (uint32_t i = 0; i < count; i++) {
        if (s->w->now_us >= commands[i].not_after_us) {
            *out = (ls_verdict){.result = LS_COMMAND_EXPIRED, .guard = 24, .reason = "late"};
            *out_at = i;
            return false;
        }
    }
    return true;
}

static void on_sent(void *context, const ls_command *command) {
    (void)context;
    (void)command;
}

static bool on_agrees(void *context, const ls_command *command) {
    (void)context;
    (void)command;
    return true;
}

static void on_told(void *context, const ls_command *command, const ls_verdict *verdict) {
    side *s = context;
    act *a = &s->w->acts[act_of(command->argument)];
    if (s->dead || verdict->result == LS_COMMAND_SENT) {
        return;
    }
    a->verdicts++;
    a->last = verdict->result;
    if (verdict->result == LS_COMMAND_ACKNOWLEDGED) {
        CHECK_INT(a->done, 1);
        CHECK(a->answers >= (s->restarted ? 1 : 2));  // read twice
    } else if (verdict->result != LS_COMMAND_LOST) {
        CHECK_INT(a->done, 0);
    }
}

static void on_leased(void *context, bool held, const char *why) {
    side *s = context;
    (void)why;
    if (s->dead) {
        return;
    }
    s->held = held;
    if (held) {
        const side *other = &s->w->sides[1 - s->index];
        if (other->writer != NULL && !other->dead) {
            const ls_guard_writer_figures f = ls_guard_writer_describe(other->writer);
            CHECK(!f.held || s->w->now_us >= f.until_us);  // never two at a time
        }
        s->leases++;
        s->w->holder = (int)s->index;
    }
}

static void on_tripped(void *context, const char *why) {
    side *s = context;
    (void)why;
    s->tripped++;
}

// ---- the line

static void tell_all(world *w, mail m) {
    for (uint32_t i = 0; i < GUARDS; i++) {
        if (w->sides[i].writer != NULL && !w->sides[i].dead) {
            put(&w->sides[i].in, m);
        }
    }
}

static void carry_out(world *w, const mail *m) {
    act *a = &w->acts[m->act];
    const side *s = &w->sides[m->guard];
    a->done++;
    w->carried++;
    CHECK_INT(a->done, 1);                // once
    CHECK_INT(w->holder, (int)m->guard);  // by the one writer
    CHECK_INT(a->verdicts, 0);            // not after it was called lost, late or refused
    bool row = false;
    for (uint32_t i = 0; i < s->durable; i++) {
        row = row || (s->rows[i].kind == LS_JOURNAL_SENDING &&
                      act_of(s->rows[i].command.argument) == m->act);
    }
    CHECK(row);  // no command without a row on the disk
}

static void line_takes(world *w, const mail *m) {
    if (m->kind == MAIL_BEAT) {
        w->beat_us = w->now_us;
        if (w->lost) {
            w->lost = false;
            tell_all(w, (mail){.kind = MAIL_LOST, .result = 0});
        }
        tell_all(w, (mail){.kind = MAIL_BEAT, .id = m->id});
        return;
    }
    tell_all(w, (mail){.kind = MAIL_ID, .device = m->device, .id = m->id});
    int64_t result = w->line[m->device].result;
    if (m->id < w->line[m->device].last) {
        result = 5;
    } else if (m->id > w->line[m->device].last) {
        // An id that is asked for again was taken before, always: else something else would be
        // done.
        CHECK(m->kind == MAIL_COMMAND);
        result = m->fence ? 1 : w->lost ? 4 : 0;
        if (result == 0) {
            carry_out(w, m);
        }
        w->line[m->device].last = m->id;
        w->line[m->device].act = m->act;
        w->line[m->device].result = result;
    }
    tell_all(w, (mail){.kind = MAIL_DONE,
                       .device = m->device,
                       .id = m->id,
                       .result = result,
                       .act = result == 5 ? -1 : w->line[m->device].act});
}

static void guard_hears(world *w, side *s, const mail *m) {
    switch (m->kind) {
    case MAIL_ID: ls_guard_writer_hear_id(s->writer, m->device, m->id, w->now_us); break;
    case MAIL_DONE:
        if (m->act >= 0) {
            w->acts[m->act].answers++;
        }
        ls_guard_writer_hear_done(s->writer, m->device, m->id, m->result, "", w->now_us);
        break;
    case MAIL_LOST: ls_guard_writer_hear_lost(s->writer, m->result != 0, w->now_us); break;
    default: ls_guard_writer_hear_beat(s->writer, m->id, w->now_us); break;
    }
}

// ---- guards come and go

static void tell_births(world *w, side *s) {
    for (uint32_t i = 0; i < DEVICES; i++) {
        put(&s->in, (mail){.kind = MAIL_ID, .device = i, .id = w->line[i].last});
        put(&s->in, (mail){.kind = MAIL_DONE,
                           .device = i,
                           .id = w->line[i].last,
                           .result = w->line[i].result,
                           .act = w->line[i].act});
    }
    put(&s->in, (mail){.kind = MAIL_LOST, .result = w->lost});
}

// The broker dies: what is under way is lost, both ways; the guards notice and come back.
static void kill_broker(world *w) {
    for (uint32_t i = 0; i < GUARDS; i++) {
        side *s = &w->sides[i];
        s->out.count = s->in.count = 0;
        if (s->writer != NULL && !s->dead) {
            ls_guard_writer_gone(s->writer, LINE, w->now_us);
            tell_births(w, s);
        }
    }
}

static void start_guard(world *w, uint32_t index) {
    side *s = &w->sides[index];
    ls_guard_writer_def def = ls_guard_writer_def_default();
    ls_error err;
    def.devices = names;
    def.device_count = DEVICES;
    def.line = LINE;
    def.seed = w->seed * 31 + index + w->draws;
    def.send = on_send;
    def.beat = on_beat;
    def.journal = on_journal;
    def.may_send = on_may_send;
    def.sent = on_sent;
    def.agrees = on_agrees;
    def.told = on_told;
    def.leased = on_leased;
    def.tripped = on_tripped;
    def.context = s;
    s->w = w;
    s->index = index;
    s->dead = s->held = s->paused = false;
    CHECK_INT(ls_guard_writer_create(&def, &s->writer, &err), LS_OK);
    for (uint32_t i = 0, before = s->row_count; i < before; i++) {
        ls_guard_writer_restore(s->writer, &s->rows[i]);
    }
    ls_guard_writer_restored(s->writer);
    ls_guard_writer_able(s->writer, true, "", w->now_us);
    tell_births(w, s);
}

// The disk keeps what was durable, and of the rest as much as chance wants; what is under way in
// the network arrives or does not.
static void bury_guard(world *w, uint32_t index) {
    side *s = &w->sides[index];
    ls_guard_writer_destroy(s->writer);
    s->writer = NULL;
    const uint32_t loose = s->row_count - s->durable;
    s->restarted = true;
    s->row_count = s->durable + (uint32_t)(draw(w) * (loose + 1));
    s->durable = s->row_count;
    s->in.count = 0;
    if (draw(w) < 0.3) {
        s->out.count = 0;
    }
}

static void submit(world *w, uint32_t index, int64_t lasts_us) {
    side *s = &w->sides[index];
    ls_command c = {.kind = LS_COMMAND_DISPATCH, .not_after_us = w->now_us + lasts_us};
    snprintf(c.id, sizeof c.id, "d-%d", w->act_count);
    snprintf(c.argument, sizeof c.argument, "c%d", w->act_count);
    snprintf(c.device, sizeof c.device, "%s", names[draw(w) < 0.8 ? 0 : LINE]);
    CHECK(w->act_count < ACTS_MAX);
    w->acts[w->act_count++] = (act){.guard = index, .not_after_us = c.not_after_us};
    ls_guard_writer_submit(s->writer, &c, w->now_us);
}

static void pass_time(world *w, int64_t us) {
    w->now_us += us;
    if (!w->lost && w->now_us - w->beat_us > 5 * SECOND) {
        w->lost = true;
        tell_all(w, (mail){.kind = MAIL_LOST, .result = 1});
    }
    for (uint32_t i = 0; i < GUARDS; i++) {
        side *s = &w->sides[i];
        if (s->writer != NULL && !s->dead && !s->paused) {
            ls_guard_writer_tick(s->writer, w->now_us);
        }
    }
}

static void move_mail(world *w) {
    side *s = &w->sides[draw(w) < 0.5 ? 0 : 1];
    post *p = draw(w) < 0.5 ? &s->out : &s->in;
    if (p->count == 0 || (p == &s->in && (s->paused || s->writer == NULL || s->dead))) {
        return;
    }
    const mail m = p->items[p->first];
    p->first = (p->first + 1) % MAIL_MAX;
    p->count--;
    if (p == &s->out) {
        line_takes(w, &m);
    } else {
        guard_hears(w, s, &m);
    }
}

static world *make_world(uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    w->seed = seed;
    w->now_us = 100 * SECOND;
    w->lost = true;
    w->holder = -1;
    w->line[0].act = w->line[1].act = -1;
    for (uint32_t i = 0; i < GUARDS; i++) {
        w->sides[i].crash_in = -1;
    }
    return w;
}

static void free_world(world *w) {
    for (uint32_t i = 0; i < GUARDS; i++) {
        ls_guard_writer_destroy(w->sides[i].writer);
    }
    free(w);
}

// Everything arrives, time passes. Then nothing is open any more.
static void settle_world(world *w) {
    for (int i = 0; i < 60000; i++) {
        move_mail(w);
        if (i % 60 == 0) {
            pass_time(w, SECOND / 20);
        }
    }
}

static void run_until_held(world *w, uint32_t index) {
    for (int i = 0; i < 100000 && !w->sides[index].held; i++) {
        move_mail(w);
        if (i % 20 == 0) {
            pass_time(w, SECOND / 20);
        }
    }
    CHECK(w->sides[index].held);
    for (int i = 0; i < 400; i++) {
        move_mail(w);
    }
}

static void test_commands_get_through_and_are_read_back(void) {
    world *w = make_world(1);
    start_guard(w, 0);
    run_until_held(w, 0);
    for (int i = 0; i < 50; i++) {
        submit(w, 0, 10 * SECOND);
        for (int k = 0; k < 200; k++) {
            move_mail(w);
        }
        pass_time(w, SECOND / 5);
    }
    settle_world(w);
    for (int i = 0; i < w->act_count; i++) {
        CHECK_INT(w->acts[i].last, LS_COMMAND_ACKNOWLEDGED);
        CHECK_INT(w->acts[i].verdicts, 1);
    }
    CHECK_INT(w->sides[0].tripped, 0);
    CHECK_INT(w->sides[0].leases, 1);
    free_world(w);
}

// Died between the row of the outcome and its telling: the row is told after the restart.
static bool has_outcome(const side *s, int index) {
    char id[48];
    snprintf(id, sizeof id, "d-%d", index);
    for (uint32_t i = 0; i < s->row_count; i++) {
        if (s->rows[i].kind == LS_JOURNAL_OUTCOME && strcmp(s->rows[i].command.id, id) == 0) {
            return true;
        }
    }
    return false;
}

// The same short story, and the guard dies at its n-th effect, before or after it, for every n
// until the story is over without a death; then it is started again.
static void test_a_crash_at_every_step(void) {
    uint32_t deaths = 0, kinds[LS_COMMAND_RESULT_COUNT] = {0};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        for (int64_t n = 0; n < 400 && !harness_has_failed(); n++) {
            harness_note("seed %d, effect %d", (int)seed, (int)n);
            world *w = make_world(seed);
            side *s = &w->sides[0];
            s->crash_in = n / 2;
            s->before = n % 2 == 0;
            start_guard(w, 0);
            int submitted = 0;
            bool again = false;
            for (int i = 0; i < 6000; i++) {
                move_mail(w);
                if (i % 25 == 0) {
                    pass_time(w, SECOND / 20);
                }
                if (!s->dead && s->held && submitted < 6 && i % 40 == 0) {
                    submit(w, 0, 2 * SECOND);
                    submitted++;
                }
                if (s->dead && !again) {
                    deaths++;
                    bury_guard(w, 0);
                    s->crash_in = -1;
                    start_guard(w, 0);
                    again = true;
                }
            }
            settle_world(w);
            CHECK(s->held);  // it writes again
            CHECK_INT(ls_guard_writer_describe(s->writer).unsure, 0);
            for (int i = 0; i < w->act_count; i++) {
                kinds[w->acts[i].last]++;
                CHECK(w->acts[i].verdicts <= 2);
                CHECK(w->acts[i].verdicts >= 1 || w->acts[i].done == 0 || has_outcome(s, i));
            }
            const bool died = again;
            free_world(w);
            if (!died) {
                break;
            }
        }
    }
    CHECK(deaths > 300);
    CHECK(kinds[LS_COMMAND_ACKNOWLEDGED] > 100);
    CHECK(kinds[LS_COMMAND_EXPIRED] > 0);
}

// Two guards of two folders, either of which sleeps at times, on a network that takes its time.
static void test_two_guards_never_write_at_once(void) {
    uint32_t carried = 0, changes = 0;
    for (uint64_t seed = 100; seed < 160 && !harness_has_failed(); seed++) {
        harness_note("seed %d", (int)seed);
        world *w = make_world(seed);
        start_guard(w, 0);
        start_guard(w, 1);
        int64_t wake_us[GUARDS] = {0};
        const double pace = draw(w) * 0.1 + 0.003;           // of time against mail
        const double deaths = seed % 2 == 0 ? 0.0 : 0.0008;  // of the broker
        for (int i = 0; i < 20000; i++) {
            move_mail(w);
            if (draw(w) < pace) {
                pass_time(w, SECOND / 20);
            }
            if (draw(w) < deaths) {
                kill_broker(w);
            }
            for (uint32_t g = 0; g < GUARDS; g++) {
                side *s = &w->sides[g];
                if (!s->paused && draw(w) < 0.0002) {
                    s->paused = true;
                    wake_us[g] = w->now_us + (int64_t)(draw(w) * 12.0 * (double)SECOND);
                } else if (s->paused && w->now_us >= wake_us[g]) {
                    s->paused = false;
                }
                if (!s->paused && draw(w) < 0.002 && w->act_count < ACTS_MAX) {
                    submit(w, g, 2 * SECOND);
                }
            }
        }
        w->sides[0].paused = w->sides[1].paused = false;
        settle_world(w);
        carried += w->carried;
        changes += w->sides[0].leases > 0 && w->sides[1].leases > 0;
        for (int i = 0; i < w->act_count; i++) {
            CHECK_INT(w->acts[i].verdicts, 1);
        }
        free_world(w);
    }
    CHECK(carried > 200);
    CHECK(changes > 20);
}

static void test_a_second_guard_waits_while_the_first_beats(void) {
    world *w = make_world(3);
    start_guard(w, 0);
    run_until_held(w, 0);
    start_guard(w, 1);
    settle_world(w);
    CHECK(w->sides[0].held && !w->sides[1].held);
    const int at = w->act_count;
    submit(w, 1, SECOND);
    CHECK_INT(w->acts[at].last, LS_COMMAND_REFUSED);
    ls_guard_writer_able(w->sides[0].writer, false, "the service is silent", w->now_us);
    settle_world(w);
    CHECK(!w->sides[0].held && w->sides[1].held);
    free_world(w);
}

static void test_what_is_not_confirmed_is_lost_and_the_heartbeat_stops(void) {
    world *w = make_world(5);
    start_guard(w, 0);
    run_until_held(w, 0);
    submit(w, 0, SECOND);
    CHECK_INT(w->sides[0].out.count > 0, 1);
    w->sides[0].out.count = 0;  // the wire is cut
    for (int i = 0; i < 70; i++) {
        pass_time(w, SECOND / 20);
    }
    CHECK_INT(w->acts[0].last, LS_COMMAND_LOST);
    CHECK_INT(w->sides[0].tripped, 1);
    CHECK(!w->sides[0].held);
    free_world(w);
}

static void test_without_a_journal_nothing_is_sent(void) {
    world *w = make_world(6);
    start_guard(w, 0);
    run_until_held(w, 0);
    side *s = &w->sides[0];
    s->out.count = 0;
    s->row_count = 0;
    s->crash_in = 0;  // the next effect, which is the row, fails
    s->before = true;
    submit(w, 0, SECOND);
    CHECK_INT(s->out.count, 0);
    free_world(w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_commands_get_through_and_are_read_back);
    TEST(test_a_crash_at_every_step);
    TEST(test_two_guards_never_write_at_once);
    TEST(test_a_second_guard_waits_while_the_first_beats);
    TEST(test_what_is_not_confirmed_is_lost_and_the_heartbeat_stops);
    TEST(test_without_a_journal_nothing_is_sent);
    return harness_report();
}
