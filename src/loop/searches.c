// searches.c - see searches.h.
#include "loop/searches.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "decide/cost.h"
#include "loop/errand_files.h"
#include "loop/json_value.h"
#include "twin/compile.h"
#include "twin/twin.h"

enum { RESULT_MAX = 1 << 20 };
#define LONGEST_US (INT64_C(2) * 3600 * 1000000)

struct ls_searches {
    ls_errands *errands;  // NULL: not yet
    ls_errand_files files;
    char hash[LS_SEARCH_KEY];   // of the plant that was looked at last; "": none
    char asked[LS_SEARCH_KEY];  // for which a search was asked for
    const ls_decisions *told;   // who was offered what there is
    bool found;                 // there is a result for this plant
    bool gave_up;               // there will be none
    uint32_t ticks;             // since this plant was first seen
    _Atomic bool arrived;       // something, since
};

ls_status ls_searches_create(const char *plant, const char *data, ls_searches **out,
                             ls_error *err) {
    *out = NULL;
    ls_searches *s = ls_alloc(sizeof *s);
    if (s == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for searches");
    }
    const ls_status status = ls_errand_files_find(plant, data, "search", &s->files, err);
    if (status != LS_OK) {
        ls_free(s);
        return status;
    }
    *out = s;
    return LS_OK;
}

void ls_searches_destroy(ls_searches *s) {
    ls_free(s);
}

void ls_searches_begin(ls_searches *s, ls_errands *errands) {
    s->errands = errands;
}

static void over(void *context, const ls_errand_told *told) {
    ls_searches *s = context;
    (void)told;  // whatever came of it, there is a result for this plant now or there is none
    atomic_store(&s->arrived, true);
}

ls_errand_kind ls_searches_kind(ls_searches *s) {
    return (ls_errand_kind){.kind = "base-search", .over = over, .context = s};
}

void ls_search_key(const ls_plant *plant, const ls_twin *twin, char out[LS_SEARCH_KEY]) {
    double weights[LS_TERM_COUNT];
    ls_cost_weights(&plant->decide, weights);
    const uint64_t objective = ls_hash_bytes(weights, sizeof weights, 0);
    ls_text_format(out, LS_SEARCH_KEY, "%016llx-%016llx", (unsigned long long)twin->model->hash,
                   (unsigned long long)objective);
}

// ---- the result

// True: it is there, for this model. What it found is offered.
static bool take_in(const ls_searches *s, ls_decisions *decisions) {
    ls_error err = {0};
    json_t *result = ls_errand_files_result(&s->files, "decide-base/1", RESULT_MAX, &err);
    const bool fits = result != NULL && strcmp(ls_json_text_at(result, "model"), s->hash) == 0;
    const double horizon_s = ls_json_number_at(result, "horizon_s");
    const bool told = horizon_s > 0.0 && horizon_s < 1e9;
    const ls_found_base found = {.name = ls_json_text_at(result, "base"),
                                 .gain = ls_json_number_at(result, "gain"),
                                 .low = ls_json_number_at(result, "low"),
                                 .high = ls_json_number_at(result, "high"),
                                 .horizon_us = told ? (int64_t)(horizon_s * 1e6) : 0};
    if (fits && found.low > 0.0 && isfinite(found.gain) && isfinite(found.high)) {
        (void)ls_decisions_offer_base(decisions, &found);
    }
    json_decref(result);
    return fits;
}

// ---- asking

static bool is_wanted(const ls_plant *plant) {
    return plant->decide.point_count > 0 && plant->decide.experiment == LS_EXPERIMENT_NONE;
}

static void ask(ls_searches *s) {
    const char *argv[] = {"decide", "base", s->files.plant, "--result", s->files.result, NULL};
    const ls_errand errand = {
        .name = "base-search", .argv = argv, .stamp = s->hash, .most_us = LONGEST_US};
    ls_error err = {0};
    ls_text_format(s->asked, sizeof s->asked, "%s", s->hash);
    if (ls_errands_put(s->errands, &errand, &err) != LS_OK) {
        ls_say(LS_LOG_ERROR, "job", "base-search", "%s", err.text);
        s->gave_up = true;
    }
}

void ls_searches_tick(ls_searches *s, const ls_plant *plant, const ls_twin *twin,
                      ls_decisions *decisions) {
    char hash[LS_SEARCH_KEY];
    if (s == NULL || s->errands == NULL || decisions == NULL || !is_wanted(plant)) {
        return;
    }
    ls_search_key(plant, twin, hash);
    const bool arrived = atomic_exchange(&s->arrived, false);
    if (strcmp(hash, s->hash) != 0) {
        ls_text_format(s->hash, sizeof s->hash, "%s", hash);
        s->gave_up = false;
        s->told = NULL;
        s->ticks = 0;
    }
    s->ticks += s->ticks < LS_SEARCH_TICKS;
    if (arrived || s->told != decisions) {
        s->told = decisions;
        s->found = take_in(s, decisions);
        // It came to nothing; the errands have said why.
        s->gave_up = arrived && !s->found && strcmp(s->asked, s->hash) == 0;
    }
    if (!s->found && !s->gave_up && s->ticks == LS_SEARCH_TICKS &&
        !ls_errands_has(s->errands, "base-search")) {
        ask(s);
    }
}
