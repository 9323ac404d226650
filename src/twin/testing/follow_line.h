// follow_line.h - for tests only: a running plant that says what it does, event by event, and
// remembers its signals, so that a test can lose, double or shuffle them.
#pragma once

#include "twin/follow/follow.h"
#include "twin/follow/watch.h"
#include "twin/testing/reference_plants.h"

typedef struct follow_line {
    ls_plant *plant;
    ls_twin *twin;
    ls_state *before, *now;
    ls_scratch scratch;
    ls_heard *heard;  // of the last instant, texts owned
    size_t count, capacity;
    bool over;
} follow_line;

// Of a random plant, a text, or a file under the source root. False: the plant was refused.
bool follow_line_open_seed(follow_line *line, uint64_t seed);
bool follow_line_open_text(follow_line *line, const char *text, uint64_t seed);
bool follow_line_open_file(follow_line *line, const char *path, uint64_t seed);
void follow_line_close(follow_line *line);
// The next instant at which something happens: every event of one time. False: it is over.
bool follow_line_step(follow_line *line, int64_t until_us);
// The entry of a class with an order pool is put off (until_us 0: all comes in), in place of the
// next instant. False: it could not be.
bool follow_line_put_off(follow_line *line, uint32_t release, int64_t until_us);
// Tells everything as at a birth, in place of the instant's signals.
void follow_line_birth(follow_line *line);

ls_follow *follow_line_follower(follow_line *line, const ls_follow_def *def);
void follow_line_hear(const follow_line *line, ls_follow *follow);
// Does the follower see what the line is? (visible.h)
bool follow_line_agrees(const follow_line *line, const ls_follow *follow, bool places_only,
                        char *why, size_t why_size);
