// figures.c - names, units and directions of the figures.
#include <stddef.h>

#include "twin/twin.h"

static const ls_figure_info figures[LS_FIG_COUNT] = {
    [LS_FIG_RELEASED] = {"released", "lots", "lots released", 0},
    [LS_FIG_DONE] = {"done", "lots", "lots finished", 1},
    [LS_FIG_SCRAPPED] = {"scrapped", "lots", "lots scrapped", -1},
    [LS_FIG_LOST] = {"lost", "lots", "lots that found no room and were lost", -1},
    [LS_FIG_THROUGHPUT] = {"throughput", "lots/day", "lots finished per day", 1},
    [LS_FIG_CYCLE_MEAN] = {"cycle_time_mean_s", "s", "mean time from release to done", -1},
    [LS_FIG_CYCLE_P50] = {"cycle_time_p50_s", "s", "median time from release to done", -1},
    [LS_FIG_CYCLE_P90] = {"cycle_time_p90_s", "s", "90 % of lots are done within", -1},
    [LS_FIG_CYCLE_P99] = {"cycle_time_p99_s", "s", "99 % of lots are done within", -1},
    [LS_FIG_CYCLE_MAX] = {"cycle_time_max_s", "s", "longest time from release to done, whole run",
                          -1},
    [LS_FIG_X_FACTOR] = {"x_factor", "", "cycle time over raw process time", -1},
    [LS_FIG_WIP] = {"wip", "lots", "lots in the plant, time average", -1},
    [LS_FIG_ON_TIME] = {"on_time", "share", "finished by the due date", 1},
    [LS_FIG_TARDINESS] = {"tardiness_mean_s", "s", "mean lateness, early lots count as 0", -1},
    [LS_FIG_LIMITS_MISSED] = {"queue_limits_missed", "count", "queue-time limits exceeded", -1},
    [LS_FIG_REWORKED] = {"reworked", "count", "times a lot was sent to rework", -1},
    [LS_FIG_OUTSIDE] = {"outside", "lots",
                        "lots that wait outside in order pools, time average; `wip` has them too",
                        -1},
    [LS_FIG_OUTSIDE_WAIT] = {"outside_wait_mean_s", "s",
                             "mean wait in order pools of lots that came in out of one", -1},
    [LS_FIG_LOTS] = {"lots", "lots", "lots finished at the station", 1},
    [LS_FIG_PARTS] = {"parts", "parts", "parts finished at the station", 1},
    [LS_FIG_QUEUE] = {"queue", "lots", "lots waiting, time average", -1},
    [LS_FIG_QUEUE_WAIT] = {"queue_wait_mean_s", "s", "mean wait of lots started", -1},
    [LS_FIG_QUEUE_WAIT_MAX] = {"queue_wait_max_s", "s", "longest wait, whole run", -1},
    [LS_FIG_STARVED] = {"starved", "share", "machines idle without lots they may take", 0},
    [LS_FIG_PROCESSING] = {"processing", "share", "machines processing, load and unload included",
                           0},
    [LS_FIG_SETUP] = {"setup", "share", "machines in setup", -1},
    [LS_FIG_BLOCKED] = {"blocked", "share", "machines holding finished lots for want of room", -1},
    [LS_FIG_DOWN] = {"down", "share", "machines failed, waiting for repair or in repair", -1},
    [LS_FIG_MAINTENANCE] = {"maintenance", "share", "machines in preventive maintenance", 0},
    [LS_FIG_OFF] = {"off", "share", "machines off shift", 0},
    [LS_FIG_OPERATOR] = {"operator", "share", "machines loaded and waiting for an operator", -1},
    [LS_FIG_AVAILABILITY] = {"availability", "share",
                             "ISO 22400-2: production time over planned busy time", 1},
    [LS_FIG_EFFECTIVENESS] = {"effectiveness", "share",
                              "ISO 22400-2: planned run time of what was made over production time",
                              1},
    [LS_FIG_QUALITY] = {"quality", "share", "ISO 22400-2: good over all parts", 1},
    [LS_FIG_OEE] = {"oee", "share", "ISO 22400-2: availability x effectiveness x quality", 1},
    [LS_FIG_BATCH_MEAN] = {"batch_mean", "lots", "lots per operation", 0},
};

ls_figure_info ls_figure_describe(ls_figure figure) {
    static const ls_figure_info none = {"", "", "", 0};
    return (int)figure >= 0 && figure < LS_FIG_COUNT ? figures[figure] : none;
}
