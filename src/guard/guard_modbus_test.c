// guard_modbus_test.c - the guard as it runs, over Modbus TCP: the real process against the
// emulated line, and against a PLC behind libmodbus and what can go wrong with one.
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
#include "guard/testing/plc.h"
#include "line/emulate_modbus.h"
#include "line/emulate_play.h"
#include "line/modbus_server.h"
#include "tests/harness.h"
#include "tests/servers/child.h"

enum { WAIT_MS = 60000, PATIENCE_US = 5000000 };

typedef struct rig {
    char folder[32], plant_file[64], data[64];
    plc plc;                // where has_plc
    ls_emulate_play *play;  // else
    ls_plant *plant;
    bool has_plc, beats;
    pid_t guard;
    ls_guard_link *link;
    verdicts verdicts;
    pthread_mutex_t lock;  // of what else the guard says
    char why[240], lots[80];
    uint64_t answered, asked;
    int64_t beat_us;
    uint32_t commands;
} rig;

static ls_error err;

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// ---- what the guard says

static void on_verdict(void *context, const ls_verdict *verdict) {
    rig *r = context;
    verdicts_keep(&r->verdicts, verdict);
}

static void on_stands(void *context, const ls_guard_standing *standing) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    if (standing->kind == LS_STANDS_LOTS) {
        snprintf(r->lots, sizeof r->lots, "%.60s %u", standing->what, standing->count);
    }
    pthread_mutex_unlock(&r->lock);
}

static void on_answered(void *context, const ls_guard_answer *answer) {
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    r->answered = answer->ticket;
    pthread_mutex_unlock(&r->lock);
}

static void on_changed(void *context, bool there, const char *why) {
    rig *r = context;
    (void)there;
    pthread_mutex_lock(&r->lock);
    snprintf(r->why, sizeof r->why, "%s", why);
    pthread_mutex_unlock(&r->lock);
}

static bool is_final(rig *r, const char *id, ls_verdict *out) {
    return verdicts_newest(&r->verdicts, id, out) && out->result != LS_COMMAND_SENT;
}

static bool says(rig *r, const char *why) {
    pthread_mutex_lock(&r->lock);
    const bool same = strcmp(r->why, why) == 0;
    pthread_mutex_unlock(&r->lock);
    return same;
}

// ---- the world goes on

static void turn(rig *r) {
    int64_t sleep_us = 2000;
    if (r->play != NULL) {
        CHECK_INT(ls_emulate_play_step(r->play, &sleep_us, &err), LS_OK);
    }
    if (r->beats && now_us() - r->beat_us > 100000) {
        r->beat_us = now_us();
        ls_guard_link_beat(r->link);
    }
    sleep_us = sleep_us < 0 || sleep_us > 2000 ? 2000 : sleep_us;
    nanosleep(&(struct timespec){.tv_nsec = sleep_us * 1000}, NULL);
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

static ls_command a_command(rig *r, ls_command_kind kind, const char *target,
                            const char *argument) {
    return link_case_command(++r->commands, kind, r->has_plc ? "dispatch saw" : "dispatch grind",
                             target, argument, now_us());
}

static ls_verdict send(rig *r, const ls_command *c) {
    ls_verdict v = {.result = LS_COMMAND_RESULT_COUNT};
    CHECK_INT(ls_guard_link_send(r->link, c, &err), LS_OK);
    WAIT_FOR(r, is_final(r, c->id, &v));
    harness_note("%s %s: %d, guard %u, %s", c->id, c->argument, (int)v.result, v.guard, v.reason);
    return v;
}

static ls_verdict command(rig *r, ls_command_kind kind, const char *target, const char *argument) {
    const ls_command c = a_command(r, kind, target, argument);
    return send(r, &c);
}

static bool wait_until_it_writes(rig *r) {
    ls_verdict v = {.result = LS_COMMAND_RESULT_COUNT};
    WAIT_FOR(r, ls_guard_link_is_there(r->link));
    for (int i = 0; i < 300 && v.result != LS_COMMAND_ACKNOWLEDGED; i++) {
        v = command(r, LS_COMMAND_HOLD, r->has_plc ? "saw-1" : "grind-1", "0");
        pass(r, v.result != LS_COMMAND_ACKNOWLEDGED ? 200000 : 0);
    }
    CHECK_INT(v.result, LS_COMMAND_ACKNOWLEDGED);
    return v.result == LS_COMMAND_ACKNOWLEDGED;
}

// ---- the rig

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0);
    if (file != NULL) {
        CHECK_INT(fclose(file), 0);
    }
}

static void write_plc_plant(rig *r, const char *more) {
    char text[8192];
    const int used = snprintf(text, sizeof text, plc_plant, r->plc.port);
    snprintf(text + used, sizeof text - (size_t)used, "%s", more);
    write_file(r->plant_file, text);
}

// The example's plant, commanded by the registers that the emulated line prints of itself.
static void write_cell(rig *r, int port) {
    ls_buffer text;
    ls_buffer_init(&text);
    char *cell = harness_read_file(harness_source_path("examples/gearbox/cell.yaml"), NULL);
    char *mode = cell != NULL ? strstr(cell, "mode: approve") : NULL;
    char *listen = cell != NULL ? strstr(cell, "\nlisten:") : NULL;
    CHECK(mode != NULL && listen != NULL);
    if (mode != NULL && listen != NULL) {
        memcpy(mode, "mode: auto   ", 13);
        ls_buffer_append(&text, cell, (size_t)(listen - cell) + 1);
        ls_buffer_text(&text, "guards: {heartbeat: 3 s}\n");
        ls_emulate_modbus_print(r->plant, port, &text);
        ls_buffer_append(&text, "", 1);
        write_file(r->plant_file, text.data);
    }
    ls_buffer_clear(&text);
    free(cell);
}

static void start_guard(const rig *r, const char *data, pid_t *out) {
    char log[192];
    snprintf(log, sizeof log, "%s.log", data);
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *const argv[] = {
        program != NULL ? program : "lineshaft", "guard", r->plant_file, "--data", data, NULL};
    *out = child_start(argv, NULL, log);
}

static ls_guard_link *open_link(rig *r, const char *data) {
    char path[160];
    ls_guard_link *link = NULL;
    snprintf(path, sizeof path, "%s/guard", data);
    const ls_guard_link_def def = {.folder = path,
                                   .verdict = on_verdict,
                                   .changed = on_changed,
                                   .stands = on_stands,
                                   .answered = on_answered,
                                   .context = r};
    CHECK_INT(ls_guard_link_open(&def, &link, &err), LS_OK);
    return link;
}

static rig *begin(void) {
    rig *r = calloc(1, sizeof *r);
    CHECK(r != NULL);
    snprintf(r->folder, sizeof r->folder, "/tmp/ls-guard-bus-XXXXXX");
    CHECK(mkdtemp(r->folder) != NULL);
    snprintf(r->plant_file, sizeof r->plant_file, "%s/plant.yaml", r->folder);
    snprintf(r->data, sizeof r->data, "%s/data", r->folder);
    CHECK_INT(mkdir(r->data, 0700), 0);
    pthread_mutex_init(&r->lock, NULL);
    pthread_mutex_init(&r->verdicts.lock, NULL);
    r->beats = true;
    return r;
}

static rig *with_plc(const char *more) {
    rig *r = begin();
    r->has_plc = true;
    CHECK(plc_start(&r->plc, 0, PATIENCE_US));
    plc_set_text(&r->plc, PLC_WAITING, 40, "a-1 a-2");
    write_plc_plant(r, more);
    start_guard(r, r->data, &r->guard);
    r->link = open_link(r, r->data);
    return r;
}

static rig *with_emulated_line(void) {
    rig *r = begin();
    CHECK_INT(
        ls_plant_load(harness_source_path("examples/gearbox/cell.yaml"), &r->plant, NULL, &err),
        LS_OK);
    ls_emulate_play_def play = ls_emulate_play_def_default();
    play.plant = r->plant;
    play.seed = 1;
    play.speed = 60.0;
    play.from_us = INT64_C(2) * 3600 * 1000000;
    play.modbus_port = 0;
    CHECK_INT(ls_emulate_play_create(&play, &r->play, &err), LS_OK);
    write_cell(r, ls_emulate_play_describe(r->play).modbus_port);
    start_guard(r, r->data, &r->guard);
    r->link = open_link(r, r->data);
    return r;
}

static void show_log(const rig *r) {
    char path[192];
    snprintf(path, sizeof path, "%s.log", r->data);
    char *text = harness_read_file(path, NULL);
    printf("%s\n", text != NULL ? text : "no log");
    free(text);
}

static bool logged(const rig *r, const char *what) {
    char path[192];
    snprintf(path, sizeof path, "%s.log", r->data);
    char *text = harness_read_file(path, NULL);
    const bool found = text != NULL && strstr(text, what) != NULL;
    free(text);
    return found;
}

static void stop_guard(rig *r) {
    kill(r->guard, SIGTERM);
    CHECK_INT(child_wait(r->guard), 0);
    r->guard = 0;
}

static void end(rig *r) {
    if (harness_has_failed()) {
        show_log(r);
    }
    ls_guard_link_close(r->link);
    if (r->guard > 0) {
        stop_guard(r);
    }
    if (r->has_plc) {
        plc_stop(&r->plc);
    }
    ls_emulate_play_destroy(r->play);
    ls_plant_destroy(r->plant);
    pthread_mutex_destroy(&r->lock);
    pthread_mutex_destroy(&r->verdicts.lock);
    char script[128];
    snprintf(script, sizeof script, "rm -rf '%s'", r->folder);
    child_wait(child_start_shell(script));
    free(r);
}

// ---- tests: the emulated line

// The last lot that waits at a station, as the line's own truth has it; false: none.
static bool waiting_lot(rig *r, const char *station, char *out, size_t size) {
    const ls_emulate *line = ls_emulate_play_line(r->play);
    char text[600];
    const uint32_t at = ls_emulate_find(line, "line", "Arrived");
    const ls_sample *s = ls_emulate_value(line, at);
    snprintf(text, sizeof text, "%.*s", s->kind == LS_VALUE_TEXT ? (int)s->size : 0,
             s->kind == LS_VALUE_TEXT ? s->value.text : "");
    char key[80];
    snprintf(key, sizeof key, " station=%s ", station);
    snprintf(out, size, "%.*s", (int)strcspn(text, " "), text);
    return strstr(text, key) != NULL;
}

static bool works_on(rig *r, const char *machine, const char *lot) {
    const ls_emulate *line = ls_emulate_play_line(r->play);
    const ls_sample *s = ls_emulate_value(line, ls_emulate_find(line, machine, "Lots"));
    return s->size == strlen(lot) && memcmp(s->value.text, lot, s->size) == 0;
}

// A decision sent over Modbus: the lot that came last is taken next by the machine it was sent to.
static bool dispatch_one(rig *r) {
    char lot[128] = "";
    WAIT_FOR(r, waiting_lot(r, "grind", lot, sizeof lot));
    pass(r, 300000);  // the guard reads it within a quarter of that
    const char *machine = r->commands % 2 == 0 ? "grind-1" : "grind-2";
    if (command(r, LS_COMMAND_DISPATCH, machine, lot).result != LS_COMMAND_ACKNOWLEDGED) {
        return false;  // it was taken while we spoke
    }
    const int64_t until_us = now_us() + 20000000;
    while (!works_on(r, machine, lot) && now_us() < until_us) {
        turn(r);
    }
    return works_on(r, machine, lot);
}

static void test_a_dispatch_over_modbus_is_obeyed(void) {
    rig *r = with_emulated_line();
    if (wait_until_it_writes(r)) {
        bool obeyed = false;
        for (int i = 0; i < 20 && !obeyed; i++) {
            obeyed = dispatch_one(r);
        }
        CHECK(obeyed);
        CHECK_INT(command(r, LS_COMMAND_DISPATCH, "grind-1", "gear-x-1").guard,
                  LS_GUARD_CONSERVATION);
        CHECK(logged(r, "the sandbox is closed") || logged(r, "no sandbox"));
        // When the service falls silent, so does the guard, and the line goes by its own rule.
        CHECK_INT(command(r, LS_COMMAND_HOLD, "grind-2", "8 h").result, LS_COMMAND_ACKNOWLEDGED);
        const uint64_t lapsed = ls_emulate_play_describe(r->play).line.lapsed;
        r->beats = false;
        WAIT_FOR(r, !ls_emulate_play_describe(r->play).line.beating);
        CHECK(ls_emulate_play_describe(r->play).line.lapsed > lapsed);
    }
    end(r);
}

// ---- tests: a PLC, and what can go wrong with it

static void test_dispatch_and_setpoint_are_read_back(void) {
    rig *r = with_plc("");
    if (wait_until_it_writes(r)) {
        CHECK_INT(command(r, LS_COMMAND_DISPATCH, "saw-2", "a-2").result, LS_COMMAND_ACKNOWLEDGED);
        // The reason that the PLC gives is what the service hears.
        const ls_verdict no = command(r, LS_COMMAND_DISPATCH, "saw-1", "not-now");
        CHECK_INT(no.guard, LS_GUARD_CONSERVATION);
        plc_set_text(&r->plc, PLC_WAITING, 40, "a-1 not-now");
        pass(r, 500000);
        const ls_verdict denied = command(r, LS_COMMAND_DISPATCH, "saw-1", "not-now");
        CHECK_INT(denied.result, LS_COMMAND_DENIED);
        CHECK_STR(denied.reason, "it is being cleaned");
        // A lot that has gone into a machine waits no more.
        plc_set_text(&r->plc, PLC_WAITING, 40, "not-now");
        plc_set_text(&r->plc, PLC_LOTS, 20, "a-1");
        pass(r, 500000);
        CHECK_INT(command(r, LS_COMMAND_DISPATCH, "saw-2", "a-1").guard, LS_GUARD_CONSERVATION);
        // A setpoint counts when its register shows it.
        ls_command c = a_command(r, LS_COMMAND_SETPOINT, "speed", "speed=60");
        snprintf(c.device, sizeof c.device, "line");
        snprintf(c.point, sizeof c.point, "setpoint speed");
        c.number = 60;
        CHECK_INT(send(r, &c).result, LS_COMMAND_ACKNOWLEDGED);
        CHECK_INT(plc_get(&r->plc, PLC_SPEED), 60);
    }
    end(r);
}

// What registers have no room for is refused at once, with the reason, and is no failure of the
// line.
static void test_words_that_do_not_fit_are_refused(void) {
    static const char lot[] = "a-lot-with-a-name-of-33-characters";  // the register holds 32
    rig *r = with_plc("");
    if (wait_until_it_writes(r)) {
        char names[80];
        snprintf(names, sizeof names, "%s %.32s", lot, lot);
        plc_set_text(&r->plc, PLC_WAITING, 40, names);
        pass(r, 500000);
        const ls_verdict no = command(r, LS_COMMAND_DISPATCH, "saw-1", lot);
        CHECK_INT(no.result, LS_COMMAND_REFUSED);
        CHECK_INT(no.guard, LS_GUARD_RANGE);
        CHECK_STR(no.reason, "its words do not fit into the registers");
        ls_command both[2] = {a_command(r, LS_COMMAND_HOLD, "saw-1", "1 min"),
                              a_command(r, LS_COMMAND_DISPATCH, "saw-2", lot)};
        ls_verdict v = {.result = LS_COMMAND_RESULT_COUNT};
        CHECK_INT(ls_guard_link_send_together(r->link, both, 2, &err), LS_OK);
        WAIT_FOR(r, is_final(r, both[0].id, &v));
        CHECK_INT(v.guard, LS_GUARD_COMBINED);
        WAIT_FOR(r, is_final(r, both[1].id, &v));
        CHECK_INT(v.guard, LS_GUARD_RANGE);
        CHECK(ls_guard_link_is_there(r->link));
        char fits[40];
        snprintf(fits, sizeof fits, "%.32s", lot);  // as long as it may be
        CHECK_INT(command(r, LS_COMMAND_DISPATCH, "saw-1", fits).result, LS_COMMAND_ACKNOWLEDGED);
    }
    end(r);
}

static bool was_answered(rig *r) {
    pthread_mutex_lock(&r->lock);
    const bool answered = r->answered == r->asked;
    pthread_mutex_unlock(&r->lock);
    return answered;
}

// What the guard says of lots that are not known: "PLACE COUNT"; "": all are.
static const char *unknown_lots(rig *r) {
    const ls_guard_deed show = {.ticket = ++r->asked, .kind = LS_DEED_SHOW, .who = "test"};
    r->lots[0] = '\0';
    CHECK_INT(ls_guard_link_do(r->link, &show, &err), LS_OK);
    WAIT_FOR(r, was_answered(r));
    return r->lots;
}

static ls_verdict let_in(rig *r) {
    ls_command c = a_command(r, LS_COMMAND_RELEASE, "x", "x");
    snprintf(c.device, sizeof c.device, "line");
    snprintf(c.point, sizeof c.point, "release x");
    return send(r, &c);
}

// Two lots wait, and the line counts eleven: the others are between stations, where no register
// names them.
static void test_lots_that_no_register_names_count(void) {
    rig *r = with_plc("limits: {lots: 12}\n");
    plc_set(&r->plc, PLC_INSIDE, 11);
    if (wait_until_it_writes(r)) {
        CHECK_STR(unknown_lots(r), "");
        CHECK_INT(let_in(r).result, LS_COMMAND_ACKNOWLEDGED);
        CHECK_INT(plc_get(&r->plc, PLC_INSIDE), 12);
        const ls_verdict full = let_in(r);
        CHECK_INT(full.guard, LS_GUARD_CONSERVATION);
        CHECK_CONTAINS(full.reason, "12 lots are in the plant, at most 12");
        plc_set(&r->plc, PLC_INSIDE, 10);
        pass(r, 500000);
        CHECK_INT(let_in(r).result, LS_COMMAND_ACKNOWLEDGED);
        CHECK_INT(plc_get(&r->plc, PLC_INSIDE), 11);
    }
    end(r);
}

// A PLC that refuses the register in which it should name the lots that wait: the guard says so
// when it is asked, and not in its log alone.
static void test_what_is_not_told_stands(void) {
    rig *r = begin();
    r->has_plc = true;
    CHECK(plc_start(&r->plc, 0, PATIENCE_US));
    write_plc_plant(r, "");
    char *text = harness_read_file(r->plant_file, NULL);
    char *at = text != NULL ? strstr(text, "{at: 60, type") : NULL;
    CHECK(at != NULL);
    if (at != NULL) {
        memcpy(at, "{at: 900,type", strlen("{at: 900,type"));  // beyond what the PLC has
        write_file(r->plant_file, text);
    }
    free(text);
    start_guard(r, r->data, &r->guard);
    r->link = open_link(r, r->data);
    if (wait_until_it_writes(r)) {
        CHECK_STR(unknown_lots(r), "saw 1");
        CHECK_INT(command(r, LS_COMMAND_DISPATCH, "saw-1", "a-1").guard, LS_GUARD_CONSERVATION);
    }
    end(r);
}

// Each command once, whatever was heard of it.
static void check_each_once(rig *r) {
    pthread_mutex_lock(&r->plc.lock);
    for (uint32_t i = 0; i < r->plc.obeyed_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            CHECK(r->plc.obeyed[i] != r->plc.obeyed[k] ||
                  r->plc.obeyed_by[i] != r->plc.obeyed_by[k]);
        }
    }
    pthread_mutex_unlock(&r->plc.lock);
}

static void test_the_connection_is_lost_between_write_and_answer(void) {
    rig *r = with_plc("");
    if (wait_until_it_writes(r)) {
        pthread_mutex_lock(&r->plc.lock);
        const uint32_t written = r->plc.id_count, obeyed = r->plc.obeyed_count;
        pthread_mutex_unlock(&r->plc.lock);
        plc_fault(&r->plc, (plc_faults){.cut = true});
        const ls_verdict v = command(r, LS_COMMAND_DISPATCH, "saw-1", "a-1");
        // Read after the connection came back, or not in time: known, or lost; never sent again.
        CHECK(v.result == LS_COMMAND_ACKNOWLEDGED || v.result == LS_COMMAND_LOST);
        CHECK(logged(r, "modbus plc: 127.0.0.1"));
        pass(r, 500000);
        pthread_mutex_lock(&r->plc.lock);
        CHECK_INT(r->plc.obeyed_count, obeyed + 1);
        int64_t id = r->plc.obeyed[obeyed];
        uint32_t times = 0;
        for (uint32_t i = written; i < r->plc.id_count; i++) {
            times += r->plc.ids[i] == id;
        }
        pthread_mutex_unlock(&r->plc.lock);
        CHECK_INT(times, 1);
        wait_until_it_writes(r);  // and it goes on
        check_each_once(r);
    }
    end(r);
}

static void test_a_wrong_read_back_stops_the_heartbeat(void) {
    rig *r = with_plc("");
    if (wait_until_it_writes(r)) {
        plc_fault(&r->plc, (plc_faults){.spoil = true});
        const ls_verdict v = command(r, LS_COMMAND_HOLD, "saw-1", "1 h");
        CHECK_INT(v.result, LS_COMMAND_LOST);
        CHECK_INT(v.guard, LS_GUARD_READ_BACK);
        CHECK(logged(r, "does not stand there"));
        CHECK(logged(r, "tripped"));
        WAIT_FOR(r, plc_get(&r->plc, PLC_LOST) == 1);
        CHECK(command(r, LS_COMMAND_HOLD, "saw-1", "1 h").result == LS_COMMAND_REFUSED);
        plc_fault(&r->plc, (plc_faults){0});
    }
    end(r);
}

static void test_a_plc_that_does_not_answer_is_an_alarm(void) {
    rig *r = with_plc("");
    if (wait_until_it_writes(r)) {
        plc_fault(&r->plc, (plc_faults){.deaf = true});
        const ls_verdict v = command(r, LS_COMMAND_HOLD, "saw-2", "1 h");
        CHECK_INT(v.result, LS_COMMAND_LOST);
        CHECK_INT(v.guard, LS_GUARD_READ_BACK);
        // Stands still: its registers can be read, and nothing in them moves.
        plc_fault(&r->plc, (plc_faults){.frozen = true});
        WAIT_FOR(r, !ls_guard_link_is_there(r->link));
        const ls_verdict no = command(r, LS_COMMAND_HOLD, "saw-2", "1 h");
        CHECK_INT(no.result, LS_COMMAND_REFUSED);
        // Gone: nothing is known any more.
        plc_stop(&r->plc);
        WAIT_FOR(r, says(r, "the PLC cannot be reached"));
        CHECK_INT(command(r, LS_COMMAND_HOLD, "saw-2", "1 h").result, LS_COMMAND_REFUSED);
        CHECK(plc_start(&r->plc, r->plc.port, PATIENCE_US));
    }
    end(r);
}

// Two guards on one PLC: the second one waits, and takes over when the first is gone.
static void test_one_writer(void) {
    rig *r = with_plc("");
    if (wait_until_it_writes(r)) {
        rig *other = calloc(1, sizeof *other);
        CHECK(other != NULL);
        other->has_plc = true;
        other->beats = true;
        other->commands = 1000;
        pthread_mutex_init(&other->lock, NULL);
        pthread_mutex_init(&other->verdicts.lock, NULL);
        memcpy(other->plant_file, r->plant_file, sizeof other->plant_file);
        snprintf(other->data, sizeof other->data, "%.40s/other", r->folder);
        CHECK_INT(mkdir(other->data, 0700), 0);
        start_guard(other, other->data, &other->guard);
        other->link = open_link(other, other->data);
        WAIT_FOR(other, says(other, "the line does not hear this guard yet"));
        for (int i = 0; i < 10; i++) {
            const ls_verdict theirs = command(other, LS_COMMAND_HOLD, "saw-1", "1 h");
            CHECK_INT(theirs.result, LS_COMMAND_REFUSED);
            CHECK_INT(command(r, LS_COMMAND_HOLD, "saw-2", "0").result, LS_COMMAND_ACKNOWLEDGED);
        }
        stop_guard(r);
        CHECK(wait_until_it_writes(other));
        check_each_once(r);
        ls_guard_link_close(other->link);
        stop_guard(other);
        pthread_mutex_destroy(&other->lock);
        pthread_mutex_destroy(&other->verdicts.lock);
        free(other);
    }
    end(r);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_dispatch_over_modbus_is_obeyed);
    TEST(test_dispatch_and_setpoint_are_read_back);
    TEST(test_words_that_do_not_fit_are_refused);
    TEST(test_lots_that_no_register_names_count);
    TEST(test_what_is_not_told_stands);
    TEST(test_the_connection_is_lost_between_write_and_answer);
    TEST(test_a_wrong_read_back_stops_the_heartbeat);
    TEST(test_a_plc_that_does_not_answer_is_an_alarm);
    TEST(test_one_writer);
    return harness_report();
}
