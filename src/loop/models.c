// models.c - see models.h.
#include "loop/models.h"

#include <assert.h>
#include <math.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "history/history_read.h"
#include "loop/models_inside.h"
#include "model/snapshot.h"

const char *ls_model_state_name(ls_model_state state) {
    static const char *const names[LS_MODEL_STATE_COUNT] = {"none", "good", "partial", "silent"};
    assert(state < LS_MODEL_STATE_COUNT);
    return names[state];
}

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory for the models in service");
}

// ---- opening: units and their tags

// One signal's number for a tag of the plan; what the line has not told yet is known from now on.
static ls_status number_of(ls_models *m, const char *pattern, const char *unit, uint32_t *out,
                           ls_error *err) {
    ls_buffer name;
    ls_buffer_init(&name);
    ls_snapshot_fill_in(&name, pattern, unit);
    const ls_status status = name.failed
                                 ? no_memory(err)
                                 : ls_tags_add(m->intake->tags, name.data, name.size, out, err);
    ls_buffer_clear(&name);
    return status;
}

static ls_status open_feeds(ls_models *m, ls_models_one *one, uint32_t unit, ls_error *err) {
    ls_status status = LS_OK;
    one->units[unit].feed = m->feed_count;
    for (uint32_t t = 0; t < one->plan->tag_count && status == LS_OK; t++) {
        ls_models_feed *feed = &m->feeds[m->feed_count++];
        *feed = (ls_models_feed){.model = one->number,
                                 .unit = unit,
                                 .tag = t,
                                 .next = LS_MODELS_NOTHING,
                                 .time_us = INT64_MIN};
        // For now the number of the signal; chains are made when all are known.
        status = number_of(m, one->plan->tags[t], ls_models_unit_name(one->plan, unit), &feed->next,
                           err);
    }
    return status;
}

static ls_status open_units(ls_models *m, ls_models_one *one, ls_error *err) {
    ls_status status = LS_OK;
    one->units = ls_arena_alloc(&m->arena, one->unit_count * sizeof *one->units);
    if (one->units == NULL) {
        return no_memory(err);
    }
    for (uint32_t u = 0; u < one->unit_count && status == LS_OK; u++) {
        ls_models_subject *unit = &one->units[u];
        unit->name = ls_models_unit_name(one->plan, u);
        unit->truth = unit->error = (double)NAN;
        unit->truth_us = INT64_MIN;
        for (int i = 0; i < LS_MODELS_TAGS; i++) {
            unit->tags[i] = LS_TAG_NONE;
        }
        status = ls_snapshot_features(one->plan, &unit->features, err);
        if (status == LS_OK) {
            status = open_feeds(m, one, u, err);
        }
    }
    return status;
}

// Names of the features, as the units' engines have them.
static ls_status open_columns(ls_models *m, ls_models_one *one, ls_error *err) {
    const ls_features *features = one->units[0].features;
    one->column_count = ls_features_count(features);
    const char **columns = ls_arena_alloc(&m->arena, one->column_count * sizeof *columns);
    for (uint32_t c = 0; c < one->column_count && columns != NULL; c++) {
        columns[c] = ls_features_name(features, c);
    }
    one->columns = columns;
    return columns != NULL ? LS_OK : no_memory(err);
}

static ls_status open_rooms(ls_models *m, ls_models_one *one, ls_error *err) {
    const size_t row = one->column_count * sizeof(float);
    // Two moments at least, so that asking goes on while results are taken.
    one->result_count = 64;
    while (one->result_count < 4 * one->unit_count) {
        one->result_count *= 2;
    }
    one->sample_room = (size_t)one->unit_count * LS_MODELS_TAGS + 1;  // and who says it
    one->sample_room = one->sample_room < 512 ? 512 : one->sample_room;
    one->row = ls_arena_alloc(&m->arena, row);
    one->wide = ls_arena_alloc(&m->arena, (one->column_count + 1) * sizeof *one->wide);
    one->results = ls_arena_alloc(&m->arena, one->result_count * sizeof *one->results);
    one->result_rows = ls_arena_alloc(&m->arena, one->result_count * row);
    one->samples = ls_arena_alloc(&m->arena, one->sample_room * sizeof *one->samples);
    one->stages = ls_arena_alloc(&m->arena, sizeof *one->stages);
    const size_t rows = LS_MODELS_ROWS_BYTES / m->count / row;
    // No more than a label can be away, and a little.
    const int64_t waits = (one->plan->horizon_us + one->plan->label.delay_us) /
                              one->plan->every_us +
                          256;
    const size_t most = (size_t)(waits < 4096 ? waits : 4096) * one->unit_count;
    one->row_free_count = (uint32_t)(rows < most ? rows : most);
    one->rows = ls_arena_alloc(&m->arena, one->row_free_count * row);
    one->row_free = ls_arena_alloc(&m->arena, one->row_free_count * sizeof *one->row_free);
    if (one->row == NULL || one->wide == NULL || one->results == NULL || one->result_rows == NULL ||
        one->samples == NULL || one->stages == NULL || one->rows == NULL || one->row_free == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < one->row_free_count; i++) {
        one->row_free[i] = i;
    }
    return LS_OK;
}

static ls_status open_one(ls_models *m, ls_models_one *one, ls_error *err) {
    one->unit_count = one->plan->unit_count > 0 ? one->plan->unit_count : 1;
    one->next_us = one->scanned_us = INT64_MIN;
    one->version_tag = LS_TAG_NONE;
    ls_swap_init(&one->champion, ls_models_served_destroy);
    ls_swap_init(&one->challenger, ls_models_served_destroy);
    ls_status status = open_units(m, one, err);
    if (status == LS_OK) {
        status = open_columns(m, one, err);
    }
    if (status == LS_OK) {
        status = open_rooms(m, one, err);
    }
    for (uint32_t u = 0; u < one->unit_count && status == LS_OK; u++) {
        status = ls_models_live_init(&one->units[u].live, &m->arena, one->column_count, err);
    }
    if (status == LS_OK) {
        status = ls_book_create(one->plan->gates.interval, &one->book, err);
    }
    if (status == LS_OK) {
        status = ls_book_create(one->plan->gates.interval, &one->challenger_book, err);
    }
    return status;
}

// From a signal's number to its feeds.
static ls_status chain_feeds(ls_models *m, ls_error *err) {
    for (uint32_t f = 0; f < m->feed_count; f++) {
        m->first_count = m->feeds[f].next >= m->first_count ? m->feeds[f].next + 1 : m->first_count;
    }
    m->first = ls_arena_alloc(&m->arena, m->first_count * sizeof *m->first);
    if (m->first == NULL) {
        return no_memory(err);
    }
    memset(m->first, 0xff, m->first_count * sizeof *m->first);
    for (uint32_t f = m->feed_count; f > 0; f--) {
        const uint32_t signal = m->feeds[f - 1].next;
        m->feeds[f - 1].next = m->first[signal];
        m->first[signal] = f - 1;
    }
    return LS_OK;
}

static ls_status open_all(ls_models *m, const ls_plant *plant, ls_error *err) {
    size_t feeds = 0;
    int64_t every_us = INT64_MAX;
    for (uint32_t i = 0; i < m->count; i++) {
        const ls_model_plan *p = &plant->models[i];
        m->of[i].plan = p;
        m->of[i].number = i;
        feeds += (size_t)p->tag_count * (p->unit_count > 0 ? p->unit_count : 1);
        every_us = p->every_us < every_us ? p->every_us : every_us;
    }
    m->settle_us = every_us / 4 < LS_MODELS_SETTLE_MAX_US ? every_us / 4 : LS_MODELS_SETTLE_MAX_US;
    m->feeds = ls_arena_alloc(&m->arena, feeds * sizeof *m->feeds);
    m->ring = ls_arena_alloc(&m->arena, LS_MODELS_RING * sizeof *m->ring);
    m->early = ls_arena_alloc(&m->arena, LS_MODELS_EARLY * sizeof *m->early);
    if (m->feeds == NULL || m->ring == NULL || m->early == NULL) {
        return no_memory(err);
    }
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < m->count && status == LS_OK; i++) {
        status = open_one(m, &m->of[i], err);
    }
    return status == LS_OK ? chain_feeds(m, err) : status;
}

// ---- opening: from where things go on

static bool read_last(void *context, const ls_sample *sample) {
    int64_t *newest = context;
    const double value = ls_snapshot_value(sample);
    *newest = isfinite(value) && sample->time_us > *newest ? sample->time_us : *newest;
    return true;
}

// The line's clock: the twin's, or where there is none, the newest value of a tag of the models.
static ls_status find_clock(ls_models *m, ls_error *err) {
    int64_t newest = INT64_MIN;
    pthread_mutex_lock(&m->intake->lock);
    const ls_running *running = &m->intake->running;
    if (running->follow != NULL) {
        newest = running->plant->start_us + ls_follow_now(running->follow);
        newest = m->intake->figures.newest_us > newest ? m->intake->figures.newest_us : newest;
    }
    pthread_mutex_unlock(&m->intake->lock);
    ls_status status = LS_OK;
    for (uint32_t s = 0; s < m->first_count && newest == INT64_MIN && status == LS_OK; s++) {
        if (m->first[s] != LS_MODELS_NOTHING) {
            int64_t last = INT64_MIN;
            status = ls_history_visit(m->intake->history, s, INT64_MAX - 1, INT64_MAX, true,
                                      read_last, &last, err);
            newest = last > newest ? last : newest;
        }
    }
    atomic_store(&m->began_us, newest);
    atomic_store(&m->clock_us, newest);
    return status;
}

static ls_status go_on(ls_models *m, ls_error *err) {
    ls_status status = find_clock(m, err);
    for (uint32_t i = 0; i < m->count && status == LS_OK; i++) {
        status = ls_models_load(m, &m->of[i], err);
    }
    // The asking thread begins with what the history has.
    atomic_store(&m->lost, true);
    for (uint32_t i = 0; i < m->count && status == LS_OK; i++) {
        ls_models_look_at(m, &m->of[i], true);
    }
    return status;
}

static void listen_in(ls_models *m, bool begins) {
    pthread_mutex_lock(&m->intake->lock);
    m->intake->kept = begins ? ls_models_listen_in : NULL;
    m->intake->kept_context = begins ? m : NULL;
    pthread_mutex_unlock(&m->intake->lock);
}

ls_status ls_models_open(const ls_models_def *def, ls_models **out, ls_error *err) {
    const ls_plant *plant = def->intake->running.plant;
    *out = NULL;
    if (plant->model_count == 0 || def->intake->history == NULL) {
        return LS_OK;
    }
    ls_models *m = ls_alloc(sizeof *m);
    if (m == NULL) {
        return no_memory(err);
    }
    ls_arena_init(&m->arena);
    m->intake = def->intake;
    m->journal = def->journal;
    ls_text_format(m->folder, sizeof m->folder, "%s", def->folder);
    ls_text_format(m->plant, sizeof m->plant, "%s", def->plant);
    atomic_init(&m->clock_us, INT64_MIN);
    atomic_init(&m->due_us, INT64_MIN);
    sem_init(&m->news, 0, 0);
    sem_init(&m->results, 0, 0);
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->listening, NULL);
    m->aside_us = INT64_MAX;
    // What threads share stands on cache lines of its own (swap.h).
    char *room = ls_arena_alloc(&m->arena, plant->model_count * sizeof *m->of + alignof(ls_swap));
    ls_status status = room != NULL ? LS_OK : no_memory(err);
    if (status == LS_OK) {
        m->of = (void *)(room + (alignof(ls_swap) - (uintptr_t)room % alignof(ls_swap)));
        m->count = plant->model_count;
        status = open_all(m, plant, err);
    }
    if (status == LS_OK) {
        status = go_on(m, err);
    }
    if (status == LS_OK) {
        m->has_keeping = pthread_create(&m->keeping, NULL, ls_models_keeping, m) == 0;
        m->has_asking = pthread_create(&m->asking, NULL, ls_models_asking, m) == 0;
        status = m->has_keeping && m->has_asking
                     ? LS_OK
                     : ls_fail(err, LS_ERR_MEMORY, "no threads for the models in service");
    }
    if (status != LS_OK) {
        ls_models_close(m);
        return status;
    }
    listen_in(m, true);
    *out = m;
    return LS_OK;
}

// ---- closing

static void clear_one(ls_models_one *one) {
    ls_swap_clear(&one->champion);
    ls_swap_clear(&one->challenger);
    for (uint32_t u = 0; u < one->unit_count && one->units != NULL; u++) {
        ls_features_destroy(one->units[u].features);
    }
    ls_book_clear(&one->book);
    ls_book_clear(&one->challenger_book);
    ls_free(one->waiting);
}

void ls_models_close(ls_models *m) {
    if (m == NULL) {
        return;
    }
    listen_in(m, false);
    // First who asks, who then has taken all that was heard; then who keeps it.
    atomic_store(&m->ends, true);
    if (m->has_asking) {
        sem_post(&m->news);
        pthread_join(m->asking, NULL);
    }
    atomic_store(&m->keeping_ends, true);
    if (m->has_keeping) {
        sem_post(&m->results);
        pthread_join(m->keeping, NULL);
    }
    for (uint32_t i = 0; i < m->count; i++) {
        clear_one(&m->of[i]);
    }
    pthread_mutex_destroy(&m->listening);
    pthread_mutex_destroy(&m->lock);
    sem_destroy(&m->results);
    sem_destroy(&m->news);
    ls_arena_clear(&m->arena);
    ls_free(m);
}

// ---- asked by others

uint32_t ls_models_count(const ls_models *m) {
    return m->count;
}

const ls_model_plan *ls_models_plan(const ls_models *m, uint32_t model) {
    assert(model < m->count);
    return m->of[model].plan;
}

uint32_t ls_models_units(const ls_models *m, uint32_t model) {
    assert(model < m->count);
    return m->of[model].unit_count;
}

const char *ls_models_unit(const ls_models *m, uint32_t model, uint32_t unit) {
    assert(model < m->count && unit < m->of[model].unit_count);
    return m->of[model].units[unit].name;
}

static ls_models_one *find_model(ls_models *m, const char *name) {
    for (uint32_t i = 0; m != NULL && i < m->count; i++) {
        if (strcmp(m->of[i].plan->name, name) == 0) {
            return &m->of[i];
        }
    }
    return NULL;
}

void ls_models_latest_at(ls_models *m, uint32_t model, uint32_t unit, ls_model_said *out) {
    assert(model < m->count && unit < m->of[model].unit_count);
    ls_models_live_get(&m->of[model].units[unit].live, out, NULL, m->of[model].column_count);
}

bool ls_models_latest(ls_models *m, const char *model, const char *unit, ls_model_said *out) {
    ls_models_one *one = find_model(m, model);
    for (uint32_t u = 0; one != NULL && u < one->unit_count; u++) {
        if (strcmp(one->units[u].name, unit) == 0) {
            ls_models_latest_at(m, one->number, u, out);
            return true;
        }
    }
    *out = ls_models_said_nothing();
    return false;
}

int64_t ls_models_age_us(ls_models *m, const ls_model_said *said) {
    const int64_t now = atomic_load(&m->clock_us);
    return said->state == LS_MODEL_NONE || now == INT64_MIN ? INT64_MAX
           : now > said->time_us                            ? now - said->time_us
                                                            : 0;
}

// ---- versions lent

bool ls_models_take_slot(ls_models *m, uint32_t *out) {
    uint64_t held = atomic_load(&m->slots);
    for (;;) {
        uint32_t slot = LS_MODELS_SLOT_OTHERS;
        while (slot < LS_SWAP_READERS_MAX && (held >> slot & 1) != 0) {
            slot++;
        }
        if (slot == LS_SWAP_READERS_MAX) {
            return false;
        }
        if (atomic_compare_exchange_weak(&m->slots, &held, held | UINT64_C(1) << slot)) {
            *out = slot;
            return true;
        }
    }
}

void ls_models_give_slot(ls_models *m, uint32_t slot) {
    atomic_fetch_and(&m->slots, ~(UINT64_C(1) << slot));
}

static bool try_loan(ls_models_one *one, bool is_challenger, uint32_t number, uint32_t slot,
                     ls_model_loan *out) {
    ls_swap *swap = is_challenger ? &one->challenger : &one->champion;
    const ls_models_served *s = ls_swap_take(swap, slot);
    if (s == NULL || (number != 0 && s->shown.number != number)) {
        ls_swap_give(swap, slot);
        return false;
    }
    *out = (ls_model_loan){
        .version = &s->shown, .slot = slot, .model = one->number, .is_challenger = is_challenger};
    return true;
}

bool ls_models_borrow(ls_models *m, const char *model, uint32_t number, ls_model_loan *out) {
    ls_models_one *one = find_model(m, model);
    uint32_t slot = 0;
    *out = (ls_model_loan){0};
    if (one == NULL || !ls_models_take_slot(m, &slot)) {
        return false;
    }
    if (try_loan(one, false, number, slot, out) ||
        (number != 0 && try_loan(one, true, number, slot, out))) {
        return true;
    }
    ls_models_give_slot(m, slot);
    return false;
}

void ls_models_return(ls_models *m, const ls_model_loan *loan) {
    ls_models_one *one = &m->of[loan->model];
    ls_swap_give(loan->is_challenger ? &one->challenger : &one->champion, loan->slot);
    ls_models_give_slot(m, loan->slot);
}

// ---- listeners

bool ls_models_listen(ls_models *m, const ls_models_listener *listener) {
    pthread_mutex_lock(&m->listening);
    const bool room = m->listener_count < LS_MODELS_LISTENERS;
    if (room) {
        m->listeners[m->listener_count++] = *listener;
    }
    for (uint32_t i = 0; i < m->count && room && listener->serves != NULL; i++) {
        pthread_mutex_lock(&m->lock);
        const uint32_t champion = m->of[i].serving, challenger = m->of[i].shadow;
        pthread_mutex_unlock(&m->lock);
        listener->serves(listener->context, i, champion, challenger);
    }
    pthread_mutex_unlock(&m->listening);
    return room;
}

void ls_models_unlisten(ls_models *m, const void *context) {
    pthread_mutex_lock(&m->listening);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->listener_count; i++) {
        if (m->listeners[i].context != context) {
            m->listeners[kept++] = m->listeners[i];
        }
    }
    m->listener_count = kept;
    pthread_mutex_unlock(&m->listening);
}

bool ls_models_challenger_in_time(ls_models *m, uint32_t model) {
    ls_models_one *one = &m->of[model];
    uint32_t slot = 0;
    assert(model < m->count);
    if (!ls_models_take_slot(m, &slot)) {
        return false;
    }
    const ls_models_served *s = ls_swap_take(&one->challenger, slot);
    pthread_mutex_lock(&m->lock);
    const bool is = s != NULL && atomic_load(&s->timed) >= LS_MODELS_TIMED_LEAST && !s->is_slow &&
                    s->p99_us <= (double)one->plan->gates.latency_us;
    pthread_mutex_unlock(&m->lock);
    ls_swap_give(&one->challenger, slot);
    ls_models_give_slot(m, slot);
    return is;
}

void ls_models_look(ls_models *m) {
    atomic_store(&m->look, true);
    sem_post(&m->results);
}

uint64_t ls_models_changes(ls_models *m) {
    return m != NULL ? atomic_load(&m->changes) : 0;
}
