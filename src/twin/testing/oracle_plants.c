// oracle_plants.c - see oracle_plants.h.
#include "twin/testing/oracle_plants.h"

#include <stddef.h>

#include "twin/testing/oracle.h"

const oracle_plant oracle_plants[ORACLE_PLANTS] = {
    {"examples/mm1/mm1.yaml", NULL},
    {"examples/minifab/minifab.yaml", NULL},
    {"examples/gearbox/gearbox.yaml", NULL},
    {"blocked line",
     "plant: line\n"
     "crews: {one: {count: 1}}\n"
     "stations:\n"
     "  a: {process: exp 60 s, fails: {every: exp 20 min, repair: exp 5 min, crew: one}}\n"
     "  b: {queue: 0, process: gamma 55 s sd 20 s, fails: {every: exp 900 s, repair: exp 4 min, "
     "by: calendar, crew: one}}\n"
     "  c: {machines: 2, queue: 1, process: lognormal 110 s sd 60 s, fails: {every: 30 parts, "
     "repair: 3 min, lots: restart}}\n"
     "  d: {queue: 2, blocking: before, process: weibull shape 2 mean 50 s}\n"
     "  e: {queue: {places: 3, transit: uniform 5 s to 20 s}, process: erlang 3 mean 52 s}\n"
     "products:\n"
     "  part: {route: [a, b, c, d, e], release: {keep: 30}}\n"},
    {"shifts",
     "plant: shifts\n"
     "calendars:\n"
     "  day: {mon-fri: \"06:00-14:00\", breaks: \"09:00-09:15 12:00-12:30\"}\n"
     "  night: {daily: \"22:00-06:00\"}\n"
     "operators:\n"
     "  people: {count: 2, skills: [set, load], calendar: day}\n"
     "  helper: {count: 1, skills: [load]}\n"
     "dispatch: [hot, edd]\n"
     "stations:\n"
     "  finish: {machines: 2, process: lognormal 20 min sd 8 min, calendar: day, shift-end: "
     "finish, load: 2 min, unload: 1 min, operator: {skill: load, for: [load, unload]}}\n"
     "  pause: {process: gamma 9 min sd 4 min, calendar: night, shift-end: pause, fails: {every: "
     "exp 5 h, repair: exp 30 min, by: busy}}\n"
     "  abort: {machines: 2, process: triangular 5 min mode 8 min to 30 min, calendar: day, "
     "shift-end: abort}\n"
     "  setter: {process: exp 6 min, setup: {x to y: 10 min, y to x: uniform 4 min to 9 min, "
     "min-run: 3, initial: x}, operator: {skill: set, for: [setup, process]}, dispatch: [setup, "
     "fifo]}\n"
     "products:\n"
     "  x: {route: [finish, pause, abort, setter], release: {every: exp 9 h, lots: 2, due: 2 d}}\n"
     "  y: {route: [finish, setter, abort, pause], release: [{every: exp 5 h, due: 1 d}, {name: "
     "rush, every: exp 20 h, priority: 9}]}\n"},
    {"batches",
     "plant: batches\n"
     "transport: {default: exp 3 min, in to oven: 5 min, wash to out: uniform 1 min to 4 min}\n"
     "stations:\n"
     "  oven: {machines: 2, process: normal 60 min sd 5 min, per: batch, batch: {min: 3, max: 4, "
     "wait: 45 min, by: product, prefer: full}, load: 3 min, unload: 2 min, ports: 2,\n"
     "         fails: {every: exp 20 h, repair: exp 2 h, by: busy, lots: scrap}, maintenance: "
     "{every: 20 batches, for: 1 h}}\n"
     "  wash: {process: 12 min, per: batch, batch: {min: 1, max: 3, by: any, wait: 1 h}}\n"
     "  saw: {process: 30 s, per: part, cascade: 20 s, machines: 2, maintenance: {every: 12 h, "
     "for: uniform 20 min to 40 min, stagger: yes}}\n"
     "products:\n"
     "  x: {lot: 10, route: [saw, oven, {at: wash, scrap: 2 %}], release: {every: exp 24 min}}\n"
     "  y: {lot: 25, route: [oven, saw, {at: oven, name: again}, wash], release: {every: 40 min, "
     "first: uniform 0 s to 40 min}}\n"},
    {"ways",
     "plant: ways\n"
     "dispatch: [queue-time, cr, random]\n"
     "stations:\n"
     "  a: {machines: 2, process: exp 8 min}\n"
     "  b: {machines: [b1, b2], process: {p: exp 9 min, q: pert 4 min mode 6 min to 15 min}, "
     "machine-choice: least-setup, setup: {product: 2 min, step: 1 min, both: 3 min}}\n"
     "  c: {machines: {c1: {speed: 1.3}, c2: {process: exp 12 min}}, process: exp 10 min}\n"
     "  d: {process: discrete 1 min 50 % 4 min 30 % 9 min 20 %, queue: 6}\n"
     "products:\n"
     "  p:\n"
     "    route:\n"
     "      - {at: a, start-by: {step: c, limit: 20 min}}\n"
     "      - {at: b, sample: 60 %}\n"
     "      - {at: c, rework: {chance: 12 %, to: a, limit: 2, then: scrap}}\n"
     "      - {any: [d, {at: b, name: b-late}], choose: shortest}\n"
     "      - {at: c, name: last, scrap: 3 %, other-machine-than: c}\n"
     "    release: {every: exp 14 min, due: uniform 1 h to 4 h}\n"
     "  q:\n"
     "    route:\n"
     "      - {at: b, then: {d: 40 %, end: 60 %}}\n"
     "      - {at: d, rework: {chance: 20 %, to: b, draw: once}}\n"
     "      - {at: a, name: end}\n"
     "    release: {every: exp 25 min, full: wait, due: 3 h}\n"},
    {"lost",
     "plant: lost\n"
     "stations:\n"
     "  a: {machines: 3, queue: 2, process: exp 10 min}\n"
     "  b: {queue: 1, process: exp 4 min, fails: [{name: long, every: weibull shape 2 scale 5 h, "
     "repair: lognormal 20 min sd 9 min, by: calendar}, {name: short, every: exp 200 parts, "
     "repair: 1 min}]}\n"
     "products:\n"
     "  x: {route: [a, b], release: {every: exp 4 min, full: lose}}\n"
     "  y: {route: [b], release: {at: [0 s, 4 h, 9 h, 30 h], lots: 5, full: lose}}\n"},
    {"conwip",
     "plant: conwip\n"
     "stations: {a: {process: exp 10 s}, b: {process: exp 8 s, queue: 3}, c: {machines: 70, "
     "process: exp 500 s}}\n"
     "products:\n"
     "  x: {route: [a, b, c], release: {keep: 60}}\n"
     "  y: {route: [b, a, {at: b, name: b2}], release: {keep: 4}}\n"},
};

ls_twin *oracle_twin_of(int plant) {
    const oracle_plant *of = &oracle_plants[plant];
    return of->text != NULL ? oracle_twin(of->text) : oracle_twin_of_file(of->name);
}
