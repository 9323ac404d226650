// memo.c - see memo.h.
#include "web/memo.h"

#include <string.h>

void ls_memo_init(ls_memo *memo) {
    memset(memo, 0, sizeof *memo);
    pthread_mutex_init(&memo->lock, NULL);
}

void ls_memo_clear(ls_memo *memo) {
    for (int i = 0; i < LS_MEMO_COUNT; i++) {
        ls_free(memo->of[i].text);
    }
    pthread_mutex_destroy(&memo->lock);
}

bool ls_memo_recall(ls_memo *memo, const char *key, int64_t now_us, int64_t age_us,
                    ls_answer *answer) {
    bool found = false;
    pthread_mutex_lock(&memo->lock);
    for (int i = 0; i < LS_MEMO_COUNT && !found; i++) {
        found = memo->of[i].text != NULL && strcmp(memo->of[i].key, key) == 0 &&
                now_us - memo->of[i].at_us < age_us;
        if (found) {
            ls_buffer_text(&answer->body, memo->of[i].text);
        }
    }
    pthread_mutex_unlock(&memo->lock);
    return found;
}

void ls_memo_keep(ls_memo *memo, const char *key, int64_t now_us, const ls_answer *answer) {
    if (answer->status != 200 || answer->body.data == NULL || answer->body.failed ||
        strlen(key) >= LS_MEMO_KEY_SIZE) {
        return;
    }
    char *text = ls_alloc(answer->body.size + 1);
    if (text == NULL) {
        return;  // then it is made again
    }
    memcpy(text, answer->body.data, answer->body.size + 1);
    pthread_mutex_lock(&memo->lock);
    int at = 0;
    for (int i = 0; i < LS_MEMO_COUNT; i++) {
        if (memo->of[i].text != NULL && strcmp(memo->of[i].key, key) == 0) {
            at = i;
            break;
        }
        at = memo->of[i].at_us < memo->of[at].at_us ? i : at;
    }
    ls_free(memo->of[at].text);
    memo->of[at].text = text;
    memo->of[at].at_us = now_us;
    strcpy(memo->of[at].key, key);
    pthread_mutex_unlock(&memo->lock);
}
