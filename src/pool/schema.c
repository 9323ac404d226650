// schema.c - see schema.h. Rows stand depth first: all rows below a row follow it directly.
#include "pool/schema.h"

#include "base/schema_rows.h"

// clang-format off
#define GPUS_MAX 4000000.0
#define NODES_MAX 1000000.0

// What every group of units or nodes says.
#define GROUP_KEYS(p, what)                                                                       \
    KEY_NAME(p ".name", .fallback = what, .help = "Name of each; with `count` over 1 a number follows, or takes the place of `#` (`##`: at least two digits). Numbers go on through the whole pool, so that no two have one name."), \
    KEY_COUNT(p ".count", 1, NODES_MAX, .fallback = "1", .help = "How many of these, in each unit that they stand in."), \
    KEY_COUNT(p ".spare", 0, NODES_MAX, .fallback = "0", .help = "How many nodes of each are held back for failures: the last ones.")
#define POWER_KEY(p) \
    KEY_POWER(p ".power", .note = "no limit", .help = "The most that what runs in each of them may draw.")
#define BELOW(p, level) \
    {.path = p "." level, .type = LS_KEY_MAP, .shapes = MAP | LIST, .like = level, .note = "none", .help = "See `" level "`."}

static const ls_key keys[] = {
    KEY_NAME("pool", .required = true, .help = "Name of the pool."),
    KEY_TEXT("about", .fallback = "", .help = "One line for people."),
    {.path = "start", .type = LS_KEY_DATE, .shapes = ONE, .fallback = "2026-01-05T00:00", .help = "Wall clock at time zero; months of budgets are laid from it."},
    KEY_MAP("kinds", .note = "the known ones", .help = "Kinds of GPUs beside the known ones, or other figures for a known one."),
    KEY_MAP("kinds.*", .help = "A kind: what one node of it has."),
    KEY_COUNT("kinds.*.gpus", 1, 32, .note = "that of the known kind", .help = "GPUs of one node."),
    KEY_MEMORY("kinds.*.gpu-memory", .note = "not told", .help = "Memory of one GPU; a job that asks for some fits only where it is told."),
    KEY_POWER("kinds.*.gpu-power", .note = "not told", .help = "What one GPU draws at work."),
    KEY_POWER("kinds.*.gpu-idle", .fallback = "0 W", .help = "What one GPU draws when nothing runs."),
    KEY_NUMBER("kinds.*.cpus", 0, 65536, .fallback = "0", .help = "Processors (cores) of one node."),
    KEY_MEMORY("kinds.*.memory", .fallback = "0", .help = "Memory of one node."),
    KEY_COUNT("kinds.*.domain", 1, 4096, .fallback = "1", .help = "Nodes that make one NVLink domain; 1: the GPUs of a node have NVLink among themselves, or none."),
    KEY_COUNT("kinds.*.rack", 0, 4096, .fallback = "0", .help = "Nodes of a rack that is bought as one; 0: racks are as full as the file says."),
    {.path = "sites", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "Places far from each other: accounts can be kept to some. Here and below: one group, or a list of groups; a level that a pool does not have is left out."},
    GROUP_KEYS("sites", "site"), POWER_KEY("sites"),
    BELOW("sites", "halls"), BELOW("sites", "rows"), BELOW("sites", "racks"), BELOW("sites", "domains"), BELOW("sites", "nodes"),
    {.path = "halls", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "Halls of a site: one supply of power and cooling."},
    GROUP_KEYS("halls", "hall"), POWER_KEY("halls"),
    BELOW("halls", "rows"), BELOW("halls", "racks"), BELOW("halls", "domains"), BELOW("halls", "nodes"),
    {.path = "rows", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "Rows of a hall."},
    GROUP_KEYS("rows", "row"), POWER_KEY("rows"),
    BELOW("rows", "racks"), BELOW("rows", "domains"), BELOW("rows", "nodes"),
    {.path = "racks", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "Racks."},
    GROUP_KEYS("racks", "rack"), POWER_KEY("racks"),
    KEY_NAME("racks.kind", .note = "what `domains` and `nodes` say", .help = "A kind that is bought by the rack: domains and nodes follow from it."),
    BELOW("racks", "domains"), BELOW("racks", "nodes"),
    {.path = "domains", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "NVLink domains of several nodes."},
    GROUP_KEYS("domains", "domain"),
    KEY_NAME("domains.kind", .note = "what `nodes` says", .help = "A kind whose domains are known: the nodes follow from it."),
    BELOW("domains", "nodes"),
    {.path = "nodes", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "Machines, compute trays."},
    GROUP_KEYS("nodes", "node"),
    KEY_NAME("nodes.kind", .note = "no GPUs", .help = "The kind of their GPUs."),
    KEY_COUNT("nodes.gpus", 0, 32, .note = "that of the kind", .help = "GPUs of each node."),
    KEY_COUNT("nodes.slots", 1, 32, .note = "none", .help = "For machines without GPU: so many jobs of one slot run at once on each. They are called CPU slots everywhere and count like GPUs of the kind `cpu-slot`."),
    KEY_NUMBER("nodes.cpus", 0, 65536, .note = "those of the kind; with `slots`, one each", .help = "Processors (cores) of each node."),
    KEY_MEMORY("nodes.memory", .note = "that of the kind", .help = "Memory of each node."),
    {.path = "drained", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .note = "none", .help = "Nodes on which nothing new starts: names of nodes or of units, or `FROM to TO` for nodes that follow each other."},
    {.path = "broken", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .note = "none", .help = "Nodes that are down at the start, named in the same way."},
    KEY_MAP("reserved", .note = "none", .help = "Nodes that are kept for somebody."),
    KEY_MAP("reserved.*", .help = "A reservation."),
    {.path = "reserved.*.nodes", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .required = true, .help = "Names of nodes or of units, or `FROM to TO`."},
    KEY_TEXT("reserved.*.for", .note = "nobody, as for work on the building", .help = "The account, with its parents: `suppliers.castings`."),
    {.path = "reserved.*.from", .type = LS_KEY_DATE, .shapes = ONE, .note = "the start", .help = "From when on."},
    {.path = "reserved.*.until", .type = LS_KEY_DATE, .shapes = ONE, .note = "for ever", .help = "Until when."},
    KEY_MAP("failures", .note = "nothing breaks down", .help = "How often nodes break down; for the simulated clock."),
    KEY_TIME("failures.every", .required = true, .help = "Mean time between two failures of one node."),
    KEY_TIME("failures.repair", .fallback = "24 h", .help = "Mean time until it is back."),
    KEY_NUMBER("failures.lemons", 0, 1, .fallback = "0", .help = "Share of the nodes that are bad and break down more often than the others; which ones is drawn."),
    KEY_NUMBER("failures.worse", 1, 1000, .fallback = "20", .help = "So many times as often do these."),
    KEY_NUMBER("failures.gpus", 0, 1, .fallback = "0", .help = "Share of these failures that are of one GPU alone: what has it stops, the node's others stay."),
    KEY_COUNT("failures.exchange-after", 2, 16, .note = "nobody is", .help = "A node that broke down so many times within `exchange-within` is drained when it is repaired, and exchanged."),
    KEY_TIME("failures.exchange-within", .fallback = "30 d", .help = "See there."),
    KEY_TIME("failures.exchange", .fallback = "7 d", .help = "How long that takes; the other one is as good as any."),
    KEY_TIME("reclaim", .fallback = "10 min", .help = "What an account lent is back within this time when it asks; accounts can say their own."),
    KEY_YESNO("restore-shares", .fallback = "no", .help = "Who has borrowed more than by weight gives back to who waits with less, within the time of `reclaim`; else weights say only who gets what comes free."),
    KEY_TEXT("currency", .fallback = "credits", .help = "What prices are in, as `EUR`."),
    {.path = "prices", .type = LS_KEY_NUMBER, .shapes = ONE | MAP, .low = 0, .high = 1e9, .note = "none", .help = "What the accounts at the top pay for an hour of a GPU: one price, or one for each kind."},
    KEY_NUMBER("prices.*", 0, 1e9, .help = "Price of an hour of a GPU of this kind."),
    KEY_MAP("accounts", .note = "one that may use everything", .help = "Who shares the pool."),
    KEY_MAP("accounts.*", .help = "An account. With `count` its name takes a number, as those of nodes do."),
    KEY_TEXT("accounts.*.about", .fallback = "", .help = "One line for people."),
    KEY_COUNT("accounts.*.count", 1, 100000, .fallback = "1", .help = "So many accounts that are alike, each with all that stands below."),
    {.path = "accounts.*.guarantee", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .note = "what its accounts were promised; else 0", .help = "GPUs it can count on: `16`, of any kind it may use; `16 b200`; or a list of these, which add up."},
    KEY_NUMBER("accounts.*.weight", 0.001, 1e6, .fallback = "1", .help = "Its part of what nobody was promised or uses, beside the other accounts of its parent."),
    {.path = "accounts.*.limit", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .note = "none", .help = "The most it may hold at once: `64` in all, `16 b200`, or a list of which all have to hold."},
    KEY_YESNO("accounts.*.borrow", .fallback = "yes", .help = "It may hold more than its guarantee when others leave theirs idle."),
    KEY_TIME("accounts.*.reclaim", .note = "that of its parent", .help = "See `reclaim`."),
    {.path = "accounts.*.kinds", .type = LS_KEY_NAME, .shapes = ONE | LIST, .note = "those of its parent", .help = "The kinds it may use."},
    {.path = "accounts.*.sites", .type = LS_KEY_NAME, .shapes = ONE | LIST, .note = "those of its parent", .help = "The sites its jobs, and so their data, may be at."},
    KEY_NUMBER("accounts.*.budget", 0, 1e12, .note = "none", .help = "GPU hours of a calendar month, with all below it."),
    KEY_COUNT("accounts.*.priority", 0, 1000, .note = "that of its parent; 100", .help = "Of its jobs that do not say their own; the higher goes first among the jobs of one account."),
    KEY_COUNT("accounts.*.priority-max", 0, 1000, .note = "that of its parent; 1000", .help = "The highest that its jobs may have."),
    {.path = "accounts.*.prices", .type = LS_KEY_NUMBER, .shapes = ONE | MAP, .low = 0, .high = 1e9, .note = "what it pays itself", .help = "What its accounts pay to it for an hour of a GPU."},
    KEY_NUMBER("accounts.*.prices.*", 0, 1e9, .help = "Price of an hour of a GPU of this kind."),
    KEY_TEXT("accounts.*.table", .note = "none", .help = "A CSV file beside the pool file with more accounts below this one, a line each: the column `account` and others named like the keys here; `a.b` is the account `b` of `a`, which stands in a line before it."),
    {.path = "accounts.*.accounts", .type = LS_KEY_MAP, .shapes = MAP, .like = "accounts", .note = "none", .help = "Accounts that share what this one has; to any depth up to 16."},
};
// clang-format on

const ls_schema ls_pool_schema = {
    .keys = keys,
    .count = sizeof keys / sizeof keys[0],
    .file = "the pool file",
    .begins = "a pool file begins like this: 'pool: NAME'",
    .example = "pool: NAME",
};
