// modbus_plan.h - which registers are asked for together, and when. Pure.
#pragma once

#include "base/arena.h"
#include "plant/listen.h"

typedef struct ls_modbus_group {
    ls_register_table table;
    uint32_t at, count;  // registers or bits of one request
    uint32_t from, to;   // of ls_modbus_plan.order
    int64_t every_us, next_us;
    bool is_bad;  // the server refuses it
} ls_modbus_group;

typedef struct ls_modbus_plan {
    const ls_source *source;
    uint32_t *order;  // registers by how often, table and address
    ls_modbus_group *groups;
    uint32_t group_count;  // at most as many as registers
} ls_modbus_plan;

// Joins registers that are asked equally often and lie at most a few apart, up to 125 registers or
// 2000 bits. In the arena; false: out of memory.
bool ls_modbus_plan_make(const ls_source *source, ls_arena *arena, ls_modbus_plan *out);
// Everything is due now.
void ls_modbus_plan_restart(ls_modbus_plan *plan, int64_t now_us);
// The group that is due first. O(groups).
uint32_t ls_modbus_plan_next(const ls_modbus_plan *plan);
// It was asked; due again after its interval, turns that were missed are left out.
void ls_modbus_plan_done(ls_modbus_plan *plan, uint32_t group, int64_t now_us);
// Cuts it in two, both due when it was. False: it is one register already.
bool ls_modbus_plan_split(ls_modbus_plan *plan, uint32_t group);
