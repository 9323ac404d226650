// reference_plants.c - a plant file of random features.
#include "twin/testing/reference_plants.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

enum { STATIONS_MAX = 5, PRODUCTS_MAX = 3, STEPS_MAX = 6 };

typedef struct writer {
    char *out;
    size_t size, length;
    uint64_t state;
    uint32_t stations, products;
    uint32_t machines[STATIONS_MAX];
    uint32_t least[STATIONS_MAX];  // of a batch
    uint32_t steps[PRODUCTS_MAX], at[PRODUCTS_MAX][STEPS_MAX];
    uint32_t lot[PRODUCTS_MAX], parts_most;
    enum { SETUP_NONE, SETUP_PRODUCTS, SETUP_NAMES, SETUP_KINDS } setups[STATIONS_MAX];
    uint32_t states[STATIONS_MAX], given[STATIONS_MAX];  // names of setup states, given to steps
    bool recipes[STATIONS_MAX], batches[STATIONS_MAX], batch_parts[STATIONS_MAX];
    uint32_t calm;  // the higher the fewer lots
    bool calendars, operators, crews, same_instant, finite, dates;
    uint64_t seed;
} writer;

static void put(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(writer *w, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int wrote = vsnprintf(w->out + w->length, w->size - w->length, format, args);
    va_end(args);
    assert(wrote >= 0 && (size_t)wrote < w->size - w->length);
    w->length += (size_t)wrote;
}

// SplitMix64: any numbers do here.
static uint32_t below(writer *w, uint32_t count) {
    w->state += 0x9e3779b97f4a7c15u;
    uint64_t x = w->state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return (uint32_t)((x >> 32) * count >> 32);
}

static uint32_t between(writer *w, uint32_t low, uint32_t high) {
    return low + below(w, high - low + 1);
}

static bool chance(writer *w, uint32_t percent) {
    return below(w, 100) < percent;
}

static void put_time(writer *w, uint32_t low_s, uint32_t high_s) {
    const uint32_t mean = between(w, low_s, high_s);
    const uint32_t kind = w->same_instant ? 0 : below(w, 7);
    const uint32_t minutes = (mean + 59) / 60;
    switch (kind) {
    case 0: put(w, "%u min", minutes); break;
    case 1: put(w, "exp %u s", mean); break;
    case 2: put(w, "uniform %u s to %u s", mean / 2, mean + mean / 2); break;
    case 3: put(w, "lognormal %u s sd %u s", mean, mean / 3 + 1); break;
    case 4: put(w, "gamma %u s sd %u s", mean, mean / 2 + 1); break;
    case 5: put(w, "discrete %u min 50 %% %u min 50 %%", minutes, minutes + 1); break;
    default: put(w, "triangular %u s mode %u s to %u s", mean / 2, mean, 2 * mean); break;
    }
}

static void put_calendar(writer *w, const char *name) {
    put(w, "  %s:\n    daily: \"", name);
    uint32_t at = chance(w, 50) ? 0 : between(w, 1, 60);
    bool first = true;
    while (at < 1380) {
        uint32_t end = at + between(w, 10, 120);
        end = end > 1439 ? 1439 : end;
        put(w, "%s%02u:%02u-%02u:%02u", first ? "" : " ", at / 60, at % 60, end / 60, end % 60);
        first = false;
        at = end + between(w, 5, 60);
    }
    put(w, "\"\n");
}

static void put_weights(writer *w) {
    static const char *const terms[] = {"wait", "priority", "setup", "process",
                                        "step", "slack",    "late"};
    const uint32_t first = below(w, 7);
    // Odd numbers: a tie of two sums would be decided by rounding.
    put(w, "{weighted: {%s: %d.%u, %s: %d.%u}}", terms[first], (int)below(w, 9) - 4,
        between(w, 1001, 9999), terms[(first + 1) % 7], (int)below(w, 9) - 4,
        between(w, 1001, 9999));
}

static void put_rules(writer *w) {
    static const char *const rules[] = {"fifo", "lifo", "spt",   "lpt", "edd",        "slack", "cr",
                                        "fbfs", "lbfs", "setup", "hot", "queue-time", "random"};
    const uint32_t count = between(w, 1, 3);
    put(w, "[");
    for (uint32_t i = 0; i < count; i++) {
        put(w, "%s", i > 0 ? ", " : "");
        if (chance(w, 10)) {
            put_weights(w);
        } else {
            const uint32_t rule = below(w, 13);
            // Without a draw of its own: the other plants stay as they are.
            put(w, "%s", rule == 9 && i == 0 && count > 1 ? "no-setup" : rules[rule]);
        }
    }
    put(w, "]");
}

static void put_failures(writer *w, uint32_t s) {
    static const char *const lots[] = {"resume", "restart", "scrap"};
    const uint32_t count = between(w, 1, 2);
    put(w, "    fails:\n");
    for (uint32_t i = 0; i < count; i++) {
        put(w, "      - {every: ");
        const uint32_t by = below(w, 5);
        if (by == 0) {
            put(w, "%u parts", between(w, 5, 40));
        } else if (by == 1) {
            put(w, "%u lots", between(w, 5, 30));
        } else if (by == 2) {
            put(w, "%u batches", between(w, 5, 30));
        } else {
            put_time(w, 1200, 7200);
            put(w, ", by: %s", by == 3 ? "busy" : "calendar");
        }
        put(w, ", repair: ");
        put_time(w, 60, 1200);
        put(w, ", lots: %s", lots[below(w, 3)]);
        if (w->crews && chance(w, 60)) {
            put(w, ", crew: mechanics");
        }
        if (by >= 3 && chance(w, 30)) {
            put(w, ", first: ");
            put_time(w, 60, 3600);
        }
        put(w, ", name: f%u%u}\n", s, i);
    }
}

static void put_maintenance(writer *w, uint32_t s, bool fails) {
    put(w, "    maintenance:\n      - {every: ");
    const bool by_time = chance(w, 60);
    if (by_time) {
        put(w, "%u min", between(w, 30, 200));
    } else {
        put(w, "%u %s", between(w, 5, 30), chance(w, 50) ? "parts" : "lots");
    }
    put(w, ", for: ");
    put_time(w, 120, 1200);
    if (by_time && chance(w, 50)) {
        put(w, ", from: end");
    }
    if (by_time && chance(w, 30)) {
        put(w, ", first: %u min", between(w, 0, 60));
    }
    if (by_time && chance(w, 30)) {
        put(w, ", stagger: yes");
    }
    if (!by_time && chance(w, 50)) {
        put(w, ", carry: yes");
    }
    if (w->crews && chance(w, 50)) {
        put(w, ", crew: mechanics");
    }
    if (fails && s % 2 == 0) {  // without a draw of its own: the other plants stay as they are
        put(w, ", renews: f%u0", s);
    }
    put(w, ", name: m%u}\n", s);
}

static uint32_t count_visits(const writer *w, uint32_t s) {
    uint32_t visits = 0;
    for (uint32_t p = 0; p < w->products; p++) {
        for (uint32_t i = 0; i < w->steps[p]; i++) {
            visits += w->at[p][i] == s;
        }
    }
    return visits;
}

// States by product, by names that steps give, or by what changes.
static void put_setup(writer *w, uint32_t s) {
    static const char *const names[2][3] = {{"p0", "p1", "p2"}, {"a", "b", "c"}};
    put(w, "    setup: {");
    if (chance(w, 20)) {
        w->setups[s] = SETUP_KINDS;
        put(w, "product: %u s, step: %u s, both: ", between(w, 10, 200), between(w, 10, 200));
        put_time(w, 30, 400);
    } else {
        w->setups[s] = w->products > 1 && chance(w, 60) ? SETUP_PRODUCTS : SETUP_NAMES;
        const uint32_t visits = count_visits(w, s);
        if (w->setups[s] == SETUP_NAMES && visits == 0) {
            w->setups[s] = SETUP_PRODUCTS;  // nobody would name a state
        }
        w->states[s] = visits < 3 ? visits : 3;
        const uint32_t states = w->setups[s] == SETUP_PRODUCTS ? w->products : w->states[s];
        const char *const *name = names[w->setups[s] == SETUP_NAMES];
        for (uint32_t a = 0; a < states; a++) {
            for (uint32_t b = 0; b < states; b++) {
                if (a != b && chance(w, 80)) {
                    put(w, "%s to %s: ", name[a], name[b]);
                    put_time(w, 30, 600);
                    put(w, ", ");
                }
            }
        }
        put(w, "any to %s: 2 min", name[0]);
        if (chance(w, 40)) {
            put(w, ", initial: %s", name[0]);
        }
    }
    if (chance(w, 40)) {
        put(w, ", min-run: %u", between(w, 2, 5));
    }
    put(w, "%s}\n", chance(w, 30) ? ", without: clear" : "");
    if (chance(w, 40)) {
        put(w, "    machine-choice: least-setup\n");
    }
}

static void put_operator(writer *w) {
    static const char *const phases[] = {"all",    "setup",         "load",          "process",
                                         "unload", "[setup, load]", "[load, unload]"};
    static const char *const rest[] = {NULL,   "[load, process]", "setup", "setup",
                                       "load", "process",         "setup"};
    const uint32_t first = below(w, 7);
    put(w, "    operator:\n      - {skill: %s, for: %s}\n", chance(w, 50) ? "a" : "b",
        phases[first]);
    if (rest[first] != NULL && chance(w, 40)) {
        put(w, "      - {skill: %s, for: %s}\n", chance(w, 50) ? "a" : "b", rest[first]);
    }
}

static void put_machines(writer *w, uint32_t s) {
    w->machines[s] = between(w, 1, 3);
    if (!chance(w, 30)) {
        put(w, "    machines: %u\n", w->machines[s]);
        return;
    }
    put(w, "    machines:\n");
    for (uint32_t i = 0; i < w->machines[s]; i++) {
        put(w, "      s%u-%u: {speed: %u.%u", s, i + 1, below(w, 2), between(w, 5, 9));
        const uint32_t p = below(w, w->products);
        if (i > 0 && chance(w, 30) && w->at[p][0] == s) {
            put(w, ", only: [p%u]", p);
        }
        if (chance(w, 30)) {
            put(w, ", process: ");
            put_time(w, 20, 200);
        }
        put(w, "}\n");
    }
}

static void put_batch(writer *w, uint32_t s) {
    static const char *const by[] = {"product", "step", "any", "recipe"};
    const uint32_t kind = below(w, 4);
    w->recipes[s] = kind == 3;
    w->batches[s] = true;
    w->batch_parts[s] = chance(w, 20);
    const uint32_t each = w->batch_parts[s] ? w->parts_most : 1;
    const uint32_t min = between(w, 1, 3) * each;
    w->least[s] = min;
    put(w, "    batch: {min: %u, max: %u", min, min + below(w, 4) * each);
    if (chance(w, 60)) {
        put(w, ", wait: %u min", between(w, 1, 20));
    }
    put(w, ", by: %s, prefer: %s", by[kind], chance(w, 50) ? "head" : "full");
    put(w, "%s}\n", w->batch_parts[s] ? ", count: parts" : "");
}

static void put_station(writer *w, uint32_t s) {
    static const char *const ends[] = {"finish", "pause", "abort"};
    static const char *const per[] = {"lot", "part", "batch"};
    put(w, "  s%u:\n", s);
    put_machines(w, s);
    put(w, "    process: ");
    put_time(w, 30, 150);
    put(w, "\n");
    if (chance(w, 20)) {
        put(w, "    area: c1\n");
    }
    if (chance(w, 20)) {
        put_batch(w, s);
    }
    const bool before = w->finite && chance(w, 30);
    if (before) {
        put(w, "    blocking: before\n");
    }
    if (w->finite && chance(w, 60)) {
        const uint32_t places = w->batches[s] ? between(w, 3, 6) : below(w, 5);
        if (chance(w, 20)) {
            put(w, "    queue: {places: %u, transit: %u s}\n", places, between(w, 5, 60));
        } else {
            put(w, "    queue: %u\n", places);
        }
    }
    if (chance(w, 30)) {
        put(w, "    per: %s\n", per[below(w, 3)]);
    }
    if (chance(w, 15)) {
        put(w, "    cascade: %u s\n", between(w, 5, 40));
    }
    if (chance(w, 20)) {
        put(w, "    load: %u s\n", between(w, 0, 60));
        put(w, "    unload: %u s\n", between(w, 0, 60));
        if (chance(w, 40)) {
            put(w, "    ports: 2\n");
        }
    }
    if (w->calendars && chance(w, 60)) {
        put(w, "    calendar: k%u\n    shift-end: %s\n", below(w, 2), ends[below(w, 3)]);
    }
    if (chance(w, 60)) {
        put(w, "    dispatch: ");
        put_rules(w);
        put(w, "\n");
    }
    if (chance(w, 25)) {
        put_setup(w, s);
    }
    const bool fails = chance(w, 30);
    if (fails) {
        put_failures(w, s);
    }
    const bool maintained = chance(w, 20);
    if (maintained) {
        put_maintenance(w, s, fails);
    }
    if ((w->seed + s) % 4 == 0) {  // without a draw of its own, as `renews`
        put(w, "    slowness: {tag: '{machine}/pace', nominal: 2%s%s}\n",
            fails        ? ", new: 1.6, until: f"
            : maintained ? ", until: m"
                         : "",
            fails || maintained ? (char[]){(char)('0' + s), fails ? '0' : '\0', '\0'} : "");
    }
    if (w->operators && chance(w, 50)) {
        put_operator(w);
    }
}

// One step of a route; number is its place, last the number of the last.
static void put_step(writer *w, uint32_t number, uint32_t last, const uint32_t *at, bool limits) {
    const uint32_t s = at[number];
    put(w, "{at: s%u, name: n%u", s, number);
    if (chance(w, 30)) {
        put(w, ", process: ");
        put_time(w, 20, 200);
    }
    if (w->batches[s] && chance(w, 20)) {
        put(w, ", batch: {most: %u}", between(w, w->least[s], w->least[s] + 2));
    }
    if (w->recipes[s]) {
        static const char *const recipes[] = {"r1", "r2", "[r1, r2]", "[r2, r3]"};
        put(w, ", recipe: %s", recipes[below(w, 4)]);
    }
    if (w->setups[s] == SETUP_NAMES && (w->given[s] < w->states[s] || chance(w, 80))) {
        static const char *const states[] = {"a", "b", "c"};
        const uint32_t given = w->given[s]++;  // each name once, then any
        put(w, ", setup: %s", states[given < w->states[s] ? given : below(w, w->states[s])]);
        if (chance(w, 20)) {
            put(w, ", setup-time: %u s", between(w, 10, 100));
        }
    }
    if (chance(w, 15)) {
        static const char *const per[] = {"lot", "part", "batch"};
        put(w, ", per: %s", per[below(w, 3)]);
    }
    if (chance(w, 8)) {
        put(w, ", cascade: %u s", between(w, 0, 60));
    }
    if (chance(w, 10)) {
        put(w, ", load: %u s, unload: %u s", below(w, 40), below(w, 40));
    }
    if (chance(w, 12)) {
        put(w, ", sample: %u %%", between(w, 10, 90));
    }
    if (chance(w, 12)) {
        put(w, ", scrap: %u %%", between(w, 1, 15));
    }
    if (chance(w, 15)) {
        put(w, ", rework: {chance: %u %%, to: n%u, limit: %u, then: %s, draw: %s}",
            between(w, 5, 40), below(w, number + 1), between(w, 1, 3),
            chance(w, 50) ? "pass" : "scrap", chance(w, 60) ? "each" : "once");
    }
    if (limits && number < last && chance(w, 50)) {
        put(w, ", start-by: {step: n%u, limit: %u min}", between(w, number + 1, last),
            between(w, 2, 40));
    }
    if (number + 2 <= last && chance(w, 12)) {
        put(w, ", then: {n%u: %u %%, n%u: 30 %%, done: %u %%}", number + 1, 50, number + 2, 20);
    } else if (number > 0 && chance(w, 15)) {
        for (uint32_t k = 0; k < number; k++) {
            if (at[k] == s) {
                put(w, ", %s: n%u",
                    chance(w, 60) || w->machines[s] == 1 ? "same-machine-as" : "other-machine-than",
                    k);
                break;
            }
        }
    } else if (w->machines[s] > 1 && chance(w, 10)) {
        put(w, ", on: [s%u-%u]", s, between(w, 1, w->machines[s]));
    }
    put(w, "}");
}

static void put_due(writer *w) {
    if (w->dates && chance(w, 80)) {
        put(w, ", due: ");
        put_time(w, 600, 7200);
    }
}

static void put_releases(writer *w, uint32_t p, uint32_t steps) {
    const uint32_t count = between(w, 1, 2);
    put(w, "    release:\n");
    for (uint32_t i = 0; i < count; i++) {
        put(w, "      - {name: c%u%u", p, i);
        const uint32_t kind = below(w, 10);
        if (kind < 2) {
            put(w, ", keep: %u", between(w, 1, 12));
        } else if (kind < 3) {
            put(w, ", at: [0 s, 10 min, 10 min, 50 min, 2 h, 2 h, 2 h, 4 h]");
            put(w, ", pool: yes");
        } else {
            put(w, ", every: ");
            const uint32_t share = w->products * count * w->calm;
            put_time(w, 60 * share, 45 * share * (steps + 1) + 60);
            if (chance(w, 20)) {
                put(w, ", lots: %u", between(w, 2, 5));
            }
            if (chance(w, 20)) {
                put(w, ", first: 0 s");
            }
            if (chance(w, 10)) {
                put(w, ", count: %u", between(w, 1, 100));
            }
            if (w->finite && chance(w, 40)) {
                put(w, ", full: lose");
            } else if (kind < 7) {  // without a draw of its own: the other plants stay as they are
                put(w, ", pool: yes");
            }
        }
        if (chance(w, 40)) {
            put(w, ", priority: %u", below(w, 3));
        }
        put_due(w);
        put(w, "}\n");
    }
}

static void put_product(writer *w, uint32_t p) {
    const uint32_t steps = w->steps[p];
    const uint32_t *at = w->at[p];
    const bool limits = chance(w, 25);
    put(w, "  p%u:\n    lot: %u\n    route:\n", p, w->lot[p]);
    for (uint32_t i = 0; i < steps; i++) {
        put(w, "      - ");
        if (w->stations > 1 && chance(w, 10)) {
            static const char *const choose[] = {"shortest", "first", "random"};
            put(w, "any: [{at: s%u, name: n%u}, {at: s%u, name: n%ub}]\n        choose: %s", at[i],
                i, (at[i] + 1) % w->stations, i, choose[below(w, 3)]);
        } else {
            put_step(w, i, steps - 1, at, limits);
        }
        put(w, "\n");
    }
    put_releases(w, p, steps);
}

static void choose_routes(writer *w) {
    for (uint32_t p = 0; p < w->products; p++) {
        w->lot[p] = chance(w, 60) ? 1 : between(w, 2, 5);
        w->parts_most = w->lot[p] > w->parts_most ? w->lot[p] : w->parts_most;
        w->steps[p] = between(w, 1, STEPS_MAX);
        for (uint32_t i = 0; i < w->steps[p]; i++) {
            w->at[p][i] = below(w, w->stations);
        }
    }
}

// The rest of the text goes elsewhere.
static void write_to(writer *w, char *out, size_t size) {
    w->out = out;
    w->size = size;
    w->length = 0;
    out[0] = '\0';
}

static void put_orders(writer *w) {
    uint32_t minute = 0;
    put(w, "time_min,product,lots,due_min,priority\n");
    for (uint32_t i = between(w, 1, 12); i > 0; i--) {
        minute += below(w, 40);
        put(w, "%u,p%u,%u,%u,%u\n", minute, below(w, w->products), between(w, 1, 3),
            minute + between(w, 10, 90), below(w, 3));
    }
}

static void put_initial(writer *w) {
    put(w, "product,step,released_min,due_min,priority\n");
    for (uint32_t i = between(w, 1, 12); i > 0; i--) {
        const uint32_t p = below(w, w->products);
        put(w, "p%u,n%u,-%u,%u,%u\n", p, below(w, w->steps[p]), below(w, 100), between(w, 1, 90),
            below(w, 3));
    }
}

void reference_plant_write(uint64_t seed, reference_plant *out) {
    writer w = {.state = seed * 0x2545f4914f6cdd1du, .seed = seed};
    write_to(&w, out->yaml, sizeof out->yaml);
    w.stations = between(&w, 1, STATIONS_MAX);
    w.products = between(&w, 1, PRODUCTS_MAX);
    choose_routes(&w);
    w.calendars = chance(&w, 25);
    w.operators = chance(&w, 25);
    w.crews = chance(&w, 40);
    w.same_instant = chance(&w, 30);
    w.finite = chance(&w, 50);
    w.dates = chance(&w, 50);
    w.calm = between(&w, 1, 4);
    put(&w, "plant: random-%llu\nlimits: {lots: %u}\n", (unsigned long long)seed,
        between(&w, 30, 120));
    if (chance(&w, 30)) {
        put(&w, "dispatch: ");
        put_rules(&w);
        put(&w, "\n");
    }
    if (w.calendars) {
        put(&w, "calendars:\n");
        put_calendar(&w, "k0");
        put_calendar(&w, "k1");
    }
    if (w.operators) {
        put(&w, "operators:\n  o0: {count: %u, skills: [a, b]%s}\n  o1: {count: %u, skills: [b]}\n",
            between(&w, 1, 2), w.calendars && chance(&w, 50) ? ", calendar: k0" : "",
            between(&w, 1, 2));
    }
    if (w.crews) {
        put(&w, "crews:\n  mechanics: {count: 1}\n");
    }
    put(&w, "stations:\n");
    for (uint32_t s = 0; s < w.stations; s++) {
        put_station(&w, s);
    }
    if (chance(&w, 15)) {
        put(&w, "transport:\n  default: %u s\n  in to s0: ", between(&w, 10, 100));
        put_time(&w, 20, 120);
        put(&w, "\n");
    }
    put(&w, "products:\n");
    for (uint32_t p = 0; p < w.products; p++) {
        put_product(&w, p);
    }
    const bool orders = chance(&w, 15);
    const bool initial = chance(&w, 15);
    put(&w, "%s%s", orders ? "orders: orders.csv\n" : "", initial ? "initial: initial.csv\n" : "");
    write_to(&w, out->orders, sizeof out->orders);
    if (orders) {
        put_orders(&w);
    }
    write_to(&w, out->initial, sizeof out->initial);
    if (initial) {
        put_initial(&w);
    }
}
