// reference_test.c - random small plants run by the kernel and by the reference must leave the same
// trace.
//
// LINESHAFT_REFERENCE_SEED=N runs one plant and shows its file and the end of both traces;
// LINESHAFT_REFERENCE_COUNT=N runs the first N.
#include "twin/testing/reference.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plant/read.h"
#include "tests/harness.h"
#include "twin/context.h"
#include "twin/intervene.h"
#include "twin/testing/reference_hands.h"
#include "twin/testing/reference_plants.h"
#include "twin/twin.h"

enum {
    PLANTS = 2000,
    TRACE_MAX = 40000,
    EVENTS_MAX = 1500,
    REFUSED_SHARE = 20
};  // at most one in so many

static const char *const kind_names[] = {"release", "arrive", "start", "end",   "done", "scrap",
                                         "lost",    "down",   "up",    "block", "setup"};

static ls_trace_item kernel_trace[TRACE_MAX];
static ls_trace_item reference_trace[TRACE_MAX];

typedef struct tally {
    uint32_t run, refused;
    uint64_t events, items, kinds[11];
    bool hands;  // a control system acts
    uint64_t acts[LS_ACT_COUNT], acts_refused;
    uint64_t pooled;  // lots that came out of an order pool
    uint64_t told;    // times that a machine's slowness was told
} tally;

static void show(const char *who, const ls_twin *twin, const ls_trace_item *item) {
    printf("  %-9s %14.6f s %-8s %6d step %-10s machine %s\n", who, (double)item->time / 1e6,
           item->kind < 11 ? kind_names[item->kind] : "?", (int)item->serial,
           item->step < twin->model->steps ? twin->steps[item->step] : "-",
           item->machine < twin->model->machines ? twin->machines[item->machine] : "-");
}

static void show_difference(const ls_twin *twin, uint64_t seed, const reference_plant *text,
                            size_t at, size_t kernel_count, size_t reference_count) {
    printf("seed %llu: the traces differ at item %zu of %zu (kernel) and %zu (reference)\n",
           (unsigned long long)seed, at, kernel_count, reference_count);
    const bool alone = getenv("LINESHAFT_REFERENCE_SEED") != NULL;
    for (size_t i = alone || at < 12 ? 0 : at - 12; i < at; i++) {
        show("both", twin, &kernel_trace[i]);
    }
    for (size_t i = at; i < at + 3; i++) {
        if (i < kernel_count) {
            show("kernel", twin, &kernel_trace[i]);
        }
        if (i < reference_count) {
            show("reference", twin, &reference_trace[i]);
        }
    }
    printf("%s%s%s%s%s\n", text->yaml, text->orders[0] != '\0' ? "--- orders.csv\n" : "",
           text->orders, text->initial[0] != '\0' ? "--- initial.csv\n" : "", text->initial);
    printf("reproduce: LINESHAFT_REFERENCE_SEED=%llu with this program\n",
           (unsigned long long)seed);
}

static bool same_item(const ls_trace_item *a, const ls_trace_item *b) {
    return a->time == b->time && a->kind == b->kind && a->serial == b->serial &&
           a->step == b->step && a->machine == b->machine;
}

// A total that is not the same fails with its name.
static bool same_total(const char *what, uint32_t index, int64_t kernel, int64_t reference) {
    if (kernel != reference) {
        printf("%s of %u: kernel %lld, reference %lld\n", what, index, (long long)kernel,
               (long long)reference);
    }
    return kernel == reference;
}

static bool same_totals(const ls_twin *twin, ls_state *state, ls_scratch *scratch,
                        ls_reference *reference) {
    ls_ctx c;
    ls_ctx_open(&c, twin->model, state, scratch);
    bool same = same_total("time", 0, state->now, ls_reference_now(reference));
    for (uint32_t i = 0; i < twin->model->stations; i++) {
        const ls_reference_station *totals = ls_reference_station_totals(reference, i);
        const ls_s_station *ss = &c.station[i];
        same &= same_total("waiting time at station", i, ss->wait_sum, totals->wait_sum);
        same &= same_total("longest wait at station", i, ss->wait_max, totals->wait_max);
        same &= same_total("lots started at station", i, (int64_t)ss->started,
                           (int64_t)totals->started);
        int64_t lots = 0;
        int64_t parts = 0;
        for (uint32_t k = 0; k < twin->model->steps; k++) {
            if (c.steps[k].station == i) {
                lots += (int64_t)c.finished[k];
                parts += (int64_t)c.finished[k] * c.steps[k].parts;
            }
        }
        same &= same_total("parts of station", i, parts, (int64_t)totals->parts);
        same &= same_total("lots of station", i, lots, (int64_t)totals->lots);
        if ((c.stations[i].features & LS_F_BATCH) != 0) {
            same &= same_total("batches of station", i, (int64_t)ss->batches,
                               (int64_t)totals->batches);
        }
        same &= same_total("bad parts of station", i, (int64_t)ss->bad, (int64_t)totals->bad);
        same &= same_total("setups at station", i, (int64_t)ss->setups, (int64_t)totals->setups);
    }
    for (uint32_t i = 0; i < twin->model->releases; i++) {
        const ls_reference_class *totals = ls_reference_class_totals(reference, i);
        const ls_s_release *rs = &c.release[i];
        same &= same_total("cycle times of class", i, rs->cycle_sum, totals->cycle_sum);
        same &= same_total("tardiness of class", i, rs->tardy_sum, totals->tardy_sum);
        same &= same_total("released of class", i, (int64_t)rs->released,
                           (int64_t)totals->released);
        same &= same_total("done of class", i, (int64_t)rs->done, (int64_t)totals->done);
        same &= same_total("scrapped of class", i, (int64_t)rs->scrapped,
                           (int64_t)totals->scrapped);
        same &= same_total("lost of class", i, (int64_t)rs->lost, (int64_t)totals->lost);
        same &= same_total("on time of class", i, (int64_t)rs->on_time, (int64_t)totals->on_time);
        same &= same_total("late by limits of class", i, (int64_t)rs->late_limits,
                           (int64_t)totals->late_limits);
        same &= same_total("time in the pool of class", i, rs->pool_sum, totals->pool_sum);
        same &= same_total("lots out of the pool of class", i, (int64_t)rs->pool_entered,
                           (int64_t)totals->pool_entered);
        same &= same_total("reworked of class", i, (int64_t)rs->reworked,
                           (int64_t)totals->reworked);
    }
    for (uint32_t i = 0; i < twin->model->machines; i++) {
        static const char *const names[LS_STATE_COUNT] = {
            "starved", "processing", "setup", "blocked", "down", "maintenance", "off", "operator"};
        const ls_s_machine *mc = &c.machine[i];
        for (uint32_t k = 0; k < LS_STATE_COUNT; k++) {
            int64_t time = c.account[i * LS_STATE_COUNT + k];
            time += mc->account == k ? state->now - mc->since : 0;
            char what[64];
            snprintf(what, sizeof what, "time %s of machine %s", names[k], twin->machines[i]);
            same &= same_total(what, i, time, ls_reference_machine_times(reference, i)[k]);
        }
    }
    return same;
}

// Something is told of how long work takes on one of the machines of which it may be told.
static bool tell_both(reference_hands *hands, ls_twin *twin, ls_snapshot *traced,
                      ls_snapshot *untraced, ls_reference *reference, tally *sum) {
    if (twin->model->conditions == 0) {
        return true;
    }
    ls_error err;
    const uint32_t at = (uint32_t)reference_hands_draw(hands, twin->model->conditions);
    const ls_m_condition *m = ls_model_conditions(twin->model) + at;
    const double times = 0.25 * (double)(1 + reference_hands_draw(hands, 12));
    const ls_condition_told told = {
        times / m->pace, reference_hands_draw(hands, 2) > 0 ? 0.3 * times / m->pace : 0.0,
        traced->state->now};
    ls_reference_tell(reference, m->at, told.value, told.deviation);
    sum->told++;
    return ls_intervene_told_condition(twin, traced, at, &told, &err) == LS_OK &&
           ls_intervene_told_condition(twin, untraced, at, &told, &err) == LS_OK;
}

// A control system acts at random moments on both; leaves the plant at the time *out_until.
static bool act_on_both(ls_twin *twin, ls_snapshot *traced, ls_snapshot *untraced,
                        ls_reference *reference, uint64_t seed, tally *sum, int64_t *out_until) {
    enum { ACTS = 60 };
    const ls_model *m = twin->model;
    ls_error err;
    reference_hands hands = {.seed = seed};
    // So long that the plant does about as much as without hands.
    ls_state *alone = ls_alloc(m->state_size);
    assert(alone != NULL);
    ls_state_copy(m, alone, untraced->state);
    twin->kernel->run(m, alone, &untraced->scratch, *out_until, EVENTS_MAX);
    const int64_t until = alone->now;
    ls_free(alone);
    int64_t at = 0;
    bool same = true;
    for (int i = 0; i < ACTS && same; i++) {
        at += (int64_t)reference_hands_draw(&hands, (uint64_t)(2 * until / ACTS) + 1);
        if (reference_hands_draw(&hands, 3) == 0) {
            at -= at % 60000000;  // the moment of other events
        }
        at = at < traced->state->now ? traced->state->now : at;
        if (at > until) {
            break;
        }
        const int why = twin->kernel->run(m, traced->state, &traced->scratch, at, UINT64_MAX);
        same = twin->kernel->run(m, untraced->state, &untraced->scratch, at, UINT64_MAX) == why &&
               ls_reference_run(reference, at, UINT64_MAX) == why;
        if (why != LS_RUN_UNTIL) {
            break;  // the limit of lots
        }
        same = same && tell_both(&hands, twin, traced, untraced, reference, sum) &&
               reference_hands_act(&hands, twin, traced, untraced, reference);
        if (same && ls_state_check(twin, traced->state, &err) != LS_OK) {
            printf("state: %s\n", err.text);
            same = false;
        }
    }
    for (int i = 0; i < LS_ACT_COUNT; i++) {
        sum->acts[i] += hands.done[i];
    }
    sum->acts_refused += hands.refused;
    *out_until = until;
    return same;
}

// Runs both; true when nothing differs.
static bool run_both(const ls_plant *plant, ls_twin *twin, uint64_t seed,
                     const reference_plant *text, tally *sum) {
    const uint64_t key = ls_random_key(seed, 0);
    int64_t until = 2 * 86400 * 1000000LL;
    const ls_model *m = twin->model;
    ls_error err;
    ls_scratch scratch;
    ls_scratch second;
    ls_state *state = ls_alloc(m->state_size);
    ls_state *untraced = ls_alloc(m->state_size);
    ls_status made = ls_scratch_create(m, &scratch, &err);
    made = made == LS_OK ? ls_scratch_create(m, &second, &err) : made;
    assert(state != NULL && untraced != NULL && made == LS_OK);
    // Without a trace, and compiled for other processors, the kernel may go other ways; the same
    // state must come out.
    static const char *const kernels[] = {"base", "avx2", "avx512"};
    const ls_kernel *other = ls_kernel_find(kernels[seed % 3]);
    other = other != NULL ? other : twin->kernel;
    const ls_status begun = ls_state_start(twin, untraced, &second, key, &err);
    scratch.trace = kernel_trace;
    scratch.trace_capacity = TRACE_MAX;
    ls_status status = ls_state_start(twin, state, &scratch, key, &err);
    ls_reference *reference = ls_reference_create(plant, m, key, reference_trace, TRACE_MAX);
    uint64_t most = EVENTS_MAX;
    bool acted = true;
    if (sum->hands && status == LS_OK) {
        ls_snapshot traced = {
            .state = state, .scratch = scratch, .state_size = m->state_size, .model = m};
        ls_snapshot other_way = {
            .state = untraced, .scratch = second, .state_size = m->state_size, .model = m};
        acted = act_on_both(twin, &traced, &other_way, reference, seed, sum, &until);
        scratch = traced.scratch;
        second = other_way.scratch;
        most = UINT64_MAX;  // the end of a hold is an event of its own in the reference alone
    }
    if (begun == LS_OK && acted && untraced->stopped == 0) {
        other->run(m, untraced, &second, until, most);
    }
    int why = (int)state->stopped;
    if (status == LS_OK && acted && state->stopped == 0) {
        why = twin->kernel->run(m, state, &scratch, until, most);
    }
    const int why_reference = acted ? ls_reference_run(reference, until, most) : LS_RUN_BROKEN;
    const size_t kernel_count = scratch.trace_count < TRACE_MAX ? scratch.trace_count : TRACE_MAX;
    const size_t reference_all = ls_reference_trace_count(reference);
    const size_t reference_count = reference_all < TRACE_MAX ? reference_all : TRACE_MAX;
    size_t at = 0;
    while (at < kernel_count && at < reference_count &&
           same_item(&kernel_trace[at], &reference_trace[at])) {
        sum->kinds[kernel_trace[at].kind]++;
        at++;
    }
    bool same = at == kernel_count && at == reference_count && why == why_reference;
    if (!same) {
        printf("kernel stopped with %d (line %u), reference with %d\n", why, state->broken_line,
               why_reference);
        show_difference(twin, seed, text, at, kernel_count, reference_count);
    } else if (!same_totals(twin, state, &scratch, reference)) {
        same = false;
        show_difference(twin, seed, text, at, kernel_count, reference_count);
    } else if (memcmp(state, untraced, m->state_size) != 0) {
        same = false;
        printf("the state is another one without a trace\n");
        show_difference(twin, seed, text, at, kernel_count, reference_count);
    } else if (ls_state_check(twin, state, &err) != LS_OK) {
        same = false;
        printf("state: %s\n", err.text);
        show_difference(twin, seed, text, at, kernel_count, reference_count);
    }
    for (uint32_t i = 0; i < m->releases; i++) {
        sum->pooled += LS_STATE_ARRAY(m, state, ls_s_release, s_release)[i].pool_entered;
    }
    sum->events += state->events;
    sum->items += kernel_count;
    sum->run++;
    ls_reference_destroy(reference);
    scratch.trace = NULL;
    ls_scratch_clear(&scratch);
    ls_scratch_clear(&second);
    ls_free(state);
    ls_free(untraced);
    return same;
}

static ls_status load_table(void *context, const char *name, const char **out, size_t *out_size,
                            ls_error *err) {
    const reference_plant *text = context;
    (void)err;
    *out = strcmp(name, "orders.csv") == 0 ? text->orders : text->initial;
    *out_size = strlen(*out);
    return LS_OK;
}

static bool run_seed(uint64_t seed, tally *sum) {
    static reference_plant text;
    reference_plant_write(seed, &text);
    const ls_plant_files files = {load_table, &text};
    const bool alone = getenv("LINESHAFT_REFERENCE_SEED") != NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    ls_plant *plant = NULL;
    bool same = true;
    if (ls_plant_read(text.yaml, strlen(text.yaml), "random.yaml", &files, &plant, &errors) !=
        LS_OK) {
        sum->refused++;
        if (alone || getenv("LINESHAFT_REFERENCE_REFUSED") != NULL) {
            printf("seed %llu refused: %s (line %d)\n%s", (unsigned long long)seed,
                   errors.count > 0 ? errors.items[0].text : "?",
                   errors.count > 0 ? errors.items[0].line : 0, alone ? text.yaml : "");
        }
    } else {
        ls_error err;
        ls_twin *twin = NULL;
        if (ls_twin_create(plant, &twin, &err) != LS_OK) {
            printf("seed %llu: %s\n", (unsigned long long)seed, err.text);
            same = false;
        } else {
            same = run_both(plant, twin, seed, &text, sum);
        }
        ls_twin_destroy(twin);
        ls_plant_destroy(plant);
    }
    ls_errors_clear(&errors);
    return same;
}

static void run_plants(tally *sum) {
    const char *alone = getenv("LINESHAFT_REFERENCE_SEED");
    const char *count = getenv("LINESHAFT_REFERENCE_COUNT");
    const uint64_t first = alone != NULL ? strtoull(alone, NULL, 10) : 1;
    const uint64_t last = alone != NULL
                              ? first
                              : first - 1 + (count != NULL ? strtoull(count, NULL, 10) : PLANTS);
    uint32_t different = 0;
    for (uint64_t seed = first; seed <= last && different < 5; seed++) {
        harness_note("LINESHAFT_REFERENCE_SEED=%llu", (unsigned long long)seed);
        const bool same = run_seed(seed, sum);
        CHECK(same);
        different += !same;
    }
    printf("%u plants, %u refused, %llu events, %llu items of trace:", sum->run, sum->refused,
           (unsigned long long)sum->events, (unsigned long long)sum->items);
    for (int i = 0; i < 11; i++) {
        printf(" %s %llu", kind_names[i], (unsigned long long)sum->kinds[i]);
    }
    printf("\n");
    CHECK(sum->refused * REFUSED_SHARE <= sum->run || alone != NULL);
}

static void test_random_plants_run_like_the_reference(void) {
    tally sum = {0};
    run_plants(&sum);
}

static void test_so_they_do_under_the_hands_of_a_control_system(void) {
    tally sum = {.hands = true};
    run_plants(&sum);
    printf(
        "choices %llu, holds %llu, stops %llu, starts %llu, maintenances %llu, releases %llu, "
        "levels %llu, staffings %llu, setups %llu, put off %llu (%llu lots came out of a "
        "pool); %llu refused\n",
        (unsigned long long)sum.acts[0], (unsigned long long)sum.acts[1],
        (unsigned long long)sum.acts[2], (unsigned long long)sum.acts[3],
        (unsigned long long)sum.acts[4], (unsigned long long)sum.acts[5],
        (unsigned long long)sum.acts[6], (unsigned long long)sum.acts[7],
        (unsigned long long)sum.acts[LS_ACT_SET_UP], (unsigned long long)sum.acts[LS_ACT_PUT_OFF],
        (unsigned long long)sum.pooled, (unsigned long long)sum.acts_refused);
    for (int i = 0; i < LS_ACT_COUNT; i++) {
        CHECK(sum.acts[i] > sum.run / (i < 6 ? 10 : 40) || sum.run < 100);
    }
    CHECK(sum.pooled > 2 * sum.run || sum.run < 100);
    CHECK(sum.told > 2 * sum.run || sum.run < 100);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_random_plants_run_like_the_reference);
    TEST(test_so_they_do_under_the_hands_of_a_control_system);
    return harness_report();
}
