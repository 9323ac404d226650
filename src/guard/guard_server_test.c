// guard_server_test.c - the guard as it runs: the real process, a real broker, the emulated line,
// and what can happen to each of them.
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <lineshaft/plant.h>

#include "guard/check.h"
#include "guard/testing/link_case.h"
#include "line/broker.h"
#include "line/driver.h"
#include "line/emulate_play.h"
#include "tests/harness.h"
#include "tests/servers/child.h"

enum { TAGS_MAX = 1024, TEXT_SIZE = 256, WAIT_MS = 60000 };

typedef struct ear {  // the last value of every tag
    pthread_mutex_t lock;
    ls_tags *tags;
    int64_t number[TAGS_MAX];
    char text[TAGS_MAX][TEXT_SIZE];
    char arrived[TEXT_SIZE];  // the last lot at grind
    uint64_t arrivals;
    uint64_t lost_times;  // how often HeartbeatLost became true
} ear;

typedef struct rig {
    char folder[32], plant_file[64], data[64], broker_folder[96], journal[96];
    ls_broker *broker;
    ls_plant *plant;
    ls_emulate_play *play;
    ls_driver *driver;  // hears the line
    ls_sink sink;
    ear ear;
    pid_t guard;
    ls_guard_link *link;
    verdicts verdicts;
    pthread_mutex_t lock;  // of what else the guard says
    bool there;
    char why[240];
    uint64_t ticket;  // of the last deed
    ls_guard_answer answer;
    uint32_t stands[LS_STANDS_KIND_COUNT];
    ls_guard_standing standing;  // told last
    bool beats, steps;           // the service's loop and the line's are alive
    int64_t beat_us;
    uint32_t commands;
} rig;

static ls_error err;

static int64_t wall_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// ---- what the line tells

static void keep(ear *e, const ls_sample *s) {
    const ls_tag *tag = ls_tags_get(e->tags, s->tag);
    if (s->tag >= TAGS_MAX || s->quality != LS_QUALITY_GOOD) {
        return;
    }
    if (s->kind != LS_VALUE_TEXT) {
        e->lost_times += strcmp(tag->name, "gearbox/cell/line/HeartbeatLost") == 0 &&
                         s->value.integer != 0 && e->number[s->tag] == 0;
        e->number[s->tag] = s->value.integer;
        return;
    }
    snprintf(e->text[s->tag], TEXT_SIZE, "%.*s", (int)s->size, s->value.text);
    if (strcmp(tag->name, "gearbox/cell/line/Arrived") == 0 &&
        strstr(e->text[s->tag], " station=grind ") != NULL) {
        snprintf(e->arrived, TEXT_SIZE, "%.*s", (int)strcspn(e->text[s->tag], " "),
                 e->text[s->tag]);
        e->arrivals++;
    }
}

static bool on_heard(void *context, const ls_sample *samples, size_t count) {
    ear *e = context;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < count; i++) {
        keep(e, samples + i);
    }
    pthread_mutex_unlock(&e->lock);
    return true;
}

static void on_noticed(void *context, const ls_notice *notice) {
    (void)context;
    (void)notice;
}

static int64_t heard(rig *r, const char *name) {
    const uint32_t tag = ls_tags_find(r->ear.tags, name, strlen(name));
    pthread_mutex_lock(&r->ear.lock);
    const int64_t number = tag < TAGS_MAX ? r->ear.number[tag] : -1;
    pthread_mutex_unlock(&r->ear.lock);
    return number;
}

static bool heard_text(rig *r, const char *name, const char *text) {
    const uint32_t tag = ls_tags_find(r->ear.tags, name, strlen(name));
    pthread_mutex_lock(&r->ear.lock);
    const bool same = tag < TAGS_MAX && strcmp(r->ear.text[tag], text) == 0;
    pthread_mutex_unlock(&r->ear.lock);
    return same;
}

// ---- what the guard says

static void on_verdict(void *context, const ls_verdict *verdict) {
    rig *r = context;
    verdicts_keep(&r->verdicts, verdict);
}

static void on_changed(void *context, bool there, const char *why) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    r->there = there;
    snprintf(r->why, sizeof r->why, "%s", why);
    pthread_mutex_unlock(&r->lock);
}

// ---- the world goes on

static void turn(rig *r) {
    int64_t sleep_us = 2000;
    if (r->steps) {
        CHECK_INT(ls_emulate_play_step(r->play, &sleep_us, &err), LS_OK);
    }
    if (r->beats && now_us() - r->beat_us > 100000) {
        r->beat_us = now_us();
        ls_guard_link_beat(r->link);
    }
    nanosleep(
        &(struct timespec){.tv_nsec = (sleep_us < 0 || sleep_us > 2000 ? 2000 : sleep_us) * 1000},
        NULL);
}

#define WAIT_FOR(r, condition)                                            \
    do {                                                                  \
        const int64_t wait_until_us = now_us() + (int64_t)WAIT_MS * 1000; \
        while (!(condition) && now_us() < wait_until_us) {                \
            turn(r);                                                      \
        }                                                                 \
        CHECK(condition);                                                 \
    } while (0)

static void pass(rig *r, int64_t us) {
    const int64_t until_us = now_us() + us;
    while (now_us() < until_us) {
        turn(r);
    }
}

static bool is_final(rig *r, const char *id, ls_verdict *out) {
    return verdicts_newest(&r->verdicts, id, out) && out->result != LS_COMMAND_SENT;
}

static ls_command a_command(rig *r, ls_command_kind kind, const char *machine,
                            const char *argument) {
    return link_case_command(++r->commands, kind, "dispatch grind", machine, argument, now_us());
}

// Sends and waits for the end of it.
static ls_verdict command(rig *r, ls_command_kind kind, const char *machine, const char *argument) {
    const ls_command c = a_command(r, kind, machine, argument);
    ls_verdict v = {.result = LS_COMMAND_RESULT_COUNT};
    CHECK_INT(ls_guard_link_send(r->link, &c, &err), LS_OK);
    WAIT_FOR(r, is_final(r, c.id, &v));
    return v;
}

static void on_stands(void *context, const ls_guard_standing *standing) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    r->stands[standing->kind]++;
    r->standing = *standing;
    pthread_mutex_unlock(&r->lock);
}

static void on_answered(void *context, const ls_guard_answer *answer) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    r->answer = *answer;
    pthread_mutex_unlock(&r->lock);
}

static ls_guard_deed deed_of(ls_guard_deed_kind kind, const char *what, ls_role role) {
    ls_guard_deed d = {.kind = kind, .role = role, .who = "kim"};
    snprintf(d.what, sizeof d.what, "%s", what);
    return d;
}

static bool is_answered(rig *r) {
    pthread_mutex_lock(&r->lock);
    const bool answered = r->answer.ticket == r->ticket;
    pthread_mutex_unlock(&r->lock);
    return answered;
}

// A person does it; the guard's answer. What stands then is counted in r->stands.
static bool person(rig *r, ls_guard_deed d) {
    pthread_mutex_lock(&r->lock);
    memset(r->stands, 0, sizeof r->stands);
    d.ticket = ++r->ticket;
    pthread_mutex_unlock(&r->lock);
    CHECK_INT(ls_guard_link_do(r->link, &d, &err), LS_OK);
    WAIT_FOR(r, is_answered(r));
    return is_answered(r) && r->answer.done;
}

// Until a hold gets through: it may be that the machine has just failed or is being set up, and
// after a failure the guard wants to be healthy for twice the heartbeat first.
static bool held(rig *r, const char *argument) {
    ls_verdict v = {.result = LS_COMMAND_RESULT_COUNT};
    for (int i = 0; i < 300 && v.result != LS_COMMAND_ACKNOWLEDGED; i++) {
        v = command(r, LS_COMMAND_HOLD, "grind-1", argument);
        if (v.result != LS_COMMAND_ACKNOWLEDGED) {
            pass(r, 200000);
        }
    }
    harness_note("last: %s, guard %u, %s", v.id, v.guard, v.reason);
    CHECK_INT(v.result, LS_COMMAND_ACKNOWLEDGED);
    return v.result == LS_COMMAND_ACKNOWLEDGED;
}

static bool wait_until_it_writes(rig *r) {
    WAIT_FOR(r, ls_guard_link_is_there(r->link));
    return held(r, "0");
}

// Until this guard is the first to say no: those before it may, for the moment.
static bool stopped_by(rig *r, uint32_t guard) {
    ls_verdict v = {.result = LS_COMMAND_RESULT_COUNT};
    for (int i = 0; i < 300 && v.guard != guard; i++) {
        v = command(r, LS_COMMAND_HOLD, "grind-1", "0");
        if (v.guard != guard) {
            pass(r, 200000);
        }
    }
    harness_note("last: %s, guard %u, %s", v.id, v.guard, v.reason);
    CHECK_INT(v.result, LS_COMMAND_REFUSED);
    return v.guard == guard;
}

// ---- the rig

static void write_plant(rig *r, const char *more) {
    uint64_t size = 0;
    char *text = harness_read_file(harness_source_path("examples/gearbox/cell.yaml"), &size);
    char *mode = text != NULL ? strstr(text, "mode: approve") : NULL;
    FILE *file = fopen(r->plant_file, "w");
    CHECK(mode != NULL && file != NULL);
    if (mode != NULL && file != NULL) {
        memcpy(mode, "mode: auto   ", 13);
        CHECK(fputs(text, file) >= 0 && fputs(more, file) >= 0);
    }
    if (file != NULL) {
        CHECK_INT(fclose(file), 0);
    }
    free(text);
}

static void start_guard(rig *r, const char *data, pid_t *out) {
    char log[192];
    snprintf(log, sizeof log, "%s.log", data);
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *const argv[] = {
        program != NULL ? program : "lineshaft", "guard", r->plant_file, "--data", data, NULL};
    *out = child_start(argv, NULL, log);
}

static bool rig_start(rig *r, const char *more, double speed) {
    memset(r, 0, sizeof *r);
    snprintf(r->folder, sizeof r->folder, "/tmp/ls-guard-XXXXXX");
    CHECK(mkdtemp(r->folder) != NULL);
    snprintf(r->plant_file, sizeof r->plant_file, "%s/cell.yaml", r->folder);
    snprintf(r->data, sizeof r->data, "%s/data", r->folder);
    snprintf(r->broker_folder, sizeof r->broker_folder, "%s/broker", r->data);
    snprintf(r->journal, sizeof r->journal, "%s/guard/journal", r->data);
    CHECK_INT(mkdir(r->data, 0700), 0);
    write_plant(r, more);
    pthread_mutex_init(&r->lock, NULL);
    pthread_mutex_init(&r->verdicts.lock, NULL);
    pthread_mutex_init(&r->ear.lock, NULL);
    r->beats = r->steps = true;
    CHECK_INT(ls_plant_load(r->plant_file, &r->plant, NULL, &err), LS_OK);
    CHECK_INT(ls_tags_create(&r->ear.tags, &err), LS_OK);
    if (r->plant == NULL) {
        printf("%s\n", err.text);
        return false;
    }
    ls_broker_def broker = ls_broker_def_default();
    broker.folder = r->broker_folder;
    broker.listen = &r->plant->listen;
    CHECK_INT(ls_broker_start(&broker, &r->broker, &err), LS_OK);
    r->sink = (ls_sink){.context = &r->ear,
                        .tags = r->ear.tags,
                        .heard = on_heard,
                        .noticed = on_noticed,
                        .broker_folder = r->broker_folder};
    CHECK_INT(ls_driver_sparkplug.open(&r->plant->listen, &r->plant->listen.sources[0], &r->sink,
                                       &r->driver, &err),
              LS_OK);
    ls_broker_access access;
    CHECK_INT(ls_broker_access_get(r->broker_folder, LS_BROKER_LINE, &access, &err), LS_OK);
    ls_emulate_play_def play = ls_emulate_play_def_default();
    play.plant = r->plant;
    play.seed = 1;
    play.speed = speed;
    play.url = access.url;
    play.login = access.login;
    start_guard(r, r->data, &r->guard);
    char path[160];
    snprintf(path, sizeof path, "%s/guard", r->data);
    const ls_guard_link_def link = {.folder = path,
                                    .verdict = on_verdict,
                                    .changed = on_changed,
                                    .stands = on_stands,
                                    .answered = on_answered,
                                    .context = r};
    CHECK_INT(ls_guard_link_open(&link, &r->link, &err), LS_OK);
    CHECK_INT(ls_emulate_play_create(&play, &r->play, &err), LS_OK);
    return r->broker != NULL && r->driver != NULL && r->play != NULL && r->link != NULL;
}

static void show_log(const rig *r) {
    char path[192];
    snprintf(path, sizeof path, "%s.log", r->data);
    char *text = harness_read_file(path, NULL);
    printf("%s\n", text != NULL ? text : "no log");
    free(text);
}

static void rig_stop(rig *r) {
    if (harness_has_failed()) {
        show_log(r);
    }
    ls_guard_link_close(r->link);
    if (r->guard > 0) {
        kill(r->guard, SIGTERM);
        CHECK_INT(child_wait(r->guard), 0);
    }
    ls_emulate_play_destroy(r->play);
    ls_driver_sparkplug.close(r->driver);
    ls_broker_stop(r->broker);
    ls_tags_destroy(r->ear.tags);
    ls_plant_destroy(r->plant);
    pthread_mutex_destroy(&r->lock);
    pthread_mutex_destroy(&r->verdicts.lock);
    pthread_mutex_destroy(&r->ear.lock);
    char script[128];
    snprintf(script, sizeof script, "rm -rf '%s'", r->folder);
    child_wait(child_start_shell(script));
}

static void kill_guard(rig *r) {
    kill(r->guard, SIGKILL);
    child_wait(r->guard);
    r->guard = 0;
}

static rig *make_rig(const char *more, double speed) {
    rig *r = calloc(1, sizeof *r);
    CHECK(r != NULL);
    if (r != NULL && !rig_start(r, more, speed)) {
        rig_stop(r);
        free(r);
        return NULL;
    }
    return r;
}

static void end_rig(rig *r) {
    rig_stop(r);
    free(r);
}

// ---- tests

// The newest lot at the grinders is taken next by the one it was sent to.
static bool dispatch_one(rig *r) {
    static const char *const machines[] = {"grind-1", "grind-2"};
    pthread_mutex_lock(&r->ear.lock);
    const uint64_t before = r->ear.arrivals;
    pthread_mutex_unlock(&r->ear.lock);
    WAIT_FOR(r, __atomic_load_n(&r->ear.arrivals, __ATOMIC_SEQ_CST) > before);
    char lot[TEXT_SIZE], tag[64];
    pthread_mutex_lock(&r->ear.lock);
    snprintf(lot, sizeof lot, "%s", r->ear.arrived);
    pthread_mutex_unlock(&r->ear.lock);
    const char *machine = machines[r->commands % 2];
    if (command(r, LS_COMMAND_DISPATCH, machine, lot).result != LS_COMMAND_ACKNOWLEDGED) {
        return false;  // it was taken while we spoke
    }
    snprintf(tag, sizeof tag, "gearbox/cell/%s/Lots", machine);
    const int64_t until_us = now_us() + 20000000;
    while (!heard_text(r, tag, lot) && now_us() < until_us) {
        turn(r);
    }
    return heard_text(r, tag, lot);
}

static void test_a_dispatch_gets_through_and_is_obeyed(void) {
    rig *r = make_rig("guards: {heartbeat: 3 s}\n", 60.0);
    if (r == NULL) {
        return;
    }
    if (wait_until_it_writes(r)) {
        bool obeyed = false;
        for (int i = 0; i < 40 && !obeyed; i++) {
            obeyed = dispatch_one(r);
        }
        CHECK(obeyed);
        CHECK_INT(heard(r, "gearbox/cell/line/HeartbeatLost"), 0);
        // A lot that is not there, a machine that is not there, the same id twice.
        CHECK_INT(command(r, LS_COMMAND_DISPATCH, "grind-1", "gear-x-1").guard,
                  LS_GUARD_CONSERVATION);
        CHECK_INT(command(r, LS_COMMAND_DISPATCH, "grind-9", "gear-a-1").result,
                  LS_COMMAND_REFUSED);
        ls_command c;
        ls_verdict v = {0};
        uint64_t before = 0;
        for (int i = 0; i < 100 && v.result != LS_COMMAND_ACKNOWLEDGED; i++) {
            pass(r, i > 0 ? 300000 : 0);  // it may be that the machine has just failed
            c = a_command(r, LS_COMMAND_HOLD, "grind-2", "0");
            before = ls_emulate_play_describe(r->play).line.commands;
            CHECK_INT(ls_guard_link_send(r->link, &c, &err), LS_OK);
            WAIT_FOR(r, is_final(r, c.id, &v));
        }
        harness_note("%s: guard %u, %s", v.id, v.guard, v.reason);
        CHECK_INT(v.result, LS_COMMAND_ACKNOWLEDGED);
        CHECK_INT(ls_guard_link_send(r->link, &c, &err), LS_OK);
        WAIT_FOR(
            r, verdicts_newest(&r->verdicts, c.id, &v) && strcmp(v.reason, "decided before") == 0);
        CHECK_INT(v.result, LS_COMMAND_ACKNOWLEDGED);
        pass(r, 300000);
        CHECK_INT(ls_emulate_play_describe(r->play).line.commands - before, 2);  // done, and asked
    }
    end_rig(r);
}

static void test_when_the_line_falls_silent_nothing_is_sent(void) {
    rig *r = make_rig("guards: {heartbeat: 3 s}\n", 60.0);
    if (r != NULL && wait_until_it_writes(r)) {
        r->steps = false;
        WAIT_FOR(r, !ls_guard_link_is_there(r->link));
        const uint64_t before = ls_emulate_play_describe(r->play).line.commands;
        const ls_verdict v = command(r, LS_COMMAND_HOLD, "grind-1", "");
        CHECK_INT(v.result, LS_COMMAND_REFUSED);
        CHECK(v.guard != 0);
        r->steps = true;
        WAIT_FOR(r, ls_guard_link_is_there(r->link));
        pass(r, 300000);
        CHECK_INT(heard_text(r, "gearbox/cell/grind-1/Command/Kind", "fence"), 1);
        CHECK(ls_emulate_play_describe(r->play).line.commands >= before);
    }
    if (r != NULL) {
        end_rig(r);
    }
}

static void test_when_the_service_hangs_the_line_goes_by_its_own_rule(void) {
    rig *r = make_rig("guards: {heartbeat: 3 s}\n", 60.0);
    if (r != NULL && wait_until_it_writes(r)) {
        CHECK(held(r, "8 h"));
        const uint64_t lapsed = ls_emulate_play_describe(r->play).line.lapsed;
        r->beats = false;
        WAIT_FOR(r, heard(r, "gearbox/cell/line/HeartbeatLost") == 1);
        CHECK_INT(ls_emulate_play_describe(r->play).line.lapsed - lapsed, 1);  // the hold
        CHECK(!ls_guard_link_is_there(r->link));
        pthread_mutex_lock(&r->lock);
        CHECK_STR(r->why, "the service is silent");
        pthread_mutex_unlock(&r->lock);
        r->beats = true;
        wait_until_it_writes(r);
    }
    if (r != NULL) {
        end_rig(r);
    }
}

static void test_the_broker_dies_between(void) {
    rig *r = make_rig("guards: {heartbeat: 3 s}\n", 60.0);
    if (r != NULL && wait_until_it_writes(r)) {
        ls_broker_figures figures;
        ls_broker_describe(r->broker, &figures);
        const ls_command c = a_command(r, LS_COMMAND_HOLD, "grind-1", "0");
        ls_verdict v = {0};
        CHECK_INT(ls_guard_link_send(r->link, &c, &err), LS_OK);
        kill(figures.process, SIGKILL);
        WAIT_FOR(r, is_final(r, c.id, &v));
        CHECK(v.result == LS_COMMAND_LOST || v.result == LS_COMMAND_EXPIRED ||
              v.result == LS_COMMAND_ACKNOWLEDGED || v.result == LS_COMMAND_REFUSED);
        WAIT_FOR(r, !ls_guard_link_is_there(r->link));
        wait_until_it_writes(r);
    }
    if (r != NULL) {
        end_rig(r);
    }
}

// Its own folder, the same line: it waits as long as the first one beats, and takes over after
// that.
static void test_a_second_writer_is_refused(void) {
    rig *r = make_rig("guards: {heartbeat: 3 s}\n", 60.0);
    if (r == NULL || !wait_until_it_writes(r)) {
        if (r != NULL) {
            end_rig(r);
        }
        return;
    }
    char data[64], link_to[96];
    pid_t second = 0;
    snprintf(data, sizeof data, "%s/second", r->folder);
    CHECK_INT(mkdir(data, 0700), 0);
    snprintf(link_to, sizeof link_to, "%s/broker", data);
    CHECK_INT(symlink(r->broker_folder, link_to), 0);
    start_guard(r, data, &second);
    snprintf(data, sizeof data, "%s/second/guard", r->folder);
    rig *other = calloc(1, sizeof *other);
    pthread_mutex_init(&other->lock, NULL);
    pthread_mutex_init(&other->verdicts.lock, NULL);
    const ls_guard_link_def def = {
        .folder = data, .verdict = on_verdict, .changed = on_changed, .context = other};
    CHECK_INT(ls_guard_link_open(&def, &other->link, &err), LS_OK);
    // A third one in the first one's folder ends at once.
    pid_t third = 0;
    start_guard(r, r->data, &third);
    CHECK(child_wait(third) != 0);
    // While the first one beats, whatever the other is told to do it refuses: long enough for the
    // line's patience to be over several times, had it gone by the other.
    int refused = 0;
    int told = 0;
    ls_verdict v;
    for (; refused < 25 && told < 600; told++) {
        const ls_command c = a_command(other, LS_COMMAND_HOLD, "grind-2", "0");
        const bool sent = ls_guard_link_send(other->link, &c, &err) == LS_OK;
        ls_guard_link_beat(other->link);
        pass(r, 300000);
        const bool said = sent && verdicts_newest(&other->verdicts, c.id, &v);
        CHECK(!said || v.result == LS_COMMAND_REFUSED);
        refused += said && v.result == LS_COMMAND_REFUSED;
        // Were this process left without a processor for longer than the line's patience, the other
        // would take over rightly; nothing can be said then.
        if (heard(r, "gearbox/cell/line/HeartbeatLost") == 1) {
            harness_note("the first one was not heard in time after %d", told);
            break;
        }
        CHECK(!ls_guard_link_is_there(other->link));
    }
    const bool starved = heard(r, "gearbox/cell/line/HeartbeatLost") == 1;
    if (!starved) {
        CHECK_INT(refused, 25);
        CHECK(ls_guard_link_is_there(r->link));
        CHECK(held(r, "0"));
    }
    kill_guard(r);
    const int64_t end_us = now_us() + (int64_t)WAIT_MS * 1000;
    while (!ls_guard_link_is_there(other->link) && now_us() < end_us) {
        ls_guard_link_beat(other->link);
        turn(r);
    }
    CHECK(ls_guard_link_is_there(other->link));
    ls_guard_link_close(other->link);
    kill(second, SIGTERM);
    CHECK_INT(child_wait(second), 0);
    pthread_mutex_destroy(&other->lock);
    pthread_mutex_destroy(&other->verdicts.lock);
    free(other);
    end_rig(r);
}

// How often a text stands in the journal.
static uint32_t count_in_journal(const rig *r, const char *what) {
    char *text = harness_read_file(r->journal, NULL);
    uint32_t count = 0;
    for (const char *at = text; at != NULL && (at = strstr(at, what)) != NULL; at++) {
        count++;
    }
    free(text);
    return count;
}

// Killed again and again in the middle of things: every command ends in a verdict or was never
// sent, and nothing is sent after the restart.
static void test_killed_between_journal_and_send(void) {
    rig *r = make_rig("guards: {heartbeat: 3 s}\n", 60.0);
    if (r == NULL) {
        return;
    }
    for (int round = 0; round < 4 && !harness_has_failed() && wait_until_it_writes(r); round++) {
        const ls_command c = a_command(r, LS_COMMAND_HOLD, "grind-2", "0");
        CHECK_INT(ls_guard_link_send(r->link, &c, &err), LS_OK);
        const int64_t until_us = now_us() + round * 700;
        while (now_us() < until_us) {
        }
        kill_guard(r);
        ls_verdict v;
        const bool sent = verdicts_newest(&r->verdicts, c.id, &v);
        pass(r, 100000);
        const uint64_t before = ls_emulate_play_describe(r->play).line.commands;
        start_guard(r, r->data, &r->guard);
        WAIT_FOR(r, ls_guard_link_is_there(r->link));
        const bool known = count_in_journal(r, c.id) > 0;
        CHECK(known || !sent);
        if (known) {
            WAIT_FOR(r, is_final(r, c.id, &v));
        }
        // Fences and questions, one for each machine and the line; nothing of before.
        CHECK(ls_emulate_play_describe(r->play).line.commands - before <= 2 * 14);
    }
    end_rig(r);
}

static void test_a_hold_outlives_the_guard(void) {
    rig *r = make_rig("guards: {heartbeat: 3 s}\n", 60.0);
    if (r != NULL && wait_until_it_writes(r)) {
        CHECK(person(r, deed_of(LS_DEED_HOLD, "dispatch grind", LS_ROLE_OPERATOR)));
        CHECK(stopped_by(r, LS_GUARD_HOLD));
        kill_guard(r);
        start_guard(r, r->data, &r->guard);
        WAIT_FOR(r, ls_guard_link_is_there(r->link));
        pass(r, 100000);
        WAIT_FOR(r, ls_guard_link_is_there(r->link));  // the end of the old one may come late
        CHECK(stopped_by(r, LS_GUARD_HOLD));
        CHECK(person(r, deed_of(LS_DEED_LIFT, "dispatch grind", LS_ROLE_OPERATOR)));
        wait_until_it_writes(r);
    }
    if (r != NULL) {
        end_rig(r);
    }
}

// Dwell is bypassed, after the guard was killed still, and then not any more.
static void test_a_bypass_is_journalled_and_ends(void) {
    rig *r = make_rig("guards:\n  heartbeat: 3 s\n  dwell: {for: 8 h}\n", 60.0);
    if (r == NULL) {
        return;
    }
    if (wait_until_it_writes(r)) {
        ls_guard_deed bypass = deed_of(LS_DEED_BYPASS, "", LS_ROLE_ENGINEER);
        CHECK(stopped_by(r, LS_GUARD_DWELL));
        bypass.guard = LS_GUARD_DWELL;
        snprintf(bypass.reason, sizeof bypass.reason, "trial");
        bypass.until_us = wall_us() + INT64_C(600) * 1000000;
        bypass.role = LS_ROLE_OPERATOR;
        CHECK(!person(r, bypass));
        CHECK_STR(r->answer.reason, "that takes an engineer");
        CHECK(r->answer.reason_ko[0] != '\0');
        bypass.role = LS_ROLE_ENGINEER;
        CHECK(person(r, bypass));
        CHECK_INT(r->stands[LS_STANDS_BYPASS], 1);
        CHECK(held(r, "0"));
        CHECK_INT(count_in_journal(r, "\"kind\":\"bypass\""), 1);
        kill_guard(r);
        start_guard(r, r->data, &r->guard);
        wait_until_it_writes(r);  // with dwell bypassed
        CHECK(person(r, deed_of(LS_DEED_SHOW, "", LS_ROLE_VIEWER)));
        CHECK_INT(r->stands[LS_STANDS_BYPASS], 1);
        CHECK(r->standing.until_us == bypass.until_us);
        bypass.kind = LS_DEED_END_BYPASS;
        CHECK(person(r, bypass));
        CHECK_INT(r->stands[LS_STANDS_BYPASS], 0);
        CHECK(stopped_by(r, LS_GUARD_DWELL));
    }
    end_rig(r);
}

// Two at once, and none when one of them may not.
static void test_commands_that_belong_together_go_together(void) {
    rig *r = make_rig("guards: {heartbeat: 3 s}\n", 60.0);
    if (r == NULL) {
        return;
    }
    if (wait_until_it_writes(r)) {
        ls_verdict v[2] = {0};
        for (int i = 0; i < 100 && v[1].result != LS_COMMAND_ACKNOWLEDGED; i++) {
            pass(r, i > 0 ? 300000 : 0);  // it may be that a machine has just failed
            ls_command c[2] = {a_command(r, LS_COMMAND_HOLD, "grind-1", "0"),
                               a_command(r, LS_COMMAND_HOLD, "grind-2", "0")};
            CHECK_INT(ls_guard_link_send_together(r->link, c, 2, &err), LS_OK);
            WAIT_FOR(r, is_final(r, c[0].id, &v[0]) && is_final(r, c[1].id, &v[1]));
        }
        CHECK_INT(v[0].result, LS_COMMAND_ACKNOWLEDGED);
        CHECK_INT(v[1].result, LS_COMMAND_ACKNOWLEDGED);
        const uint64_t before = ls_emulate_play_describe(r->play).line.commands;
        ls_command c[2] = {a_command(r, LS_COMMAND_HOLD, "grind-1", "0"),
                           a_command(r, LS_COMMAND_DISPATCH, "grind-2", "gear-x-1")};
        CHECK_INT(ls_guard_link_send_together(r->link, c, 2, &err), LS_OK);
        WAIT_FOR(r, is_final(r, c[0].id, &v[0]) && is_final(r, c[1].id, &v[1]));
        CHECK_INT(v[0].result, LS_COMMAND_REFUSED);
        CHECK_INT(v[0].guard, LS_GUARD_COMBINED);
        CHECK_INT(v[1].guard, LS_GUARD_CONSERVATION);
        // Two for one machine; more than there may be.
        c[0] = a_command(r, LS_COMMAND_HOLD, "grind-1", "0");
        c[1] = a_command(r, LS_COMMAND_HOLD, "grind-1", "");
        CHECK_INT(ls_guard_link_send_together(r->link, c, 2, &err), LS_OK);
        WAIT_FOR(r, is_final(r, c[0].id, &v[0]) && is_final(r, c[1].id, &v[1]));
        CHECK_INT(v[0].result, LS_COMMAND_REFUSED);
        CHECK_INT(v[1].result, LS_COMMAND_REFUSED);
        pass(r, 300000);
        CHECK_INT(ls_emulate_play_describe(r->play).line.commands - before, 0);
        CHECK_INT(ls_guard_link_send_together(r->link, c, LS_GUARD_TOGETHER + 1, &err),
                  LS_ERR_LIMIT);
    }
    end_rig(r);
}

// The first command may go as soon as the line is ours; after a failure, later.
static void test_the_first_command_need_not_wait(void) {
    rig *r = make_rig("guards: {heartbeat: 5 s}\n", 60.0);
    if (r == NULL) {
        return;
    }
    WAIT_FOR(r, ls_guard_link_is_there(r->link));
    const int64_t leased_us = now_us();
    if (wait_until_it_writes(r)) {
        const double first = (double)(now_us() - leased_us) * 1e-6;
        printf("first command %.2f s after the lease\n", first);
        CHECK(first < 10.0);
        kill_guard(r);
        start_guard(r, r->data, &r->guard);
        WAIT_FOR(r, !ls_guard_link_is_there(r->link));
        WAIT_FOR(r, ls_guard_link_is_there(r->link));
        const int64_t again_us = now_us();
        wait_until_it_writes(r);
        const double again = (double)(now_us() - again_us) * 1e-6;
        printf("after it was killed: %.2f s\n", again);
        CHECK(again > 9.0);  // twice the heartbeat, less the turns of both sides
    }
    end_rig(r);
}

static void test_a_flood_of_commands_does_not_stop_the_heartbeat(void) {
    rig *r = make_rig("guards: {heartbeat: 3 s}\n", 60.0);
    if (r != NULL && wait_until_it_writes(r)) {
        pthread_mutex_lock(&r->ear.lock);
        const uint64_t lost = r->ear.lost_times;
        pthread_mutex_unlock(&r->ear.lock);
        const uint32_t first = r->verdicts.count;
        uint32_t sent = 0;
        for (uint32_t i = 0; i < 10000; i++) {
            const ls_command c = a_command(r, LS_COMMAND_HOLD, i % 2 == 0 ? "grind-1" : "grind-2",
                                           "0");
            while (ls_guard_link_send(r->link, &c, &err) == LS_ERR_LIMIT) {
                turn(r);
            }
            sent++;
            if (i % 50 == 0) {
                turn(r);
            }
        }
        WAIT_FOR(r, __atomic_load_n(&r->verdicts.count, __ATOMIC_SEQ_CST) - first >= sent);
        CHECK(ls_guard_link_is_there(r->link));
        CHECK_INT(heard(r, "gearbox/cell/line/HeartbeatLost"), 0);
        pthread_mutex_lock(&r->ear.lock);
        CHECK_INT(r->ear.lost_times - lost, 0);
        pthread_mutex_unlock(&r->ear.lock);
        struct stat about;
        CHECK(stat(r->journal, &about) == 0 && about.st_size < 4 << 20);
        wait_until_it_writes(r);
    }
    if (r != NULL) {
        end_rig(r);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_dispatch_gets_through_and_is_obeyed);
    TEST(test_when_the_line_falls_silent_nothing_is_sent);
    TEST(test_when_the_service_hangs_the_line_goes_by_its_own_rule);
    TEST(test_the_broker_dies_between);
    TEST(test_a_second_writer_is_refused);
    TEST(test_killed_between_journal_and_send);
    TEST(test_a_hold_outlives_the_guard);
    TEST(test_a_bypass_is_journalled_and_ends);
    TEST(test_commands_that_belong_together_go_together);
    TEST(test_the_first_command_need_not_wait);
    TEST(test_a_flood_of_commands_does_not_stop_the_heartbeat);
    return harness_report();
}
