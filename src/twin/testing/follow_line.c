#include "twin/testing/follow_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plant/read.h"
#include "tests/harness.h"
#include "twin/context.h"
#include "twin/follow/visible.h"
#include "twin/intervene.h"

enum { TRACE_MAX = 4096 };

static ls_status load_table(void *context, const char *name, const char **out, size_t *out_size,
                            ls_error *err) {
    const reference_plant *text = context;
    (void)err;
    *out = strcmp(name, "orders.csv") == 0 ? text->orders : text->initial;
    *out_size = strlen(*out);
    return LS_OK;
}

static bool open_plant(follow_line *line, uint64_t seed) {
    ls_error err = {0};
    const ls_model *m = NULL;
    if (ls_twin_create(line->plant, &line->twin, &err) != LS_OK) {
        printf("twin: %s\n", err.text);
        return false;
    }
    m = line->twin->model;
    line->before = ls_alloc(m->state_size);
    line->now = ls_alloc(m->state_size);
    ls_scratch_create(m, &line->scratch, &err);
    line->scratch.trace = calloc(TRACE_MAX, sizeof *line->scratch.trace);
    line->scratch.trace_capacity = TRACE_MAX;
    const ls_status status = ls_state_start(line->twin, line->now, &line->scratch,
                                            ls_random_key(seed, 0), &err);
    line->over = status != LS_OK;
    return true;
}

bool follow_line_open_seed(follow_line *line, uint64_t seed) {
    static reference_plant text;
    memset(line, 0, sizeof *line);
    reference_plant_write(seed, &text);
    const ls_plant_files files = {load_table, &text};
    ls_errors errors;
    ls_errors_init(&errors);
    const ls_status status = ls_plant_read(text.yaml, strlen(text.yaml), "random.yaml", &files,
                                           &line->plant, &errors);
    ls_errors_clear(&errors);
    if (getenv("FOLLOW_SHOW") != NULL) {
        printf("%s\n--- orders\n%s\n--- initial\n%s\n", text.yaml, text.orders, text.initial);
    }
    return status == LS_OK && open_plant(line, seed);
}

bool follow_line_open_text(follow_line *line, const char *text, uint64_t seed) {
    memset(line, 0, sizeof *line);
    ls_error err = {0};
    const ls_status status = ls_plant_parse(text, strlen(text), "test.yaml", &line->plant, NULL,
                                            &err);
    if (status != LS_OK) {
        printf("plant: %s (line %d)\n", err.text, err.line);
    }
    return status == LS_OK && open_plant(line, seed);
}

bool follow_line_open_file(follow_line *line, const char *path, uint64_t seed) {
    memset(line, 0, sizeof *line);
    ls_error err = {0};
    const ls_status status = ls_plant_load(harness_source_path(path), &line->plant, NULL, &err);
    if (status != LS_OK) {
        printf("plant: %s (line %d)\n", err.text, err.line);
    }
    return status == LS_OK && open_plant(line, seed);
}

static void forget(follow_line *line) {
    for (size_t i = 0; i < line->count; i++) {
        free((char *)(uintptr_t)line->heard[i].text);
    }
    line->count = 0;
}

void follow_line_close(follow_line *line) {
    forget(line);
    free(line->heard);
    free(line->scratch.trace);
    line->scratch.trace = NULL;
    if (line->twin != NULL) {
        ls_scratch_clear(&line->scratch);
    }
    ls_free(line->before);
    ls_free(line->now);
    ls_twin_destroy(line->twin);
    ls_plant_destroy(line->plant);
}

static void keep(void *context, const ls_heard *heard) {
    follow_line *line = context;
    if (line->count == line->capacity) {
        line->capacity = line->capacity * 2 + 64;
        line->heard = realloc(line->heard, line->capacity * sizeof *line->heard);
    }
    ls_heard *kept = &line->heard[line->count++];
    *kept = *heard;
    char *text = malloc(heard->size + 1u);
    if (heard->size > 0) {
        memcpy(text, heard->text, heard->size);
    }
    text[heard->size] = '\0';
    kept->text = text;
}

void follow_line_birth(follow_line *line) {
    const ls_watch_def def = {.say = keep, .context = line};
    forget(line);
    ls_watch(line->plant, line->twin, NULL, line->now, &def);
}

static int64_t next_time(const follow_line *line) {
    const ls_model *m = line->twin->model;
    const ls_u64 key = LS_STATE_ARRAY(m, line->now, ls_u64, s_tree)[1];
    return key == ~(ls_u64)0 ? LS_NEVER : (int64_t)(key >> m->source_bits);
}

// What has changed from `before` to `now`, as the line would say it.
static void keep_what_happened(follow_line *line) {
    const ls_watch_def def = {.say = keep,
                              .context = line,
                              .trace = line->scratch.trace,
                              .trace_count = line->scratch.trace_count < TRACE_MAX
                                                 ? line->scratch.trace_count
                                                 : TRACE_MAX};
    ls_watch(line->plant, line->twin, line->before, line->now, &def);
}

bool follow_line_step(follow_line *line, int64_t until_us) {
    ls_error err = {0};
    forget(line);
    const int64_t time_us = line->over ? LS_NEVER : next_time(line);
    if (time_us > until_us) {
        return false;
    }
    int most = 1000;
    do {
        ls_state_copy(line->twin->model, line->before, line->now);
        line->scratch.trace_count = 0;
        const ls_status status = ls_state_run(line->twin, line->now, &line->scratch, time_us, 1,
                                              &err);
        if (status != LS_OK) {
            line->over = true;
        }
        keep_what_happened(line);
    } while (!line->over && next_time(line) == time_us && most-- > 0);
    line->over |= most <= 0;
    return !line->over;
}

bool follow_line_put_off(follow_line *line, uint32_t release, int64_t until_us) {
    ls_error err = {0};
    ls_snapshot snapshot = {.state = line->now,
                            .scratch = line->scratch,
                            .state_size = line->twin->model->state_size,
                            .model = line->twin->model};
    forget(line);
    ls_state_copy(line->twin->model, line->before, line->now);
    snapshot.scratch.trace_count = 0;
    const bool done = ls_intervene_put_off(line->twin, &snapshot, release, until_us, &err) == LS_OK;
    line->scratch = snapshot.scratch;
    keep_what_happened(line);
    return done;
}

ls_follow *follow_line_follower(follow_line *line, const ls_follow_def *def) {
    ls_follow *follow = NULL;
    ls_error err = {0};
    const ls_status status = ls_follow_create(line->plant, line->twin, line->now->now, def, &follow,
                                              &err);
    if (status != LS_OK) {
        printf("follow: %s\n", err.text);
    }
    return follow;
}

void follow_line_hear(const follow_line *line, ls_follow *follow) {
    for (size_t i = 0; i < line->count; i++) {
        ls_follow_hear(follow, &line->heard[i]);
    }
}

static uint64_t key_of_line(void *context, const ls_state *state, uint32_t lot) {
    const follow_line *line = context;
    const char *lots = (const char *)state + line->twin->model->s_lot;
    return (uint64_t)((const ls_lot *)(const void *)lots)[lot].serial + 1;
}

static uint64_t key_of_follow(void *context, const ls_state *state, uint32_t lot) {
    (void)state;
    const char *name = ls_follow_lot_name(context, lot);
    return name == NULL     ? 0
           : name[0] == 'L' ? strtoull(name + 1, NULL, 10) + 1
                            : (UINT64_C(1) << 40) + strtoull(name + 1, NULL, 10);
}

static uint64_t key(void *context, const ls_state *state, uint32_t lot) {
    // Both sides come here: the line's own state is told apart by its address.
    void **both = context;
    const follow_line *line = both[0];
    return state == line->now ? key_of_line(both[0], state, lot)
                              : key_of_follow(both[1], state, lot);
}

bool follow_line_agrees(const follow_line *line, const ls_follow *follow, bool places_only,
                        char *why, size_t why_size) {
    void *both[2] = {(void *)(uintptr_t)line, (void *)(uintptr_t)follow};
    const ls_visible_def def = {
        .key = key, .context_a = both, .context_b = both, .places_only = places_only};
    return ls_visible_same(line->twin, line->now, ls_follow_state(follow), &def, why, why_size);
}
