// decisions_deadline.h - how the time from an event to its command is divided. Plain computation:
// no clock, no lock.
//
// All times are microseconds of one monotonic clock. A deadline begins when the oldest signal that
// a look is the first to see came in; what was asked before it, waiting for a quiet moment, and the
// searches for other questions of the same look are all in it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Of `within_us`, what filing and sending take (an eighth, or what they have lately taken,
// `sending_us`), and how late the machine has lately answered (`overshoot_us`): on a loaded one
// threads wait for their turn, and a deadline that the search uses up is missed. At most half.
int64_t ls_deadline_spare_us(int64_t within_us, int64_t sending_us, int64_t overshoot_us);

typedef struct ls_deadline {
    int64_t stop_us;   // the search ends
    int64_t yield_us;  // or earlier, here, when the line has said something new meanwhile
} ls_deadline;

// Of a search that begins at now_us for an event that came at heard_us; `searches` are still to be
// made for it, this one included (at least 1): each gets an equal part of what is left. When
// nothing is left it ends at once, and the answer is the incumbent.
ls_deadline ls_deadline_of(int64_t heard_us, int64_t within_us, int64_t spare_us, int64_t now_us,
                           uint32_t searches);
// Must a search end?
bool ls_deadline_is_over(const ls_deadline *deadline, int64_t now_us, bool is_news);

// A span as it has lately been at most, after one more of `us`: rises at once and is slowly
// forgotten.
int64_t ls_deadline_learn_us(int64_t lately_us, int64_t us);
