// sentry.c - see sentry.h.
#include "model/sentry.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { ROW_MOST = 1000 };
// What a variable that never moved in the fit counts for when it moves, as index and as blame (one
// that is stuck too): no deviation of its own says how much that is.
static const double MOVED_INDEX = 2.0, MOVED_BLAME = 1000.0;
static const double STILL_MORE = 4.0;  // rows

struct ls_sentry {
    const ls_monitor *monitor;
    ls_sentry_def def;
    ls_monitor_state state;
    uint32_t *columns;               // [variables]: where each stands in a row
    double *row;                     // [variables]: the newest
    double *each;                    // [variables]: contributions of one row
    double *sum;                     // [variables]: of the rows above, until the alarm began
    double *order;                   // [variables]: what is left while the most to blame are taken
    double *same;                    // [variables]: rows in a row with the value of the one before
    ls_monitor_statistic statistic;  // of the newest row
    uint32_t above, below;           // rows in a row
    bool alarm, ready;
    ls_arena arena;
};

static ls_status find_columns(ls_sentry *s, const char *const *columns, uint32_t count,
                              ls_error *err) {
    const ls_monitor *m = s->monitor;
    uint32_t at = 0;
    for (size_t i = 0; i < m->def.variables; i++) {
        uint32_t tried = 0;
        // They stand in the same order as a rule: looked for from the last one on, around the end.
        while (tried < count && strcmp(columns[at], m->def.names[i]) != 0) {
            at = at + 1 < count ? at + 1 : 0;
            tried++;
        }
        if (tried == count) {
            return ls_fail(err, LS_ERR_INVALID,
                           "the monitor watches '%.150s', which is not among the features",
                           m->def.names[i]);
        }
        s->columns[i] = at;
    }
    return LS_OK;
}

ls_status ls_sentry_create(const ls_monitor *monitor, const ls_sentry_def *def,
                           const char *const *columns, uint32_t column_count, ls_sentry **out,
                           ls_error *err) {
    const size_t n = monitor->def.variables;
    const uint32_t all = (1U << LS_MONITOR_STATISTICS) - 1;
    if ((def->statistics & all) == 0 || (def->statistics & ~all) != 0) {
        return ls_fail(err, LS_ERR_INVALID, "no statistics of a monitor: %#x", def->statistics);
    }
    if (def->row < 1 || def->row > ROW_MOST) {
        return ls_fail(err, LS_ERR_INVALID, "an alarm after %u rows; 1 to %d are possible",
                       def->row, ROW_MOST);
    }
    ls_arena arena;
    ls_arena_init(&arena);
    ls_sentry *s = ls_arena_alloc(&arena, sizeof *s);
    double *flat = ls_arena_alloc(&arena,
                                  (5 * n + ls_monitor_state_doubles(monitor)) * sizeof *flat);
    uint32_t *places = ls_arena_alloc(&arena, n * sizeof *places);
    if (s == NULL || flat == NULL || places == NULL) {
        ls_arena_clear(&arena);
        return ls_fail(err, LS_ERR_MEMORY, "no memory for a sentry");
    }
    *s = (ls_sentry){.monitor = monitor,
                     .def = *def,
                     .columns = places,
                     .row = flat,
                     .each = flat + n,
                     .sum = flat + 2 * n,
                     .order = flat + 3 * n,
                     .same = flat + 4 * n};
    ls_monitor_state_init(monitor, flat + 5 * n, &s->state);
    const ls_status status = find_columns(s, columns, column_count, err);
    s->arena = arena;
    if (status != LS_OK) {
        ls_sentry_destroy(s);
        return status;
    }
    ls_sentry_reset(s);
    *out = s;
    return LS_OK;
}

void ls_sentry_destroy(ls_sentry *s) {
    if (s != NULL) {
        ls_arena arena = s->arena;  // s itself lies in it
        ls_arena_clear(&arena);
    }
}

void ls_sentry_reset(ls_sentry *s) {
    ls_monitor_state_init(s->monitor, s->state.joined, &s->state);
    memset(s->row, 0, s->monitor->def.variables * sizeof *s->row);
    memset(s->sum, 0, s->monitor->def.variables * sizeof *s->sum);
    memset(s->same, 0, s->monitor->def.variables * sizeof *s->same);
    s->above = s->below = 0;
    s->alarm = s->ready = false;
}

// How far the newest value of a variable is outside of the fit: 1 is half the range there.
static double outside(const ls_sentry *s, size_t i) {
    const ls_monitor *m = s->monitor;
    const double x = s->row[i], margin = 0.5 * (m->high[i] - m->low[i]);
    const double off = x < m->low[i] ? m->low[i] - x : x > m->high[i] ? x - m->high[i] : 0.0;
    if (!(off > 0.0)) {
        return 0.0;  // missing ones too
    }
    return margin > 0.0 ? off / margin : MOVED_INDEX;
}

// For how long it has kept its value, 1 being as long as may be. 0: it cannot be told.
static double stuck(const ls_sentry *s, size_t i) {
    const double still = s->monitor->still[i];
    return still >= 0.0 ? s->same[i] / (2.0 * still + STILL_MORE) : 0.0;
}

static double index_of(ls_sentry *s, const ls_monitor_reading *reading) {
    double index = -1.0;
    for (size_t i = 0; i < LS_MONITOR_STATISTICS; i++) {
        const double limit = s->monitor->limits[i];
        const double ratio = limit > 0.0 ? reading->value[i] / limit : 0.0;
        if ((s->def.statistics >> i & 1U) != 0 && ratio > index) {
            index = ratio;
            s->statistic = (ls_monitor_statistic)i;
        }
    }
    for (size_t i = 0; i < s->monitor->def.variables; i++) {
        const double far = outside(s, i);
        index = far > 1.0 && far > index ? far : index;
        const double long_ago = stuck(s, i);
        index = long_ago > 1.0 && long_ago > index ? long_ago : index;
    }
    return index;
}

// What each variable contributes to the newest row.
static void contribute(ls_sentry *s) {
    ls_monitor_contributions(s->monitor, &s->state, s->statistic, s->each);
    for (size_t i = 0; i < s->monitor->def.variables; i++) {
        const bool moved = !(s->monitor->scale[i] > 0.0) && outside(s, i) > 0.0;
        s->each[i] = moved || stuck(s, i) > 1.0 ? MOVED_BLAME : s->each[i];
    }
}

// Blame is gathered over the rows that lead to an alarm, and kept while it stands.
static void count_above(ls_sentry *s, ls_sentry_report *report) {
    s->below = 0;
    s->above++;
    if (s->alarm) {
        return;
    }
    contribute(s);
    for (size_t i = 0; i < s->monitor->def.variables; i++) {
        s->sum[i] = (s->above > 1 ? s->sum[i] : 0.0) + s->each[i];
    }
    s->alarm = report->begins = s->above >= s->def.row;
}

static void count_below(ls_sentry *s, ls_sentry_report *report) {
    s->above = 0;
    s->below++;
    report->ends = s->alarm && s->below >= s->def.row;
    s->alarm = s->alarm && !report->ends;
}

ls_sentry_report ls_sentry_step(ls_sentry *s, const float *row) {
    const size_t n = s->monitor->def.variables;
    ls_sentry_report report = {0};
    for (size_t i = 0; i < n; i++) {
        const double x = (double)row[s->columns[i]];
        s->same[i] = x == s->row[i] && s->state.rows > 0 ? s->same[i] + 1.0 : 0.0;
        s->row[i] = x;
    }
    const ls_monitor_reading reading = ls_monitor_step(s->monitor, &s->state, s->row);
    report.missing = reading.missing;
    report.outside = reading.outside;
    for (size_t i = 0; i < n; i++) {
        report.stuck += stuck(s, i) > 1.0;
    }
    report.ready = s->ready = reading.ready && 2 * (size_t)reading.missing <= n;
    if (report.ready) {
        report.index = index_of(s, &reading);
        report.statistic = s->statistic;
        report.above = report.index > 1.0;
        if (report.above) {
            count_above(s, &report);
        } else {
            count_below(s, &report);
        }
    }
    report.alarm = s->alarm;
    return report;
}

uint32_t ls_sentry_usual(const ls_sentry *s) {
    return s->below;
}

// The largest of s->order first.
static uint32_t take_most(ls_sentry *s, double rows, ls_sentry_blame *out, uint32_t most) {
    const ls_monitor *m = s->monitor;
    uint32_t count = 0;
    for (; count < most && count < m->def.variables; count++) {
        size_t first = 0;
        for (size_t i = 1; i < m->def.variables; i++) {
            first = s->order[i] > s->order[first] ? i : first;
        }
        if (!(s->order[first] >= 0.0)) {
            break;
        }
        out[count] = (ls_sentry_blame){.name = m->def.names[first],
                                       .contribution = s->order[first] / rows,
                                       .value = s->row[first],
                                       .mean = m->mean[first],
                                       .low = m->low[first],
                                       .high = m->high[first]};
        s->order[first] = -1.0;
    }
    return count;
}

uint32_t ls_sentry_blamed(ls_sentry *s, ls_sentry_blame *out, uint32_t most) {
    if (!s->alarm) {
        return ls_sentry_blamed_now(s, out, most);
    }
    memcpy(s->order, s->sum, s->monitor->def.variables * sizeof *s->order);
    return take_most(s, (double)s->def.row, out, most);
}

uint32_t ls_sentry_blamed_now(ls_sentry *s, ls_sentry_blame *out, uint32_t most) {
    if (!s->ready) {
        return 0;
    }
    contribute(s);
    memcpy(s->order, s->each, s->monitor->def.variables * sizeof *s->order);
    return take_most(s, 1.0, out, most);
}
