// guard_bench.c - from a command given to the guard to the wire, to the line, and to acknowledged.
//
//     guard_bench PROGRAM [COMMANDS]
//
// A real broker, the real guard process with its journal on the disk, and a line that answers at
// once (an edge node with the handshake and nothing behind it). One command after the other, as the
// guard wants it for one machine. Prints percentiles in microseconds as JSON.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/link.h"
#include "line/broker.h"
#include "line/edge.h"

enum { COMMANDS_MAX = 1000000, MACHINES = 2, DEVICES = 3, LINE = 2 };

static const char plant_text[] =
    "plant: bench\nstart: 2026-01-05\n"
    "stations:\n  saw: {machines: 2, process: 60 s}\n"
    "products:\n  part: {route: [saw], release: {every: 60 s}}\n"
    "listen:\n  sparkplug: {broker: embedded, group: bench, nodes: [cell]}\n"
    "decide:\n  dispatch: {at: saw, mode: auto}\n";

static const char *const devices[DEVICES] = {"saw-1", "saw-2", "line"};

// Kind, Argument, Id, Result, Reason, Done of a device.
enum { KIND, ARGUMENT, ID, RESULT, REASON, DONE, PARTS };
static const char *const part_names[PARTS] = {"Command/Kind",   "Command/Argument", "Command/Id",
                                              "Command/Result", "Command/Reason",   "Command/Done"};

typedef struct plc {
    ls_edge *edge;
    uint32_t parts[DEVICES][PARTS], beat, lost, state[MACHINES];
    int64_t last[DEVICES], result[DEVICES];
    char kind[DEVICES][32];
    bool beating;
    _Atomic int64_t arrived_us;  // of the last new id
} plc;

static int64_t clock_us(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void tell(plc *p, uint32_t metric, int64_t value) {
    const ls_sample s = {
        .kind = LS_VALUE_INT, .time_us = clock_us(CLOCK_REALTIME), .value.integer = value};
    ls_edge_set(p->edge, metric, &s);
}

static void tell_text(plc *p, uint32_t metric, const char *text) {
    const ls_sample s = {.kind = LS_VALUE_TEXT,
                         .time_us = clock_us(CLOCK_REALTIME),
                         .size = (uint32_t)strlen(text),
                         .value.text = text};
    ls_edge_set(p->edge, metric, &s);
}

static void tell_bool(plc *p, uint32_t metric, bool value) {
    const ls_sample s = {
        .kind = LS_VALUE_BOOL, .time_us = clock_us(CLOCK_REALTIME), .value.integer = value};
    ls_edge_set(p->edge, metric, &s);
}

static void obey(plc *p, int d, int64_t id) {
    if (id > p->last[d]) {
        atomic_store(&p->arrived_us, clock_us(CLOCK_MONOTONIC));
        p->last[d] = id;
        p->result[d] = strcmp(p->kind[d], "fence") == 0 ? 1 : 0;
    }
    tell(p, p->parts[d][ID], id);
    tell(p, p->parts[d][RESULT], id < p->last[d] ? 5 : p->result[d]);
    tell_text(p, p->parts[d][REASON], "");
    tell(p, p->parts[d][DONE], id);
}

static void on_commanded(void *context, uint32_t metric, const ls_sample *value) {
    plc *p = context;
    if (metric == p->beat) {
        if (!p->beating) {
            p->beating = true;
            tell_bool(p, p->lost, false);
        }
        tell(p, p->beat, value->value.integer);
    }
    for (int d = 0; d < DEVICES; d++) {
        if (metric == p->parts[d][KIND]) {
            snprintf(p->kind[d], sizeof p->kind[d], "%.*s", (int)value->size, value->value.text);
        } else if (metric == p->parts[d][ID]) {
            obey(p, d, value->value.integer);
        }
    }
    ls_edge_flush(p->edge);
}

static void must(ls_status status, const ls_error *err) {
    if (status != LS_OK) {
        fprintf(stderr, "guard_bench: %s\n", err->text);
        exit(4);
    }
}

static void add(plc *p, int d, const char *name, ls_value_kind kind, bool writable, uint32_t *out) {
    ls_error err = {0};
    must(ls_edge_metric(p->edge, devices[d], name, kind, NULL, writable, out, &err), &err);
}

static void start_plc(plc *p, const char *broker_folder) {
    ls_broker_access access;
    ls_error err = {0};
    must(ls_broker_access_get(broker_folder, LS_BROKER_LINE, &access, &err), &err);
    const ls_source source = {.kind = LS_SOURCE_SPARKPLUG, .group = "bench", .login = access.login};
    ls_edge_def def = ls_edge_def_default();
    def.source = &source;
    def.url = access.url;
    def.node = "cell";
    def.commanded = on_commanded;
    def.context = p;
    must(ls_edge_create(&def, &p->edge, &err), &err);
    for (int d = 0; d < DEVICES; d++) {
        for (int i = 0; i < PARTS; i++) {
            const bool text = i == KIND || i == ARGUMENT || i == REASON;
            add(p, d, part_names[i], text ? LS_VALUE_TEXT : LS_VALUE_INT, i <= ID, &p->parts[d][i]);
            text ? tell_text(p, p->parts[d][i], "") : tell(p, p->parts[d][i], 0);
        }
    }
    for (int d = 0; d < MACHINES; d++) {
        add(p, d, "State", LS_VALUE_INT, false, &p->state[d]);
        tell(p, p->state[d], 4);
    }
    add(p, LINE, "Heartbeat", LS_VALUE_INT, true, &p->beat);
    tell(p, p->beat, 0);
    add(p, LINE, "HeartbeatLost", LS_VALUE_BOOL, false, &p->lost);
    tell_bool(p, p->lost, true);
    must(ls_edge_start(p->edge, &err), &err);
}

// ---- the service's part

typedef struct answers {
    pthread_mutex_t lock;
    pthread_cond_t came;
    char id[48];  // waited for
    bool sent, done;
    ls_command_result result;
    int64_t sent_wall_us, done_us;
    char reason[200];
} answers;

static void on_verdict(void *context, const ls_verdict *v) {
    answers *a = context;
    pthread_mutex_lock(&a->lock);
    if (strcmp(v->id, a->id) == 0 && v->result == LS_COMMAND_SENT) {
        a->sent = true;
        a->sent_wall_us = v->at_us;
    } else if (strcmp(v->id, a->id) == 0) {
        a->done = true;
        a->done_us = clock_us(CLOCK_MONOTONIC);
        a->result = v->result;
        memcpy(a->reason, v->reason, sizeof a->reason);
        pthread_cond_broadcast(&a->came);
    }
    pthread_mutex_unlock(&a->lock);
}

static void *beat(void *context) {
    for (;;) {
        ls_guard_link_beat(context);
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    }
    return NULL;
}

static uint32_t number;

static ls_command_result send_one(ls_guard_link *link, answers *a, plc *p, int64_t out_us[3]) {
    const char *machine = devices[number % MACHINES];
    ls_command c = {.kind = LS_COMMAND_HOLD,
                    .automatic = true,
                    .sequence = ++number,
                    .state_version = 1,
                    .state_now = 1,
                    .gain_low = 1.0,
                    .claim_futures = 100,
                    .certainty = 1.0,
                    .in_step_us = INT64_C(3600000000)};
    ls_error err = {0};
    snprintf(c.id, sizeof c.id, "d-%u-1", number);
    snprintf(c.decision, sizeof c.decision, "d-%u", number);
    snprintf(c.point, sizeof c.point, "dispatch saw");
    snprintf(c.device, sizeof c.device, "%s", machine);
    snprintf(c.target, sizeof c.target, "%s", machine);
    snprintf(c.argument, sizeof c.argument, "0");
    pthread_mutex_lock(&a->lock);
    memcpy(a->id, c.id, sizeof a->id);
    a->sent = a->done = false;
    const int64_t begun_us = clock_us(CLOCK_MONOTONIC), wall_us = clock_us(CLOCK_REALTIME);
    c.decided_us = begun_us;
    c.deadline_us = begun_us + 100000;
    c.not_after_us = begun_us + 1900000;
    const ls_status status = ls_guard_link_send(link, &c, &err);
    while (status == LS_OK && !a->done) {
        pthread_cond_wait(&a->came, &a->lock);
    }
    out_us[0] = a->sent_wall_us - wall_us;
    out_us[1] = atomic_load(&p->arrived_us) - begun_us;
    out_us[2] = a->done_us - begun_us;
    pthread_mutex_unlock(&a->lock);
    return status == LS_OK ? a->result : LS_COMMAND_RESULT_COUNT;
}

static int compare(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void print_one(const char *name, int64_t *us, uint32_t count, const char *end) {
    qsort(us, count, sizeof *us, compare);
    printf(
        " \"%s\": {\"p50_us\": %lld, \"p90_us\": %lld, \"p99_us\": %lld, \"p999_us\": %lld, "
        "\"most_us\": %lld}%s\n",
        name, (long long)us[count / 2], (long long)us[count * 9 / 10],
        (long long)us[(uint64_t)count * 99 / 100], (long long)us[(uint64_t)count * 999 / 1000],
        (long long)us[count - 1], end);
}

static void run(ls_guard_link *link, answers *a, plc *p, uint32_t count) {
    int64_t *us[3], one[3] = {0};
    uint32_t good = 0, over = 0;
    for (int i = 0; i < 3; i++) {
        us[i] = calloc(count, sizeof *us[i]);
    }
    // The guard wants to have been well for ten seconds.
    for (int i = 0; i < 600 && send_one(link, a, p, one) != LS_COMMAND_ACKNOWLEDGED; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    const int64_t begun_us = clock_us(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < count; i++) {
        if (send_one(link, a, p, one) == LS_COMMAND_ACKNOWLEDGED) {
            for (int k = 0; k < 3; k++) {
                us[k][good] = one[k];
            }
            over += one[1] > 100000;
            good++;
        } else if (good + 10 > i) {
            fprintf(stderr, "guard_bench: %s: %s\n", a->id, a->reason);
        }
    }
    const double seconds = (double)(clock_us(CLOCK_MONOTONIC) - begun_us) / 1e6;
    printf("{\"commands\": %u, \"acknowledged\": %u, \"per_s\": %.0f, \"over_100_ms\": %u,\n",
           count, good, (double)good / seconds, over);
    if (good > 0) {
        print_one("published", us[0], good, ",");
        print_one("at_the_line", us[1], good, ",");
        print_one("acknowledged_us", us[2], good, "}");
    }
    for (int i = 0; i < 3; i++) {
        free(us[i]);
    }
}

static pid_t start_guard(const char *program, const char *plant, const char *data) {
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(program, program, "guard", plant, "--data", data, (char *)NULL);
        _exit(127);
    }
    return child;
}

int main(int argc, char **argv) {
    const uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 10000;
    if (argc < 2 || count < 1 || count > COMMANDS_MAX) {
        fprintf(stderr, "usage: guard_bench PROGRAM [COMMANDS]\n");
        return 2;
    }
    char folder[] = "guard-bench-XXXXXX", plant[64], broker_folder[64], guard_folder[64];
    if (mkdtemp(folder) == NULL) {
        perror("guard_bench");
        return 4;
    }
    snprintf(plant, sizeof plant, "%s/plant.yaml", folder);
    snprintf(broker_folder, sizeof broker_folder, "%s/broker", folder);
    snprintf(guard_folder, sizeof guard_folder, "%s/guard", folder);
    FILE *file = fopen(plant, "w");
    if (file == NULL || fputs(plant_text, file) < 0 || fclose(file) != 0) {
        return 4;
    }
    ls_error err = {0};
    ls_broker *broker = NULL;
    ls_broker_def def = ls_broker_def_default();
    def.folder = broker_folder;
    must(ls_broker_start(&def, &broker, &err), &err);
    static plc p;
    start_plc(&p, broker_folder);
    const pid_t guard = start_guard(argv[1], plant, folder);
    static answers a = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    const ls_guard_link_def link_def = {
        .folder = guard_folder, .verdict = on_verdict, .context = &a};
    ls_guard_link *link = NULL;
    must(ls_guard_link_open(&link_def, &link, &err), &err);
    pthread_t beater;
    pthread_create(&beater, NULL, beat, link);
    nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
    run(link, &a, &p, count);
    kill(guard, SIGTERM);
    waitpid(guard, NULL, 0);
    ls_edge_destroy(p.edge);
    ls_broker_stop(broker);
    char script[128];
    snprintf(script, sizeof script, "rm -rf '%s'", folder);
    return system(script) == 0 ? 0 : 4;
}
