// mapping_inside.h - what the files mapping*.c share.
#pragma once

#include "line/mapping.h"

enum {
    LS_MAPPING_WORD_MAX = 127,   // bytes of a state, step, product, setup, reason
    LS_MAPPING_TEXT_MAX = 4096,  // bytes of lots and lot texts
    LS_MAPPING_WHY_SIZE = 240,
};

// A counter as it was last heard.
typedef struct ls_counter {
    bool known;
    int64_t time_us;
    uint64_t value;
} ls_counter;

// What can be, for a machine: so many parts in no time, and one more each part_us.
typedef struct ls_rate {
    double burst_parts, part_us;  // part_us 0: no limit
} ls_rate;

typedef enum ls_counted {
    LS_COUNTED_FIRST,    // nothing to compare with
    LS_COUNTED_OLD,      // older than what is known
    LS_COUNTED_ON,       // went on
    LS_COUNTED_WRAPPED,  // began again after `wraps`
    LS_COUNTED_RESET,    // began again at 0
    LS_COUNTED_JUMP,     // more than can be: taken as the new beginning
} ls_counted;
// Moves the counter; *out_more is how many more parts, never more than can be.
ls_counted ls_counter_hear(ls_counter *counter, double wraps, const ls_rate *rate, int64_t time_us,
                           uint64_t value, uint64_t *out_more);

typedef struct ls_mapped_word {  // of `states` and `reasons`, and the names of modes themselves
    const char *text;
    size_t size;
    bool is_number;
    int64_t number;
    uint32_t to;
} ls_mapped_word;

typedef struct ls_slot {  // one binding at work
    const ls_binding *binding;
    uint32_t tag;
    bool heard, stale, named;  // named: `names` were heard
    bool leads;                // the tag that says whether its machine speaks
    ls_counter counter;
    const ls_mapped_word *words;
    uint32_t word_count;
    char *names;  // of WAITING, of POOL, and of LOTS where names say the class: as they were heard
                  // last (LS_MAPPING_TEXT_MAX + 1 bytes)
    uint64_t samples, refused;
    char *why;  // the last refusal (LS_MAPPING_WHY_SIZE bytes); NULL: none yet
} ls_slot;

// The order pool of a class, as registers tell it.
typedef struct ls_mapped_pool {
    const ls_slot *slot;  // with the names; NULL: no register has them
    bool timed;           // `until_us` is known
    int64_t until_us;     // plant time; INT64_MAX: until told
    int64_t told_us;      // as it was handed on last
} ls_mapped_pool;

struct ls_mapping {
    const ls_plant *plant;
    ls_tags *tags;
    ls_arena arena;
    ls_slot *slots;
    uint32_t *by_tag;  // slot of a tag, LS_NONE
    uint32_t tag_count;
    ls_rate *rates;         // by machine
    ls_mapped_pool *pools;  // by class
    ls_mapping_figures figures;
    char why[LS_MAPPING_WHY_SIZE];
    char text[LS_MAPPING_TEXT_MAX + 64];
};

// Blanks at both ends do not count.
void ls_mapping_trim(const char **text, size_t *size);
// The `to` of a sample's value, LS_NONE when no word fits.
uint32_t ls_mapping_translate(const ls_slot *slot, const ls_sample *sample);
// A whole number, also from a real that is one and from a text of digits.
bool ls_mapping_whole(const ls_sample *sample, int64_t *out);
// "LOT key=value ..." with due dates in plant time, into out; 0: too long or not a text.
size_t ls_mapping_lot_text(const ls_plant *plant, const char *text, size_t size, char *out,
                           size_t out_size);
// A lot that the register of a station or machine names and did not name before: how it is told.
// At the first station of its class it has come in, unless nothing was heard of the register before
// (`first`). Without a class what waits has arrived, and of what is in work the machine itself
// tells: false.
bool ls_mapping_newcomer(const ls_plant *plant, uint32_t station, bool waits, bool first,
                         const char *name, size_t size, ls_heard_kind *out_kind, char *out,
                         size_t out_size);
// Is `name` among the blank separated `names`?
bool ls_mapping_has_name(const char *names, const char *name, size_t size);
// "state of lathe-1", for people.
void ls_mapping_say(const ls_mapping *mapping, const ls_binding *binding, char *out, size_t size);
