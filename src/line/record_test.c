// record_test.c - what was recorded is read again, bit for bit; what was cut up to the cut.
#include "line/record_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "tests/harness.h"

enum { COUNT = 500 };

static const char *path(void) {
    static char out[64];
    snprintf(out, sizeof out, "/tmp/ls-record-test-%d", (int)getpid());
    return out;
}

// Message i: topics come again, payloads have every byte and may be empty.
static ls_mqtt_message message_of(int i, char *topic, unsigned char *payload) {
    sprintf(topic, "plant/%d/\xc3\xa4", i * 7 % 13);
    const size_t size = (size_t)(i * 37 % 300);
    for (size_t j = 0; j < size; j++) {
        payload[j] = (unsigned char)((size_t)i + j);
    }
    return (ls_mqtt_message){
        .topic = topic, .payload = payload, .size = size, .qos = i % 3, .retain = i % 5 == 0};
}

static int64_t time_of(int i) {
    return 1700000000000000LL + (int64_t)i * i * 1000;
}

static void write_file(void) {
    char topic[64];
    unsigned char payload[300];
    ls_record_writer *writer = NULL;
    ls_error err = {0};
    CHECK_INT(ls_record_create(path(), true, &writer, &err), LS_OK);
    for (int i = 0; i < COUNT; i++) {
        const ls_mqtt_message message = message_of(i, topic, payload);
        CHECK_INT(ls_record_add(writer, &message, time_of(i), &err), LS_OK);
    }
    CHECK_INT(ls_record_close(writer, &err), LS_OK);
}

static int check_all(ls_record_reader *reader) {
    char topic[64];
    unsigned char payload[300];
    ls_mqtt_message got;
    int64_t at_us = 0;
    int count = 0;
    while (ls_record_next(reader, &got, &at_us)) {
        const ls_mqtt_message expected = message_of(count, topic, payload);
        CHECK_STR(got.topic, expected.topic);
        CHECK_INT(got.size, expected.size);
        CHECK_BYTES(got.payload, expected.payload, got.size);
        CHECK_INT(got.qos, expected.qos);
        CHECK_INT(got.retain, expected.retain);
        CHECK_INT(at_us, time_of(count));
        count++;
    }
    return count;
}

static void test_a_recording_is_read_as_it_was_written(void) {
    ls_record_reader *reader = NULL;
    write_file();
    CHECK_INT(ls_record_open(path(), &reader, NULL), LS_OK);
    CHECK_INT(check_all(reader), COUNT);
    CHECK(ls_record_complaint(reader) == NULL);
    ls_record_reader_close(reader);
    unlink(path());
}

static void test_a_cut_file_is_read_up_to_the_cut(void) {
    uint64_t size = 0;
    write_file();
    char *bytes = harness_read_file(path(), &size);
    int before = -1;
    for (uint64_t cut = 8; cut <= size; cut += cut < 600 || cut > size - 600 ? 1 : 97) {
        ls_record_reader *reader = NULL;
        CHECK_INT(ls_record_open_bytes(bytes, cut, &reader, NULL), LS_OK);
        const int count = check_all(reader);
        CHECK(count >= before);
        CHECK(cut < size || (count == COUNT && ls_record_complaint(reader) == NULL));
        before = count;
        ls_record_reader_close(reader);
    }
    free(bytes);
    unlink(path());
}

static void test_a_damaged_byte_is_found(void) {
    uint64_t size = 0;
    write_file();
    char *bytes = harness_read_file(path(), &size);
    for (uint64_t at = 8; at < size; at += 131) {
        ls_record_reader *reader = NULL;
        bytes[at] = (char)(bytes[at] ^ 0x10);
        CHECK_INT(ls_record_open_bytes(bytes, size, &reader, NULL), LS_OK);
        CHECK(check_all(reader) < COUNT);
        CHECK(ls_record_complaint(reader) != NULL);
        ls_record_reader_close(reader);
        bytes[at] = (char)(bytes[at] ^ 0x10);
    }
    free(bytes);
    unlink(path());
}

static void test_other_files_are_refused(void) {
    ls_error err = {0};
    ls_record_reader *reader = NULL;
    ls_record_writer *writer = NULL;
    CHECK_INT(ls_record_open_bytes("LSREC02\n", 8, &reader, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "is not a recording");
    CHECK_INT(ls_record_open("/nonexistent/file", &reader, &err), LS_ERR_IO);
    CHECK_INT(ls_record_open("/tmp", &reader, &err), LS_ERR_IO);
    write_file();
    CHECK_INT(ls_record_create(path(), false, &writer, &err), LS_ERR_IO);  // it is there
    unlink(path());
    CHECK_INT(ls_record_create("/nonexistent/file", true, &writer, &err), LS_ERR_IO);
}

static void test_a_full_disk_and_no_memory_are_said(void) {
    ls_error err = {0};
    ls_record_writer *writer = NULL;
    const ls_mqtt_message message = {.topic = "a", .payload = "b", .size = 1};
    if (access("/dev/full", W_OK) == 0) {
        CHECK_INT(ls_record_create("/dev/full", true, &writer, &err), LS_OK);
        CHECK_INT(ls_record_add(writer, &message, 1, &err), LS_OK);
        CHECK_INT(ls_record_flush(writer, &err), LS_ERR_IO);
        CHECK_CONTAINS(err.text, "No space left");
        CHECK_INT(ls_record_add(writer, &message, 1, &err), LS_ERR_IO);
        CHECK_INT(ls_record_close(writer, &err), LS_ERR_IO);
    }
    for (int i = 0; i < 8; i++) {
        ls_alloc_fail_after(i);
        writer = NULL;
        ls_status status = ls_record_create(path(), true, &writer, &err);
        if (status == LS_OK) {
            status = ls_record_add(writer, &message, 1, &err);
        }
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        ls_alloc_fail_after(-1);
        ls_record_close(writer, NULL);
    }
    unlink(path());
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_recording_is_read_as_it_was_written);
    TEST(test_a_cut_file_is_read_up_to_the_cut);
    TEST(test_a_damaged_byte_is_found);
    TEST(test_other_files_are_refused);
    TEST(test_a_full_disk_and_no_memory_are_said);
    return harness_report();
}
