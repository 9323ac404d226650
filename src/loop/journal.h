// journal.h - what happened, as events of the history and lines of the log.
//
// Any thread may write, also one that holds the intake's lock. Floods are cut: of one kind at most
// LS_JOURNAL_BURST events in a minute are written, then one that says how many more there were.
#pragma once

#include <jansson.h>

#include "history/history.h"
#include "loop/say.h"

enum { LS_JOURNAL_BURST = 60, LS_JOURNAL_KINDS = 32 };

typedef struct ls_journal ls_journal;

// history may be NULL: the log alone.
ls_status ls_journal_create(ls_history *history, ls_journal **out, ls_error *err);
void ls_journal_destroy(ls_journal *journal);  // writes what was held back; NULL is fine
// json: details as one object, or NULL. time_us since 1970; 0: now.
void ls_journal_write(ls_journal *journal, ls_log_level level, const char *kind,
                      const char *subject, int64_t time_us, const char *text, const char *json);
// A record that is read again: never held back, and the caller says it to people. The event's time
// is ours, now. False: it could not be kept (without a history too, with an empty error).
bool ls_journal_record(ls_history *history, const char *kind, const char *subject, const char *text,
                       const json_t *json, ls_error *err);
// Events written, held back ones included.
uint64_t ls_journal_count(ls_journal *journal);
