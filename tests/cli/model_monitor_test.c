// model_monitor_test.c - a monitor as a person uses it: an emulated past of the chemical plant,
// fault-free; trained on it through its gates; and a fault that it was never shown is found and
// placed.
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tests/cli/folder.h"
#include "tests/harness.h"

#define EMULATE "line emulate # --process tennessee-eastman "
#define TRAINED " --history %/past --models %/models"

static void test_trained_on_an_emulated_past(void) {
    if (!folder_make(harness_source_path("examples/reactor/reactor.yaml"))) {
        return;
    }
    folder_expect(EMULATE "--into %/past", 2, "--into needs --for");
    folder_expect(EMULATE "--into %/past --for 1h --broker none", 2, "exclude");
    program done = folder_run(EMULATE "--into %/past --for 60h", 0);
    CHECK_CONTAINS(done.err, "samples in '");
    program_clear(&done);
    done = folder_run("model train #:watch" TRAINED, 0);  // with 'mode: auto' it serves at once
    CHECK_CONTAINS(done.out, "model watch, version 1: champion");
    CHECK_CONTAINS(done.out, "all of it good operation");
    CHECK_CONTAINS(done.out, "good rows above the limit");
    CHECK_CONTAINS(done.err, "XMV_12");  // the agitator never moves
    program_clear(&done);
    folder_expect("model evaluate #:watch" TRAINED, 0, "version 1: champion");
    folder_expect("model list #:watch --models %/models", 0, "champion");
    folder_expect("model show #:watch --models %/models --json", 0, "\"kind\": \"monitor\"");
    folder_expect("model export #:watch --models %/models", 0, "\"format\":\"lineshaft monitor\"");
    // The same again, to the byte; a range of an hour is too little.
    folder_expect("model key %/k", 0, "k.pub");
    folder_expect("model train #:watch --sign %/none" TRAINED, 4, "cannot open");
    folder_expect("model train #:watch --sign %/k.pub" TRAINED, 3, "no secret key");
    folder_expect("model train #:watch --json --sign %/k" TRAINED, 0, "\"number\": 2");
    folder_expect("model verify #:watch -v 2 --key %/k.pub --models %/models", 0,
                  "signed by this key");
    folder_expect("model verify #:watch -v 1 --key %/k.pub --models %/models", 1, "not signed");
    folder_expect("model train #:watch --to 2026-01-05T08:00" TRAINED, 3, "");
    program one = folder_run("model export #:watch -v 1 --models %/models", 0);
    program two = folder_run("model export #:watch -v 2 --models %/models", 0);
    CHECK_STR(one.out, two.out);
    program_clear(&one);
    program_clear(&two);
    folder_expect("model rollback #:watch --models %/models", 0, "version 1 serves");
}

// The plant from another seed, and after six hours the reactor's cooling water is warmer.
static void test_a_fault_that_it_was_not_shown(void) {
    if (!program_is_there()) {
        return;
    }
    program done = folder_run(EMULATE "--into %/fault --for 8h --seed 4651207995 --idv 4@6h", 0);
    program_clear(&done);
#define ASKED " --history %/fault --models %/models"
    folder_expect("model predict #:watch --at 2026-01-05T11:57" ASKED, 0, "as usual");
    folder_expect("model predict #:watch --at 2026-01-05T12:30" ASKED, 0, "alarm");
    json_t *object = folder_ask("model explain #:watch --at 2026-01-05T12:30 --json" ASKED);
    const json_t *unit = json_array_get(json_object_get(object, "units"), 0);
    const json_t *first = json_array_get(json_object_get(unit, "features"), 0);
    CHECK_STR(json_string_value(json_object_get(unit, "state")), "alarm");
    CHECK(json_number_value(json_object_get(unit, "prediction")) > 1.0);
    CHECK_STR(json_string_value(json_object_get(first, "feature")),
              "tep/reactor/process/XMV_10 last");
    json_decref(object);
    folder_expect("model explain #:watch --at 2026-01-05T12:30" ASKED, 0,
                  "tep/reactor/process/XMV_10");
    // Over all of it: one alarm, some samples of three minutes after the fault, and it stands.
    object = folder_ask("model alarms #:watch --json" ASKED);
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
    folder_expect("model alarms #:watch" ASKED, 0, "tep/reactor/process/XMV_10 last");
    folder_expect("model alarms #:watch --csv" ASKED, 0, "2026-01-05T12:30:00Z,plant,");
    folder_expect("model alarms #:watch --csv --json" ASKED, 3, "");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_trained_on_an_emulated_past);
    TEST(test_a_fault_that_it_was_not_shown);
    program_remove_temporary();
    return harness_report();
}
