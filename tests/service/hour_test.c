// hour_test.c - an hour of the emulated cell at speed 60, with everything that goes wrong in one:
// messages lost, doubled and swapped, the broker killed, the service killed twice. At its end the
// twin is in step, what was acknowledged is in the history, every gap has a name, and the hidden
// drift was found.
#include <math.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/servers/mosquitto.h"
#include "tests/service/service.h"

// To the output, and beside a failure.
static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...) {
    char text[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    printf("%s\n", text);
    harness_note("%s", text);
}

// ---- an independent publisher at QoS 1, that knows what was acknowledged to it

enum { READINGS_MAX = 20000 };

typedef struct publisher {
    struct mosquitto *client;
    int number_of_mid[65536];  // + 1
    _Atomic bool acknowledged[READINGS_MAX];
    int count;
} publisher;

static void on_acknowledged(struct mosquitto *client, void *context, int mid) {
    publisher *p = context;
    (void)client;
    const int number = p->number_of_mid[mid & 0xffff];
    if (number > 0) {
        atomic_store(&p->acknowledged[number - 1], true);
    }
}

static bool publisher_start(publisher *p, int port) {
    memset(p, 0, sizeof *p);
    mosquitto_lib_init();
    p->client = mosquitto_new("press", true, p);
    mosquitto_publish_callback_set(p->client, on_acknowledged);
    const bool fine = mosquitto_connect(p->client, "127.0.0.1", port, 30) == 0 &&
                      mosquitto_loop_start(p->client) == 0;
    CHECK(fine);
    return fine;
}

static void publisher_say(publisher *p) {
    char text[64];
    int mid = 0;
    const int size = snprintf(text, sizeof text, "{\"n\": %d}", p->count);
    // The number is known before the acknowledgement may come: message ids count up from 1.
    p->number_of_mid[(p->count + 1) & 0xffff] = p->count + 1;
    if (p->count < READINGS_MAX &&
        mosquitto_publish(p->client, &mid, "press/reading", size, text, 1, false) == 0) {
        CHECK_INT(mid, p->count + 1);
        p->count++;
    }
}

static void publisher_stop(publisher *p) {
    mosquitto_disconnect(p->client);
    mosquitto_loop_stop(p->client, true);
    mosquitto_destroy(p->client);
}

static void check_acknowledged_are_kept(const service *s, publisher *p) {
    char history[SERVICE_PATH_SIZE + 16];
    snprintf(history, sizeof history, "%s/history", s->data);
    const char *const arguments[] = {"history", "query", history, "press/reading#n", "--csv", NULL};
    const char *text = service_ask(arguments);
    static bool kept[READINGS_MAX];
    memset(kept, 0, sizeof kept);
    CHECK(text != NULL);
    for (const char *line = text; line != NULL; line = strchr(line + 1, '\n')) {
        const char *comma = strchr(line + 1, ',');
        const char *second = comma != NULL ? strchr(comma + 1, ',') : NULL;
        const int number = second != NULL ? atoi(second + 1) : -1;
        if (number >= 0 && number < READINGS_MAX) {
            kept[number] = true;
        }
    }
    int acknowledged = 0;
    int missing = 0;
    for (int i = 0; i < p->count; i++) {
        acknowledged += atomic_load(&p->acknowledged[i]);
        missing += atomic_load(&p->acknowledged[i]) && !kept[i];
    }
    say("%d readings, %d acknowledged, %d of these missing", p->count, acknowledged, missing);
    CHECK(acknowledged > 100);
    CHECK_INT(missing, 0);
}

// ---- is the twin in step?

static const json_t *find_named(const json_t *list, const char *key, const char *name) {
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) {
        const char *there = json_string_value(json_object_get(item, key));
        if (there != NULL && strcmp(there, name) == 0) {
            return item;
        }
    }
    return NULL;
}

static const char *word(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

// The lots that the truth has in a machine, against those of the twin.
static int differing_lots(const json_t *truth, const json_t *machine) {
    int differ = 0;
    size_t in_truth = 0;
    size_t i;
    const json_t *lot;
    json_array_foreach(json_object_get(truth, "lots"), i, lot) {
        if (strcmp(word(lot, "machine"), word(machine, "name")) != 0) {
            continue;
        }
        in_truth++;
        bool found = false;
        size_t k;
        const json_t *name;
        json_array_foreach(json_object_get(machine, "lots"), k, name) {
            found |= strcmp(json_string_value(name), word(lot, "lot")) == 0;
        }
        differ += !found;
    }
    return differ + (in_truth != json_array_size(json_object_get(machine, "lots")));
}

static void check_in_step(const json_t *truth, const json_t *state) {
    size_t i;
    const json_t *one;
    int differ = 0;
    json_array_foreach(json_object_get(truth, "machines"), i, one) {
        const json_t *machine = find_named(json_object_get(state, "machines"), "name",
                                           word(one, "machine"));
        CHECK_STR(word(machine, "state"), word(one, "state"));
        differ += differing_lots(truth, machine);
    }
    CHECK_INT(differ, 0);
    const char *station;
    const json_t *count;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(truth, "queues"), station, count) {
        const json_t *there = find_named(json_object_get(state, "stations"), "name", station);
        if (json_integer_value(json_object_get(there, "waiting")) != json_integer_value(count)) {
            printf("station %s\n", station);
        }
        CHECK_INT(json_integer_value(json_object_get(there, "waiting")), json_integer_value(count));
    }
    const json_t *follow = json_object_get(state, "follow");
    CHECK_INT(json_integer_value(json_object_get(follow, "lots")),
              (json_int_t)json_array_size(json_object_get(truth, "lots")));
    say("at the end: %d lots, certainty %.3f, inferred %d, contradicted %d",
        (int)json_integer_value(json_object_get(follow, "lots")),
        json_number_value(json_object_get(follow, "certainty")),
        (int)json_integer_value(
            json_object_get(json_object_get(follow, "divergences"), "inferred")),
        (int)json_integer_value(
            json_object_get(json_object_get(follow, "divergences"), "contradicted")));
}

// ---- gaps and drift

// Events of a kind in the history, as JSON Lines.
static const char *events(const service *s, const char *kind) {
    char history[SERVICE_PATH_SIZE + 16];
    snprintf(history, sizeof history, "%s/history", s->data);
    const char *const arguments[] = {"history", "events", history, "--kind", kind, "--json", NULL};
    return service_ask(arguments);
}

// The sum of `"missing": N` over all gaps that have a name.
static int named_missing(const char *text) {
    int sum = 0;
    for (const char *at = text; at != NULL && (at = strstr(at, "\"missing\":")) != NULL; at++) {
        at += strcspn(at, "0123456789");
        sum += atoi(at);
    }
    return sum;
}

static void check_gaps_and_drift(const service *s, const json_t *truth) {
    const json_t *edge = json_object_get(truth, "disturbed");
    const int dropped = (int)json_integer_value(json_object_get(edge, "lost"));
    const int named = named_missing(events(s, "gap"));
    say("%d messages dropped, %d named as missing", dropped, named);
    CHECK(dropped > 10);
    CHECK(named >= 1);
    const char *drifts = events(s, "drift");
    CHECK(drifts != NULL);
    CHECK_CONTAINS(drifts != NULL ? drifts : "", "grind");
    say("drifts: %.600s", drifts != NULL ? drifts : "none");
}

// ---- the hour

static void wait_until(double began, double seconds, publisher *p) {
    while (service_clock() < began + seconds) {
        publisher_say(p);
        service_pause(0.02);
    }
}

static void kill_and_start_again(service *s, double began, double until, publisher *p) {
    child_kill(s->run);
    s->run = 0;
    wait_until(began, until, p);
    service_run(s);
}

static void test_an_hour_of_trouble(void) {
    static publisher p;
    service s;
    mosquitto_server other;
    char more[256];
    if (!mosquitto_start(&other, NULL)) {
        return;
    }
    snprintf(more, sizeof more,
             "  json: {broker: \"mqtt://127.0.0.1:%d\", topics: {\"press/reading\": {fields: "
             "[n]}}}\n",
             other.port);
    if (!service_begin(&s, "examples/gearbox/cell.yaml", more) || !service_run(&s) ||
        !publisher_start(&p, other.port)) {
        service_end(&s);
        return;
    }
    char hide[SERVICE_PATH_SIZE];
    snprintf(hide, sizeof hide, "%s", harness_source_path("examples/gearbox/hide.yaml"));
    const char *truth_file = service_file(&s, "truth.json");
    const char *const how[] = {"--speed",   "60",        "--for",     "1h",
                               "--seed",    "7",         "--hide",    hide,
                               "--truth",   truth_file,  "--linger",  "16s",
                               "--primary", "lineshaft", "--disturb", "drop=1%,twice=1%,swap=1%",
                               NULL};
    const double began = service_clock();
    service_emulate(&s, how);
    wait_until(began, 15.0, &p);
    kill_and_start_again(&s, began, 17.0, &p);
    wait_until(began, 28.0, &p);
    const int broker = (int)service_metric(&s, "broker_pid");
    CHECK(broker > 1);
    if (broker > 1) {
        kill(broker, SIGKILL);
    }
    wait_until(began, 42.0, &p);
    kill_and_start_again(&s, began, 43.0, &p);
    wait_until(began, 59.0, &p);
    // The line stands still after its hour, and is quiet for a while; then it says good-bye.
    double until = service_clock() + 30.0;
    while (access(truth_file, R_OK) != 0 && service_clock() < until) {
        service_pause(0.1);
    }
    // The last gap is seen at the next message, waited for (2 s), and asked about (10 s at most).
    service_pause(13.5);
    json_t *state = service_state(&s);
    json_t *truth = json_load_file(truth_file, 0, NULL);
    CHECK(state != NULL && truth != NULL);
    if (state != NULL && truth != NULL) {
        check_in_step(truth, state);
    }
    publisher_stop(&p);
    service_pause(1.0);
    CHECK_INT(service_stop(&s.run, 20.0), 0);
    check_acknowledged_are_kept(&s, &p);
    check_gaps_and_drift(&s, truth);
    json_decref(state);
    json_decref(truth);
    service_end(&s);
    mosquitto_stop(&other);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_an_hour_of_trouble);
    return harness_report();
}
