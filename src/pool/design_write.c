// design_write.c - the pool file of a design.
#include "base/put.h"
#include "base/units.h"
#include "pool/design.h"

// Halls that are alike.
typedef struct halls {
    uint32_t count, racks;
    uint32_t spare;      // nodes of each, where domains have none of their own
    uint32_t last_rack;  // nodes of its last rack where that is not full, else 0
} halls;

static void put_racks(const ls_design *d, uint32_t racks, uint32_t nodes, ls_buffer *out) {
    const ls_pool_model *m = d->ask.model;
    if (m->rack_nodes > 0) {
        ls_buffer_printf(out, "racks: {count: %u, kind: %s", racks, m->name);
        if (d->domain_nodes > 1 && d->spare > 0) {
            // Each rack has as many domains as it needs; a rack of one domain is the usual one.
            ls_buffer_printf(out, ", spare: %u", d->spare * (m->rack_nodes / m->domain_nodes));
        }
        ls_buffer_text(out, "}");
        return;
    }
    ls_buffer_printf(out, "racks: {count: %u, nodes: {count: %u, kind: %s}}", racks, nodes,
                     m->name);
}

static void put_row(const ls_design *d, uint32_t count, uint32_t racks, uint32_t nodes,
                    ls_buffer *out) {
    ls_buffer_text(out, "  - {");
    if (count > 1) {
        ls_buffer_printf(out, "count: %u, ", count);
    }
    put_racks(d, racks, nodes, out);
    ls_buffer_text(out, "}\n");
}

static void put_halls(const ls_design *d, const halls *h, ls_buffer *out) {
    char power[32];
    if (h->count == 0) {
        return;
    }
    ls_units_print_power(d->ask.hall_watts, power, sizeof power);
    ls_buffer_printf(out, "- count: %u\n  power: %s\n", h->count, power);
    if (h->spare > 0) {
        ls_buffer_printf(out, "  spare: %u\n", h->spare);
    }
    ls_buffer_text(out, "  rows:\n");
    const uint32_t full = h->racks - (h->last_rack > 0 ? 1 : 0);
    const uint32_t rows = full / d->ask.row_racks;
    const uint32_t rest = full % d->ask.row_racks;
    if (rows > 0) {
        put_row(d, rows, d->ask.row_racks, d->rack_nodes, out);
    }
    if (rest > 0) {
        put_row(d, 1, rest, d->rack_nodes, out);
    }
    if (h->last_rack > 0) {
        put_row(d, 1, 1, h->last_rack, out);
    }
}

// Spare nodes that any node can stand in for are spread over the halls.
static void put_all_halls(const ls_design *d, ls_buffer *out) {
    const uint32_t spare = d->domain_nodes > 1 ? 0 : d->spare;
    const uint32_t last_racks = d->racks - (d->halls - 1) * d->hall_racks;
    const uint32_t last_nodes = d->nodes - (d->racks - 1) * d->rack_nodes;
    const uint32_t last_rack = last_nodes < d->rack_nodes ? last_nodes : 0;
    const bool is_last_like = last_racks == d->hall_racks && last_rack == 0;
    const uint32_t alike = is_last_like ? d->halls : d->halls - 1;
    const uint32_t hall_nodes = d->nodes - (d->halls - 1) * d->hall_racks * d->rack_nodes;
    uint32_t each = spare / d->halls;
    uint32_t last = 0;
    if (!is_last_like) {
        last = alike == 0 ? spare : (each < hall_nodes ? each : hall_nodes);
    }
    const uint32_t rest = spare - last;
    each = alike > 0 ? rest / alike : 0;
    const uint32_t more = alike > 0 ? rest % alike : 0;
    ls_buffer_text(out, "halls:\n");
    put_halls(d, &(halls){.count = more, .racks = d->hall_racks, .spare = each + 1}, out);
    put_halls(d, &(halls){.count = alike - more, .racks = d->hall_racks, .spare = each}, out);
    if (!is_last_like) {
        put_halls(d,
                  &(halls){.count = 1, .racks = last_racks, .spare = last, .last_rack = last_rack},
                  out);
    }
}

void ls_design_write(const ls_design *d, const char *name, ls_buffer *out) {
    ls_buffer_text(out, "pool: ");
    ls_put_text(out, name);
    ls_buffer_printf(out, "\nabout: \"Designed for %u GPUs; %u in all, %u without spare nodes.\"\n",
                     d->ask.gpus, d->gpus, d->usable_gpus);
    put_all_halls(d, out);
    if (d->ask.failures > 0) {
        const double hours = 24000 / d->ask.failures;
        const int64_t every_us = (int64_t)(hours < 1 ? 1 : hours + 0.5) * LS_US_PER_HOUR;
        ls_buffer_text(out, "failures: {every: ");
        ls_put_time(out, every_us);
        ls_buffer_text(out, ", repair: ");
        ls_put_time(out, d->ask.repair_us);
        ls_buffer_text(out, "}\n");
    }
    ls_buffer_printf(out,
                     "# Who shares it; what is promised at the top comes to %u GPUs at most.\n"
                     "accounts:\n"
                     "  everybody: {}\n",
                     d->usable_gpus);
}
