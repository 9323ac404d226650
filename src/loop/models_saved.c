// models_saved.c - models over a restart: scores and waiting predictions are saved as one entry of
// the history, and what was said after that is read from the tags of the predictions.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "history/history_read.h"
#include "loop/models_inside.h"

enum { MAGIC = 0x4c534d31 };
#define DAY_US INT64_C(86400000000)

typedef struct saved_head {  // then both books, then the waiting ones
    uint32_t magic, waiting_size;
    int64_t said_us, scanned_us;
    uint64_t predictions, unusual, swaps, refusals, scored, misses, never, not_kept, skipped, late;
    uint64_t waiting_count;
    uint32_t unit_count, units;  // and a hash of their names
} saved_head;

static void name_of(const ls_models_one *one, char *out, size_t size) {
    ls_text_format(out, size, "models/%s", one->plan->name);
}

static uint32_t hash_of_units(const ls_models_one *one) {
    uint32_t sum = UINT32_C(0x811c9dc5);  // FNV-1a
    for (uint32_t u = 0; u < one->unit_count; u++) {
        for (const char *c = one->units[u].name; *c != '\0'; c++) {
            sum = (sum ^ (unsigned char)*c) * UINT32_C(0x01000193);
        }
        sum = (sum ^ 0xffU) * UINT32_C(0x01000193);
    }
    return sum;
}

// ---- saving

ls_status ls_models_save(ls_models *m, ls_models_one *one, ls_error *err) {
    char name[LS_MODEL_NAME_MAX + 16];
    ls_buffer out;
    ls_buffer_init(&out);
    const saved_head head = {.magic = MAGIC,
                             .waiting_size = sizeof(ls_models_waiting),
                             .said_us = one->said_us,
                             .scanned_us = one->scanned_us,
                             .predictions = one->predictions,
                             .unusual = one->unusual,
                             .swaps = one->swaps,
                             .refusals = one->refusals,
                             .scored = one->scored,
                             .misses = one->misses,
                             .never = one->never,
                             .not_kept = one->not_kept,
                             .skipped = atomic_load(&one->skipped),
                             .late = atomic_load(&one->late),
                             .waiting_count = one->waiting_count,
                             .unit_count = one->unit_count,
                             .units = hash_of_units(one)};
    ls_buffer_append(&out, (const char *)&head, sizeof head);
    ls_book_save(&one->book, &out);
    ls_book_save(&one->challenger_book, &out);
    if (one->waiting_count > 0) {
        ls_buffer_append(&out, (const char *)one->waiting,
                         one->waiting_count * sizeof *one->waiting);
    }
    name_of(one, name, sizeof name);
    const ls_status status = out.failed
                                 ? ls_fail(err, LS_ERR_MEMORY, "out of memory for saving a model")
                                 : ls_history_save(m->intake->history, name, out.data, out.size,
                                                   err);
    ls_buffer_clear(&out);
    return status;
}

// ---- loading

static bool is_whole(const ls_models_one *one, const ls_models_waiting *w, int64_t *last_us) {
    const bool good = w->unit < one->unit_count && w->time_us >= *last_us && isfinite(w->value);
    *last_us = w->time_us;
    return good;
}

static ls_status take_waiting(ls_models_one *one, const saved_head *head, const char *bytes,
                              size_t size, ls_error *err) {
    int64_t last_us = INT64_MIN;
    if (head->waiting_count > LS_MODELS_WAITING_MAX ||
        size != head->waiting_count * sizeof(ls_models_waiting)) {
        return ls_fail(err, LS_ERR_INVALID, "what was saved of a model is cut off");
    }
    for (uint64_t i = 0; i < head->waiting_count; i++) {
        ls_models_waiting w;
        memcpy(&w, bytes + i * sizeof w, sizeof w);
        if (!is_whole(one, &w, &last_us)) {
            return ls_fail(err, LS_ERR_INVALID, "what was saved of a model is damaged");
        }
        ls_models_wait_for(one, &w, NULL);
    }
    return LS_OK;
}

static ls_status take_saved(ls_models_one *one, const char *bytes, size_t size, ls_error *err) {
    saved_head head;
    size_t at = sizeof head;
    if (size < sizeof head) {
        return ls_fail(err, LS_ERR_INVALID, "what was saved of a model is cut off");
    }
    memcpy(&head, bytes, sizeof head);
    if (head.magic != MAGIC || head.waiting_size != sizeof(ls_models_waiting) ||
        head.unit_count != one->unit_count || head.units != hash_of_units(one)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "what was saved is of other units, or of another program");
    }
    ls_status status = ls_book_load(&one->book, bytes, size, &at, err);
    if (status == LS_OK) {
        status = ls_book_load(&one->challenger_book, bytes, size, &at, err);
    }
    if (status == LS_OK) {
        status = take_waiting(one, &head, bytes + at, size - at, err);
    }
    if (status == LS_OK) {
        one->said_us = head.said_us;
        one->scanned_us = head.scanned_us;
        one->predictions = head.predictions;
        one->unusual = head.unusual;
        one->swaps = head.swaps;
        one->refusals = head.refusals;
        one->scored = head.scored;
        one->misses = head.misses;
        one->never = one->told_never = head.never;
        one->not_kept = head.not_kept;
        atomic_init(&one->skipped, head.skipped);
        one->told_skipped = head.skipped;
        atomic_init(&one->late, head.late);
    } else {
        ls_book_begin(&one->book, 0, (double)INFINITY);
        ls_book_begin(&one->challenger_book, 0, (double)INFINITY);
        one->waiting_count = 0;
    }
    return status;
}

// ---- what was said after that, from the tags

typedef struct reading {
    ls_models_one *one;
    uint32_t unit;
    ls_models_tag which;
    int64_t from_us;
    ls_models_waiting *found;  // of this unit, by time
    size_t count, room;
    bool failed;
    ls_model_said last;  // the newest word
} reading;

static ls_models_waiting *at_moment(reading *r, int64_t time_us) {
    size_t low = 0, high = r->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (r->found[middle].time_us < time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < r->count && r->found[low].time_us == time_us ? &r->found[low] : NULL;
}

static void add_value(reading *r, const ls_sample *s, double value) {
    if (r->count == r->room) {
        const size_t room = r->room == 0 ? 256 : r->room * 2;
        ls_models_waiting *moved = ls_realloc(r->found, room * sizeof *moved);
        if (moved == NULL) {
            r->failed = true;
            return;
        }
        r->found = moved;
        r->room = room;
    }
    r->found[r->count++] = (ls_models_waiting){.time_us = s->time_us,
                                               .value = value,
                                               .low = (double)NAN,
                                               .high = (double)NAN,
                                               .challenger = (double)NAN,
                                               .challenger_radius = (double)NAN,
                                               .unit = r->unit,
                                               .row = LS_MODELS_NOTHING,
                                               .unusual = -1};
}

static bool read_value(void *context, const ls_sample *s) {
    reading *r = context;
    double value = (double)NAN;
    const bool is_said = ls_sample_number(s, &value) && isfinite(value);
    r->last = ls_models_said_nothing();
    r->last.time_us = s->time_us;
    r->last.state = !is_said                             ? LS_MODEL_SILENT
                    : s->quality == LS_QUALITY_UNCERTAIN ? LS_MODEL_PARTIAL
                                                         : LS_MODEL_GOOD;
    r->last.value = is_said ? value : (double)NAN;
    if (is_said && s->time_us > r->from_us) {
        add_value(r, s, value);
    }
    return !r->failed;
}

static bool read_other(void *context, const ls_sample *s) {
    reading *r = context;
    double value = (double)NAN;
    if (!ls_sample_number(s, &value)) {
        value = (double)NAN;
    }
    ls_models_waiting *w = at_moment(r, s->time_us);
    ls_model_said *last = s->time_us == r->last.time_us ? &r->last : NULL;
    switch (r->which) {
    case TAG_LOW:
        if (w != NULL) {
            w->low = value;
        }
        if (last != NULL) {
            last->low = value;
        }
        break;
    case TAG_HIGH:
        if (w != NULL) {
            w->high = value;
        }
        if (last != NULL) {
            last->high = value;
        }
        break;
    case TAG_UNUSUAL:
        if (w != NULL) {
            w->unusual = value > 0.0;
        }
        if (last != NULL) {
            last->unusual = value > 0.0;
        }
        break;
    default:
        if (w != NULL) {
            w->challenger = value;
        }
        if (last != NULL) {
            last->challenger = value;
        }
        break;
    }
    return true;
}

static ls_status read_tags(ls_models *m, ls_models_subject *unit, reading *r, ls_error *err) {
    static const char *const endings[LS_MODELS_TAGS] = {"", "/low", "/high", "/unusual",
                                                        "/challenger"};
    ls_status status = LS_OK;
    for (int i = 0; i < LS_MODELS_TAGS && status == LS_OK; i++) {
        char name[LS_TAG_NAME_MAX + 1];
        const size_t size = ls_text_format(name, sizeof name, "model/%s/%s%s", r->one->plan->name,
                                           unit->name, endings[i]);
        unit->tags[i] = size < sizeof name ? ls_tags_find(m->intake->tags, name, size)
                                           : LS_TAG_NONE;
        r->which = (ls_models_tag)i;
        if (unit->tags[i] != LS_TAG_NONE) {
            status = ls_history_visit(m->intake->history, unit->tags[i], r->from_us + 1, INT64_MAX,
                                      true, i == 0 ? read_value : read_other, r, err);
        }
    }
    return status == LS_OK && r->failed
               ? ls_fail(err, LS_ERR_MEMORY, "out of memory for what a model has said")
               : status;
}

typedef struct changes {  // of who served, by time
    int64_t time_us[64];
    uint32_t version[64];
    uint32_t count;
} changes;

static bool read_version(void *context, const ls_sample *s) {
    changes *c = context;
    double value = 0.0;
    if (c->count == 64) {  // the older half is forgotten
        memmove(c->time_us, c->time_us + 32, 32 * sizeof *c->time_us);
        memmove(c->version, c->version + 32, 32 * sizeof *c->version);
        c->count = 32;
    }
    if (ls_sample_number(s, &value) && value >= 0.0 && value <= LS_REGISTRY_VERSIONS_MAX) {
        c->time_us[c->count] = s->time_us;
        c->version[c->count++] = (uint32_t)value;
    }
    return true;
}

static uint32_t version_at(const changes *c, int64_t time_us) {
    uint32_t version = 0;
    for (uint32_t i = 0; i < c->count && c->time_us[i] <= time_us; i++) {
        version = c->version[i];
    }
    return version;
}

static int compare_waiting(const void *a, const void *b) {
    const ls_models_waiting *x = a, *y = b;
    if (x->time_us != y->time_us) {
        return x->time_us < y->time_us ? -1 : 1;
    }
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static ls_status read_unit(ls_models *m, ls_models_one *one, uint32_t number, int64_t from_us,
                           const changes *c, ls_error *err) {
    ls_models_subject *unit = &one->units[number];
    reading r = {.one = one, .unit = number, .from_us = from_us, .last = ls_models_said_nothing()};
    const ls_status status = read_tags(m, unit, &r, err);
    for (size_t i = 0; i < r.count && status == LS_OK; i++) {
        r.found[i].version = version_at(c, r.found[i].time_us);
        if (one->plan->label.kind != LS_LABEL_NONE) {
            ls_models_wait_for(one, &r.found[i], NULL);
        }
        one->predictions++;
        one->unusual += r.found[i].unusual > 0;
    }
    ls_free(r.found);
    if (r.last.state != LS_MODEL_NONE) {
        r.last.version = version_at(c, r.last.time_us);
        r.last.by = isnan(r.last.low) ? LS_MODEL_BY_NOTHING : LS_MODEL_BY_SPLIT;
        ls_models_live_put(&unit->live, &r.last, NULL, one->column_count);
        unit->told = unit->kept = r.last.state;
        unit->kept_interval = !isnan(r.last.low);
        unit->kept_challenger = !isnan(r.last.challenger);
        one->said_us = r.last.time_us > one->said_us ? r.last.time_us : one->said_us;
    }
    return status;
}

ls_status ls_models_load(ls_models *m, ls_models_one *one, ls_error *err) {
    char name[LS_MODEL_NAME_MAX + 16], tag[LS_TAG_NAME_MAX + 1];
    void *bytes = NULL;
    size_t size = 0;
    ls_error why = {0};
    changes served = {.count = 0};
    name_of(one, name, sizeof name);
    ls_status status = ls_history_load(m->intake->history, name, &bytes, &size, err);
    const bool there = status == LS_OK && bytes != NULL;
    const bool used = there && take_saved(one, bytes, size, &why) == LS_OK;
    if (there && !used) {
        ls_say(LS_LOG_INFO, "model", one->plan->name, "the saved scores are not used: %s",
               why.text);
    }
    ls_free(bytes);
    // Where nothing was saved, what can still get a label.
    const int64_t clock_us = atomic_load(&m->clock_us);
    const int64_t reach = one->plan->horizon_us + one->plan->label.delay_us + DAY_US;
    const int64_t from_us = used ? one->said_us : clock_us != INT64_MIN ? clock_us - reach : 0;
    const size_t length = ls_text_format(tag, sizeof tag, "model/%s/version", one->plan->name);
    one->version_tag = ls_tags_find(m->intake->tags, tag, length);
    if (status == LS_OK && one->version_tag != LS_TAG_NONE) {
        status = ls_history_visit(m->intake->history, one->version_tag, from_us + 1, INT64_MAX,
                                  true, read_version, &served, err);
    }
    one->kept_version = served.count > 0 ? served.version[served.count - 1] : 0;
    for (uint32_t u = 0; u < one->unit_count && status == LS_OK; u++) {
        status = read_unit(m, one, u, from_us, &served, err);
    }
    if (one->waiting_count > 1) {
        qsort(one->waiting, one->waiting_count, sizeof *one->waiting, compare_waiting);
    }
    if (status == LS_OK && one->said_us != 0) {
        one->next_us = one->said_us + one->plan->every_us;
    }
    return status;
}
