// openb.h - the nodes and pods of Alibaba's openb trace (cluster-trace-gpu-v2023), as a cluster and
// a list of shapes; and the experiment that was published on them (Weng et al., Beware of
// Fragmentation, USENIX ATC 2023).
//
//   nodes  sn, cpu_milli, memory_mib, gpu, model
//   pods   name, cpu_milli, memory_mib, num_gpu, gpu_milli, and as wanted gpu_spec: models that
//          will do, with | between them; empty: any
//
// Either may have a column `count`: so many rows like this one, under one name.
//
// Pure: text in, tables out. Other columns are not looked at.
#pragma once

#include "base/arena.h"
#include "pool/occupancy.h"

enum { LS_OPENB_ROWS_MAX = 10000000 };

// Everything lies in the arena. Fails with LS_ERR_INVALID (file, line, column), LS_ERR_LIMIT,
// LS_ERR_MEMORY.
ls_status ls_openb_nodes(const char *text, size_t size, const char *file, ls_arena *arena,
                         ls_cluster *out, ls_error *err);

typedef struct ls_openb_pods {
    ls_shape *shapes;  // one for each pod, in the order of the file
    size_t count;
    uint64_t milli;  // of all, thousandths of GPUs
} ls_openb_pods;

ls_status ls_openb_pods_read(const char *text, size_t size, const char *file,
                             const ls_cluster *cluster, ls_arena *arena, ls_openb_pods *out,
                             ls_error *err);

// The shapes that are expected: the most frequent ones until they are 95 % of the pods, with their
// frequency as weight. Memory is not looked at.
ls_status ls_openb_demand(const ls_openb_pods *pods, ls_arena *arena, ls_demand *out,
                          ls_error *err);

// The arrivals of the experiment: all pods, and more that are drawn from them until they ask for
// `ratio` times the GPUs of the cluster, in random order.
ls_status ls_openb_arrivals(const ls_openb_pods *pods, const ls_cluster *cluster, double ratio,
                            uint64_t seed, ls_arena *arena, ls_openb_pods *out, ls_error *err);
