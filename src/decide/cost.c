// cost.c - see cost.h.
#include "decide/cost.h"

#include "twin/context.h"

#define HOURS(us) ((double)(us) / 3.6e9)

// Microseconds are summed as integers: the same amounts come out in whatever order lots stand.
typedef struct sums {
    int64_t inside_us, late_us;
    uint64_t done, on_time, setups, escaped, scrapped, reworked, inspected;
} sums;

static void add_lots(const ls_twin *twin, const ls_state *state, int64_t at_us, sums *sum) {
    const ls_lot *lots = LS_STATE_VIEW(twin->model, state, ls_lot, s_lot);
    for (uint32_t i = 0; i < state->lot_used; i++) {
        const ls_lot *lot = &lots[i];
        if (lot->where != LS_LOT_FREE) {
            sum->inside_us += at_us - lot->released;
            sum->late_us += lot->due < at_us ? at_us - lot->due : 0;
        }
    }
}

// Each station where lots are sorted counts once: at the first of its steps that sorts.
static bool counts_at(const ls_m_step *steps, uint32_t index) {
    bool first = steps[index].quality_slot != 0;
    for (uint32_t i = 0; i < index && first; i++) {
        first = steps[i].quality_slot == 0 || steps[i].station != steps[index].station;
    }
    return first;
}

ls_amounts ls_amounts_read(const ls_twin *twin, const ls_state *state, int64_t at_us) {
    const ls_model *m = twin->model;
    const ls_s_release *release = LS_STATE_VIEW(m, state, ls_s_release, s_release);
    const ls_s_station *station = LS_STATE_VIEW(m, state, ls_s_station, s_station);
    sums sum = {0};
    for (uint32_t i = 0; i < m->releases; i++) {
        sum.inside_us += release[i].cycle_sum + release[i].scrap_sum;
        sum.late_us += release[i].tardy_sum;
        sum.done += release[i].done;
        sum.on_time += release[i].on_time;
        sum.escaped += release[i].escaped;
        sum.scrapped += release[i].scrapped;
        sum.reworked += release[i].reworked;
    }
    const ls_m_step *steps = LS_MODEL_ARRAY(m, ls_m_step, step_at);
    for (uint32_t i = 0; i < m->steps; i++) {
        sum.inspected += counts_at(steps, i) ? station[steps[i].station].started : 0;
    }
    for (uint32_t i = 0; i < m->stations; i++) {
        sum.setups += station[i].setups;
    }
    add_lots(twin, state, at_us, &sum);
    ls_amounts out;
    out.of[LS_TERM_THROUGHPUT] = (double)sum.done;
    out.of[LS_TERM_ON_TIME] = (double)sum.on_time;
    out.of[LS_TERM_CYCLE_TIME] = out.of[LS_TERM_WIP] = HOURS(sum.inside_us);
    out.of[LS_TERM_TARDINESS] = HOURS(sum.late_us);
    out.of[LS_TERM_CHANGES] = (double)sum.setups;
    out.of[LS_TERM_ESCAPES] = (double)sum.escaped * 1e-6;
    out.of[LS_TERM_SCRAP] = (double)sum.scrapped;
    out.of[LS_TERM_REWORK] = (double)sum.reworked;
    out.of[LS_TERM_INSPECTIONS] = (double)sum.inspected;
    return out;
}

ls_amounts ls_amounts_between(const ls_amounts *from, const ls_amounts *to) {
    ls_amounts out;
    for (int i = 0; i < LS_TERM_COUNT; i++) {
        out.of[i] = to->of[i] - from->of[i];
    }
    return out;
}

bool ls_term_is_good(ls_objective_term term) {
    return term == LS_TERM_THROUGHPUT || term == LS_TERM_ON_TIME;
}

void ls_cost_weights(const ls_decide *decide, double weights[LS_TERM_COUNT]) {
    bool any = false;
    for (int i = 0; i < LS_TERM_COUNT; i++) {
        weights[i] = decide->weights[i];
        any |= weights[i] != 0.0;
    }
    if (!any) {
        weights[LS_TERM_CYCLE_TIME] = 1.0;
    }
}

double ls_cost_of(const double weights[LS_TERM_COUNT], const ls_amounts *amounts) {
    double cost = 0.0;
    for (int i = 0; i < LS_TERM_COUNT; i++) {
        const double part = weights[i] * amounts->of[i];
        cost += ls_term_is_good((ls_objective_term)i) ? -part : part;
    }
    return cost;
}
