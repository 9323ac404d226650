// mapping.c - see mapping.h: from a sample to what it says.
#include "line/mapping.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "line/mapping_inside.h"

typedef struct hearing {  // one sample on its way
    ls_mapping *mapping;
    ls_slot *slot;
    const ls_sample *sample;
    void (*heard)(void *context, const ls_heard *heard);
    void *context;
    uint32_t count;
} hearing;

static void refuse(hearing *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void refuse(hearing *h, const char *format, ...) {
    char what[LS_MAPPING_WHY_SIZE / 2];
    char reason[LS_MAPPING_WHY_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(reason, sizeof reason, format, args);
    va_end(args);
    ls_mapping_say(h->mapping, h->slot->binding, what, sizeof what);
    ls_text_format(h->mapping->why, sizeof h->mapping->why, "%s: %s", what, reason);
    if (h->slot->why == NULL) {  // rare: so that slots stay small
        h->slot->why = ls_arena_alloc(&h->mapping->arena, LS_MAPPING_WHY_SIZE);
    }
    if (h->slot->why != NULL) {
        memcpy(h->slot->why, h->mapping->why, LS_MAPPING_WHY_SIZE);
    }
    h->slot->refused++;
    h->mapping->figures.refused++;
}

static bool was_refused(const hearing *h) {
    return h->mapping->why[0] != '\0';
}

// What happened to a lot is an event also when a birth tells it once more (heard before, it changes
// nothing; missed, it finds its place); a birth of it names one lot, not all that are there.
static bool is_event(ls_heard_kind kind) {
    return kind >= LS_HEARD_RELEASED && kind <= LS_HEARD_SCRAPPED;
}

static void tell(hearing *h, ls_heard_kind kind, int64_t number, const char *text, size_t size) {
    const ls_heard heard = {.kind = kind,
                            .birth = (h->sample->flags & LS_SAMPLE_BIRTH) != 0 && !is_event(kind),
                            .of = h->slot->binding->of,
                            .time_us = h->sample->time_us - h->mapping->plant->start_us,
                            .number = number,
                            .text = text,
                            .size = (uint32_t)size};
    h->heard(h->context, &heard);
    h->count++;
}

// The beginning of a value, for messages; nothing of the line is repeated at length.
static void show(const ls_sample *sample, char *out, size_t size) {
    double number = 0;
    if (sample->kind == LS_VALUE_TEXT) {
        const int length = sample->size < 40 ? (int)sample->size : 40;
        ls_text_format(out, size, "'%.*s'", length, sample->value.text);
        for (char *c = out; *c != '\0'; c++) {
            *c = (unsigned char)*c < ' ' || (unsigned char)*c >= 0x7F ? '?' : *c;
        }
    } else if (ls_sample_number(sample, &number)) {
        ls_text_format(out, size, "%.17g", number);
    } else {
        ls_text_format(out, size, "%s", ls_value_kind_name((ls_value_kind)sample->kind));
    }
}

// A text without control characters, at most `most` bytes. Empty is fine.
static bool take_text(hearing *h, size_t most, const char **out, size_t *out_size) {
    const ls_sample *s = h->sample;
    if (s->kind != LS_VALUE_TEXT) {
        char shown[64];
        show(s, shown, sizeof shown);
        refuse(h, "expected a text, heard %s", shown);
        return false;
    }
    *out = s->value.text;
    *out_size = s->size;
    if (s->size > 0) {
        ls_mapping_trim(out, out_size);
    }
    if (*out_size > most) {
        refuse(h, "a text of %zu bytes, at most %zu are taken", *out_size, most);
        return false;
    }
    for (size_t i = 0; i < *out_size; i++) {
        if ((unsigned char)(*out)[i] < ' ' || (*out)[i] == 0x7F) {
            refuse(h, "a text with control characters");
            return false;
        }
    }
    if (*out_size > 0 && !ls_text_is_utf8(*out, *out_size, NULL)) {
        refuse(h, "a text that is not UTF-8");
        return false;
    }
    return true;
}

// --- one function for each meaning

static void hear_state(hearing *h) {
    const ls_sample *s = h->sample;
    const uint32_t to = ls_mapping_translate(h->slot, s);
    int64_t state = to != LS_NONE ? (int64_t)to : -1;
    char shown[64];
    if (state < 0 && s->kind == LS_VALUE_TEXT) {
        const char *text = s->value.text;
        size_t size = s->size;
        char word[32] = "";
        ls_mapping_trim(&text, &size);
        if (size > 0 && size < sizeof word) {
            memcpy(word, text, size);
        }
        // A word cannot be confused; a number may be one of the PLC's own.
        const bool is_digit = word[0] >= '0' && word[0] <= '9';
        if (!is_digit || h->slot->binding->translation_count == 0) {
            state = ls_packml_find(word);
        }
    } else if (state < 0 && h->slot->binding->translation_count == 0 &&
               (!ls_mapping_whole(s, &state) || state < 0 || ls_packml_name((int)state) == NULL ||
                state > INT32_MAX)) {
        state = -1;
    }
    if (state < 0) {
        show(s, shown, sizeof shown);
        refuse(h, "%s is not a state that 'states' or PackML knows", shown);
        return;
    }
    tell(h, LS_HEARD_STATE, state, NULL, 0);
}

static void hear_reason(hearing *h) {
    const ls_sample *s = h->sample;
    uint32_t mode = ls_mapping_translate(h->slot, s);
    int64_t number = 0;
    if (mode == LS_NONE && s->kind == LS_VALUE_TEXT) {
        const char *text = NULL;
        size_t size = 0;
        if (!take_text(h, LS_MAPPING_WORD_MAX, &text, &size)) {
            return;
        }
        if (size == 0) {
            tell(h, LS_HEARD_REASON, 0, NULL, 0);
            return;
        }
    } else if (mode == LS_NONE && ls_mapping_whole(s, &number) && number == 0) {
        tell(h, LS_HEARD_REASON, 0, NULL, 0);
        return;
    }
    if (mode == LS_NONE) {
        char shown[64];
        show(s, shown, sizeof shown);
        refuse(h, "%s is neither a failure or maintenance of the station nor in 'reasons'", shown);
        return;
    }
    tell(h, LS_HEARD_REASON, (int64_t)mode + 1, NULL, 0);
}

static void hear_counter(hearing *h, ls_heard_kind kind) {
    const ls_binding *b = h->slot->binding;
    int64_t value = 0;
    uint64_t more = 0;
    if (h->sample->kind == LS_VALUE_TEXT || !ls_mapping_whole(h->sample, &value) || value < 0) {
        char shown[64];
        show(h->sample, shown, sizeof shown);
        refuse(h, "%s is not a count", shown);
        return;
    }
    const ls_counted how = ls_counter_hear(&h->slot->counter, b->wraps, &h->mapping->rates[b->of],
                                           h->sample->time_us, (uint64_t)value, &more);
    if (how == LS_COUNTED_JUMP) {
        refuse(h, "the counter jumped to %lld: more than the machine can make; counted from there",
               (long long)value);
    }
    if (more > 0) {
        tell(h, kind, (int64_t)more, NULL, 0);
    }
}

static void hear_queue(hearing *h) {
    int64_t lots = 0;
    if (h->sample->kind == LS_VALUE_TEXT || !ls_mapping_whole(h->sample, &lots) || lots < 0 ||
        lots > UINT32_MAX) {
        char shown[64];
        show(h->sample, shown, sizeof shown);
        refuse(h, "%s is not a number of lots", shown);
        return;
    }
    tell(h, LS_HEARD_QUEUE, lots, NULL, 0);
}

static void hear_word(hearing *h, ls_heard_kind kind, size_t most) {
    const char *text = NULL;
    size_t size = 0;
    if (take_text(h, most, &text, &size)) {
        tell(h, kind, 0, text, size);
    }
}

static uint32_t station_of(const ls_plant *plant, uint32_t machine) {
    uint32_t station = 0;
    while (machine >=
           plant->stations[station].machine_at + plant->stations[station].machine_count) {
        station++;
    }
    return station;
}

// Registers with names tell no events: who was not named before has come.
static void tell_newcomers(hearing *h, const char *text, size_t size) {
    ls_mapping *m = h->mapping;
    ls_slot *slot = h->slot;
    const bool waits = slot->binding->means == LS_MEANS_WAITING;
    const uint32_t station = waits ? slot->binding->of : station_of(m->plant, slot->binding->of);
    for (size_t at = 0; at < size;) {
        const char *blank = memchr(text + at, ' ', size - at);
        const size_t here = blank != NULL ? (size_t)(blank - text) - at : size - at;
        ls_heard heard = {.time_us = h->sample->time_us - m->plant->start_us, .text = m->text};
        if (here > 0 && !ls_mapping_has_name(slot->names, text + at, here) &&
            ls_mapping_newcomer(m->plant, station, waits, !slot->named, text + at, here,
                                &heard.kind, m->text, sizeof m->text)) {
            heard.birth = heard.kind == LS_HEARD_ARRIVED && !slot->named;
            heard.size = (uint32_t)strlen(m->text);
            h->heard(h->context, &heard);
            h->count++;
        }
        at += here + 1;
    }
    memcpy(slot->names, text, size);
    slot->names[size] = '\0';
    slot->named = true;
}

static void hear_names(hearing *h) {
    const char *text = NULL;
    size_t size = 0;
    if (!take_text(h, LS_MAPPING_TEXT_MAX, &text, &size)) {
        return;
    }
    if (h->slot->names != NULL) {
        tell_newcomers(h, text, size);
    }
    if (h->slot->binding->means == LS_MEANS_LOTS) {
        tell(h, LS_HEARD_LOTS, 0, text, size);
    }
}

// --- an order pool, told by registers: its names, and how long it is shut

enum { SHUT_SLACK_US = 2500000 };  // seconds are counted down, and read a little later

static int64_t plant_time(const hearing *h) {
    return h->sample->time_us - h->mapping->plant->start_us;
}

// As if the line had told a release of this lot: it waits outside, or has come in.
static void tell_of_pool(hearing *h, uint32_t class, const char *name, size_t size, bool waits) {
    ls_mapping *m = h->mapping;
    ls_mapped_pool *pool = &m->pools[class];
    const ls_release *of = &m->plant->releases[class];
    char until[40] = "";
    if (waits) {
        const bool dated = pool->timed && pool->until_us != INT64_MAX;
        ls_text_format(until, sizeof until, dated ? " pool=%lld" : " pool=yes",
                       (long long)pool->until_us);
        pool->told_us = pool->until_us;
    }
    const size_t length = ls_text_format(m->text, sizeof m->text, "%.*s class=%s product=%s%s",
                                         (int)size, name, of->name,
                                         m->plant->products[of->product].name, until);
    if (length < sizeof m->text) {
        tell(h, LS_HEARD_RELEASED, 0, m->text, length);
    }
}

// Those of `text` that `other` does not name.
static void tell_unnamed(hearing *h, const char *text, size_t size, const char *other, bool waits) {
    for (size_t at = 0; at < size;) {
        const char *blank = memchr(text + at, ' ', size - at);
        const size_t here = blank != NULL ? (size_t)(blank - text) - at : size - at;
        if (here > 0 && !ls_mapping_has_name(other, text + at, here)) {
            tell_of_pool(h, h->slot->binding->of, text + at, here, waits);
        }
        at += here + 1;
    }
}

static void hear_pool(hearing *h) {
    const char *text = NULL;
    size_t size = 0;
    char names[LS_MAPPING_TEXT_MAX + 1];
    if (!take_text(h, LS_MAPPING_TEXT_MAX, &text, &size)) {
        return;
    }
    memcpy(names, text, size);
    names[size] = '\0';
    tell_unnamed(h, h->slot->names, strlen(h->slot->names), names, false);  // they have come in
    tell_unnamed(h, text, size, h->slot->names, true);
    memcpy(h->slot->names, names, size + 1);
    h->slot->named = true;
}

static void hear_shut(hearing *h) {
    ls_mapped_pool *pool = &h->mapping->pools[h->slot->binding->of];
    int64_t seconds = 0;
    if (h->sample->kind == LS_VALUE_TEXT || !ls_mapping_whole(h->sample, &seconds) || seconds < 0) {
        char shown[64];
        show(h->sample, shown, sizeof shown);
        refuse(h, "%s is not a number of seconds", shown);
        return;
    }
    const int64_t until_us = seconds >= LS_SHUT_UNTIL_TOLD ? INT64_MAX
                                                           : plant_time(h) + seconds * 1000000;
    const bool same = pool->timed && (until_us == pool->told_us ||
                                      (until_us != INT64_MAX && pool->told_us != INT64_MAX &&
                                       until_us - pool->told_us < SHUT_SLACK_US &&
                                       pool->told_us - until_us < SHUT_SLACK_US));
    pool->timed = true;
    pool->until_us = same ? pool->told_us : until_us;
    const char *names = pool->slot != NULL ? pool->slot->names : "";
    if (!same && names[0] != '\0') {
        tell_of_pool(h, h->slot->binding->of, names, strcspn(names, " "), true);
    }
}

static void hear_lot(hearing *h, ls_heard_kind kind) {
    ls_mapping *m = h->mapping;
    const char *text = NULL;
    size_t size = 0;
    if (!take_text(h, LS_MAPPING_TEXT_MAX, &text, &size) || size == 0) {
        return;  // empty: nothing has been told yet
    }
    const size_t length = ls_mapping_lot_text(m->plant, text, size, m->text, sizeof m->text);
    if (length == 0) {
        refuse(h, "a lot text that is too long");
        return;
    }
    tell(h, kind, 0, m->text, length);
}

static void hear_value(hearing *h) {
    const ls_measured *v = &h->mapping->plant->listen.values[h->slot->binding->of];
    double number = 0;
    if (!ls_sample_number(h->sample, &number)) {
        char shown[64];
        show(h->sample, shown, sizeof shown);
        refuse(h, "%s is not a number", shown);
    } else if (!(number >= v->low && number <= v->high)) {
        h->mapping->figures.values_out_of_range++;
        refuse(h, "%.6g is outside of %.6g to %.6g", number, v->low, v->high);
    }
}

static void hear(hearing *h) {
    switch (h->slot->binding->means) {
    case LS_MEANS_STATE: hear_state(h); break;
    case LS_MEANS_LOTS:
    case LS_MEANS_WAITING: hear_names(h); break;
    case LS_MEANS_STEP: hear_word(h, LS_HEARD_STEP, LS_MAPPING_WORD_MAX); break;
    case LS_MEANS_PRODUCT: hear_word(h, LS_HEARD_PRODUCT, LS_MAPPING_WORD_MAX); break;
    case LS_MEANS_SETUP: hear_word(h, LS_HEARD_SETUP, LS_MAPPING_WORD_MAX); break;
    case LS_MEANS_REASON: hear_reason(h); break;
    case LS_MEANS_GOOD: hear_counter(h, LS_HEARD_GOOD); break;
    case LS_MEANS_BAD: hear_counter(h, LS_HEARD_BAD); break;
    case LS_MEANS_QUEUE: hear_queue(h); break;
    case LS_MEANS_LOT_RELEASED: hear_lot(h, LS_HEARD_RELEASED); break;
    case LS_MEANS_LOT_ARRIVED: hear_lot(h, LS_HEARD_ARRIVED); break;
    case LS_MEANS_LOT_DONE: hear_lot(h, LS_HEARD_DONE); break;
    case LS_MEANS_LOT_SCRAPPED: hear_lot(h, LS_HEARD_SCRAPPED); break;
    case LS_MEANS_VALUE: hear_value(h); break;
    case LS_MEANS_POOL: hear_pool(h); break;
    case LS_MEANS_SHUT: hear_shut(h); break;
    case LS_MEANS_ORDER:
    case LS_MEANS_COUNT: break;
    }
}

// Only the tag that leads tells that its machine is silent: a device goes as a whole.
static void hear_quality(hearing *h) {
    const bool is_stale = h->sample->quality == LS_QUALITY_STALE;
    if (h->slot->leads && is_stale != h->slot->stale) {
        tell(h, LS_HEARD_STALE, is_stale ? 1 : 0, NULL, 0);
    }
    h->slot->stale = is_stale;
}

uint32_t ls_mapping_sample(ls_mapping *mapping, const ls_sample *sample,
                           void (*heard)(void *context, const ls_heard *heard), void *context,
                           const char **out_refused) {
    assert(mapping != NULL && sample != NULL && heard != NULL);
    if (out_refused != NULL) {
        *out_refused = NULL;
    }
    mapping->figures.samples++;
    const uint32_t at = sample->tag < mapping->tag_count ? mapping->by_tag[sample->tag] : LS_NONE;
    if (at == LS_NONE) {
        return 0;
    }
    hearing h = {.mapping = mapping,
                 .slot = &mapping->slots[at],
                 .sample = sample,
                 .heard = heard,
                 .context = context};
    mapping->why[0] = '\0';
    h.slot->samples++;
    mapping->figures.heard += h.slot->heard ? 0 : 1;
    h.slot->heard = true;
    if (sample->quality != LS_QUALITY_BAD) {
        hear_quality(&h);
    }
    if (sample->quality == LS_QUALITY_BAD) {
        refuse(&h, "the source says that the value is wrong");
    } else if (sample->quality != LS_QUALITY_STALE && sample->kind == LS_VALUE_NONE) {
        refuse(&h, "the source does not know the value");
    } else if (sample->quality != LS_QUALITY_STALE) {
        hear(&h);
    }
    mapping->figures.mapped += was_refused(&h) ? 0 : 1;
    if (was_refused(&h) && out_refused != NULL) {
        *out_refused = mapping->why;
    }
    return h.count;
}

bool ls_mapping_is_order(const ls_mapping *mapping, uint32_t tag) {
    const uint32_t at = tag < mapping->tag_count ? mapping->by_tag[tag] : LS_NONE;
    return at != LS_NONE && mapping->slots[at].binding->means == LS_MEANS_ORDER;
}

ls_mapping_figures ls_mapping_describe(const ls_mapping *mapping) {
    return mapping->figures;
}
