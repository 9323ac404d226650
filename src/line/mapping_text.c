// mapping_text.c - words of the line: translated, trimmed, bounded; lot texts.
#include <assert.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "line/mapping_inside.h"

void ls_mapping_trim(const char **text, size_t *size) {
    while (*size > 0 && (*text)[0] == ' ') {
        (*text)++;
        (*size)--;
    }
    while (*size > 0 && ((*text)[*size - 1] == ' ' || (*text)[*size - 1] == '\0')) {
        (*size)--;
    }
}

bool ls_mapping_whole(const ls_sample *sample, int64_t *out) {
    switch ((ls_value_kind)sample->kind) {
    case LS_VALUE_BOOL:
    case LS_VALUE_INT: *out = sample->value.integer; return true;
    case LS_VALUE_UINT:
        *out = (int64_t)sample->value.natural;
        return sample->value.natural <= INT64_MAX;
    case LS_VALUE_REAL:
    case LS_VALUE_FLOAT: {
        const double real = sample->value.real;
        if (!(fabs(real) <= 9007199254740992.0) || real != floor(real)) {
            return false;
        }
        *out = (int64_t)real;
        return true;
    }
    case LS_VALUE_TEXT: {
        const char *text = sample->value.text;
        size_t size = sample->size;
        ls_mapping_trim(&text, &size);
        return size > 0 && ls_text_parse_i64(text, size, out);
    }
    case LS_VALUE_NONE:
    case LS_VALUE_BYTES:
    case LS_VALUE_KIND_COUNT: break;
    }
    return false;
}

static bool is_word(const ls_mapped_word *word, const char *text, size_t size) {
    return word->size == size && memcmp(word->text, text, size) == 0;
}

static bool fits(const ls_mapped_word *word, const ls_sample *sample) {
    if (sample->kind == LS_VALUE_TEXT) {
        const char *text = sample->value.text;
        size_t size = sample->size;
        ls_mapping_trim(&text, &size);
        return is_word(word, text, size);
    }
    int64_t number = 0;
    if (!ls_mapping_whole(sample, &number)) {
        return false;
    }
    if (sample->kind == LS_VALUE_BOOL && !word->is_number) {
        const char *yes = number != 0 ? "true" : "false";
        return is_word(word, yes, strlen(yes));
    }
    return word->is_number && word->number == number;
}

uint32_t ls_mapping_translate(const ls_slot *slot, const ls_sample *sample) {
    for (uint32_t i = 0; i < slot->word_count; i++) {
        if (fits(&slot->words[i], sample)) {
            return slot->words[i].to;
        }
    }
    return LS_NONE;
}

// --- lot texts

// The length of the key whose value may be a date, 0: none.
static size_t dated_key(const char *part, size_t size) {
    static const char *const keys[] = {"due=", "pool="};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const size_t length = strlen(keys[i]);
        if (size > length && memcmp(part, keys[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

// A due date as `2026-01-05T06:00`, or until when a lot is put off, becomes microseconds of plant
// time; anything else stays.
static size_t put_part(const ls_plant *plant, const char *part, size_t size, char *out,
                       size_t out_size) {
    const size_t key = dated_key(part, size);
    char date[64];
    int64_t us = 0;
    if (key > 0 && size - key < sizeof date) {
        memcpy(date, part + key, size - key);
        date[size - key] = '\0';
        if (date[size - key - 1] == 'Z') {
            date[size - key - 1] = '\0';
        }
        if (strchr(date, '-') != NULL && date[0] != '-' &&
            ls_units_date(date, &us, NULL) == LS_OK) {
            return ls_text_format(out, out_size, "%.*s%lld", (int)key, part,
                                  (long long)(us - plant->start_us));
        }
    }
    if (size < out_size) {
        memcpy(out, part, size);
    }
    return size;
}

size_t ls_mapping_lot_text(const ls_plant *plant, const char *text, size_t size, char *out,
                           size_t out_size) {
    size_t length = 0;
    ls_mapping_trim(&text, &size);
    for (size_t at = 0; at < size;) {
        const char *blank = memchr(text + at, ' ', size - at);
        const size_t here = blank != NULL ? (size_t)(blank - text) - at : size - at;
        if (here > 0) {
            if (length > 0 && length < out_size) {
                out[length] = ' ';
            }
            length += length > 0 ? 1 : 0;
            if (length >= out_size) {
                return 0;
            }
            length += put_part(plant, text + at, here, out + length, out_size - length);
            if (length >= out_size) {
                return 0;
            }
        }
        at += here + 1;
    }
    return length;
}

// --- names

bool ls_mapping_has_name(const char *names, const char *name, size_t size) {
    for (const char *at = names + strspn(names, " "); *at != '\0';) {
        const size_t here = strcspn(at, " ");
        if (here == size && memcmp(at, name, size) == 0) {
            return true;
        }
        at += here + strspn(at + here, " ");
    }
    return false;
}

// Is the station where lots of the product come in?
static bool is_entrance(const ls_plant *plant, const ls_product *product, uint32_t station) {
    const ls_step *first = &plant->steps[product->step_at];
    bool here = false;
    for (uint32_t i = 0; i <= first->alternative_count; i++) {
        here = here || first[i].station == station;
    }
    return here;
}

bool ls_mapping_newcomer(const ls_plant *plant, uint32_t station, bool waits, bool first,
                         const char *name, size_t size, ls_heard_kind *out_kind, char *out,
                         size_t out_size) {
    const uint32_t class = ls_listen_class_of(plant, name, size);
    const char *at = plant->stations[station].name;
    size_t length = 0;
    *out_kind = LS_HEARD_ARRIVED;
    if (class == LS_NONE) {
        length = waits ? ls_text_format(out, out_size, "%.*s station=%s", (int)size, name, at) : 0;
        return length > 0 && length < out_size;
    }
    const ls_release *release = &plant->releases[class];
    const ls_product *product = &plant->products[release->product];
    if (!first && is_entrance(plant, product, station)) {
        *out_kind = LS_HEARD_RELEASED;
        length = ls_text_format(out, out_size, "%.*s class=%s product=%s", (int)size, name,
                                release->name, product->name);
    } else {
        length = ls_text_format(out, out_size, "%.*s station=%s class=%s product=%s", (int)size,
                                name, at, release->name, product->name);
    }
    return length < out_size;
}

// --- for people

void ls_mapping_say(const ls_mapping *mapping, const ls_binding *b, char *out, size_t size) {
    static const char *const meanings[LS_MEANS_COUNT] = {
        "state of",          "lots of",       "step of",
        "product of",        "setup of",      "reason of",
        "good parts of",     "bad parts of",  "queue of",
        "lots released",     "lots arrived",  "lots done",
        "lots scrapped",     "value",         "orders",
        "lots that wait at", "order pool of", "time of the order pool of"};
    const ls_plant *plant = mapping->plant;
    const char *of = "";
    if (b->means < LS_MEANS_MACHINE_COUNT) {
        of = plant->machines[b->of].name;
    } else if (b->means == LS_MEANS_QUEUE || b->means == LS_MEANS_WAITING) {
        of = plant->stations[b->of].name;
    } else if (b->means == LS_MEANS_POOL || b->means == LS_MEANS_SHUT) {
        of = plant->releases[b->of].name;
    } else if (b->means == LS_MEANS_VALUE) {
        of = plant->listen.values[b->of].name;
    }
    ls_text_format(out, size, "%s%s%s", meanings[b->means], of[0] != '\0' ? " " : "", of);
}
