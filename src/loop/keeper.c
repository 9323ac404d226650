// keeper.c - see keeper.h.
//
// The saved state is one entry of the history: a head, the follower, the mapping's counters. It is
// written by ls_history_save, whole or not at all.
#include "loop/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/units.h"
#include "loop/say.h"

enum { MAGIC = 0x4c534b31 };
#define QUIET_US LS_US_PER_HOUR
static const char entry_name[] = "follower";

typedef struct saved_head {
    uint32_t magic, pad;
    int64_t newest_us;  // since 1970: newest stamp heard
    uint64_t follow_size, mapping_size;
} saved_head;

// ---- hearing again

typedef struct backlog {
    ls_sample *samples;  // texts stand in `texts`
    size_t count, capacity;
    ls_arena texts;
    bool failed;
} backlog;

static bool collect(void *context, const ls_sample *sample) {
    backlog *all = context;
    if (all->count == all->capacity) {
        const size_t capacity = all->capacity == 0 ? 4096 : all->capacity * 2;
        ls_sample *grown = ls_realloc(all->samples, capacity * sizeof *grown);
        if (grown == NULL) {
            all->failed = true;
            return false;
        }
        all->samples = grown;
        all->capacity = capacity;
    }
    ls_sample *copy = all->samples + all->count++;
    *copy = *sample;
    if (sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES) {
        copy->value.text = ls_arena_text(&all->texts, sample->value.text, sample->size);
        all->failed = copy->value.text == NULL;
    }
    return !all->failed;
}

static int by_time(const void *a, const void *b) {
    const ls_sample *sa = a;
    const ls_sample *sb = b;
    if (sa->time_us != sb->time_us) {
        return sa->time_us < sb->time_us ? -1 : 1;
    }
    return sa->tag < sb->tag ? -1 : sa->tag > sb->tag;
}

// The names of all bound tags, to ask the history for no others.
static const char **bound_tags(const ls_plant *plant, size_t *out_count) {
    const ls_listen *listen = &plant->listen;
    const char **names = ls_alloc((listen->binding_count + 1) * sizeof *names);
    *out_count = 0;
    for (uint32_t i = 0; names != NULL && i < listen->binding_count; i++) {
        names[(*out_count)++] = listen->bindings[i].tag;
    }
    return names;
}

static ls_status hear_between(ls_intake *intake, int64_t from_us, int64_t to_us,
                              uint64_t *out_count, ls_error *err) {
    backlog all = {0};
    ls_arena_init(&all.texts);
    ls_query query = {.from_us = from_us, .to_us = to_us};
    const char **names = bound_tags(intake->running.plant, &query.pattern_count);
    query.patterns = names;
    ls_status status = names != NULL ? LS_OK : LS_ERR_MEMORY;
    if (status == LS_OK && query.pattern_count > 0) {
        status = ls_history_query(intake->history, &query, collect, &all, err);
    }
    if (status == LS_ERR_MEMORY || all.failed) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory while catching up from the history");
    }
    if (status == LS_OK && all.count > 0) {
        qsort(all.samples, all.count, sizeof *all.samples, by_time);
        ls_intake_hear_again(intake, all.samples, all.count);
        *out_count = all.count;
    }
    ls_free(names);
    ls_free(all.samples);
    ls_arena_clear(&all.texts);
    return status;
}

// ---- the saved state

static bool head_fits(const saved_head *head, size_t size) {
    return size >= sizeof *head && head->magic == MAGIC && head->follow_size <= size &&
           head->mapping_size <= size &&
           sizeof *head + head->follow_size + head->mapping_size == size;
}

// LS_OK with running->follow set when the saved state is of this plant.
static ls_status load_saved(ls_intake *intake, saved_head *out_head, ls_error *err) {
    void *bytes = NULL;
    size_t size = 0;
    ls_status status = ls_history_load(intake->history, entry_name, &bytes, &size, err);
    if (status != LS_OK || bytes == NULL) {
        return status;
    }
    if (size >= sizeof *out_head) {
        memcpy(out_head, bytes, sizeof *out_head);
    }
    if (!head_fits(out_head, size)) {
        status = ls_fail(err, LS_ERR_INVALID, "the saved follower is damaged");
    } else {
        const char *follow = (const char *)bytes + sizeof *out_head;
        ls_running *running = &intake->running;
        status = ls_follow_load(running->plant, running->twin, follow, out_head->follow_size,
                                &intake->follow_def, &running->follow, err);
        if (status == LS_OK) {
            status = ls_mapping_load(running->mapping, follow + out_head->follow_size,
                                     out_head->mapping_size, err);
            if (status != LS_OK) {  // both or none
                ls_follow_destroy(running->follow);
                running->follow = NULL;
            }
        }
    }
    ls_free(bytes);
    return status;
}

ls_status ls_keeper_restore(ls_intake *intake, int64_t catch_up_us, uint64_t *out_heard_again,
                            ls_error *err) {
    *out_heard_again = 0;
    if (intake->history == NULL) {
        return LS_OK;
    }
    saved_head head = {0};
    ls_error why = {0};
    const ls_status loaded = load_saved(intake, &head, &why);
    if (loaded == LS_ERR_MEMORY || loaded == LS_ERR_IO) {
        return ls_fail(err, loaded, "%s", why.text);
    }
    if (loaded != LS_OK) {
        ls_say(LS_LOG_INFO, "follow", "", "the saved state is not used: %s", why.text);
    }
    if (intake->running.follow != NULL) {
        intake->figures.newest_us = head.newest_us;
        return hear_between(intake, head.newest_us - intake->follow_def.late_us, INT64_MAX,
                            out_heard_again, err);
    }
    ls_history_figures figures;
    const ls_status status = ls_history_describe(intake->history, &figures, err);
    if (status != LS_OK || figures.samples == 0) {
        return status;
    }
    return hear_between(intake, figures.last_us - catch_up_us, INT64_MAX, out_heard_again, err);
}

ls_status ls_keeper_reach_newest(ls_intake *intake, ls_error *err) {
    const ls_running *running = &intake->running;
    ls_history_figures figures;
    if (intake->history == NULL || running->follow == NULL) {
        return LS_OK;
    }
    const ls_status status = ls_history_describe(intake->history, &figures, err);
    const int64_t newest_us = figures.last_us - running->plant->start_us;
    const int64_t ahead_us = newest_us - ls_follow_now(running->follow);
    // Far ahead is a clock of its own, see intake.c.
    if (status == LS_OK && ahead_us > 0 && ahead_us < intake->follow_def.clock_jump_us) {
        ls_follow_advance(running->follow, newest_us);
    }
    return status;
}

static ls_status fail_outside(int64_t at_us, const ls_history_figures *figures, const char *how,
                              ls_error *err) {
    char at[48];
    char first[48];
    char last[48];
    ls_units_print_date(at_us, at, sizeof at);
    ls_units_print_date(figures->first_us, first, sizeof first);
    ls_units_print_date(figures->last_us, last, sizeof last);
    ls_fail(err, LS_ERR_INVALID, "%s %s", at, how);
    ls_hint(err, "the history goes from %s to %s", first, last);
    return LS_ERR_INVALID;
}

// A quiet line may have said nothing for a while.
static ls_status check_within(int64_t at_us, const ls_history_figures *figures, ls_error *err) {
    if (figures->samples == 0) {
        return ls_fail(err, LS_ERR_INVALID, "nothing has been heard of the line yet");
    }
    if (at_us < figures->first_us) {
        return fail_outside(at_us, figures, "lies before the beginning of the history", err);
    }
    if (at_us - QUIET_US > figures->last_us) {
        return fail_outside(at_us, figures, "lies after the end of the history", err);
    }
    return LS_OK;
}

ls_status ls_keeper_restore_at(ls_intake *intake, int64_t at_us, int64_t catch_up_us,
                               uint64_t *out_heard_again, ls_error *err) {
    *out_heard_again = 0;
    ls_history_figures figures = {0};
    ls_status status = intake->history != NULL ? ls_history_describe(intake->history, &figures, err)
                                               : LS_OK;
    if (status == LS_OK) {
        status = check_within(at_us, &figures, err);
    }
    const int64_t to_us = at_us < INT64_MAX ? at_us + 1 : at_us;
    if (status == LS_OK) {
        status = hear_between(intake, at_us - catch_up_us, to_us, out_heard_again, err);
    }
    if (status == LS_OK && *out_heard_again == 0) {
        char span[40];
        ls_units_show_time((double)catch_up_us, span, sizeof span);
        status = fail_outside(at_us, &figures, "comes after a silence", err);
        ls_hint(err, "nothing was heard of the line in the %s before; '--catch-up' hears more",
                span);
    }
    return status;
}

// Copies follower and counters into one block; NULL: out of memory, or nothing to save.
static char *copy_state(ls_intake *intake, size_t *out_size, ls_error *err) {
    void *follow = NULL;
    void *mapping = NULL;
    char *all = NULL;
    size_t follow_size = 0;
    size_t mapping_size = 0;
    ls_status status = ls_follow_save(intake->running.follow, &follow, &follow_size, err);
    if (status == LS_OK) {
        status = ls_mapping_save(intake->running.mapping, &mapping, &mapping_size, err);
    }
    if (status == LS_OK) {
        const saved_head head = {.magic = MAGIC,
                                 .newest_us = intake->figures.newest_us,
                                 .follow_size = follow_size,
                                 .mapping_size = mapping_size};
        *out_size = sizeof head + follow_size + mapping_size;
        all = ls_alloc(*out_size);
        if (all != NULL) {
            memcpy(all, &head, sizeof head);
            memcpy(all + sizeof head, follow, follow_size);
            memcpy(all + sizeof head + follow_size, mapping, mapping_size);
        }
    }
    ls_free(follow);
    ls_free(mapping);
    return all;
}

ls_status ls_keeper_save(ls_intake *intake, ls_error *err) {
    size_t size = 0;
    char *bytes = NULL;
    if (intake->history == NULL) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_MEMORY, "out of memory for saving the follower");
    pthread_mutex_lock(&intake->lock);
    const bool there = intake->running.follow != NULL;
    if (there) {
        bytes = copy_state(intake, &size, err);
    }
    pthread_mutex_unlock(&intake->lock);
    if (!there) {
        return LS_OK;
    }
    if (bytes == NULL) {
        return LS_ERR_MEMORY;
    }
    const ls_status status = ls_history_save(intake->history, entry_name, bytes, size, err);
    ls_free(bytes);
    return status;
}
