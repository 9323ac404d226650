// model_monitor_test.c - a monitor as a person uses it: an emulated past of the chemical plant,
// fault-free; trained on it through its gates; and a fault that it was never shown is found and
// placed.
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/cli/program.h"
#include "tests/harness.h"

static char folder[512], plant[512];

static program run(const char *line) {
    char whole[4096];
    size_t size = 0;
    // '%' stands for the folder of the test, '#' for the plant file.
    for (const char *at = line; *at != '\0' && size < sizeof whole - 600; at++) {
        const char *in = *at == '%' ? folder : *at == '#' ? plant : NULL;
        if (in != NULL) {
            size += (size_t)snprintf(whole + size, sizeof whole - size, "%s", in);
        } else {
            whole[size++] = *at;
        }
    }
    whole[size] = '\0';
    harness_note("lineshaft %s", whole);
    return program_run(whole);
}

static void expect(const char *line, int code, const char *said) {
    program done = run(line);
    CHECK_INT(done.code, code);
    CHECK_CONTAINS(code == 0 || code == 1 ? done.out : done.err, said);
    program_clear(&done);
}

static json_t *ask(const char *line) {
    program done = run(line);
    CHECK_INT(done.code, 0);
    json_t *object = json_loads(done.out, 0, NULL);
    CHECK(object != NULL);
    program_clear(&done);
    return object;
}

#define EMULATE "line emulate # --process tennessee-eastman "
#define TRAINED " --history %/past --models %/models"

static void test_trained_on_an_emulated_past(void) {
    if (!program_is_there()) {
        return;
    }
    snprintf(folder, sizeof folder, "%s", program_temporary("m"));
    CHECK_INT(mkdir(folder, 0777), 0);
    snprintf(plant, sizeof plant, "%s", harness_source_path("examples/reactor/reactor.yaml"));
    expect(EMULATE "--into %/past", 2, "--into needs --for");
    expect(EMULATE "--into %/past --for 1h --broker none", 2, "exclude");
    program done = run(EMULATE "--into %/past --for 60h");
    CHECK_INT(done.code, 0);
    CHECK_CONTAINS(done.err, "samples in '");
    program_clear(&done);
    done = run("model train #:watch" TRAINED);
    harness_note("%s%s", done.out, done.err);
    CHECK_INT(done.code, 0);  // with 'mode: auto' it serves at once
    CHECK_CONTAINS(done.out, "model watch, version 1: champion");
    CHECK_CONTAINS(done.out, "all of it good operation");
    CHECK_CONTAINS(done.out, "good rows above the limit");
    CHECK_CONTAINS(done.err, "XMV_12");  // the agitator never moves
    program_clear(&done);
    expect("model evaluate #:watch" TRAINED, 0, "version 1: champion");
    expect("model list #:watch --models %/models", 0, "champion");
    expect("model show #:watch --models %/models --json", 0, "\"kind\": \"monitor\"");
    expect("model export #:watch --models %/models", 0, "\"format\":\"lineshaft monitor\"");
    // The same again, to the byte; a range of an hour is too little.
    expect("model key %/k", 0, "k.pub");
    expect("model train #:watch --sign %/none" TRAINED, 4, "cannot open");
    expect("model train #:watch --sign %/k.pub" TRAINED, 3, "no secret key");
    expect("model train #:watch --json --sign %/k" TRAINED, 0, "\"number\": 2");
    expect("model verify #:watch -v 2 --key %/k.pub --models %/models", 0, "signed by this key");
    expect("model verify #:watch -v 1 --key %/k.pub --models %/models", 1, "not signed");
    expect("model train #:watch --to 2026-01-05T08:00" TRAINED, 3, "");
    program one = run("model export #:watch -v 1 --models %/models");
    program two = run("model export #:watch -v 2 --models %/models");
    CHECK_STR(one.out, two.out);
    program_clear(&one);
    program_clear(&two);
    expect("model rollback #:watch --models %/models", 0, "version 1 serves");
}

// The plant from another seed, and after six hours the reactor's cooling water is warmer.
static void test_a_fault_that_it_was_not_shown(void) {
    if (!program_is_there()) {
        return;
    }
    program done = run(EMULATE "--into %/fault --for 8h --seed 4651207995 --idv 4@6h");
    CHECK_INT(done.code, 0);
    program_clear(&done);
#define ASKED " --history %/fault --models %/models"
    expect("model predict #:watch --at 2026-01-05T11:57" ASKED, 0, "as usual");
    expect("model predict #:watch --at 2026-01-05T12:30" ASKED, 0, "alarm");
    json_t *object = ask("model explain #:watch --at 2026-01-05T12:30 --json" ASKED);
    const json_t *unit = json_array_get(json_object_get(object, "units"), 0);
    const json_t *first = json_array_get(json_object_get(unit, "features"), 0);
    CHECK_STR(json_string_value(json_object_get(unit, "state")), "alarm");
    CHECK(json_number_value(json_object_get(unit, "prediction")) > 1.0);
    CHECK_STR(json_string_value(json_object_get(first, "feature")),
              "tep/reactor/process/XMV_10 last");
    json_decref(object);
    expect("model explain #:watch --at 2026-01-05T12:30" ASKED, 0, "tep/reactor/process/XMV_10");
    // Over all of it: one alarm, some samples of three minutes after the fault, and it stands.
    object = ask("model alarms #:watch --json" ASKED);
    const json_t *alarms = json_object_get(object, "alarms");
    const json_t *one = json_array_get(alarms, 0);
    const json_int_t fault_us = 1767592800000000 + (json_int_t)6 * 3600 * 1000000;
    const json_int_t since_us = json_integer_value(json_object_get(one, "since_us"));
    CHECK_INT(json_array_size(alarms), 1);
    CHECK(since_us >= fault_us && since_us <= fault_us + (json_int_t)10 * 60 * 1000000);
    CHECK(json_is_null(json_object_get(one, "until_us")));
    CHECK_STR(json_string_value(
                  json_object_get(json_array_get(json_object_get(one, "blame"), 0), "feature")),
              "tep/reactor/process/XMV_10 last");
    json_decref(object);
    expect("model alarms #:watch" ASKED, 0, "tep/reactor/process/XMV_10 last");
    expect("model alarms #:watch --csv" ASKED, 0, "2026-01-05T12:30:00Z,plant,");
    expect("model alarms #:watch --csv --json" ASKED, 3, "");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_trained_on_an_emulated_past);
    TEST(test_a_fault_that_it_was_not_shown);
    program_remove_temporary();
    return harness_report();
}
