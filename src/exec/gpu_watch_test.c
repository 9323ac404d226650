// gpu_watch_test.c - emulated GPUs that go wrong: a library compiled here stands in for NVML and
// says what a file says. No real GPU, no real driver.
#include "exec/gpu_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "exec/daemon.h"
#include "exec/nvml.h"
#include "exec/process.h"
#include "exec/suspects.h"
#include "pool/offender.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

// Two GPUs. The file: errors of the first one's memory, whether it is lost, how many events there
// were, and the XID of the last.
static const char library_text[] =
    "#include <stdio.h>\n"
    "#include <string.h>\n"
    "#include <unistd.h>\n"
    "typedef struct { unsigned long long total, free, used; } memory;\n"
    "typedef struct { void *d; unsigned long long type, data; unsigned a, b; } event;\n"
    "static int ids[2];\n"
    "static int state(int at) {\n"
    "    int v[4] = {0, 0, 0, 0};\n"
    "    FILE *f = fopen(STATE, \"r\");\n"
    "    if (f) { if (fscanf(f, \"%d %d %d %d\", v, v + 1, v + 2, v + 3) != 4) v[at] = 0;\n"
    "        fclose(f); }\n"
    "    return v[at]; }\n"
    "static int id(void *d) { return (int)((int *)d - ids); }\n"
    "int nvmlInit_v2(void) { return 0; }\n"
    "int nvmlShutdown(void) { return 0; }\n"
    "int nvmlDeviceGetCount_v2(unsigned *n) { *n = 2; return 0; }\n"
    "int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **d) { *d = ids + i; return 0; }\n"
    "int nvmlDeviceGetUUID(void *d, char *o, unsigned s) {\n"
    "    snprintf(o, s, \"GPU-%d\", id(d)); return 0; }\n"
    "int nvmlDeviceGetName(void *d, char *o, unsigned s) {\n"
    "    snprintf(o, s, \"Emulated %d\", id(d)); return 0; }\n"
    "int nvmlDeviceGetMemoryInfo(void *d, memory *m) { m->total = 1ull << 30; return 0; }\n"
    "int nvmlDeviceGetHandleByUUID(const char *u, void **d) {\n"
    "    *d = ids + (u[4] - '0'); return u[4] == '0' && state(1) ? 15 : 0; }\n"
    "int nvmlDeviceGetTotalEccErrors(void *d, int k, int s, unsigned long long *o) {\n"
    "    *o = id(d) == 0 && k == 1 && s == 0 ? state(0) : 0; return 0; }\n"
    "int nvmlEventSetCreate(void **s) { *s = ids; return 0; }\n"
    "int nvmlEventSetFree(void *s) { return 0; }\n"
    "static unsigned long long heard[2];\n"
    "int nvmlDeviceRegisterEvents(void *d, unsigned long long t, void *s) {\n"
    "    heard[id(d)] = t; return 0; }\n"
    "int nvmlEventSetWait_v2(void *s, event *e, unsigned ms) {\n"
    "    static int seen;\n"
    "    if (state(2) > seen) { seen = state(2); e->d = ids; e->type = heard[0];\n"
    "        e->data = state(3); return 0; }\n"
    "    usleep(ms < 20 ? ms * 1000 : 20000); return 10; }\n";

static char library[128], state[128];
static bool built;

static void set_state(int errors, int lost, int events, int xid) {
    char other[140];
    snprintf(other, sizeof other, "%s.new", state);
    FILE *file = fopen(other, "w");
    CHECK(file != NULL && fprintf(file, "%d %d %d %d\n", errors, lost, events, xid) > 0);
    CHECK(file != NULL && fclose(file) == 0 && rename(other, state) == 0);
}

static bool build_library(void) {
    char source[128], command[640];
    snprintf(source, sizeof source, "/tmp/ls-watch-%d.c", (int)getpid());
    snprintf(library, sizeof library, "/tmp/ls-watch-%d.so", (int)getpid());
    snprintf(state, sizeof state, "/tmp/ls-watch-%d.state", (int)getpid());
    FILE *file = fopen(source, "w");
    if (file == NULL || fputs(library_text, file) < 0 || fclose(file) != 0) {
        return false;
    }
    snprintf(command, sizeof command, "cc -shared -fPIC -DSTATE='\"%s\"' -o %s %s 2>/dev/null",
             state, library, source);
    const bool fine = system(command) == 0;
    unlink(source);
    return fine;
}

// ---- the watch alone

typedef struct ear {
    pthread_mutex_t lock;
    char said[4096];
} ear;

static void trouble(void *context, const char *uuid, const char *what, bool over) {
    ear *e = context;
    pthread_mutex_lock(&e->lock);
    const size_t size = strlen(e->said);
    ls_text_format(e->said + size, sizeof e->said - size, "%s: %s%s\n", uuid, what,
                   over ? ", got over" : "");
    pthread_mutex_unlock(&e->lock);
}

static bool until_said(ear *e, const char *text) {
    const int64_t until_us = ls_steady_us() + INT64_C(60000000);
    for (;;) {
        pthread_mutex_lock(&e->lock);
        const bool said = strstr(e->said, text) != NULL;
        pthread_mutex_unlock(&e->lock);
        if (said || ls_steady_us() > until_us) {
            return said;
        }
        usleep(5000);
    }
}

static void test_errors_of_an_emulated_gpu_are_told(void) {
    if (!built) {
        harness_skip("no compiler to make the library that stands in for NVML");
        return;
    }
    static ear e;
    static const char *const uuids[] = {"GPU-0", "", "GPU-1"};
    pthread_mutex_init(&e.lock, NULL);
    ls_gpu_watch *watch = NULL;
    const ls_gpu_watch_def def = {
        .uuids = uuids, .count = 3, .every_us = 1000, .trouble = trouble, .context = &e};
    set_state(0, 0, 0, 0);
    CHECK_INT(ls_gpu_watch_start(&def, &watch, NULL), LS_OK);
    CHECK(watch != NULL);
    set_state(0, 0, 1, 13);  // the program's own fault: not told
    usleep(1000);
    set_state(1, 0, 1, 13);
    CHECK(until_said(&e, "GPU-0: 1 uncorrected memory error (ECC) since it was reset\n"));
    set_state(3, 0, 1, 13);
    CHECK(until_said(&e, "GPU-0: 3 uncorrected memory errors (ECC) since it was reset\n"));
    set_state(3, 0, 2, 79);
    CHECK(until_said(&e, "GPU-0: XID 79\n"));
    set_state(3, 0, 3, 94);
    CHECK(until_said(&e, "GPU-0: XID 94, got over\n"));
    set_state(3, 1, 3, 94);
    CHECK(until_said(&e, "GPU-0: it no longer answers (the driver's code 15)\n"));
    ls_gpu_watch_stop(watch);
    CHECK(strstr(e.said, "XID 13") == NULL);
    CHECK(strstr(e.said, "GPU-1") == NULL);
    pthread_mutex_destroy(&e.lock);
}

static void test_nothing_is_watched_where_nothing_is(void) {
    if (!built) {
        harness_skip("no compiler to make the library that stands in for NVML");
        return;
    }
    static const char *const slots[] = {"", ""};
    static const char *const uuids[] = {"GPU-0"};
    ls_gpu_watch *watch = NULL;
    ls_gpu_watch_def def = {.uuids = slots, .count = 2, .trouble = trouble};
    CHECK_INT(ls_gpu_watch_start(&def, &watch, NULL), LS_OK);
    CHECK(watch == NULL);
    def = (ls_gpu_watch_def){.uuids = uuids, .count = 1, .trouble = trouble};
    ls_nvml_use("/no/such/library.so");
    CHECK_INT(ls_gpu_watch_start(&def, &watch, NULL), LS_OK);
    CHECK(watch == NULL);
    ls_nvml_use(library);
    for (int64_t n = 0; n < 2; n++) {
        ls_alloc_fail_after(n);
        CHECK_INT(ls_gpu_watch_start(&def, &watch, NULL), LS_ERR_MEMORY);
        ls_alloc_fail_after(-1);
    }
    static const uint16_t fatal[] = {46, 48, 62, 64, 74, 79, 95, 119, 120, 140};
    static const uint16_t over[] = {63, 92, 94};
    static const uint16_t others[] = {0, 13, 31, 43, 45, 47, 93, 154, 65535};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        CHECK_INT(ls_gpu_watch_class(fatal[i]), LS_XID_FATAL);
    }
    for (size_t i = 0; i < sizeof over / sizeof *over; i++) {
        CHECK_INT(ls_gpu_watch_class(over[i]), LS_XID_OVER);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK_INT(ls_gpu_watch_class(others[i]), LS_XID_NOT_OWN);
    }
}

// ---- the daemon

typedef struct house {
    char folder[64];
    ls_pool *pool;
    ls_pool_daemon *daemon;
    pthread_t thread;
} house;

// A pool of this file in a folder of its own, and GPUs that are well. False: there is no NVML to
// stand in, and the running test is skipped.
static bool open_pool(house *h, const char *text) {
    if (!built) {
        harness_skip("no compiler to make the library that stands in for NVML");
        return false;
    }
    ls_errors errors;
    memset(h, 0, sizeof *h);
    set_state(0, 0, 0, 0);
    snprintf(h->folder, sizeof h->folder, "/tmp/ls-watch-XXXXXX");
    CHECK(mkdtemp(h->folder) != NULL);
    ls_errors_init(&errors);
    CHECK_INT(ls_pool_read(text, strlen(text), "emulated", NULL, &h->pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    return h->pool != NULL;
}

static void close_pool(house *h) {
    char command[128];
    ls_pool_destroy(h->pool);
    snprintf(command, sizeof command, "rm -rf %s", h->folder);
    CHECK_INT(system(command), 0);
}

static void *run(void *context) {
    house *h = context;
    (void)ls_pool_daemon_run(h->daemon, NULL);
    return NULL;
}

static bool open_house(house *h, const char *text) {
    char socket[96];
    ls_error err = {0};
    if (!open_pool(h, text)) {
        return false;
    }
    snprintf(socket, sizeof socket, "%s/sock", h->folder);
    const ls_pool_daemon_def def = {
        .pool = h->pool, .folder = h->folder, .socket = socket, .version = "test", .look_us = 1000};
    CHECK_INT(ls_pool_daemon_open(&def, &h->daemon, &err), LS_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(pthread_create(&h->thread, NULL, run, h), 0);
    return true;
}

static void close_house(house *h) {
    ls_pool_daemon_stop(h->daemon);
    CHECK_INT(pthread_join(h->thread, NULL), 0);
    ls_pool_daemon_close(h->daemon);
    close_pool(h);
}

static bool until_drained(house *h, const char *text) {
    const int64_t until_us = ls_steady_us() + INT64_C(60000000);
    for (bool found = false;; usleep(5000)) {
        json_t *out = NULL;
        ls_error err = {0};
        ls_desk *desk = ls_pool_daemon_lock(h->daemon);
        CHECK_INT(ls_desk_drained(desk, &out, &err), LS_DESK_DONE);
        ls_pool_daemon_unlock(h->daemon);
        char *said = json_dumps(out, JSON_COMPACT);
        found = text != NULL ? strstr(said, text) != NULL : strcmp(said, "{\"drained\":[]}") == 0;
        free(said);
        json_decref(out);
        if (found || ls_steady_us() > until_us) {
            return found;
        }
    }
}

static void test_a_node_whose_gpu_fails_is_drained_until_it_is_put_back(void) {
    static const char text[] =
        "pool: emulated\nkinds: {emulated: {gpus: 1}}\n"
        "nodes:\n  - {name: first, kind: emulated, gpus: 1}\n"
        "  - {name: second, kind: emulated, gpus: 1}\naccounts: {main: {}}\n";
    house h;
    ls_error err = {0};
    if (!open_house(&h, text)) {
        return;
    }
    CHECK(until_drained(&h, NULL));
    set_state(0, 0, 1, 79);
    CHECK(until_drained(&h, "{\"node\":\"first\",\"reason\":\"GPU GPU-0: XID 79\""));
    json_t *out = NULL;
    const ls_asker who = {.name = "root", .rules = true, .may_act = true};
    const ls_asker other = {.name = "guest", .may_act = true};
    ls_desk *desk = ls_pool_daemon_lock(h.daemon);
    CHECK_INT(ls_desk_rack(desk, "-", NULL, &who, &out, &err), LS_DESK_DONE);
    char *rack = json_dumps(out, JSON_COMPACT);
    CHECK_CONTAINS(rack, "\"state\":\"drained\"");
    CHECK_CONTAINS(rack, "\"about\":\"GPU GPU-0: XID 79\"");
    CHECK_CONTAINS(rack, "\"state\":\"up\"");
    free(rack);
    json_decref(out);
    CHECK_INT(ls_desk_drain(desk, "first", NULL, &other, &out, &err), LS_DESK_FORBIDDEN);
    CHECK_INT(ls_desk_drain(desk, "first", NULL, &who, &out, &err), LS_DESK_DONE);
    CHECK_INT(ls_pool_daemon_keep(h.daemon, &err), LS_OK);
    json_decref(out);
    CHECK(until_drained(&h, NULL));
    // One that is away stays so: put back, its node is out again at the next look.
    set_state(0, 1, 1, 79);
    CHECK(until_drained(&h, "no longer answers"));
    desk = ls_pool_daemon_lock(h.daemon);
    CHECK_INT(ls_desk_drain(desk, "first", NULL, &who, &out, &err), LS_DESK_DONE);
    CHECK_INT(ls_pool_daemon_keep(h.daemon, &err), LS_OK);
    json_decref(out);
    CHECK(until_drained(&h, "no longer answers"));
    close_house(&h);
}

// Of two GPUs of a node the one that fails goes out alone: the other takes jobs, and both acts are
// told.
static void test_one_gpu_of_a_node_goes_alone(void) {
    static const char text[] =
        "pool: emulated\nkinds: {emulated: {gpus: 2}}\n"
        "nodes: {name: box, kind: emulated}\naccounts: {main: {}}\n";
    house h;
    ls_error err = {0};
    if (!open_house(&h, text)) {
        return;
    }
    set_state(0, 0, 1, 79);
    CHECK(until_drained(&h, "{\"node\":\"box:0\",\"reason\":\"GPU GPU-0: XID 79\""));
    json_t *out = NULL;
    const ls_asker who = {.name = "root", .rules = true, .may_act = true};
    ls_desk *desk = ls_pool_daemon_lock(h.daemon);
    CHECK_INT(ls_desk_rack(desk, "-", NULL, &who, &out, &err), LS_DESK_DONE);
    char *rack = json_dumps(out, JSON_COMPACT);
    CHECK_CONTAINS(rack, "\"state\":\"up\"");
    CHECK_CONTAINS(rack, "\"jobs\":[],\"out\":true},{");
    free(rack);
    json_decref(out);
    CHECK_INT(ls_desk_drain(desk, "GPU-1", "a look at its fan", &who, &out, &err), LS_DESK_DONE);
    json_decref(out);
    CHECK_INT(ls_desk_drain(desk, "box:1", NULL, &who, &out, &err), LS_DESK_DONE);
    json_decref(out);
    CHECK_INT(ls_pool_daemon_keep(h.daemon, &err), LS_OK);
    desk = ls_pool_daemon_lock(h.daemon);
    const ls_desk_acts_def acts = {.kinds = "drain,undrain", .from_us = -1, .limit = 10};
    CHECK_INT(ls_desk_acts(desk, &acts, &who, &out, &err), LS_DESK_DONE);
    const json_t *list = json_object_get(out, "acts");
    static const char *const said[] = {"Back in service: box:1.",
                                       "Out of service: box:1: a look at its fan.",
                                       "Out of service: box:0: GPU GPU-0: XID 79."};
    CHECK_INT(json_array_size(list), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *act = json_array_get(list, i);
        CHECK_STR(json_string_value(json_object_get(act, "text")), said[i]);
        CHECK_STR(json_string_value(json_object_get(act, "kind")), i == 0 ? "undrain" : "drain");
        CHECK(json_is_null(json_object_get(act, "job")));
    }
    json_decref(out);
    CHECK_INT(ls_pool_daemon_keep(h.daemon, &err), LS_OK);
    close_house(&h);
}

// ---- errors that a GPU got over

static const char pair_text[] =
    "pool: emulated\nkinds: {emulated: {gpus: 1}}\n"
    "nodes:\n  - {name: first, kind: emulated, gpus: 1}\n"
    "  - {name: second, kind: emulated, gpus: 1}\n"
    "accounts: {main: {}}\n";

// Its reason; "": it is in service.
static const char *why_out(const ls_exec *exec, const char *name) {
    const char *node = NULL, *why = NULL;
    int64_t since_us = 0;
    for (uint32_t at = 0; ls_exec_next_out(exec, &at, &node, &why, &since_us);) {
        if (strcmp(node, name) == 0) {
            return why;
        }
    }
    return "";
}

static void test_a_gpu_that_gets_over_too_many_errors_is_drained_over_restarts_too(void) {
    house h;
    ls_error err = {0};
    if (!open_pool(&h, pair_text)) {
        return;
    }
    const ls_exec_def def = {.folder = h.folder, .pool = h.pool};
    ls_exec *exec = NULL;
    for (int i = 0; i < LS_EXEC_STRIKES; i++) {
        // Each after another start of the pool.
        CHECK_INT(ls_exec_open(&def, &exec, &err), LS_OK);
        CHECK_STR(why_out(exec, "second"), "");
        CHECK_INT(ls_exec_gpu_fails(exec, "GPU-1", "XID 94", true, &err), LS_OK);
        CHECK_INT(ls_exec_step(exec, &err), LS_OK);
        if (i < LS_EXEC_STRIKES - 1) {
            ls_exec_close(exec);
        }
    }
    static const char reason[] =
        "GPU GPU-1: 3 errors that it got over within 7 days, the last: XID 94";
    CHECK_STR(why_out(exec, "second"), reason);
    CHECK_STR(why_out(exec, "first"), "");
    ls_exec_close(exec);
    CHECK_INT(ls_exec_open(&def, &exec, &err), LS_OK);
    CHECK_STR(why_out(exec, "second"), reason);
    // Put back, it begins anew; and each GPU is counted alone.
    CHECK_INT(ls_exec_undrain(exec, "second", &err), LS_OK);
    CHECK_INT(ls_exec_gpu_fails(exec, "GPU-1", "XID 63", true, &err), LS_OK);
    CHECK_INT(ls_exec_gpu_fails(exec, "GPU-0", "XID 63", true, &err), LS_OK);
    CHECK_INT(ls_exec_gpu_fails(exec, "GPU-0", "XID 92", true, &err), LS_OK);
    CHECK_INT(ls_exec_step(exec, &err), LS_OK);
    CHECK_STR(why_out(exec, "second"), "");
    CHECK_STR(why_out(exec, "first"), "");
    CHECK_INT(ls_exec_gpu_fails(exec, "GPU-0", "XID 79", false, &err), LS_OK);
    CHECK_STR(why_out(exec, "first"), "GPU GPU-0: XID 79");
    ls_exec_close(exec);
    close_pool(&h);
}

// ---- jobs that fail on one GPU alone

static void step_until_over(ls_exec *exec, uint64_t id) {
    ls_exec_view v = {.state = LS_EXEC_RUNNING};
    const int64_t until_us = ls_steady_us() + 60 * INT64_C(1000000);
    while (ls_exec_get(exec, id, &v) && !ls_exec_is_over(v.state) && ls_steady_us() < until_us) {
        CHECK_INT(ls_exec_step(exec, NULL), LS_OK);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    CHECK(ls_exec_is_over(v.state));
}

// A pair of jobs of one command, on both GPUs at once: it fails on `bad` alone ("": on none).
static void run_pair(ls_exec *exec, int number, const char *bad) {
    static const char script[] =
        "while [ $(ls \"$1\" | wc -l) -lt 2 ] && touch \"$1/$CUDA_VISIBLE_DEVICES\"; do sleep "
        "0.01; "
        "done; [ $CUDA_VISIBLE_DEVICES != \"$2\" ]";
    char folder[64], count[16], command[96];
    snprintf(folder, sizeof folder, "/tmp/ls-pair-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(count, sizeof count, "%d", number);
    const char *const argv[] = {"sh", "-c", script, count, folder, bad, NULL};
    const ls_exec_job job = {.argv = argv, .shape = {.parts = 1, .gpus = 1}};
    uint64_t a = 0, b = 0;
    CHECK_INT(ls_exec_submit(exec, &job, &a, NULL), LS_OK);
    CHECK_INT(ls_exec_submit(exec, &job, &b, NULL), LS_OK);
    step_until_over(exec, a);
    step_until_over(exec, b);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
}

static void test_a_gpu_on_which_jobs_fail_that_are_done_elsewhere_is_drained(void) {
    static const char text[] =
        "pool: emulated\nkinds: {emulated: {gpus: 2}}\n"
        "nodes: {name: box, kind: emulated}\naccounts: {main: {}}\n";
    house h;
    ls_error err = {0};
    if (!open_pool(&h, text)) {
        return;
    }
    const ls_exec_def def = {.folder = h.folder, .pool = h.pool};
    ls_exec *exec = NULL;
    CHECK_INT(ls_exec_open(&def, &exec, &err), LS_OK);
    CHECK_STR(err.text, "");
    for (int i = 0; i < LS_SUSPECT_TIMES - 1; i++) {
        run_pair(exec, i, "GPU-1");
    }
    run_pair(exec, 99, "");  // is done on both: it works after all
    for (int i = 0; i < LS_SUSPECT_TIMES; i++) {
        CHECK_STR(why_out(exec, "box:1"), "");
        run_pair(exec, 10 + i, "GPU-1");
    }
    CHECK_CONTAINS(
        why_out(exec, "box:1"),
        "GPU GPU-1: 5 commands that are done elsewhere failed on it one after the other, "
        "found out by job ");
    CHECK_STR(why_out(exec, "box:0"), "");
    ls_exec_close(exec);
    CHECK_INT(ls_exec_open(&def, &exec, &err), LS_OK);
    CHECK_CONTAINS(why_out(exec, "box:1"), "5 commands");
    ls_exec_close(exec);
    close_pool(&h);
}

static void test_errors_long_ago_are_forgiven(void) {
    ls_offender o = {.count = 0};
    CHECK(!ls_offender_strikes(&o, 3, 100, 0));
    CHECK(!ls_offender_strikes(&o, 3, 100, 60));
    CHECK(!ls_offender_strikes(&o, 3, 100, 101));  // the first is forgiven
    CHECK(ls_offender_strikes(&o, 3, 100, 160));
    CHECK(ls_offender_strikes(&o, 3, 100, 161));
    CHECK_INT(o.count, 3);
    o = (ls_offender){.count = 0};
    CHECK(ls_offender_strikes(&o, 1, 0, 5));
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    built = build_library();
    ls_nvml_use(library);
    TEST(test_errors_of_an_emulated_gpu_are_told);
    TEST(test_nothing_is_watched_where_nothing_is);
    TEST(test_a_node_whose_gpu_fails_is_drained_until_it_is_put_back);
    TEST(test_one_gpu_of_a_node_goes_alone);
    TEST(test_a_gpu_that_gets_over_too_many_errors_is_drained_over_restarts_too);
    TEST(test_a_gpu_on_which_jobs_fail_that_are_done_elsewhere_is_drained);
    TEST(test_errors_long_ago_are_forgiven);
    unlink(library);
    unlink(state);
    return harness_report();
}
