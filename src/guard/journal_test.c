// journal_test.c - the guard's journal: what comes back after crashes, full disks and damage.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/journal.h"
#include "tests/harness.h"

enum { KEPT_MAX = 4096 };

typedef struct told {
    ls_journal_entry entries[64];  // the first ones
    uint32_t count;
    char ids[KEPT_MAX][48];
    uint32_t summaries;
} told;

static told heard;
static char folder[64];
static ls_error err;

static void on_told(void *context, const ls_journal_entry *entry) {
    told *t = context;
    if (t->count < 64) {
        t->entries[t->count] = *entry;
    }
    if (t->count < KEPT_MAX) {
        memcpy(t->ids[t->count], entry->command.id, 48);
    }
    t->count++;
}

static ls_status on_summary(void *context, ls_guard_journal *journal, ls_error *e) {
    told *t = context;
    t->summaries++;
    return ls_guard_journal_append(
        journal, &(ls_journal_entry){.kind = LS_JOURNAL_HOLD, .point = "summary", .on = true},
        false, e);
}

static ls_guard_journal *open_journal(uint64_t bytes_max) {
    memset(&heard, 0, sizeof heard);
    const ls_guard_journal_def def = {.folder = folder,
                                      .bytes_max = bytes_max,
                                      .told = on_told,
                                      .summary = on_summary,
                                      .context = &heard};
    ls_guard_journal *journal = NULL;
    CHECK_INT(ls_guard_journal_open(&def, &journal, &err), LS_OK);
    return journal;
}

static void begin(void) {
    snprintf(folder, sizeof folder, "/tmp/ls-journal-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void end(void) {
    static const char *const names[] = {"journal", "journal.1", "journal.new", "lock"};
    char path[128];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static ls_journal_entry sending(int n) {
    ls_journal_entry e = {.kind = LS_JOURNAL_SENDING, .line_id = n, .line_us = 77};
    snprintf(e.command.id, sizeof e.command.id, "d-%d-1", n);
    snprintf(e.command.device, sizeof e.command.device, "grind-1");
    e.command.sequence = (uint32_t)n;
    return e;
}

static void append(ls_guard_journal *journal, const ls_journal_entry *entry) {
    CHECK_INT(ls_guard_journal_append(journal, entry, true, &err), LS_OK);
}

static void test_what_was_written_comes_back(void) {
    begin();
    ls_guard_journal *journal = open_journal(0);
    ls_journal_entry e = sending(1);
    append(journal, &e);
    append(journal, &(ls_journal_entry){.kind = LS_JOURNAL_OUTCOME,
                                        .command.id = "d-1-1",
                                        .result = LS_COMMAND_DENIED,
                                        .guard = 25,
                                        .reason = "\"no\"\n"});
    append(journal, &(ls_journal_entry){.kind = LS_JOURNAL_HOLD,
                                        .point = "dispatch grind",
                                        .who = "kim",
                                        .role = LS_ROLE_ENGINEER,
                                        .on = true});
    append(journal,
           &(ls_journal_entry){.kind = LS_JOURNAL_LINE_ID, .command.device = "line", .line_id = 9});
    ls_guard_journal_close(journal);
    journal = open_journal(0);
    CHECK_INT(heard.count, 4);
    CHECK_INT(heard.entries[0].kind, LS_JOURNAL_SENDING);
    CHECK_INT(heard.entries[0].line_id, 1);
    CHECK_INT(heard.entries[0].line_us, 77);
    CHECK(heard.entries[0].wall_us > 0);
    CHECK_BYTES(&heard.entries[0].command, &e.command, sizeof e.command);
    CHECK_INT(heard.entries[1].result, LS_COMMAND_DENIED);
    CHECK_INT(heard.entries[1].guard, 25);
    CHECK_STR(heard.entries[1].reason, "\"no\"\n");
    CHECK_STR(heard.entries[1].command.id, "d-1-1");
    CHECK_INT(heard.entries[2].role, LS_ROLE_ENGINEER);
    CHECK(heard.entries[2].on);
    CHECK_STR(heard.entries[3].command.device, "line");
    // Only one at a time.
    const ls_guard_journal_def def = {.folder = folder};
    ls_guard_journal *second = NULL;
    CHECK_INT(ls_guard_journal_open(&def, &second, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "another guard");
    ls_guard_journal_close(journal);
    end();
}

static char *read_file(uint64_t *out_size) {
    char path[128];
    snprintf(path, sizeof path, "%s/journal", folder);
    return harness_read_file(path, out_size);
}

static void write_file(const char *bytes, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "%s/journal", folder);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

// Cut anywhere, the entries before the cut come back and the journal goes on.
static void test_a_torn_end_is_cut_off(void) {
    begin();
    ls_guard_journal *journal = open_journal(0);
    for (int n = 1; n <= 3; n++) {
        const ls_journal_entry e = sending(n);
        append(journal, &e);
    }
    ls_guard_journal_close(journal);
    uint64_t size = 0;
    char *bytes = read_file(&size);
    const size_t line = (size_t)(strchr(bytes, '\n') - bytes) + 1;
    for (size_t cut = 0; cut < size; cut += 7) {
        write_file(bytes, cut);
        journal = open_journal(0);
        CHECK_INT(heard.count, cut / line);
        const ls_journal_entry e = sending(9);
        append(journal, &e);
        ls_guard_journal_close(journal);
        journal = open_journal(0);
        CHECK_INT(heard.count, cut / line + 1);
        CHECK_STR(heard.ids[cut / line], "d-9-1");
        ls_guard_journal_close(journal);
    }
    free(bytes);
    end();
}

// Killed: the zeros ahead of the rows are still there, behind what was written or half written.
static void test_zeros_ahead_are_no_rows(void) {
    begin();
    ls_guard_journal *journal = open_journal(0);
    for (int n = 1; n <= 3; n++) {
        const ls_journal_entry e = sending(n);
        append(journal, &e);
    }
    uint64_t size = 0;
    char *bytes = read_file(&size);  // as a kill would leave it
    ls_guard_journal_close(journal);
    uint64_t closed_size = 0;
    free(read_file(&closed_size));
    const size_t line = (size_t)(strchr(bytes, '\n') - bytes) + 1;
    CHECK_INT(closed_size, 3 * line);
    CHECK(size > 4 * line);
    for (size_t cut = 0; cut <= 3 * line; cut += 7) {
        memset(bytes + 3 * line - cut, 0, cut);
        write_file(bytes, size);
        journal = open_journal(0);
        CHECK_INT(heard.count, (3 * line - cut) / line);
        const ls_journal_entry e = sending(9);
        append(journal, &e);
        ls_guard_journal_close(journal);
        journal = open_journal(0);
        CHECK_INT(heard.count, (3 * line - cut) / line + 1);
        ls_guard_journal_close(journal);
    }
    free(bytes);
    end();
}

// The power failed while rows were on their way to the disk, and a later block was there first.
static void test_a_hole_near_the_end_is_no_damage(void) {
    begin();
    ls_guard_journal *journal = open_journal(0);
    for (int n = 1; n <= 5; n++) {
        const ls_journal_entry e = sending(n);
        append(journal, &e);
    }
    ls_guard_journal_close(journal);
    uint64_t size = 0;
    char *bytes = read_file(&size);
    const size_t line = (size_t)(strchr(bytes, '\n') - bytes) + 1;
    memset(bytes + line + line / 2, 0, 2 * line);  // ends within row 4
    write_file(bytes, size);
    for (int again = 0; again < 2; again++) {
        journal = open_journal(0);
        CHECK_INT(heard.count, again == 0 ? 2 : 302);
        CHECK_STR(heard.ids[0], "d-1-1");
        CHECK_STR(heard.ids[1], "d-5-1");
        for (int n = 6; n <= 305 && again == 0; n++) {  // now it is far from the end
            const ls_journal_entry e = sending(n);
            CHECK_INT(ls_guard_journal_append(journal, &e, n == 305, &err), LS_OK);
        }
        ls_guard_journal_close(journal);
    }
    free(bytes);
    bytes = read_file(&size);
    CHECK(size > 1 << 16);
    memset(bytes + line / 2, 0, 10);  // there it is damage
    write_file(bytes, size);
    const ls_guard_journal_def def = {.folder = folder};
    CHECK_INT(ls_guard_journal_open(&def, &journal, &err), LS_ERR_INVALID);
    free(bytes);
    end();
}

static void test_room_is_made_when_nobody_waits(void) {
    begin();
    ls_guard_journal *journal = open_journal(1 << 22);
    uint64_t size = 0, rows = 0, least = UINT64_MAX;
    for (int n = 1; n <= 3500; n++) {
        const ls_journal_entry e = sending(n);
        CHECK_INT(ls_guard_journal_append(journal, &e, false, &err), LS_OK);
        ls_guard_journal_prepare(journal);
        if (n % 100 == 0) {
            char *bytes = read_file(&size);
            const char *end = memchr(bytes, '\0', size);
            const uint64_t ahead = end != NULL ? size - (uint64_t)(end - bytes) : 0;
            least = ahead < least ? ahead : least;
            free(bytes);
        }
    }
    CHECK(least >= 1 << 17);
    ls_guard_journal_close(journal);
    free(read_file(&rows));
    CHECK(rows > 1 << 20);  // more than was made at first
    journal = open_journal(1 << 22);
    CHECK_INT(heard.count, 3500);
    ls_guard_journal_close(journal);
    end();
}

// A flipped bit before the last line is no crash: it is refused and named.
static void test_damage_within_is_refused(void) {
    begin();
    ls_guard_journal *journal = open_journal(0);
    for (int n = 1; n <= 3; n++) {
        const ls_journal_entry e = sending(n);
        append(journal, &e);
    }
    ls_guard_journal_close(journal);
    uint64_t size = 0;
    char *bytes = read_file(&size);
    const size_t line = (size_t)(strchr(bytes, '\n') - bytes) + 1;
    for (size_t at = line; at < 2 * line - 1; at += 5) {
        bytes[at] ^= 4;
        write_file(bytes, size);
        const ls_guard_journal_def def = {.folder = folder};
        CHECK_INT(ls_guard_journal_open(&def, &journal, &err), LS_ERR_INVALID);
        CHECK_INT(err.line, 2);
        bytes[at] ^= 4;
    }
    free(bytes);
    end();
}

static void test_a_full_disk_loses_nothing_and_is_said(void) {
    begin();
    ls_guard_journal *journal = open_journal(0);
    const ls_journal_entry first = sending(1), second = sending(2), third = sending(3);
    append(journal, &first);
    for (int room = 0; room < 200; room += 13) {
        ls_guard_journal_fail_after(room);
        CHECK_INT(ls_guard_journal_append(journal, &second, true, &err), LS_ERR_IO);
        CHECK(!ls_guard_journal_is_ready(journal));
    }
    ls_guard_journal_fail_after(-1);
    append(journal, &third);
    CHECK(ls_guard_journal_is_ready(journal));
    ls_guard_journal_close(journal);
    journal = open_journal(0);
    CHECK_INT(heard.count, 2);
    CHECK_STR(heard.ids[1], "d-3-1");
    ls_guard_journal_close(journal);
    end();
}

// Turned over again and again, the last thousand are always there and a summary before them.
static void test_it_does_not_grow_without_end(void) {
    begin();
    ls_guard_journal *journal = open_journal(1000000);
    for (int n = 1; n <= 8000; n++) {
        const ls_journal_entry e = sending(n);
        CHECK_INT(ls_guard_journal_append(journal, &e, n % 1000 == 0, &err), LS_OK);
    }
    CHECK(heard.summaries >= 2);
    ls_guard_journal_close(journal);
    journal = open_journal(1000000);
    CHECK(heard.count >= 1000 && heard.count <= KEPT_MAX);
    CHECK_STR(heard.ids[heard.count - 1], "d-8000-1");
    uint32_t at = 0;
    while (at < heard.count && strcmp(heard.ids[at], "d-7001-1") != 0) {
        at++;
    }
    CHECK(at < heard.count);
    CHECK_STR(heard.entries[0].point, "summary");
    ls_guard_journal_close(journal);
    end();
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_was_written_comes_back);
    TEST(test_a_torn_end_is_cut_off);
    TEST(test_zeros_ahead_are_no_rows);
    TEST(test_a_hole_near_the_end_is_no_damage);
    TEST(test_room_is_made_when_nobody_waits);
    TEST(test_damage_within_is_refused);
    TEST(test_a_full_disk_loses_nothing_and_is_said);
    TEST(test_it_does_not_grow_without_end);
    return harness_report();
}
