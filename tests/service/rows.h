// rows.h - for tests: what a service has decided, by its journal, and its child processes.
#pragma once

#include "tests/service/service.h"

enum { ROWS_PATIENCE_S = 240, ROWS_MAX = 20000 };

// How many versions of rows say this state.
int rows_count(const service *s, const char *state);
// Waits until there are so many; false after ROWS_PATIENCE_S.
bool rows_wait(const service *s, const char *state, int least);
// Reads the newest state of every row. Fails the test where a row is done, denied or lost that was
// not written down as sent before.
void rows_read(const service *s);
const char *rows_newest(int number);  // as last read; "": no such row
int rows_count_newest(const char *state);
// The child of the service with this in its command line; 0: none.
pid_t rows_find_child(const service *s, const char *part);
