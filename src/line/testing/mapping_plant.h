// mapping_plant.h - the plant that tests of the mapping listen to. Time zero is 1970, so that plant
// time is the samples' time.
#pragma once

static const char test_mapping_plant[] =
    "plant: p\n"
    "start: 1970-01-01\n"
    "stations:\n"
    "  saw: {machines: [saw-1, saw-2], process: 60 s, fails: {name: blade, every: 10 h, repair: 1 "
    "h}}\n"
    "  oven: {batch: {min: 1, max: 4}, process: 10 min}\n"
    "products:\n"
    "  x: {lot: 5, route: [saw, oven], release: {every: 10 min}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any:\n"
    "      state: \"g/n/{machine}/State\"\n"
    "      states: {RUN: execute, 40: held, \"true\": execute}\n"
    "      lots: \"g/n/{machine}/Lots\"\n"
    "      step: \"g/n/{machine}/Step\"\n"
    "      reason: \"g/n/{machine}/Reason\"\n"
    "      good: {tag: \"g/n/{machine}/Good\", wraps: 65535}\n"
    "      bad: \"g/n/{machine}/Bad\"\n"
    "    saw-1: {reasons: {E17: blade, 3: blade}}\n"
    "    oven: {state: g/n/oven/PackML, states: {}}\n"
    "  queues: {any: \"g/n/queues/{station}\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done, named: \"{class}-*\"}\n"
    "  values: {heat: {tag: g/n/oven/Heat, unit: C, of: oven, low: 0, high: 900}}\n"
    "  orders: {tag: g/n/line/Order}\n";
