// build_releases.c - where lots come from: releases, orders, lots at time zero.
#include "twin/builder.h"

static void build_release(ls_builder *b, uint32_t index) {
    const ls_plant *plant = b->plant;
    const ls_release *from = &plant->releases[index];
    const uint32_t stream = ls_builder_stream(b, "release", from->name, "", 0);
    const uint32_t due_stream = ls_builder_stream(b, "due", from->name, "", 0);
    ls_builder_stream_use(b, stream, from->every);
    ls_builder_stream_use(b, stream, from->first);
    ls_builder_stream_use(b, due_stream, from->due);
    ls_m_release *release = ls_pack_push(&b->releases);
    release->kind = (ls_u32)from->kind;
    release->product = from->product;
    release->lots = from->lots;
    release->keep = from->keep;
    release->every = from->every;
    release->first = from->first;
    release->due = from->due;
    release->lose = from->lose;
    release->pool = from->pool;
    release->count = from->count;
    release->priority = from->priority;
    release->step = plant->products[from->product].step_at;
    release->order_at = from->order_at;
    release->order_count = from->order_count;
    release->stream = stream;
    release->due_stream = due_stream;
    const double raw = LS_PACK_AT(&b->steps, ls_m_step, release->step)->remaining;
    release->base = raw < 4.0e18 ? (ls_i64)(raw + 0.5) : 4000000000000000000;
    release->scale = 16.0 / (raw > 1.0 ? raw : 1.0e6);
}

// Steps and releases that the kernel's express way may serve (express.h).
static void find_express(ls_builder *b) {
    for (size_t i = 0; i < b->steps.count; i++) {
        ls_m_step *step = LS_PACK_AT(&b->steps, ls_m_step, i);
        const bool simple = LS_PACK_AT(&b->stations, ls_m_station, step->station)->simple != 0;
        step->express = simple && (step->features & ~(ls_u32)LS_SF_MACHINES) == 0 &&
                        b->head.areas == 0;
    }
    for (size_t i = 0; i < b->steps.count; i++) {  // 2: its successor is none or express too
        ls_m_step *step = LS_PACK_AT(&b->steps, ls_m_step, i);
        if (step->express != 0 &&
            (step->next == LS_NO || LS_PACK_AT(&b->steps, ls_m_step, step->next)->express != 0)) {
            step->express = 2;
        }
    }
    for (size_t i = 0; i < b->machines.count; i++) {
        ls_m_machine *mm = LS_PACK_AT(&b->machines, ls_m_machine, i);
        const ls_m_station *st = LS_PACK_AT(&b->stations, ls_m_station, mm->station);
        mm->express_step = LS_NO;
        if (st->simple == 0) {
            continue;
        }
        const ls_u32 index = LS_PACK_AT(&b->queues, ls_m_queue, st->queue_at)->step;
        const ls_m_step *step = LS_PACK_AT(&b->steps, ls_m_step, index);
        if (step->express != 0) {
            mm->express_step = index;
            mm->express_queue = st->queue_at;
            const bool plain = mm->slowness == 1.0 &&
                               (step->per != LS_PER_PART || step->parts == 1);
            const ls_dist *dist = &b->plant->dists[step->process];
            const bool exp = dist->kind == LS_DIST_EXP && (step->features & LS_SF_MACHINES) == 0;
            mm->exp_mean = plain && exp ? dist->p[0] : 0.0;
            const bool other = step->next == LS_NO ||
                               LS_PACK_AT(&b->steps, ls_m_step, step->next)->station != mm->station;
            mm->express_ends = step->express == 2 && other;
        }
    }
    for (size_t i = 0; i < b->releases.count; i++) {
        ls_m_release *r = LS_PACK_AT(&b->releases, ls_m_release, i);
        const ls_dist *every = r->every != LS_NO ? &b->plant->dists[r->every] : NULL;
        r->exp_mean = every != NULL && every->kind == LS_DIST_EXP ? every->p[0] : 0.0;
        r->express = r->kind == LS_RELEASE_EVERY && r->lots == 1 && r->lose == 0 && r->pool == 0 &&
                     (b->head.memory_slots | b->head.deadline_slots) == 0 &&
                     LS_PACK_AT(&b->steps, ls_m_step, r->step)->express != 0;
    }
}

void ls_builder_releases(ls_builder *b) {
    const ls_plant *plant = b->plant;
    for (uint32_t i = 0; i < plant->release_count; i++) {
        build_release(b, i);
    }
    find_express(b);
    for (uint32_t i = 0; i < plant->order_count; i++) {
        const ls_order *from = &plant->orders[i];
        ls_m_order *order = ls_pack_push(&b->orders);
        order->time = from->time_us;
        order->due = from->due_us;
        order->step = plant->products[from->product].step_at;
        order->priority = from->priority;
        order->lots = from->lots;
    }
    for (uint32_t i = 0; i < plant->wip_count; i++) {
        const ls_wip *from = &plant->wip[i];
        ls_m_wip *wip = ls_pack_push(&b->wip);
        wip->released = from->released_us;
        wip->due = from->due_us;
        wip->release = from->release;
        wip->step = from->step;
        wip->priority = from->priority;
    }
}
