// The log: what was appended is read back once, whatever was cut, flipped or full.
#include "history/log.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "history/crc.h"
#include "history/record.h"
#include "tests/harness.h"

static char folder[64];
static ls_tags *tags;

static void fresh_folder(void) {
    // In memory where there is such a place: a thousand logs are opened, and each is synced.
    const bool has_shm = access("/dev/shm", W_OK) == 0;
    snprintf(folder, sizeof folder, "%s/ls-log-XXXXXX", has_shm ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(folder) != NULL);
    CHECK_INT(ls_tags_create(&tags, NULL), LS_OK);
    for (int i = 0; i < 5; i++) {
        char name[16];
        uint32_t tag;
        snprintf(name, sizeof name, "tag-%d", i);
        CHECK_INT(ls_tags_add(tags, name, strlen(name), &tag, NULL), LS_OK);
    }
}

static int each_file(void (*visit)(const char *path)) {
    DIR *dir = opendir(folder);
    int count = 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] != '.') {
            char path[400];
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            visit(path);
            count++;
        }
    }
    closedir(dir);
    return count;
}
static void remove_file(const char *path) {
    (void)unlink(path);
}
static void count_only(const char *path) {
    (void)path;
}
static void remove_folder(void) {
    each_file(remove_file);
    (void)rmdir(folder);
    ls_tags_destroy(tags);
}

static ls_log_def def_of(void) {
    return (ls_log_def){.folder = folder, .tags = tags, .sync_us = 5000, .bytes_max = 1 << 30};
}

static ls_log *open_log(void) {
    const ls_log_def def = def_of();
    ls_log *log = NULL;
    ls_error err = {0};
    CHECK_INT(ls_log_open(&def, &log, &err), LS_OK);
    return log;
}

static ls_sample number(int i) {
    return (ls_sample){.tag = (uint32_t)(i * 7 % 5),
                       .time_us = 1000 + i,
                       .kind = LS_VALUE_INT,
                       .quality = (uint8_t)(i % 3),
                       .flags = (uint8_t)(i % 4),
                       .value.integer = i};
}

// Reads all numbers; returns how many, -1 when they are not in order or not as written.
typedef struct reading {
    int numbers, events, states, lowest, highest;
    bool is_right;
} reading;

static reading read_all(ls_log *log, uint64_t from) {
    reading r = {.lowest = -1, .highest = -1, .is_right = true};
    ls_log_cursor *cursor = NULL;
    CHECK_INT(ls_log_cursor_open(log, from, &cursor, NULL), LS_OK);
    ls_log_entry entry;
    bool any = false;
    ls_error err = {0};
    while (ls_log_next(cursor, &entry, &any, &err) == LS_OK && any) {
        for (size_t i = 0; i < entry.count; i++) {
            const ls_sample *s = &entry.samples[i];
            const int n = (int)s->value.integer;
            const ls_sample right = number(n);
            r.is_right = r.is_right && n > r.highest && ls_sample_same(s, &right) &&
                         s->time_us == right.time_us && s->flags == right.flags &&
                         s->tag == right.tag;
            r.lowest = r.lowest < 0 ? n : r.lowest;
            r.highest = n;
            r.numbers++;
        }
        r.events += entry.event != NULL;
        r.states += entry.state != NULL;
    }
    ls_log_cursor_close(cursor);
    return r;
}

static ls_status append_numbers(ls_log *log, int from, int to, ls_error *err) {
    ls_sample *s = calloc((size_t)(to - from), sizeof *s);
    for (int i = from; i < to; i++) {
        s[i - from] = number(i);
    }
    uint64_t end = 0;
    const ls_status status = ls_log_append_samples(log, s, (size_t)(to - from), &end, err);
    free(s);
    return status;
}

static void test_what_was_appended_is_read_back(void) {
    fresh_folder();
    ls_log *log = open_log();
    const ls_happened event = {.time_us = 5,
                               .kind = "gap",
                               .subject = "tag-1",
                               .text = "three messages are missing",
                               .json = "{\"count\": 3}"};
    const ls_state_entry state = {"follower", "a\0b", 3};
    uint64_t end = 0;
    int at = 0;
    for (int size = 1; size < 200; size++) {
        CHECK_INT(append_numbers(log, at, at + size, NULL), LS_OK);
        at += size;
        CHECK_INT(ls_log_append_event(log, &event, &end, NULL), LS_OK);
        CHECK_INT(ls_log_append_state(log, &state, &end, NULL), LS_OK);
    }
    reading r = read_all(log, 0);
    CHECK(r.is_right && r.numbers == at && r.events == 199 && r.states == 199);
    CHECK_INT(read_all(log, end).numbers, 0);
    ls_log_close(log);
    log = open_log();
    CHECK_INT(ls_log_end(log), end);
    r = read_all(log, 0);
    CHECK(r.is_right && r.numbers == at && r.events == 199 && r.states == 199);
    CHECK_INT(append_numbers(log, at, at + 10, NULL), LS_OK);
    r = read_all(log, end);
    CHECK(r.is_right && r.numbers == 10 && r.lowest == at);
    CHECK_INT(ls_log_describe(log).torn, 0);
    ls_log_close(log);
    remove_folder();
}

static void test_values_of_every_kind_come_back(void) {
    fresh_folder();
    ls_log *log = open_log();
    char long_text[3000];
    memset(long_text, 'x', sizeof long_text);
    const ls_sample s[] = {
        {.tag = 4,
         .time_us = INT64_MAX,
         .kind = LS_VALUE_REAL,
         .value.natural = 0x7ff8dead0000beef},
        {.tag = 0, .time_us = INT64_MIN, .kind = LS_VALUE_REAL, .value.real = -0.0},
        {.tag = 0, .time_us = 0, .kind = LS_VALUE_NONE, .quality = LS_QUALITY_BAD},
        {.tag = 1, .time_us = 1, .kind = LS_VALUE_TEXT, .size = 3000, .value.text = long_text},
        {.tag = 1, .time_us = 2, .kind = LS_VALUE_BYTES, .size = 0, .value.text = ""},
        {.tag = 1, .time_us = 3, .kind = LS_VALUE_UINT, .value.natural = UINT64_MAX, .flags = 255},
        {.tag = 2, .time_us = 4, .kind = LS_VALUE_INT, .value.integer = INT64_MIN},
        {.tag = 2, .time_us = 5, .kind = LS_VALUE_BOOL, .value.integer = 1},
        {.tag = 2, .time_us = 6, .kind = LS_VALUE_FLOAT, .value.real = (double)0.1f},
    };
    enum { COUNT = sizeof s / sizeof s[0] };
    uint64_t end = 0;
    CHECK_INT(ls_log_append_samples(log, s, COUNT, &end, NULL), LS_OK);
    ls_log_cursor *cursor = NULL;
    CHECK_INT(ls_log_cursor_open(log, 0, &cursor, NULL), LS_OK);
    ls_log_entry entry;
    bool any = false;
    CHECK_INT(ls_log_next(cursor, &entry, &any, NULL), LS_OK);
    CHECK(any && entry.count == COUNT);
    for (size_t i = 0; any && i < COUNT; i++) {
        CHECK(ls_sample_same(&s[i], &entry.samples[i]));
        CHECK_INT(s[i].time_us, entry.samples[i].time_us);
        CHECK_INT(s[i].tag, entry.samples[i].tag);
        CHECK_INT(s[i].flags, entry.samples[i].flags);
    }
    ls_log_cursor_close(cursor);
    ls_log_close(log);
    remove_folder();
}

static void test_names_of_tags_are_known_to_another_process(void) {
    fresh_folder();
    ls_log *log = open_log();
    CHECK_INT(append_numbers(log, 0, 50, NULL), LS_OK);
    ls_log_close(log);
    ls_tags *others = NULL;
    uint32_t first = 0;
    CHECK_INT(ls_tags_create(&others, NULL), LS_OK);
    CHECK_INT(ls_tags_add(others, "first", 5, &first, NULL), LS_OK);
    ls_log_def def = def_of();
    def.tags = others;
    def.read_only = true;
    CHECK_INT(ls_log_open(&def, &log, NULL), LS_OK);
    ls_log_cursor *cursor = NULL;
    CHECK_INT(ls_log_cursor_open(log, 0, &cursor, NULL), LS_OK);
    ls_log_entry entry = {0};
    bool any = false;
    CHECK_INT(ls_log_next(cursor, &entry, &any, NULL), LS_OK);
    CHECK(any && entry.count == 50);
    for (size_t i = 0; any && i < entry.count; i++) {
        char name[16];
        snprintf(name, sizeof name, "tag-%u", number((int)i).tag);
        CHECK_STR(ls_tags_get(others, entry.samples[i].tag)->name, name);
    }
    ls_log_cursor_close(cursor);
    ls_log_close(log);
    ls_tags_destroy(others);
    remove_folder();
}

static char the_file[400];
static void take_name(const char *path) {
    snprintf(the_file, sizeof the_file, "%s", path);
}

static void put_file(const uint8_t *bytes, size_t size) {
    FILE *out = fopen(the_file, "wb");
    fwrite(bytes, 1, size, out);
    fclose(out);
}

// A small log of 20 calls of 3 numbers; `ends` are the sizes after each.
static uint8_t *small_log(size_t *out_size, size_t *ends) {
    ls_log *log = open_log();
    for (int i = 0; i < 20; i++) {
        CHECK_INT(append_numbers(log, i * 3, i * 3 + 3, NULL), LS_OK);
        ends[i] = (size_t)ls_log_end(log);
    }
    ls_log_close(log);
    CHECK_INT(each_file(take_name), 1);
    uint64_t size = 0;
    uint8_t *bytes = (uint8_t *)harness_read_file(the_file, &size);
    *out_size = (size_t)size;
    return bytes;
}

static void test_cut_at_every_byte_keeps_what_is_whole(void) {
    fresh_folder();
    size_t ends[20];
    size_t size = 0;
    uint8_t *bytes = small_log(&size, ends);
    for (size_t cut = 0; cut <= size; cut++) {
        put_file(bytes, cut);
        int whole = 0;
        bool is_torn = cut > 0 && cut != 24;
        for (int i = 0; i < 20; i++) {
            whole += cut >= ends[i];
            is_torn = is_torn && cut != ends[i];
        }
        ls_log *log = open_log();
        reading r = read_all(log, 0);
        CHECK(r.is_right && r.numbers == 3 * whole);
        // The end of the record that names the tags is a good end too.
        const uint64_t torn = ls_log_describe(log).torn;
        CHECK(torn == (is_torn ? 1u : 0u) || (whole <= 1 && torn == 0));
        CHECK_INT(append_numbers(log, 100, 103, NULL), LS_OK);
        r = read_all(log, 0);
        CHECK(r.is_right && r.numbers == 3 * whole + 3);
        ls_log_close(log);
        log = open_log();
        r = read_all(log, 0);
        CHECK(r.is_right && r.numbers == 3 * whole + 3);
        CHECK_INT(ls_log_describe(log).torn, 0);
        ls_log_close(log);
        // Only the first file is put anew.
        each_file(remove_file);
    }
    free(bytes);
    remove_folder();
}

static void test_a_flipped_byte_costs_one_record(void) {
    fresh_folder();
    size_t ends[20];
    size_t size = 0;
    uint8_t *bytes = small_log(&size, ends);
    for (size_t at = 24; at < size; at++) {
        bytes[at] ^= 0x41;
        put_file(bytes, size);
        ls_log *log = open_log();
        const reading r = read_all(log, 0);
        CHECK(r.is_right);
        if (at >= ends[1]) {
            CHECK_INT(r.numbers, 57);
            CHECK_INT(ls_log_describe(log).torn, 1);
        } else {  // in the names of the tags, perhaps: their samples are lost
            CHECK(r.numbers <= 57);
            CHECK(ls_log_describe(log).torn >= 1);
        }
        ls_log_close(log);
        bytes[at] ^= 0x41;
    }
    free(bytes);
    remove_folder();
}

static void test_a_later_format_is_refused(void) {
    fresh_folder();
    size_t ends[20];
    size_t size = 0;
    uint8_t *bytes = small_log(&size, ends);
    bytes[5] = 2;

    const uint32_t crc = ls_crc32c(0, bytes, 16);
    memcpy(bytes + 16, &crc, 4);
    put_file(bytes, size);
    const ls_log_def def = def_of();
    ls_log *log = NULL;
    ls_error err = {0};
    CHECK_INT(ls_log_open(&def, &log, &err), LS_ERR_VERSION);
    free(bytes);
    remove_folder();
}

static void test_a_full_disk_keeps_nothing_of_the_call(void) {
    fresh_folder();
    ls_log *log = open_log();
    CHECK_INT(append_numbers(log, 0, 10, NULL), LS_OK);
    const uint64_t end = ls_log_end(log);
    ls_error err = {0};
    for (int64_t allowed = 0; allowed < 200; allowed++) {
        ls_log_fail_write_after(allowed);
        CHECK_INT(append_numbers(log, 10, 100, &err), LS_ERR_IO);
        CHECK_INT(ls_log_end(log), end);
    }
    CHECK_CONTAINS(err.text, "No space left");
    ls_log_fail_write_after(-1);
    CHECK_INT(append_numbers(log, 10, 100, &err), LS_OK);
    reading r = read_all(log, 0);
    CHECK(r.is_right && r.numbers == 100);
    ls_log_close(log);
    log = open_log();
    r = read_all(log, 0);
    CHECK(r.is_right && r.numbers == 100 && ls_log_describe(log).torn == 0);
    // A disk that is full when the first file of a run is made.
    ls_log_fail_write_after(5);
    CHECK_INT(append_numbers(log, 100, 101, &err), LS_ERR_IO);
    ls_log_fail_write_after(-1);
    CHECK_INT(append_numbers(log, 100, 101, &err), LS_OK);
    r = read_all(log, 0);
    CHECK(r.is_right && r.numbers == 101);
    ls_log_close(log);
    remove_folder();
}

// The system's own refusal instead of ours.
static void test_a_limit_of_the_system_on_files_is_an_error(void) {
    fresh_folder();
    signal(SIGXFSZ, SIG_IGN);
    ls_log *log = open_log();
    CHECK_INT(append_numbers(log, 0, 10, NULL), LS_OK);
    struct rlimit old;
    getrlimit(RLIMIT_FSIZE, &old);
    const struct rlimit small = {2000, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    ls_error err = {0};
    const ls_status status = append_numbers(log, 10, 5000, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_INT(status, LS_ERR_IO);
    CHECK_INT(append_numbers(log, 10, 5000, &err), LS_OK);
    const reading r = read_all(log, 0);
    CHECK(r.is_right && r.numbers == 5000);
    ls_log_close(log);
    remove_folder();
}

static void test_the_limit_of_the_log_is_named(void) {
    fresh_folder();
    ls_log_def def = def_of();
    def.bytes_max = 3000;
    ls_log *log = NULL;
    CHECK_INT(ls_log_open(&def, &log, NULL), LS_OK);
    ls_error err = {0};
    int at = 0;
    while (append_numbers(log, at, at + 10, &err) == LS_OK) {
        at += 10;
    }
    CHECK_INT(err.status, LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "3000");
    const reading r = read_all(log, 0);
    CHECK(r.is_right && r.numbers == at && at > 100);
    ls_log_close(log);
    remove_folder();
}

static void test_covered_segments_go_and_positions_stay(void) {
    fresh_folder();
    ls_log *log = open_log();
    int at = 0;
    for (; ls_log_end(log) < 50 << 20; at += 60000) {
        CHECK_INT(append_numbers(log, at, at + 60000, NULL), LS_OK);
    }
    CHECK_INT(each_file(count_only), 4);
    const uint64_t end = ls_log_end(log);
    ls_log_cover(log, end);
    CHECK_INT(each_file(count_only), 1);
    CHECK(ls_log_describe(log).bytes < 17 << 20);
    CHECK_INT(read_all(log, end).numbers, 0);
    ls_log_close(log);
    log = open_log();
    CHECK_INT(ls_log_end(log), end);
    CHECK_INT(append_numbers(log, at, at + 5, NULL), LS_OK);
    const reading r = read_all(log, end);
    CHECK(r.is_right && r.numbers == 5 && r.lowest == at);
    ls_log_close(log);
    remove_folder();
}

static void test_a_log_that_is_left_is_a_head(void) {
    fresh_folder();
    ls_log *log = open_log();
    CHECK_INT(append_numbers(log, 0, 50, NULL), LS_OK);
    const uint64_t end = ls_log_end(log);
    ls_log_leave(log, end - 1);  // not everything is kept elsewhere
    CHECK_INT(read_all(log, 0).numbers, 50);
    ls_log_leave(log, end);
    CHECK_INT(ls_log_describe(log).bytes, 24);
    ls_log_close(log);
    CHECK_INT(each_file(count_only), 1);
    log = open_log();
    CHECK(ls_log_end(log) >= end);
    CHECK_INT(append_numbers(log, 50, 60, NULL), LS_OK);
    const reading r = read_all(log, end);
    CHECK(r.is_right && r.numbers == 10 && r.lowest == 50);
    ls_log_close(log);
    remove_folder();
}

static long long bytes_on_disk(void) {
    struct stat st = {0};
    each_file(take_name);
    CHECK_INT(stat(the_file, &st), 0);
    return (long long)st.st_blocks * 512;
}

// A file of the log has its whole room from the start, while it is written.
static void test_room_that_was_reserved_is_given_back(void) {
    fresh_folder();
    const pid_t child = fork();
    if (child == 0) {  // ends as if it were killed
        _exit(append_numbers(open_log(), 0, 10, NULL) == LS_OK ? 0 : 1);
    }
    int code = -1;
    CHECK_INT(waitpid(child, &code, 0), child);
    CHECK_INT(code, 0);
    ls_log *log = open_log();
    CHECK(bytes_on_disk() <= 65536);
    CHECK_INT(append_numbers(log, 10, 20, NULL), LS_OK);
    const reading r = read_all(log, 0);
    CHECK(r.is_right && r.numbers == 20);
    ls_log_close(log);
    CHECK(bytes_on_disk() <= 65536);
    remove_folder();
}

static void test_allocations_may_fail(void) {
    fresh_folder();
    bool done = false;
    int kept = 0;
    for (int64_t allowed = 0; !done; allowed++) {
        ls_alloc_fail_after(allowed);
        const ls_log_def def = def_of();
        ls_log *log = NULL;
        ls_log_cursor *cursor = NULL;
        ls_error err = {0};
        ls_status status = ls_log_open(&def, &log, &err);
        ls_sample s = number(kept);
        uint64_t end = 0;
        if (status == LS_OK) {
            status = ls_log_append_samples(log, &s, 1, &end, &err);
            kept += status == LS_OK;
        }
        if (status == LS_OK) {
            status = ls_log_cursor_open(log, 0, &cursor, &err);
        }
        ls_log_entry entry;
        bool any = true;
        while (status == LS_OK && any) {
            status = ls_log_next(cursor, &entry, &any, &err);
        }
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        done = status == LS_OK;
        ls_log_cursor_close(cursor);
        ls_log_close(log);
    }
    ls_log *log = open_log();
    const reading r = read_all(log, 0);
    CHECK(r.is_right && r.numbers == kept);
    ls_log_close(log);
    remove_folder();
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_was_appended_is_read_back);
    TEST(test_values_of_every_kind_come_back);
    TEST(test_names_of_tags_are_known_to_another_process);
    TEST(test_cut_at_every_byte_keeps_what_is_whole);
    TEST(test_a_flipped_byte_costs_one_record);
    TEST(test_a_later_format_is_refused);
    TEST(test_a_full_disk_keeps_nothing_of_the_call);
    TEST(test_a_limit_of_the_system_on_files_is_an_error);
    TEST(test_the_limit_of_the_log_is_named);
    TEST(test_covered_segments_go_and_positions_stay);
    TEST(test_a_log_that_is_left_is_a_head);
    TEST(test_room_that_was_reserved_is_given_back);
    TEST(test_allocations_may_fail);
    return harness_report();
}
