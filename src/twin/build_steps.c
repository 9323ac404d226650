// build_steps.c - routes: steps with their times, branches, and the slots in which lots carry
// things along.
#include <stdlib.h>

#include "twin/builder.h"

static double dist_mean(const ls_plant *plant, uint32_t dist) {
    return dist == LS_NONE ? 0.0 : ls_dist_mean(&plant->dists[dist], plant->tables);
}

// Mean process time at speed 1 that a finished lot stands for, when the machine is loaded as it may
// be.
static double planned_us(const ls_plant *plant, const ls_step *step) {
    const double draw = dist_mean(plant, step->process);
    const double parts = plant->products[step->product].parts;
    if (step->cascade_us > 0) {
        return step->per == LS_PER_PART ? (double)step->cascade_us * parts
                                        : (double)step->cascade_us;
    }
    if (step->per == LS_PER_BATCH) {
        const ls_station *st = &plant->stations[step->station];
        const double lots = st->batch_parts ? step->batch_max / parts : step->batch_max;
        return lots > 1.0 ? draw / lots : draw;
    }
    return step->per == LS_PER_PART ? draw * parts : draw;
}

static void build_limits(ls_builder *b, const ls_step *from, ls_m_step *step) {
    step->limit_at = (ls_u32)b->limits.count;
    step->limit_count = from->limit_count;
    for (uint32_t i = 0; i < from->limit_count; i++) {
        ls_m_limit *limit = ls_pack_push(&b->limits);
        limit->limit = b->plant->queue_limits[from->limit_at + i].limit_us;
    }
    step->features |= from->limit_count > 0 ? LS_SF_LIMITS : 0;
}

static void build_branches(ls_builder *b, const ls_step *from, ls_m_step *step) {
    step->branch_at = (ls_u32)b->branches.count;
    step->branch_count = from->branch_count;
    for (uint32_t i = 0; i < from->branch_count; i++) {
        ls_m_branch *branch = ls_pack_push(&b->branches);
        branch->chance = b->plant->branches[from->branch_at + i].chance;
        branch->step = b->plant->branches[from->branch_at + i].step;
    }
    step->features |= from->branch_count > 0 ? LS_SF_BRANCH : 0;
}

static void build_step(ls_builder *b, uint32_t index, uint32_t stream, uint32_t route_stream) {
    const ls_plant *plant = b->plant;
    const ls_step *from = &plant->steps[index];
    ls_m_step *step = ls_pack_push(&b->steps);
    ls_m_station *st = LS_PACK_AT(&b->stations, ls_m_station, from->station);
    step->station = from->station;
    step->next = from->next;
    step->process = from->process;
    step->per = (ls_u32)from->per;
    step->product = from->product;
    step->number = from->number;
    step->parts = plant->products[from->product].parts;
    step->cascade = from->cascade_us;
    step->load = from->load_us;
    step->unload = from->unload_us;
    step->setup = from->setup == LS_NONE ? 0 : from->setup + 1;
    step->setup_time = from->setup_time;
    step->batch_min = from->batch_min;
    step->batch_max = from->batch_max;
    step->batch_most = from->batch_most;
    step->batch_wait = from->batch_wait_us;
    step->alternatives = from->alternative_count;
    step->choice = (ls_u32)from->choice;
    step->sample = from->sample;
    step->scrap = from->scrap;
    step->rework = from->rework;
    step->rework_to = from->rework_to;
    step->rework_limit = from->rework_limit;
    step->rework_once = from->rework_once;
    step->rework_scrap = from->rework_scrap;
    step->stream = stream;
    step->route_stream = route_stream;
    step->mean = ls_plant_step_mean_us(plant, index);
    step->planned = planned_us(plant, from);
    step->features |= from->sample < 1.0 ? LS_SF_SAMPLE : 0;
    step->features |= from->scrap > 0.0 ? LS_SF_SCRAP : 0;
    step->features |= from->rework > 0.0 && from->rework_to != LS_NONE ? LS_SF_REWORK : 0;
    step->features |= from->alternative_count > 0 ? LS_SF_ALTERNATIVES : 0;
    st->features |= from->cascade_us > 0 || plant->stations[from->station].ports > 1 ? LS_F_LAG : 0;
    st->features |= from->load_us > 0 || from->unload_us > 0 ? LS_F_LOADING : 0;
    st->features |= from->batch_wait_us != LS_FOREVER && plant->stations[from->station].batch
                        ? LS_F_WAIT
                        : 0;
    if (from->machine_process_at != LS_NONE) {
        step->features |= LS_SF_MACHINES;
        step->machine_process_at = ls_pack_grow(&b->words, st->machine_count);
        for (uint32_t i = 0; i < st->machine_count && !b->words.failed; i++) {
            *LS_PACK_AT(
                &b->words, ls_u32,
                step->machine_process_at + i) = plant->indexes[from->machine_process_at + i];
        }
    }
    for (uint32_t i = 0; i < st->machine_count; i++) {
        const uint32_t process = LS_PACK_AT(&b->machines, ls_m_machine, st->machine_at + i)->stream;
        const uint32_t setup =
            LS_PACK_AT(&b->machines, ls_m_machine, st->machine_at + i)->setup_stream;
        ls_builder_stream_use(b, process,
                              from->machine_process_at != LS_NONE
                                  ? plant->indexes[from->machine_process_at + i]
                                  : from->process);
        ls_builder_stream_use(b, setup, from->setup_time);
    }
    build_limits(b, from, step);
    build_branches(b, from, step);
}

static bool is_sorted(const ls_plant *plant, uint32_t station) {
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const ls_decide_point *p = &plant->decide.points[i];
        if (p->kind == LS_DECIDE_SORT && p->station == station) {
            return true;
        }
    }
    return false;
}

// Slots for machines to remember and reworks to count: one per step of the product that needs one.
static void assign_memory(ls_builder *b, const ls_product *product) {
    uint32_t slots = 0;
    for (uint32_t i = 0; i < product->step_count; i++) {
        const uint32_t index = product->step_at + i;
        const ls_step *from = &b->plant->steps[index];
        ls_m_step *step = LS_PACK_AT(&b->steps, ls_m_step, index);
        const uint32_t former = from->same_as != LS_NONE ? from->same_as : from->other_than;
        if (former != LS_NONE) {
            ls_m_step *held = LS_PACK_AT(&b->steps, ls_m_step, former);
            if (held->memory_slot == 0) {
                held->memory_slot = ++slots;
                held->features |= LS_SF_REMEMBER;
            }
            step->tag_slot = held->memory_slot - 1;
            step->tag_other = from->same_as == LS_NONE;
            step->features |= LS_SF_TAGGED;
        }
        if ((step->features & LS_SF_REWORK) != 0) {
            step->rework_slot = slots++;
        }
        if (is_sorted(b->plant, from->station) &&
            (step->features & (LS_SF_REWORK | LS_SF_SCRAP)) != 0) {
            step->quality_slot = ++slots;
        }
    }
    b->head.memory_slots = slots > b->head.memory_slots ? slots : b->head.memory_slots;
}

typedef struct limit_span {
    uint32_t from, to;  // step numbers
    uint32_t limit;     // index
    uint32_t to_step;
} limit_span;

static int span_order(const void *a, const void *b) {
    const limit_span *x = a;
    const limit_span *y = b;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
                              : (x->limit > y->limit) - (x->limit < y->limit);
}

// Slots for running queue-time limits: as many as run at the same time, first fit by start. The
// steps at which a slot's limit ends are chained in `words`.
static void assign_deadlines(ls_builder *b, const ls_product *product) {
    const ls_plant *plant = b->plant;
    ls_pack spans;
    ls_pack free_from;  // per slot: step number from which it is free
    ls_pack_init(&spans, sizeof(limit_span));
    ls_pack_init(&free_from, sizeof(uint32_t));
    for (uint32_t i = 0; i < product->step_count; i++) {
        const ls_step *from = &plant->steps[product->step_at + i];
        for (uint32_t k = 0; k < from->limit_count; k++) {
            limit_span *span = ls_pack_push(&spans);
            const uint32_t to = plant->queue_limits[from->limit_at + k].to;
            span->from = from->number;
            span->to = plant->steps[to].number;
            span->to_step = to;
            span->limit = LS_PACK_AT(&b->steps, ls_m_step, product->step_at + i)->limit_at + k;
        }
    }
    if (spans.count > 0) {
        qsort(spans.data, spans.count, sizeof(limit_span), span_order);
    }
    for (size_t i = 0; i < spans.count; i++) {
        limit_span *span = LS_PACK_AT(&spans, limit_span, i);
        size_t slot = 0;
        while (slot<free_from.count && * LS_PACK_AT(&free_from, uint32_t, slot)> span->from) {
            slot++;
        }
        if (slot == free_from.count) {
            ls_pack_grow(&free_from, 1);
        }
        if (free_from.failed) {
            break;
        }
        *LS_PACK_AT(&free_from, uint32_t, slot) = span->to;
        LS_PACK_AT(&b->limits, ls_m_limit, span->limit)->slot = (ls_u32)slot;
        span->limit = (uint32_t)slot;  // from here on: the slot
    }
    for (uint32_t i = 0; i < product->step_count && !free_from.failed; i++) {
        ls_m_step *step = LS_PACK_AT(&b->steps, ls_m_step, product->step_at + i);
        step->deadline_at = (ls_u32)b->words.count;
        for (size_t k = 0; k < spans.count; k++) {
            const limit_span *span = LS_PACK_AT(&spans, limit_span, k);
            if (plant->steps[span->to_step].number ==
                step->number) {  // alternatives share a number
                const uint32_t at = ls_pack_grow(&b->words, 1);
                if (!b->words.failed) {
                    *LS_PACK_AT(&b->words, ls_u32, at) = span->limit;
                }
                step->deadline_count++;
                step->features |= LS_SF_DEADLINES;
            }
        }
    }
    const uint32_t slots = (uint32_t)free_from.count;
    b->head.deadline_slots = slots > b->head.deadline_slots ? slots : b->head.deadline_slots;
    if (spans.failed || free_from.failed) {
        b->words.failed = true;
    }
    ls_pack_clear(&spans);
    ls_pack_clear(&free_from);
}

// Mean time of this step and all that follow, the way forward only (reworks not counted).
static void sum_remaining(ls_builder *b, const ls_product *product) {
    for (uint32_t i = product->step_count; i-- > 0;) {
        const uint32_t index = product->step_at + i;
        ls_m_step *step = LS_PACK_AT(&b->steps, ls_m_step, index);
        double after = 0.0;
        if ((step->features & LS_SF_BRANCH) != 0) {
            for (uint32_t k = 0; k < step->branch_count; k++) {
                const ls_m_branch *branch = LS_PACK_AT(&b->branches, ls_m_branch,
                                                       step->branch_at + k);
                if (branch->step != LS_NONE && branch->step > index) {
                    after += branch->chance *
                             LS_PACK_AT(&b->steps, ls_m_step, branch->step)->remaining;
                }
            }
        } else if (step->next != LS_NONE && step->next > index) {
            after = LS_PACK_AT(&b->steps, ls_m_step, step->next)->remaining;
        }
        step->remaining = step->sample * step->mean + after;
        step->remaining = step->remaining > 1.0 ? step->remaining : 1.0;
    }
}

void ls_builder_steps(ls_builder *b) {
    for (uint32_t p = 0; p < b->plant->product_count; p++) {
        const ls_product *product = &b->plant->products[p];
        const uint32_t stream = ls_builder_stream(b, "route", product->name, "", 0);
        const uint32_t route_stream = ls_builder_stream(b, "transport", product->name, "", 0);
        LS_PACK_AT(&b->streams, ls_m_stream, stream)->exp = 0;
        LS_PACK_AT(&b->streams, ls_m_stream, route_stream)->exp = 0;
        for (uint32_t i = 0; i < product->step_count; i++) {
            build_step(b, product->step_at + i, stream, route_stream);
        }
        if (b->steps.failed || b->words.failed || b->limits.failed || b->branches.failed) {
            return;
        }
        assign_memory(b, product);
        assign_deadlines(b, product);
        sum_remaining(b, product);
    }
}
