// schema.c - see schema.h. Rows stand depth first: all rows below a row follow it directly.
#include "plant/schema.h"

#include <string.h>

#include "base/schema_rows.h"

// clang-format off
#define RULES "fifo lifo spt lpt edd slack cr fbfs lbfs setup no-setup hot queue-time random"
#define MODES "watch advise approve auto"
#define KINDS "dispatch release maintenance batch setup conwip staffing setpoint"
#define TERMS "throughput on-time cycle-time wip tardiness changes"
#define FEATURES "last mean std min max slope count since still missing before"
#define PHASES "setup load process unload all"

// Batch limits of a station and of a step.
#define BATCH_KEYS(p)                                                                             \
    KEY_COUNT(p ".min", 1, 1e6, .fallback = "1", .help = "Fewest lots (or parts) a batch starts with."), \
    KEY_COUNT(p ".max", 1, 1e6, .note = "same as `min`", .help = "Most lots (or parts) in a batch."), \
    {.path = p ".wait", .type = LS_KEY_TIME, .shapes = ONE, .low = 0, .high = CENTURY_US, .words = "forever", .fallback = "forever", \
     .help = "When the oldest lot has waited this long, a batch starts with fewer than `min`."}, \
    KEY_COUNT(p ".most", 0, 1e6, .fallback = "0", .help = "Most lots of one step in one batch; 0: no limit.")

// A failure mode or a maintenance, what both have.
#define UPKEEP_KEYS(p)                                                                            \
    KEY_NAME(p ".name", .note = "`failure` or `maintenance`, numbered from the second on", .help = "Name in results."), \
    {.path = p ".on", .type = LS_KEY_NAME, .shapes = ONE | LIST, .note = "all machines of the station", \
     .help = "The machines it concerns; each has its own clock."},                                \
    KEY_NAME(p ".crew", .note = "nobody is needed", .help = "The crew of which one must be free for the work.")

// Where an MQTT broker is and how it lets us in.
#define BROKER_KEYS(p)                                                                            \
    KEY_TEXT(p ".broker", .fallback = "embedded", .help = "`embedded`: a private one, started with the service; else `mqtt://HOST:PORT` or, with TLS, `mqtts://HOST:PORT`."), \
    KEY_TEXT(p ".login", .note = "none", .help = "File with user and password, one line each, readable by its owner alone; files are looked for from the folder of the plant file."), \
    KEY_TEXT(p ".ca", .note = "those of the system", .help = "File with the certificates (PEM) that are trusted."), \
    KEY_TEXT(p ".certificate", .note = "none", .help = "File with our own certificate (PEM)."),   \
    KEY_TEXT(p ".key", .note = "none", .help = "File with its key (PEM)."),                       \
    KEY_CHOICE(p ".mqtt", "5 3.1.1", .fallback = "5", .help = "Version of MQTT.")

// A counter of a machine.
#define COUNTER_KEYS(k, h)                                                                        \
    {.path = "listen.machines.any." k, .type = LS_KEY_TEXT, .shapes = ONE | MAP, .note = "none", .help = h}, \
    KEY_TEXT("listen.machines.any." k ".tag", .required = true, .help = "Its tag."),              \
    KEY_COUNT("listen.machines.any." k ".wraps", 1, 9007199254740992.0, .note = "it does not", .help = "The value after which it starts again at 0: 65535 for 16 bits.")

// Registers of one handshake.
#define HANDSHAKE_KEYS(p, ...)                                                                    \
    KEY_TEXT(p ".kind", __VA_ARGS__, .help = "Text: what is to be done. `kind`, `argument` and `id` lie one behind the other and are written in one request."), \
    KEY_TEXT(p ".argument", __VA_ARGS__, .help = "Text: with what. An argument that does not fit is not sent."), \
    KEY_TEXT(p ".id", __VA_ARGS__, .help = "Whole number of 32 bits: grows with every command."), \
    KEY_TEXT(p ".done", __VA_ARGS__, .help = "Whole number of 32 bits: the id that was answered, written last."), \
    KEY_TEXT(p ".result", __VA_ARGS__, .help = "Whole number: 0 done, else why not."), \
    KEY_TEXT(p ".reason", .note = "none", .help = "Text: why not, in words. Read when `result` is not 0; may lie anywhere.")

// What every point of `decide` may say; `like` gives it to the other kinds.
#define POINT_KEYS(p, e)                                                                             \
    KEY_TEXT(p ".name", .note = "the kind and what it is about: `dispatch grind`", .help = "Name of the point, at most 63 bytes; with several targets theirs is added."), \
    KEY_CHOICE(p ".mode", MODES, .note = "that of `decide`", .help = "See `decide.mode`."),          \
    KEY_YESNO(p ".events", .note = e, .help = "Asked whenever something happens that matters to it."), \
    KEY_TIME(p ".every", .note = "`maintenance` 15 min, `conwip` 1 h, `staffing` 8 h, `setpoint` 1 min; else on events alone", .help = "Asked so often, in the line's time."), \
    KEY_TIME(p ".within", .note = "that of `decide`", .help = "See `decide.within`."),               \
    {.path = p ".horizon", .type = LS_KEY_TIME, .shapes = ONE, .low = 0, .high = CENTURY_US, .words = "auto", .note = "that of `decide`", .help = "See `decide.horizon`."}, \
    KEY_COUNT(p ".futures", 0, 1e6, .note = "that of `decide`", .help = "See `decide.futures`."),    \
    KEY_TIME(p ".approve", .note = "that of `decide`", .help = "See `decide.approve`."),             \
    KEY_NUMBER(p ".gain-min", 0, 1e12, .note = "that of `decide`", .help = "See `decide.gain-min`."), \
    KEY_SHARE(p ".level", .note = "that of `decide`", .help = "See `decide.level`.")

// What a limit of `guards` holds for.
#define VALUE_LIMIT_KEYS(p)                                                                          \
    KEY_TEXT(p ".of", .note = "every value that can be set", .help = "A value of `listen.values`."), \
    KEY_NAME(p ".machine", .note = "every machine", .help = "Only values of this machine.")
#define COMMAND_LIMIT_KEYS(p)                                                                        \
    KEY_CHOICE(p ".kind", KINDS, .note = "every kind", .help = "Only commands of this kind of decision."), \
    KEY_TEXT(p ".of", .note = "every target", .help = "Only setpoints of this value of `listen.values`."), \
    KEY_NAME(p ".machine", .note = "every machine", .help = "Only commands to this machine.")

static const ls_key keys[] = {
    KEY_NAME("plant", .required = true, .help = "Name of the plant."),
    KEY_TEXT("about", .fallback = "", .help = "One line for people."),
    {.path = "start", .type = LS_KEY_DATE, .shapes = ONE, .fallback = "2026-01-05T00:00", .help = "Wall clock at time zero; calendars are laid from it."},
    KEY_MAP("run", .help = "Defaults of `twin run`."),
    KEY_TIME("run.for", .fallback = "30 d", .help = "Measured time, which follows the warm-up."),
    {.path = "run.warmup", .type = LS_KEY_TIME, .shapes = ONE, .low = 0, .high = CENTURY_US, .words = "auto", .fallback = "auto", .help = "Time not counted at the beginning; auto: found by MSER-5."},
    KEY_COUNT("run.reps", 1, 1e6, .fallback = "10", .help = "Replications."),
    KEY_COUNT("run.seed", 0, 9007199254740992.0, .fallback = "1", .help = "Master seed of all random streams."),
    KEY_MAP("limits", .help = "Sizes of the running state; reaching one is an error that names it."),
    KEY_COUNT("limits.lots", 0, 100e6, .fallback = "0", .help = "Most lots in the plant at once; 0: chosen from the plant."),
    {.path = "dispatch", .type = LS_KEY_CHOICE, .shapes = ONE | LIST | MAP, .words = RULES, .fallback = "fifo", .help = "Rules that choose the next lot, the first that tells two lots apart decides; default of all stations."},
    KEY_MAP("dispatch.weighted", .help = "A rule made of a sum: each term times its weight, the greatest sum first. A term left out has weight 0."),
    KEY_NUMBER("dispatch.weighted.wait", -1e12, 1e12, .fallback = "0", .help = "Hours waited in this queue."),
    KEY_NUMBER("dispatch.weighted.priority", -1e12, 1e12, .fallback = "0", .help = "The lot's priority."),
    KEY_NUMBER("dispatch.weighted.setup", -1e12, 1e12, .fallback = "0", .help = "Hours of setup on this machine."),
    KEY_NUMBER("dispatch.weighted.process", -1e12, 1e12, .fallback = "0", .help = "Hours of mean process time of this step."),
    KEY_NUMBER("dispatch.weighted.slack", -1e12, 1e12, .fallback = "0", .help = "Hours of slack: due date minus now minus remaining mean process time."),
    KEY_NUMBER("dispatch.weighted.late", -1e12, 1e12, .fallback = "0", .help = "Hours past the due date, 0 before it."),
    KEY_NUMBER("dispatch.weighted.step", -1e12, 1e12, .fallback = "0", .help = "Number of the step in its route, the first is 0."),
    KEY_MAP("calendars", .help = "Weekly patterns of time on; outside the spans it is off."),
    KEY_MAP("calendars.*", .help = "A calendar. Days are keys: `mon` ... `sun`, ranges as `mon-fri`, `daily`."),
    {.path = "calendars.*.breaks", .type = LS_KEY_SPANS, .shapes = ONE, .fallback = "", .help = "Spans taken out of every day."},
    {.path = "calendars.*.holidays", .type = LS_KEY_DATE, .shapes = ONE | LIST, .note = "none", .help = "Days on which no span begins."},
    {.path = "calendars.*.*", .type = LS_KEY_SPANS, .shapes = ONE, .words = "off", .note = "off on days not named", .help = "The spans that begin on these days, as `\"06:00-14:00 22:00-06:00\"`; one may pass midnight."},
    KEY_MAP("operators", .help = "Groups of people."),
    KEY_MAP("operators.*", .help = "A group of equal people."),
    KEY_COUNT("operators.*.count", 1, 1e6, .fallback = "1", .help = "How many."),
    {.path = "operators.*.skills", .type = LS_KEY_NAME, .shapes = ONE | LIST, .note = "one skill, the group's name", .help = "What each of them can do; stations ask for a skill."},
    KEY_NAME("operators.*.calendar", .note = "always there", .help = "When they are there; work begun is finished."),
    KEY_MAP("crews", .help = "Repair and maintenance crews."),
    KEY_MAP("crews.*", .help = "A crew."),
    KEY_COUNT("crews.*.count", 1, 1e6, .fallback = "1", .help = "How many works it can do at once."),
    KEY_MAP("transport", .help = "Time between stations."),
    KEY_DIST("transport.default", .fallback = "0 s", .help = "From one station to the next, the same station included; not `in`, not `out`."),
    KEY_DIST("transport.*", .help = "`A to B`: stations or areas; `in to A`: from outside; `A to out`: leaving. A rule for a station goes before one for its area."),
    KEY_MAP("stations", .required = true, .help = "The stations: groups of machines with one queue."),
    KEY_MAP("stations.*", .help = "A station."),
    {.path = "stations.*.machines", .type = LS_KEY_COUNT, .shapes = ONE | LIST | MAP, .low = 1, .high = 65000, .fallback = "1", .help = "How many, or a list of names, or a map from name to what is special. Else a machine is called as the station, or `station-1`, `station-2`, ..."},
    KEY_MAP("stations.*.machines.*", .help = "A machine with a name of its own."),
    KEY_NUMBER("stations.*.machines.*.speed", 0.001, 1000, .fallback = "1", .help = "Process times are divided by it."),
    {.path = "stations.*.machines.*.only", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .note = "all", .help = "Products, or steps as `product.step`, that it may run."},
    {.path = "stations.*.machines.*.process", .type = LS_KEY_DIST, .shapes = ONE | MAP, .note = "the step's", .help = "Its own process time, or a map by product or `product.step`."},
    KEY_DIST("stations.*.machines.*.process.*", .help = "Process time of this product, or `product.step`, on this machine."),
    KEY_TEXT("stations.*.machines.*.setup", .note = "the station's `initial`", .help = "Setup state at time zero."),
    KEY_NAME("stations.*.area", .note = "the station itself", .help = "Where it stands, for `transport`."),
    {.path = "stations.*.queue", .type = LS_KEY_COUNT, .shapes = ONE | MAP, .low = 0, .high = 1e9, .words = "unlimited", .fallback = "unlimited", .help = "Places of the queue: lots waiting and lots on their way to it."},
    {.path = "stations.*.queue.places", .type = LS_KEY_COUNT, .shapes = ONE, .low = 0, .high = 1e9, .words = "unlimited", .fallback = "unlimited", .help = "Places."},
    KEY_DIST("stations.*.queue.transit", .fallback = "0 s", .help = "Time to pass through the queue before the lot may be taken."),
    KEY_CHOICE("stations.*.blocking", "after before", .fallback = "after", .help = "`after`: a lot that finds no room downstream stays on the machine; `before`: work starts only when there is room."),
    {.path = "stations.*.process", .type = LS_KEY_DIST, .shapes = ONE | MAP, .note = "each step says it", .help = "Process time, or a map by product."},
    KEY_DIST("stations.*.process.*", .help = "Process time of this product here."),
    KEY_CHOICE("stations.*.per", "lot part batch", .note = "`lot`; `batch` where machines take several lots at once", .help = "What one draw of the process time is for: a lot, a part (the lot takes parts x one draw), a whole batch."),
    KEY_TIME("stations.*.cascade", .fallback = "0 s", .help = "When the next may enter before the last has left: per part, the machine is free after parts x this and the lot done after process + (parts - 1) x this; per lot or batch, the machine is free after this. 0: when the work is done."),
    KEY_TIME("stations.*.load", .fallback = "0 s", .help = "Loading a lot or batch before the process."),
    KEY_TIME("stations.*.unload", .fallback = "0 s", .help = "Unloading after the process."),
    KEY_COUNT("stations.*.ports", 1, 2, .fallback = "1", .help = "1: loading and unloading hold the machine; 2: they overlap with the process of others."),
    KEY_NAME("stations.*.calendar", .note = "always on", .help = "When it works."),
    KEY_CHOICE("stations.*.shift-end", "finish pause abort", .fallback = "finish", .help = "What happens to running work when the calendar turns off: it is finished, or waits and goes on, or starts again from the beginning."),
    {.path = "stations.*.dispatch", .type = LS_KEY_CHOICE, .shapes = ONE | LIST | MAP, .words = RULES, .note = "the plant's `dispatch`", .like = "dispatch", .help = "Rules that choose the next lot, as the plant's `dispatch`."},
    KEY_CHOICE("stations.*.machine-choice", "first least-setup", .fallback = "first", .help = "Which free machine takes a lot: the first in the file, or the one with the least setup."),
    KEY_MAP("stations.*.batch", .note = "one lot at a time", .help = "Machines take several lots at once."),
    BATCH_KEYS("stations.*.batch"),
    KEY_CHOICE("stations.*.batch.by", "product step recipe any", .fallback = "step", .help = "What may be together: lots of one product, of the same step of the same product, of steps with a common `recipe`, anything."),
    KEY_CHOICE("stations.*.batch.prefer", "head full", .fallback = "head", .help = "`head`: the batch of the lot that the dispatch rule puts first; `full`: a full batch first, if there is one."),
    KEY_CHOICE("stations.*.batch.count", "lots parts", .fallback = "lots", .help = "What `min` and `max` count."),
    KEY_MAP("stations.*.setup", .note = "no setups", .help = "Changeover times, by pairs of states or by kind of change. A pair not named takes 0."),
    KEY_DIST("stations.*.setup.product", .fallback = "0 s", .help = "By kind: another product, the same step name."),
    KEY_DIST("stations.*.setup.step", .fallback = "0 s", .help = "By kind: another step name, the same product."),
    KEY_DIST("stations.*.setup.both", .note = "the longer of `product` and `step`", .help = "By kind: another product and another step name."),
    KEY_TEXT("stations.*.setup.initial", .note = "none", .help = "State of the machines at time zero: a product or a `setup` of a step; by kind: `product.step`."),
    KEY_COUNT("stations.*.setup.min-run", 0, 1e6, .fallback = "0", .help = "Before this many lots have run since the last change, a lot of another state is taken only while none of the own state waits."),
    KEY_CHOICE("stations.*.setup.without", "keep clear", .fallback = "keep", .help = "What a step that needs no setup does to the state."),
    KEY_DIST("stations.*.setup.*", .help = "`A to B`: states; `any to B`, `A to any`, and `none to B` for a machine without a state. A pair goes before `any to B`, that before `A to any`."),
    {.path = "stations.*.fails", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "never", .help = "A failure mode, or a list of them."},
    UPKEEP_KEYS("stations.*.fails"),
    {.path = "stations.*.fails.every", .type = LS_KEY_EVERY, .shapes = ONE, .required = true, .help = "Between failures: time as `by` says, or a count as `500 parts`, `exp 40 lots`, `20 batches`."},
    KEY_DIST("stations.*.fails.repair", .required = true, .help = "Duration of the repair."),
    KEY_CHOICE("stations.*.fails.by", "busy calendar", .fallback = "busy", .help = "Which clock runs: `busy`, only while processing; `calendar`, always but under repair."),
    KEY_CHOICE("stations.*.fails.lots", "resume restart scrap", .fallback = "resume", .help = "What becomes of the lots in the machine."),
    {.path = "stations.*.fails.first", .type = LS_KEY_EVERY, .shapes = ONE, .note = "a draw of `every`", .help = "Until the first failure."},
    {.path = "stations.*.maintenance", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "Planned maintenance, or a list of them. It waits until the machine is free and then goes before lots."},
    UPKEEP_KEYS("stations.*.maintenance"),
    {.path = "stations.*.maintenance.every", .type = LS_KEY_EVERY, .shapes = ONE, .required = true, .help = "Between maintenances: time, or a count as `5000 parts`."},
    KEY_DIST("stations.*.maintenance.for", .required = true, .help = "Duration."),
    {.path = "stations.*.maintenance.first", .type = LS_KEY_EVERY, .shapes = ONE, .note = "one `every`", .help = "When the first is due."},
    KEY_CHOICE("stations.*.maintenance.from", "schedule end", .fallback = "schedule", .help = "`schedule`: due dates do not move; `end`: counted from the end of the last."),
    KEY_YESNO("stations.*.maintenance.stagger", .fallback = "no", .help = "Machine k of n is due k/n of the mean interval later."),
    KEY_YESNO("stations.*.maintenance.carry", .fallback = "no", .help = "By count: what is over the count stays for the next one."),
    {.path = "stations.*.operator", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "nobody is needed", .help = "Who must be there, or a list of them."},
    KEY_NAME("stations.*.operator.skill", .required = true, .help = "The skill that is needed."),
    {.path = "stations.*.operator.for", .type = LS_KEY_CHOICE, .shapes = ONE | LIST, .words = PHASES, .fallback = "all", .help = "The phases in which the operator is needed."},
    KEY_MAP("products", .required = true, .help = "What is made."),
    KEY_MAP("products.*", .help = "A product."),
    KEY_COUNT("products.*.lot", 1, 1e6, .fallback = "1", .help = "Parts per lot."),
    {.path = "products.*.route", .type = LS_KEY_NAME, .shapes = ONE | LIST | MAP, .required = true, .help = "The steps in order: the name of a station, or a map."},
    KEY_NAME("products.*.route.at", .note = "required, except with `any`", .help = "The station."),
    KEY_NAME("products.*.route.name", .note = "the station's name; `-2`, `-3` at further visits", .help = "Name of the step, unique in the route."),
    KEY_DIST("products.*.route.process", .note = "the station's", .help = "Process time."),
    KEY_CHOICE("products.*.route.per", "lot part batch", .note = "the station's", .help = "What the process time is for."),
    KEY_TIME("products.*.route.cascade", .note = "the station's", .help = "As the station's `cascade`."),
    KEY_TIME("products.*.route.load", .note = "the station's", .help = "As the station's `load`."),
    KEY_TIME("products.*.route.unload", .note = "the station's", .help = "As the station's `unload`."),
    KEY_NAME("products.*.route.setup", .note = "the product, when a pair of the station names it; by kind: product and step name", .help = "Setup state it needs."),
    KEY_DIST("products.*.route.setup-time", .note = "the station's table", .help = "Setup time when the machine is in another state."),
    KEY_MAP("products.*.route.batch", .note = "the station's", .help = "Batch limits of this step; a key left out is the station's."),
    BATCH_KEYS("products.*.route.batch"),
    {.path = "products.*.route.recipe", .type = LS_KEY_NAME, .shapes = ONE | LIST, .note = "a recipe of its own", .help = "With `batch: {by: recipe}`: the recipes it can be run with; lots with a common one may be together."},
    KEY_SHARE("products.*.route.sample", .fallback = "100 %", .help = "Chance that the step is done at all; for alternatives beside `any`."),
    KEY_SHARE("products.*.route.scrap", .fallback = "0 %", .help = "Chance that the lot is scrapped after the step."),
    KEY_MAP("products.*.route.rework", .note = "none", .help = "Going back after the step."),
    KEY_SHARE("products.*.route.rework.chance", .required = true, .help = "Chance of rework."),
    KEY_NAME("products.*.route.rework.to", .required = true, .help = "The step to go back to."),
    KEY_COUNT("products.*.route.rework.limit", 0, 255, .fallback = "0", .help = "Most reworks of one lot at this step; 0: no limit."),
    KEY_CHOICE("products.*.route.rework.then", "pass scrap", .fallback = "pass", .help = "When the limit is reached and rework is drawn again."),
    KEY_CHOICE("products.*.route.rework.draw", "each once", .fallback = "each", .help = "`each`: at every visit; `once`: only at the first visit of the lot, whatever came out."),
    {.path = "products.*.route.start-by", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "A queue-time limit, or a list: from the end of this step to the start of another. Breaking it is counted."},
    KEY_NAME("products.*.route.start-by.step", .required = true, .help = "The step that must have started."),
    KEY_TIME("products.*.route.start-by.limit", .required = true, .help = "Within this time."),
    KEY_NAME("products.*.route.same-machine-as", .note = "any machine", .help = "An earlier step at the same station whose machine must be used again."),
    KEY_NAME("products.*.route.other-machine-than", .note = "any machine", .help = "An earlier step at the same station whose machine must not be used."),
    {.path = "products.*.route.on", .type = LS_KEY_NAME, .shapes = ONE | LIST, .note = "all", .help = "The machines that may run the step."},
    KEY_MAP("products.*.route.then", .note = "the next step", .help = "Where the lot goes: chances by step name or `done`; the rest goes to the next step."),
    KEY_SHARE("products.*.route.then.*", .help = "Chance of going to this step, or of being `done`."),
    {.path = "products.*.route.any", .type = LS_KEY_NAME, .shapes = ONE | LIST | MAP, .note = "no alternatives", .like = "products.*.route", .help = "Alternatives, one of which is done: a list of steps."},
    KEY_CHOICE("products.*.route.choose", "first shortest random", .fallback = "shortest", .help = "With `any`: `shortest`, fewest lots waiting, coming and in work per machine; `first`, the first with a free machine and empty queue, else the shortest; `random`."),
    {.path = "products.*.release", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none: by `orders`", .help = "How lots come, or a list of ways. Each is a class in the results."},
    KEY_NAME("products.*.release.name", .note = "the product's name; `-2`, `-3` for further ones", .help = "Name of the class, unique in the plant."),
    KEY_DIST("products.*.release.every", .note = "one of `every`, `keep`, `at`", .help = "Time between releases."),
    KEY_COUNT("products.*.release.keep", 1, 1e6, .note = "one of `every`, `keep`, `at`", .help = "CONWIP: a lot is released whenever fewer lots of this class are in the plant."),
    {.path = "products.*.release.at", .type = LS_KEY_TIME, .shapes = ONE | LIST, .low = 0, .high = CENTURY_US, .note = "one of `every`, `keep`, `at`", .help = "Timetable: times of release."},
    KEY_DIST("products.*.release.first", .note = "a draw of `every`", .help = "Until the first release."),
    KEY_COUNT("products.*.release.lots", 1, 1e6, .fallback = "1", .help = "Lots released at a time."),
    KEY_COUNT("products.*.release.count", 1, 9007199254740992.0, .note = "no end", .help = "Most releases."),
    KEY_COUNT("products.*.release.priority", -1e6, 1e6, .fallback = "0", .help = "Priority of the lots; 0 is normal, higher goes first with the rule `hot`."),
    KEY_CHOICE("products.*.release.full", "wait lose", .fallback = "wait", .help = "A lot that finds no room at its first station waits outside, or is lost and counted."),
    KEY_YESNO("products.*.release.pool", .fallback = "no", .help = "Lots of this class have an order pool outside: they come in at once by themselves, but their entry may be put off (`decide.release`). Age, cycle time and due date count from the release, so waiting in the pool costs. Not with `keep` or `full: lose`."),
    KEY_DIST("products.*.release.due", .note = "the product's `due`", .help = "Due date, counted from the release."),
    KEY_DIST("products.*.due", .note = "no due dates", .help = "Due date of the lots, counted from the release."),
    KEY_TEXT("orders", .note = "none", .help = "A CSV file of orders beside the plant file: `time_min` (or `_s`, `_h`, `_d`), `product`, and as wanted `lots`, `due_min`, `priority`, `class`."),
    KEY_TEXT("initial", .note = "an empty plant", .help = "A CSV file of the lots in the plant at time zero: `product`, `step` (name or number from 1), and as wanted `class`, `released_min`, `due_min`, `priority`."),
    KEY_MAP("listen", .note = "the line is not heard", .help = "How the line is heard: its sources, and which signal means what. Tags are full names: `GROUP/NODE/DEVICE/METRIC` of Sparkplug, `TOPIC#FIELD` of JSON, `SOURCE/REGISTER` of Modbus."),
    KEY_CHOICE("listen.clock", "line arrival", .fallback = "line", .help = "Which time counts: the line's own time stamps, or when a signal arrived (where the line has no good clock)."),
    KEY_TIME("listen.stale", .fallback = "60 s", .help = "A source silent for so long is stale: its values are no longer believed."),
    KEY_MAP("listen.sparkplug", .note = "no Sparkplug", .help = "Sparkplug B over MQTT, Lineshaft being a host application."),
    BROKER_KEYS("listen.sparkplug"),
    KEY_TEXT("listen.sparkplug.group", .required = true, .help = "Group id."),
    KEY_TEXT("listen.sparkplug.host", .fallback = "lineshaft", .help = "The id by which this host says in STATE that it is there."),
    {.path = "listen.sparkplug.nodes", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .note = "all of the group", .help = "Edge nodes that are heard."},
    KEY_TIME("listen.sparkplug.reorder", .fallback = "2 s", .help = "How long a gap in the sequence is waited for before everything is asked for again."),
    KEY_MAP("listen.json", .note = "no plain MQTT", .help = "MQTT with payloads of JSON, or of single values as text."),
    BROKER_KEYS("listen.json"),
    KEY_COUNT("listen.json.qos", 0, 1, .fallback = "1", .help = "Quality of service asked for. 1: what is acknowledged is kept."),
    KEY_MAP("listen.json.topics", .required = true, .help = "Topic filters, with `+` and `#`."),
    KEY_MAP("listen.json.topics.*", .note = "every field, time of arrival", .help = "What is taken from the payloads of these topics. The tag of a field is `TOPIC#FIELD`, of a payload that is one value `TOPIC`."),
    KEY_TEXT("listen.json.topics.*.time", .note = "the time of arrival", .help = "Field with the time: ms since 1970, or ISO 8601 in UTC."),
    {.path = "listen.json.topics.*.fields", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .note = "every single value of the payload", .help = "Fields, as paths: `temp.value`, `axes.0.load`."},
    KEY_MAP("listen.modbus", .note = "no Modbus", .help = "Modbus TCP servers: PLCs that are asked."),
    KEY_MAP("listen.modbus.*", .help = "One server. The tag of a register is `NAME/REGISTER`."),
    KEY_TEXT("listen.modbus.*.address", .required = true, .help = "`HOST` or `HOST:PORT`; port 502 if it is not said."),
    KEY_COUNT("listen.modbus.*.unit", 0, 255, .fallback = "1", .help = "Unit identifier."),
    KEY_TIME("listen.modbus.*.every", .fallback = "1 s", .help = "How often it is asked."),
    KEY_TIME("listen.modbus.*.timeout", .fallback = "500 ms", .help = "How long an answer is waited for."),
    KEY_MAP("listen.modbus.*.registers", .required = true, .help = "What is read, by name."),
    KEY_MAP("listen.modbus.*.registers.*", .help = "A register, or some that belong together."),
    KEY_COUNT("listen.modbus.*.registers.*.at", 0, 65535, .required = true, .help = "Address, counted from 0 (40001 of older manuals is holding register 0)."),
    KEY_CHOICE("listen.modbus.*.registers.*.table", "holding input coil discrete", .fallback = "holding", .help = "Which table it stands in."),
    KEY_CHOICE("listen.modbus.*.registers.*.type", "bit i16 u16 i32 u32 i64 u64 f32 f64 text", .note = "`u16`; `bit` in coils and discrete inputs", .help = "Integers by sign and size, IEEE floats, text of two characters to a register."),
    KEY_COUNT("listen.modbus.*.registers.*.words", 1, 125, .note = "as the type needs; text: required", .help = "Registers of a text."),
    KEY_COUNT("listen.modbus.*.registers.*.bit", 0, 15, .fallback = "0", .help = "With `type: bit` in a register: which, 0 is the lowest."),
    KEY_CHOICE("listen.modbus.*.registers.*.order", "high low", .fallback = "high", .help = "Of several registers, which comes first: the high word or the low one."),
    KEY_CHOICE("listen.modbus.*.registers.*.bytes", "big swapped", .fallback = "big", .help = "Bytes within a register: high byte first, or the other way round."),
    KEY_NUMBER("listen.modbus.*.registers.*.scale", -1e15, 1e15, .fallback = "1", .help = "Value = raw * scale + offset."),
    KEY_NUMBER("listen.modbus.*.registers.*.offset", -1e15, 1e15, .fallback = "0", .help = "See `scale`. With 1 and 0 integers stay integers."),
    KEY_TEXT("listen.modbus.*.registers.*.unit", .note = "none", .help = "Unit of the value."),
    KEY_TIME("listen.modbus.*.registers.*.every", .note = "the source's", .help = "How often it is asked."),
    KEY_YESNO("listen.modbus.*.registers.*.write", .fallback = "no", .help = "It may be written (holding registers and coils)."),
    KEY_MAP("listen.modbus.*.commands", .note = "it is heard, not commanded", .help = "Registers by which the guard commands this source, by name; docs/GUARDS.md has the handshake. One source can be commanded; it goes before Sparkplug."),
    KEY_TEXT("listen.modbus.*.commands.heartbeat", .required = true, .help = "Written each second or so: a whole number that counts up."),
    KEY_TEXT("listen.modbus.*.commands.echo", .required = true, .help = "Where the line tells the heartbeat back that it has taken. Not the heartbeat's own register: that reads the same where the PLC stands."),
    KEY_TEXT("listen.modbus.*.commands.lost", .required = true, .help = "Not 0: the line hears no heartbeat and goes by its own rule."),
    KEY_TEXT("listen.modbus.*.commands.inside", .note = "none: no lot is released", .help = "How many lots are in the plant, as the line counts them: also those on their way between stations, which no other register names. A whole number. Where lots are released (`mode: approve` or `auto`) it is needed."),
    KEY_MAP("listen.modbus.*.commands.line", .required = true, .help = "Commands of the line as a whole: releases and setpoints. It is also the referee of who may write. Its registers, with heartbeat, echo and lost, lie within 125."),
    HANDSHAKE_KEYS("listen.modbus.*.commands.line", .required = true),
    KEY_MAP("listen.modbus.*.commands.machines", .note = "no machine is commanded", .help = "Commands of machines. `{machine}` and `{station}` in a name are filled in."),
    KEY_MAP("listen.modbus.*.commands.machines.any", .note = "nothing", .help = "What holds for every machine that does not say otherwise. The registers of one machine lie within 125."),
    HANDSHAKE_KEYS("listen.modbus.*.commands.machines.any", .note = "required, here or at the machine"),
    KEY_MAP("listen.modbus.*.commands.machines.*", .like = "listen.modbus.*.commands.machines.any", .help = "A machine, where it differs from `any`, key by key; `kind: none`: it is not commanded."),
    KEY_MAP("listen.modbus.*.commands.waiting", .note = "none: no lot is dispatched or released", .help = "Registers with the names of the lots that wait, blank separated, by station; guard and twin hear them. A lot that no register names is not dispatched. Where lots are dispatched or released (`mode: approve` or `auto`), every station needs one here and every machine `lots`."),
    KEY_TEXT("listen.modbus.*.commands.waiting.any", .note = "none", .help = "Of every station that is not named, with `{station}`."),
    KEY_TEXT("listen.modbus.*.commands.waiting.*", .help = "Of this station; `none`: not told."),
    KEY_MAP("listen.machines", .note = "with `sparkplug`: the tags of the emulated line; else none", .help = "Tags of the machines. `{machine}` and `{station}` in a tag stand for the names."),
    KEY_MAP("listen.machines.any", .note = "nothing", .help = "What holds for every machine that does not say otherwise."),
    KEY_TEXT("listen.machines.any.state", .note = "none", .help = "State: a PackML number or word, or what `states` translates. `none`, here and in the keys that follow: there is no such tag."),
    KEY_MAP("listen.machines.any.states", .note = "PackML numbers and words", .help = "Translates values of the state tag."),
    KEY_TEXT("listen.machines.any.states.*", .help = "PackML word or number: `execute`, `idle`, `held`, `suspended`, `aborted`, `stopped`, ..."),
    KEY_TEXT("listen.machines.any.lots", .note = "none", .help = "Names of the lots in work, blank separated; empty: none."),
    KEY_TEXT("listen.machines.any.step", .note = "none", .help = "Name of the step in work."),
    KEY_TEXT("listen.machines.any.product", .note = "none", .help = "Name of the product in work."),
    KEY_TEXT("listen.machines.any.setup", .note = "none", .help = "Name of the setup state."),
    KEY_TEXT("listen.machines.any.reason", .note = "none", .help = "Why it stands: the name of a failure or maintenance, or what `reasons` translates."),
    KEY_MAP("listen.machines.any.reasons", .note = "names of failures and maintenances", .help = "Translates values of the reason tag."),
    KEY_NAME("listen.machines.any.reasons.*", .help = "Name of a failure or maintenance of the machine's station."),
    COUNTER_KEYS("good", "Counter of good parts."),
    COUNTER_KEYS("bad", "Counter of scrapped parts."),
    KEY_MAP("listen.machines.*", .like = "listen.machines.any", .help = "A machine, where it differs from `any`, key by key. Two machines of one name are told apart as `STATION/MACHINE`."),
    KEY_MAP("listen.queues", .note = "with `sparkplug` and no `machines`: those of the emulated line; else none", .help = "Tags with the number of lots waiting, by station."),
    KEY_TEXT("listen.queues.any", .note = "none", .help = "Of every station that is not named, with `{station}`; `none`: there is no such tag."),
    KEY_TEXT("listen.queues.*", .help = "Of this station."),
    KEY_MAP("listen.lots", .note = "with `sparkplug` and no `machines`: those of the emulated line; else none", .help = "Tags that tell of lots, as texts; docs/CONNECT.md has their form."),
    KEY_TEXT("listen.lots.released", .note = "none", .help = "A lot came into the plant."),
    KEY_TEXT("listen.lots.arrived", .note = "none", .help = "A lot came to a station."),
    KEY_TEXT("listen.lots.done", .note = "none", .help = "A lot left the plant, finished."),
    KEY_TEXT("listen.lots.scrapped", .note = "none", .help = "A lot was scrapped."),
    KEY_TEXT("listen.lots.named", .note = "names say nothing", .help = "What names of lots say, where no tag tells of releases: `{class}-*` takes `gear-a-17` for a lot of class `gear-a`. `{class}` or `{product}` once, behind it `*` for anything; where several classes fit the longest name counts."),
    KEY_MAP("listen.values", .note = "none", .help = "Measured values: temperatures, currents, wear."),
    KEY_MAP("listen.values.*", .help = "A measured value, by the name it has in Lineshaft."),
    KEY_TEXT("listen.values.*.tag", .required = true, .help = "Its tag; with `of`, `{machine}` and `{station}` are filled in."),
    KEY_TEXT("listen.values.*.unit", .note = "the source's", .help = "Its unit; told apart from the source's, if that says one."),
    KEY_NAME("listen.values.*.of", .note = "of the plant", .help = "The machine it belongs to."),
    KEY_NUMBER("listen.values.*.low", -1e12, 1e12, .note = "no limit", .help = "Below this it is not believed."),
    KEY_NUMBER("listen.values.*.high", -1e12, 1e12, .note = "no limit", .help = "Above this it is not believed."),
    KEY_TEXT("listen.values.*.setpoint", .note = "it cannot be set", .help = "Tag to write a setpoint to."),
    KEY_MAP("listen.values.*.set", .note = "with `setpoint`: required", .help = "What may be set."),
    KEY_NUMBER("listen.values.*.set.low", -1e12, 1e12, .required = true, .help = "Lowest setpoint."),
    KEY_NUMBER("listen.values.*.set.high", -1e12, 1e12, .required = true, .help = "Highest setpoint."),
    KEY_NUMBER("listen.values.*.set.default", -1e12, 1e12, .note = "the middle", .help = "What it is set to when nobody decides."),
    KEY_MAP("listen.values.*.response", .note = "at once", .help = "How the value follows its setpoint: first order with dead time."),
    KEY_NUMBER("listen.values.*.response.gain", -1e9, 1e9, .fallback = "1", .help = "Change of the value per change of the setpoint."),
    KEY_TIME("listen.values.*.response.tau", .fallback = "0 s", .help = "Time constant."),
    KEY_TIME("listen.values.*.response.delay", .fallback = "0 s", .help = "Dead time."),
    {.path = "listen.values.*.response.table", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .note = "`gain` counts", .help = "Where the value settles, as a list of `SETTING to VALUE`, settings rising; straight lines between, and beyond the ends as at the ends."},
    KEY_MAP("listen.orders", .note = "none but those of `lineshaft order add`", .help = "Where orders come from; docs/CONNECT.md has their columns."),
    KEY_TEXT("listen.orders.folder", .note = "none", .help = "Folder, from that of the plant file: CSV files put there are taken."),
    KEY_TEXT("listen.orders.sql", .note = "none", .help = "`sqlite:FILE` or `postgresql://HOST/DATABASE`."),
    KEY_TEXT("listen.orders.view", .note = "with `sql`: required", .help = "Table or view with the orders, also as `SCHEMA.VIEW`."),
    KEY_TEXT("listen.orders.login", .note = "none", .help = "File with user and password, one line each, or the password alone; readable by its owner alone."),
    KEY_TIME("listen.orders.every", .fallback = "10 s", .help = "How often folder and view are looked at."),
    KEY_TEXT("listen.orders.tag", .note = "none", .help = "Tag with orders, as JSON or `key=value` text."),
    KEY_MAP("history", .help = "What is kept of what was heard."),
    KEY_TEXT("history.store", .note = "in the data folder", .help = "Folder, from that of the plant file, or `postgresql://HOST/DATABASE`."),
    KEY_TEXT("history.login", .note = "none", .help = "File with the password, readable by its owner alone; the user stands in the address: `postgresql://USER@HOST/DATABASE`."),
    {.path = "history.keep", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "everything, for ever", .help = "How long, or a list; the first rule whose `tags` fit a tag counts."},
    KEY_TEXT("history.keep.tags", .fallback = "**", .help = "Tags: `*` any characters but `/`, `**` any, `?` one."),
    {.path = "history.keep.raw", .type = LS_KEY_TIME, .shapes = ONE, .low = 0, .high = CENTURY_US, .words = "forever", .fallback = "forever", .help = "How long every sample is kept."},
    KEY_TIME("history.keep.then", .note = "nothing is kept afterwards", .help = "Afterwards one row per so much time: first, last, mean, min, max, count."),
    {.path = "history.keep.for", .type = LS_KEY_TIME, .shapes = ONE, .low = 0, .high = CENTURY_US, .words = "forever", .fallback = "forever", .help = "With `then`: how long these are kept, counted from the sample."},
    KEY_MAP("pool", .note = "one in process", .help = "Where long work of the service runs, as jobs of the plant's account: calibrations, searches, trainings; docs/POOL.md, \"Jobs of a plant\"."),
    KEY_COUNT("pool.slots", 1, 32, .note = "in process a quarter of the processors, at least 1; else as many as the pool gives", .help = "So many of the service's jobs run at once, at most. In process each has a CPU slot of this machine, at the lowest priority."),
    KEY_TEXT("pool.socket", .note = "in process", .help = "The socket of a pool's daemon (`lineshaft pool run`) on this machine, from the folder of the plant file."),
    KEY_TEXT("pool.account", .note = "the pool's only one", .help = "With `socket`: the account of that pool, with its parents: `suppliers.castings`."),
    {.path = "pool.calibrate", .type = LS_KEY_TIME, .shapes = ONE, .low = 60e6, .high = CENTURY_US, .words = "never", .fallback = "1 d", .help = "When an alarm of drift comes, the plant file is compared with the history, not more often than this; what is off is told and proposed, nothing is changed. `never`: not by itself."},
    KEY_MAP("web", .help = "The page of the service; docs/PAGE.md."),
    KEY_YESNO("web.insecure", .fallback = "no", .help = "The page may listen on addresses that others can reach without TLS; they can then read its tokens on the way. As `run --insecure`."),
    KEY_MAP("decide", .note = "nothing is decided", .help = "What may be decided, where, how, and for what; docs/DECIDE.md tells more."),
    {.path = "decide.objective", .type = LS_KEY_CHOICE, .shapes = ONE | MAP, .words = TERMS, .fallback = "cycle-time", .help = "What it is for: one of these, or weights of several; more of the first two is better, less of the others."},
    KEY_NUMBER("decide.objective.throughput", 0, 1e12, .fallback = "0", .help = "Worth of a lot done."),
    KEY_NUMBER("decide.objective.on-time", 0, 1e12, .fallback = "0", .help = "Worth of a lot done in time, of those with a due date."),
    KEY_NUMBER("decide.objective.cycle-time", 0, 1e12, .fallback = "0", .help = "Cost of an hour that a lot is inside."),
    KEY_NUMBER("decide.objective.wip", 0, 1e12, .fallback = "0", .help = "Cost of a lot inside for an hour."),
    KEY_NUMBER("decide.objective.tardiness", 0, 1e12, .fallback = "0", .help = "Cost of an hour of lateness of a lot, those still inside included."),
    KEY_NUMBER("decide.objective.changes", 0, 1e12, .fallback = "0", .help = "Cost of a setup begun."),
    KEY_TEXT("decide.objective.unit", .fallback = "points", .help = "What the weighted sum is counted in, as `EUR`; at most 15 bytes."),
    KEY_CHOICE("decide.mode", MODES, .fallback = "advise", .help = "`watch` journals, `advise` shows, `approve` sends after a click, `auto` sends. Here and in the next six: of every point that does not say its own."),
    KEY_TIME("decide.within", .fallback = "100 ms", .help = "Deadline, in true time; a later answer is filed and not sent."),
    {.path = "decide.horizon", .type = LS_KEY_TIME, .shapes = ONE, .low = 0, .high = CENTURY_US, .words = "auto", .fallback = "auto", .help = "How far futures go; auto: chosen from the plant."},
    KEY_COUNT("decide.futures", 0, 1e6, .fallback = "2000", .help = "Most futures for one decision."),
    KEY_TIME("decide.approve", .fallback = "10 min", .help = "How long a proposal stays open, in the line's time."),
    KEY_NUMBER("decide.gain-min", 0, 1e12, .fallback = "0", .help = "Least gain, in the unit of the objective: nothing is proposed below it."),
    KEY_SHARE("decide.level", .fallback = "95 %", .help = "Level of the intervals of its gains, 50 % to 99.99 %."),
    {.path = "decide.experiment", .type = LS_KEY_CHOICE, .shapes = ONE | MAP, .words = "none switchback", .fallback = "none", .help = "`switchback`: what is decided and the line's own rule take turns, drawn by lot, so that the gain can be measured."},
    KEY_CHOICE("decide.experiment.kind", "none switchback", .required = true, .help = "As above."),
    KEY_TIME("decide.experiment.block", .note = "the least that the carryover allows", .help = "Length of a turn, in the line's time; refused when what one rule left behind lasts longer."),
    KEY_COUNT("decide.experiment.periods", 8, 1e5, .fallback = "20", .help = "How many turns, fixed before: with fewer than 8 nothing can be shown."),
    {.path = "decide.dispatch", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "not decided", .help = "Which lot a machine takes next, or whether it waits."},
    {.path = "decide.dispatch.at", .type = LS_KEY_NAME, .shapes = ONE | LIST, .required = true, .help = "The station, or a list of them: a point each."},
    POINT_KEYS("decide.dispatch", "yes, unless `every` is given"),
    KEY_YESNO("decide.dispatch.wait", .fallback = "yes", .help = "It may decide to wait, though a lot is there; not for `maintenance`."),
    KEY_YESNO("decide.dispatch.pure", .fallback = "no", .help = "It may make a batch of one product alone, though others would fit; of `dispatch` and `batch` at a station with `batch`."),
    {.path = "decide.release", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "not decided", .help = "Whether a lot of a class comes into the line now."},
    {.path = "decide.release.of", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .required = true, .help = "The class, operators or value, or a list of them: a point each."},
    POINT_KEYS("decide.release", "`release` alone: yes, unless `every` is given"),
    {.path = "decide.maintenance", .type = LS_KEY_MAP, .shapes = MAP | LIST, .like = "decide.dispatch", .note = "not decided", .help = "A maintenance now, or later."},
    {.path = "decide.batch", .type = LS_KEY_MAP, .shapes = MAP | LIST, .like = "decide.dispatch", .note = "not decided", .help = "Whether a batch begins with what waits."},
    {.path = "decide.setup", .type = LS_KEY_MAP, .shapes = MAP | LIST, .like = "decide.dispatch", .note = "not decided", .help = "Whether a machine changes over; while nothing waits for it also for no lot, for what will come."},
    {.path = "decide.conwip", .type = LS_KEY_MAP, .shapes = MAP | LIST, .like = "decide.release", .note = "not decided", .help = "How many lots of a class with `keep` are inside."},
    {.path = "decide.conwip.levels", .type = LS_KEY_NUMBER, .shapes = ONE | LIST, .low = 1, .high = 1e6, .required = true, .help = "The numbers of lots it may choose from."},
    KEY_TEXT("decide.conwip.value", .note = "people set it", .help = "The value of `listen.values` that tells the number in force and, by its setpoint, takes another one."),
    {.path = "decide.staffing", .type = LS_KEY_MAP, .shapes = MAP | LIST, .like = "decide.release", .note = "not decided", .help = "How many of a group of operators are there."},
    {.path = "decide.staffing.counts", .type = LS_KEY_NUMBER, .shapes = ONE | LIST, .low = 0, .high = 1e6, .required = true, .help = "The numbers of people it may choose from."},
    KEY_TEXT("decide.staffing.value", .note = "people see to it", .help = "The value of `listen.values` that tells the number in force and, by its setpoint, takes another one."),
    {.path = "decide.setpoint", .type = LS_KEY_MAP, .shapes = MAP | LIST, .like = "decide.release", .note = "not decided", .help = "What a value of `listen.values` is set to."},
    {.path = "decide.setpoint.values", .type = LS_KEY_NUMBER, .shapes = ONE | LIST, .low = -1e12, .high = 1e12, .note = "`low` to `high` in `steps`", .help = "The settings it may choose from."},
    KEY_NUMBER("decide.setpoint.low", -1e12, 1e12, .note = "`set.low` of the value", .help = "Lowest setting."),
    KEY_NUMBER("decide.setpoint.high", -1e12, 1e12, .note = "`set.high` of the value", .help = "Highest setting."),
    KEY_COUNT("decide.setpoint.steps", 1, 1000, .fallback = "10", .help = "Steps from `low` to `high`."),
    KEY_NUMBER("decide.setpoint.target", -1e12, 1e12, .note = "none: it is not asked", .help = "What the measured value should be."),
    KEY_MAP("guards", .help = "What must hold before anything is sent to the line; docs/GUARDS.md tells of each."),
    KEY_TIME("guards.fresh", .fallback = "30 s", .help = "Oldest signal of the machine concerned, in the line's time."),
    KEY_TIME("guards.in-step", .fallback = "60 s", .help = "The twin must have been in step with the line for so long."),
    KEY_SHARE("guards.certainty", .fallback = "80 %", .help = "Least certainty of the followed state."),
    KEY_TIME("guards.read-back", .fallback = "3 s", .help = "The command must have taken hold by then."),
    KEY_TIME("guards.heartbeat", .fallback = "5 s", .help = "The line must have answered within this."),
    KEY_TIME("guards.not-after", .fallback = "2 s", .help = "What was not sent by then is dropped."),
    KEY_COUNT("guards.trips", 1, 1e6, .fallback = "3", .help = "After so many trips a day nothing is sent until a person resets."),
    KEY_YESNO("guards.two-persons", .fallback = "no", .help = "Every approval needs two people."),
    KEY_TIME("guards.bypass", .fallback = "8 h", .help = "Longest time that a guard may be bypassed."),
    {.path = "guards.range", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "`set` of each value", .help = "Settings outside are refused."},
    VALUE_LIMIT_KEYS("guards.range"),
    KEY_NUMBER("guards.range.low", -1e12, 1e12, .required = true, .help = "Lowest."),
    KEY_NUMBER("guards.range.high", -1e12, 1e12, .required = true, .help = "Highest."),
    {.path = "guards.rate", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "How fast a setting may change."},
    VALUE_LIMIT_KEYS("guards.rate"),
    KEY_NUMBER("guards.rate.most", 0, 1e12, .required = true, .help = "Most change in the time `per`."),
    KEY_TIME("guards.rate.per", .fallback = "1 s", .help = "See `most`."),
    {.path = "guards.step", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "How much a setting may change at once."},
    VALUE_LIMIT_KEYS("guards.step"),
    KEY_NUMBER("guards.step.most", 0, 1e12, .required = true, .help = "Most change of one command."),
    {.path = "guards.budget", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "How much settings may change in a moving window, ups and downs added."},
    VALUE_LIMIT_KEYS("guards.budget"),
    KEY_NUMBER("guards.budget.most", 0, 1e12, .required = true, .help = "Most change in the window."),
    KEY_TIME("guards.budget.within", .required = true, .help = "Length of the window."),
    {.path = "guards.frequency", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "How many commands may be sent in a moving window."},
    COMMAND_LIMIT_KEYS("guards.frequency"),
    KEY_COUNT("guards.frequency.most", 1, 1e6, .required = true, .help = "Most commands in the window."),
    KEY_TIME("guards.frequency.within", .required = true, .help = "Length of the window."),
    {.path = "guards.dwell", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "How long a target is left as it is."},
    COMMAND_LIMIT_KEYS("guards.dwell"),
    KEY_TIME("guards.dwell.for", .required = true, .help = "Least time between two changes of one target."),
    {.path = "guards.permissives", .type = LS_KEY_MAP, .shapes = MAP | LIST, .note = "none", .help = "Tags that must have a value, or nothing is sent."},
    KEY_TEXT("guards.permissives.tag", .required = true, .help = "The tag; `{machine}` and `{station}` are filled in with `machine`."),
    KEY_TEXT("guards.permissives.is", .fallback = "yes", .help = "The value: a number, or yes or no (1 and 0)."),
    KEY_NAME("guards.permissives.machine", .note = "every machine", .help = "Only for commands to this machine."),
    {.path = "guards.interlocks", .type = LS_KEY_MAP, .shapes = MAP | LIST, .like = "guards.permissives", .note = "none", .help = "Tags that stop every command while they have a value."},
    KEY_MAP("models", .note = "nothing is predicted", .help = "What is predicted, by models that are trained on history; docs/MODELS.md tells more."),
    KEY_MAP("models.*", .help = "A model, by its name."),
    KEY_CHOICE("models.*.what", "quality anomaly life time scrap energy sensor", .required = true, .help = "What the label is: quality of a part, how unusual a unit is, seconds until an event (`life`), a process time, scrap, energy, what a tag will say (`sensor`)."),
    {.path = "models.*.of", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .note = "the plant as one", .help = "The units it is about, machines mostly: each is a row of its own; `{unit}` in tags stands for it."},
    {.path = "models.*.tags", .type = LS_KEY_TEXT, .shapes = ONE | LIST, .required = true, .help = "The tags it is predicted from, by their whole names."},
    {.path = "models.*.features", .type = LS_KEY_CHOICE, .shapes = ONE | LIST, .words = FEATURES, .note = "`last`, `mean`, `std`, `slope`", .help = "Figures of each tag over each window."},
    {.path = "models.*.window", .type = LS_KEY_TIME, .shapes = ONE | LIST, .low = 0, .high = 315619200000000.0, .note = "10 min", .help = "How far back features look, or a list."},
    KEY_TIME("models.*.every", .fallback = "1 min", .help = "A row to learn from, and a prediction, so often. Not with a label's `file`: its lines say when."),
    KEY_TIME("models.*.horizon", .fallback = "0 s", .help = "How far ahead of the features the label lies."),
    KEY_MAP("models.*.label", .required = true, .help = "Where what should have been predicted comes from: one of `tag`, `event`, `file`."),
    KEY_TEXT("models.*.label.tag", .note = "none", .help = "A tag: the value that it has one horizon later."),
    KEY_TEXT("models.*.label.event", .note = "none", .help = "A kind of event of history whose subject is the unit: seconds until the next one."),
    KEY_TEXT("models.*.label.file", .note = "none", .help = "A CSV file with the columns `time`, `value` and, where there are units, `unit`; `known` is when the result came."),
    KEY_TIME("models.*.label.delay", .fallback = "0 s", .help = "So much after it was so, the label is known."),
    KEY_TEXT("models.*.learner", .fallback = "linear", .help = "`linear`, `trees`, or a program that reads a dataset file and writes a model."),
    KEY_COUNT("models.*.seed", 0, 2147483647.0, .fallback = "1", .help = "Seed of everything drawn in training."),
    KEY_CHOICE("models.*.split", "time unit", .fallback = "time", .help = "What keeps training and test apart: cuts in time, or units that are in one of them only."),
    KEY_SHARE("models.*.train", .fallback = "60 %", .help = "Share of the labelled rows (units) to learn from, the first ones."),
    KEY_SHARE("models.*.calibrate", .fallback = "20 %", .help = "Share behind them for intervals; the rest is for the gates."),
    KEY_TIME("models.*.gap", .fallback = "0 s", .help = "So much before each cut in time is left out."),
    KEY_MAP("models.*.gates", .help = "What must hold before it may serve, on rows that it has not seen."),
    KEY_SHARE("models.*.gates.level", .fallback = "95 %", .help = "Level of the test that it beats the champion."),
    KEY_SHARE("models.*.gates.gain", .fallback = "0 %", .help = "Least share by which the champion's error must fall."),
    KEY_NUMBER("models.*.gates.worst", 0, 1e6, .fallback = "0.1", .help = "Most share by which the error of any one unit may rise."),
    KEY_SHARE("models.*.gates.coverage", .fallback = "5 %", .help = "Most that the share of values inside their intervals may fall short of `interval`."),
    KEY_SHARE("models.*.gates.interval", .fallback = "90 %", .help = "Level of the intervals."),
    KEY_NUMBER("models.*.gates.missing", 0, 1e6, .fallback = "0", .help = "Most share by which the error may exceed that of always saying the mean when any one tag falls silent."),
    KEY_TIME("models.*.gates.latency", .fallback = "1 ms", .help = "Deadline of one prediction."),
    KEY_MAP("models.*.shadow", .help = "A challenger predicts beside the champion, and is judged on what then came true."),
    KEY_TIME("models.*.shadow.for", .fallback = "1 d", .help = "So long at least. `0 s`: there is no shadow, a version that passes its gates may serve."),
    KEY_TIME("models.*.shadow.most", .fallback = "14 d", .help = "So long at most: one that has shown no gain by then is retired."),
    KEY_MAP("models.*.drift", .help = "From when on the plant counts as changed; docs/MODELS.md, \"Drift\"."),
    {.path = "models.*.drift.window", .type = LS_KEY_TIME, .shapes = ONE, .low = 1000, .high = CENTURY_US, .fallback = "1 d", .help = "The last so much is compared with what the model has learnt from."},
    KEY_NUMBER("models.*.drift.psi", 0.01, 100, .fallback = "0.25", .help = "Population stability index of a feature or of the predictions that counts as drift, when it is beyond chance too."),
    KEY_SHARE("models.*.drift.false_alarms", .fallback = "1 %", .help = "Share of windows in which nothing has changed that may alarm all the same, all features together."),
    KEY_MAP("models.*.retrain", .help = "When it is trained again without being asked, as a job of the plant's pool."),
    KEY_YESNO("models.*.retrain.drift", .fallback = "yes", .help = "After a drift."),
    {.path = "models.*.retrain.every", .type = LS_KEY_TIME, .shapes = ONE, .low = 1000, .high = CENTURY_US, .words = "never", .fallback = "never", .help = "So often, also without a drift."},
    KEY_TIME("models.*.retrain.pause", .fallback = "1 h", .help = "Between two trainings, in the line's time; doubled after each that came to nothing."),
    KEY_COUNT("models.*.retrain.rows", 1, 1e9, .fallback = "300", .help = "After a drift it waits for so many labels of the time since."),
    KEY_CHOICE("models.*.mode", "approve auto", .fallback = "approve", .help = "Who promotes a challenger that passes its gates: a person, or nobody has to."),
    {.path = "fleet", .type = LS_KEY_ANY, .shapes = ONE | LIST | MAP, .note = "nothing", .help = "Kept for a later version; not looked at yet."},
    {.path = "cells", .type = LS_KEY_ANY, .shapes = ONE | LIST | MAP, .note = "nothing", .help = "Kept for a later version; not looked at yet."},
};
// clang-format on

// Alternatives within alternatives, and a choice within them, mean nothing; sampling comes before
// the choice.
static bool is_left_out(const char *parent, const char *key) {
    return strcmp(parent, "products.*.route.any") == 0 &&
           (strcmp(key, "any") == 0 || strcmp(key, "choose") == 0 || strcmp(key, "sample") == 0);
}

// `product.step` and `A to B`, and what the line calls its things, are looked at where they are
// read.
static bool has_foreign_names(const char *path) {
    return strncmp(path, "listen.", strlen("listen.")) == 0 ||
           strcmp(path, "stations.*.machines.*.process.*") == 0;
}

const ls_schema ls_plant_schema = {
    .keys = keys,
    .count = sizeof keys / sizeof keys[0],
    .file = "the plant file",
    .begins = "a plant file begins like this: 'plant: NAME'",
    .example = "process: 62 s",
    .is_left_out = is_left_out,
    .has_foreign_names = has_foreign_names,
};
