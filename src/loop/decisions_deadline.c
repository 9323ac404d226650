// decisions_deadline.c - see decisions_deadline.h.
#include "loop/decisions_deadline.h"

#include <assert.h>

enum { SEND_SHARE = 8, SEND_LEAST_US = 2000, FORGET = 32 };

int64_t ls_deadline_spare_us(int64_t within_us, int64_t sending_us, int64_t overshoot_us) {
    int64_t spare = within_us / SEND_SHARE;
    spare = spare > SEND_LEAST_US ? spare : SEND_LEAST_US;
    spare = (spare > sending_us ? spare : sending_us) + overshoot_us;
    return spare < within_us / 2 ? spare : within_us / 2;
}

ls_deadline ls_deadline_of(int64_t heard_us, int64_t within_us, int64_t spare_us, int64_t now_us,
                           uint32_t searches) {
    assert(searches >= 1);
    const int64_t left = heard_us + within_us - spare_us - now_us;
    const int64_t part = left > 0 ? left / searches : 0;
    // Half the time of a search is worth more than half of its answer, and whoever comes now has
    // the other half.
    return (ls_deadline){.stop_us = now_us + part, .yield_us = now_us + part / 2};
}

bool ls_deadline_is_over(const ls_deadline *deadline, int64_t now_us, bool is_news) {
    return now_us >= deadline->stop_us || (is_news && now_us >= deadline->yield_us);
}

int64_t ls_deadline_learn_us(int64_t lately_us, int64_t us) {
    const int64_t left_us = lately_us - lately_us / FORGET;
    return us > left_us ? us : left_us;
}
