// guard_journal.c - the guard's journal: what it tells at the start, and its summary.
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "guard/guard_inside.h"

static void on_row(void *context, const ls_journal_entry *entry) {
    guard *g = context;
    ls_guard_writer_restore(g->writer, entry);
    ls_guard_memory_take(g->state, entry);
    g->last_row_us = entry->wall_us > g->last_row_us ? entry->wall_us : g->last_row_us;
    if (entry->kind == LS_JOURNAL_OUTCOME) {
        ls_verdict verdict = {.result = entry->result, .guard = entry->guard};
        memcpy(verdict.id, entry->command.id, sizeof verdict.id);
        memcpy(verdict.reason, entry->reason, sizeof verdict.reason);
        ls_guard_put_verdict(g, &verdict, entry->wall_us);
    }
}

static ls_status put_row(void *context, const ls_journal_entry *entry, ls_error *err) {
    return ls_guard_journal_append(context, entry, false, err);
}

// A new generation begins with all that still counts: what the guards remember, the line's ids that
// are used up, and what is under way.
static ls_status on_summary(void *context, ls_guard_journal *j, ls_error *err) {
    guard *g = context;
    ls_status status = ls_guard_memory_put(g->state, put_row, j, err);
    for (uint32_t i = 0; status == LS_OK && i <= g->limits->machine_count; i++) {
        ls_journal_entry row = {.kind = LS_JOURNAL_LINE_ID,
                                .line_id = ls_guard_writer_used(g->writer, i)};
        ls_text_format(row.command.device, sizeof row.command.device, "%s",
                       ls_guard_ear_devices(g->ear)[i]);
        status = put_row(j, &row, err);
    }
    ls_journal_entry row;
    for (uint32_t i = 0; status == LS_OK && ls_guard_writer_open_row(g->writer, i, &row); i++) {
        status = put_row(j, &row, err);
    }
    return status;
}

ls_status ls_guard_open_journal(guard *g, ls_error *err) {
    const ls_guard_journal_def def = {.folder = g->def->folder,
                                      .bytes_max = g->def->journal_bytes,
                                      .told = on_row,
                                      .summary = on_summary,
                                      .context = g};
    const size_t flags = g->limits->guards->condition_count + g->limits->target_count + 1;
    g->yields = ls_alloc(flags * sizeof *g->yields);
    if (g->yields == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's journal");
    }
    const ls_status status = ls_guard_journal_open(&def, &g->journal, err);
    if (status == LS_OK) {
        ls_journal_entry known;
        ls_guard_memory_taken(g->state, g->last_row_us);
        while (ls_guard_memory_yields(g->state, g->yields, &known)) {
        }
        g->state->journal_ready = true;
        ls_guard_writer_restored(g->writer);
    }
    return status;
}

void ls_guard_write_yields(guard *g) {
    ls_journal_entry row;
    while (ls_guard_memory_yields(g->state, g->yields, &row)) {
        ls_guard_write(g, &row, true);
    }
}
