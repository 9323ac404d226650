// models_score.c - predictions wait for their truth, and are scored when it becomes known.
//
// Labels are looked up as training looks them up (ls_snapshot_truths), among what was known by the
// line's clock. One of a tag is known at a moment that can be told beforehand, so that is when it
// is looked for; events and files are looked at as the line goes on, or the file changes. Those for
// which nothing was found are looked for again now and then, until it is too late for them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "loop/models_inside.h"
#include "model/snapshot.h"

enum { UNLABELLED = 20 };  // predictions without a label before a person is told
#define AGAIN_US INT64_C(30000000)
#define DAY_US INT64_C(86400000000)
#define PATIENCE_DAYS 60

static int64_t capped_sum(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

// When its label is known at the earliest, and until when it is waited for.
static int64_t due_us(const ls_model_plan *p, int64_t moment_us) {
    const int64_t ahead = p->label.kind == LS_LABEL_TAG ? p->horizon_us : 0;
    return capped_sum(capped_sum(moment_us, ahead), p->label.delay_us);
}

static int64_t patience_us(const ls_model_plan *p, int64_t moment_us) {
    const bool is_bounded = p->label.kind == LS_LABEL_TAG ||
                            (p->label.kind == LS_LABEL_EVENT && p->horizon_us > 0);
    const int64_t wait = is_bounded ? DAY_US : PATIENCE_DAYS * DAY_US;
    return capped_sum(capped_sum(capped_sum(moment_us, p->horizon_us), p->label.delay_us), wait);
}

// ---- waiting

static void give_row_back(ls_models_one *one, ls_models_waiting *w) {
    if (w->row != LS_MODELS_NOTHING) {
        one->row_free[one->row_free_count++] = w->row;
        w->row = LS_MODELS_NOTHING;
    }
}

static bool make_room(ls_models_one *one) {
    if (one->waiting_count < one->waiting_room) {
        return true;
    }
    const size_t room = one->waiting_room == 0 ? 256 : one->waiting_room * 2;
    ls_models_waiting *moved = room <= LS_MODELS_WAITING_MAX
                                   ? ls_realloc(one->waiting, room * sizeof *moved)
                                   : NULL;
    if (moved != NULL) {
        one->waiting = moved;
        one->waiting_room = room;
        return true;
    }
    if (one->waiting_count == 0) {
        return false;
    }
    // The oldest half is given up at once, not one by one.
    const size_t gone = (one->waiting_count + 1) / 2;
    for (size_t i = 0; i < gone; i++) {
        give_row_back(one, &one->waiting[i]);
    }
    one->waiting_count -= gone;
    memmove(one->waiting, one->waiting + gone, one->waiting_count * sizeof *one->waiting);
    one->never += gone;
    return true;
}

void ls_models_wait_for(ls_models_one *one, const ls_models_waiting *waiting, const float *row) {
    if (!make_room(one)) {
        one->never++;
        return;
    }
    ls_models_waiting *w = &one->waiting[one->waiting_count++];
    *w = *waiting;
    w->row = LS_MODELS_NOTHING;
    if (row != NULL && one->row_free_count > 0) {
        w->row = one->row_free[--one->row_free_count];
        memcpy(one->rows + (size_t)w->row * one->column_count, row,
               one->column_count * sizeof *row);
    }
}

// The first that waits at this moment or later.
static size_t place_of(const ls_models_one *one, int64_t time_us) {
    size_t low = 0, high = one->waiting_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (one->waiting[middle].time_us < time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static ls_models_waiting *find(ls_models_one *one, int64_t time_us, uint32_t unit) {
    for (size_t i = place_of(one, time_us);
         i < one->waiting_count && one->waiting[i].time_us == time_us; i++) {
        if (one->waiting[i].unit == unit) {
            return &one->waiting[i];
        }
    }
    return NULL;
}

// ---- scored

static ls_book *book_of(ls_models_one *one, uint32_t version) {
    if (version == 0) {
        return NULL;
    }
    return one->book.version == version              ? &one->book
           : one->challenger_book.version == version ? &one->challenger_book
                                                     : NULL;
}

static bool is_miss(const ls_models_waiting *w, double truth) {
    return !isnan(w->low) && !(truth >= w->low && truth <= w->high);
}

// How far off: of places of classes, right or wrong. The score of an order is not off from
// anything.
static void enter_one(ls_book *book, const ls_model_plan *plan, double value, double truth,
                      double radius) {
    const bool is_place = plan->objective == LS_OBJECTIVE_CLASSES;
    if (plan->objective == LS_OBJECTIVE_RANK) {
        return;
    }
    ls_book_enter(book, is_place && value != truth ? truth + 1.0 : value, truth, radius);
}

static void enter(ls_models_one *one, const ls_models_waiting *w, double truth) {
    ls_models_subject *unit = &one->units[w->unit];
    ls_book *book = book_of(one, w->version);
    if (book != NULL) {
        enter_one(book, one->plan, w->value, truth, (w->high - w->low) / 2.0);
    }
    book = book_of(one, w->challenger_version);
    if (book != NULL && !isnan(w->challenger)) {
        enter_one(book, one->plan, w->challenger, truth, w->challenger_radius);
    }
    one->scored++;
    one->misses += is_miss(w, truth);
    if (w->time_us >= unit->truth_us) {
        unit->truth_us = w->time_us;
        unit->truth = truth;
        unit->error = one->plan->objective != LS_OBJECTIVE_RANK ? w->value - truth : (double)NAN;
    }
}

static void tell_listeners(ls_models *m, const ls_models_one *one, const ls_models_waiting *w,
                           double truth, int64_t known_us) {
    const ls_model_pair pair = {
        .model = one->number,
        .unit = w->unit,
        .time_us = w->time_us,
        .version = w->version,
        .challenger_version = w->challenger_version,
        .value = w->value,
        .low = w->low,
        .high = w->high,
        .challenger = w->challenger,
        .challenger_radius = w->challenger_radius,
        .truth = truth,
        .known_us = known_us,
        .unusual = w->unusual,
        .row = w->row != LS_MODELS_NOTHING ? one->rows + (size_t)w->row * one->column_count : NULL,
        .column_count = one->column_count};
    pthread_mutex_lock(&m->listening);
    for (uint32_t i = 0; i < m->listener_count; i++) {
        if (m->listeners[i].scored != NULL) {
            m->listeners[i].scored(m->listeners[i].context, &pair);
        }
    }
    pthread_mutex_unlock(&m->listening);
}

// Those that are scored (unit NOTHING) or too old go. Under the lock.
static void clear_out(ls_models_one *one, int64_t clock_us) {
    size_t kept = 0;
    for (size_t i = 0; i < one->waiting_count; i++) {
        ls_models_waiting *w = &one->waiting[i];
        const bool is_scored = w->unit == LS_MODELS_NOTHING;
        const bool is_over = !is_scored && clock_us > patience_us(one->plan, w->time_us);
        one->never += is_over;
        if (is_scored || is_over) {
            give_row_back(one, w);
        } else {
            one->waiting[kept++] = *w;
        }
    }
    one->waiting_count = kept;
}

static void use_labels(ls_models *m, ls_models_one *one, const ls_snapshot_truth *labels,
                       size_t count, int64_t clock_us) {
    const int64_t every = one->plan->every_us;
    for (size_t i = 0; i < count; i++) {
        const ls_snapshot_truth *l = &labels[i];
        const int64_t rest = (l->time_us % every + every) % every;
        // What was said last at that moment; labels of tags and events stand at one themselves.
        ls_models_waiting *w = find(one, l->time_us - rest, l->unit);
        if (w == NULL) {
            continue;
        }
        pthread_mutex_lock(&m->lock);
        enter(one, w, l->label);
        pthread_mutex_unlock(&m->lock);
        tell_listeners(m, one, w, l->label, l->known_us);
        w->unit = LS_MODELS_NOTHING;
    }
    pthread_mutex_lock(&m->lock);
    clear_out(one, clock_us);
    if (count > 0) {
        ls_models_touch(m, one);
    }
    pthread_mutex_unlock(&m->lock);
}

// ---- looked for

// The file of labels, found from the plant file. False: it cannot be read; said once.
static bool read_file(ls_models *m, ls_models_one *one, ls_arena *arena, ls_snapshot_def *def) {
    char path[8400], *text = NULL;
    const char *source = one->plan->label.source;
    const char *slash = strrchr(m->plant, '/');
    const int folder = slash != NULL ? (int)(slash - m->plant) + 1 : 0;
    ls_error err = {0};
    size_t size = 0;
    ls_text_format(path, sizeof path, "%.*s%s", source[0] == '/' ? 0 : folder, m->plant, source);
    const bool good = ls_file_read(path, (size_t)64 << 20, arena, &text, &size, &err) == LS_OK;
    if (!good && !one->label_fails) {
        ls_journal_write(m->journal, LS_LOG_WARNING, "model", one->plan->name, 0, err.text,
                         "{\"what\": \"labels\"}");
    }
    one->label_fails = !good;
    def->labels = text;
    def->labels_size = size;
    def->labels_file = source;
    return good;
}

static bool file_has_changed(ls_models *m, ls_models_one *one) {
    char path[8400];
    struct stat is;
    const char *source = one->plan->label.source;
    const char *slash = strrchr(m->plant, '/');
    const int folder = slash != NULL ? (int)(slash - m->plant) + 1 : 0;
    ls_text_format(path, sizeof path, "%.*s%s", source[0] == '/' ? 0 : folder, m->plant, source);
    if (stat(path, &is) != 0) {
        memset(&is, 0, sizeof is);
    }
    const int64_t changed_ns = (int64_t)is.st_mtim.tv_sec * 1000000000 + is.st_mtim.tv_nsec;
    const bool same = one->labels_seen.inode == is.st_ino &&
                      one->labels_seen.size == (uint64_t)is.st_size &&
                      one->labels_seen.changed_ns == changed_ns;
    one->labels_seen.inode = is.st_ino;
    one->labels_seen.size = (uint64_t)is.st_size;
    one->labels_seen.changed_ns = changed_ns;
    return !same;
}

// The moments [from, to) whose labels are to be looked for now; false: none.
static bool to_look_for(ls_models *m, ls_models_one *one, int64_t clock_us, int64_t *out_from,
                        int64_t *out_to) {
    const ls_model_plan *p = one->plan;
    const int64_t now = ls_models_clock_ns() / 1000;
    const bool again = now >= one->scan_again_us;
    if (one->waiting_count == 0) {
        return false;
    }
    // The last one that can have a label.
    size_t last = one->waiting_count;
    while (last > 0 && due_us(p, one->waiting[last - 1].time_us) > clock_us - m->settle_us) {
        last--;
    }
    if (last == 0) {
        return false;
    }
    const bool changed = p->label.kind == LS_LABEL_FILE && file_has_changed(m, one);
    const int64_t newest = one->waiting[last - 1].time_us;
    bool is_due = again || changed;
    *out_from = one->waiting[0].time_us;
    *out_to = newest + p->every_us;
    if (p->label.kind == LS_LABEL_TAG && !is_due) {
        is_due = newest > one->scanned_us;
        const size_t fresh = place_of(one, capped_sum(one->scanned_us, 1));
        *out_from = fresh < last ? one->waiting[fresh].time_us : newest;
    } else if (p->label.kind == LS_LABEL_EVENT && !is_due) {
        is_due = clock_us - one->scan_clock_us >= p->every_us;
    }
    if (is_due) {
        one->scan_again_us = again ? now + AGAIN_US : one->scan_again_us;
        one->scanned_us = newest > one->scanned_us ? newest : one->scanned_us;
        one->scan_clock_us = clock_us;
    }
    return is_due;
}

// Labels of a tag that should be there by now and are not.
static void tell_unlabelled(ls_models *m, ls_models_one *one) {
    char text[400];
    const size_t looked = place_of(one, capped_sum(one->scanned_us, 1));
    if (one->plan->label.kind == LS_LABEL_TAG) {
        if (looked >= UNLABELLED && !one->told_unlabelled) {
            ls_text_format(text, sizeof text,
                           "labels do not come: %zu predictions wait for '%.150s', and it had no "
                           "value for them",
                           looked, one->plan->label.source);
            ls_journal_write(m->journal, LS_LOG_WARNING, "model", one->plan->name,
                             atomic_load(&m->clock_us), text, "{\"what\": \"unlabelled\"}");
            one->told_unlabelled = true;
        } else if (looked == 0 && one->told_unlabelled) {
            one->told_unlabelled = false;
            ls_journal_write(m->journal, LS_LOG_INFO, "model", one->plan->name,
                             atomic_load(&m->clock_us), "labels come again",
                             "{\"what\": \"labelled\"}");
        }
    }
    if (one->never > one->told_never && one->never >= 2 * one->told_never) {
        ls_text_format(text, sizeof text, "%llu predictions have never got a label",
                       (unsigned long long)one->never);
        ls_journal_write(m->journal, LS_LOG_WARNING, "model", one->plan->name,
                         atomic_load(&m->clock_us), text, "{\"what\": \"never\"}");
        one->told_never = one->never;
    }
}

void ls_models_score(ls_models *m, ls_models_one *one) {
    const int64_t clock_us = atomic_load(&m->clock_us);
    ls_error err = {0};
    ls_snapshot_def def = {.plan = one->plan, .known_us = clock_us};
    if (clock_us == INT64_MIN || !to_look_for(m, one, clock_us, &def.from_us, &def.to_us)) {
        return;
    }
    ls_arena arena;
    ls_snapshot_truth *labels = NULL;
    size_t count = 0;
    ls_arena_init(&arena);
    const bool is_file = one->plan->label.kind == LS_LABEL_FILE;
    if (!is_file || read_file(m, one, &arena, &def)) {
        const ls_status status = ls_snapshot_truths(m->intake->history, m->intake->tags, &def,
                                                    &labels, &count, &err);
        // A tag of the label that nobody has told yet is no mistake of the service.
        if (status != LS_OK && !one->label_fails) {
            ls_journal_write(m->journal, LS_LOG_WARNING, "model", one->plan->name, clock_us,
                             err.text, "{\"what\": \"labels\"}");
        }
        one->label_fails = status != LS_OK;
    }
    use_labels(m, one, labels, count, clock_us);
    tell_unlabelled(m, one);
    ls_free(labels);
    ls_arena_clear(&arena);
}
