// query.c - ls_history_query and ls_history_events: patterns, ranges, windows.
//
// Tag by tag: roll-ups first, where retention has left some, then samples. A roll-up counts for the
// window that it begins in.
#include <assert.h>

#include "history/history_read.h"
#include "history/resample.h"

typedef struct asking {
    ls_history *history;
    const ls_query *query;
    ls_sample_visit visit;
    void *context;
    uint64_t told;
    bool stopped;
    int64_t last_us;  // of the latest sample of the tag
    ls_resampler resampler;
} asking;

static bool is_wanted(const ls_query *query, const char *name) {
    if (query->pattern_count == 0) {
        return true;
    }
    for (size_t i = 0; i < query->pattern_count; i++) {
        if (ls_tags_match(query->patterns[i], name)) {
            return true;
        }
    }
    return false;
}

// Every row passes here: it counts, and knows when it is enough.
static bool tell(void *context, const ls_sample *sample) {
    asking *ask = context;
    ask->told++;
    if (!ask->visit(ask->context, sample) ||
        (ask->query->most > 0 && ask->told >= ask->query->most)) {
        ask->stopped = true;
    }
    return !ask->stopped;
}

static bool feed_sample(void *context, const ls_sample *sample) {
    asking *ask = context;
    ask->last_us = sample->time_us;
    return ls_windows_sample(&ask->resampler.windows, sample);
}

static bool feed_rollup(void *context, const ls_rollup *rollup) {
    asking *ask = context;
    ask->last_us = rollup->start_us;
    return ls_windows_rollup(&ask->resampler.windows, rollup);
}

static ls_status resample_tag(asking *ask, uint32_t tag, ls_error *err) {
    const ls_query *query = ask->query;
    ls_store *store = NULL;
    const ls_store_ops *ops = ls_history_store(ask->history, &store);
    int64_t until_us = INT64_MIN;
    ls_resampler_init(&ask->resampler, query, tag, query->from_us, tell, ask);
    ask->last_us = INT64_MIN;
    ls_status status = LS_OK;
    if (store != NULL) {
        status = ops->read_rollups(store, tag, query->from_us, query->to_us, feed_rollup, ask,
                                   &until_us, err);
    }
    const int64_t from_us = until_us > query->from_us ? until_us : query->from_us;
    ask->resampler.windows.floor_us = from_us;
    if (status == LS_OK && !ask->stopped && from_us < query->to_us) {
        status = ls_history_visit(ask->history, tag, from_us, query->to_us, true, feed_sample, ask,
                                  err);
    }
    if (status == LS_OK) {
        // Without an end the last value holds no longer than it is known to.
        const int64_t end_us = query->to_us == INT64_MAX ? ask->last_us : query->to_us;
        status = ls_windows_finish(&ask->resampler.windows, end_us, err);
    }
    ls_windows_clear(&ask->resampler.windows);
    return status;
}

static ls_status check(const ls_query *query, ls_error *err) {
    if ((unsigned)query->resample >= LS_RESAMPLE_COUNT) {
        return ls_fail(err, LS_ERR_INVALID, "unknown way of resampling: %d", (int)query->resample);
    }
    if (query->resample != LS_RESAMPLE_NONE && query->step_us <= 0) {
        ls_fail(err, LS_ERR_INVALID, "resampling needs a step above 0");
        ls_hint(err, "as in 1 min");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

ls_status ls_history_query(ls_history *history, const ls_query *query, ls_sample_visit visit,
                           void *context, ls_error *err) {
    assert(visit != NULL);
    asking ask = {.history = history, .query = query, .visit = visit, .context = context};
    const ls_tags *tags = ls_history_tags(history);
    ls_status status = check(query, err);
    const uint32_t count = ls_tags_count(tags);
    for (uint32_t tag = 0; tag < count && status == LS_OK && !ask.stopped; tag++) {
        if (query->from_us >= query->to_us || !is_wanted(query, ls_tags_get(tags, tag)->name)) {
            continue;
        }
        status = query->resample == LS_RESAMPLE_NONE
                     ? ls_history_visit(history, tag, query->from_us, query->to_us, false, tell,
                                        &ask, err)
                     : resample_tag(&ask, tag, err);
    }
    return status;
}

ls_status ls_history_events(ls_history *history, const char *kind, int64_t from_us, int64_t to_us,
                            ls_event_visit visit, void *context, ls_error *err) {
    return ls_history_visit_events(history, kind, from_us, to_us, visit, context, err);
}
