// operator.h - people: who is taken for a phase, given back, waited for.
#pragma once

#include "twin/phase.h"

// People of a pool who are there while its shift runs.
LS_FN ls_u32 ls_staff_of(const ls_m_pool *pool, const ls_s_pool *state) {
    return state->staff != 0 ? (ls_u32)state->staff - 1 : pool->count;
}

LS_SLOW int ls_operator_take(ls_ctx *c, ls_u32 machine, ls_u32 skill) {
    const ls_m_pool *pools = LS_MODEL_ARRAY(c->m, ls_m_pool, pool_at);
    ls_s_pool *state = LS_STATE_ARRAY(c->m, c->s, ls_s_pool, s_pool);
    for (ls_u32 p = 0; p < c->m->pools; p++) {
        const ls_u64 *skills = c->masks + pools[p].skill_at;
        const int has = skill / 64 < pools[p].skill_words &&
                        ((skills[skill / 64] >> (skill % 64)) & 1) != 0;
        if (has && state[p].on != 0 && state[p].busy < ls_staff_of(pools + p, state + p)) {
            state[p].busy_area += (c->now - state[p].since) * (ls_i64)state[p].busy;
            state[p].since = c->now;
            state[p].busy++;
            c->machine[machine].operator_pool = p + 1;
            return 1;
        }
    }
    return 0;
}

LS_SLOW void ls_operator_give(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    if (mc->operator_pool != 0) {
        ls_s_pool *state = LS_STATE_ARRAY(c->m, c->s, ls_s_pool, s_pool) + mc->operator_pool - 1;
        state->busy_area += (c->now - state->since) * (ls_i64)state->busy;
        state->since = c->now;
        state->busy--;
        mc->operator_pool = 0;
        c->s->operators_freed = 1;
    }
}

LS_SLOW void ls_operator_wait(ls_ctx *c, ls_u32 machine) {
    ls_s_machine *mc = c->machine + machine;
    mc->waits = 1;
    mc->next = 0;
    if (c->s->operator_head == 0) {
        c->s->operator_head = machine + 1;
    } else {
        c->machine[c->s->operator_tail - 1].next = machine + 1;
    }
    c->s->operator_tail = machine + 1;
}

LS_SLOW void ls_operator_unwait(ls_ctx *c, ls_u32 machine) {
    ls_u32 before = 0;
    for (ls_u32 at = c->s->operator_head; at != 0; at = c->machine[at - 1].next) {
        if (at == machine + 1) {
            const ls_u32 after = c->machine[machine].next;
            if (before == 0) {
                c->s->operator_head = after;
            } else {
                c->machine[before - 1].next = after;
            }
            if (c->s->operator_tail == at) {
                c->s->operator_tail = before;
            }
            break;
        }
        before = at;
    }
    c->machine[machine].waits = 0;
    c->machine[machine].next = 0;
}

// Takes or keeps the operator that a phase needs, gives back one it does not. 0: must wait.
LS_SLOW int ls_operator_for_phase(ls_ctx *c, const ls_m_station *st, ls_u32 machine, ls_u32 phase) {
    const ls_m_need *needs = LS_MODEL_ARRAY(c->m, ls_m_need, need_at) + st->need_at;
    for (ls_u32 i = 0; i < st->need_count; i++) {
        if (((needs[i].phases >> phase) & 1) != 0) {
            if (c->machine[machine].operator_need == needs[i].skill + 1 &&
                c->machine[machine].operator_pool != 0) {
                return 1;
            }
            ls_operator_give(c, machine);
            if (!ls_operator_take(c, machine, needs[i].skill)) {
                return 0;
            }
            c->machine[machine].operator_need = needs[i].skill + 1;
            return 1;
        }
    }
    ls_operator_give(c, machine);
    return 1;
}
