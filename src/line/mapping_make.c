// mapping_make.c - a mapping made from a plant, and given back.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "line/mapping_inside.h"

// How fast a machine may count, from the fastest of its station's steps.
static void make_rate(const ls_plant *plant, const ls_step *step, uint32_t index, ls_rate *rate) {
    const double parts = plant->products[step->product].parts;
    const bool batch_parts = plant->stations[step->station].batch_parts;
    const double together = step->batch_max > 1 ? (batch_parts ? (double)step->batch_max
                                                               : (double)step->batch_max * parts)
                                                : parts;
    double us = ls_plant_step_mean_us(plant, index);
    if (step->cascade_us > 0 && (double)step->cascade_us < us) {
        us = (double)step->cascade_us;
    }
    rate->burst_parts = fmax(rate->burst_parts, together);
    const double part_us = us / together;
    rate->part_us = rate->part_us < 0 ? part_us : fmin(rate->part_us, part_us);
}

static bool make_rates(ls_mapping *m) {
    const ls_plant *plant = m->plant;
    m->rates = ls_arena_alloc(&m->arena, (plant->machine_count + 1) * sizeof *m->rates);
    ls_rate *stations = ls_arena_alloc(&m->arena, (plant->station_count + 1) * sizeof *stations);
    if (m->rates == NULL || stations == NULL) {
        return false;
    }
    for (uint32_t s = 0; s < plant->station_count; s++) {
        stations[s] = (ls_rate){.burst_parts = 1, .part_us = -1};
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        make_rate(plant, &plant->steps[i], i, &stations[plant->steps[i].station]);
    }
    for (uint32_t s = 0; s < plant->station_count; s++) {
        stations[s].part_us = fmax(stations[s].part_us, 0);
        for (uint32_t k = 0; k < plant->stations[s].machine_count; k++) {
            m->rates[plant->stations[s].machine_at + k] = stations[s];
        }
    }
    return true;
}

static void add_word(ls_mapped_word *words, ls_slot *slot, const char *text, uint32_t to) {
    ls_mapped_word *word = &words[slot->word_count++];
    *word = (ls_mapped_word){.text = text, .size = strlen(text), .to = to};
    word->is_number = ls_text_parse_i64(text, word->size, &word->number);
}

static const ls_station *station_of(const ls_plant *plant, uint32_t machine) {
    uint32_t low = 0;
    uint32_t high = plant->station_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        *(plant->stations[middle].machine_at <= machine ? &low : &high) = middle;
    }
    return &plant->stations[low];
}

// What `states` and `reasons` say goes before the names of the station's modes.
static bool make_words(ls_mapping *m, ls_slot *slot) {
    const ls_binding *b = slot->binding;
    const ls_station *s = b->means == LS_MEANS_REASON ? station_of(m->plant, b->of) : NULL;
    const uint32_t modes = s != NULL ? s->failure_count : 0;
    ls_mapped_word *words = ls_arena_alloc(
        &m->arena, ((size_t)b->translation_count + modes + 1) * sizeof *words);
    for (uint32_t i = 0; words != NULL && i < b->translation_count; i++) {
        add_word(words, slot, b->translations[i].from, b->translations[i].to);
    }
    for (uint32_t i = 0; words != NULL && i < modes; i++) {
        add_word(words, slot, m->plant->failures[s->failure_at + i].name, s->failure_at + i);
    }
    slot->words = words;
    return words != NULL;
}

// The first of a machine's tags by meaning: its state, if that is heard. Bindings of a machine
// stand together and in the order of their meaning.
static bool does_lead(const ls_listen *listen, uint32_t i) {
    const ls_binding *b = &listen->bindings[i];
    return b->means < LS_MEANS_MACHINE_COUNT &&
           (i == 0 || listen->bindings[i - 1].of != b->of ||
            listen->bindings[i - 1].means >= LS_MEANS_MACHINE_COUNT);
}

static ls_status make_slots(ls_mapping *m, ls_error *err) {
    const ls_listen *listen = &m->plant->listen;
    m->slots = ls_arena_alloc(&m->arena, (listen->binding_count + 1) * sizeof *m->slots);
    if (m->slots == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        const ls_binding *b = &listen->bindings[i];
        ls_slot *slot = &m->slots[i];
        slot->binding = b;
        slot->leads = does_lead(listen, i);
        const ls_status status = ls_tags_add(m->tags, b->tag, strlen(b->tag), &slot->tag, err);
        if (status != LS_OK) {
            return status;
        }
        if (!make_words(m, slot)) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory");
        }
        const bool names = b->means == LS_MEANS_WAITING || b->means == LS_MEANS_POOL ||
                           (b->means == LS_MEANS_LOTS && listen->lots_named != NULL);
        slot->names = names ? ls_arena_alloc(&m->arena, LS_MAPPING_TEXT_MAX + 1) : NULL;
        if (names && slot->names == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory");
        }
        m->tag_count = slot->tag >= m->tag_count ? slot->tag + 1 : m->tag_count;
    }
    m->figures.bindings = listen->binding_count;
    return LS_OK;
}

static ls_status make_index(ls_mapping *m, ls_error *err) {
    m->by_tag = ls_arena_alloc(&m->arena, ((size_t)m->tag_count + 1) * sizeof *m->by_tag);
    if (m->by_tag == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t t = 0; t < m->tag_count; t++) {
        m->by_tag[t] = LS_NONE;
    }
    for (uint32_t i = 0; i < m->figures.bindings; i++) {
        m->by_tag[m->slots[i].tag] = i;
    }
    return LS_OK;
}

static bool make_pools(ls_mapping *m) {
    m->pools = ls_arena_alloc(&m->arena, ((size_t)m->plant->release_count + 1) * sizeof *m->pools);
    for (uint32_t i = 0; m->pools != NULL && i < m->plant->release_count; i++) {
        m->pools[i] = (ls_mapped_pool){0};
    }
    for (uint32_t i = 0; m->pools != NULL && i < m->figures.bindings; i++) {
        if (m->slots[i].binding->means == LS_MEANS_POOL) {
            m->pools[m->slots[i].binding->of].slot = &m->slots[i];
        }
    }
    return m->pools != NULL;
}

ls_status ls_mapping_create(const ls_plant *plant, ls_tags *tags, ls_mapping **out, ls_error *err) {
    assert(plant != NULL && tags != NULL && out != NULL);
    *out = NULL;
    ls_mapping *m = ls_alloc(sizeof *m);
    if (m == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_arena_init(&m->arena);
    m->plant = plant;
    m->tags = tags;
    ls_status status = make_slots(m, err);
    if (status == LS_OK) {
        status = make_index(m, err);
    }
    if (status == LS_OK && !(make_rates(m) && make_pools(m))) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (status != LS_OK) {
        ls_mapping_destroy(m);
        return status;
    }
    *out = m;
    return LS_OK;
}

void ls_mapping_destroy(ls_mapping *mapping) {
    if (mapping == NULL) {
        return;
    }
    ls_arena_clear(&mapping->arena);
    ls_free(mapping);
}
