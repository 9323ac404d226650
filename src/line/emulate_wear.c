// emulate_wear.c - tools that wear until they fail: the hidden condition behind a failure.
//
// The kernel draws when a failure with a `condition` comes (by `every`, bent by hidden truths), and
// here is drawn at which condition its tool fails (by `at`). In between the condition grows evenly
// with the clock of the failure, so that it is there when the failure is: every tool wears at a
// pace of its own, and who knows its condition knows more than its clock. `Wear` tells it; `Power`,
// `Vibration` and `Temperature` follow it.
#include "base/random.h"
#include "line/emulate_inside.h"
#include "twin/condition.h"

static const ls_m_condition *condition_of(const ls_emulate *e, uint32_t index) {
    return ls_model_conditions(e->twin->model) + index;
}

// How long work takes, and lives that are told, are no tool.
static bool is_tool(const ls_emulate *e, uint32_t index) {
    return condition_of(e, index)->mode != LS_NO && condition_of(e, index)->at != LS_NO;
}

static void new_tool(ls_emulate *e, const ls_ctx *c, uint32_t index) {
    const ls_m_condition *m = condition_of(e, index);
    emulate_tool *tool = &e->tools[index];
    const double u = ls_random_uniform(e->noise_key, 0x30000 + index, tool->count++);
    ls_u32 fallback = 0;
    tool->worn = m->fresh;
    tool->fails_at = m->fresh +
                     ls_dist_residual(c->dists + m->at, c->tables, m->fresh, u, &fallback);
    tool->clock = 0;
    tool->failed = false;
}

void ls_emulate_wear_start(ls_emulate *e) {
    const ls_ctx c = ls_emulate_context(e, e->snapshot);
    for (ls_u32 i = 0; i < c.m->conditions; i++) {
        if (is_tool(e, i)) {
            new_tool(e, &c, i);
        }
    }
}

// What is left to where it fails shrinks with what is left of the clock.
static void grow(emulate_tool *tool, int64_t clock, int64_t total) {
    const double left = (double)(total - tool->clock);
    const double gone = (double)(clock - tool->clock);
    tool->worn += gone >= left ? tool->fails_at - tool->worn
                               : (tool->fails_at - tool->worn) * (gone / left);
    tool->clock = clock;
}

void ls_emulate_wear(ls_emulate *e) {
    const ls_ctx c = ls_emulate_context(e, e->snapshot);
    for (ls_u32 i = 0; i < c.m->conditions; i++) {
        if (!is_tool(e, i)) {
            continue;
        }
        const ls_s_mode *mode = c.mode + condition_of(e, i)->mode;
        emulate_tool *tool = &e->tools[i];
        if (mode->active != 0) {  // broken, under repair
            tool->worn = tool->fails_at;
            tool->failed = true;
            continue;
        }
        const int64_t clock = mode->elapsed + (mode->since == LS_NEVER ? 0 : c.now - mode->since);
        if (tool->failed || clock < tool->clock) {
            new_tool(e, &c, i);
        }
        if (clock > tool->clock) {
            grow(tool, clock, mode->total);
        }
    }
}

const emulate_tool *ls_emulate_tool(const ls_emulate *e, uint32_t machine) {
    const ls_model *m = e->twin->model;
    const ls_m_mode *modes = LS_MODEL_ARRAY(m, ls_m_mode, mode_at);
    for (ls_u32 i = 0; i < m->conditions; i++) {
        if (is_tool(e, i) && modes[condition_of(e, i)->mode].machine == machine) {
            return &e->tools[i];
        }
    }
    return NULL;
}

double ls_emulate_worn(const ls_emulate *e, const emulate_tool *tool) {
    const ls_m_condition *m = condition_of(e, (uint32_t)(tool - e->tools));
    const double mean = LS_MODEL_ARRAY(e->twin->model, double, mean_at)[m->at];
    return (tool->worn - m->fresh) / (mean - m->fresh);
}
