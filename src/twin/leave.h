// leave.h - where a lot goes when its step is done.
#pragma once

#include "twin/operation.h"

// The next step of a lot whose step is done; LS_NO: out of the plant; LS_STEP_SCRAP: thrown away.
#define LS_STEP_SCRAP 0xfffffffeu

// How likely a step finds a lot bad.
typedef struct ls_finds {
    double scrap, rework;  // the latter of those that are not scrapped
} ls_finds;

// By the step's own chances; of a lot of which it was told, by that. Where a step both scraps and
// reworks, the share of what is found that it scraps stays.
LS_SLOW ls_finds ls_finds_of(const ls_ctx *c, ls_u32 lot_index, const ls_m_step *step) {
    ls_finds f;
    f.scrap = (step->features & LS_SF_SCRAP) != 0 ? step->scrap : 0.0;
    f.rework = (step->features & LS_SF_REWORK) != 0 ? step->rework : 0.0;
    if (step->quality_slot == 0) {
        return f;
    }
    const ls_u32 told = c->memory[(ls_u64)lot_index * c->m->memory_slots + step->quality_slot - 1];
    if (told != 0) {
        const double bad = (double)(told - 1) / LS_TOLD_BAD_MOST;
        const double usual = f.scrap + (1.0 - f.scrap) * f.rework;
        f.scrap = bad * (f.scrap / usual);
        f.rework = f.scrap < 1.0 ? (bad - f.scrap) / (1.0 - f.scrap) : 0.0;
    }
    return f;
}

LS_FN double ls_bad_of(const ls_finds *f) {
    return f->scrap + (1.0 - f->scrap) * f->rework;
}

// What was told of it is over: it was inspected, or is made anew.
LS_FN void ls_told_bad_forget(ls_ctx *c, ls_u32 lot_index, const ls_m_step *step) {
    if (step->quality_slot != 0) {
        c->memory[(ls_u64)lot_index * c->m->memory_slots + step->quality_slot - 1] = 0;
    }
}

// Limits that the end of the step begins.
LS_FN void ls_limits_begin(ls_ctx *c, ls_u32 lot_index, const ls_m_step *step) {
    const ls_m_limit *limits = LS_MODEL_ARRAY(c->m, ls_m_limit, limit_at) + step->limit_at;
    for (ls_u32 i = 0; (step->features & LS_SF_LIMITS) != 0 && i < step->limit_count; i++) {
        c->deadline[(ls_u64)lot_index * c->m->deadline_slots + limits[i].slot] = c->now +
                                                                                 limits[i].limit;
    }
}

// Limits that the step's start would have ended are over, kept or not: it is not done.
LS_FN void ls_limits_drop(ls_ctx *c, ls_u32 lot_index, const ls_m_step *step) {
    for (ls_u32 i = 0; i < step->deadline_count; i++) {
        c->deadline[(ls_u64)lot_index * c->m->deadline_slots + c->words[step->deadline_at + i]] =
            LS_NEVER;
    }
}

// How often a lot was sent back from this step.
LS_FN ls_u16 *ls_rework_count(const ls_ctx *c, ls_u32 lot_index, const ls_m_step *step) {
    return c->memory + (ls_u64)lot_index * c->m->memory_slots + step->rework_slot;
}

// It is, once more.
LS_FN void ls_rework_again(ls_ctx *c, ls_u32 lot_index, const ls_m_step *step) {
    ls_u16 *count = ls_rework_count(c, lot_index, step);
    *count = (ls_u16)(*count + (*count < 0xffff));
    c->release[c->lot[lot_index].release].reworked++;
}

LS_SLOW ls_u32 ls_next_step_full(ls_ctx *c, ls_u32 lot_index, const ls_m_step *step) {
    const ls_finds finds = ls_finds_of(c, lot_index, step);
    ls_told_bad_forget(c, lot_index, step);
    if ((step->features & LS_SF_SCRAP) != 0 && ls_draw_uniform(c, step->stream) < finds.scrap) {
        return LS_STEP_SCRAP;
    }
    ls_limits_begin(c, lot_index, step);
    if ((step->features & LS_SF_REWORK) != 0) {
        ls_u16 *count = ls_rework_count(c, lot_index, step);
        if (step->rework_once == 0 || *count == 0) {
            const int again = ls_draw_uniform(c, step->stream) < finds.rework;
            if (again && step->rework_limit != 0 && *count >= step->rework_limit) {
                if (step->rework_scrap != 0) {
                    return LS_STEP_SCRAP;
                }
            } else if (again) {
                ls_rework_again(c, lot_index, step);
                return step->rework_to;
            } else if (step->rework_once != 0) {
                *count = 1;
            }
        }
    }
    if ((step->features & LS_SF_BRANCH) != 0) {
        const ls_m_branch *branch = LS_MODEL_ARRAY(c->m, ls_m_branch, branch_at) + step->branch_at;
        double u = ls_draw_uniform(c, step->stream);
        for (ls_u32 i = 0; i + 1 < step->branch_count; i++) {
            if (u < branch[i].chance) {
                return branch[i].step;
            }
            u -= branch[i].chance;
        }
        return branch[step->branch_count - 1].step;
    }
    return step->next;
}

// A lot leaves the order of its route. Forward: limits that end at steps it passes by are over.
// Back: limits that began at steps it does again are over. So a slot never holds a limit that does
// not run here.
LS_SLOW void ls_limits_lapse(ls_ctx *c, ls_u32 lot_index, ls_u32 from, ls_u32 to) {
    const ls_m_limit *limits = LS_MODEL_ARRAY(c->m, ls_m_limit, limit_at);
    ls_i64 *deadline = c->deadline + (ls_u64)lot_index * c->m->deadline_slots;
    const ls_u32 product = c->steps[from].product;
    const ls_u32 here = c->steps[from].number;
    const ls_u32 there = c->steps[to].number;
    const ls_u32 least = here < there ? here : there;
    ls_u32 s = here < there ? from : to;
    while (s > 0 && c->steps[s - 1].product == product && c->steps[s - 1].number == least) {
        s--;  // alternatives share a number
    }
    for (; s < c->m->steps && c->steps[s].product == product; s++) {
        const ls_m_step *step = c->steps + s;
        if (step->number > here && step->number < there) {
            for (ls_u32 i = 0; i < step->deadline_count; i++) {
                deadline[c->words[step->deadline_at + i]] = LS_NEVER;
            }
        } else if (step->number >= there && step->number <= here) {
            for (ls_u32 i = 0; i < step->limit_count; i++) {
                deadline[limits[step->limit_at + i].slot] = LS_NEVER;
            }
        } else if (step->number > here) {
            break;
        }
    }
}

// Sends a lot on from `station`. 0: no room, it stays where it is and is listed to be called.
// reserved: where a station is kept in which a place is reserved for it, + 1, or 0.
LS_HOT int ls_lot_leave(ls_ctx *c, ls_u32 station, ls_u32 lot_index, ls_u32 *reserved) {
    const ls_m_step *step = c->steps + c->lot[lot_index].step;
    ls_u32 next = step->next;
    if (LS_UNLIKELY((step->features & LS_SF_AFTER) != 0)) {
        next = ls_next_step_full(c, lot_index, step);
        if (next == LS_STEP_SCRAP ||
            (next == step->rework_to && (step->features & LS_SF_REWORK) != 0)) {
            c->station[station].bad += step->parts;
        }
        if (next == LS_STEP_SCRAP) {
            ls_lot_scrap(c, lot_index);
            return 1;
        }
    }
    next = ls_route(c, next);
    if (next == LS_NO) {
        if (LS_LIKELY(c->m->areas == 0)) {
            ls_lot_done(c, lot_index);
        } else {
            ls_lot_out_travel(c, lot_index, station);
        }
        return 1;
    }
    const ls_u32 to = c->steps[next].station;
    int has_place = 0;
    if (LS_UNLIKELY(*reserved != 0)) {
        const ls_u32 held = *reserved - 1;
        *reserved = 0;
        c->station[held].coming--;
        has_place = held == to;  // others that ask for room do not get it
        if (!has_place) {
            ls_room_made(c, held);
        }
    }
    if (LS_UNLIKELY(c->m->deadline_slots != 0) && c->steps[next].number != step->number + 1) {
        ls_limits_lapse(c, lot_index, c->lot[lot_index].step, next);
    }
    c->lot[lot_index].step = next;
    if ((c->stations[to].features & LS_F_ROOM) != 0 && !has_place &&
        (c->station[to].blocked_head != LS_NO || !ls_has_room(c, to))) {
        LS_TRACE(c, LS_TRACE_BLOCK, c->lot[lot_index].serial, next, LS_NO);
        ls_lot_block(c, lot_index, to);
        return 0;
    }
    ls_lot_carry(c, lot_index, station);
    return 1;
}

LS_SLOW int ls_lot_leave_rare(ls_ctx *c, ls_u32 station, ls_u32 lot_index, ls_u32 *reserved) {
    return ls_lot_leave(c, station, lot_index, reserved);
}

// Gives a reserved place back when it was not used.
LS_SLOW void ls_unreserve(ls_ctx *c, ls_u32 *reserved) {
    if (*reserved != 0) {
        const ls_u32 held = *reserved - 1;
        *reserved = 0;
        c->station[held].coming--;
        ls_room_made(c, held);
    }
}
