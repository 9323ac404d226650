// instant.c - all signals of one moment are heard.
#include "twin/follow/instant.h"

ls_instant *ls_instant_create(const ls_model *m) {
    ls_instant *in = ls_alloc(sizeof *in);
    if (in == NULL) {
        return NULL;
    }
    in->lots = m->lots;
    in->move_of = ls_alloc((size_t)m->lots * sizeof *in->move_of);
    in->jobs = ls_alloc(m->machines * sizeof *in->jobs);
    in->machines = ls_alloc(m->machines * sizeof *in->machines);
    in->touched = ls_alloc(m->stations);
    in->stations = ls_alloc(m->stations * sizeof *in->stations);
    in->queue_told = ls_alloc(m->stations * sizeof *in->queue_told);
    in->move_capacity = 256;
    in->moves = ls_alloc(in->move_capacity * sizeof *in->moves);
    in->told_capacity = 256;
    in->told = ls_alloc(in->told_capacity * sizeof *in->told);
    if (in->move_of == NULL || in->jobs == NULL || in->machines == NULL || in->touched == NULL ||
        in->stations == NULL || in->queue_told == NULL || in->moves == NULL || in->told == NULL) {
        ls_instant_destroy(in);
        return NULL;
    }
    return in;
}

void ls_instant_destroy(ls_instant *in) {
    if (in != NULL) {
        ls_free(in->move_of);
        ls_free(in->jobs);
        ls_free(in->machines);
        ls_free(in->touched);
        ls_free(in->stations);
        ls_free(in->queue_told);
        ls_free(in->moves);
        ls_free(in->told);
        ls_free(in);
    }
}

static bool grow(void **data, uint32_t *capacity, uint32_t count, size_t item) {
    if (count < *capacity) {
        return true;
    }
    void *more = ls_realloc(*data, (size_t)*capacity * 2 * item);
    if (more == NULL) {
        return false;
    }
    *data = more;
    *capacity *= 2;
    return true;
}

ls_move *ls_instant_move(ls_instant *in, uint32_t lot) {
    if (in->move_of[lot] != 0) {
        return &in->moves[in->move_of[lot] - 1];
    }
    void *data = in->moves;
    const bool grown = grow(&data, &in->move_capacity, in->move_count, sizeof *in->moves);
    in->moves = data;
    if (!grown) {
        return NULL;
    }
    ls_move *move = &in->moves[in->move_count++];
    memset(move, 0, sizeof *move);
    move->lot = lot;
    move->machine = LS_NO;
    move->step = LS_NO;
    move->station = LS_NO;
    in->move_of[lot] = in->move_count;
    return move;
}

ls_job *ls_instant_job(ls_instant *in, uint32_t machine) {
    ls_job *job = &in->jobs[machine];
    if (!job->listed) {
        memset(job, 0, sizeof *job);
        job->listed = true;
        in->machines[in->machine_count++] = machine;
    }
    return job;
}

void ls_instant_touch(ls_instant *in, uint32_t station) {
    if (in->touched[station] == 0) {
        in->touched[station] = 1;
        in->stations[in->station_count++] = station;
    }
}

bool ls_instant_tell_lot(ls_instant *in, uint32_t lot) {
    void *data = in->told;
    const bool grown = grow(&data, &in->told_capacity, in->told_count, sizeof *in->told);
    in->told = data;
    if (grown) {
        in->told[in->told_count++] = lot;
    }
    return grown;
}

static void forget(ls_instant *in) {
    for (uint32_t i = 0; i < in->move_count; i++) {
        in->move_of[in->moves[i].lot] = 0;
    }
    for (uint32_t i = 0; i < in->machine_count; i++) {
        in->jobs[in->machines[i]].listed = false;
    }
    for (uint32_t i = 0; i < in->station_count; i++) {
        in->touched[in->stations[i]] = 0;
    }
    in->move_count = 0;
    in->machine_count = 0;
    in->station_count = 0;
    in->told_count = 0;
    in->queue_count = 0;
}

static bool is_of_lot(ls_heard_kind kind) {
    return kind >= LS_HEARD_RELEASED && kind <= LS_HEARD_SCRAPPED;
}

static void hear_queue(ls_core *core, ls_instant *in, const ls_heard *heard) {
    if (heard->of < core->c.m->stations && heard->number >= 0) {
        core->stations[heard->of].queue = (uint32_t)(heard->number < INT32_MAX ? heard->number
                                                                               : INT32_MAX) +
                                          1;
        if (in->queue_count < core->c.m->stations) {
            in->queue_told[in->queue_count++] = heard->of | (heard->birth ? 1u << 31 : 0);
        }
    }
}

// What is silent may do anything meanwhile: fail, or release lots.
static void hear_stale(ls_core *core, const ls_heard *heard) {
    for (uint32_t i = 0; i < core->c.m->machines; i++) {
        if (heard->of == LS_NO || heard->of == i) {
            core->machines[i].stale = heard->number != 0;
            core->machines[i].doubt_us = core->c.now;
            for (uint32_t k = 0; k < core->c.machines[i].mode_count; k++) {
                core->modes[core->c.machines[i].mode_at + k].seen = 0;
            }
        }
    }
    for (uint32_t r = 0; r < core->c.m->releases && heard->of == LS_NO; r++) {
        core->releases[r].doubt = 1;
    }
}

void ls_core_hear(ls_core *core, ls_instant *in, const ls_heard *heard, size_t count, bool more) {
    in->more = more;
    in->lots_born = false;
    if (count == 0) {
        return;
    }
    ls_core_advance(core, heard[0].time_us);
    core->figures->heard += count;
    core->figures->last_heard_us = core->c.now;
    for (size_t i = 0; i < count; i++) {
        if (heard[i].kind == LS_HEARD_RELEASED) {
            ls_hear_lot(core, in, &heard[i]);
        } else if (heard[i].kind == LS_HEARD_PRODUCT) {
            ls_hear_machine(core, in, &heard[i]);
        }
    }
    // What a machine makes before which lots it holds: unknown lots are made from it.
    for (size_t i = 0; i < count; i++) {
        if (heard[i].kind < LS_HEARD_QUEUE && heard[i].kind != LS_HEARD_LOTS &&
            heard[i].kind != LS_HEARD_PRODUCT) {
            ls_hear_machine(core, in, &heard[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (heard[i].kind == LS_HEARD_LOTS) {
            ls_hear_machine(core, in, &heard[i]);
        } else if (is_of_lot(heard[i].kind) && heard[i].kind != LS_HEARD_RELEASED) {
            ls_hear_lot(core, in, &heard[i]);
        } else if (heard[i].kind == LS_HEARD_QUEUE) {
            hear_queue(core, in, &heard[i]);
        } else if (heard[i].kind == LS_HEARD_STALE) {
            hear_stale(core, &heard[i]);
        }
    }
    ls_hear_lots_left(core, in);
    ls_hear_restarts(core, in);
    if (in->lots_born) {
        ls_infer_unborn(core, in);
    }
    ls_infer_counters(core, in);
    ls_moves_find_steps(core, in);
    ls_moves_do(core, in);
    if (!more) {
        ls_infer_queues(core, in);
    }
    ls_moves_unseen(core, in);
    ls_infer_ghosts(core, in);
    ls_core_agenda_clear(core);
    forget(in);
    if (!more) {
        ls_core_advance(core, core->c.now);
    }
}
