// progress.c - see progress.h.
#include "cli/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "base/units.h"

enum {
    BAR_WIDTH = 20,
    WIDTH_DEFAULT = 80,
    NARROW = 60,  // below it the bar is half as long, so that the time left has room
    LINE_SIZE = 256,
    NUMBER_SIZE = 32,
    LEFT_SIZE = 2 * NUMBER_SIZE + 8,
    LOOKS_LEAST = 3,  // with runs that ended, before their times tell anything
};

static const double FIRST_S = 1.0;
static const double EVERY_S = 0.2;

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool ls_progress_can_draw(int descriptor) {
    const char *term = getenv("TERM");
    return isatty(descriptor) == 1 && (term == NULL || strcmp(term, "dumb") != 0);
}

// Terminals are made narrower while a line stands on them.
static void look_at_width(ls_progress *progress) {
    struct winsize window;
    if (progress->terminal && progress->descriptor >= 0 &&
        ioctl(progress->descriptor, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
        progress->width = window.ws_col;
    }
}

void ls_progress_init(ls_progress *progress) {
    memset(progress, 0, sizeof *progress);
    progress->out = stderr;
    progress->descriptor = STDERR_FILENO;
    progress->terminal = ls_progress_can_draw(STDERR_FILENO);
    progress->width = WIDTH_DEFAULT;
    look_at_width(progress);
    progress->clock_s = now_s;
    progress->started_s = now_s();
    atomic_flag_clear(&progress->busy);
}

void ls_progress_show_count(double count, char *out, size_t size) {
    static const char *const units[] = {"", " k", " M", " G", " T", " P"};
    size_t unit = 0;
    while (count >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        count /= 1000.0;
        unit++;
    }
    const int decimals = unit == 0 || count >= 99.95 ? 0 : (count >= 9.995 ? 1 : 2);
    ls_text_format(out, size, "%.*f%s", decimals, count, units[unit]);
}

// "1.9 M events/s"
static void show_rate(double events, double seconds, char *out, size_t size) {
    char rate[NUMBER_SIZE];
    ls_progress_show_count(seconds > 0.0 ? events / seconds : 0.0, rate, sizeof rate);
    ls_text_format(out, size, "%s events/s", rate);
}

static void draw_bar(double share, int width, char *out) {
    const int full = (int)(share * width + 0.5);
    for (int i = 0; i < width; i++) {
        out[i] = i < full ? '#' : '.';
    }
    out[width] = '\0';
}

// What is left, if all goes on as it did.
static void show_left(double share, double elapsed_s, char *out, size_t size) {
    if (share > 0.0) {
        ls_units_show_time(1e6 * ceil(elapsed_s * (1.0 - fmin(share, 1.0)) / share), out, size);
    } else {
        ls_text_format(out, size, "?");
    }
}

// Runs that came to their end since the last look.
static void see_runs(ls_progress *progress, int64_t done, double elapsed_s) {
    const int64_t more = done - progress->runs_done;
    if (more > 0) {
        const double took_s = elapsed_s - progress->runs_s;
        progress->runs_square += took_s * took_s / (double)more;
        progress->runs_done = done;
        progress->runs_s = elapsed_s;
        progress->looks++;
    }
}

// What is left by the times between ends of runs: `left` of them add up, each as long as their mean
// and as uncertain as they differ, and the mean itself is of `runs_done` (95 %).
static void show_runs_left(const ls_progress *progress, double left, double elapsed_s, char *out,
                           size_t size) {
    const double done = (double)progress->runs_done;
    const double each_s = progress->runs_s / done;
    const double square = fmax(progress->runs_square - progress->runs_s * each_s, 0.0) /
                          (double)(progress->looks - 1);
    const double mean_s = fmax(each_s * left - (elapsed_s - progress->runs_s), 0.0);
    const double half_s = 1.96 * sqrt(square * left * (1.0 + left / done));
    char low[NUMBER_SIZE], high[NUMBER_SIZE];
    ls_units_show_time(1e6 * fmax(ceil(mean_s - half_s), 0.0), low, sizeof low);
    ls_units_show_time(1e6 * ceil(mean_s + half_s), high, sizeof high);
    if (strcmp(low, high) == 0) {
        ls_text_format(out, size, "%s", low);
    } else {
        ls_text_format(out, size, "%s to %s", low, high);
    }
}

// `more` is left out of a terminal that is too narrow for it.
static void draw_line(ls_progress *progress, double at, const char *left, const char *tail,
                      const char *more) {
    const double share = fmin(fmax(at, 0.0), 1.0);
    char bar[BAR_WIDTH + 1], line[LINE_SIZE];
    look_at_width(progress);
    draw_bar(share, progress->width < NARROW ? BAR_WIDTH / 2 : BAR_WIDTH, bar);
    ls_text_format(line, sizeof line, "[%s] %3.0f %%  %s left  %s", bar, floor(100.0 * share), left,
                   tail);
    const size_t size = strlen(line);
    const bool fits = (int)(size + strlen(more)) + 2 < progress->width;
    if (more[0] != '\0' && (fits || !progress->terminal)) {
        ls_text_format(line + size, sizeof line - size, "%s%s", tail[0] != '\0' ? "  " : "", more);
    }
    if (progress->terminal) {
        fprintf(progress->out, "\r%-*.*s", progress->width - 1, progress->width - 1, line);
    } else {
        fprintf(progress->out, "%s\n", line);
    }
    fflush(progress->out);
}

static void draw(ls_progress *progress, const ls_twin_progress *now, double elapsed_s) {
    char rate[NUMBER_SIZE + 16], tail[LINE_SIZE], left[LEFT_SIZE];
    show_rate((double)now->events, elapsed_s, rate, sizeof rate);
    if (now->replications_planned > 1) {
        ls_text_format(tail, sizeof tail, "%lld of %lld runs", (long long)now->replications_done,
                       (long long)now->replications_planned);
    } else {
        tail[0] = '\0';
    }
    if (now->replications_planned > 1 && progress->looks >= LOOKS_LEAST) {
        show_runs_left(progress, (double)(now->replications_planned - progress->runs_done),
                       elapsed_s, left, sizeof left);
    } else {
        show_left(now->share, elapsed_s, left, sizeof left);
    }
    draw_line(progress, now->share, left, tail, rate);
}

void ls_progress_show(ls_progress *progress, double share, const char *tail) {
    const double every = progress->terminal ? EVERY_S : progress->plain_s;
    if (every <= 0.0 || atomic_flag_test_and_set(&progress->busy)) {
        return;
    }
    const double clock_s = progress->clock_s();
    const double last_s = fmax(progress->drawn_s, progress->started_s);
    const double first_s = progress->terminal ? FIRST_S : every;
    if (clock_s - progress->started_s >= first_s && clock_s - last_s >= every) {
        char left[LEFT_SIZE];
        show_left(share, clock_s - progress->started_s, left, sizeof left);
        draw_line(progress, share, left, tail, "");
        progress->drawn_s = clock_s;
        progress->shown = progress->terminal;
    }
    atomic_flag_clear(&progress->busy);
}

void ls_progress_erase(ls_progress *progress) {
    if (progress->shown) {
        fprintf(progress->out, "\r%-*s\r", progress->width - 1, "");
        fflush(progress->out);
        progress->shown = false;
    }
}

void ls_progress_update(ls_progress *progress, const ls_twin_progress *now) {
    if (!progress->terminal || atomic_flag_test_and_set(&progress->busy)) {
        return;
    }
    const double clock_s = progress->clock_s();
    see_runs(progress, now->replications_done, clock_s - progress->started_s);
    if (clock_s - progress->started_s >= FIRST_S && clock_s - progress->drawn_s >= EVERY_S) {
        draw(progress, now, clock_s - progress->started_s);
        progress->drawn_s = clock_s;
        progress->shown = true;
    }
    atomic_flag_clear(&progress->busy);
}

void ls_progress_callback(void *context, const ls_twin_progress *now) {
    ls_progress *progress = context;
    ls_progress_update(progress, now);
}

void ls_progress_finish(ls_progress *progress, uint64_t events) {
    if (!progress->shown) {
        return;
    }
    const double elapsed_s = progress->clock_s() - progress->started_s;
    char count[NUMBER_SIZE], rate[NUMBER_SIZE + 16], took[NUMBER_SIZE];
    ls_progress_show_count((double)events, count, sizeof count);
    show_rate((double)events, elapsed_s, rate, sizeof rate);
    ls_units_show_time(1e6 * elapsed_s, took, sizeof took);
    fprintf(progress->out, "\r%-*s\r%s events in %s, %s\n", progress->width - 1, "", count, took,
            rate);
    fflush(progress->out);
    progress->shown = false;
}
