// What fits on a terminal of 80 columns and 24 lines, and on narrower ones.
#include "cli/pool_top_draw.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/table.h"
#include "tests/harness.h"

enum { RACKS = 3600, RACK_GPUS = 72, JOBS = 40 };

static const int64_t NOON_US = 18262LL * 86400 * 1000000 + 12LL * 3600 * 1000000;

static json_t *account(const char *path, int guarantee, int used, int borrowed, int waiting) {
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "path", path, "guarantee", guarantee,
                     "used", used, "borrowed", borrowed, "unused",
                     guarantee > used ? guarantee - used : 0, "running", used / 64, "waiting",
                     waiting);
}

// A group's pool: 3,600 racks, of which every 180th has something broken and one is drained.
static json_t *national(void) {
    json_t *names = json_array(), *gpus = json_array(), *used = json_array();
    json_t *broken = json_array(), *drained = json_array(), *spare = json_array();
    for (int i = 0; i < RACKS; i++) {
        const int bad = i % 180 == 27 ? 4 * (1 + i / 1200) : 0, out = i == 500 ? 68 : 0;
        json_array_append_new(names, json_sprintf("rack%d", i + 1));
        json_array_append_new(gpus, json_integer(RACK_GPUS));
        json_array_append_new(broken, json_integer(bad));
        json_array_append_new(drained, json_integer(out));
        json_array_append_new(spare, json_integer(4));
        json_array_append_new(used, json_integer(RACK_GPUS - 4 - bad - out));
    }
    json_t *accounts = json_array();
    json_array_append_new(accounts, account("vehicles", 46837, 47491, 654, 68));
    json_array_append_new(accounts, account("vehicles.coatings", 99, 83, 0, 2));
    json_array_append_new(accounts, account("vehicles.\xEC\xA3\xBC\xEC\xA1\xB0", 512, 768, 256, 0));
    json_array_append_new(accounts, account("electronics", 46837, 49519, 2682, 12));
    json_array_append_new(accounts, account("research", 46837, 36777, 0, 0));
    for (int i = 0; i < 1000; i++) {
        char path[64];
        ls_text_format(path, sizeof path, "research.group-%d", i);
        json_array_append_new(accounts, account(path, 10, 0, 0, 0));
    }
    return json_pack(
        "{s:s, s:I, s:o, s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}, s:{s:i, s:i, s:i}, "
        "s:{s:o, s:o, s:o, s:o, s:o, s:o}}",
        "name", "national", "now_us", (json_int_t)NOON_US, "accounts", accounts, "gpus", "all",
        259200, "used", 227703, "borrowed", 16488, "free", 16789, "reserved", 80, "drained", 68,
        "broken", 160, "spare", 14400, "jobs", "running", 159, "waiting", 80, "stopping", 1,
        "racks", "name", names, "gpus", gpus, "used", used, "broken", broken, "drained", drained,
        "spare", spare);
}

static json_t *jobs_of(void) {
    json_t *jobs = json_array();
    for (int i = 0; i < JOBS; i++) {
        json_t *job = json_pack(
            "{s:s, s:s, s:s, s:i, s:i, s:s, s:I, s:[s]}", "id", "", "account",
            i % 3 == 0 ? "national.vehicles.suppliers.castings" : "electronics.harness", "name",
            i % 2 == 0 ? "\xED\x95\x99\xEC\x8A\xB5 wear" : "train-8301", "gpus", 64 << (i % 5),
            "borrowed", i % 4 == 0 ? 64 : 0, "state", i < 20 ? "waiting" : "running", "since_us",
            (json_int_t)(NOON_US - (i + 1) * 61000000LL), "nodes", "rack28-node3");
        json_object_set_new(job, "id", json_sprintf("%d", 8300 + i));
        if (i < 20) {
            json_object_set_new(
                job, "why",
                json_pack("{s:s}", "text", "It wants 64 GPUs; 21 are free. vehicles borrows 654."));
        }
        json_array_append_new(jobs, job);
    }
    return json_pack("{s:o, s:i}", "jobs", jobs, "total", 239);
}

static json_t *acts_of(void) {
    json_t *acts = json_array();
    for (int i = 0; i < 5; i++) {
        json_array_append_new(
            acts, json_pack("{s:I, s:s}", "at_us", (json_int_t)(NOON_US - i * 1000000LL), "text",
                            "electronics.own gives 16 GPUs back to vehicles.coatings, for job "
                            "8826: they are within its guarantee of 99."));
    }
    return json_pack("{s:o}", "acts", acts);
}

// The picture as text, to be freed; what was drawn from is freed.
static char *drawn(json_t *pool, json_t *jobs, json_t *acts, int width, int height, bool marks) {
    ls_buffer out;
    ls_buffer_init(&out);
    ls_pool_top_draw(pool, jobs, acts, width, height, marks, &out);
    CHECK(!out.failed);
    json_decref(pool);
    json_decref(jobs);
    json_decref(acts);
    char *text = malloc(out.size + 1);
    CHECK(text != NULL);
    memcpy(text, out.data, out.size);
    text[out.size] = '\0';
    ls_buffer_clear(&out);
    return text;
}

// Lines; checks that none is wider. Marks of a terminal have no width and are no colours: the
// ground of a terminal, light or dark, stays, and NO_COLOR has nothing to take away.
static int lines_of(char *text, int width) {
    int count = 0;
    for (char *at = strstr(text, "\033["); at != NULL; at = strstr(at, "\033[")) {
        const bool reverse = strncmp(at, "\033[7m", 4) == 0;
        CHECK(reverse || strncmp(at, "\033[0m", 4) == 0);
        memmove(at, at + 4, strlen(at + 4) + 1);
    }
    for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = '\0';
        CHECK(ls_table_text_width(at) <= width);
        *end = '\n';
        count++;
    }
    return count;
}

static void test_3600_racks_on_80_columns_and_24_lines(void) {
    char *text = drawn(national(), jobs_of(), acts_of(), 80, 24, false);
    CHECK_GOLDEN("tests/cli/expected/pool-top.txt", text);
    CHECK_INT(lines_of(text, 80), 24);
    // Accounts first, then the worst racks, then who waits and why.
    const char *accounts = strstr(text, "vehicles"), *racks = strstr(text, "21 of 3600");
    const char *jobs = strstr(text, "It wants 64 GPUs; 21 are");
    CHECK(accounts != NULL && racks != NULL && jobs != NULL && accounts < racks && racks < jobs);
    CHECK_CONTAINS(text, "jobs: 159 running, 80 waiting");
    CHECK_CONTAINS(text, " castings ");  // of a long path the end, which tells more
    free(text);
}

static void test_no_terminal_is_too_small_or_too_wide(void) {
    static const struct {
        int width, height;
    } sizes[] = {{40, 8}, {40, 24}, {59, 10}, {80, 12}, {132, 43}, {200, 60}, {600, 100}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int marks = 0; marks < 2; marks++) {
            char *text = drawn(national(), jobs_of(), acts_of(), sizes[i].width, sizes[i].height,
                               marks == 1);
            const int least = sizes[i].height < 10 ? 10 : sizes[i].height;
            CHECK(lines_of(text, sizes[i].width) <= least);
            CHECK_CONTAINS(text, "national: 227703 of 259");
            free(text);
        }
    }
}

static void test_a_whole_pool_says_nothing_of_racks(void) {
    json_t *pool = json_pack("{s:s, s:I, s:[o], s:{s:i, s:i}, s:{s:i}}", "name", "box", "now_us",
                             (json_int_t)NOON_US, "accounts", account("people", 2, 1, 0, 0), "gpus",
                             "all", 4, "used", 1, "jobs", "running", 1);
    char *text = drawn(pool, json_pack("{s:[], s:i}", "jobs", "total", 0),
                       json_pack("{s:[]}", "acts"), 80, 24, false);
    CHECK(strstr(text, "out of service") == NULL);
    CHECK_CONTAINS(text, "people");
    free(text);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    setenv("TZ", "UTC", 1);
    tzset();
    TEST(test_3600_racks_on_80_columns_and_24_lines);
    TEST(test_no_terminal_is_too_small_or_too_wide);
    TEST(test_a_whole_pool_says_nothing_of_racks);
    return harness_report();
}
