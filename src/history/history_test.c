// A history as a whole: what was appended is there exactly once, whatever happens in between.
#include "history/history.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "history/history_inside.h"
#include "tests/harness.h"

enum { TAGS = 7 };

static char folder[64];

static void remove_tree(const char *path) {
    DIR *dir = opendir(path);
    if (dir == NULL) {
        (void)unlink(path);
        return;
    }
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            char inner[600];
            snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
            remove_tree(inner);
        }
    }
    closedir(dir);
    (void)rmdir(path);
}

static void fresh_folder(void) {
    // In memory where there is such a place: many histories are opened, and each is synced.
    const bool has_shm = access("/dev/shm", W_OK) == 0;
    snprintf(folder, sizeof folder, "%s/ls-history-XXXXXX", has_shm ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(folder) != NULL);
}

// ---- a store that can be made to fail

static atomic_bool store_fails;
static ls_store_ops failing;

static ls_status failing_write(ls_store *store, const ls_store_batch *batch, ls_error *err) {
    if (atomic_load(&store_fails)) {
        return ls_fail(err, LS_ERR_IO, "the store is away");
    }
    return ls_store_sqlite.write(store, batch, err);
}
static ls_status failing_position(ls_store *store, uint64_t *out, ls_error *err) {
    if (atomic_load(&store_fails)) {
        return ls_fail(err, LS_ERR_IO, "the store is away");
    }
    return ls_store_sqlite.log_position(store, out, err);
}

typedef struct place {
    ls_history *history;
    ls_tags *tags;
} place;

static ls_history_def small_def(void) {
    ls_history_def def = ls_history_def_default();
    def.store = folder;
    def.sync_us = 2000;
    def.memory_bytes = 128 << 10;
    return def;
}

static ls_status open_with(const ls_history_def *def, place *out, ls_error *err) {
    *out = (place){0};
    CHECK_INT(ls_tags_create(&out->tags, NULL), LS_OK);
    const ls_status status = ls_history_open_on(def, &failing, out->tags, &out->history, err);
    if (status != LS_OK) {
        ls_tags_destroy(out->tags);
    }
    return status;
}

static place open_place(void) {
    const ls_history_def def = small_def();
    place p;
    ls_error err = {0};
    const ls_status status = open_with(&def, &p, &err);
    CHECK_INT(status, LS_OK);
    if (status != LS_OK) {
        printf("open: %s\n", err.text);
        exit(1);
    }
    return p;
}

static ls_status close_place(place *p) {
    const ls_status status = ls_history_close(p->history, NULL);
    ls_tags_destroy(p->tags);
    return status;
}

// ---- numbers: sample n of all has its own time, tag and value

static const char *name_of(int tag) {
    static const char *const names[TAGS] = {
        "line/tag-0", "line/tag-1", "line/tag-2", "line/tag-3",
        "line/tag-4", "line/tag-5", "line/tag-6",
    };
    return names[tag];
}

static ls_sample number(const place *p, int64_t n) {
    uint32_t tag = 0;
    const char *name = name_of((int)(n % TAGS));
    CHECK_INT(ls_tags_add(p->tags, name, strlen(name), &tag, NULL), LS_OK);
    ls_sample s = {
        .tag = tag, .time_us = 1000000 + n * 10, .kind = LS_VALUE_INT, .value.integer = n};
    if (n % TAGS == 3) {
        s.kind = LS_VALUE_TEXT;
        s.value.text = n % 2 == 0 ? "execute" : "held, by the station behind";
        s.size = (uint32_t)strlen(s.value.text);
    }
    return s;
}

static ls_status append(const place *p, int64_t from, int64_t to, ls_error *err) {
    ls_sample s[1000];
    ls_status status = LS_OK;
    for (int64_t at = from; at < to && status == LS_OK;) {
        size_t n = 0;
        for (; n < 1000 && at < to; n++, at++) {
            s[n] = number(p, at);
        }
        status = ls_history_append(p->history, s, n, err);
    }
    return status;
}

typedef struct counting {
    const place *p;
    int64_t count, last;
    bool is_right;
} counting;

static bool count_one(void *context, const ls_sample *s) {
    counting *c = context;
    const int64_t n = (s->time_us - 1000000) / 10;
    const ls_sample right = number(c->p, n);
    c->is_right = c->is_right && n > c->last && s->tag == right.tag && ls_sample_same(s, &right);
    c->last = n;
    c->count++;
    return true;
}

// How many of [from, to) are there; -1 when one is wrong, doubled or out of order.
static int64_t count_range(const place *p, int64_t from, int64_t to) {
    int64_t count = 0;
    for (uint32_t tag = 0; tag < ls_tags_count(p->tags); tag++) {
        counting c = {.p = p, .last = -1, .is_right = true};
        ls_error err = {0};
        const ls_status status = ls_history_visit(p->history, tag, 1000000 + from * 10,
                                                  1000000 + to * 10, false, count_one, &c, &err);
        if (status != LS_OK || !c.is_right) {
            printf("tag %u: %s\n", tag, status != LS_OK ? err.text : "not as appended");
            return -1;
        }
        count += c.count;
    }
    return count;
}

static void test_samples_are_seen_before_and_after_blocks(void) {
    fresh_folder();
    place p = open_place();
    int64_t at = 0;
    for (int step = 1; step < 60; step++) {
        CHECK_INT(append(&p, at, at + step * 7, NULL), LS_OK);
        at += step * 7;
        CHECK_INT(count_range(&p, 0, at), at);
        if (step % 10 == 0) {
            CHECK_INT(ls_history_flush(p.history, NULL), LS_OK);
            CHECK_INT(count_range(&p, 0, at), at);
            CHECK_INT(count_range(&p, at / 3, at / 2), at / 2 - at / 3);
        }
    }
    ls_history_figures f;
    CHECK_INT(ls_history_describe(p.history, &f, NULL), LS_OK);
    CHECK_INT(f.samples, at);
    CHECK_INT(f.appended, at);
    CHECK_INT(f.tags, TAGS);
    CHECK_INT(f.first_us, 1000000);
    CHECK_INT(f.last_us, 1000000 + (at - 1) * 10);
    CHECK_INT(close_place(&p), LS_OK);
    p = open_place();
    CHECK_INT(ls_tags_count(p.tags), TAGS);
    CHECK_INT(count_range(&p, 0, at), at);
    CHECK_INT(close_place(&p), LS_OK);
    remove_tree(folder);
}

typedef struct last_before {
    int64_t times[8];
    int count;
} last_before;
static bool note_time(void *context, const ls_sample *s) {
    last_before *l = context;
    if (l->count < 8) {
        l->times[l->count] = s->time_us;
    }
    l->count++;
    return true;
}

static void test_the_last_sample_before_is_told_first(void) {
    fresh_folder();
    place p = open_place();
    CHECK_INT(append(&p, 0, 70, NULL), LS_OK);
    for (int round = 0; round < 2; round++) {
        last_before l = {0};
        // Tag 0 has numbers 0, 7, 14, ...: 21 is the last before 22, then 28 and 35.
        CHECK_INT(ls_history_visit(p.history, 0, 1000220, 1000360, true, note_time, &l, NULL),
                  LS_OK);
        CHECK_INT(l.count, 3);
        CHECK_INT(l.times[0], 1000210);
        CHECK_INT(l.times[2], 1000350);
        CHECK_INT(ls_history_flush(p.history, NULL), LS_OK);
    }
    // The last before may be in the store or in memory.
    CHECK_INT(append(&p, 70, 140, NULL), LS_OK);
    last_before l = {0};
    CHECK_INT(ls_history_visit(p.history, 0, 1000710, 1000780, true, note_time, &l, NULL), LS_OK);
    CHECK_INT(l.count, 2);
    CHECK_INT(l.times[0], 1000700);
    l = (last_before){0};
    CHECK_INT(ls_history_visit(p.history, 0, 1000700, 1000701, true, note_time, &l, NULL), LS_OK);
    CHECK_INT(l.count, 2);
    CHECK_INT(l.times[0], 1000630);
    CHECK_INT(close_place(&p), LS_OK);
    remove_tree(folder);
}

static void test_doubles_and_late_samples(void) {
    fresh_folder();
    place p = open_place();
    CHECK_INT(append(&p, 700, 1400, NULL), LS_OK);
    CHECK_INT(append(&p, 700, 1400, NULL), LS_OK);  // in memory twice
    CHECK_INT(count_range(&p, 0, 2000), 700);
    CHECK_INT(ls_history_flush(p.history, NULL), LS_OK);
    CHECK_INT(append(&p, 1000, 1400, NULL), LS_OK);  // in the store, and in memory again
    CHECK_INT(count_range(&p, 0, 2000), 700);
    CHECK_INT(append(&p, 0, 700, NULL), LS_OK);  // the clock went backwards
    CHECK_INT(count_range(&p, 0, 2000), 1400);
    CHECK_INT(ls_history_flush(p.history, NULL), LS_OK);
    CHECK_INT(count_range(&p, 0, 2000), 1400);
    ls_history_figures f;
    CHECK_INT(ls_history_describe(p.history, &f, NULL), LS_OK);
    CHECK_INT(f.samples, 1400);
    CHECK(f.late >= 700);
    CHECK(f.duplicates >= 700);
    CHECK_INT(close_place(&p), LS_OK);
    remove_tree(folder);
}

static bool check_event(void *context, const ls_happened *event) {
    int *count = context;
    ++*count;
    CHECK_INT(event->number, *count);
    CHECK_STR(event->kind, "gap");
    CHECK_STR(event->json, "{}");
    return true;
}

static int count_events(const place *p) {
    int count = 0;
    CHECK_INT(ls_history_visit_events(p->history, "gap", 0, 1000000, check_event, &count, NULL),
              LS_OK);
    return count;
}

static void test_events_and_states_are_kept(void) {
    fresh_folder();
    place p = open_place();
    int events = 0;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 20; i++, events++) {
            const ls_happened e = {.time_us = 100 + events,
                                   .kind = "gap",
                                   .subject = "node",
                                   .text = "a gap",
                                   .json = "{}"};
            CHECK_INT(ls_history_event(p.history, &e, NULL), LS_OK);
            char state[40];
            snprintf(state, sizeof state, "state %d", events);
            CHECK_INT(ls_history_save(p.history, "follower", state, strlen(state) + 1, NULL),
                      LS_OK);
        }
        CHECK_INT(count_events(&p), events);
        if (round % 2 == 0) {
            CHECK_INT(ls_history_flush(p.history, NULL), LS_OK);
            CHECK_INT(count_events(&p), events);
        }
        if (round == 3) {
            CHECK_INT(close_place(&p), LS_OK);
            p = open_place();
        }
        void *bytes = NULL;
        size_t size = 0;
        char right[40];
        snprintf(right, sizeof right, "state %d", events - 1);
        CHECK_INT(ls_history_load(p.history, "follower", &bytes, &size, NULL), LS_OK);
        CHECK(bytes != NULL);
        CHECK_STR(bytes != NULL ? bytes : "", right);
        ls_free(bytes);
    }
    void *none = &events;
    size_t size = 1;
    CHECK_INT(ls_history_load(p.history, "nobody", &none, &size, NULL), LS_OK);
    CHECK(none == NULL);
    ls_history_figures f;
    CHECK_INT(ls_history_describe(p.history, &f, NULL), LS_OK);
    CHECK_INT(f.events, events);
    CHECK_INT(close_place(&p), LS_OK);
    remove_tree(folder);
}

static void test_one_process_writes_and_others_read(void) {
    fresh_folder();
    place p = open_place();
    CHECK_INT(append(&p, 0, 500, NULL), LS_OK);
    CHECK_INT(ls_history_flush(p.history, NULL), LS_OK);
    CHECK_INT(append(&p, 500, 900, NULL), LS_OK);
    place other;
    ls_history_def def = small_def();
    ls_error err = {0};
    CHECK_INT(open_with(&def, &other, &err), LS_ERR_IO);
    char pid[40];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    CHECK_CONTAINS(err.text, pid);
    def.read_only = true;
    CHECK_INT(open_with(&def, &other, &err), LS_OK);
    CHECK_INT(count_range(&other, 0, 900), 900);
    const ls_sample s = number(&other, 1);
    CHECK_INT(ls_history_append(other.history, &s, 1, &err), LS_ERR_INVALID);
    CHECK_INT(close_place(&other), LS_OK);
    CHECK_INT(close_place(&p), LS_OK);
    remove_tree(folder);
}

static void wait_for(bool (*is_so)(const place *p), const place *p) {
    for (int i = 0; i < 2000 && !is_so(p); i++) {
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    CHECK(is_so(p));
}
static bool is_stored(const place *p) {
    ls_history_figures f;
    ls_history_describe(p->history, &f, NULL);
    pthread_mutex_lock(&p->history->lock);
    const bool so = !p->history->lags && p->history->frozen == NULL;
    pthread_mutex_unlock(&p->history->lock);
    return so && !f.store_away;
}
static bool is_away(const place *p) {
    ls_history_figures f;
    ls_history_describe(p->history, &f, NULL);
    return f.store_away && f.failed_writes > 0;
}

static void test_a_store_that_is_away_costs_no_sample_and_no_memory(void) {
    fresh_folder();
    place p = open_place();
    CHECK_INT(append(&p, 0, 1000, NULL), LS_OK);
    CHECK_INT(ls_history_flush(p.history, NULL), LS_OK);
    atomic_store(&store_fails, true);
    CHECK_INT(append(&p, 1000, 60000, NULL), LS_OK);  // two megabytes; memory is 128 KiB
    wait_for(is_away, &p);
    ls_error err = {0};
    CHECK_INT(ls_history_flush(p.history, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.text, "away");
    pthread_mutex_lock(&p.history->lock);
    CHECK(p.history->lags);
    CHECK(p.history->active->bytes + p.history->frozen->bytes < 200 << 10);
    pthread_mutex_unlock(&p.history->lock);
    CHECK_INT(count_range(&p, 0, 60000), 60000);  // those in the log alone, too
    atomic_store(&store_fails, false);
    wait_for(is_stored, &p);
    CHECK_INT(count_range(&p, 0, 60000), 60000);
    CHECK_INT(ls_history_flush(p.history, NULL), LS_OK);
    CHECK_INT(count_range(&p, 0, 60000), 60000);
    // Away when it is closed, and when it is opened again.
    atomic_store(&store_fails, true);
    CHECK_INT(append(&p, 60000, 70000, NULL), LS_OK);
    CHECK_INT(close_place(&p), LS_ERR_IO);
    p = open_place();
    CHECK_INT(append(&p, 70000, 80000, NULL), LS_OK);
    atomic_store(&store_fails, false);
    wait_for(is_stored, &p);
    CHECK_INT(count_range(&p, 0, 80000), 80000);
    CHECK_INT(close_place(&p), LS_OK);
    p = open_place();
    CHECK_INT(count_range(&p, 0, 80000), 80000);
    CHECK_INT(close_place(&p), LS_OK);
    remove_tree(folder);
}

static void test_a_full_disk_refuses_and_recovers(void) {
    fresh_folder();
    place p = open_place();
    CHECK_INT(append(&p, 0, 100, NULL), LS_OK);
    ls_error err = {0};
    ls_log_fail_write_after(20);
    CHECK_INT(append(&p, 100, 500, &err), LS_ERR_IO);
    const ls_happened e = {.time_us = 1, .kind = "gap"};
    ls_log_fail_write_after(3);
    CHECK_INT(ls_history_event(p.history, &e, &err), LS_ERR_IO);
    ls_log_fail_write_after(0);
    CHECK_INT(ls_history_save(p.history, "s", "x", 1, &err), LS_ERR_IO);
    CHECK_INT(count_range(&p, 0, 1000), 100);
    ls_log_fail_write_after(-1);
    CHECK_INT(append(&p, 100, 500, &err), LS_OK);
    CHECK_INT(count_range(&p, 0, 1000), 500);
    CHECK_INT(close_place(&p), LS_OK);
    p = open_place();
    CHECK_INT(count_range(&p, 0, 1000), 500);
    CHECK_INT(close_place(&p), LS_OK);
    remove_tree(folder);
}

static void test_the_limit_of_the_log_holds_back(void) {
    fresh_folder();
    ls_history_def def = small_def();
    def.log_bytes_max = 100000;
    place p;
    CHECK_INT(open_with(&def, &p, NULL), LS_OK);
    atomic_store(&store_fails, true);
    ls_error err = {0};
    int64_t kept = 0;
    while (kept < 1000000 && append(&p, kept, kept + 100, &err) == LS_OK) {
        kept += 100;
    }
    CHECK_INT(err.status, LS_ERR_LIMIT);
    CHECK(kept > 2000);
    atomic_store(&store_fails, false);
    wait_for(is_stored, &p);
    CHECK_INT(count_range(&p, 0, kept + 100), kept);
    CHECK_INT(close_place(&p), LS_OK);
    remove_tree(folder);
}

static void test_allocations_may_fail(void) {
    fresh_folder();
    int64_t kept = 0;
    bool done = false;
    for (int64_t allowed = 0; !done && allowed < 100000; allowed += 1 + allowed / 16) {
        ls_history_def def = small_def();
        place p = {0};
        ls_error err = {0};
        CHECK_INT(ls_tags_create(&p.tags, NULL), LS_OK);
        for (int i = 0; i < TAGS; i++) {
            number(&p, i);
        }
        ls_sample s[50];
        for (int i = 0; i < 50; i++) {
            s[i] = number(&p, kept + i);
        }
        ls_alloc_fail_after(allowed);
        ls_status status = ls_history_open_on(&def, &ls_store_sqlite, p.tags, &p.history, &err);
        const bool is_open = status == LS_OK;
        if (is_open) {
            status = ls_history_append(p.history, s, 50, &err);
            kept += status == LS_OK ? 50 : 0;
        }
        if (status == LS_OK) {
            status = ls_history_flush(p.history, &err);
        }
        ls_alloc_fail_after(-1);
        done = status == LS_OK;
        if (is_open) {
            CHECK_INT(ls_history_close(p.history, NULL), LS_OK);
        }
        ls_tags_destroy(p.tags);
    }
    CHECK(done);
    place p = open_place();
    CHECK_INT(count_range(&p, 0, kept + 1000), kept);
    CHECK_INT(close_place(&p), LS_OK);
    remove_tree(folder);
}

// ---- killed at any moment

// Appends for ever, and tells how far it was acknowledged.
static void append_until_killed(int64_t at, int tell, unsigned seed) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    place p = open_place();
    for (;;) {
        seed = seed * 1103515245u + 12345u;
        const int64_t count = 1 + (seed >> 16) % 700;
        if (append(&p, at, at + count, NULL) != LS_OK) {
            _exit(3);
        }
        at += count;
        if (write(tell, &at, sizeof at) != (ssize_t)sizeof at) {
            _exit(4);
        }
        if ((seed >> 8) % 64 == 0 && ls_history_flush(p.history, NULL) != LS_OK) {
            _exit(5);
        }
    }
}

static int64_t run_and_kill(int64_t from, unsigned seed) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        append_until_killed(from, ends[1], seed);
    }
    close(ends[1]);
    const long wait_us = 3000 + (long)(seed % 60) * 1500;
    nanosleep(&(struct timespec){0, wait_us * 1000}, NULL);
    kill(child, SIGKILL);
    int64_t acknowledged = from;
    int64_t got = 0;
    while (read(ends[0], &got, sizeof got) == (ssize_t)sizeof got) {
        acknowledged = got;
    }
    close(ends[0]);
    int code = 0;
    waitpid(child, &code, 0);
    CHECK(WIFSIGNALED(code));
    return acknowledged;
}

static void test_killed_at_any_moment_every_acknowledged_sample_is_there_once(void) {
    fresh_folder();
    int64_t at = 0;
    for (unsigned round = 0; round < 40; round++) {
        const int64_t acknowledged = run_and_kill(at, round * 7919 + 13);
        place p = open_place();
        // What was not acknowledged may be there or not.
        const int64_t more = count_range(&p, acknowledged, acknowledged + 1000);
        CHECK(more >= 0 && more <= 700);
        CHECK_INT(count_range(&p, at, acknowledged), acknowledged - at);
        at = acknowledged + more;
        // Closed with the store away, what is in the log stays for the next one.
        atomic_store(&store_fails, round % 3 != 0);
        (void)close_place(&p);
        atomic_store(&store_fails, false);
    }
    place p = open_place();
    CHECK_INT(count_range(&p, 0, at), at);
    CHECK_INT(close_place(&p), LS_OK);
    CHECK(at > 10000);
    harness_note("%lld samples over 40 kills", (long long)at);
    remove_tree(folder);
}

// ---- many at once

enum { WRITERS = 3, WRITES = 300, OF_A_WRITE = 90 };

typedef struct crowd {
    place p;
    atomic_int failures, next;
    atomic_bool stops;
} crowd;

// Writer w appends to its own tag; each sample is one later than the one before.
static void *crowd_writer(void *context) {
    crowd *c = context;
    const uint32_t tag = (uint32_t)atomic_fetch_add(&c->next, 1);
    ls_sample s[OF_A_WRITE];
    memset(s, 0, sizeof s);
    for (int i = 0; i < WRITES; i++) {
        for (int k = 0; k < OF_A_WRITE; k++) {
            s[k].tag = tag;
            s[k].kind = LS_VALUE_INT;
            s[k].value.integer = s[k].time_us = i * OF_A_WRITE + k + 1;
        }
        const ls_happened e = {.time_us = i, .kind = "note"};
        bool ok = ls_history_append(c->p.history, s, OF_A_WRITE, NULL) == LS_OK;
        if (i % 10 == 0) {
            ok = ok && ls_history_event(c->p.history, &e, NULL) == LS_OK &&
                 ls_history_save(c->p.history, "crowd", &i, sizeof i, NULL) == LS_OK;
        }
        atomic_fetch_add(&c->failures, !ok);
    }
    return NULL;
}

static bool follow_up(void *context, const ls_sample *s) {
    int64_t *last = context;
    const bool right = s->time_us == *last + 1 && s->value.integer == s->time_us;
    *last = right ? s->time_us : -1;
    return right;
}

static bool any_event(void *context, const ls_happened *event) {
    int *count = context;
    *count += event->number > 0;
    return true;
}

// Asks all the time: what it sees has no hole, and never gets less.
static void *crowd_reader(void *context) {
    crowd *c = context;
    int64_t seen[WRITERS] = {0};
    int events_seen = 0;
    while (!atomic_load(&c->stops)) {
        for (uint32_t tag = 0; tag < WRITERS; tag++) {
            int64_t last = 0;
            const ls_status status = ls_history_visit(c->p.history, tag, 0, INT64_MAX, false,
                                                      follow_up, &last, NULL);
            atomic_fetch_add(&c->failures, status != LS_OK || last < seen[tag]);
            seen[tag] = last;
        }
        int events = 0;
        void *state = NULL;
        size_t size = 0;
        ls_history_figures f;
        bool ok = ls_history_visit_events(c->p.history, "note", 0, INT64_MAX, any_event, &events,
                                          NULL) == LS_OK;
        ok = ok && ls_history_load(c->p.history, "crowd", &state, &size, NULL) == LS_OK;
        ok = ok && ls_history_describe(c->p.history, &f, NULL) == LS_OK;
        ls_free(state);
        atomic_fetch_add(&c->failures, !ok || events < events_seen);
        events_seen = events;
    }
    return NULL;
}

static void *crowd_flusher(void *context) {
    crowd *c = context;
    for (int i = 0; !atomic_load(&c->stops); i++) {
        atomic_store(&store_fails, i % 7 == 3);  // away now and then
        const ls_status status = ls_history_flush(c->p.history, NULL);
        atomic_fetch_add(&c->failures, status != LS_OK && i % 7 != 3);
        nanosleep(&(struct timespec){0, 3000000}, NULL);
    }
    atomic_store(&store_fails, false);
    return NULL;
}

static void test_many_append_ask_and_flush_at_once(void) {
    fresh_folder();
    static crowd c;
    c.p = open_place();
    for (int i = 0; i < WRITERS; i++) {
        number(&c.p, i);  // names the tag
    }
    pthread_t writers[WRITERS];
    pthread_t reader;
    pthread_t flusher;
    for (int i = 0; i < WRITERS; i++) {
        CHECK_INT(pthread_create(&writers[i], NULL, crowd_writer, &c), 0);
    }
    CHECK_INT(pthread_create(&reader, NULL, crowd_reader, &c), 0);
    CHECK_INT(pthread_create(&flusher, NULL, crowd_flusher, &c), 0);
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i], NULL);
    }
    atomic_store(&c.stops, true);
    pthread_join(reader, NULL);
    pthread_join(flusher, NULL);
    CHECK_INT(atomic_load(&c.failures), 0);
    CHECK_INT(close_place(&c.p), LS_OK);
    c.p = open_place();
    for (uint32_t tag = 0; tag < WRITERS; tag++) {
        int64_t last = 0;
        CHECK_INT(ls_history_visit(c.p.history, tag, 0, INT64_MAX, false, follow_up, &last, NULL),
                  LS_OK);
        CHECK_INT(last, WRITES * OF_A_WRITE);
    }
    CHECK_INT(close_place(&c.p), LS_OK);
    remove_tree(folder);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    failing = ls_store_sqlite;
    failing.write = failing_write;
    failing.log_position = failing_position;
    TEST(test_samples_are_seen_before_and_after_blocks);
    TEST(test_the_last_sample_before_is_told_first);
    TEST(test_doubles_and_late_samples);
    TEST(test_events_and_states_are_kept);
    TEST(test_one_process_writes_and_others_read);
    TEST(test_a_store_that_is_away_costs_no_sample_and_no_memory);
    TEST(test_a_full_disk_refuses_and_recovers);
    TEST(test_the_limit_of_the_log_holds_back);
    TEST(test_allocations_may_fail);
    TEST(test_many_append_ask_and_flush_at_once);
    TEST(test_killed_at_any_moment_every_acknowledged_sample_is_there_once);
    return harness_report();
}
