// explain_commands.c - `commands:` of a Modbus source, as the plant file says them.
#include "plant/explain_values.h"

static void put_part(ls_buffer *out, const ls_source *s, const char *before, const char *key,
                     uint32_t index) {
    if (index != LS_NONE) {
        ls_buffer_printf(out, "%s%s: ", before, key);
        ls_put_text(out, s->registers[index].name);
    }
}

static void put_hand(ls_buffer *out, const ls_source *s, const ls_handshake *h) {
    put_part(out, s, "{", "kind", h->kind);
    put_part(out, s, ", ", "argument", h->argument);
    put_part(out, s, ", ", "id", h->id);
    put_part(out, s, ", ", "done", h->done);
    put_part(out, s, ", ", "result", h->result);
    put_part(out, s, ", ", "reason", h->reason);
    ls_buffer_text(out, "}\n");
}

static void put_machines(ls_buffer *out, const ls_plant *plant, const ls_names *names,
                         const ls_source *s) {
    const ls_handshake *machines = s->commands->machines;
    unsigned count = 0;
    for (uint32_t m = 0; m < plant->machine_count; m++) {
        if (machines[m].kind != LS_NONE) {
            ls_buffer_text(out, count++ == 0 ? "        machines:\n          " : "          ");
            ls_put_machine(out, plant, names, m);
            ls_buffer_text(out, ": ");
            put_hand(out, s, &machines[m]);
        }
    }
    ls_buffer_text(out, count == 0 ? "        # machines: none is commanded\n" : "");
}

static void put_waiting(ls_buffer *out, const ls_plant *plant, const ls_source *s) {
    const uint32_t *waiting = s->commands->waiting;
    unsigned count = 0;
    for (uint32_t i = 0; i < plant->station_count; i++) {
        if (waiting[i] != LS_NONE) {
            ls_buffer_text(out, count++ == 0 ? "        waiting:\n          " : "          ");
            ls_put_text(out, plant->stations[i].name);
            ls_buffer_text(out, ": ");
            ls_put_text(out, s->registers[waiting[i]].name);
            ls_buffer_text(out, "\n");
        }
    }
    ls_buffer_text(
        out, count == 0 ? "        # waiting: not told, no lot is dispatched or released\n" : "");
}

static void put_pools(ls_buffer *out, const ls_plant *plant, const ls_source *s) {
    const ls_pool_registers *pools = s->commands->pools;
    unsigned count = 0;
    for (uint32_t i = 0; i < plant->release_count; i++) {
        if (pools[i].waiting != LS_NONE) {
            ls_buffer_text(out, count++ == 0 ? "        pools:\n          " : "          ");
            ls_put_text(out, plant->releases[i].name);
            put_part(out, s, ": {", "waiting", pools[i].waiting);
            put_part(out, s, ", ", "shut", pools[i].shut);
            ls_buffer_text(out, "}\n");
        }
    }
    ls_buffer_text(out, count == 0 ? "        # pools: nothing is asked of order pools\n" : "");
}

void ls_explain_commands(ls_buffer *out, const ls_plant *plant, const ls_names *names,
                         const ls_source *s) {
    const ls_commanded *c = s->commands;
    if (c == NULL) {
        ls_buffer_text(out, "      # commands: it is heard, not commanded\n");
        return;
    }
    put_part(out, s, "      commands:\n        ", "heartbeat", c->heartbeat);
    put_part(out, s, "\n        ", "echo", c->echo);
    put_part(out, s, "\n        ", "lost", c->lost);
    put_part(out, s, "\n        ", "inside", c->inside);
    ls_buffer_text(out,
                   c->inside == LS_NONE ? "\n        # inside: not told, no lot is released" : "");
    ls_buffer_text(out, "\n        line: ");
    put_hand(out, s, &c->line);
    put_machines(out, plant, names, s);
    put_waiting(out, plant, s);
    put_pools(out, plant, s);
}
