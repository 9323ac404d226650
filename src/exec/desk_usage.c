// desk_usage.c - what accounts held over time: day by day from the books, and finer since the
// daemon began.
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "exec/desk_inside.h"

enum { DAYS_MOST = 3700, POINTS_MOST = 2000, POINTS_USUAL = 300, MINUTES_KEPT = 2 * 1440 };
enum { ACCOUNTS_KEPT_MAX = 2000 };
#define MINUTE_US LS_US_PER_MIN

// ---- days

typedef struct days {
    const ls_desk *desk;
    uint32_t account;
    bool tells_pool;     // what the whole pool had
    json_t *list, *day;  // day: of the list, that of `at`
    int64_t at;
} days;

static json_t *gpu_seconds(ls_gpu_time time) {
    return json_real((double)time / ((double)LS_POOL_WHOLE * 1e6));
}

static bool add_row(void *context, const ls_exec_usage *usage, const ls_meter_pool *pool) {
    days *d = context;
    if (!desk_is_below(d->desk->pool, usage->account, d->account)) {
        return true;
    }
    if (d->day == NULL || d->at != usage->day) {
        char date[48];
        ls_units_print_date(usage->day * LS_US_PER_DAY, date, sizeof date);
        date[10] = '\0';
        d->at = usage->day;
        json_t *made = json_pack("{s:s, s:o, s:o, s:[]}", "day", date, "all_gpu_s",
                                 d->tells_pool ? gpu_seconds(pool->all) : json_null(), "idle_gpu_s",
                                 d->tells_pool ? gpu_seconds(pool->idle) : json_null(), "accounts");
        json_array_append_new(d->list, made);
        d->day = json_object_get(made, "accounts");
    }
    const ls_meter_row *r = &usage->row;
    return json_array_append_new(
               d->day,
               json_pack("{s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:I, s:I, s:I, s:I}", "account",
                         desk_text(desk_path(d->desk->pool, usage->account)), "held_gpu_s",
                         gpu_seconds(r->held), "borrowed_gpu_s", gpu_seconds(r->borrowed),
                         "offered_gpu_s", gpu_seconds(r->offered), "lost_gpu_s",
                         gpu_seconds(r->lost), "energy_kwh", ls_meter_kwh(r->energy), "charge",
                         ls_meter_money(r->charge), "started", (json_int_t)r->started, "ended",
                         (json_int_t)r->ended, "stopped", (json_int_t)r->stopped, "broken",
                         (json_int_t)r->broken)) == 0;
}

ls_desk_code ls_desk_days(ls_desk *desk, const char *account, int64_t from_day, int64_t to_day,
                          const ls_asker *who, json_t **out, ls_error *err) {
    days d = {.desk = desk, .tells_pool = desk_sees(desk, who, 0)};
    *out = NULL;
    const ls_desk_code code = desk_account(desk, account, who, &d.account, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    if (to_day <= from_day || to_day - from_day > DAYS_MOST) {
        ls_fail(err, LS_ERR_INVALID, "the days asked for must be 1 to %d", DAYS_MOST);
        return LS_DESK_INVALID;
    }
    d.list = json_array();
    if (ls_exec_usage_each(desk->exec, from_day, to_day, add_row, &d, err) != LS_OK) {
        json_decref(d.list);
        return LS_DESK_BUSY;
    }
    return desk_give(
        json_pack("{s:o, s:o}", "days", d.list, "currency",
                  ls_pool_has_prices(desk->pool) ? desk_text(desk->pool->currency) : json_null()),
        out, err);
}

// ---- minutes since the daemon began

// Sums of what was seen within one minute.
typedef struct minute {
    float used, borrowed, unused, waiting;  // GPUs x seconds
} minute;

struct desk_samples {
    int64_t first_us;  // when sampling began; minutes count from there
    int64_t last_us;   // up to here everything is in
    uint32_t accounts;
    minute *rows;       // MINUTES_KEPT for each account
    float *in_service;  // of the pool, MINUTES_KEPT
};

ls_status desk_samples_open(ls_desk *desk, ls_error *err) {
    struct desk_samples *s = ls_alloc(sizeof *s);
    desk->samples = s;
    if (s == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    s->accounts = desk->pool->account_count < ACCOUNTS_KEPT_MAX ? desk->pool->account_count
                                                                : ACCOUNTS_KEPT_MAX;
    s->rows = ls_alloc((size_t)s->accounts * MINUTES_KEPT * sizeof *s->rows);
    s->in_service = ls_alloc(MINUTES_KEPT * sizeof *s->in_service);
    return s->rows != NULL && s->in_service != NULL ? LS_OK
                                                    : ls_fail(err, LS_ERR_MEMORY, "out of memory");
}

void desk_samples_close(ls_desk *desk) {
    if (desk->samples != NULL) {
        ls_free(desk->samples->rows);
        ls_free(desk->samples->in_service);
        ls_free(desk->samples);
    }
}

static void begin_minute(struct desk_samples *s, int64_t number) {
    const size_t at = (size_t)(number % MINUTES_KEPT);
    s->in_service[at] = 0.0f;
    for (uint32_t a = 0; a < s->accounts; a++) {
        s->rows[(size_t)a * MINUTES_KEPT + at] = (minute){0};
    }
}

static void add_span(ls_desk *desk, const desk_tally *t, int64_t number, double seconds) {
    struct desk_samples *s = desk->samples;
    const size_t at = (size_t)(number % MINUTES_KEPT);
    double in_service = 0.0;
    for (uint32_t n = 0; n < desk->pool->cluster.node_count; n++) {
        in_service += ls_occupancy_state(ls_exec_occupancy(desk->exec), n) == LS_NODE_UP
                          ? desk->pool->cluster.nodes[n].gpus
                          : 0;
    }
    s->in_service[at] += (float)(in_service * seconds);
    for (uint32_t a = 0; a < s->accounts; a++) {
        minute *m = s->rows + (size_t)a * MINUTES_KEPT + at;
        const double used = (double)ls_shares_held(t->books, a) / LS_POOL_WHOLE;
        const double borrowed = (double)ls_shares_borrowed(t->books, a) / LS_POOL_WHOLE;
        const double guaranteed = desk->pool->accounts[a].guarantee_gpus;
        const double unused = guaranteed - (used - borrowed);
        m->used += (float)(used * seconds);
        m->borrowed += (float)(borrowed * seconds);
        m->unused += (float)((unused > 0.0 ? unused : 0.0) * seconds);
        m->waiting += (float)((double)desk_counts_of(desk, a).waiting_milli / LS_POOL_WHOLE *
                              seconds);
    }
}

// What stands now is taken to have stood since the last time, which is at most a second ago.
void desk_samples_take(ls_desk *desk) {
    struct desk_samples *s = desk->samples;
    const int64_t now = ls_exec_now_us(desk->exec);
    if (s->first_us == 0) {
        s->first_us = s->last_us = now;
        begin_minute(s, 0);
        return;
    }
    if (now - s->last_us < LS_US_PER_S) {
        return;
    }
    const desk_tally *t = desk_count(desk);
    while (t != NULL && s->last_us < now) {
        const int64_t number = (s->last_us - s->first_us) / MINUTE_US;
        const int64_t end = s->first_us + (number + 1) * MINUTE_US;
        const int64_t until = now < end ? now : end;
        add_span(desk, t, number, (double)(until - s->last_us) * 1e-6);
        s->last_us = until;
        if (until == end) {
            begin_minute(s, number + 1);
        }
    }
}

// Mean over [from, to) of what the minutes in it hold; false: none is kept.
static bool mean_of(const struct desk_samples *s, uint32_t account, int64_t from_us, int64_t to_us,
                    double out[5]) {
    const int64_t last = (s->last_us - s->first_us) / MINUTE_US;
    const int64_t oldest = last >= MINUTES_KEPT ? last - MINUTES_KEPT + 1 : 0;
    int64_t a = from_us <= s->first_us ? 0 : (from_us - s->first_us) / MINUTE_US;
    int64_t b = to_us <= s->first_us ? 0 : (to_us - s->first_us + MINUTE_US - 1) / MINUTE_US;
    a = a > oldest ? a : oldest;
    b = b < last + 1 ? b : last + 1;
    double sums[5] = {0.0};
    for (int64_t i = a; i < b; i++) {
        const minute *m = s->rows + (size_t)account * MINUTES_KEPT + (size_t)(i % MINUTES_KEPT);
        sums[0] += (double)m->used;
        sums[1] += (double)m->borrowed;
        sums[2] += (double)m->unused;
        sums[3] += (double)m->waiting;
        sums[4] += (double)s->in_service[i % MINUTES_KEPT];
    }
    // The first and the last minute are not whole.
    int64_t begin = s->first_us + a * MINUTE_US, end = s->first_us + b * MINUTE_US;
    end = end < s->last_us ? end : s->last_us;
    const double seconds = (double)(end - begin) * 1e-6;
    for (int i = 0; i < 5 && seconds > 0.0; i++) {
        out[i] = sums[i] / seconds;
    }
    return a < b && seconds > 0.0;
}

static int64_t choose_step(int64_t span_us, int64_t step_s) {
    int64_t step = step_s > 0 ? step_s * LS_US_PER_S : span_us / POINTS_USUAL;
    step = (step + MINUTE_US - 1) / MINUTE_US * MINUTE_US;  // minutes are the finest there is
    return step > 0 ? step : MINUTE_US;
}

ls_desk_code ls_desk_usage(ls_desk *desk, const char *account, int64_t from_us, int64_t to_us,
                           int64_t step_s, const ls_asker *who, json_t **out, ls_error *err) {
    const struct desk_samples *s = desk->samples;
    uint32_t at = 0;
    *out = NULL;
    const ls_desk_code code = desk_account(desk, account, who, &at, err);
    if (code != LS_DESK_DONE) {
        return code;
    }
    const int64_t step = choose_step(to_us - from_us, step_s);
    if (to_us <= from_us || (to_us - from_us) / step > POINTS_MOST ||
        (step_s > 0 && (to_us - from_us) / LS_US_PER_S / step_s > POINTS_MOST)) {
        ls_fail(err, LS_ERR_INVALID, "to_us must be after from_us, and at most %d steps after it",
                POINTS_MOST);
        return LS_DESK_INVALID;
    }
    json_t *points = json_array(), *gaps = json_array();
    int64_t gap = -1;
    for (int64_t begin = from_us; begin < to_us; begin += step) {
        double mean[5];
        const int64_t end = begin + step < to_us ? begin + step : to_us;
        const bool known = s->first_us > 0 && at < s->accounts && begin < s->last_us &&
                           mean_of(s, at, begin, end, mean);
        if (known && !desk_sees(desk, who, 0)) {  // not what the whole pool has
            mean[4] = desk->pool->accounts[at].guarantee_gpus;
        }
        if (known) {
            json_array_append_new(points, json_pack("[I, f, f, f, f, f]", (json_int_t)begin,
                                                    mean[0], mean[1], mean[2], mean[3], mean[4]));
        } else if (gap < 0 && begin < ls_exec_now_us(desk->exec)) {
            gap = begin;
        }
        if (gap >= 0 && (known || end == to_us)) {
            json_array_append_new(
                gaps, json_pack("[I, I]", (json_int_t)gap, (json_int_t)(known ? begin : end)));
            gap = -1;
        }
    }
    return desk_give(
        json_pack(
            "{s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "account", desk_text(desk_path(desk->pool, at)),
            "from_us", (json_int_t)from_us, "to_us", (json_int_t)to_us, "step_s",
            (json_int_t)(step / LS_US_PER_S), "guarantee",
            (json_int_t)(at == 0 ? desk->pool->gpus : desk->pool->accounts[at].guarantee_gpus),
            "points", points, "gaps", gaps),
        out, err);
}
