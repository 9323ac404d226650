// mqtt_server_test.c - our MQTT client beside a real Mosquitto and its own clients.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "line/mqtt.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/servers/mosquitto.h"

enum { WAIT_MS = 20000, SEEN_MAX = 200001 };

// What the listener saw. Read by the test while the client's thread writes.
typedef struct ear {
    atomic_int connected, lost, first_lost, messages, resumed, told;
    atomic_int refuse;  // so many messages are not kept
    pthread_mutex_t lock;
    char why[256];
    unsigned char *seen;  // how often number i was heard
    atomic_int distinct, twice, disorder, last;
} ear;

static void ear_init(ear *e) {
    memset(e, 0, sizeof *e);
    pthread_mutex_init(&e->lock, NULL);
    e->seen = calloc(SEEN_MAX, 1);
}

static void ear_clear(ear *e) {
    pthread_mutex_destroy(&e->lock);
    free(e->seen);
}

static void on_connected(void *context, bool resumed) {
    ear *e = context;
    atomic_fetch_add(&e->resumed, resumed ? 1 : 0);
    atomic_fetch_add(&e->connected, 1);
}

static void on_lost(void *context, bool first, uint32_t tries, const char *why, int64_t retry_us) {
    ear *e = context;
    (void)tries;
    (void)retry_us;
    pthread_mutex_lock(&e->lock);
    snprintf(e->why, sizeof e->why, "%s", why);
    pthread_mutex_unlock(&e->lock);
    atomic_fetch_add(&e->first_lost, first ? 1 : 0);
    atomic_fetch_add(&e->lost, 1);
}

// What was said last, copied: the client's thread may be saying more.
static const char *why_of(ear *e) {
    static char copy[sizeof e->why];
    pthread_mutex_lock(&e->lock);
    snprintf(copy, sizeof copy, "%s", e->why);
    pthread_mutex_unlock(&e->lock);
    return copy;
}

static bool on_message(void *context, const ls_mqtt_message *message) {
    ear *e = context;
    if (atomic_load(&e->refuse) > 0) {
        atomic_fetch_sub(&e->refuse, 1);
        return false;
    }
    char text[16] = "";
    memcpy(text, message->payload, message->size < 15 ? message->size : 15);
    const int number = atoi(text);
    if (number >= 0 && number < SEEN_MAX) {
        atomic_fetch_add(e->seen[number] == 0 ? &e->distinct : &e->twice, 1);
        e->seen[number] = 1;
        atomic_fetch_add(&e->disorder, number < atomic_load(&e->last) ? 1 : 0);
        atomic_store(&e->last, number);
    }
    atomic_fetch_add(&e->messages, 1);
    return true;
}

static void on_told(void *context, const char *text) {
    ear *e = context;
    pthread_mutex_lock(&e->lock);
    snprintf(e->why, sizeof e->why, "%s", text);
    pthread_mutex_unlock(&e->lock);
    atomic_fetch_add(&e->told, 1);
}

static bool wait_for(atomic_int *what, int least) {
    for (int i = 0; i < WAIT_MS / 5; i++) {
        if (atomic_load(what) >= least) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return false;
}

static ls_mqtt *listen_to(ear *e, ls_mqtt_def def, const mosquitto_server *server) {
    static const ls_mqtt_filter filters[] = {{.topics = "t/#", .qos = 1}};
    ls_error err = {0};
    ls_mqtt *mqtt = NULL;
    def.url = def.url != NULL ? def.url : server->url;
    def.filters = def.filters != NULL ? def.filters : filters;
    def.filter_count = def.filter_count != 0 ? def.filter_count : 1;
    def.retry_first_us = 50000;
    def.retry_max_us = 500000;
    def.listener = (ls_mqtt_listener){.context = e,
                                      .connected = on_connected,
                                      .lost = on_lost,
                                      .told = on_told,
                                      .message = on_message};
    CHECK_INT(ls_mqtt_create(&def, &mqtt, &err), LS_OK);
    CHECK_STR(err.text, "");
    return mqtt;
}

// Numbers as messages, by mosquitto_pub. Not more than 65535 at a time: it queues them all and then
// gives two of them the same packet identifier.
static int publish_numbers(const mosquitto_server *server, int from, int to, int qos) {
    char script[256];
    snprintf(script, sizeof script, "seq %d %d | mosquitto_pub -h 127.0.0.1 -p %d -q %d -l -t t/n",
             from, to, server->port, qos);
    return child_wait(child_start_shell(script));
}

static void publish_one(ls_mqtt *mqtt, const char *topic, int number, int qos) {
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    const ls_mqtt_message message = {
        .topic = topic, .payload = text, .size = strlen(text), .qos = qos};
    ls_error err = {0};
    while (ls_mqtt_publish(mqtt, &message, NULL, &err) == LS_ERR_LIMIT) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    CHECK_STR(err.status == LS_ERR_LIMIT ? "" : err.text, "");
}

static void test_hundred_thousand_messages_arrive_once_and_in_order(void) {
    mosquitto_server server;
    ear e;
    ear_init(&e);
    if (mosquitto_start(&server, NULL)) {
        ls_mqtt *mqtt = listen_to(&e, ls_mqtt_def_default(), &server);
        CHECK(wait_for(&e.connected, 1));
        for (int i = 0; i < 100000; i += 50000) {
            CHECK_INT(publish_numbers(&server, i + 1, i + 50000, 1), 0);
        }
        CHECK(wait_for(&e.messages, 100000));
        CHECK_INT(atomic_load(&e.distinct), 100000);
        CHECK_INT(atomic_load(&e.twice), 0);
        CHECK_INT(atomic_load(&e.disorder), 0);
        ls_mqtt_destroy(mqtt);
        CHECK_INT(atomic_load(&e.first_lost), 1);
        CHECK_STR(why_of(&e), "disconnected, as asked");
    }
    mosquitto_stop(&server);
    ear_clear(&e);
}

// Lines of the file as "TOPIC NUMBER"; numbers of one topic must rise in steps of 2.
static int count_in_order(const char *path) {
    char *got = harness_read_file(path, NULL);
    int lines = 0;
    int next[2] = {0, 1};
    for (char *at = got; at != NULL && strchr(at, '\n') != NULL; at = strchr(at, '\n') + 1) {
        int *expected = next + (strncmp(at, "out/b ", 6) == 0 ? 1 : 0);
        if (strncmp(at, "out/ready", 9) != 0 && atoi(at + 6) == *expected) {
            *expected += 2;
            lines++;
        }
    }
    free(got);
    return lines;
}

static bool wait_for_text(const char *path) {
    struct stat about;
    for (int i = 0; i < WAIT_MS / 5; i++) {
        if (stat(path, &about) == 0 && about.st_size > 0) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return false;
}

static void test_what_we_publish_reaches_another_client(void) {
    mosquitto_server server;
    ear e;
    ear_init(&e);
    if (mosquitto_start(&server, NULL)) {
        char port[8], path[512];
        snprintf(port, sizeof port, "%d", server.port);
        snprintf(path, sizeof path, "%s", mosquitto_file(&server, "other.txt"));
        const char *const argv[] = {"stdbuf", "-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p",
                                    port,     "-t",  "out/#",         "-q", "1",         "-C",
                                    "2001",   "-F",  "%t %p",         NULL};
        ls_mqtt_def def = ls_mqtt_def_default();
        def.version = 4;
        ls_mqtt *mqtt = listen_to(&e, def, &server);
        CHECK(wait_for(&e.connected, 1));
        const ls_mqtt_message ready = {
            .topic = "out/ready", .payload = "1", .size = 1, .qos = 1, .retain = true};
        CHECK_INT(ls_mqtt_publish(mqtt, &ready, NULL, NULL), LS_OK);
        const pid_t other = child_start(argv, path, NULL);
        CHECK(wait_for_text(path));
        for (int i = 0; i < 2000; i++) {
            publish_one(mqtt, i % 2 == 0 ? "out/a" : "out/b", i, i % 2);
        }
        ls_mqtt_destroy(mqtt);  // sends what waits
        CHECK_INT(child_wait(other), 0);
        CHECK_INT(count_in_order(path), 2000);
    }
    mosquitto_stop(&server);
    ear_clear(&e);
}

static void test_a_killed_broker_is_found_again(void) {
    mosquitto_server server;
    ear e;
    ear_init(&e);
    if (mosquitto_start(&server, NULL)) {
        ls_mqtt *mqtt = listen_to(&e, ls_mqtt_def_default(), &server);
        CHECK(wait_for(&e.connected, 1));
        for (int round = 1; round <= 3; round++) {
            mosquitto_kill(&server);
            CHECK(wait_for(&e.first_lost, round));
            ls_error err = {0};
            const ls_mqtt_message message = {.topic = "t/x"};
            CHECK_INT(ls_mqtt_publish(mqtt, &message, NULL, &err), LS_ERR_IO);
            CHECK_CONTAINS(err.text, "no connection to mqtt://127.0.0.1:");
            CHECK(wait_for(&e.lost, atomic_load(&e.lost) + 1));  // a try that fails
            CHECK_CONTAINS(why_of(&e), "Connection refused");
            CHECK(mosquitto_restart(&server));
            CHECK(wait_for(&e.connected, round + 1));
            CHECK_INT(publish_numbers(&server, round, round, 1), 0);
            CHECK(wait_for(&e.messages, round));  // subscribed again
        }
        ls_mqtt_figures figures;
        ls_mqtt_describe(mqtt, &figures);
        CHECK_INT(figures.connects, 4);
        CHECK(figures.connected);
        ls_mqtt_destroy(mqtt);
    }
    mosquitto_stop(&server);
    ear_clear(&e);
}

static void write_login(const char *path, const char *text, mode_t mode) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

static void test_a_password_is_needed_and_never_told(void) {
    mosquitto_server server;
    ear e;
    ear_init(&e);
    if (mosquitto_start(&server,
                        &(mosquitto_server_def){.user = "line", .password = "geheim-17"})) {
        const char *login = mosquitto_file(&server, "login");
        ls_mqtt_def def = ls_mqtt_def_default();
        def.login = login;
        write_login(login, "line\nwrong\n", 0600);
        ls_mqtt *mqtt = listen_to(&e, def, &server);
        CHECK(wait_for(&e.lost, 2));
        CHECK_CONTAINS(why_of(&e), "the broker refused: ");
        CHECK(strstr(why_of(&e), "wrong") == NULL);
        ls_mqtt_destroy(mqtt);
        CHECK_INT(atomic_load(&e.connected), 0);

        write_login(login, "line\r\ngeheim-17\r\n", 0600);
        mqtt = listen_to(&e, def, &server);
        CHECK(wait_for(&e.connected, 1));
        ls_mqtt_destroy(mqtt);

        ls_error err = {0};
        write_login(login, "line\ngeheim-17\n", 0640);
        def.url = server.url;
        CHECK_INT(ls_mqtt_create(&def, &mqtt, &err), LS_ERR_INVALID);
        CHECK_CONTAINS(err.text, "is open to others (mode 0640)");
        CHECK_CONTAINS(err.hint, "chmod 0600");
        def.login = "/nonexistent/login";
        CHECK_INT(ls_mqtt_create(&def, &mqtt, &err), LS_ERR_IO);
    }
    mosquitto_stop(&server);
    ear_clear(&e);
}

static void test_tls_with_client_certificates(void) {
    mosquitto_server server;
    ear e;
    ear_init(&e);
    if (mosquitto_start(&server, &(mosquitto_server_def){.tls = true})) {
        ls_mqtt_def def = ls_mqtt_def_default();
        def.ca = mosquitto_file(&server, "ca.pem");
        def.certificate = mosquitto_file(&server, "client.pem");
        def.key = mosquitto_file(&server, "client.key");
        ls_mqtt *mqtt = listen_to(&e, def, &server);
        CHECK(wait_for(&e.connected, 1));
        for (int i = 1; i <= 1000; i++) {
            publish_one(mqtt, "t/tls", i, 1);
        }
        CHECK(wait_for(&e.messages, 1000));
        CHECK_INT(atomic_load(&e.distinct), 1000);
        // A broker that goes away under TLS, and comes back.
        mosquitto_kill(&server);
        CHECK(wait_for(&e.lost, 2));
        CHECK(mosquitto_restart(&server));
        CHECK(wait_for(&e.connected, 2));
        ls_mqtt_destroy(mqtt);

        // Without a certificate, and with the wrong authority.
        ear_clear(&e);
        ear_init(&e);
        def.certificate = def.key = NULL;
        mqtt = listen_to(&e, def, &server);
        CHECK(wait_for(&e.lost, 2));
        ls_mqtt_destroy(mqtt);
        def.ca = "/etc/ssl/certs/ca-certificates.crt";
        def.ca = access(def.ca, R_OK) == 0 ? def.ca : mosquitto_file(&server, "client.pem");
        mqtt = listen_to(&e, def, &server);
        CHECK(wait_for(&e.lost, 4));
        CHECK_CONTAINS(why_of(&e), "TLS");
        ls_mqtt_destroy(mqtt);
        CHECK_INT(atomic_load(&e.connected), 0);

        ls_error err = {0};
        def.url = "mqtt://127.0.0.1";
        CHECK_INT(ls_mqtt_create(&def, &mqtt, &err), LS_ERR_INVALID);
        CHECK_CONTAINS(err.text, "this is not TLS");
    }
    mosquitto_stop(&server);
    ear_clear(&e);
}

static void test_a_message_that_is_not_kept_is_not_acknowledged(void) {
    mosquitto_server server;
    ear e;
    ear_init(&e);
    if (mosquitto_start(&server, NULL)) {
        ls_mqtt_def def = ls_mqtt_def_default();
        def.clean = false;
        def.client_id = "lineshaft-test";
        for (int version = 4; version <= 5; version++) {
            def.version = version;
            ear_clear(&e);
            ear_init(&e);
            ls_mqtt *mqtt = listen_to(&e, def, &server);
            CHECK(wait_for(&e.connected, 1));
            atomic_store(&e.refuse, 3);
            CHECK_INT(publish_numbers(&server, 1, 500, 1), 0);
            CHECK(wait_for(&e.distinct, 500));
            CHECK_INT(atomic_load(&e.distinct), 500);
            CHECK_INT(atomic_load(&e.lost), 3);  // a connection each
            CHECK_STR(why_of(&e), "a message could not be kept");
            CHECK(atomic_load(&e.resumed) >= 1);
            ls_mqtt_figures figures;
            ls_mqtt_describe(mqtt, &figures);
            CHECK_INT(figures.unkept, 3);
            ls_mqtt_destroy(mqtt);
        }
    }
    mosquitto_stop(&server);
    ear_clear(&e);
}

// ---- a process that is killed: it writes each message into a file, as the append log would

static int kept_file;

static bool keep_message(void *context, const ls_mqtt_message *message) {
    (void)context;
    char line[32];
    const int length = snprintf(line, sizeof line, "%.*s\n", (int)message->size,
                                (const char *)message->payload);
    return write(kept_file, line, (size_t)length) == length;
}

static int keep_until_killed(const char *url, const char *path) {
    static const ls_mqtt_filter filters[] = {{.topics = "t/#", .qos = 1}};
    kept_file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ls_mqtt_def def = ls_mqtt_def_default();
    def.url = url;
    def.clean = false;
    def.client_id = "killed";
    def.filters = filters;
    def.filter_count = 1;
    def.listener.message = keep_message;
    ls_mqtt *mqtt = NULL;
    if (ls_mqtt_create(&def, &mqtt, NULL) != LS_OK) {
        return 3;
    }
    for (;;) {
        pause();
    }
}

static int count_kept(const char *path, int *out_lines) {
    static unsigned char seen[SEEN_MAX];
    memset(seen, 0, sizeof seen);
    char *text = harness_read_file(path, NULL);
    int distinct = 0;
    *out_lines = 0;
    for (char *at = text; at != NULL && strchr(at, '\n') != NULL; at = strchr(at, '\n') + 1) {
        const int number = atoi(at);
        if (number > 0 && number < SEEN_MAX) {
            distinct += seen[number] == 0 ? 1 : 0;
            seen[number] = 1;
        }
        *out_lines += 1;
    }
    free(text);
    return distinct;
}

static void test_killed_with_9_while_listening_nothing_is_lost(void) {
    enum { COUNT = 40000, KILLS = 6 };
    mosquitto_server server;
    if (mosquitto_start(&server, NULL)) {
        const char *kept = mosquitto_file(&server, "kept.txt");
        char self[256] = "", url[64], path[512];
        CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
        snprintf(url, sizeof url, "%s", server.url);
        snprintf(path, sizeof path, "%s", kept);
        const char *const argv[] = {self, "--keep", url, path, NULL};
        pid_t keeper = child_start(argv, NULL, NULL);
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);  // its session is there
        char script[256];
        snprintf(script, sizeof script,
                 "for i in 0 1 2 3 4 5 6 7; do seq $((i*5000+1)) $((i*5000+5000)) |"
                 " mosquitto_pub -h 127.0.0.1 -p %d -q 1 -l -t t/n; sleep 0.1; done",
                 server.port);
        const pid_t publisher = child_start_shell(script);
        for (int i = 0; i < KILLS; i++) {
            nanosleep(&(struct timespec){.tv_nsec = 150000000 + 37000000 * i}, NULL);
            child_kill(keeper);
            keeper = child_start(argv, NULL, NULL);
        }
        CHECK_INT(child_wait(publisher), 0);
        int lines = 0;
        for (int i = 0; i < WAIT_MS / 50 && count_kept(path, &lines) < COUNT; i++) {
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        }
        child_kill(keeper);
        CHECK_INT(count_kept(path, &lines), COUNT);
        CHECK(lines <
              COUNT + KILLS * 1000);  // those unacknowledged at the kill come twice, no more
    }
    mosquitto_stop(&server);
}

static void test_who_waits_is_told_whether_the_broker_took_it(void) {
    mosquitto_server server;
    ear e;
    ear_init(&e);
    if (mosquitto_start(&server, NULL)) {
        FILE *acl = fopen(mosquitto_file(&server, "acl"), "w");
        fputs("topic readwrite t/#\n", acl);
        fclose(acl);
        char script[600];
        snprintf(script, sizeof script, "echo acl_file %s >>%s", mosquitto_file(&server, "acl"),
                 mosquitto_file(&server, "mosquitto.conf"));
        CHECK_INT(child_wait(child_start_shell(script)), 0);
        mosquitto_kill(&server);
        CHECK(mosquitto_restart(&server));
        ls_mqtt *mqtt = listen_to(&e, ls_mqtt_def_default(), &server);
        CHECK(wait_for(&e.connected, 1));
        ls_error err = {0};
        uint64_t ticket = 0;
        ls_mqtt_message message = {.topic = "t/allowed", .payload = "1", .size = 1, .qos = 1};
        CHECK_INT(ls_mqtt_publish(mqtt, &message, &ticket, &err), LS_OK);
        CHECK_INT(ls_mqtt_wait(mqtt, ticket, 5000000, &err), LS_OK);
        message.topic = "forbidden";
        CHECK_INT(ls_mqtt_publish(mqtt, &message, &ticket, &err), LS_OK);
        CHECK_INT(ls_mqtt_wait(mqtt, ticket, 5000000, &err), LS_ERR_IO);
        CHECK_CONTAINS(err.text, "refused the message");
        // Mosquitto 2.0.11 then closes the connection.
        CHECK(wait_for(&e.connected, 2));
        message.topic = "with/#";
        CHECK_INT(ls_mqtt_publish(mqtt, &message, NULL, &err), LS_ERR_INVALID);
        // Stopped, not killed: it is connected and no longer answers.
        kill(server.process, SIGSTOP);
        message.topic = "t/allowed";
        CHECK_INT(ls_mqtt_publish(mqtt, &message, &ticket, &err), LS_OK);
        CHECK_INT(ls_mqtt_wait(mqtt, ticket, 100000, &err), LS_ERR_IO);
        CHECK_CONTAINS(err.text, "did not acknowledge in time");
        mosquitto_kill(&server);
        CHECK_INT(ls_mqtt_wait(mqtt, ticket, 5000000, &err), LS_ERR_IO);
        CHECK_CONTAINS(err.text, "was lost before");
        ls_mqtt_destroy(mqtt);
    }
    mosquitto_stop(&server);
    ear_clear(&e);
}

static void test_connect_again_when_asked(void) {
    mosquitto_server server;
    ear e;
    ear_init(&e);
    if (mosquitto_start(&server, NULL)) {
        ls_mqtt *mqtt = listen_to(&e, ls_mqtt_def_default(), &server);
        CHECK(wait_for(&e.connected, 1));
        ls_mqtt_again(mqtt);
        CHECK(wait_for(&e.connected, 2));
        CHECK_INT(atomic_load(&e.lost), 1);
        CHECK_STR(why_of(&e), "disconnected, as asked");
        ls_mqtt_destroy(mqtt);
    }
    mosquitto_stop(&server);
    ear_clear(&e);
}

static void test_a_host_that_is_not_there_is_no_failure(void) {
    ear e;
    ear_init(&e);
    ls_mqtt_def def = ls_mqtt_def_default();
    def.url = "mqtt://no-such-host.invalid";
    ls_mqtt *mqtt = listen_to(&e, def, NULL);
    CHECK(wait_for(&e.lost, 1));
    CHECK_CONTAINS(why_of(&e), "the host is not known");
    ls_mqtt_destroy(mqtt);
    CHECK_INT(atomic_load(&e.first_lost), 0);
    ear_clear(&e);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--keep") == 0) {
        return keep_until_killed(argv[2], argv[3]);
    }
    harness_init(argc, argv);
    TEST(test_what_we_publish_reaches_another_client);
    TEST(test_hundred_thousand_messages_arrive_once_and_in_order);
    TEST(test_a_killed_broker_is_found_again);
    TEST(test_a_password_is_needed_and_never_told);
    TEST(test_tls_with_client_certificates);
    TEST(test_a_message_that_is_not_kept_is_not_acknowledged);
    TEST(test_killed_with_9_while_listening_nothing_is_lost);
    TEST(test_who_waits_is_told_whether_the_broker_took_it);
    TEST(test_connect_again_when_asked);
    TEST(test_a_host_that_is_not_there_is_no_failure);
    return harness_report();
}
