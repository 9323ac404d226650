// reference.c - the parts of docs/POOL.md that are made from tables: keys, known kinds.
#include "pool/catalog.h"
#include "pool/pool_file.h"
#include "pool/schema.h"

static void put_kind(ls_buffer *out, const ls_pool_model *m) {
    ls_buffer_printf(out, "| `%s` | %u | %.0f GB | %u W | %.0f | %u GiB | ", m->name, m->gpus,
                     m->gpu_memory_mib * 1.048576 / 1000, m->gpu_watts, m->cpus,
                     m->memory_mib / 1024);
    if (m->rack_nodes > 0) {
        ls_buffer_printf(out, "%u | %u | ", m->domain_nodes, m->rack_nodes);
    } else {
        ls_buffer_printf(out, "%u | - | ", m->domain_nodes);
    }
    if (m->rack_watts > 0) {
        ls_buffer_printf(out, "%.4g kW a rack | ", m->rack_watts / 1000.0);
    } else {
        ls_buffer_printf(out, "%.4g kW a node | ", m->node_watts / 1000.0);
    }
    ls_buffer_printf(out, "%.0f Gb/s | %.0f GB/s |\n", m->link_gbit, m->nvlink_gbyte);
}

ls_status ls_pool_reference(ls_buffer *out) {
    ls_buffer_text(out, "## Keys\n\n");
    ls_schema_reference(&ls_pool_schema, out);
    ls_buffer_text(
        out,
        "## Known kinds\n\n"
        "| kind | GPUs of a node | memory of one | its power | cores of a node | memory of a node "
        "| "
        "nodes of an NVLink domain | nodes of a rack | power | out, each GPU | NVLink, each way |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < ls_pool_model_count(); i++) {
        put_kind(out, ls_pool_model_get(i));
    }
    ls_buffer_text(out, "\nWhere these figures are from:\n\n");
    for (uint32_t i = 0; i < ls_pool_model_count(); i++) {
        const ls_pool_model *m = ls_pool_model_get(i);
        for (int s = 0; m->source[s] != NULL; s++) {
            ls_buffer_printf(out, "- `%s`: %s.\n", m->name, m->source[s]);
        }
    }
    ls_buffer_text(
        out,
        "\nWhat is told of a data sheet was written down from knowledge and not looked up "
        "again; the rest was read where it says.\n");
    return out->failed ? LS_ERR_MEMORY : LS_OK;
}
