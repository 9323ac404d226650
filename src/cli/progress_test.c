#include "cli/progress.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

static double simulated_s;

static double simulated_clock(void) {
    return simulated_s;
}

// A progress on a terminal 60 columns wide that writes into memory, its clock at zero.
static ls_progress start(FILE *out, bool terminal) {
    ls_progress progress;
    ls_progress_init(&progress);
    progress.out = out;
    progress.terminal = terminal;
    progress.width = 60;
    progress.clock_s = simulated_clock;
    progress.started_s = 0.0;
    simulated_s = 0.0;
    return progress;
}

static void update(ls_progress *progress, double at_s, double share, uint64_t events) {
    simulated_s = at_s;
    ls_progress_update(
        progress,
        &(ls_twin_progress){
            .share = share, .events = events, .replications_done = 1, .replications_planned = 4});
}

static void test_nothing_before_a_second(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ls_progress progress = start(out, true);
    update(&progress, 0.5, 0.4, 1000);
    update(&progress, 0.99, 0.9, 2000);
    ls_progress_finish(&progress, 2000);
    fclose(out);
    CHECK_STR(text, "");
    free(text);
}

static void test_nothing_where_there_is_no_terminal(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ls_progress progress = start(out, false);
    update(&progress, 5.0, 0.5, 1000);
    ls_progress_finish(&progress, 2000);
    fclose(out);
    CHECK_STR(text, "");
    free(text);
}

static void test_line_has_share_time_left_and_rate_and_is_erased(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ls_progress progress = start(out, true);
    update(&progress, 2.0, 0.25, 4000000);
    update(&progress, 2.1, 0.26, 4100000);  // too soon to draw again
    simulated_s = 8.0;
    ls_progress_finish(&progress, 16000000);
    fclose(out);
    CHECK_STR(text,
              "\r[#####...............]  25 %  6 s left  2.00 M events/s  1 "
              "\r                                                           \r"
              "16.0 M events in 8 s, 2.00 M events/s\n");
    free(text);
}

static void test_counts_have_three_digits(void) {
    static const struct {
        double count;
        const char *text;
    } cases[] = {{0, "0"},          {950, "950"},       {999.6, "1.00 k"},
                 {12345, "12.3 k"}, {999600, "1.00 M"}, {4.56e9, "4.56 G"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        ls_progress_show_count(cases[i].count, text, sizeof text);
        CHECK_STR(text, cases[i].text);
    }
}

static void test_any_work_has_a_bar_and_says_what_it_does(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ls_progress progress = start(out, true);
    simulated_s = 0.9;
    ls_progress_show(&progress, 0.1, "round 30 of 300");
    fflush(out);
    CHECK_INT(size, 0);  // not yet
    simulated_s = 10.0;
    ls_progress_show(&progress, 0.5, "round 150 of 300");
    simulated_s = 10.1;  // too soon again
    ls_progress_show(&progress, 0.6, "round 180 of 300");
    ls_progress_erase(&progress);
    fclose(out);
    CHECK_CONTAINS(text, "[##########..........]  50 %");
    CHECK_CONTAINS(text, "left  round 150 of 300");
    CHECK(strstr(text, "180") == NULL);
    CHECK(text[size - 1] == '\r');  // erased, and nothing behind it
    free(text);
}

static void test_the_log_of_a_job_has_a_line_now_and_then(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ls_progress progress = start(out, false);
    progress.plain_s = 30.0;
    for (int second = 0; second <= 100; second++) {
        char tail[32];
        snprintf(tail, sizeof tail, "round %d", second);
        simulated_s = second;
        ls_progress_show(&progress, second / 100.0, tail);
    }
    ls_progress_erase(&progress);
    fclose(out);
    int lines = 0;
    for (size_t i = 0; i < size; i++) {
        lines += text[i] == '\n' ? 1 : 0;
        CHECK(text[i] != '\r');
    }
    CHECK_INT(lines, 3);
    CHECK_CONTAINS(text, "round 30\n");
    CHECK_CONTAINS(text, "round 90\n");
    free(text);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_nothing_before_a_second);
    TEST(test_nothing_where_there_is_no_terminal);
    TEST(test_line_has_share_time_left_and_rate_and_is_erased);
    TEST(test_counts_have_three_digits);
    TEST(test_any_work_has_a_bar_and_says_what_it_does);
    TEST(test_the_log_of_a_job_has_a_line_now_and_then);
    return harness_report();
}
