#include "cli/progress.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

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
    progress.descriptor = -1;
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
              "\r[#####...............]  25 %  6 s left  1 of 4 runs        "
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

// Ends of runs at these times, of `planned`; the last line that was drawn.
static char *line_after(const double *ends_s, int count, int planned) {
    static char last[128];
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ls_progress progress = start(out, true);
    progress.width = 120;
    for (int i = 0; i < count; i++) {
        simulated_s = ends_s[i];
        ls_progress_update(&progress, &(ls_twin_progress){.share = (i + 1.0) / planned,
                                                          .events = 1000,
                                                          .replications_done = i + 1,
                                                          .replications_planned = planned});
    }
    fclose(out);
    char *from = strrchr(text, ']');
    snprintf(last, sizeof last, "%.80s", from != NULL ? from : "");
    free(text);
    return last;
}

static void test_time_left_is_a_range_from_the_times_of_runs_that_are_done(void) {
    // Two seconds each on average: 16 more are 32 s; they differ by 1.15 s (7 degrees of freedom:
    // sums of squares 8, of 4 looks and 4): half = 1.96 sqrt(8/7 * 16 * (1 + 16/8)) = 14.5 s.
    const double uneven[] = {1, 4, 5, 8, 9, 12, 13, 16};
    CHECK_CONTAINS(line_after(uneven, 8, 24), "  18 s to 47 s left  ");
    // Runs that all take as long leave nothing open.
    const double even[] = {2, 4, 6, 8};
    CHECK_CONTAINS(line_after(even, 4, 24), "  40 s left  ");
    // The first one took long: the others say that the rest will not.
    const double late[] = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
    CHECK_CONTAINS(line_after(late, 10, 20), " to ");
    // Too few to tell: by the share alone.
    CHECK_CONTAINS(line_after(even, 2, 4), "  4 s left  ");
}

// A terminal of so many columns: our end; *out_other is what the program writes to.
static int open_terminal(int columns, int *out_other) {
    const int ours = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0);
    *out_other = open(ptsname(ours), O_RDWR | O_NOCTTY);
    CHECK(*out_other >= 0);
    const struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    CHECK_INT(ioctl(ours, TIOCSWINSZ, &size), 0);
    return ours;
}

static void test_a_line_is_as_wide_as_the_terminal_is_by_then(void) {
    int other = -1;
    const int ours = open_terminal(80, &other);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ls_progress progress = start(out, true);
    progress.descriptor = other;
    update(&progress, 2.0, 0.25, 4000000);
    fflush(out);
    CHECK_INT(size, 80);  // a return, and one column left free: a full line would wrap
    CHECK_CONTAINS(text, " left  1 of 4 runs  2.00 M events/s  ");
    const struct winsize narrow = {.ws_row = 24, .ws_col = 40};
    CHECK_INT(ioctl(ours, TIOCSWINSZ, &narrow), 0);
    update(&progress, 3.0, 0.5, 8000000);
    fflush(out);
    CHECK_INT(size, 80 + 40);
    CHECK_STR(text + 80, "\r[#####.....]  50 %  3 s left  1 of 4 ru");
    fclose(out);
    free(text);
    close(other);
    close(ours);
}

static void test_no_lines_are_drawn_over_where_a_terminal_cannot(void) {
    int other = -1;
    const int ours = open_terminal(80, &other);
    char *before = getenv("TERM") != NULL ? strdup(getenv("TERM")) : NULL;
    setenv("TERM", "xterm", 1);
    CHECK(ls_progress_can_draw(other));
    setenv("TERM", "dumb", 1);
    CHECK(!ls_progress_can_draw(other));
    unsetenv("TERM");
    CHECK(ls_progress_can_draw(other));
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    setenv("TERM", "xterm", 1);
    CHECK(!ls_progress_can_draw(ends[1]));
    close(ends[0]);
    close(ends[1]);
    if (before != NULL) {
        setenv("TERM", before, 1);
    }
    free(before);
    close(other);
    close(ours);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_nothing_before_a_second);
    TEST(test_nothing_where_there_is_no_terminal);
    TEST(test_line_has_share_time_left_and_rate_and_is_erased);
    TEST(test_counts_have_three_digits);
    TEST(test_any_work_has_a_bar_and_says_what_it_does);
    TEST(test_the_log_of_a_job_has_a_line_now_and_then);
    TEST(test_time_left_is_a_range_from_the_times_of_runs_that_are_done);
    TEST(test_a_line_is_as_wide_as_the_terminal_is_by_then);
    TEST(test_no_lines_are_drawn_over_where_a_terminal_cannot);
    return harness_report();
}
