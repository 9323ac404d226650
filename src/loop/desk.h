// desk.h - orders and notes of people come in: on a thread of its own, since folders and databases
// may keep one waiting.
#pragma once

#include "line/orders.h"
#include "loop/intake.h"
#include "loop/journal.h"

typedef struct ls_desk ls_desk;

// `plant` is kept alive by the caller until the desk is closed. Fails like ls_orders_create.
ls_status ls_desk_open(const ls_plant *plant, const char *data_folder, ls_intake *intake,
                       ls_journal *journal, ls_desk **out, ls_error *err);
void ls_desk_close(ls_desk *desk);  // NULL is fine
// What an order tag said; any thread, returns at once. What does not fit into the queue is told to
// the journal and lost.
void ls_desk_put(ls_desk *desk, const char *tag, const char *text, size_t size);
ls_orders_figures ls_desk_describe(ls_desk *desk);
