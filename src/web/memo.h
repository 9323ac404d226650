// memo.h - answers that are dear and good for some seconds: made once for all who ask.
//
// Safe for any thread. A few are held; the oldest goes.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "web/request.h"

enum { LS_MEMO_COUNT = 8, LS_MEMO_KEY_SIZE = 48 };

typedef struct ls_memo {
    pthread_mutex_t lock;
    struct {
        char key[LS_MEMO_KEY_SIZE];
        char *text;  // ls_free
        int64_t at_us;
    } of[LS_MEMO_COUNT];
} ls_memo;

void ls_memo_init(ls_memo *memo);
void ls_memo_clear(ls_memo *memo);
// True: the answer is filled from what was made less than `age_us` ago. `now_us` is monotonic.
bool ls_memo_recall(ls_memo *memo, const char *key, int64_t now_us, int64_t age_us,
                    ls_answer *answer);
// Keeps the body of a good answer.
void ls_memo_keep(ls_memo *memo, const char *key, int64_t now_us, const ls_answer *answer);
