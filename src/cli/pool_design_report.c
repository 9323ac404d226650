// pool_design_report.c - a design as text and as JSON.
#include <math.h>

#include "base/units.h"
#include "base/whole.h"
#include "cli/json.h"
#include "cli/pool_design.h"
#include "cli/shell_word.h"
#include "cli/table.h"
#include "ls_build.h"

enum { TEXT_SIZE = 64, NVLINK_TRAYS = 9, RACK_SWITCHES = 32 };

uint32_t ls_pool_design_sizes(const ls_design *d, uint32_t *sizes) {
    const uint32_t domain = (d->domain_nodes - (d->domain_nodes > 1 ? d->spare : 0)) *
                            d->ask.model->gpus;
    const uint32_t wanted[] = {domain, 2 * domain, 256, 1024, 4096, 16384, 65536, d->usable_gpus};
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const bool is_more = count == 0 || wanted[i] > sizes[count - 1];
        if (is_more && wanted[i] > 1 && wanted[i] <= d->usable_gpus) {
            sizes[count++] = wanted[i];
        }
    }
    return count;
}

// For people: four digits.
static const char *show_power(int64_t watts, char *out) {
    static const char *const units[] = {"W", "kW", "MW", "GW"};
    double value = (double)watts;
    int unit = 0;
    while (value >= 1000 && unit < 3) {
        value /= 1000;
        unit++;
    }
    ls_text_format(out, TEXT_SIZE, "%.4g %s", value, units[unit]);
    return out;
}

// --- the head

static void put_need(const ls_design *d, ls_buffer *out) {
    char all[TEXT_SIZE], racks[TEXT_SIZE], net[TEXT_SIZE];
    ls_buffer_printf(out,
                     "%u GPUs in %u rack%s draw up to %s: racks %s, network %s, and a PUE of %.4g",
                     d->gpus, d->racks, d->racks == 1 ? "" : "s",
                     show_power(d->building_watts, all), show_power(d->racks_watts, racks),
                     show_power(d->switch_watts + d->optics_watts, net), d->ask.pue);
}

static void put_head(const ls_pool_designed *p, ls_buffer *out) {
    char power[TEXT_SIZE], over[TEXT_SIZE];
    const ls_design *d = &p->design;
    if (!p->fits) {
        ls_buffer_text(out, "Does not fit: ");
        put_need(&p->asked, out);
        show_power(d->ask.power_watts, power);
        show_power(p->asked.building_watts - d->ask.power_watts, over);
        ls_buffer_printf(out, ". That is %s more than %s.\n", over, power);
        ls_buffer_text(out, "What fits, and is designed below: ");
        put_need(d, out);
        ls_buffer_text(out, ".\n");
        return;
    }
    put_need(d, out);
    if (d->ask.power_watts > 0) {
        ls_buffer_printf(out, ". That is within %s", show_power(d->ask.power_watts, power));
    }
    ls_buffer_text(out, ".\n");
}

// --- bill of material

typedef struct bill {
    ls_table table;
} bill;

static void put_item(bill *b, const char *item, uint64_t count, int64_t watts_each) {
    char text[TEXT_SIZE];
    if (count == 0) {
        return;
    }
    ls_table_row(&b->table);
    ls_table_cell(&b->table, 0, "%s", item);
    ls_table_cell(&b->table, 1, "%llu", (unsigned long long)count);
    if (watts_each > 0) {
        ls_table_cell(&b->table, 2, "%s", show_power(watts_each, text));
        ls_table_cell(&b->table, 3, "%s", show_power(watts_each * (int64_t)count, text));
    }
}

static void put_bill(const ls_design *d, ls_arena *arena, ls_buffer *out) {
    bill b;
    const ls_pool_model *m = d->ask.model;
    const ls_design_fabric *f = &d->fabric;
    const uint64_t switches = (uint64_t)f->leaves + f->spines + f->cores;
    const int64_t watts = llround(d->ask.switches->watts);
    char text[TEXT_SIZE];
    ls_table_init(&b.table, arena);
    ls_table_column(&b.table, "bill of material", LS_ALIGN_LEFT);
    ls_table_column(&b.table, "count", LS_ALIGN_RIGHT);
    ls_table_column(&b.table, "each", LS_ALIGN_RIGHT);
    ls_table_column(&b.table, "together", LS_ALIGN_RIGHT);
    put_item(&b, "halls", d->halls, 0);
    put_item(&b, "rows", d->rows, 0);
    put_item(&b, m->rack_nodes > 0 ? m->name : "racks", d->racks,
             m->rack_nodes > 0 ? d->rack_watts : 0);
    put_item(&b, m->rack_nodes > 0 ? "  trays" : m->name, d->nodes,
             m->rack_nodes > 0 ? 0 : m->node_watts);
    put_item(&b, "  NVLink switch trays", m->rack_nodes > 0 ? (uint64_t)d->racks * NVLINK_TRAYS : 0,
             0);
    put_item(&b, "  GPUs", d->gpus, 0);
    ls_text_format(text, sizeof text, "leaf switches, %u ports", d->ask.ports);
    put_item(&b, f->tiers == 1 ? "switch" : text, f->leaves, watts);
    put_item(&b, "spine switches", f->spines, watts);
    put_item(&b, "core switches", f->cores, watts);
    put_item(&b, "racks for switches, 32 each", ls_divide_up(switches, RACK_SWITCHES), 0);
    ls_text_format(text, sizeof text, "links node to leaf, %.0f Gb/s", m->link_gbit);
    put_item(&b, text, f->node_links,
             llround(d->ask.switches->node_optics + d->ask.switches->port_optics));
    put_item(&b, "links leaf to spine", f->leaf_links, llround(2 * d->ask.switches->port_optics));
    put_item(&b, "links spine to core", f->spine_links, llround(2 * d->ask.switches->port_optics));
    ls_buffer_text(out, "\n");
    ls_table_print(&b.table, 0, out);
}

// --- network, spares, heat

static void put_fabric(const ls_design *d, ls_buffer *out) {
    const ls_design_fabric *f = &d->fabric;
    ls_buffer_text(out, "\nNetwork: ");
    if (f->tiers == 1) {
        ls_buffer_printf(out, "one switch for all %u nodes", d->nodes);
    } else {
        ls_buffer_printf(
            out,
            "a fat tree of %u rails in %u tiers, %s; %u ports down and %u up of a leaf, "
            "%u nodes on the same leaves",
            f->rails, f->tiers,
            f->planes > 1 ? "a tree of its own for each rail (NVLink joins them)"
                          : "the rails meet at the spines",
            f->down, f->up, f->leaf_nodes);
    }
    ls_buffer_printf(out, ". Bisection: %.4g TB/s each way.\n", f->bisection_gbit / 8000);
}

static void put_spares(const ls_design *d, ls_buffer *out) {
    char repair[TEXT_SIZE];
    ls_units_show_time((double)d->ask.repair_us, repair, sizeof repair);
    ls_buffer_printf(out,
                     "Spares: %.4g failures in 1000 node days are %.3g a day, repaired within %s. ",
                     d->ask.failures, d->failures_a_day, repair);
    if (d->domain_nodes > 1) {
        ls_buffer_printf(
            out,
            "%u of the %u trays of each NVLink domain stand by; at any moment %.2g domains "
            "of %u have more down than that. ",
            d->spare, d->domain_nodes, d->beyond_spare, d->domains);
    } else {
        ls_buffer_printf(out, "%u nodes stand by; more are down at once with a chance of %.1g. ",
                         d->spare, d->beyond_spare);
    }
    ls_buffer_printf(out, "To be promised: %u GPUs.\n", d->usable_gpus);
}

// Water at 10 K: 4.18 kJ a kilogram and kelvin, so 1.435 litres a minute for a kilowatt.
static void put_cooling(const ls_design *d, ls_buffer *out) {
    char all[TEXT_SIZE], rack[TEXT_SIZE], hall[TEXT_SIZE];
    ls_buffer_printf(out, "Cooling: %s of heat, %s a rack, up to %s a hall; ",
                     show_power(d->computing_watts, all), show_power(d->rack_watts, rack),
                     show_power(d->rack_watts * d->hall_racks, hall));
    if (d->ask.model->is_liquid) {
        ls_buffer_printf(out, "by liquid, %.3g litres a minute for a rack at 10 K.\n",
                         (double)d->rack_watts / 1000 * 60 / (4.18 * 10));
    } else {
        ls_buffer_text(out, "by air.\n");
    }
}

// --- jobs

static void put_jobs(const ls_design *d, ls_arena *arena, ls_buffer *out) {
    uint32_t sizes[LS_DESIGN_JOBS_MAX];
    const uint32_t count = ls_pool_design_sizes(d, sizes);
    ls_table table;
    ls_table_init(&table, arena);
    ls_table_column(&table, "GPUs of a job", LS_ALIGN_RIGHT);
    ls_table_column(&table, "domains", LS_ALIGN_RIGHT);
    ls_table_column(&table, "groups of leaves", LS_ALIGN_RIGHT);
    ls_table_column(&table, "all-reduce GB/s", LS_ALIGN_RIGHT);
    ls_table_column(&table, "all-to-all GB/s", LS_ALIGN_RIGHT);
    ls_table_column(&table, "a node fails every", LS_ALIGN_RIGHT);
    for (uint32_t i = 0; i < count; i++) {
        const ls_design_job job = ls_design_job_of(d, sizes[i]);
        char text[TEXT_SIZE];
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%u", job.gpus);
        ls_table_cell(&table, 1, "%u", job.domains);
        ls_table_cell(&table, 2, "%u", job.leaf_groups);
        ls_table_cell(&table, 3, "%.4g", job.all_reduce_gbyte);
        ls_table_cell(&table, 4, "%.4g", job.all_to_all_gbyte);
        ls_units_show_time(job.failure_us, text, sizeof text);
        ls_table_cell(&table, 5, "%s", text);
    }
    ls_buffer_text(out, "\n");
    ls_table_print(&table, 0, out);
    ls_buffer_text(
        out,
        "Bounds by bandwidth, each job in as few domains as it can be; all-reduce is bus "
        "bandwidth.\n");
}

static void put_sources(const ls_design *d, ls_buffer *out) {
    ls_buffer_text(out, "\nFigures:\n");
    for (int i = 0; d->ask.model->source[i] != NULL; i++) {
        ls_buffer_printf(out, "- %s\n", d->ask.model->source[i]);
    }
    ls_buffer_printf(out, "- %s\n", d->ask.switches->source);
    ls_buffer_text(
        out,
        "- rules, failures and PUE: docs/POOL.md, which also says what was not looked up "
        "again: data sheets, PUE\n");
}

void ls_pool_design_text(const ls_pool_designed *p, ls_buffer *out) {
    const ls_design *d = &p->design;
    ls_arena arena;
    ls_arena_init(&arena);
    put_head(p, out);
    put_bill(d, &arena, out);
    put_fabric(d, out);
    put_spares(d, out);
    put_cooling(d, out);
    put_jobs(d, &arena, out);
    put_sources(d, out);
    if (p->path != NULL) {
        ls_buffer_text(out, "\nNext: lineshaft check ");
        ls_put_shell_word(out, p->path);
        ls_buffer_text(out, "\n");
    }
    ls_arena_clear(&arena);
}

// --- JSON

static json_t *integer(uint64_t value) {
    return json_integer((json_int_t)value);
}

static json_t *power_json(const ls_design *d) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:f}", "racks_w", integer((uint64_t)d->racks_watts),
                     "switches_w", integer((uint64_t)d->switch_watts), "optics_w",
                     integer((uint64_t)d->optics_watts), "computing_w",
                     integer((uint64_t)d->computing_watts), "building_w",
                     integer((uint64_t)d->building_watts), "pue", d->ask.pue);
}

static json_t *fabric_json(const ls_design *d) {
    const ls_design_fabric *f = &d->fabric;
    json_t *object = json_object();
    json_object_set_new(object, "switch", json_string(d->ask.switches->name));
    json_object_set_new(object, "ports", integer(d->ask.ports));
    json_object_set_new(object, "rails", integer(f->rails));
    json_object_set_new(object, "planes", integer(f->planes));
    json_object_set_new(object, "tiers", integer(f->tiers));
    json_object_set_new(object, "leaf_down", integer(f->down));
    json_object_set_new(object, "leaf_up", integer(f->up));
    json_object_set_new(object, "leaf_nodes", integer(f->leaf_nodes));
    json_object_set_new(object, "pod_nodes", integer(f->pod_nodes));
    json_object_set_new(object, "leaves", integer(f->leaves));
    json_object_set_new(object, "spines", integer(f->spines));
    json_object_set_new(object, "cores", integer(f->cores));
    json_object_set_new(object, "node_links", integer(f->node_links));
    json_object_set_new(object, "leaf_links", integer(f->leaf_links));
    json_object_set_new(object, "spine_links", integer(f->spine_links));
    json_object_set_new(object, "bisection_gbyte_s", ls_json_number(f->bisection_gbit / 8));
    return object;
}

static json_t *jobs_json(const ls_design *d) {
    json_t *list = json_array();
    uint32_t sizes[LS_DESIGN_JOBS_MAX];
    const uint32_t count = ls_pool_design_sizes(d, sizes);
    for (uint32_t i = 0; i < count; i++) {
        const ls_design_job job = ls_design_job_of(d, sizes[i]);
        json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "gpus", integer(job.gpus), "domains",
                      integer(job.domains), "leaf_groups", integer(job.leaf_groups), "pods",
                      integer(job.pods), "all_reduce_gbyte_s", ls_json_number(job.all_reduce_gbyte),
                      "all_to_all_gbyte_s", ls_json_number(job.all_to_all_gbyte), "failure_s",
                      ls_json_number(job.failure_us / 1e6)));
    }
    return list;
}

static json_t *sources_json(const ls_design *d) {
    json_t *list = json_array();
    for (int i = 0; d->ask.model->source[i] != NULL; i++) {
        json_array_append_new(list, json_string(d->ask.model->source[i]));
    }
    json_array_append_new(list, json_string(d->ask.switches->source));
    return list;
}

void ls_pool_design_json(const ls_pool_designed *p, ls_buffer *out) {
    const ls_design *d = &p->design;
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("pool-design/1"));
    json_object_set_new(object, "kind", json_string(d->ask.model->name));
    json_object_set_new(object, "fits", json_boolean(p->fits));
    json_object_set_new(
        object, "asked",
        json_pack("{s:o, s:o, s:o, s:o}", "gpus", integer(p->asked.ask.gpus), "racks",
                  integer(p->asked.racks), "power_w", integer((uint64_t)p->asked.ask.power_watts),
                  "building_w", integer((uint64_t)p->asked.building_watts)));
    json_object_set_new(object, "gpus", integer(d->gpus));
    json_object_set_new(object, "usable_gpus", integer(d->usable_gpus));
    json_object_set_new(object, "nodes", integer(d->nodes));
    json_object_set_new(object, "racks", integer(d->racks));
    json_object_set_new(object, "rows", integer(d->rows));
    json_object_set_new(object, "halls", integer(d->halls));
    json_object_set_new(object, "spare_nodes", integer(d->spare_nodes));
    json_object_set_new(object, "failures_a_day", ls_json_number(d->failures_a_day));
    json_object_set_new(object, "power", power_json(d));
    json_object_set_new(object, "network", fabric_json(d));
    json_object_set_new(object, "jobs", jobs_json(d));
    json_object_set_new(object, "sources", sources_json(d));
    ls_json_print(object, out);
}
