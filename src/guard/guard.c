// guard.c - see guard.h. How the parts are put together: the turns of one loop, under one lock.
#include "guard/guard.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "guard/guard_inside.h"
#include "guard/sandbox.h"

enum { TURN_MS = 50 };
#define BY_ARRIVAL "its signals bear the time of arrival alone"

void ls_guard_log(guard *g, const char *text) {
    g->def->say(g->def->context, text);
}

static void wake(guard *g) {
    const uint64_t one = 1;
    (void)!write(g->wake_file, &one, sizeof one);
}

void ls_guard_put_verdict(guard *g, const ls_verdict *verdict, int64_t wall_us) {
    ls_verdict *at = &g->outbox[g->outbox_end % OUTBOX];
    *at = *verdict;
    at->at_us = wall_us;
    g->outbox_end++;
    if (g->outbox_end - g->outbox_said > OUTBOX) {
        g->outbox_said = g->outbox_end - OUTBOX;
    }
    wake(g);
}

// ---- what the writer asks of us

static bool on_send(void *context, uint32_t device, const char *kind, const char *argument,
                    int64_t id) {
    guard *g = context;
    return ls_guard_ear_send(g->ear, device, kind, argument, id);
}

static bool on_beat(void *context, int64_t count) {
    guard *g = context;
    return ls_guard_ear_beat(g->ear, count);
}

bool ls_guard_write(guard *g, const ls_journal_entry *entry, bool durable) {
    ls_journal_entry filled = *entry;
    ls_error err = {0};
    filled.line_us = ls_guard_ear_clock(g->ear).line_us;
    if (ls_guard_journal_append(g->journal, &filled, durable, &err) == LS_OK) {
        g->state->journal_ready = true;
        return true;
    }
    if (g->state->journal_ready) {
        ls_guard_log(g, err.text);
    }
    g->state->journal_ready = false;
    return false;
}

// By how much a value is about to change counts in budgets, also after a restart.
static bool on_journal(void *context, const ls_journal_entry *entry, bool durable) {
    guard *g = context;
    ls_journal_entry filled = *entry;
    if (entry->kind == LS_JOURNAL_SENDING) {
        filled.amount = ls_guard_change_of(g->state, &entry->command);
        if (ls_guard_by_arrival(g->state, &entry->command)) {
            ls_text_format(filled.reason, sizeof filled.reason, BY_ARRIVAL);
        }
    }
    return ls_guard_write(g, &filled, durable);
}

// What the writer knows of the line into what the guards look at.
ls_guard_clock ls_guard_look(guard *g) {
    const ls_guard_clock clock = ls_guard_ear_clock(g->ear);
    const ls_guard_writer_figures w = ls_guard_writer_describe(g->writer);
    ls_guard_line *line = &g->state->line;
    const bool ours = w.heard && clock.mono_us < w.until_us;
    line->lease_held = w.held;
    line->lease_until_us = w.until_us;
    line->beat_sent_us = w.beat_us != 0 ? w.beat_us : LS_GUARD_UNKNOWN;
    if (ours != (line->owner == LS_OWNER_US)) {
        ls_guard_own(g->state, ours ? LS_OWNER_US : LS_OWNER_UNKNOWN, &clock);
    }
    if (ours && g->able) {
        ls_guard_note_healthy(g->state, &clock);
    } else {
        ls_guard_note_unhealthy(g->state, &clock);
    }
    return clock;
}

static bool on_may_send(void *context, const ls_command *commands, uint32_t count, ls_verdict *out,
                        uint32_t *out_at) {
    guard *g = context;
    const ls_guard_clock clock = ls_guard_look(g);
    ls_guard_finding finding;
    ls_guard_note_journalled(g->state, commands, count);
    ls_guard_check_send_together(g->limits, g->state, commands, count, &clock, &finding, out_at);
    *out = (ls_verdict){
        .result = finding.guard == LS_GUARD_EXPIRY ? LS_COMMAND_EXPIRED : LS_COMMAND_REFUSED,
        .guard = finding.guard};
    ls_text_format(out->reason, sizeof out->reason, "%s", finding.reason);
    return finding.guard == LS_GUARD_NONE;
}

static void on_sent(void *context, const ls_command *command) {
    guard *g = context;
    const ls_guard_clock clock = ls_guard_ear_clock(g->ear);
    ls_guard_note_id(g->state, command, LS_COMMAND_SENT, 0);
    ls_guard_note_sent(g->state, command, &clock);
}

static bool on_agrees(void *context, const ls_command *command) {
    guard *g = context;
    return ls_guard_ear_agrees(g->ear, command);
}

// The writer has read the answer twice; so do the guards, and then nothing is pending any more.
static void close_pending(guard *g, const ls_command *command, bool good,
                          const ls_guard_clock *clock) {
    const uint32_t at = ls_guard_target_find(g->limits, command->kind, command->target);
    if (at == LS_NONE) {
        return;
    }
    ls_guard_pending *pending = &g->state->targets[at].pending;
    const double read = command->kind == LS_COMMAND_SETPOINT
                            ? ls_guard_ear_setting(g->ear, g->limits->targets[at].value)
                            : 1.0;
    for (int i = 0; good && i < 2 && pending->open; i++) {
        ls_guard_read_back(g->state, at, &read, LS_READ_LINE, clock);
    }
    pending->open = false;
}

static void on_told(void *context, const ls_command *command, const ls_verdict *verdict) {
    guard *g = context;
    const ls_guard_clock clock = ls_guard_ear_clock(g->ear);
    ls_guard_note_id(g->state, command, verdict->result, verdict->guard);
    if (verdict->result == LS_COMMAND_ACKNOWLEDGED || verdict->result == LS_COMMAND_LOST) {
        ls_guard_note_done(g->state, command);  // what is lost may have been done
    }
    if (verdict->result != LS_COMMAND_SENT) {
        close_pending(g, command, verdict->result == LS_COMMAND_ACKNOWLEDGED, &clock);
    }
    ls_verdict timed = *verdict;
    timed.mono_us = clock.mono_us;
    ls_guard_put_verdict(g, &timed, clock.wall_us);
}

static void on_leased(void *context, bool held, const char *why) {
    guard *g = context;
    char text[300];
    ls_text_format(text, sizeof text,
                   held ? "the line is ours to write"
                        : "the line goes by its "
                          "own rule: %s",
                   why);
    ls_guard_log(g, text);
    wake(g);
}

static void on_tripped(void *context, const char *why) {
    guard *g = context;
    const ls_guard_clock clock = ls_guard_ear_clock(g->ear);
    ls_journal_entry entry = {.kind = LS_JOURNAL_TRIP};
    ls_text_format(entry.reason, sizeof entry.reason, "%s", why);
    ls_guard_note_trip(g->state, &clock);
    ls_guard_note_alarm(g->state, &clock);
    ls_guard_write(g, &entry, true);
    ls_guard_log(g, g->state->latched
                        ? "tripped too often today: nothing is sent until a person resets"
                        : "tripped");
}

static void say_state(guard *g) {
    ls_guard_message m = {.say = LS_SAY_STATE, .of.state.writes = g->was_writing};
    ls_text_format(m.of.state.why, sizeof m.of.state.why, "%s", g->why);
    ls_guard_socket_say(g->socket, &m);
}

static void on_came(void *context) {
    guard *g = context;
    ls_guard_log(g, "the service is connected");
    pthread_mutex_lock(&g->lock);
    g->outbox_said = g->outbox_end > OUTBOX ? g->outbox_end - OUTBOX : 0;  // all we remember
    pthread_mutex_unlock(&g->lock);
    say_state(g);
}

static void on_gone(void *context, const char *why) {
    guard *g = context;
    char text[LS_GUARD_WHY_SIZE];
    ls_text_format(text, sizeof text, "the service is gone: %s", why);
    ls_guard_log(g, text);
    pthread_mutex_lock(&g->lock);
    g->caller_beat_us = 0;
    pthread_mutex_unlock(&g->lock);
}

// ---- the loop

// Why it may not beat; NULL: it may.
static const char *ailment(const guard *g, int64_t now_us) {
    if (g->caller_beat_us == 0 || now_us - g->caller_beat_us > LS_GUARD_SERVICE_US) {
        return "the service is silent";
    }
    if (g->state->latched) {
        return "tripped too often today: a person must reset";
    }
    return g->state->journal_ready ? NULL : "the guard's journal cannot be written";
}

static void take_turn(guard *g) {
    const ls_guard_clock clock = ls_guard_ear_clock(g->ear);
    const char *why = ailment(g, clock.mono_us);
    ls_guard_count_seconds(g, clock.mono_us);
    g->able = why == NULL;
    ls_guard_writer_able(g->writer, g->able, why != NULL ? why : "", clock.mono_us);
    ls_guard_writer_tick(g->writer, clock.mono_us);
    ls_guard_look(g);
    const ls_guard_writer_figures w = ls_guard_writer_describe(g->writer);
    if (w.waiting == 0 && w.on_wire == 0) {
        ls_guard_journal_prepare(g->journal);
    }
    const bool writes = g->state->line.owner == LS_OWNER_US;
    if (why == NULL && !writes) {
        why = ls_guard_ear_away(g->ear);
        why = why != NULL                      ? why
              : !g->state->line.fallback_ready ? "the line is not there"
                                               : "the line does not hear this guard yet";
    }
    why = why != NULL ? why : "";
    if (writes != g->was_writing || strcmp(why, g->why) != 0) {
        g->was_writing = writes;
        ls_text_format(g->why, sizeof g->why, "%s", why);
        say_state(g);
    }
}

static void run(guard *g) {
    while (*g->def->stop == 0) {
        ls_guard_socket_wait(g->socket, g->wake_file, TURN_MS);
        pthread_mutex_lock(&g->lock);
        take_turn(g);
        ls_guard_say_verdicts(g);
        pthread_mutex_unlock(&g->lock);
    }
}

// ---- made

static void on_heard(void *context) {
    ls_guard_write_yields(context);  // the writer has answered already
}

static void on_ear_told(void *context, const char *text) {
    ls_guard_log(context, text);
}

static ls_status make_writer(guard *g, ls_error *err) {
    ls_guard_writer_def def = ls_guard_writer_def_default();
    uint64_t seed = 0;
    (void)!getrandom(&seed, sizeof seed, 0);
    def.devices = ls_guard_ear_devices(g->ear);
    def.device_count = g->limits->machine_count + 1;
    def.line = g->limits->machine_count;
    def.read_back_us = g->limits->guards->read_back_us;
    // Often enough that one beat may be late within what the guards allow.
    def.beat_us = g->limits->guards->heartbeat_us / 4 < def.beat_us
                      ? g->limits->guards->heartbeat_us / 4
                      : def.beat_us;
    def.seed = seed;
    def.send = on_send;
    def.beat = on_beat;
    def.journal = on_journal;
    def.may_send = on_may_send;
    def.sent = on_sent;
    def.agrees = on_agrees;
    def.told = on_told;
    def.leased = on_leased;
    def.tripped = on_tripped;
    def.context = g;
    return ls_guard_writer_create(&def, &g->writer, err);
}

static ls_status make(guard *g, ls_error *err) {
    const ls_guard_ear_def ear = {.lock = &g->lock,
                                  .broker_folder = g->def->broker_folder,
                                  .heard = on_heard,
                                  .told = on_ear_told,
                                  .context = g};
    const ls_guard_socket_def socket = {.folder = g->def->folder,
                                        .message = ls_guard_take_message,
                                        .came = on_came,
                                        .gone = on_gone,
                                        .context = g};
    ls_guard_ear_def full = ear;
    char login[4096];
    ls_text_format(login, sizeof login, "%s/login", g->def->folder);
    full.login = access(login, F_OK) == 0 ? login : NULL;
    ls_status status = ls_guard_limits_create(g->def->plant, &g->limits, err);
    if (status == LS_OK) {
        status = ls_guard_state_create(g->limits, &g->state, err);
    }
    if (status == LS_OK) {
        full.limits = g->limits;
        full.state = g->state;
        status = ls_guard_ear_create(&full, &g->ear, err);
    }
    if (status == LS_OK) {
        status = make_writer(g, err);
    }
    if (status == LS_OK) {
        status = ls_guard_socket_folder(g->def->folder, err);
    }
    if (status == LS_OK) {
        status = ls_guard_open_journal(g, err);
    }
    if (status == LS_OK) {
        status = ls_guard_ear_start(g->ear, g->writer, err);
    }
    if (status == LS_OK) {
        status = ls_guard_socket_open(&socket, &g->socket, err);
    }
    return status;
}

static void enter_sandbox(guard *g) {
    char why[LS_GUARD_WHY_SIZE];
    if (g->def->sandbox) {
        ls_guard_log(g, ls_guard_sandbox_enter(why, sizeof why) ? "the sandbox is closed" : why);
    }
}

ls_status ls_guard_run(const ls_guard_def *def, ls_error *err) {
    guard *g = ls_alloc(sizeof *g);
    if (g == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard");
    }
    g->def = def;
    g->wake_file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&g->lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
    const ls_status status = make(g, err);
    if (status == LS_OK) {
        enter_sandbox(g);
        ls_guard_log(g, "the guard is ready");
        run(g);
        pthread_mutex_lock(&g->lock);
        ls_guard_write(g, &(ls_journal_entry){.kind = LS_JOURNAL_STOPPED}, false);
        pthread_mutex_unlock(&g->lock);
    }
    ls_guard_socket_close(g->socket);
    ls_guard_ear_destroy(g->ear);
    ls_guard_journal_close(g->journal);
    ls_guard_writer_destroy(g->writer);
    ls_guard_state_destroy(g->state);
    ls_guard_limits_destroy(g->limits);
    ls_free(g->yields);
    pthread_mutex_destroy(&g->lock);
    close(g->wake_file);
    ls_free(g);
    return status;
}
