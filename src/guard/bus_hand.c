// bus_hand.c - see bus_hand.h.
#include "guard/bus_hand.h"

#include <string.h>

#include "line/modbus_value.h"

static const ls_register *at(const ls_source *s, uint32_t index) {
    return index != LS_NONE ? &s->registers[index] : NULL;
}

static void widen(const ls_register *reg, uint32_t *from, uint32_t *count) {
    if (reg == NULL) {
        return;
    }
    const uint32_t before = *count > 0 ? *from + *count : reg->at;
    const uint32_t end = reg->at + ls_register_size(reg);
    *from = *count == 0 || reg->at < *from ? reg->at : *from;
    *count = (end > before ? end : before) - *from;
}

bool ls_guard_hand_make(const ls_source *source, uint32_t device, uint32_t machine_count,
                        ls_guard_hand *out) {
    const ls_commanded *c = source->commands;
    const bool is_line = device == machine_count;
    const ls_handshake *h = is_line ? &c->line : &c->machines[device];
    if (h->kind == LS_NONE) {
        return false;
    }
    *out = (ls_guard_hand){.kind = at(source, h->kind),
                           .argument = at(source, h->argument),
                           .id = at(source, h->id),
                           .done = at(source, h->done),
                           .result = at(source, h->result),
                           .reason = at(source, h->reason)};
    if (is_line) {
        out->beat = at(source, c->heartbeat);
        out->echo = at(source, c->echo);
        out->lost = at(source, c->lost);
    }
    const ls_register *const written[] = {out->kind, out->argument, out->id};
    const ls_register *const read[] = {out->done, out->result, out->beat, out->echo, out->lost};
    for (int i = 0; i < 3; i++) {
        widen(written[i], &out->write_at, &out->write_count);
        widen(written[i], &out->read_at, &out->read_count);
    }
    for (int i = 0; i < 5; i++) {
        widen(read[i], &out->read_at, &out->read_count);
    }
    return out->read_count <= LS_GUARD_HAND_WORDS;
}

static bool put_text(const ls_guard_hand *hand, const ls_register *reg, const char *text,
                     uint16_t *words) {
    const ls_sample value = {
        .kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(text), .value.text = text};
    return ls_modbus_encode(reg, &value, words + (reg->at - hand->write_at));
}

static bool put_whole(const ls_register *reg, int64_t number, uint16_t *words) {
    const ls_sample value = {.kind = LS_VALUE_INT, .value.integer = number};
    return ls_modbus_encode(reg, &value, words);
}

bool ls_guard_hand_command(const ls_guard_hand *hand, const char *kind, const char *argument,
                           int64_t id, uint16_t *words) {
    return put_text(hand, hand->kind, kind, words) &&
           put_text(hand, hand->argument, argument, words) &&
           put_whole(hand->id, id, words + (hand->id->at - hand->write_at));
}

// The positive numbers of the type.
static int64_t mask_of(const ls_register *reg) {
    switch (reg->type) {
    case LS_REGISTER_I16: return INT16_MAX;
    case LS_REGISTER_U16: return UINT16_MAX;
    case LS_REGISTER_I32: return INT32_MAX;
    case LS_REGISTER_U32: return UINT32_MAX;
    default: return INT64_MAX;
    }
}

static int64_t mask(const ls_guard_hand *hand) {
    return mask_of(hand->beat) & mask_of(hand->echo);
}

void ls_guard_hand_beat(const ls_guard_hand *hand, int64_t count, uint16_t *words) {
    (void)put_whole(hand->beat, count & mask(hand), words);
}

static int64_t whole(const ls_guard_hand *hand, const ls_register *reg, const uint16_t *words) {
    char text[LS_MODBUS_TEXT_MAX];
    ls_sample value = {0};
    ls_modbus_decode(reg, words + (reg->at - hand->read_at), &value, text);
    return value.value.integer;  // natural ones beyond it become negative: no id is
}

void ls_guard_hand_decode(const ls_guard_hand *hand, const uint16_t *words,
                          ls_guard_hand_read *out) {
    *out = (ls_guard_hand_read){.id = whole(hand, hand->id, words),
                                .done = whole(hand, hand->done, words),
                                .result = whole(hand, hand->result, words)};
    if (hand->lost != NULL) {
        out->lost = whole(hand, hand->lost, words) != 0;
        out->echo = whole(hand, hand->echo, words);
    }
}

bool ls_guard_hand_holds(const ls_guard_hand *hand, const uint16_t *written, const uint16_t *read) {
    return memcmp(written, read + (hand->write_at - hand->read_at),
                  hand->write_count * sizeof *written) == 0;
}

int64_t ls_guard_hand_count(const ls_guard_hand *hand, int64_t last, int64_t echo) {
    const int64_t back = (last - echo) & mask(hand);
    return echo >= 0 && back < LS_GUARD_BEATS_BACK && back <= last ? last - back : -1;
}
