// progress.h - one line on the terminal that says how far it is and how long it will take.
//
// Nothing appears before a second has passed, and nothing at all where stderr is no terminal, or
// one that cannot go back in a line (TERM=dumb). The line is redrawn a few times per second, as
// wide as the terminal is by then, erased at the end, and replaced by one summary line. The time
// left of several runs is a range, from the times that those took which are done. Updates may come
// from several threads.
#pragma once

#include <lineshaft/twin.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct ls_progress {
    FILE *out;
    bool terminal;            // draw at all
    int width;                // columns of the terminal
    int descriptor;           // asked for its columns at every line; -1: `width` stands
    double (*clock_s)(void);  // tests have their own
    double started_s, drawn_s;
    double plain_s;  // seconds between lines where there is no terminal; 0: none
    bool shown;      // something was drawn
    // Runs that are done: how many, since the start until when, seen at how many looks, and of the
    // looks the sum of (time of it)^2 / (runs of it).
    int64_t runs_done;
    double runs_s, runs_square;
    int looks;
    atomic_flag busy;  // somebody is drawing
} ls_progress;

// A terminal on which lines can be drawn again.
bool ls_progress_can_draw(int descriptor);
// Starts the clock; draws on stderr when that is such a terminal.
void ls_progress_init(ls_progress *progress);
void ls_progress_update(ls_progress *progress, const ls_twin_progress *now);
// As the callback of ls_run_def.
void ls_progress_callback(void *context, const ls_twin_progress *now);
// Erases the line and, when there was one, prints how much was done in what time.
void ls_progress_finish(ls_progress *progress, uint64_t events);

// For work that is no run of a twin: how far it is, and in `tail` what is done just now. Where
// stderr is no terminal, a line of its own every `plain_s` seconds instead (0: none), for the log
// of a job.
void ls_progress_show(ls_progress *progress, double share, const char *tail);
// Erases the line.
void ls_progress_erase(ls_progress *progress);

// `950`, `12.3 k`, `4.56 M`: three digits, for people.
void ls_progress_show_count(double count, char *out, size_t size);
