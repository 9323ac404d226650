// ring_test.c - every listener gets every event of its topics once and in order, or the whole
// state.
#include "web/ring.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

enum { A = 1, B = 2, MOST = 3, ROOM = 1 << 20 };
static char got[ROOM];

static ls_ring *make(void) {
    ls_ring *ring = NULL;
    CHECK_INT(ls_ring_create("snapshot", &ring, &(ls_error){0}), LS_OK);
    return ring;
}

static void add(ls_ring *ring, unsigned topic, int value) {
    ls_ring_add(ring, topic, "e", json_pack("[i]", value));
}

// What one reading brings, as text.
static const char *hear(ls_listener *l, size_t size) {
    const ptrdiff_t n = ls_ring_read(l, got, size);
    got[n > 0 ? n : 0] = '\0';
    return got;
}

static void test_events_of_one_moment_come_together(void) {
    ls_ring *ring = make();
    add(ring, A, 1);
    ls_ring_show(ring);
    ls_listener *l = ls_ring_listen(ring, 1, A | B, MOST);
    CHECK(!ls_ring_begins(l));
    add(ring, A, 2);
    add(ring, B, 3);
    ls_ring_show(ring);
    CHECK_STR(hear(l, ROOM - 1), "event: e\nid: 2\ndata: [2]\n\nevent: e\nid: 3\ndata: [3]\n\n");
    ls_ring_leave(l);
    ls_ring_destroy(ring);
}

static void test_a_small_reader_loses_no_byte(void) {
    ls_ring *ring = make();
    char whole[256] = "";
    add(ring, A, 1);
    ls_ring_show(ring);
    ls_listener *l = ls_ring_listen(ring, 1, A, MOST);
    add(ring, A, 10);
    add(ring, A, 11);
    ls_ring_show(ring);
    const char *want = "event: e\nid: 2\ndata: [10]\n\nevent: e\nid: 3\ndata: [11]\n\n";
    while (strlen(whole) < strlen(want)) {
        strcat(whole, hear(l, 7));
    }
    CHECK_STR(whole, want);
    ls_ring_leave(l);
    ls_ring_destroy(ring);
}

static void test_other_topics_are_passed_over(void) {
    ls_ring *ring = make();
    add(ring, A, 1);
    ls_ring_show(ring);
    ls_listener *l = ls_ring_listen(ring, 1, B, MOST);
    add(ring, A, 2);
    add(ring, LS_RING_ALWAYS, 3);
    add(ring, B, 4);
    ls_ring_show(ring);
    CHECK_STR(hear(l, ROOM - 1), "event: e\nid: 3\ndata: [3]\n\nevent: e\nid: 4\ndata: [4]\n\n");
    ls_ring_leave(l);
    ls_ring_destroy(ring);
}

static void test_who_comes_new_begins_with_the_state_and_goes_on_behind_it(void) {
    ls_ring *ring = make();
    add(ring, A, 1);
    ls_ring_show(ring);
    ls_listener *l = ls_ring_listen(ring, 0, A, MOST);
    CHECK(ls_ring_begins(l));
    add(ring, A, 2);  // while the state is made; it holds 1 for certain, and perhaps 2
    ls_ring_begin(l, json_pack("{}"), 1);
    ls_ring_show(ring);
    CHECK_STR(hear(l, ROOM - 1), "event: snapshot\nid: 1\ndata: {}\n\n");
    CHECK_STR(hear(l, ROOM - 1), "event: e\nid: 2\ndata: [2]\n\n");
    ls_ring_leave(l);
    ls_ring_destroy(ring);
}

typedef struct reader {
    ls_listener *of;
    char text[512];
} reader;

static void *read_once(void *context) {
    reader *r = context;
    const ptrdiff_t n = ls_ring_read(r->of, r->text, sizeof r->text - 1);
    r->text[n > 0 ? n : 0] = '\0';
    return NULL;
}

// Falls out of the ring, asks for a snapshot, gets one that is newer than its fall, and no other.
static void test_who_falls_behind_gets_a_newer_state(void) {
    ls_ring *ring = make();
    add(ring, A, 0);
    ls_ring_show(ring);
    ls_listener *l = ls_ring_listen(ring, 1, A, MOST);
    ls_ring_give_snapshot(ring, json_pack("{s:b}", "old", 1), 1);
    for (int i = 0; i < 2000; i++) {
        add(ring, A, i);
    }
    ls_ring_show(ring);
    reader r = {.of = l};
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, read_once, &r), 0);
    while (!ls_ring_wants_snapshot(ring)) {
    }
    const uint64_t last = ls_ring_next(ring) - 1;
    ls_ring_give_snapshot(ring, json_pack("{s:b}", "new", 1), last);
    pthread_join(thread, NULL);
    CHECK_STR(r.text, "event: snapshot\nid: 2001\ndata: {\"new\":true}\n\n");
    CHECK_INT((int)ls_ring_describe(ring).dropped, 1);
    add(ring, A, 7);
    ls_ring_show(ring);
    CHECK_STR(hear(l, ROOM - 1), "event: e\nid: 2002\ndata: [7]\n\n");
    ls_ring_leave(l);
    ls_ring_destroy(ring);
}

static void test_an_end_wakes_who_waits(void) {
    ls_ring *ring = make();
    add(ring, A, 0);
    reader r = {.of = ls_ring_listen(ring, 1, A, MOST), .text = "?"};
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, read_once, &r), 0);
    ls_ring_end(ring);
    pthread_join(thread, NULL);
    CHECK_STR(r.text, "");
    CHECK(ls_ring_listen(ring, 1, A, MOST) == NULL);
    ls_ring_leave(r.of);
    ls_ring_destroy(ring);
}

static void test_there_are_at_most_so_many(void) {
    ls_ring *ring = make();
    ls_listener *all[MOST];
    for (int i = 0; i < MOST; i++) {
        all[i] = ls_ring_listen(ring, 0, A, MOST);
    }
    CHECK(ls_ring_listen(ring, 0, A, MOST) == NULL);
    for (int i = 0; i < MOST; i++) {
        ls_ring_leave(all[i]);
    }
    CHECK_INT((int)ls_ring_describe(ring).listeners, 0);
    ls_ring_destroy(ring);
}

// Nobody listens: nothing is told. Somebody has taken a number to go on from: it is, for seconds.
static void test_who_is_awaited_is_told_for(void) {
    ls_ring *ring = make();
    CHECK(!ls_ring_is_heard(ring));
    CHECK_INT((int)ls_ring_await(ring), 0);
    int looks = 0;
    while (ls_ring_is_heard(ring)) {
        looks++;
    }
    CHECK_INT(looks, 50);
    ls_ring_destroy(ring);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_events_of_one_moment_come_together);
    TEST(test_a_small_reader_loses_no_byte);
    TEST(test_other_topics_are_passed_over);
    TEST(test_who_comes_new_begins_with_the_state_and_goes_on_behind_it);
    TEST(test_who_falls_behind_gets_a_newer_state);
    TEST(test_an_end_wakes_who_waits);
    TEST(test_there_are_at_most_so_many);
    TEST(test_who_is_awaited_is_told_for);
    return harness_report();
}
