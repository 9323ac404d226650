// journal.c - see journal.h.
#include "loop/journal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"

enum { KIND_SIZE = 32 };

typedef struct kind_count {
    char kind[KIND_SIZE];
    int64_t minute;  // of our own clock
    uint64_t in_minute;
} kind_count;

struct ls_journal {
    pthread_mutex_t lock;
    ls_history *history;
    kind_count kinds[LS_JOURNAL_KINDS];
    uint64_t count;
    uint64_t lost;  // the history did not take them
};

ls_status ls_journal_create(ls_history *history, ls_journal **out, ls_error *err) {
    *out = NULL;
    ls_journal *journal = ls_alloc(sizeof *journal);
    if (journal == NULL || pthread_mutex_init(&journal->lock, NULL) != 0) {
        ls_free(journal);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the journal");
    }
    journal->history = history;
    *out = journal;
    return LS_OK;
}

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void put(ls_journal *journal, ls_log_level level, const ls_happened *happened) {
    // Many texts begin with their subject; people need it once.
    const char *said = strstr(happened->text, happened->subject);
    const bool twice = said != NULL && said - happened->text <= (int)sizeof "order";
    ls_say(level, happened->kind, twice ? "" : happened->subject, "%s", happened->text);
    ls_error err = {0};
    if (journal->history != NULL && ls_history_event(journal->history, happened, &err) != LS_OK) {
        if (journal->lost == 0) {
            ls_say(LS_LOG_ERROR, "history", "", "an event could not be kept: %s", err.text);
        }
        journal->lost++;
    }
}

static void put_held_back(ls_journal *journal, kind_count *of) {
    if (of->in_minute > LS_JOURNAL_BURST) {
        char text[96];
        snprintf(text, sizeof text, "%llu more of this kind within a minute were only counted",
                 (unsigned long long)(of->in_minute - LS_JOURNAL_BURST));
        put(journal, LS_LOG_WARNING,
            &(ls_happened){
                .time_us = now_us(), .kind = of->kind, .subject = "", .text = text, .json = ""});
    }
    of->in_minute = 0;
}

// The counter of a kind; the last one is shared by all kinds beyond the table.
static kind_count *count_of(ls_journal *journal, const char *kind) {
    int at = 0;
    while (at < LS_JOURNAL_KINDS - 1 && journal->kinds[at].kind[0] != '\0' &&
           strcmp(journal->kinds[at].kind, kind) != 0) {
        at++;
    }
    kind_count *of = journal->kinds + at;
    snprintf(of->kind, sizeof of->kind, "%s", kind);
    return of;
}

void ls_journal_write(ls_journal *journal, ls_log_level level, const char *kind,
                      const char *subject, int64_t time_us, const char *text, const char *json) {
    const ls_happened happened = {.time_us = time_us != 0 ? time_us : now_us(),
                                  .kind = kind,
                                  .subject = subject != NULL ? subject : "",
                                  .text = text,
                                  .json = json != NULL ? json : ""};
    pthread_mutex_lock(&journal->lock);
    kind_count *of = count_of(journal, kind);
    const int64_t minute = now_us() / (60 * 1000000LL);
    if (of->minute != minute) {
        put_held_back(journal, of);
        of->minute = minute;
    }
    of->in_minute++;
    journal->count++;
    if (of->in_minute <= LS_JOURNAL_BURST) {
        put(journal, level, &happened);
    }
    pthread_mutex_unlock(&journal->lock);
}

uint64_t ls_journal_count(ls_journal *journal) {
    pthread_mutex_lock(&journal->lock);
    const uint64_t count = journal->count;
    pthread_mutex_unlock(&journal->lock);
    return count;
}

void ls_journal_destroy(ls_journal *journal) {
    if (journal == NULL) {
        return;
    }
    for (int i = 0; i < LS_JOURNAL_KINDS; i++) {
        put_held_back(journal, journal->kinds + i);
    }
    pthread_mutex_destroy(&journal->lock);
    ls_free(journal);
}

bool ls_journal_record(ls_history *history, const char *kind, const char *subject, const char *text,
                       const json_t *json, ls_error *err) {
    char *dumped = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    const ls_happened happened = {
        .time_us = now_us(), .kind = kind, .subject = subject, .text = text, .json = dumped};
    const bool kept = dumped != NULL && history != NULL &&
                      ls_history_event(history, &happened, err) == LS_OK;
    free(dumped);
    return kept;
}
