// openb_fuzz.c - a table of nodes and a table of pods from one text, a line "@@" between them. What
// the importer accepts must be a cluster that holds together, and the experiment must run on it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import/openb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES_MAX = 2000, PODS_MAX = 200 };

static void play(const ls_cluster *c, const ls_openb_pods *pods, ls_arena *arena) {
    ls_error err = {0};
    ls_demand demand;
    ls_openb_pods arrivals;
    ls_occupancy *o = NULL;
    if (ls_cluster_check(c, &err) != LS_OK) {
        abort();
    }
    if (pods->count > PODS_MAX || ls_openb_demand(pods, arena, &demand, &err) != LS_OK ||
        ls_openb_arrivals(pods, c, 0.0, 1, arena, &arrivals, &err) != LS_OK ||
        ls_occupancy_new(c, LS_PLACE_OWN, &demand, 1, &o, &err) != LS_OK) {
        return;
    }
    for (size_t i = 0; i < arrivals.count; i++) {
        ls_pool_share share;
        if (ls_occupancy_find(o, arrivals.shapes + i, INT64_MAX, &share)) {
            ls_occupancy_take(o, arrivals.shapes + i, &share, 1);
        }
    }
    ls_occupancy_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    const char *between = size > 4 ? memmem(text, size, "\n@@\n", 4) : NULL;
    const size_t nodes = between != NULL ? (size_t)(between - text) + 1 : size;
    const size_t pods = between != NULL ? nodes + 3 : size;
    ls_arena arena;
    ls_arena_init(&arena);
    ls_cluster c;
    ls_openb_pods list;
    ls_error err = {0};
    if (ls_openb_nodes(text, nodes, "nodes.csv", &arena, &c, &err) == LS_OK &&
        c.node_count <= NODES_MAX &&
        ls_openb_pods_read(text + pods, size - pods, "pods.csv", &c, &arena, &list, &err) ==
            LS_OK) {
        play(&c, &list, &arena);
    } else if (err.text[0] == '\0' && c.node_count <= NODES_MAX) {
        abort();  // refused without a reason
    }
    ls_arena_clear(&arena);
    return 0;
}
