// notes.c - what a person should know though the pool file is right.
#include <stdarg.h>

#include "base/units.h"
#include "pool/pool_file.h"

typedef struct place {
    const char *file;
    int line, column;
} place;

static void note(ls_errors *notes, place at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void note(ls_errors *notes, place at, const char *hint, const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_error err;
    (void)ls_fail_at(&err, LS_ERR_INVALID, at.file, at.line, at.column, "%s", text);
    if (hint != NULL) {
        ls_hint(&err, "%s", hint);
    }
    err.status = LS_OK;
    ls_errors_add(notes, &err);
}

// What the GPUs of a unit draw at most, against its limit. Once for each group that says a limit.
static void note_power(const ls_pool *pool, ls_errors *notes) {
    const ls_cluster *c = &pool->cluster;
    bool told[LS_POOL_NODE + 1] = {false};
    for (uint32_t u = 0; u < c->unit_count; u++) {
        const ls_pool_unit *unit = &c->units[u];
        uint64_t watts = 0;
        for (uint32_t n = unit->node_at; unit->watts > 0 && n < unit->node_at + unit->node_count;
             n++) {
            const ls_pool_node *node = &c->nodes[n];
            watts += node->kind != LS_POOL_NONE ? (uint64_t)node->gpus * c->kinds[node->kind].watts
                                                : 0;
        }
        if (watts > unit->watts && !told[unit->level]) {
            char limit[32], draws[32];
            told[unit->level] = true;
            ls_units_print_power(unit->watts, limit, sizeof limit);
            ls_units_print_power((int64_t)watts, draws, sizeof draws);
            note(notes, (place){pool->file, 0, 0},
                 "some of them will wait for power; raise 'power', or put fewer there",
                 "the GPUs of '%s' alone draw up to %s, its limit is %s", unit->name, draws, limit);
        }
    }
}

static void note_accounts(const ls_pool *pool, ls_errors *notes) {
    for (uint32_t i = 1; i < pool->account_count; i++) {
        const ls_account *a = &pool->accounts[i];
        if (a->guarantee_gpus == 0 && !a->borrow) {
            note(notes, (place){a->file, a->line, a->column},
                 "give it a guarantee, or let it borrow",
                 "account '%s' can never run anything: it was promised nothing and may not borrow",
                 a->path);
        }
    }
}

void ls_pool_notes(const ls_pool *pool, ls_errors *notes) {
    note_power(pool, notes);
    note_accounts(pool, notes);
}
