// replay_table.h - a table of numbers (a public recording as CSV) played as a Sparkplug edge node.
//
// Each column becomes a metric of the node, by its header; each row one message, at a time of its
// own: start_us, start_us + every_us, ... Cells are numbers; an empty cell says nothing. The values
// that arrive are the doubles nearest to what the file says, bit for bit.
#pragma once

#include "base/csv.h"
#include "line/mqtt.h"
#include "line/record.h"

typedef struct ls_replay_table {
    const ls_csv *table;
    const char *group, *node, *device;  // device NULL: metrics of the node itself
    int64_t start_us, every_us;         // whole milliseconds: Sparkplug has no finer ones
    double speed;                       // 0: as fast as possible
} ls_replay_table;

// `connection` says where to; waits for the broker. Fails with LS_ERR_INVALID (a cell that is no
// number: file, line, column), LS_ERR_STOPPED (progress says stop), and as ls_edge_create.
ls_status ls_replay_table_run(const ls_mqtt_def *connection, const ls_replay_table *def,
                              const char *file, ls_record_progress progress, void *context,
                              ls_record_figures *out, ls_error *err);
