// compile.c - puts the parts of a model together into one block.
#include "twin/compile.h"

#include <string.h>

#include "base/arena.h"
#include "twin/builder.h"
#include "twin/dispatch.h"
#include "twin/state.h"

enum { BLOCK_ALIGN = LS_BLOCK_ALIGN, CACHED_STREAMS_MAX = 256, MODES_MAX = 32 };

uint64_t ls_hash_bytes(const void *bytes, size_t size, uint64_t seed) {
    const unsigned char *at = bytes;
    uint64_t hash = seed ^ 0xcbf29ce484222325u ^ size;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * 0x9fb21c651e98df25u;
        hash ^= hash >> 32;
        at += 8;
        size -= 8;
    }
    while (size > 0) {
        hash = (hash ^ *at++) * 0x100000001b3u;
        size--;
    }
    hash ^= hash >> 29;
    hash *= 0x94d049bb133111ebu;
    return hash ^ (hash >> 32);
}

static void builder_init(ls_builder *b, const ls_plant *plant) {
    memset(b, 0, sizeof *b);
    b->plant = plant;
    ls_pack_init(&b->stations, sizeof(ls_m_station));
    ls_pack_init(&b->machines, sizeof(ls_m_machine));
    ls_pack_init(&b->steps, sizeof(ls_m_step));
    ls_pack_init(&b->queues, sizeof(ls_m_queue));
    ls_pack_init(&b->families, sizeof(ls_m_family));
    ls_pack_init(&b->modes, sizeof(ls_m_mode));
    ls_pack_init(&b->releases, sizeof(ls_m_release));
    ls_pack_init(&b->orders, sizeof(ls_m_order));
    ls_pack_init(&b->wip, sizeof(ls_m_wip));
    ls_pack_init(&b->calendars, sizeof(ls_m_calendar));
    ls_pack_init(&b->pools, sizeof(ls_m_pool));
    ls_pack_init(&b->needs, sizeof(ls_m_need));
    ls_pack_init(&b->criteria, sizeof(ls_m_criterion));
    ls_pack_init(&b->branches, sizeof(ls_m_branch));
    ls_pack_init(&b->limits, sizeof(ls_m_limit));
    ls_pack_init(&b->dists, sizeof(ls_dist));
    ls_pack_init(&b->tables, sizeof(double));
    ls_pack_init(&b->words, sizeof(ls_u32));
    ls_pack_init(&b->masks, sizeof(ls_u64));
    ls_pack_init(&b->times, sizeof(ls_i64));
    ls_pack_init(&b->transport, sizeof(ls_u32));
    ls_pack_init(&b->matrix, sizeof(ls_m_setup));
    ls_pack_init(&b->streams, sizeof(ls_m_stream));
    ls_pack_init(&b->crews, sizeof(ls_u32));
    ls_pack_init(&b->means, sizeof(double));
    ls_pack_init(&b->conditions, sizeof(ls_m_condition));
    ls_pack_init(&b->taken, sizeof(uint64_t));
}

// Every section of the model in the order of the block, with the fields that say where it lies.
typedef struct section {
    ls_pack *pack;
    ls_u64 *at;
    ls_u32 *count;  // may be NULL
} section;

enum { SECTION_COUNT = 26 };

static void builder_sections(ls_builder *b, section *out) {
    ls_model *m = &b->head;
    const section all[SECTION_COUNT] = {
        {&b->stations, &m->station_at, &m->stations},
        {&b->machines, &m->machine_at, &m->machines},
        {&b->steps, &m->step_at, &m->steps},
        {&b->queues, &m->queue_at, &m->queues},
        {&b->families, &m->family_at, &m->families},
        {&b->modes, &m->mode_at, &m->modes},
        {&b->releases, &m->release_at, &m->releases},
        {&b->orders, &m->order_at, &m->orders},
        {&b->wip, &m->wip_at, &m->wip},
        {&b->calendars, &m->calendar_at, &m->calendars},
        {&b->pools, &m->pool_at, &m->pools},
        {&b->needs, &m->need_at, &m->needs},
        {&b->criteria, &m->criterion_at, &m->criteria},
        {&b->branches, &m->branch_at, &m->branches},
        {&b->limits, &m->limit_at, &m->limits},
        {&b->dists, &m->dist_at, &m->dists},
        {&b->tables, &m->table_at, &m->tables},
        {&b->words, &m->word_at, &m->words},
        {&b->masks, &m->mask_at, NULL},
        {&b->times, &m->time_at, &m->times},
        {&b->transport, &m->transport_at, NULL},
        {&b->matrix, &m->matrix_at, &m->setups},
        {&b->streams, &m->stream_at, &m->streams},
        {&b->crews, &m->crew_at, &m->crews},
        {&b->means, &m->mean_at, NULL},
        {&b->conditions, &b->condition_at, &m->conditions},  // last: ls_model_conditions
    };
    memcpy(out, all, sizeof all);
}

static void builder_clear(ls_builder *b) {
    section sections[SECTION_COUNT];
    builder_sections(b, sections);
    for (int i = 0; i < SECTION_COUNT; i++) {
        ls_pack_clear(sections[i].pack);
    }
    ls_pack_clear(&b->taken);
}

static void build_people(ls_builder *b) {
    const ls_plant *plant = b->plant;
    for (uint32_t i = 0; i < plant->calendar_count; i++) {
        const ls_calendar *from = &plant->calendars[i];
        ls_m_calendar *calendar = ls_pack_push(&b->calendars);
        calendar->time_at = from->transition_at;
        calendar->time_count = from->transition_count;
        calendar->cycle_at = from->cycle_at;
        calendar->cycle = from->cycle_us;
        calendar->on_first = from->on_first;
    }
    for (uint32_t i = 0; i < plant->operators_count; i++) {
        const ls_operators *from = &plant->operators[i];
        const uint32_t words = (plant->skill_count + 63) / 64;
        const uint32_t at = ls_pack_grow(&b->masks, words);
        ls_m_pool *pool = ls_pack_push(&b->pools);
        pool->count = from->count;
        pool->calendar = from->calendar;
        pool->skill_at = at;
        pool->skill_words = words;
        for (uint32_t k = 0; k < from->skill_count && !b->masks.failed; k++) {
            const uint32_t skill = plant->indexes[from->skill_at + k];
            *LS_PACK_AT(&b->masks, ls_u64, at + skill / 64) |= (ls_u64)1 << (skill % 64);
        }
    }
    for (uint32_t i = 0; i < plant->crew_count; i++) {
        *(ls_u32 *)ls_pack_push(&b->crews) = plant->crews[i].count;
    }
}

static void pack_copy(ls_pack *pack, const void *from, size_t count) {
    if (count > 0) {
        ls_pack_grow(pack, count);
        if (!pack->failed) {
            memcpy(pack->data, from, count * pack->item);
        }
    }
}

static void build_numbers(ls_builder *b) {
    const ls_plant *plant = b->plant;
    pack_copy(&b->dists, plant->dists, plant->dist_count);
    pack_copy(&b->tables, plant->tables, plant->table_count);
    pack_copy(&b->times, plant->times, plant->time_count);
    for (uint32_t i = 0; i < plant->dist_count; i++) {
        *(double *)ls_pack_push(&b->means) = ls_dist_mean(&plant->dists[i], plant->tables);
    }
    const size_t cells = (size_t)(plant->area_count + 1) * (plant->area_count + 1);
    bool any = false;
    for (size_t i = 0; i < cells && plant->transport != NULL; i++) {
        any |= plant->transport[i] != LS_NONE;
    }
    if (any) {
        b->head.areas = plant->area_count;
        pack_copy(&b->transport, plant->transport, cells);
        b->head.dynamic = 1;
    }
}

// Most lots inside, when the plant file does not say: ten times what the raw process time suggests,
// and a thousand for luck.
static uint32_t default_lots(const ls_builder *b) {
    double lots = 1000.0 + 2.0 * b->plant->wip_count;
    for (uint32_t i = 0; i < b->plant->release_count; i++) {
        const ls_release *from = &b->plant->releases[i];
        const ls_m_release *r = LS_PACK_AT(&b->releases, ls_m_release, i);
        if (from->kind == LS_RELEASE_KEEP) {
            lots += 2.0 * from->keep;
        } else if (from->kind == LS_RELEASE_EVERY) {
            const double every = ls_dist_mean(&b->plant->dists[from->every], b->plant->tables);
            double inside = every > 0.0 ? 10.0 * from->lots * (double)r->base / every : 1.0e6;
            inside = inside > (double)from->count * from->lots ? (double)from->count * from->lots
                                                               : inside;
            lots += inside;
        } else {
            double ordered = 0.0;
            for (uint32_t k = 0; k < from->order_count; k++) {
                ordered += b->plant->orders[from->order_at + k].lots;
            }
            lots += ordered < 100000.0 ? ordered : 100000.0;
        }
    }
    for (uint32_t i = 0; i < b->plant->step_count; i++) {  // what gathers until a batch begins
        const ls_step *step = &b->plant->steps[i];
        const bool parts = b->plant->stations[step->station].batch_parts;
        lots += step->batch_min > 1
                    ? 2.0 * step->batch_min / (parts ? b->plant->products[step->product].parts : 1)
                    : 0.0;
    }
    return lots > 4.0e6 ? 4000000u : (uint32_t)lots;
}

static void find_features(ls_builder *b) {
    for (size_t i = 0; i < b->releases.count; i++) {
        if (LS_PACK_AT(&b->releases, ls_m_release, i)->pool != 0) {
            b->head.dynamic = 1;  // what is put off comes in by an event of its first lot
        }
    }
    for (size_t i = 0; i < b->stations.count; i++) {
        const ls_m_station *st = LS_PACK_AT(&b->stations, ls_m_station, i);
        if ((st->features & (LS_F_LAG | LS_F_WAIT)) != 0 || st->transit != LS_NO) {
            b->head.dynamic = 1;
        }
        if ((st->features & LS_F_BEFORE) != 0) {
            b->head.before_at = b->head.before_count == 0 ? (ls_u32)b->words.count
                                                          : b->head.before_at;
            *(ls_u32 *)ls_pack_push(&b->words) = (ls_u32)i;
            b->head.before_count++;
        }
    }
}

static void number_sources(ls_builder *b) {
    ls_model *m = &b->head;
    m->source_release = (ls_u32)b->calendars.count;
    m->source_machine = m->source_release + (ls_u32)b->releases.count;
    m->source_mode = m->source_machine + (ls_u32)b->machines.count;
    m->source_dynamic = m->source_mode + (ls_u32)b->modes.count;
    m->sources = m->source_dynamic + (m->dynamic != 0 ? 1 : 0);
    m->leaves = 2;
    m->source_bits = 1;
    while (m->leaves < m->sources) {
        m->leaves *= 2;
        m->source_bits++;
    }
    m->horizon = (ls_i64)1 << (62 - m->source_bits);
}

static void lay_out_state(ls_model *m) {
    ls_u64 at = (sizeof(ls_state) + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
#define LS_LAY(field, type, count)                                                            \
    do {                                                                                      \
        m->field = at;                                                                        \
        at += (sizeof(type) * (ls_u64)(count) + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN; \
    } while (0)
    const ls_u64 dynamic_lots = m->dynamic != 0 ? m->lots : 0;
    LS_LAY(s_tree, ls_u64, 2 * m->leaves);
    LS_LAY(s_station, ls_s_station, m->stations);
    LS_LAY(s_machine, ls_s_machine, m->machines);
    LS_LAY(s_time, ls_i64, (ls_u64)m->machines * LS_STATE_COUNT);
    LS_LAY(s_queue, ls_s_queue, m->queues);
    LS_LAY(s_bits, ls_u64, m->queue_words);
    LS_LAY(s_idle, ls_u64, m->idle_words);
    LS_LAY(s_mode, ls_s_mode, m->modes);
    LS_LAY(s_release, ls_s_release, m->releases);
    LS_LAY(s_calendar, ls_s_calendar, m->calendars);
    LS_LAY(s_pool, ls_s_pool, m->pools);
    LS_LAY(s_crew, ls_s_crew, m->crews);
    at += (sizeof(ls_s_condition) * (ls_u64)m->conditions + BLOCK_ALIGN - 1) / BLOCK_ALIGN *
          BLOCK_ALIGN;  // conditions: ls_state_conditions
    LS_LAY(s_stream, ls_u64, m->streams);
    LS_LAY(s_finished, ls_u64, m->steps);
    LS_LAY(s_hist, ls_u32, (ls_u64)m->releases * LS_HIST_BUCKETS);
    LS_LAY(s_heap, ls_heap_item, dynamic_lots);
    LS_LAY(s_lot, ls_lot, m->lots);
    LS_LAY(s_event, ls_lot_event, dynamic_lots);
    LS_LAY(s_memory, ls_u16, (ls_u64)m->lots * m->memory_slots);
    LS_LAY(s_deadline, ls_i64, (ls_u64)m->lots * m->deadline_slots);
#undef LS_LAY
    m->state_size = at;
}

static ls_status check_limits(const ls_builder *b, ls_error *err) {
    for (size_t i = 0; i < b->stations.count; i++) {
        const ls_m_station *st = LS_PACK_AT(&b->stations, ls_m_station, i);
        const char *name = b->plant->stations[i].name;
        if ((st->features & LS_F_BATCH) != 0 && st->queue_words > LS_BATCH_WORDS) {
            return ls_fail(
                err, LS_ERR_LIMIT,
                "station '%s': %u classes of lots wait at a batching station, at most %d", name,
                st->queue_count, LS_BATCH_WORDS * 64);
        }
        if (st->machine_count > 65000) {
            return ls_fail(err, LS_ERR_LIMIT, "station '%s': %u machines, at most 65000", name,
                           st->machine_count);
        }
        for (uint32_t k = 0; k < st->machine_count; k++) {
            if (LS_PACK_AT(&b->machines, ls_m_machine, st->machine_at + k)->mode_count >
                MODES_MAX) {
                return ls_fail(
                    err, LS_ERR_LIMIT,
                    "station '%s': more than %d failure modes and maintenances on a machine", name,
                    MODES_MAX);
            }
        }
    }
    if (b->head.horizon < 366LL * 86400 * 1000000) {
        return ls_fail(err, LS_ERR_LIMIT,
                       "%u sources of events leave less than a year in the time key",
                       b->head.sources);
    }
    return LS_OK;
}

static ls_status assemble(ls_builder *b, ls_model **out, ls_error *err) {
    section sections[SECTION_COUNT];
    builder_sections(b, sections);
    ls_u64 size = (sizeof(ls_model) + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
    bool failed = b->taken.failed;
    for (int i = 0; i < SECTION_COUNT; i++) {
        const ls_pack *pack = sections[i].pack;
        failed |= pack->failed;
        *sections[i].at = size;
        if (sections[i].count != NULL) {
            *sections[i].count = (ls_u32)pack->count;
        }
        size += (pack->count * pack->item + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
    }
    if (failed) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while compiling the plant");
    }
    ls_model *m = &b->head;
    m->magic = LS_MODEL_MAGIC;
    m->version = LS_ENGINE_VERSION;
    m->size = size;
    m->cached = m->streams <= CACHED_STREAMS_MAX;
    lay_out_state(m);
    char *block = ls_alloc(size);
    if (block == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory: a model of %llu bytes",
                       (unsigned long long)size);
    }
    memcpy(block, m, sizeof *m);
    for (int i = 0; i < SECTION_COUNT; i++) {
        const ls_pack *pack = sections[i].pack;
        if (pack->count > 0) {
            memcpy(block + *sections[i].at, pack->data, pack->count * pack->item);
        }
    }
    ls_model *model = (ls_model *)(void *)block;
    model->hash = 0;
    model->hash = ls_hash_bytes(block, size, LS_ENGINE_VERSION);
    *out = model;
    return LS_OK;
}

ls_status ls_model_compile(const ls_plant *plant, ls_model **out, ls_error *err) {
    ls_builder b;
    *out = NULL;
    builder_init(&b, plant);
    ls_builder_stations(&b);
    ls_status status = LS_ERR_MEMORY;
    if (!b.stations.failed && !b.machines.failed && !b.streams.failed && !b.modes.failed) {
        ls_builder_steps(&b);
    }
    if (!b.steps.failed && !b.words.failed && b.steps.count == plant->step_count) {
        ls_builder_queues(&b);
        build_people(&b);
        build_numbers(&b);
        ls_builder_releases(&b);
        find_features(&b);
        number_sources(&b);
    }
    if (!b.releases.failed && b.releases.count == plant->release_count) {
        b.head.lots = plant->limits.lots != 0 ? plant->limits.lots : default_lots(&b);
        status = check_limits(&b, err);
        if (status == LS_OK) {
            status = assemble(&b, out, err);
        }
    } else {
        ls_fail(err, LS_ERR_MEMORY, "out of memory while compiling the plant");
    }
    builder_clear(&b);
    return status;
}
