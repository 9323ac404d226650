// faults_test.c - what may go wrong while the service decides, as programs: the broker dies, the
// disk is full, answers come late, the clock is set back, the plant file changes, the service hangs
// or dies. Whatever happens, the line does nothing that no row says. docs/DECIDE.md has the list.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/sanitized.h"
#include "tests/servers/child.h"
#include "tests/service/rows.h"

enum { LONG_S = 120, HEARTBEAT_S = 2 };

// ---- the plant: a line that sets up far too often by itself, so that there is much to better

static const char form[] =
    "plant: cell\n"
    "start: 2026-01-05\n"
    "dispatch: fifo\n"
    "stations:\n"
    "  saw: {process: lognormal 20 s sd 4 s}\n"
    "  grind:\n"
    "    machines: 2\n"
    "    queue: 40\n"
    "    process: lognormal 44 s sd 4 s\n"
    "    setup: {a to b: 3 min, b to a: 3 min}\n"
    "products:\n"
    "  a: {route: [saw, grind], release: {every: exp 70 s}}\n"
    "  b: {route: [saw, grind], release: {every: exp 70 s}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: shop, nodes: [cell]}\n"
    "decide:\n"
    "  objective: cycle-time\n"
    "  dispatch: {at: grind, mode: %s, within: %s, horizon: 1 h, futures: 400}\n"
    "guards: {heartbeat: %d s}\n";

static const char *plant_text(const char *mode, const char *within) {
    static char text[2048];
    snprintf(text, sizeof text, form, mode, within, HEARTBEAT_S);
    return text;
}

static bool start(service *s, const char *mode, const char *within) {
    static const char *const fast[] = {"--speed", "120", NULL};
    return service_begin_text(s, plant_text(mode, within)) && service_run(s) &&
           service_emulate(s, fast);
}

// ---- waiting

static bool wait_metric(const service *s, const char *name, double least) {
    const double until = service_clock() + ROWS_PATIENCE_S;
    while (!(service_metric(s, name) >= least) && service_clock() < until) {
        service_pause(0.2);
    }
    return service_metric(s, name) >= least;
}

static bool wait_log(const service *s, const char *part) {
    bool there = false;
    for (int tens = 0; tens < LONG_S / 10 && !there; tens++) {
        there = service_wait_log(s, part);
    }
    return there;
}

// ---- no command without a row, by the line's own account

// What the line says it was told: "shop/cell/grind-1/Command/Argument,TIME,b-11,good".
static void check_told(const char *line, const char *rows, int *out_told) {
    char machine[32], lot[64], row[128];
    if (sscanf(line, "shop/cell/%31[^/]/Command/Argument,%*[^,],%63[ab0-9-],", machine, lot) == 2 &&
        (lot[0] == 'a' || lot[0] == 'b')) {
        snprintf(row, sizeof row, " sent: %s takes %s next", machine, lot);
        CHECK(strstr(rows, row) != NULL);
        ++*out_told;
    }
}

static int check_account(const service *s) {
    const char *const ask_rows[] = {"history", "events", s->data, "--kind", "decision", NULL};
    const char *const ask_told[] = {"history", "query", s->data, "**/Command/Argument",
                                    "--csv",   NULL};
    // What was told is looked at first: a row is older than its command.
    const char *said = service_ask(ask_told);
    char *told = said != NULL ? strdup(said) : NULL;
    const char *rows = service_ask(ask_rows);
    int count = 0;
    for (char *at = told; at != NULL && rows != NULL && *at != '\0';) {
        char *end = strchr(at, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        check_told(at, rows, &count);
        at = end != NULL ? end + 1 : strchr(at, '\0');
    }
    free(told);
    rows_read(s);
    return count;
}

// ---- the broker

static void test_the_broker_dies_mid_decision_and_comes_back(void) {
    service s = {0};
    if (start(&s, "auto", "2 s") && rows_wait(&s, "sent", 1)) {
        const pid_t broker = rows_find_child(&s, "mosquitto");
        CHECK(broker > 0);
        if (broker > 0) {
            kill(broker, SIGKILL);
        }
        CHECK(wait_log(&s, " lost "));
        CHECK(wait_log(&s, "away: nothing can be sent"));
        CHECK(service_wait_status(&s, "/readyz", 200));
        CHECK(rows_find_child(&s, "mosquitto") != broker);
        const int before = rows_count(&s, "done");
        CHECK(rows_wait(&s, "done", before + 2));
        CHECK(check_account(&s) > 0);
    }
    service_end(&s);
}

// ---- the disk

static void allow_files(pid_t process, rlim_t bytes) {
    struct rlimit limit;
    CHECK_INT(prlimit(process, RLIMIT_FSIZE, NULL, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    CHECK_INT(prlimit(process, RLIMIT_FSIZE, &limit, NULL), 0);
}

static const char rebirths_metric[] = "source_rebirths_total{source=\"sparkplug\"}";

// The newest number that the history has of a tag; -1: none.
static int newest(const service *s, const char *tag) {
    const char *const query[] = {"history", "query", s->data, tag, "--csv", NULL};
    const char *said = service_ask(query);
    const char *last = said != NULL ? strrchr(said, '\n') : NULL;
    while (last != NULL && last > said && (last[1] == '\0' || last[1] == '\n')) {
        last--;
        while (last > said && *last != '\n') {
            last--;
        }
    }
    int number = -1;
    return last != NULL && sscanf(last + 1, "%*[^,],%*[^,],%d", &number) == 1 ? number : -1;
}

// The line stands still for a moment: do as many lots wait in the twin as it says?
static bool lots_agree(const service *s, const char *const names[2]) {
    bool agree = true;
    kill(s->emulate, SIGSTOP);
    service_pause(1.0);
    json_t *state = service_state(s);
    const json_t *stations = json_object_get(state, "stations");
    for (size_t i = 0; i < 2; i++) {
        char tag[64];
        const json_t *station = json_array_get(stations, i);
        const int waiting = (int)json_integer_value(json_object_get(station, "waiting"));
        snprintf(tag, sizeof tag, "shop/cell/queues/%s", names[i]);
        CHECK_STR(json_string_value(json_object_get(station, "name")), names[i]);
        const int told = newest(s, tag);
        harness_note("%s: %d wait in the twin, %d on the line", names[i], waiting, told);
        agree = agree && waiting == told;
    }
    json_decref(state);
    kill(s->emulate, SIGCONT);
    return agree;
}

// The line tells all anew twice, some seconds apart: until then the twin may have too many.
static void check_lots(const service *s) {
    static const char *const names[] = {"saw", "grind"};
    const double until = service_clock() + 60.0;
    bool agree = lots_agree(s, names);
    while (!agree && service_clock() < until) {
        service_pause(1.0);
        agree = lots_agree(s, names);
    }
    CHECK(agree);
}

// Files of the service may not grow. What cannot be kept has not been heard, so nothing is decided
// from it, no row is written, and no command is sent.
static void test_with_a_full_disk_nothing_is_sent(void) {
    service s = {0};
    if (start(&s, "auto", "2 s") && rows_wait(&s, "done", 1)) {
        allow_files(s.run, 0);
        const double heard = service_metric(&s, "refused_total");
        CHECK(wait_metric(&s, "refused_total", heard + 100));
        const double sent = service_settled(&s, "commands_sent_total");
        const double since = service_metric(&s, "refused_total");
        CHECK(wait_metric(&s, "refused_total", since + 200));
        CHECK(service_metric(&s, "commands_sent_total") == sent);
        const char *body = "";
        CHECK_INT(service_get(&s, "/healthz", &body), 200);
        // When there is room again it hears and decides again; what it has missed the line tells
        // anew, so that lots that are gone are gone, and commands are obeyed as before.
        const double births = service_metric(&s, rebirths_metric);
        const int before = rows_count(&s, "done");
        allow_files(s.run, RLIM_INFINITY);
        const double samples = service_metric(&s, "samples_total");
        const double decisions = service_metric(&s, "decisions_total");
        CHECK(wait_metric(&s, "samples_total", samples + 100));
        CHECK(wait_metric(&s, rebirths_metric, births + 2));
        CHECK(wait_metric(&s, "decisions_total", decisions + 5));
        CHECK(rows_wait(&s, "done", before + 3));
        check_lots(&s);
        CHECK(check_account(&s) > 0);
        rows_read(&s);
    }
    service_end(&s);
}

// ---- the deadline

static void test_after_its_deadline_nothing_is_sent(void) {
    service s = {0};
    if (start(&s, "auto", "1 us")) {
        CHECK(wait_metric(&s, "decisions_late_total", 20));
        CHECK(service_metric(&s, "commands_sent_total") == 0);
        CHECK_INT(check_account(&s), 0);
        CHECK_INT(rows_count(&s, "sent"), 0);
    }
    service_end(&s);
}

// ---- the plant file

static void test_another_plant_file_expires_what_is_open(void) {
    service s = {0};
    if (start(&s, "approve", "2 s") && wait_metric(&s, "decisions_open", 1)) {
        // The line waits, so that what is open stays so.
        kill(s.emulate, SIGSTOP);
        service_pause(1.0);
        if (service_metric(&s, "decisions_open") < 1) {
            kill(s.emulate, SIGCONT);
            CHECK(wait_metric(&s, "decisions_open", 1));
            kill(s.emulate, SIGSTOP);
        }
        rows_read(&s);
        const int open = rows_count_newest("open");
        harness_note("%d open", open);
        CHECK(service_write(s.plant, plant_text("advise", "2 s")));
        kill(s.run, SIGHUP);
        CHECK(wait_log(&s, "was read again and is in use"));
        kill(s.emulate, SIGCONT);
        rows_read(&s);
        CHECK_INT(rows_count_newest("open"), 0);
        const char *const ask[] = {"history", "events", s.data, "--kind", "decision", NULL};
        const char *rows = service_ask(ask);
        CHECK_CONTAINS(rows != NULL ? rows : "", "the service stops, or uses another plant file");
        // The new file holds: it only says what it would do.
        CHECK(rows_wait(&s, "advised", 1));
        CHECK_INT(check_account(&s), 0);
    }
    service_end(&s);
}

// ---- a service that hangs, or dies

static void test_while_the_service_hangs_the_line_goes_by_its_own_rule(void) {
    service s = {0};
    if (start(&s, "auto", "2 s") && rows_wait(&s, "done", 1)) {
        kill(s.run, SIGSTOP);
        CHECK(wait_log(&s, "the line goes by its own rule: the service is silent"));
        service_pause(4 * HEARTBEAT_S);  // of the line's patience
        kill(s.run, SIGCONT);
        const int before = rows_count(&s, "done");
        CHECK(rows_wait(&s, "done", before + 1));
        // The line said so too, and that it is over.
        const char *const ask[] = {"history", "query", s.data, "shop/cell/line/HeartbeatLost",
                                   "--csv",   NULL};
        const char *said = service_ask(ask);
        const char *found = said != NULL ? strstr(said, "false") : NULL;
        const char *lost = found != NULL ? strstr(found, "true") : NULL;
        CHECK(lost != NULL && strstr(lost, "false") != NULL);
        CHECK(check_account(&s) > 0);
    }
    service_end(&s);
}

// Is what was decided up to `last` over: done, lost, denied, refused or expired?
static bool is_over(const service *s, int last) {
    bool over = true;
    rows_read(s);
    for (int i = 1; i <= last; i++) {
        over = over && strcmp(rows_newest(i), "open") != 0 &&
               strcmp(rows_newest(i), "approved") != 0 && strcmp(rows_newest(i), "sent") != 0;
    }
    return over;
}

// Between row and command one of them dies, or both: what was on its way is lost or done, never
// sent again, and it goes on. The row is there as soon as the service has counted its command as
// sent.
static void die_with_a_command_on_its_way(bool service_dies, bool guard_dies) {
    service s = {0};
    if (start(&s, "auto", "2 s") && rows_wait(&s, "sent", 1)) {
        const pid_t guard = rows_find_child(&s, " guard ");
        const double sent = service_metric(&s, "commands_sent_total");
        const double until = service_clock() + LONG_S;
        while (service_metric(&s, "commands_sent_total") == sent && service_clock() < until) {
        }
        if (service_dies) {
            kill(s.run, SIGKILL);
        }
        CHECK(guard > 0 && (!guard_dies || kill(guard, SIGKILL) == 0));
        if (service_dies) {
            waitpid(s.run, NULL, 0);
            s.run = 0;
        }
        rows_read(&s);
        int last = 0;
        for (int i = 1; i < ROWS_MAX; i++) {
            last = rows_newest(i)[0] != '\0' ? i : last;
        }
        CHECK(service_dies ? service_run(&s) : wait_log(&s, "the guard was killed by signal 9"));
        const int before = rows_count(&s, "done");
        CHECK(rows_wait(&s, "done", before + 1));
        CHECK(rows_find_child(&s, " guard ") > 0 && rows_find_child(&s, " guard ") != guard);
        CHECK(check_account(&s) > 0);
        CHECK(is_over(&s, last));
    }
    service_end(&s);
}

static void test_service_and_guard_die_with_a_command_on_its_way(void) {
    die_with_a_command_on_its_way(true, true);
}

static void test_the_service_dies_with_a_command_on_its_way(void) {
    die_with_a_command_on_its_way(true, false);
}

static void test_the_guard_dies_with_a_command_on_its_way(void) {
    die_with_a_command_on_its_way(false, true);
}

// ---- the clock

// The programs are started with a clock that is ahead by what a file says.
static bool set_clock(const char *path, long long us) {
    char text[40];
    snprintf(text, sizeof text, "%020lld", us);
    FILE *file = fopen(path, "r+e");
    file = file != NULL ? file : fopen(path, "we");
    const bool fine = file != NULL && fputs(text, file) >= 0;
    return file != NULL && fclose(file) == 0 && fine;
}

static void clock_library(char *path, size_t size) {
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    snprintf(path, size, "%.*s/tests/test-clock.so", slash != NULL ? (int)(slash - program) : 5,
             slash != NULL ? program : "build");
}

static void test_a_clock_that_is_set_back_stops_nothing(void) {
    service s = {0};
    char library[SERVICE_PATH_SIZE], file[SERVICE_PATH_SIZE];
    if (SANITIZED) {
        harness_note("a sanitizer wants to be loaded first: not tested");
        return;
    }
    clock_library(library, sizeof library);
    CHECK_INT(access(library, R_OK), 0);
    if (!service_begin_text(&s, plant_text("auto", "2 s"))) {
        service_end(&s);
        return;
    }
    snprintf(file, sizeof file, "%s", service_file(&s, "clock"));
    CHECK(set_clock(file, 0));
    setenv("LD_PRELOAD", library, 1);
    setenv("LINESHAFT_TEST_CLOCK", file, 1);
    const bool runs = service_run(&s);
    unsetenv("LD_PRELOAD");
    static const char *const fast[] = {"--speed", "120", NULL};
    if (runs && service_emulate(&s, fast) && rows_wait(&s, "done", 1)) {
        CHECK(set_clock(file, -3600LL * 1000000));
        const double sent = service_metric(&s, "commands_sent_total");
        CHECK(wait_metric(&s, "commands_sent_total", sent + 2));
        CHECK(rows_find_child(&s, " guard ") > 0);
        CHECK(check_account(&s) > 0);
        const char *const ask[] = {"history",  "events", s.data,    "--kind",
                                   "decision", "--to",   "-30 min", NULL};
        const char *past = service_ask(ask);
        CHECK_CONTAINS(past != NULL ? past : "", " sent: ");
        // Started again in the past, it goes on with new numbers.
        int last = 0;
        for (int i = 1; i < ROWS_MAX; i++) {
            last = rows_newest(i)[0] != '\0' ? i : last;
        }
        CHECK_INT(service_stop(&s.run, LONG_S), 0);
        setenv("LD_PRELOAD", library, 1);
        CHECK(service_run(&s));
        unsetenv("LD_PRELOAD");
        CHECK(wait_metric(&s, "commands_sent_total", 1));
        CHECK(check_account(&s) > 0);
        CHECK(rows_newest(last + 1)[0] != '\0');
    }
    unsetenv("LINESHAFT_TEST_CLOCK");
    service_end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_broker_dies_mid_decision_and_comes_back);
    TEST(test_with_a_full_disk_nothing_is_sent);
    TEST(test_after_its_deadline_nothing_is_sent);
    TEST(test_a_clock_that_is_set_back_stops_nothing);
    TEST(test_another_plant_file_expires_what_is_open);
    TEST(test_service_and_guard_die_with_a_command_on_its_way);
    TEST(test_the_service_dies_with_a_command_on_its_way);
    TEST(test_the_guard_dies_with_a_command_on_its_way);
    TEST(test_while_the_service_hangs_the_line_goes_by_its_own_rule);
    return harness_report();
}
