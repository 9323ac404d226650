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
#include "guard/check.h"
#include "guard/hear.h"
#include "guard/sandbox.h"
#include "guard/socket.h"

enum {
    OUTBOX = 1024,
    TURN_MS = 50,
    ROWS_A_SECOND = 20,        // of refusals in the journal; more are counted
    COMMANDS_A_SECOND = 2000,  // looked at; more are refused without a look
};

typedef struct guard {
    const ls_guard_def *def;
    ls_guard_limits *limits;
    ls_guard_state *state;
    ls_guard_journal *journal;
    ls_guard_writer *writer;
    ls_guard_ear *ear;
    ls_guard_socket *socket;
    pthread_mutex_t lock;  // recursive; of all but the socket
    int wake_file;
    ls_verdict outbox[OUTBOX];  // a ring of the newest: told, and told again to a caller that comes
    uint64_t outbox_end, outbox_said;
    int64_t caller_beat_us;  // monotonic; 0: never
    bool able, was_writing;
    char why[LS_GUARD_WHY_SIZE];
    int64_t second_us;  // of the two counts
    uint32_t commands, rows, unwritten;
} guard;

static void say(guard *g, const char *text) {
    g->def->say(g->def->context, text);
}

static void wake(guard *g) {
    const uint64_t one = 1;
    (void)!write(g->wake_file, &one, sizeof one);
}

static void put_verdict(guard *g, const ls_verdict *verdict, int64_t wall_us) {
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

static bool journal(guard *g, const ls_journal_entry *entry, bool durable) {
    ls_journal_entry filled = *entry;
    ls_error err = {0};
    filled.line_us = ls_guard_ear_clock(g->ear).line_us;
    if (ls_guard_journal_append(g->journal, &filled, durable, &err) == LS_OK) {
        g->state->journal_ready = true;
        return true;
    }
    if (g->state->journal_ready) {
        say(g, err.text);
    }
    g->state->journal_ready = false;
    return false;
}

static bool on_journal(void *context, const ls_journal_entry *entry, bool durable) {
    return journal(context, entry, durable);
}

// What the writer knows of the line into what the guards look at.
static ls_guard_clock look(guard *g) {
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
        g->state->healthy_since_us = LS_GUARD_UNKNOWN;
    }
    return clock;
}

static bool on_may_send(void *context, const ls_command *command, ls_verdict *out) {
    guard *g = context;
    const ls_guard_clock clock = look(g);
    ls_guard_finding finding;
    g->state->journal_id = ls_guard_hash(command->id);
    ls_guard_check_send(g->limits, g->state, command, &clock, &finding);
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
    if (verdict->result != LS_COMMAND_SENT) {
        close_pending(g, command, verdict->result == LS_COMMAND_ACKNOWLEDGED, &clock);
    }
    put_verdict(g, verdict, clock.wall_us);
}

static void on_leased(void *context, bool held, const char *why) {
    guard *g = context;
    char text[300];
    ls_text_format(text, sizeof text,
                   held ? "the line is ours to write"
                        : "the line goes by its "
                          "own rule: %s",
                   why);
    say(g, text);
    wake(g);
}

static void on_tripped(void *context, const char *why) {
    guard *g = context;
    const ls_guard_clock clock = ls_guard_ear_clock(g->ear);
    ls_journal_entry entry = {.kind = LS_JOURNAL_TRIP};
    ls_text_format(entry.reason, sizeof entry.reason, "%s", why);
    ls_guard_note_trip(g->state, &clock);
    ls_guard_note_alarm(g->state, &clock);
    journal(g, &entry, true);
    say(g, g->state->latched ? "tripped too often today: nothing is sent until a person resets"
                             : "tripped");
}

// ---- from the journal

static void on_row(void *context, const ls_journal_entry *entry) {
    guard *g = context;
    // Monotonic times of before are of another process, perhaps of another boot.
    const ls_guard_clock then = {
        .mono_us = 0, .wall_us = entry->wall_us, .line_us = entry->line_us};
    ls_guard_writer_restore(g->writer, entry);
    switch (entry->kind) {
    case LS_JOURNAL_SENDING:
        ls_guard_note_id(g->state, &entry->command, LS_COMMAND_SENT, 0);
        ls_guard_note_sent(g->state, &entry->command, &then);
        close_pending(g, &entry->command, false, &then);
        break;
    case LS_JOURNAL_OUTCOME: {
        ls_verdict verdict = {.result = entry->result, .guard = entry->guard};
        memcpy(verdict.id, entry->command.id, sizeof verdict.id);
        memcpy(verdict.reason, entry->reason, sizeof verdict.reason);
        ls_guard_note_id(g->state, &entry->command, entry->result, entry->guard);
        put_verdict(g, &verdict, entry->wall_us);
        break;
    }
    case LS_JOURNAL_REFUSED:
        ls_guard_note_id(g->state, &entry->command, LS_COMMAND_REFUSED, entry->guard);
        break;
    case LS_JOURNAL_HOLD:
        if (entry->on) {
            ls_guard_hold_put(g->state, entry->point, entry->who, entry->role);
        } else {
            ls_guard_hold_lift(g->state, entry->point, LS_ROLE_ENGINEER);
        }
        break;
    case LS_JOURNAL_TRIP: ls_guard_note_trip(g->state, &then); break;
    case LS_JOURNAL_RESET: ls_guard_reset_trips(g->state, entry->role); break;
    default: break;
    }
}

static ls_status put_row(ls_guard_journal *j, const ls_journal_entry *entry, ls_error *err) {
    return ls_guard_journal_append(j, entry, false, err);
}

// A new generation of the journal begins with what still counts: ids used, holds, trips, what is
// under way. Ids seen, sequences and windows are in the generation before.
static ls_status on_summary(void *context, ls_guard_journal *j, ls_error *err) {
    guard *g = context;
    ls_status status = LS_OK;
    for (uint32_t i = 0; status == LS_OK && i <= g->limits->machine_count; i++) {
        ls_journal_entry row = {.kind = LS_JOURNAL_LINE_ID,
                                .line_id = ls_guard_writer_used(g->writer, i)};
        ls_text_format(row.command.device, sizeof row.command.device, "%s",
                       ls_guard_ear_devices(g->ear)[i]);
        status = put_row(j, &row, err);
    }
    for (uint32_t i = 0; status == LS_OK && i < g->state->hold_count; i++) {
        const ls_guard_hold *hold = &g->state->holds[i];
        ls_journal_entry row = {.kind = LS_JOURNAL_HOLD, .on = true, .role = hold->role};
        memcpy(row.point, hold->point, sizeof row.point);
        memcpy(row.who, hold->who, sizeof row.who);
        status = put_row(j, &row, err);
    }
    for (uint32_t i = 0; status == LS_OK && i < g->state->trip_count; i++) {
        const ls_journal_entry row = {.kind = LS_JOURNAL_TRIP, .wall_us = g->state->trips[i]};
        status = put_row(j, &row, err);
    }
    ls_journal_entry row;
    for (uint32_t i = 0; status == LS_OK && ls_guard_writer_open_row(g->writer, i, &row); i++) {
        status = put_row(j, &row, err);
    }
    return status;
}

// ---- from the caller

static void refuse(guard *g, const ls_command *command, uint32_t number, const char *reason,
                   int64_t wall_us) {
    ls_verdict verdict = {.result = LS_COMMAND_REFUSED, .guard = number};
    ls_journal_entry row = {.kind = LS_JOURNAL_REFUSED, .command = *command, .guard = number};
    memcpy(verdict.id, command->id, sizeof verdict.id);
    ls_text_format(verdict.reason, sizeof verdict.reason, "%s", reason);
    ls_text_format(row.reason, sizeof row.reason, "%s", reason);
    if (g->rows < ROWS_A_SECOND) {
        g->rows++;
        journal(g, &row, false);
    } else {
        g->unwritten++;
    }
    put_verdict(g, &verdict, wall_us);
}

static void take_command(guard *g, const ls_command *command) {
    const ls_guard_clock clock = look(g);
    ls_guard_finding finding;
    if (g->commands++ >= COMMANDS_A_SECOND) {
        refuse(g, command, LS_GUARD_FREQUENCY, "too many commands in one second", clock.wall_us);
        return;
    }
    ls_guard_check(g->limits, g->state, command, &clock, &finding);
    if (finding.again) {
        ls_verdict verdict = {.result = finding.before, .guard = finding.guard};
        memcpy(verdict.id, command->id, sizeof verdict.id);
        ls_text_format(verdict.reason, sizeof verdict.reason, "decided before");
        put_verdict(g, &verdict, clock.wall_us);
    } else if (finding.guard != LS_GUARD_NONE) {
        if (finding.guard != LS_GUARD_IDEMPOTENCE) {
            ls_guard_note_id(g->state, command, LS_COMMAND_REFUSED, finding.guard);
        }
        refuse(g, command, finding.guard, finding.reason, clock.wall_us);
    } else {
        ls_guard_writer_submit(g->writer, command, clock.mono_us);
    }
}

static void take_hold(guard *g, const ls_guard_message *m) {
    ls_journal_entry row = {
        .kind = LS_JOURNAL_HOLD, .on = m->of.hold.hold, .role = m->of.hold.role};
    memcpy(row.point, m->of.hold.point, sizeof row.point);
    memcpy(row.who, m->of.hold.who, sizeof row.who);
    const bool done = row.on ? ls_guard_hold_put(g->state, row.point, row.who, row.role)
                             : ls_guard_hold_lift(g->state, row.point, row.role);
    if (!done) {
        say(g, row.on ? "a hold was not put: it is not for that role"
                      : "a hold was not lifted: it is not there, or of a higher role");
    } else if (!journal(g, &row, true) && !row.on) {
        // A hold that cannot be taken off the disk comes back at the next start: so it stays.
        ls_guard_hold_put(g->state, row.point, row.who, row.role);
    }
}

static void take_reset(guard *g, const ls_guard_message *m) {
    ls_journal_entry row = {.kind = LS_JOURNAL_RESET, .role = m->of.hold.role};
    memcpy(row.who, m->of.hold.who, sizeof row.who);
    if (ls_guard_reset_trips(g->state, row.role)) {
        journal(g, &row, true);
        say(g, "trips are reset");
    } else {
        say(g, "trips are not reset: that is not for this role");
    }
}

static void say_verdicts(guard *g) {
    while (ls_guard_socket_has_caller(g->socket) && g->outbox_said < g->outbox_end) {
        const ls_guard_message m = {.say = LS_SAY_VERDICT,
                                    .of.verdict = g->outbox[g->outbox_said++ % OUTBOX]};
        ls_guard_socket_say(g->socket, &m);
    }
}

static void on_message(void *context, const ls_guard_message *message) {
    guard *g = context;
    pthread_mutex_lock(&g->lock);
    switch (message->say) {
    case LS_SAY_COMMAND: take_command(g, &message->of.command); break;
    case LS_SAY_HOLD: take_hold(g, message); break;
    case LS_SAY_RESET: take_reset(g, message); break;
    case LS_SAY_BEAT: g->caller_beat_us = ls_guard_ear_clock(g->ear).mono_us; break;
    default: break;  // verdicts and states are ours to say
    }
    say_verdicts(g);  // at once: of a flood none is lost
    pthread_mutex_unlock(&g->lock);
}

static void say_state(guard *g) {
    ls_guard_message m = {.say = LS_SAY_STATE, .of.state.writes = g->was_writing};
    ls_text_format(m.of.state.why, sizeof m.of.state.why, "%s", g->why);
    ls_guard_socket_say(g->socket, &m);
}

static void on_came(void *context) {
    guard *g = context;
    say(g, "the service is connected");
    pthread_mutex_lock(&g->lock);
    g->outbox_said = g->outbox_end > OUTBOX ? g->outbox_end - OUTBOX : 0;  // all we remember
    pthread_mutex_unlock(&g->lock);
    say_state(g);
}

static void on_gone(void *context, const char *why) {
    guard *g = context;
    char text[LS_GUARD_WHY_SIZE];
    ls_text_format(text, sizeof text, "the service is gone: %s", why);
    say(g, text);
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

static void count_seconds(guard *g, int64_t now_us) {
    if (now_us - g->second_us < 1000000) {
        return;
    }
    if (g->unwritten > 0) {
        ls_journal_entry row = {.kind = LS_JOURNAL_LEASE, .on = g->state->line.lease_held};
        ls_text_format(row.reason, sizeof row.reason, "%u more commands were refused",
                       g->unwritten);
        journal(g, &row, false);
        say(g, row.reason);
    }
    if (!g->state->journal_ready) {  // is it writable again?
        journal(g, &(ls_journal_entry){.kind = LS_JOURNAL_LEASE, .reason = "again"}, true);
    }
    g->second_us = now_us;
    g->commands = g->rows = g->unwritten = 0;
}

static void take_turn(guard *g) {
    const ls_guard_clock clock = ls_guard_ear_clock(g->ear);
    const char *why = ailment(g, clock.mono_us);
    count_seconds(g, clock.mono_us);
    g->able = why == NULL;
    ls_guard_writer_able(g->writer, g->able, why != NULL ? why : "", clock.mono_us);
    ls_guard_writer_tick(g->writer, clock.mono_us);
    look(g);
    const bool writes = g->state->line.owner == LS_OWNER_US;
    if (why == NULL && !writes) {
        why = !ls_guard_ear_is_connected(g->ear) ? "the broker cannot be reached"
              : !g->state->line.fallback_ready   ? "the line is not there"
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
        say_verdicts(g);
        pthread_mutex_unlock(&g->lock);
    }
}

// ---- made

static void on_heard(void *context) {
    (void)context;  // the writer has answered already; the loop looks often enough
}

static void on_ear_told(void *context, const char *text) {
    say(context, text);
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

static ls_status make_journal(guard *g, ls_error *err) {
    const ls_guard_journal_def def = {
        .folder = g->def->folder, .told = on_row, .summary = on_summary, .context = g};
    const ls_status status = ls_guard_journal_open(&def, &g->journal, err);
    if (status == LS_OK) {
        g->state->journal_ready = true;
        ls_guard_writer_restored(g->writer);
    }
    return status;
}

static ls_status make(guard *g, ls_error *err) {
    const ls_guard_ear_def ear = {.lock = &g->lock,
                                  .broker_folder = g->def->broker_folder,
                                  .heard = on_heard,
                                  .told = on_ear_told,
                                  .context = g};
    const ls_guard_socket_def socket = {.folder = g->def->folder,
                                        .message = on_message,
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
        status = make_journal(g, err);
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
        say(g, ls_guard_sandbox_enter(why, sizeof why) ? "the sandbox is closed" : why);
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
        say(g, "the guard is ready");
        run(g);
    }
    ls_guard_socket_close(g->socket);
    ls_guard_ear_destroy(g->ear);
    ls_guard_journal_close(g->journal);
    ls_guard_writer_destroy(g->writer);
    ls_guard_state_destroy(g->state);
    ls_guard_limits_destroy(g->limits);
    pthread_mutex_destroy(&g->lock);
    close(g->wake_file);
    ls_free(g);
    return status;
}
