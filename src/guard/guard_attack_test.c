// guard_attack_test.c - the guard as it runs, with an attacker instead of the service at its
// socket: what he says is not in the program's words alone, and nothing unsafe reaches the PLC.
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/servant.h"
#include "guard/check.h"
#include "guard/socket.h"
#include "guard/testing/link_case.h"
#include "guard/testing/plc.h"
#include "tests/harness.h"
#include "tests/servers/child.h"

enum { WAIT_MS = 60000, PATIENCE_US = 2000000, DROPPED = 1000, SILENT = 1001 };

typedef struct rig {
    char folder[40], plant_file[80], data[80];
    plc plc;
    pid_t guard;
    int file;  // to the guard; -1: hung up
    ls_guard_lines lines;
    verdicts verdicts;
    bool writes;  // as the guard says
    uint64_t asked, answered;
    int64_t beat_us;
    uint32_t commands;
} rig;

// ---- the attacker's end of the socket

static void on_message(void *context, const ls_guard_message *message) {
    rig *r = context;
    if (message->say == LS_SAY_VERDICT) {
        verdicts_keep(&r->verdicts, &message->of.verdict);
    } else if (message->say == LS_SAY_STATE) {
        r->writes = message->of.state.writes;
    } else if (message->say == LS_SAY_ANSWER) {
        r->answered = message->of.answer.ticket;
    }
}

static int dial(const rig *r) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(to.sun_path, sizeof to.sun_path, "%s/guard/guard.sock", r->data);
    if (connect(file, (const struct sockaddr *)&to, sizeof to) != 0) {
        close(file);
        return -1;
    }
    return file;
}

static void hang_up(rig *r) {
    if (r->file >= 0) {
        close(r->file);
    }
    r->file = -1;
    r->writes = false;
    r->lines.used = 0;
}

static void tell(rig *r, const char *bytes, size_t size) {
    for (size_t at = 0; r->file >= 0 && at < size;) {
        const ssize_t n = send(r->file, bytes + at, size - at, MSG_NOSIGNAL);
        if (n > 0) {
            at += (size_t)n;
        } else if (errno == EAGAIN) {
            (void)poll(&(struct pollfd){.fd = r->file, .events = POLLOUT}, 1, 100);
        } else {
            hang_up(r);
        }
    }
}

static void say(rig *r, const char *text) {
    tell(r, text, strlen(text));
}

// Beats as the service would, and hears what is said to it.
static void turn(rig *r) {
    if (r->file < 0) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        r->file = dial(r);
        return;
    }
    if (ls_monotonic_us() - r->beat_us > 100000) {
        r->beat_us = ls_monotonic_us();
        say(r, "{\"v\":2,\"say\":\"beat\"}\n");
    }
    (void)poll(&(struct pollfd){.fd = r->file, .events = POLLIN}, 1, 2);
    const ssize_t got = r->file < 0 ? 0
                                    : read(r->file, r->lines.bytes + r->lines.used,
                                           sizeof r->lines.bytes - r->lines.used);
    const char *why = NULL;
    if (got > 0) {
        CHECK(ls_guard_lines_take(&r->lines, (size_t)got, on_message, r, &why));
    } else if (got == 0 || errno != EAGAIN) {
        hang_up(r);
    }
}

#define WAIT_FOR(r, condition)                                                     \
    do {                                                                           \
        const int64_t wait_until_us = ls_monotonic_us() + (int64_t)WAIT_MS * 1000; \
        while (!(condition) && ls_monotonic_us() < wait_until_us) {                \
            turn(r);                                                               \
        }                                                                          \
        CHECK(condition);                                                          \
    } while (0)

// Whoever comes is told first what came of commands of before; until that has been said.
static void hear_all(rig *r) {
    for (int i = 0; i < 2; i++) {
        char text[200];
        snprintf(
            text, sizeof text,
            "{\"v\":2,\"say\":\"deed\",\"ticket\":%llu,\"kind\":\"show\",\"who\":\"test\",\"role\":"
            "\"viewer\",\"what\":\"\",\"guard\":0,\"reason\":\"\",\"until_us\":0}\n",
            (unsigned long long)++r->asked);
        say(r, text);
        WAIT_FOR(r, r->answered == r->asked);
    }
}

// ---- commands

static ls_command a_hold(rig *r) {
    return link_case_command(++r->commands, LS_COMMAND_HOLD, "dispatch saw", "saw-1", "1 min",
                             ls_monotonic_us());
}

static ls_command a_setting(rig *r, int value) {
    char text[40];
    snprintf(text, sizeof text, "speed=%d", value);
    ls_command c = link_case_command(++r->commands, LS_COMMAND_SETPOINT, "setpoint speed", "speed",
                                     text, ls_monotonic_us());
    snprintf(c.device, sizeof c.device, "line");
    c.number = value;
    return c;
}

// "x": null and so on in place of what stands there; "x+": added to it.
static void patch(json_t *object, const char *change) {
    json_t *with = json_loads(change, 0, NULL);
    const char *key;
    json_t *value;
    CHECK(with != NULL);
    json_object_foreach(with, key, value) {
        char name[40];
        const size_t size = strcspn(key, "+");
        snprintf(name, sizeof name, "%.*s", (int)size, key);
        if (key[size] == '+') {
            const json_int_t old = json_integer_value(json_object_get(object, name));
            json_object_set_new(object, name, json_integer(old + json_integer_value(value)));
        } else {
            json_object_set(object, name, value);
        }
    }
    json_decref(with);
}

// The line that says a command, changed; the caller frees it.
static char *line_of(const ls_command *c, const char *change) {
    json_t *object = ls_guard_command_json(c);
    json_object_set_new(object, "v", json_integer(LS_GUARD_VERSION));
    json_object_set_new(object, "say", json_string("command"));
    if (change != NULL) {
        patch(object, change);
    }
    char *text = json_dumps(object, JSON_COMPACT);
    char *line = malloc(strlen(text) + 2);
    CHECK(line != NULL);
    sprintf(line, "%s\n", text);
    free(text);
    json_decref(object);
    return line;
}

static uint32_t verdict_count(rig *r) {
    return r->verdicts.count;
}

// What comes of a line: the number of the guard that refused it, 0: it was done, or DROPPED.
static uint32_t outcome(rig *r, const char *line, const char *id) {
    const uint32_t before = verdict_count(r);
    ls_verdict v = {.result = LS_COMMAND_RESULT_COUNT};
    say(r, line);
    const int64_t until_us = ls_monotonic_us() + (int64_t)WAIT_MS * 1000;
    while (r->file >= 0 && ls_monotonic_us() < until_us) {
        turn(r);
        if (verdict_count(r) > before && verdicts_newest(&r->verdicts, id, &v) &&
            v.result != LS_COMMAND_SENT) {
            harness_note("%s: %d, guard %u, %s", id, (int)v.result, v.guard, v.reason);
            return v.result == LS_COMMAND_ACKNOWLEDGED && v.guard == 0 ? 0 : v.guard;
        }
    }
    return r->file < 0 ? DROPPED : SILENT;
}

static uint32_t try(rig *r, const ls_command *c, const char *change) {
    char *line = line_of(c, change);
    const uint32_t guard = outcome(r, line, c->id);
    free(line);
    return guard;
}

static bool wait_until_it_writes(rig *r) {
    uint32_t guard = SILENT;
    for (int i = 0; i < 300 && guard != 0; i++) {
        WAIT_FOR(r, r->writes);
        const ls_command c = a_hold(r);
        guard = try(r, &c, NULL);
        for (int turns = 0; turns < 20 && guard != 0; turns++) {
            turn(r);
        }
    }
    CHECK_INT(guard, 0);
    return guard == 0;
}

// What the PLC has done: fences are none.
static uint32_t obeyed(rig *r) {
    uint32_t count = 0;
    (void)pthread_mutex_lock(&r->plc.lock);
    count = r->plc.obeyed_count;
    (void)pthread_mutex_unlock(&r->plc.lock);
    return count;
}

// ---- the rig

static void write_plant(const rig *r) {
    char text[8192];
    snprintf(text, sizeof text, plc_plant, r->plc.port);
    char *guards = strstr(text, "\nguards:");
    CHECK(guards != NULL);
    if (guards != NULL) {
        snprintf(guards + 1, sizeof text - (size_t)(guards + 1 - text),
                 "guards:\n"
                 "  heartbeat: 2 s\n"
                 "  read-back: 2 s\n"
                 "  claim-width: 2\n"
                 "  step: {most: 20}\n");
    }
    FILE *file = fopen(r->plant_file, "w");
    CHECK(file != NULL && fputs(text, file) >= 0);
    if (file != NULL) {
        CHECK_INT(fclose(file), 0);
    }
}

static void start_guard(rig *r) {
    char log[192];
    snprintf(log, sizeof log, "%s.log", r->data);
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *const argv[] = {
        program != NULL ? program : "lineshaft", "guard", r->plant_file, "--data", r->data, NULL};
    r->guard = child_start(argv, NULL, log);
}

static void begin(rig *r) {
    memset(r, 0, sizeof *r);
    r->file = -1;
    snprintf(r->folder, sizeof r->folder, "/tmp/ls-guard-attack-XXXXXX");
    CHECK(mkdtemp(r->folder) != NULL);
    snprintf(r->plant_file, sizeof r->plant_file, "%s/plant.yaml", r->folder);
    snprintf(r->data, sizeof r->data, "%s/data", r->folder);
    CHECK_INT(mkdir(r->data, 0700), 0);
    pthread_mutex_init(&r->verdicts.lock, NULL);
    CHECK(plc_start(&r->plc, 0, PATIENCE_US));
    plc_set_text(&r->plc, PLC_WAITING, 40, "a-1 a-2");
    write_plant(r);
    start_guard(r);
}

static void end(rig *r) {
    if (harness_has_failed()) {
        char path[192];
        snprintf(path, sizeof path, "%s.log", r->data);
        char *text = harness_read_file(path, NULL);
        printf("%s\n", text != NULL ? text : "no log");
        free(text);
    }
    hang_up(r);
    kill(r->guard, SIGTERM);
    CHECK_INT(child_wait(r->guard), 0);
    plc_stop(&r->plc);
    pthread_mutex_destroy(&r->verdicts.lock);
    char script[128];
    snprintf(script, sizeof script, "rm -rf '%s'", r->folder);
    child_wait(child_start_shell(script));
}

static rig the;

// ---- tests

typedef struct attack {
    const char *change;
    uint32_t guard;
} attack;

// Of a setting of 55 where 52 stands, from 10 to 90, by steps of at most 20.
static const attack of_settings[] = {
    {"{\"number\":91,\"argument\":\"speed=91\"}", 1},
    {"{\"number\":90.00000000000001,\"argument\":\"speed=90.00000000000001\"}", 1},
    {"{\"number\":9.999999999999998,\"argument\":\"speed=9.999999999999998\"}", 1},
    {"{\"number\":-55,\"argument\":\"speed=-55\"}", 1},
    {"{\"number\":1e308,\"argument\":\"speed=1e308\"}", 1},
    {"{\"number\":null}", 1},  // no number at all
    {"{\"number\":null,\"argument\":\"speed=nan\"}", 1},
    {"{\"number\":54}", 1},  // another one than the text says
    {"{\"argument\":\"speed=0x37\"}", 1},
    {"{\"argument\":\"speed=55\\n\"}", 1},
    {"{\"argument\":\"speed= 55\"}", 1},
    {"{\"argument\":\"speed=55 speed=99\"}", 1},
    {"{\"argument\":\"Speed=55\"}", 1},
    {"{\"argument\":\"\"}", 1},
    {"{\"number\":73,\"argument\":\"speed=73\"}", 3},
    {"{\"sequence\":0}", 22},
    {"{\"sequence\":1}", 22},
    {"{\"decided_us+\":60000000,\"deadline_us+\":60000000}", 12},
    {"{\"deadline_us+\":-60000000}", 12},
    {"{\"decided_us+\":-3600000000}", 17},  // long before the line was ours
    {"{\"decided_us\":-9223372036854775808,\"deadline_us\":-9223372036854775808}", 17},
    {"{\"not_after_us\":0}", 24},
    {"{\"not_after_us\":9223372036854775807}", 24},
    {"{\"not_after_us\":-9223372036854775808}", 24},
    {"{\"gain_low\":0}", 11},
    {"{\"gain_low\":-0.0}", 11},
    {"{\"gain_low\":null}", 10},
    {"{\"gain_high\":3.3}", 10},  // 1.1 from 1 on: known too badly
    {"{\"gain_high\":null}", 10},
    {"{\"gain_high\":1e308,\"gain\":1e300}", 10},
    {"{\"gain\":null}", 10},
    {"{\"gain\":0.9}", 10},  // outside of its own interval
    {"{\"gain_min\":1e300}", 11},
    {"{\"claim_futures\":7}", 11},
    {"{\"certainty\":null}", 9},
    {"{\"certainty\":0.5}", 9},
    {"{\"certainty\":1.5}", 10},
    {"{\"in_step_us\":0}", 9},
    {"{\"state_now\":2}", 13},
    {"{\"state_version\":0,\"state_now\":0}", 13},
    {"{\"automatic\":false}", 19},
    {"{\"automatic\":false,\"approvals\":[{\"who\":\"\",\"role\":\"engineer\",\"at_us\":0}]}", 19},
    {"{\"automatic\":false,\"approvals\":[{\"who\":\"kim\",\"role\":\"viewer\",\"at_us\":0}]}", 19},
    {"{\"automatic\":false,\"approvals\":[{\"who\":\"kim\",\"role\":\"operator\",\"at_us\":0}]}",
     19},
    {"{\"automatic\":false,\"approvals\":[{\"who\":\"kim\",\"role\":\"operator\",\"at_us\":"
     "9223372036854775807}]}",
     19},
    {"{\"by_hand\":true}", 19},
    {"{\"by_hand\":true,\"automatic\":false}", 19},
    {"{\"point\":\"dispatch saw\"}", 19},
    {"{\"point\":\"\"}", 19},
    {"{\"device\":\"saw-1\"}", 19},
    {"{\"target\":\"speed \"}", 19},
    {"{\"kind\":\"stop\",\"target\":\"saw-1\",\"device\":\"saw-1\",\"argument\":\"\"}", 19},
    {"{\"kind\":\"start\",\"target\":\"saw-1\",\"device\":\"saw-1\",\"argument\":\"\"}", 19},
    {"{\"kind\":\"release\",\"target\":\"x\",\"argument\":\"x\"}", 19},
    {"{\"id\":\"\"}", 21},
};

static const attack of_holds[] = {
    {"{\"argument\":\"\"}", 1},  // without an end
    {"{\"argument\":\"24 h 1 s\"}", 1},
    {"{\"argument\":\"-1 min\"}", 1},
    {"{\"argument\":\"1e300 h\"}", 1},
    {"{\"target\":\"saw-2\"}", 19},
    {"{\"target\":\"saw-3\",\"device\":\"saw-3\"}", 19},
    {"{\"kind\":\"dispatch\",\"argument\":\"a-9\"}", 32},
    {"{\"kind\":\"dispatch\",\"argument\":\"a-1 a-2\"}", 32},
    {"{\"kind\":\"maintain\",\"argument\":\"oil\"}", 19},
    {"{\"kind\":\"setup\",\"argument\":\"b\"}", 19},
    {"{\"kind\":\"put-off\",\"argument\":\"x 1 h\"}", 19},
};

// Refused by the guard that is to refuse it, and told nobody: the PLC has done nothing.
static void test_a_good_command_with_one_thing_changed_goes_nowhere(void) {
    rig *r = &the;
    begin(r);
    if (wait_until_it_writes(r)) {
        const ls_command first = a_setting(r, 52);
        CHECK_INT(try(r, &first, NULL), 0);
        const uint32_t before = obeyed(r);
        for (size_t i = 0; i < sizeof of_settings / sizeof *of_settings; i++) {
            const ls_command c = a_setting(r, 55);
            const char *id = strstr(of_settings[i].change, "\"id\"") != NULL ? "" : c.id;
            char *line = line_of(&c, of_settings[i].change);
            const uint32_t guard = outcome(r, line, id);
            harness_note("%s", of_settings[i].change);
            CHECK_INT(guard, of_settings[i].guard);
            free(line);
        }
        for (size_t i = 0; i < sizeof of_holds / sizeof *of_holds; i++) {
            const ls_command c = a_hold(r);
            harness_note("%s", of_holds[i].change);
            CHECK_INT(try(r, &c, of_holds[i].change), of_holds[i].guard);
        }
        CHECK_INT(obeyed(r) - before, 0);
        CHECK_INT(plc_get(&r->plc, PLC_SPEED), 52);
        const ls_command good = a_setting(r, 55);  // unchanged it goes
        CHECK_INT(try(r, &good, NULL), 0);
        CHECK_INT(obeyed(r) - before, 1);
    }
    end(r);
}

// Bytes that were a good command once, again: at once, behind another one, and when the guard has
// been killed and begins again.
static void test_what_was_heard_once_does_nothing_again(void) {
    rig *r = &the;
    begin(r);
    if (wait_until_it_writes(r)) {
        const ls_command first = a_setting(r, 55), second = a_setting(r, 56);
        char *again = line_of(&first, NULL);
        char *other = line_of(&first, "{\"number\":57,\"argument\":\"speed=57\"}");
        // The same to be done, under another name, not later than what went before it.
        char *renamed = line_of(&first, "{\"id\":\"d-99999-1\"}");
        CHECK_INT(outcome(r, again, first.id), 0);
        CHECK_INT(try(r, &second, NULL), 0);
        uint32_t before = obeyed(r);
        ls_verdict v;
        CHECK_INT(outcome(r, again, first.id), LS_GUARD_IDEMPOTENCE);  // and what came of it then
        CHECK(verdicts_newest(&r->verdicts, first.id, &v) && v.result == LS_COMMAND_ACKNOWLEDGED);
        CHECK_INT(outcome(r, other, first.id), LS_GUARD_IDEMPOTENCE);
        CHECK(verdicts_newest(&r->verdicts, first.id, &v) && v.result == LS_COMMAND_REFUSED);
        const uint32_t as_new = outcome(r, renamed, "d-99999-1");
        CHECK(as_new == LS_GUARD_DEADLINE || as_new == LS_GUARD_SEQUENCE);
        CHECK_INT(obeyed(r) - before, 0);
        kill(r->guard, SIGKILL);
        child_wait(r->guard);
        hang_up(r);
        start_guard(r);
        WAIT_FOR(r, r->file >= 0);
        hear_all(r);
        CHECK_INT(outcome(r, again, first.id), LS_GUARD_IDEMPOTENCE);
        CHECK_INT(outcome(r, other, first.id), LS_GUARD_IDEMPOTENCE);
        CHECK(wait_until_it_writes(r));
        before = obeyed(r);
        CHECK_INT(outcome(r, again, first.id), LS_GUARD_IDEMPOTENCE);
        CHECK(outcome(r, renamed, "d-99999-1") != 0);
        const ls_command late = a_setting(r, 60);
        CHECK_INT(try(r, &late, "{\"sequence\":2}"), LS_GUARD_SEQUENCE);  // of before the restart
        CHECK_INT(obeyed(r) - before, 0);
        CHECK_INT(plc_get(&r->plc, PLC_SPEED), 56);
        free(again);
        free(other);
        free(renamed);
    }
    end(r);
}

static char *together(const ls_command *commands, uint32_t count, const char *change) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(list, ls_guard_command_json(&commands[i]));
    }
    json_t *object = json_pack("{s:i, s:s, s:o}", "v", LS_GUARD_VERSION, "say", "together",
                               "commands", list);
    if (change != NULL) {
        patch(json_array_get(list, count - 1), change);
    }
    char *text = json_dumps(object, JSON_COMPACT);
    char *line = malloc(strlen(text) + 2);
    CHECK(line != NULL);
    sprintf(line, "%s\n", text);
    free(text);
    json_decref(object);
    return line;
}

// One that may not go keeps the good one beside it; two cannot be slipped past as one.
static void test_nothing_goes_beside_a_bad_one(void) {
    static const attack attacks[] = {
        {"{\"argument\":\"25 h\"}", 33},
        {"{\"not_after_us\":0}", 33},
        {"{\"target\":\"speed\"}", 33},
        {"{\"sequence\":0}", 33},
    };
    rig *r = &the;
    begin(r);
    if (wait_until_it_writes(r)) {
        const uint32_t before = obeyed(r);
        for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
            const ls_command c[2] = {a_setting(r, 55), a_hold(r)};
            char *line = together(c, 2, attacks[i].change);
            harness_note("%s", attacks[i].change);
            CHECK_INT(outcome(r, line, c[0].id), attacks[i].guard);
            free(line);
        }
        ls_command twice[2] = {a_setting(r, 55), a_setting(r, 60)};
        char *line = together(twice, 2, NULL);
        CHECK_INT(outcome(r, line, twice[1].id), LS_GUARD_COMBINED);
        free(line);
        twice[1] = twice[0];
        line = together(twice, 2, NULL);
        CHECK(outcome(r, line, twice[0].id) != 0);
        free(line);
        CHECK_INT(obeyed(r) - before, 0);
        CHECK_INT(plc_get(&r->plc, PLC_SPEED), 50);
        const ls_command good[2] = {a_setting(r, 55), a_hold(r)};
        line = together(good, 2, NULL);
        CHECK_INT(outcome(r, line, good[1].id), 0);
        free(line);
        WAIT_FOR(r, obeyed(r) - before == 2);
    }
    end(r);
}

// Somebody else at the same socket, with a good command of his own: he is not heard.
static void test_another_one_at_the_socket_is_not_heard(void) {
    rig *r = &the;
    begin(r);
    if (wait_until_it_writes(r)) {
        const uint32_t before = obeyed(r);
        const ls_command c = a_setting(r, 55);
        char *line = line_of(&c, NULL);
        int turned_away = 0;
        for (int i = 0; i < 20; i++) {
            const int file = dial(r);
            CHECK(file >= 0);
            (void)!send(file, line, strlen(line), MSG_NOSIGNAL);
            for (int turns = 0; turns < 1000; turns++) {
                char byte;
                turn(r);
                const ssize_t got = read(file, &byte, 1);
                CHECK(got <= 0);  // nothing is said to him
                if (got == 0 || (got < 0 && errno != EAGAIN)) {
                    turned_away++;
                    break;
                }
            }
            close(file);
        }
        CHECK_INT(turned_away, 20);
        CHECK(r->file >= 0);
        ls_verdict v;
        CHECK(!verdicts_newest(&r->verdicts, c.id, &v));
        CHECK_INT(obeyed(r) - before, 0);
        const ls_command good = a_setting(r, 56);
        CHECK_INT(try(r, &good, NULL), 0);
        CHECK_INT(plc_get(&r->plc, PLC_SPEED), 56);
        free(line);
    }
    end(r);
}

// A frame of one part, many times over, and an end.
static char *frame(const char *head, const char *part, size_t times, const char *tail) {
    const size_t size = strlen(head) + strlen(part) * times + strlen(tail) + 1;
    char *text = malloc(size);
    CHECK(text != NULL);
    char *at = stpcpy(text, head);
    for (size_t i = 0; i < times; i++) {
        at = stpcpy(at, part);
    }
    strcpy(at, tail);
    return text;
}

// What is no message ends the connection; the guard lives, nothing is sent, and who comes next and
// is well behaved is served.
static void test_frames_that_are_none_reach_nobody(void) {
    static const char *const changes[] = {
        "{\"number\":\"55\"}",
        "{\"number\":[55]}",
        "{\"sequence\":-1}",
        "{\"sequence\":4294967296}",
        "{\"sequence\":7.5}",
        "{\"sequence\":null}",
        "{\"state_now\":-1}",
        "{\"automatic\":1}",
        "{\"automatic\":null}",
        "{\"kind\":\"fence\"}",
        "{\"kind\":\"SETPOINT\"}",
        "{\"kind\":6}",
        "{\"approvals\":{}}",
        "{\"approvals\":[{},{}]}",
        "{\"approvals\":[{\"who\":\"kim\",\"role\":\"god\",\"at_us\":0}]}",
        "{\"id\":\"d-1234567890123456789012345678901234567890123456\"}",
        "{\"more\":1}",
        "{\"v\":3}",
        "{\"v\":\"2\"}",
        "{\"say\":\"do\"}",
    };
    static const char *const frames[] = {
        "\n",
        "{}\n",
        "[]\n",
        "null\n",
        "{\"v\":2,\"say\":\"beat\"} {\"v\":2,\"say\":\"beat\"}\n",
        "{\"v\":2,\"say\":\"beat\",\"say\":\"command\"}\n",
        "{\"v\":2,\"say\":\"command\"}\n",
        "{\"v\":2,\"say\":\"together\",\"commands\":[]}\n",
        "{\"v\":2,\"say\":\"together\",\"commands\":[1,2]}\n",
        "{\"v\":2,\"say\":\"command\",\"number\":NaN}\n",
        "{\"v\":2,\"say\":\"command\",\"number\":1e999}\n",
        "{\"v\":2,\"say\":\"command\",\"id\":\"d-1\\u0000\"}\n",
        "{\"v\":2,\"say\":\"command\",\"id\":\"\xff\xfe\"}\n",
    };
    rig *r = &the;
    begin(r);
    const bool writes = wait_until_it_writes(r);
    const uint32_t before = obeyed(r);
    for (size_t i = 0; writes && i < sizeof changes / sizeof *changes; i++) {
        WAIT_FOR(r, r->file >= 0);
        const ls_command c = a_setting(r, 55);
        harness_note("%s", changes[i]);
        CHECK_INT(try(r, &c, changes[i]), DROPPED);
    }
    for (size_t i = 0; writes && i < sizeof frames / sizeof *frames; i++) {
        WAIT_FOR(r, r->file >= 0);
        harness_note("%s", frames[i]);
        CHECK_INT(outcome(r, frames[i], "none"), DROPPED);
    }
    char *const large[] = {frame("", "[", 100000, "\n"), frame("", "{\"a\":", 20000, "\n"),
                           frame("{\"v\":2,\"say\":\"beat\",\"x\":\"", "x", 130000, "\"}\n"),
                           frame("", "x", 400000, ""), frame("{\"v\":1", "0", 100000, "}\n")};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        if (writes) {
            WAIT_FOR(r, r->file >= 0);
            harness_note("large %zu", i);
            CHECK_INT(outcome(r, large[i], "none"), DROPPED);
        }
        free(large[i]);
    }
    if (writes) {
        // A byte of nothing within a line.
        const ls_command c = a_setting(r, 55);
        char *line = line_of(&c, NULL);
        WAIT_FOR(r, r->file >= 0);
        const size_t size = strlen(line);
        line[size / 2] = '\0';
        tell(r, line, size);
        WAIT_FOR(r, r->file < 0);
        free(line);
        // What the guard alone says is not believed of others.
        WAIT_FOR(r, r->file >= 0);
        say(r, "{\"v\":2,\"say\":\"state\",\"writes\":true,\"why\":\"\"}\n");
        CHECK_INT(obeyed(r) - before, 0);
        CHECK(wait_until_it_writes(r));
        CHECK_INT(plc_get(&r->plc, PLC_SPEED), 50);
        const ls_command good = a_setting(r, 55);
        CHECK_INT(try(r, &good, NULL), 0);
    }
    end(r);
}

// Half a command, and silence: the heartbeat stops, and the line goes by its own rule; what was
// begun is no command when its end comes late.
static void test_half_a_command_is_none(void) {
    rig *r = &the;
    begin(r);
    if (wait_until_it_writes(r)) {
        const uint32_t before = obeyed(r);
        const ls_command c = a_setting(r, 55);
        char *line = line_of(&c, NULL);
        const size_t half = strlen(line) / 2;
        tell(r, line, half);
        const int64_t until_us = ls_monotonic_us() + (int64_t)WAIT_MS * 1000;
        while (plc_get(&r->plc, PLC_LOST) == 0 && ls_monotonic_us() < until_us) {
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        }
        CHECK_INT(plc_get(&r->plc, PLC_LOST), 1);
        r->beat_us = ls_monotonic_us();  // not in the middle of the line
        const uint32_t guard = outcome(r, line + half, c.id);
        CHECK(guard != 0 && guard != DROPPED && guard != SILENT);
        CHECK_INT(obeyed(r) - before, 0);
        free(line);
        CHECK_INT(plc_get(&r->plc, PLC_SPEED), 50);
    }
    end(r);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_good_command_with_one_thing_changed_goes_nowhere);
    TEST(test_what_was_heard_once_does_nothing_again);
    TEST(test_nothing_goes_beside_a_bad_one);
    TEST(test_another_one_at_the_socket_is_not_heard);
    TEST(test_frames_that_are_none_reach_nobody);
    TEST(test_half_a_command_is_none);
    return harness_report();
}
