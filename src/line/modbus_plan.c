// modbus_plan.c - see modbus_plan.h.
#include "line/modbus_plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// Registers between two wanted ones that are read along: cheaper than another request, but a PLC
// may have none there; then the group is cut.
enum { GAP_MAX = 8, WORDS_MAX = 125, BITS_MAX = 2000 };

static uint32_t most_of(ls_register_table table) {
    return table == LS_REGISTER_COIL || table == LS_REGISTER_DISCRETE ? BITS_MAX : WORDS_MAX;
}

static int64_t every_of(const ls_source *source, const ls_register *reg) {
    return reg->every_us > 0 ? reg->every_us : source->every_us;
}

static int compare(const void *left, const void *right, void *context) {
    const ls_source *source = context;
    const uint32_t a_index = *(const uint32_t *)left;
    const uint32_t b_index = *(const uint32_t *)right;
    const ls_register *a = &source->registers[a_index];
    const ls_register *b = &source->registers[b_index];
    const int64_t a_every = every_of(source, a);
    const int64_t b_every = every_of(source, b);
    if (a_every != b_every) {
        return a_every < b_every ? -1 : 1;
    }
    if (a->table != b->table) {
        return a->table < b->table ? -1 : 1;
    }
    if (a->at != b->at) {
        return a->at < b->at ? -1 : 1;
    }
    return a_index < b_index ? -1 : (a_index > b_index ? 1 : 0);
}

static const ls_register *at(const ls_modbus_plan *plan, uint32_t i) {
    return &plan->source->registers[plan->order[i]];
}

// The group of order[from..to), its request as long as its registers need.
static ls_modbus_group group_of(const ls_modbus_plan *plan, uint32_t from, uint32_t to) {
    ls_modbus_group g = {.table = at(plan, from)->table, .from = from, .to = to};
    g.at = at(plan, from)->at;
    g.every_us = every_of(plan->source, at(plan, from));
    for (uint32_t i = from; i < to; i++) {
        const uint32_t end = at(plan, i)->at + ls_register_size(at(plan, i));
        g.count = end - g.at > g.count ? end - g.at : g.count;
    }
    return g;
}

static bool fits(const ls_modbus_plan *plan, const ls_modbus_group *g, uint32_t i) {
    const ls_register *reg = at(plan, i);
    return reg->table == g->table && every_of(plan->source, reg) == g->every_us &&
           reg->at <= g->at + g->count + GAP_MAX &&
           reg->at + ls_register_size(reg) - g->at <= most_of(g->table);
}

bool ls_modbus_plan_make(const ls_source *source, ls_arena *arena, ls_modbus_plan *out) {
    const uint32_t count = source->register_count;
    void *context = NULL;
    *out = (ls_modbus_plan){.source = source};
    out->order = ls_arena_alloc(arena, (size_t)count * sizeof *out->order);
    out->groups = ls_arena_alloc(arena, (size_t)count * sizeof *out->groups);
    if (out->order == NULL || out->groups == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        out->order[i] = i;
    }
    memcpy(&context, &source, sizeof context);
    qsort_r(out->order, count, sizeof *out->order, compare, context);
    for (uint32_t i = 0; i < count;) {
        const uint32_t from = i++;
        ls_modbus_group g = group_of(out, from, i);
        while (i < count && fits(out, &g, i)) {
            g = group_of(out, from, ++i);
        }
        out->groups[out->group_count++] = g;
    }
    return true;
}

void ls_modbus_plan_restart(ls_modbus_plan *plan, int64_t now_us) {
    for (uint32_t i = 0; i < plan->group_count; i++) {
        plan->groups[i].next_us = now_us;
    }
}

uint32_t ls_modbus_plan_next(const ls_modbus_plan *plan) {
    uint32_t first = 0;
    for (uint32_t i = 1; i < plan->group_count; i++) {
        first = plan->groups[i].next_us < plan->groups[first].next_us ? i : first;
    }
    return first;
}

void ls_modbus_plan_done(ls_modbus_plan *plan, uint32_t group, int64_t now_us) {
    ls_modbus_group *g = &plan->groups[group];
    g->next_us += g->every_us;
    if (g->next_us <= now_us) {
        g->next_us += (now_us - g->next_us) / g->every_us * g->every_us + g->every_us;
    }
}

bool ls_modbus_plan_split(ls_modbus_plan *plan, uint32_t group) {
    const ls_modbus_group old = plan->groups[group];
    if (old.to - old.from < 2) {
        return false;
    }
    assert(plan->group_count < plan->source->register_count);
    const uint32_t middle = old.from + (old.to - old.from) / 2;
    ls_modbus_group *first = &plan->groups[group];
    ls_modbus_group *second = &plan->groups[plan->group_count++];
    *first = group_of(plan, old.from, middle);
    *second = group_of(plan, middle, old.to);
    first->next_us = old.next_us;
    second->next_us = old.next_us;
    return true;
}
