// context.h - the arrays of one model and one state, unpacked once per run of the kernel.
#pragma once

#include "twin/state.h"

typedef struct ls_ctx {
    const ls_model *m;
    ls_state *s;
    ls_scratch *x;
    const ls_m_station *stations;
    const ls_m_machine *machines;
    const ls_m_step *steps;
    const ls_m_queue *queues;
    const ls_m_family *families;
    const ls_m_mode *modes;
    const ls_m_release *releases;
    const ls_m_criterion *criteria;
    const ls_dist *dists;
    const double *tables;
    const ls_u32 *words;
    const ls_u64 *masks;
    const ls_m_stream *streams;
    ls_draw_block *blocks;
    ls_u64 *firsts, *exp_firsts;
    ls_ahead *ahead;
    ls_u64 *ahead_steps;
    ls_u64 *tree;
    ls_heap_item *heap;
    ls_s_station *station;
    ls_s_machine *machine;
    ls_i64 *account;  // LS_STATE_COUNT per machine
    ls_s_queue *queue;
    ls_u64 *bits, *idle;
    ls_s_mode *mode;
    ls_s_release *release;
    ls_u64 *position;  // of each stream
    ls_u32 *agenda;
    ls_u32 agenda_head, agenda_count;
    ls_u64 *finished;  // lots, per step
    ls_u32 *hist;      // LS_HIST_BUCKETS per release
    ls_u16 *memory;
    ls_i64 *deadline;
    ls_lot_event *event;
    ls_lot *lot;
    ls_i64 now;
} ls_ctx;

LS_FN void ls_ctx_open(ls_ctx *c, const ls_model *m, ls_state *s, ls_scratch *x) {
    c->m = m;
    c->s = s;
    c->x = x;
    c->stations = LS_MODEL_ARRAY(m, ls_m_station, station_at);
    c->machines = LS_MODEL_ARRAY(m, ls_m_machine, machine_at);
    c->steps = LS_MODEL_ARRAY(m, ls_m_step, step_at);
    c->queues = LS_MODEL_ARRAY(m, ls_m_queue, queue_at);
    c->families = LS_MODEL_ARRAY(m, ls_m_family, family_at);
    c->modes = LS_MODEL_ARRAY(m, ls_m_mode, mode_at);
    c->releases = LS_MODEL_ARRAY(m, ls_m_release, release_at);
    c->criteria = LS_MODEL_ARRAY(m, ls_m_criterion, criterion_at);
    c->dists = LS_MODEL_ARRAY(m, ls_dist, dist_at);
    c->tables = LS_MODEL_ARRAY(m, double, table_at);
    c->words = LS_MODEL_ARRAY(m, ls_u32, word_at);
    c->masks = LS_MODEL_ARRAY(m, ls_u64, mask_at);
    c->streams = LS_MODEL_ARRAY(m, ls_m_stream, stream_at);
    c->blocks = x->blocks;
    c->firsts = x->firsts;
    c->ahead = x->ahead;
    c->ahead_steps = x->steps;
    c->exp_firsts = x->exp_firsts;
    c->tree = LS_STATE_ARRAY(m, s, ls_u64, s_tree);
    c->heap = LS_STATE_ARRAY(m, s, ls_heap_item, s_heap);
    c->station = LS_STATE_ARRAY(m, s, ls_s_station, s_station);
    c->machine = LS_STATE_ARRAY(m, s, ls_s_machine, s_machine);
    c->account = LS_STATE_ARRAY(m, s, ls_i64, s_time);
    c->queue = LS_STATE_ARRAY(m, s, ls_s_queue, s_queue);
    c->bits = LS_STATE_ARRAY(m, s, ls_u64, s_bits);
    c->idle = LS_STATE_ARRAY(m, s, ls_u64, s_idle);
    c->mode = LS_STATE_ARRAY(m, s, ls_s_mode, s_mode);
    c->release = LS_STATE_ARRAY(m, s, ls_s_release, s_release);
    c->position = LS_STATE_ARRAY(m, s, ls_u64, s_stream);
    c->agenda = x->agenda;
    c->agenda_head = 0;
    c->agenda_count = 0;
    c->finished = LS_STATE_ARRAY(m, s, ls_u64, s_finished);
    c->hist = LS_STATE_ARRAY(m, s, ls_u32, s_hist);
    c->memory = LS_STATE_ARRAY(m, s, ls_u16, s_memory);
    c->deadline = LS_STATE_ARRAY(m, s, ls_i64, s_deadline);
    c->event = LS_STATE_ARRAY(m, s, ls_lot_event, s_event);
    c->lot = LS_STATE_ARRAY(m, s, ls_lot, s_lot);
    c->now = s->now;
}

// A kernel assertion: a bug of ours, never of the user's. Stops the run, keeps the state.
#define LS_EXPECT(c, fact)                   \
    do {                                     \
        if (LS_UNLIKELY(!(fact))) {          \
            (c)->s->stopped = LS_RUN_BROKEN; \
            (c)->s->broken_line = __LINE__;  \
        }                                    \
    } while (0)

LS_SLOW void ls_trace_write(ls_ctx *c, ls_u32 kind, ls_u32 serial, ls_u32 step, ls_u32 machine) {
    if (c->x->trace_count < c->x->trace_capacity) {
        ls_trace_item *item = c->x->trace + c->x->trace_count;
        item->time = c->now;
        item->kind = kind;
        item->serial = serial;
        item->step = step;
        item->machine = machine;
    }
    c->x->trace_count++;
}

#define LS_TRACE(c, kind, serial, step, machine)                              \
    do {                                                                      \
        if (LS_UNLIKELY((c)->x->trace != 0)) {                                \
            ls_trace_write((c), (ls_u32)(kind), (serial), (step), (machine)); \
        }                                                                     \
    } while (0)
