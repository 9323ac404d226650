// reference_rules.c - budgets and reservations; see reference_scheduler.h.
#include <assert.h>

#include "pool/testing/reference_inside.h"

#define DAY_US INT64_C(86400000000)

static bool is_leap(int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

// Month by month from 1970 on.
int64_t ref_month_us(const ls_reference_scheduler *s, int64_t now_us, int64_t *out_end_us) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t began_us = 0;
    for (int64_t year = 1970;; year++) {
        for (int month = 0; month < 12; month++) {
            const int days = lengths[month] + (month == 1 && is_leap(year));
            const int64_t end_us = began_us + days * DAY_US;
            if (s->def.start_us + now_us < end_us) {
                *out_end_us = end_us - s->def.start_us;
                return began_us - s->def.start_us;
            }
            began_us = end_us;
        }
    }
}

uint32_t ref_spent(const ls_reference_scheduler *s, int64_t now_us, uint32_t account,
                   uint64_t milli) {
    uint32_t highest = LS_POOL_NONE;
    if (s->def.budget_gpu_hours == NULL || milli == 0) {
        return LS_POOL_NONE;
    }
    int64_t end_us = 0;
    const int64_t month_us = ref_month_us(s, now_us, &end_us);
    for (; account != LS_POOL_NONE; account = ref_parent(s, account)) {
        ls_gpu_time used = 0;
        for (uint32_t i = 0; i < s->run_count; i++) {
            const ref_run *r = s->runs + i;
            const int64_t from_us = r->from_us > month_us ? r->from_us : month_us;
            const int64_t until_us = r->until_us < now_us ? r->until_us : now_us;
            if (ref_is_below(s, r->account, account) && until_us > from_us) {
                used += (ls_gpu_time)r->milli * (uint64_t)(until_us - from_us);
            }
        }
        const double hours = s->def.budget_gpu_hours[account];
        if (hours > 0.0 && used >= (ls_gpu_time)(hours * 3.6e9 * LS_POOL_WHOLE)) {
            highest = account;
        }
    }
    return highest;
}

void ref_began(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    s->runs = ls_realloc(s->runs, (s->run_count + 1) * sizeof *s->runs);
    assert(s->runs != NULL);
    s->runs[s->run_count++] = (ref_run){.job = job,
                                        .account = s->jobs[job].request.account,
                                        .milli = ls_shape_milli(&s->jobs[job].request.shape),
                                        .from_us = now_us,
                                        .until_us = INT64_MAX};
}

void ref_ended(ls_reference_scheduler *s, int64_t now_us, uint32_t job) {
    for (uint32_t i = 0; i < s->run_count; i++) {
        if (s->runs[i].job == job && s->runs[i].until_us == INT64_MAX) {
            s->runs[i].until_us = now_us;
        }
    }
}

void ref_round_begins(ls_reference_scheduler *s, int64_t now_us) {
    bool over = false;
    for (uint32_t i = 0; i < s->def.reservation_count; i++) {
        const ls_pool_reservation *r = s->def.reservations + i;
        over |= r->until_us <= now_us && r->until_us > s->told_us;
    }
    s->told_us = now_us;
    if (over) {
        ref_open_all(s);
        ref_fell(s, 0);
        ref_wake(s, now_us);
    }
    int64_t end_us = 0;
    const int64_t month_us = ref_month_us(s, now_us, &end_us);
    if (s->def.budget_gpu_hours != NULL && month_us != s->month_us) {
        for (uint32_t i = 0; i < s->def.account_count; i++) {
            if (s->def.budget_gpu_hours[i] > 0.0) {
                ref_fell(s, i);
            }
        }
    }
    s->month_us = month_us;
}

uint32_t ref_group(const ls_reference_scheduler *s, uint32_t account) {
    for (; account != LS_POOL_NONE; account = ref_parent(s, account)) {
        for (uint32_t i = 0; i < s->def.reservation_count; i++) {
            if (s->def.reservations[i].account == account) {
                return account + 1;
            }
        }
    }
    return 0;
}

static bool is_for(const ls_reference_scheduler *s, const ls_pool_reservation *r,
                   uint32_t account) {
    return r->account != LS_POOL_NONE && ref_is_below(s, account, r->account);
}

int64_t ref_reserved_us(const ls_reference_scheduler *s, uint32_t node, uint32_t account) {
    int64_t from_us = INT64_MAX;
    for (uint32_t i = 0; i < s->def.reservation_count; i++) {
        const ls_pool_reservation *r = s->def.reservations + i;
        if (node >= r->node_at && node < r->node_at + r->node_count && r->until_us > s->told_us &&
            r->from_us < from_us && !is_for(s, r, account)) {
            from_us = r->from_us;
        }
    }
    return from_us;
}

bool ref_is_reserved(const ls_reference_scheduler *s, uint32_t node, uint32_t account,
                     int64_t from_us, int64_t until_us) {
    bool reserved = false;
    for (uint32_t i = 0; i < s->def.reservation_count; i++) {
        const ls_pool_reservation *r = s->def.reservations + i;
        reserved |= node >= r->node_at && node < r->node_at + r->node_count &&
                    r->until_us > s->told_us && from_us < r->until_us && until_us > r->from_us &&
                    !is_for(s, r, account);
    }
    return reserved;
}

static uint64_t unit_watts(const ls_reference_scheduler *s, uint32_t unit, bool all,
                           const bool *works) {
    const ls_pool_unit *u = s->cluster->units + unit;
    uint64_t watts = 0;
    for (uint32_t n = u->node_at; n < u->node_at + u->node_count; n++) {
        const ls_pool_node *node = s->cluster->nodes + n;
        for (uint32_t g = 0; g < node->gpus; g++) {
            const ls_gpu_kind *k = s->cluster->kinds + node->kind;
            const uint32_t most = k->watts > k->idle_watts ? k->watts : k->idle_watts;
            watts += all || works[(size_t)n * REF_GPUS + g] ? most : k->idle_watts;
        }
    }
    return watts;
}

bool ref_has_power(const ls_reference_scheduler *s) {
    for (uint32_t u = 0; u < s->cluster->unit_count; u++) {
        const uint32_t limit = s->cluster->units[u].watts;
        if (limit > 0 && unit_watts(s, u, true, NULL) > limit) {
            return true;
        }
    }
    return false;
}

static void note_works(const ls_shape *shape, const ls_pool_share *shares, bool *works) {
    for (uint32_t p = 0; p < shape->parts; p++) {
        for (uint32_t g = 0; g < REF_GPUS; g++) {
            if (((shares[p].gpus >> g) & 1) != 0) {
                works[(size_t)shares[p].node * REF_GPUS + g] = true;
            }
        }
    }
}

uint32_t ref_power_short(const ls_reference_scheduler *s, const ls_shape *shape,
                         const ls_pool_share *shares) {
    const size_t size = (size_t)s->cluster->node_count * REF_GPUS;
    bool *before = ls_alloc(size), *after = ls_alloc(size);
    uint32_t last = LS_POOL_NONE;
    assert(before != NULL && after != NULL);
    for (uint32_t i = 0; i < s->job_count; i++) {
        if (s->jobs[i].shares != NULL) {
            note_works(&s->jobs[i].request.shape, s->jobs[i].shares, before);
            note_works(&s->jobs[i].request.shape, s->jobs[i].shares, after);
        }
    }
    note_works(shape, shares, after);
    for (uint32_t u = 0; u < s->cluster->unit_count; u++) {
        const uint64_t limit = s->cluster->units[u].watts;
        const uint64_t then = unit_watts(s, u, false, after);
        if (limit > 0 && then > limit && then > unit_watts(s, u, false, before)) {
            last = u;
        }
    }
    ls_free(before);
    ls_free(after);
    return last;
}
