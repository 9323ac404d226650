// check_lots.c - where each lot is, as far as the line has told.
//
// Names are kept as 64-bit hashes in an open table at most half full; removal moves later entries
// up, so that a search ends at the first free slot.
#include <string.h>

#include "guard/check_inside.h"

uint64_t ls_guard_hash(const char *text) {
    uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (const char *c = text; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 1099511628211u;
    }
    return hash | 1;
}

// How the argument ends: where the lot's name does, and what is said behind it.
typedef struct tail {
    size_t name;
    uint32_t way;
} tail;

static tail tail_of(const ls_command *command) {
    static const struct {
        const char *text;
        uint32_t way;
    } ends[] = {{" pure", 0},
                {" pass", LS_SORT_PASS},
                {" rework", LS_SORT_REWORK},
                {" scrap", LS_SORT_SCRAP}};
    const char *text = command->argument;
    const size_t whole = strnlen(text, sizeof command->argument - 1);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const size_t size = strlen(ends[i].text);
        if (whole > size && memcmp(text + whole - size, ends[i].text, size) == 0) {
            return (tail){.name = whole - size, .way = ends[i].way};
        }
    }
    return (tail){.name = whole};
}

void ls_guard_lot_name(const ls_command *command, char *out) {
    const tail t = tail_of(command);
    memcpy(out, command->argument, t.name);
    out[t.name] = '\0';
}

uint32_t ls_guard_lot_way(const ls_command *command) {
    return tail_of(command).way;
}

static uint32_t slot_of(const ls_guard_state *state, uint64_t name) {
    uint32_t slot = (uint32_t)(name ^ name >> 32) & (state->lot_slots - 1);
    while (state->lots[slot].name != 0 && state->lots[slot].name != name) {
        slot = (slot + 1) & (state->lot_slots - 1);
    }
    return slot;
}

const ls_guard_lot *ls_guard_lot_find(const ls_guard_state *state, const char *name) {
    const ls_guard_lot *lot = &state->lots[slot_of(state, ls_guard_hash(name))];
    return lot->name == 0 ? NULL : lot;
}

// The lot, made when it is new; NULL when there is no room: then nothing is certain any more.
static ls_guard_lot *lot_of(ls_guard_state *state, uint64_t name) {
    ls_guard_lot *lot = &state->lots[slot_of(state, name)];
    if (lot->name != 0) {
        return lot;
    }
    if (state->lot_count >= state->limits->lots_most) {
        state->lots_known = false;
        return NULL;
    }
    state->lot_count++;
    *lot = (ls_guard_lot){.name = name, .station = LS_NONE};
    return lot;
}

static void remove_lot(ls_guard_state *state, uint64_t name) {
    const uint32_t mask = state->lot_slots - 1;
    uint32_t hole = slot_of(state, name);
    if (state->lots[hole].name == 0) {
        return;
    }
    state->lot_count--;
    for (uint32_t next = (hole + 1) & mask; state->lots[next].name != 0; next = (next + 1) & mask) {
        const uint64_t moved = state->lots[next].name;
        const uint32_t home = (uint32_t)(moved ^ moved >> 32) & mask;
        // It may move up when its home does not lie between the hole and itself.
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            state->lots[hole] = state->lots[next];
            hole = next;
        }
    }
    state->lots[hole] = (ls_guard_lot){0};
}

static bool is_among(const uint64_t *names, uint32_t count, uint64_t name) {
    for (uint32_t i = 0; i < count; i++) {
        if (names[i] == name) {
            return true;
        }
    }
    return false;
}

static void take(ls_guard_state *state, uint64_t name) {
    ls_guard_lot *lot = lot_of(state, name);
    if (lot != NULL) {
        lot->station = LS_NONE;
        lot->machines++;
    }
}

// Named again: whatever was said of it meanwhile, it waits nowhere.
static void stay(ls_guard_state *state, uint64_t name) {
    ls_guard_lot *lot = &state->lots[slot_of(state, name)];
    if (lot->name != 0) {
        lot->station = LS_NONE;
    }
}

static void leave(ls_guard_state *state, uint64_t name) {
    ls_guard_lot *lot = &state->lots[slot_of(state, name)];
    if (lot->name != 0) {
        lot->machines--;
    }
}

// The blank-separated names as hashes, each once. Too many: nothing is certain any more.
static uint32_t split(ls_guard_state *state, const char *names, uint64_t *out) {
    uint32_t count = 0;
    const char *at = names + strspn(names, " ");
    while (*at != '\0') {
        char name[128];
        const size_t length = strcspn(at, " ");
        if (count == LS_GUARD_IN_WORK || length >= sizeof name) {
            state->lots_known = false;
            break;
        }
        memcpy(name, at, length);
        name[length] = '\0';
        out[count] = ls_guard_hash(name);
        count += !is_among(out, count, out[count]);
        at += length + strspn(at + length, " ");
    }
    return count;
}

void ls_guard_hear_lots(ls_guard_state *state, uint32_t machine, const char *names) {
    if (machine >= state->limits->machine_count) {
        return;
    }
    ls_guard_machine *m = &state->machines[machine];
    uint64_t now[LS_GUARD_IN_WORK];
    const uint32_t count = split(state, names, now);
    for (uint32_t i = 0; i < m->in_work_count; i++) {
        if (!is_among(now, count, m->in_work[i])) {
            leave(state, m->in_work[i]);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (is_among(m->in_work, m->in_work_count, now[i])) {
            stay(state, now[i]);
        } else {
            take(state, now[i]);
        }
    }
    memcpy(m->in_work, now, count * sizeof *now);
    m->in_work_count = count;
}

void ls_guard_hear_arrived(ls_guard_state *state, const char *lot, uint32_t station) {
    ls_guard_lot *known = lot_of(state, ls_guard_hash(lot));
    if (known != NULL) {
        known->station = station;
    }
}

void ls_guard_hear_released(ls_guard_state *state, const char *lot) {
    lot_of(state, ls_guard_hash(lot));
}

// Reported gone while a machine still names it: if it is named again, it is a lot of that name
// anew.
static void forget_in_work(ls_guard_machine *machine, uint64_t name) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < machine->in_work_count; i++) {
        machine->in_work[kept] = machine->in_work[i];
        kept += machine->in_work[i] != name;
    }
    machine->in_work_count = kept;
}

void ls_guard_hear_gone(ls_guard_state *state, const char *lot) {
    const uint64_t name = ls_guard_hash(lot);
    remove_lot(state, name);
    for (uint32_t i = 0; i < state->limits->machine_count; i++) {
        forget_in_work(&state->machines[i], name);
    }
}

void ls_guard_lots_begin(ls_guard_state *state) {
    memset(state->lots, 0, state->lot_slots * sizeof *state->lots);
    state->lot_count = 0;
    state->lots_known = false;
    for (uint32_t i = 0; i < state->limits->machine_count; i++) {
        state->machines[i].in_work_count = 0;
    }
}

void ls_guard_hear_inside(ls_guard_state *state, const ls_guard_heard *heard) {
    state->lots_inside = *heard;
}

uint64_t ls_guard_lots(const ls_guard_state *state) {
    const double inside = state->lots_inside.value;
    if (!(inside > (double)state->lot_count)) {
        return state->lot_count;  // also where it was not heard
    }
    return inside < (double)UINT32_MAX ? (uint64_t)inside : UINT32_MAX;
}

void ls_guard_lots_told(ls_guard_state *state) {
    state->lots_known = true;
}
