// pool_simulate.c - `lineshaft pool simulate`: a policy tried on a year of load before it is used.
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/pool_open.h"
#include "cli/pool_outcome.h"
#include "cli/progress.h"
#include "import/pool_trace.h"
#include "pool/mix.h"
#include "pool/terms.h"

enum { TRACE_SIZE_MAX = 1 << 30 };
#define DAY_US INT64_C(86400000000)

static const char *const policy_words[] = {"own", "fifo", "easy", "sjf", NULL};

static const ls_option own_options[] = {
    {.name = "trace",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .says = "jobs are drawn from --mix",
     .about = "jobs that a real cluster ran, as a CSV file",
     .detail =
         "Philly, Helios, Acme and Alibaba's spot trace are known by their columns; a table of "
         "your own has submit_s, run_s, gpus, and as wanted account, nodes, priority, limit_s, "
         "milli"},
    {.name = "mix",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .initial = "group",
     .about = "a stated mix of jobs to draw from; docs/POOL.md has them"},
    {.name = "load",
     .kind = LS_OPTION_SHARE,
     .argument = "SHARE",
     .initial = "90 %",
     .about = "GPU time asked for by the mix, of what there is"},
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "30 d, or to the end of the trace and 7 d",
     .about = "how long"},
    {.name = "policy",
     .kind = LS_OPTION_CHOICE,
     .argument = "own|fifo|easy|sjf",
     .choices = policy_words,
     .initial = "own",
     .about = "who goes when",
     .detail =
         "own: shares, backfill with promises, taking back; fifo: first come, nobody passes; "
         "easy: first come, EASY backfill; sjf: the shortest first, told by an oracle. The last "
         "three know no accounts"},
    {.name = "account",
     .kind = LS_OPTION_TEXT,
     .argument = "NAME",
     .says = "as the trace says",
     .about = "all jobs of the trace are of this account"},
    {.name = "limit",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 1000,
     .initial = "2",
     .about = "a job without a limit may run N times as long as it does",
     .detail = "Backfill plans with the longest time, which users give with room to spare"},
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 0,
     .most = INT64_C(9007199254740992),
     .initial = "1",
     .about = "of the mix and of failures"},
    {.name = "no-failures", .kind = LS_OPTION_FLAG, .about = "no node breaks"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "one object for programs; docs/JSON.md"},
    {.name = "csv",
     .kind = LS_OPTION_TEXT,
     .argument = "FILE",
     .says = "none is written",
     .about = "a statement: each account's GPU time, day by day"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_output_options, NULL};
