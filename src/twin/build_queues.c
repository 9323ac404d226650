// build_queues.c - who waits where and who may take it: queues, machine masks, batch families.
#include "twin/builder.h"

static bool list_has(const ls_plant *plant, uint32_t at, uint32_t count, uint32_t value) {
    for (uint32_t i = 0; i < count; i++) {
        if (plant->indexes[at + i] == value) {
            return true;
        }
    }
    return count == 0;  // no list: everything
}

static void add_queue(ls_builder *b, uint32_t station, uint32_t step, uint32_t machine) {
    ls_m_queue *queue = ls_pack_push(&b->queues);
    queue->step = step;
    queue->machine = machine;
    queue->station = station;
}

// The steps that visit each station, by counting sort: starts[s] .. starts[s+1] in order.
static bool steps_by_station(const ls_plant *plant, ls_pack *starts, ls_pack *order) {
    ls_pack_grow(starts, plant->station_count + 1);
    ls_pack_grow(order, plant->step_count);
    if (starts->failed || order->failed) {
        return false;
    }
    uint32_t *start = LS_PACK_AT(starts, uint32_t, 0);
    for (uint32_t i = 0; i < plant->step_count; i++) {
        start[plant->steps[i].station + 1]++;
    }
    for (uint32_t s = 0; s < plant->station_count; s++) {
        start[s + 1] += start[s];
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        *LS_PACK_AT(order, uint32_t, start[plant->steps[i].station]++) = i;
    }
    for (uint32_t s = plant->station_count; s > 0; s--) {
        start[s] = start[s - 1];
    }
    start[0] = 0;
    return true;
}

static void build_masks(ls_builder *b, ls_m_station *st) {
    for (uint32_t i = 0; i < st->machine_count; i++) {
        ls_m_machine *mm = LS_PACK_AT(&b->machines, ls_m_machine, st->machine_at + i);
        const ls_machine *from = &b->plant->machines[st->machine_at + i];
        mm->mask_at = ls_pack_grow(&b->masks, st->queue_words);
        for (uint32_t q = 0; q < st->queue_count && !b->masks.failed; q++) {
            const ls_m_queue *queue = LS_PACK_AT(&b->queues, ls_m_queue, st->queue_at + q);
            const ls_m_step *step = LS_PACK_AT(&b->steps, ls_m_step, queue->step);
            const ls_step *ps = &b->plant->steps[queue->step];
            bool may = list_has(b->plant, ps->on_at, ps->on_count, i) &&
                       list_has(b->plant, from->only_at, from->only_count, queue->step);
            if (queue->machine != LS_NO) {
                may = may && (queue->machine == i) == (step->tag_other == 0);
            }
            if (may) {
                *LS_PACK_AT(&b->masks, ls_u64, mm->mask_at + q / 64) |= (ls_u64)1 << (q % 64);
            }
        }
    }
}

static void build_families(ls_builder *b, ls_m_station *st) {
    uint32_t count = 0;
    for (uint32_t q = 0; q < st->queue_count; q++) {
        const ls_step *ps =
            &b->plant->steps[LS_PACK_AT(&b->queues, ls_m_queue, st->queue_at + q)->step];
        for (uint32_t k = 0; k < ps->family_count; k++) {
            const uint32_t family = b->plant->indexes[ps->family_at + k];
            count = family + 1 > count ? family + 1 : count;
        }
    }
    st->family_at = (ls_u32)b->families.count;
    st->family_count = count;
    for (uint32_t f = 0; f < count; f++) {
        const uint32_t mask_at = ls_pack_grow(&b->masks, st->queue_words);
        ls_m_family *family = ls_pack_push(&b->families);
        family->mask_at = mask_at;
        for (uint32_t q = 0; q < st->queue_count && !b->masks.failed; q++) {
            const ls_step *ps =
                &b->plant->steps[LS_PACK_AT(&b->queues, ls_m_queue, st->queue_at + q)->step];
            for (uint32_t k = 0; k < ps->family_count; k++) {
                if (b->plant->indexes[ps->family_at + k] == f) {
                    *LS_PACK_AT(&b->masks, ls_u64, mask_at + q / 64) |= (ls_u64)1 << (q % 64);
                }
            }
        }
    }
}

static bool is_simple(ls_builder *b, const ls_m_station *st) {
    // The rule `random` draws for every lot that comes.
    if (st->features != 0 || st->transit != LS_NO || st->queue_count != 1 || st->idle_words != 1 ||
        st->static_order == 2) {
        return false;
    }
    for (uint32_t i = 0; i < st->machine_count; i++) {
        const ls_m_machine *mm = LS_PACK_AT(&b->machines, ls_m_machine, st->machine_at + i);
        if ((*LS_PACK_AT(&b->masks, ls_u64, mm->mask_at) & 1) == 0) {
            return false;
        }
    }
    return true;
}

void ls_builder_queues(ls_builder *b) {
    const ls_plant *plant = b->plant;
    ls_pack starts;
    ls_pack order;
    ls_pack_init(&starts, sizeof(uint32_t));
    ls_pack_init(&order, sizeof(uint32_t));
    if (!steps_by_station(plant, &starts, &order)) {
        b->queues.failed = true;
    }
    for (uint32_t s = 0; s < plant->station_count && !b->queues.failed; s++) {
        ls_m_station *st = LS_PACK_AT(&b->stations, ls_m_station, s);
        const uint32_t *start = LS_PACK_AT(&starts, uint32_t, 0);
        st->queue_at = (ls_u32)b->queues.count;
        for (uint32_t i = start[s]; i < start[s + 1]; i++) {
            const uint32_t index = *LS_PACK_AT(&order, uint32_t, i);
            ls_m_step *step = LS_PACK_AT(&b->steps, ls_m_step, index);
            step->queue = (ls_u32)b->queues.count - st->queue_at;
            add_queue(b, s, index, LS_NO);
            if ((step->features & LS_SF_TAGGED) != 0) {
                step->tag_queue_at = (ls_u32)b->queues.count - st->queue_at;
                for (uint32_t m = 0; m < st->machine_count; m++) {
                    add_queue(b, s, index, m);
                }
            }
        }
        st->queue_count = (ls_u32)b->queues.count - st->queue_at;
        st->queue_words = (st->queue_count + 63) / 64;
        st->word_at = b->head.queue_words;
        b->head.queue_words += st->queue_words;
        if (!b->queues.failed) {
            build_masks(b, st);
            if ((st->features & LS_F_BATCH) != 0) {
                build_families(b, st);
            }
            st->simple = !b->masks.failed && is_simple(b, st);
        }
    }
    ls_pack_clear(&starts);
    ls_pack_clear(&order);
}
