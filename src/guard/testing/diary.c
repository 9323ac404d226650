// diary.c - the slow judge: every guard again, from the words of docs/GUARDS.md, off the diary.
#include "guard/testing/diary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct view {
    const diary *d;
    const ls_command *c;
    const ls_guard_clock *now;
    int machine;  // -1: none
    bool value;
} view;

static const diary_entry *entry(const view *v, int i) {
    return &v->d->entries[i];
}

// Index of the newest of that kind and subject before `end`, or -1.
static int newest(const view *v, diary_kind kind, uint32_t of, int end) {
    for (int i = end - 1; i >= 0; i--) {
        if (entry(v, i)->kind == kind && entry(v, i)->of == of) {
            return i;
        }
    }
    return -1;
}

static int newest_any(const view *v, diary_kind kind, int end) {
    for (int i = end - 1; i >= 0; i--) {
        if (entry(v, i)->kind == kind) {
            return i;
        }
    }
    return -1;
}

static bool is(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

static long double seconds(int64_t later, int64_t earlier) {
    return ((long double)later - (long double)earlier) / 1e6L;
}

static bool stops(const ls_command *c) {
    return c->kind == LS_COMMAND_STOP || (c->kind == LS_COMMAND_DISPATCH && is(c->argument, ""));
}

typedef struct heard {
    bool known;
    double number;
    ls_guard_quality quality;
    int64_t us;
} heard;

// What is known of a thing that `kind` tells; `machine` is whose source it is.
static heard hear(const view *v, diary_kind kind, uint32_t of, uint32_t machine) {
    heard h = {.number = NAN};
    const int told = newest(v, kind, of, v->d->count);
    const int all = newest(v, DIARY_FORGET, LS_NONE, v->d->count);
    const int one = machine == LS_NONE ? -1 : newest(v, DIARY_FORGET, machine, v->d->count);
    if (told < 0 || told < all || told < one) {
        return h;
    }
    h = (heard){true, entry(v, told)->number, entry(v, told)->quality, entry(v, told)->us};
    for (int i = told + 1; i < v->d->count; i++) {
        if (entry(v, i)->kind == DIARY_VOUCH && entry(v, i)->of == machine &&
            entry(v, i)->us > h.us) {
            h.us = entry(v, i)->us;
        }
    }
    return h;
}

static bool fresh(const view *v, const heard *h) {
    const long double age = seconds(v->now->line_us, h->us);
    return h->known && age >= -2 && age <= 30;
}

// --- 18 to 21, 35

static uint32_t id_once(const view *v) {
    if (is(v->c->id, "")) {
        return 21;
    }
    for (int i = 0; i < v->d->count; i++) {
        if (entry(v, i)->kind == DIARY_ID && is(entry(v, i)->command.id, v->c->id)) {
            return 21;
        }
    }
    return 0;
}

static bool revoked(const view *v, const ls_approval *a) {
    for (int i = 0; i < v->d->count; i++) {
        if (entry(v, i)->kind == DIARY_REVOKE && is(entry(v, i)->text, a->who) &&
            entry(v, i)->at.wall_us >= a->at_us) {
            return true;
        }
    }
    return false;
}

// Of a class: one more comes in, or none for a while.
static bool lets_in(const ls_command *c) {
    return c->kind == LS_COMMAND_RELEASE || c->kind == LS_COMMAND_PUT_OFF;
}

// The plant of guard_case.c, in words.
static bool point_allows(const ls_command *c) {
    const bool dispatches = c->kind == LS_COMMAND_DISPATCH || c->kind == LS_COMMAND_HOLD;
    if (is(c->point, "dispatch grind")) {
        return dispatches && is(c->target, "grind-1");
    }
    if (is(c->point, "coolant")) {
        return c->kind == LS_COMMAND_SETPOINT && is(c->target, "coolant");
    }
    if (is(c->point, "keep gear-b")) {
        return c->kind == LS_COMMAND_RELEASE && is(c->target, "gear-b");
    }
    if (c->automatic) {
        return false;
    }
    if (is(c->point, "release gear-a")) {
        return lets_in(c) && is(c->target, "gear-a");
    }
    return is(c->point, "care") && c->kind == LS_COMMAND_MAINTAIN && is(c->target, "grind-1");
}

static bool place_exists(const ls_command *c) {
    const bool of_machine = is(c->target, "mill-1") || is(c->target, "mill-2") ||
                            is(c->target, "grind-1");
    if (lets_in(c)) {
        return (is(c->target, "gear-a") || is(c->target, "gear-b")) && is(c->device, "line");
    }
    if (c->kind == LS_COMMAND_SETPOINT) {
        return is(c->target, "coolant") && is(c->device, "line");
    }
    return of_machine && is(c->device, c->target);
}

static uint32_t may(const view *v) {
    const ls_command *c = v->c;
    const bool of_people = c->kind == LS_COMMAND_STOP || c->kind == LS_COMMAND_START;
    if (!place_exists(c) || (of_people ? c->automatic : !point_allows(c)) ||
        (c->by_hand && (c->automatic || !lets_in(c)))) {
        return 19;
    }
    if (c->automatic) {
        return 0;
    }
    long double youngest = INFINITY;
    for (uint32_t i = 0; i < c->approval_count; i++) {
        const ls_approval *a = &c->approvals[i];
        if (a->role == LS_ROLE_VIEWER || is(a->who, "") || revoked(v, a)) {
            return 19;
        }
        youngest = fminl(youngest, seconds(v->now->wall_us, a->at_us));
    }
    return youngest < 60 && youngest >= -2 ? 0 : 19;
}

static uint32_t two(const view *v) {
    const ls_command *c = v->c;
    for (uint32_t i = 0; !c->automatic && i < c->approval_count; i++) {
        // Approved before it was decided: older than the decision is.
        if (seconds(v->now->wall_us, c->approvals[i].at_us) >
            seconds(v->now->mono_us, c->decided_us)) {
            return 20;
        }
    }
    if (c->automatic || !v->d->g->plant.decide.guards.two_persons) {
        return 0;
    }
    return c->approval_count == 2 && !is(c->approvals[0].who, c->approvals[1].who) &&
                   fabsl(seconds(c->approvals[0].at_us, c->approvals[1].at_us)) <= 600
               ? 0
               : 20;
}

static bool bypass_runs(const view *v, uint32_t guard) {
    for (int i = 0; i < v->d->count; i++) {
        const diary_entry *e = entry(v, i);
        const long double since = seconds(v->now->wall_us, e->at.wall_us);
        if (e->kind == DIARY_BYPASS && e->of == guard && since >= 0 && since < e->number) {
            return true;
        }
    }
    return false;
}

// One that lies in the future, after the clock went back. Those that had ended when a later one
// was put are gone.
static uint32_t bypasses(const view *v) {
    for (int i = 0; i < v->d->count; i++) {
        const diary_entry *e = entry(v, i);
        if (e->kind != DIARY_BYPASS || seconds(v->now->wall_us, e->at.wall_us) >= 0) {
            continue;
        }
        bool gone = false;
        for (int k = i + 1; k < v->d->count; k++) {
            gone |= entry(v, k)->kind == DIARY_BYPASS &&
                    seconds(entry(v, k)->at.wall_us, e->at.wall_us) >= e->number;
        }
        if (!gone) {
            return 35;
        }
    }
    return 0;
}

static uint32_t held(const view *v) {
    static const char *const points[] = {"", "dispatch grind", "coolant"};
    for (int p = 0; p < 3; p++) {
        if (p > 0 && !is(points[p], v->c->point)) {
            continue;
        }
        for (int i = v->d->count - 1; i >= 0; i--) {
            if (entry(v, i)->kind == DIARY_HOLD && is(entry(v, i)->text, points[p])) {
                if (entry(v, i)->flag) {
                    return 18;
                }
                break;
            }
        }
    }
    return 0;
}

// --- 17, 27 to 31

static uint32_t ours(const view *v) {
    int now = newest_any(v, DIARY_OWNER, v->d->count);
    const int forgot = newest(v, DIARY_FORGET, LS_NONE, v->d->count);
    if (now < 0 || now < forgot || entry(v, now)->number != LS_OWNER_US) {
        return 17;
    }
    // Since when: the first of the last run of the same word.
    for (;;) {
        const int before = newest_any(v, DIARY_OWNER, now);
        if (before < 0 || entry(v, before)->number != LS_OWNER_US ||
            newest(v, DIARY_FORGET, LS_NONE, now) > before) {
            break;
        }
        now = before;
    }
    return v->c->decided_us >= entry(v, now)->at.mono_us ? 0 : 17;
}

static uint32_t alone(const view *v) {
    const int i = newest_any(v, DIARY_LEASE, v->d->count);
    return i >= 0 && entry(v, i)->flag &&
                   seconds(v->now->mono_us, entry(v, i)->at.mono_us) < entry(v, i)->number
               ? 0
               : 31;
}

static bool recent(const view *v, int i) {
    const long double age = i < 0 ? 1e9L : seconds(v->now->mono_us, entry(v, i)->at.mono_us);
    return age >= 0 && age <= 5;
}

static uint32_t beats_out(const view *v) {
    const int i = newest_any(v, DIARY_BEAT_OUT, v->d->count);
    return recent(v, i) && entry(v, i)->flag && i > newest(v, DIARY_FORGET, LS_NONE, v->d->count)
               ? 0
               : 27;
}

static uint32_t beats_in(const view *v) {
    return recent(v, newest_any(v, DIARY_BEAT_IN, v->d->count)) ? 0 : 28;
}

static uint32_t falls_back(const view *v) {
    const int i = newest_any(v, DIARY_FALLBACK, v->d->count);
    return i > newest(v, DIARY_FORGET, LS_NONE, v->d->count) && entry(v, i)->flag ? 0 : 29;
}

static uint32_t engaged(const view *v) {
    int first = -1, failed = -1;  // healthy since; when it was not any more, last
    for (int i = 0; i < v->d->count; i++) {
        const diary_kind kind = entry(v, i)->kind;
        first = first < 0 && kind == DIARY_HEALTHY ? i : first;
        if (kind == DIARY_TRIP || (kind == DIARY_UNHEALTHY && first >= 0)) {
            first = -1;
            failed = i;
        }
    }
    // The first time of the day at once, else after ten seconds.
    const bool again = failed >= 0 &&
                       seconds(v->now->wall_us, entry(v, failed)->at.wall_us) < 86400;
    if (first < 0 || (again && seconds(v->now->mono_us, entry(v, first)->at.mono_us) < 10)) {
        return 30;
    }
    // Latched at any trip that was the third of its day, and not reset since.
    const int reset = newest_any(v, DIARY_RESET, v->d->count);
    for (int i = reset + 1; i < v->d->count; i++) {
        int today = 0;
        for (int k = reset + 1; k <= i && entry(v, i)->kind == DIARY_TRIP; k++) {
            today += entry(v, k)->kind == DIARY_TRIP &&
                     seconds(entry(v, i)->at.wall_us, entry(v, k)->at.wall_us) < 86400;
        }
        if (today >= 3) {
            return 30;
        }
    }
    return 0;
}

// --- 7, 8, 12 to 16, 22, 26, 32

static heard subject(const view *v) {
    return v->value ? hear(v, DIARY_VALUE, 0, LS_NONE)
                    : hear(v, DIARY_STATE, (uint32_t)v->machine, (uint32_t)v->machine);
}

static uint32_t signals_fresh(const view *v) {
    const heard h = subject(v);
    return (v->machine < 0 && !v->value) || fresh(v, &h) ? 0 : 7;
}

static uint32_t signals_good(const view *v) {
    const heard h = subject(v);
    return (v->machine < 0 && !v->value) || h.quality == LS_GUARD_QUALITY_GOOD ? 0 : 8;
}

static uint32_t decided_in_time(const view *v) {
    return v->c->decided_us <= v->now->mono_us && v->c->decided_us <= v->c->deadline_us ? 0 : 12;
}

static uint32_t packml(const view *v) {
    if (v->machine < 0) {
        return 0;
    }
    const char *const legal[LS_COMMAND_KIND_COUNT] = {
        [LS_COMMAND_DISPATCH] = " 3 4 5 6 11 16 17 ",
        [LS_COMMAND_HOLD] = " 4 5 6 11 17 ",
        [LS_COMMAND_MAINTAIN] = " 3 4 5 6 11 16 17 ",
        [LS_COMMAND_SETUP] = " 4 ",
        [LS_COMMAND_START] = " 2 4 ",
        [LS_COMMAND_STOP] = " 3 4 5 6 10 11 12 13 14 15 16 17 "};
    const heard h = subject(v);
    char word[40];
    snprintf(word, sizeof word, " %.9g ", h.number);
    return strstr(legal[v->c->kind], word) != NULL ? 0 : 16;
}

static const bool is_interlock[3] = {true, false, false};
static const uint32_t condition_of[3] = {2, LS_NONE, 0};

static bool concerns(const view *v, int condition) {
    return condition_of[condition] == LS_NONE || (int)condition_of[condition] == v->machine;
}

static uint32_t interlocks(const view *v) {
    if (!concerns(v, 0)) {
        return 0;
    }
    const heard h = hear(v, DIARY_CONDITION, 0, condition_of[0]);
    int last = v->d->count;  // that it was active
    do {
        last = newest(v, DIARY_CONDITION, 0, last);
    } while (last >= 0 && entry(v, last)->number != 1.0);
    const bool rearmed = last < 0 || newest(v, DIARY_REARM, 0, v->d->count) > last;
    // Inactive: another number. What is no number says nothing.
    return fresh(v, &h) && h.quality == LS_GUARD_QUALITY_GOOD &&
                   (h.number < 1.0 || h.number > 1.0) && rearmed
               ? 0
               : 15;
}

static uint32_t permissives(const view *v) {
    for (int i = 0; i < 3; i++) {
        const heard h = hear(v, DIARY_CONDITION, (uint32_t)i, condition_of[i]);
        if (!is_interlock[i] && concerns(v, i) &&
            !(fresh(v, &h) && h.quality == LS_GUARD_QUALITY_GOOD && h.number == 1.0)) {
            return 14;
        }
    }
    return 0;
}

static uint32_t binding(const view *v) {
    return v->c->state_version != 0 && v->c->state_version == v->c->state_now ? 0 : 13;
}

static const char *const lots[] = {"L1", "L2", "L3", "L4"};

// The line has told of them since `begin`: arrived, or in work; not gone since.
static bool lot_there(const view *v, const char *lot, int begin) {
    for (int i = v->d->count - 1; i > begin; i--) {
        const diary_entry *e = entry(v, i);
        if (e->text != NULL && is(e->text, lot)) {
            if (e->kind == DIARY_GONE) {
                return false;
            }
            if (e->kind == DIARY_ARRIVED || e->kind == DIARY_IN_WORK) {
                return true;
            }
        }
    }
    return false;
}

static bool lot_waits_at_grind(const view *v, const char *lot, int begin) {
    for (uint32_t m = 0; m < 3; m++) {
        const int i = newest(v, DIARY_IN_WORK, m, v->d->count);
        if (i > begin && is(entry(v, i)->text, lot)) {
            bool forgotten = false;  // it was reported gone while in work
            for (int k = i + 1; k < v->d->count; k++) {
                forgotten |= entry(v, k)->kind == DIARY_GONE && is(entry(v, k)->text, lot);
            }
            if (!forgotten) {
                return false;
            }
        }
    }
    for (int i = v->d->count - 1; i > begin; i--) {
        const diary_entry *e = entry(v, i);
        if (e->text == NULL || !is(e->text, lot)) {
            continue;
        }
        if (e->kind == DIARY_ARRIVED) {
            return e->of == 1;
        }
        if (e->kind == DIARY_GONE || e->kind == DIARY_IN_WORK) {
            return false;
        }
    }
    return false;
}

static uint32_t conserved(const view *v) {
    const bool chooses = v->c->kind == LS_COMMAND_DISPATCH && !is(v->c->argument, "");
    if (!chooses && v->c->kind != LS_COMMAND_RELEASE) {
        return 0;
    }
    const int begun = newest_any(v, DIARY_LOTS_BEGIN, v->d->count);
    const int forgot = newest(v, DIARY_FORGET, LS_NONE, v->d->count);
    const int begin = begun > forgot ? begun : forgot;
    if (newest_any(v, DIARY_LOTS_TOLD, v->d->count) <= begin) {
        return 32;
    }
    if (chooses) {
        return lot_waits_at_grind(v, v->c->argument, begin) ? 0 : 32;
    }
    int inside = 0;
    for (int i = 0; i < 4; i++) {
        inside += lot_there(v, lots[i], begin);
    }
    const int more = is(v->c->target, "gear-b") ? 4 : 0;  // gear-a waits outside, and is told
    return inside + more <= (int)v->d->g->plant.limits.lots ? 0 : 32;
}

static bool same_target(const ls_command *a, const ls_command *b) {
    return is(a->target, b->target);
}

static int last_sent(const view *v, int end) {
    for (int i = end - 1; i >= 0; i--) {
        if (entry(v, i)->kind == DIARY_SENT && same_target(&entry(v, i)->command, v->c)) {
            return i;
        }
    }
    return -1;
}

static uint32_t sequence(const view *v) {
    const int i = last_sent(v, v->d->count);
    return v->c->sequence > (i < 0 ? 0 : entry(v, i)->command.sequence) ? 0 : 22;
}

// Is the command sent at entry i still to be read back when entry `end` comes?
static bool pending(const view *v, int i, int end) {
    int same = 0;
    for (int k = i + 1; i >= 0 && k < end; k++) {
        const diary_entry *e = entry(v, k);
        const bool handshake = entry(v, i)->command.kind != LS_COMMAND_SETPOINT;
        const bool mine = e->kind == DIARY_READ && (e->of == CASE_COOLANT) == v->value &&
                          (v->value || (int)e->of == v->machine ||
                           (v->machine < 0 && (int)e->of == (is(v->c->target, "gear-a") ? 3 : 4)));
        if (!mine) {
            continue;
        }
        const double wrote = handshake ? 1.0 : entry(v, i)->command.number;
        same = fabs(e->number - wrote) <= (handshake ? 0.0 : 1e-6 * fmax(1.0, fabs(wrote)))
                   ? same + 1
                   : 0;
        if (same == 2 || seconds(e->at.mono_us, entry(v, i)->at.mono_us) > 3) {
            return false;
        }
    }
    return i >= 0;
}

typedef struct coolant {  // what was verified last, and whether somebody else has changed it
    double verified;
    int64_t us;
    bool known, foreign;
} coolant;

static coolant follow_coolant(const view *whole) {
    ls_command any = {.kind = LS_COMMAND_SETPOINT, .target = "coolant"};
    const view v = {.d = whole->d, .c = &any, .now = whole->now, .machine = -1, .value = true};
    coolant w = {.verified = NAN};
    for (int i = 0; i < v.d->count; i++) {
        const diary_entry *e = entry(&v, i);
        const int sent = last_sent(&v, i);
        if (e->kind == DIARY_READ && e->of == CASE_COOLANT && pending(&v, sent, i) &&
            !pending(&v, sent, i + 1) &&
            fabs(e->number - entry(&v, sent)->command.number) <=
                1e-6 * fmax(1.0, fabs(entry(&v, sent)->command.number))) {
            // Either the second good reading, or a good first one that came too late.
            const int before = newest(&v, DIARY_READ, CASE_COOLANT, i);
            const bool twice = before > sent && fabs(entry(&v, before)->number -
                                                     entry(&v, sent)->command.number) <= 1e-4;
            if (twice) {
                w.verified = e->number;
                w.us = e->at.line_us;
                w.known = true;
            }
        }
        if (e->kind == DIARY_REARM_VALUE) {
            w.foreign = false;
        }
        if (e->kind != DIARY_VALUE || e->quality != LS_GUARD_QUALITY_GOOD || pending(&v, sent, i) ||
            e->number == w.verified) {
            continue;
        }
        const int beat = newest_any(&v, DIARY_BEAT_OUT, i);
        const bool hears = beat >= 0 && entry(&v, beat)->flag &&
                           newest(&v, DIARY_FORGET, LS_NONE, i) < beat;
        w.foreign |= sent >= 0 && hears;
        w.verified = e->number;
        w.us = e->us;
        w.known = true;
    }
    return w;
}

static uint32_t foreign(const view *v) {
    return v->value && follow_coolant(v).foreign ? 26 : 0;
}

// --- 1 to 6, 9 to 11, 34

static uint32_t in_step(const view *v) {
    return v->c->certainty >= 0.8 && v->c->in_step_us >= 60 * SECOND ? 0 : 9;
}

static uint32_t in_model(const view *v) {
    const ls_command *c = v->c;
    const bool there = fabs(c->certainty - 0.5) <= 0.5 && fabs(c->gain_low) < HUGE_VAL;
    const bool inside = c->gain_low <= c->gain && c->gain <= c->gain_high;
    const double width = c->gain_high - c->gain_low;
    return there && inside && width < HUGE_VAL && width <= 4.0 * c->gain ? 0 : 10;
}

static uint32_t sensible(const view *v) {
    const ls_command *c = v->c;
    switch (c->kind) {
    case LS_COMMAND_SETPOINT: {
        char *end = NULL;
        if (strncmp(c->argument, "coolant=", 8) != 0) {
            return 1;
        }
        const double said = strtod(c->argument + 8, &end);
        return end != c->argument + 8 && *end == '\0' && said == c->number && said >= 12.0 &&
                       said <= 35.0
                   ? 0
                   : 1;
    }
    case LS_COMMAND_HOLD:
        return is(c->argument, "") ? (c->automatic ? 1 : 0) : (is(c->argument, "5 min") ? 0 : 1);
    case LS_COMMAND_MAINTAIN: return is(c->argument, "wheel") ? 0 : 1;
    case LS_COMMAND_SETUP:
        return is(c->target, "grind-1") && (is(c->argument, "a") || is(c->argument, "b")) ? 0 : 1;
    case LS_COMMAND_RELEASE: return is(c->argument, c->target) ? 0 : 1;
    case LS_COMMAND_PUT_OFF:
        return is(c->target, "gear-a") && is(c->argument, "gear-a 5 min 1") ? 0 : 1;
    case LS_COMMAND_DISPATCH: return 0;
    default: return is(c->argument, "") ? 0 : 1;
    }
}

static double current(const view *v) {
    const heard h = hear(v, DIARY_VALUE, 0, LS_NONE);
    return h.known ? h.number : NAN;
}

static uint32_t step(const view *v) {
    return !v->value || fabs(v->c->number - current(v)) <= 5.0 ? 0 : 3;
}

static uint32_t claim(const view *v) {
    const double least = fmax(v->c->gain_min, is(v->c->point, "dispatch grind") ? 0.5 : 0.0);
    return v->c->gain_low > 0 && v->c->gain_low >= least && v->c->claim_futures >= 8 ? 0 : 11;
}

static uint32_t rate(const view *v) {
    if (!v->value) {
        return 0;
    }
    const coolant w = follow_coolant(v);
    const long double since = seconds(v->now->line_us, w.us);
    return w.known && since >= 0 &&
                   fabs(v->c->number - w.verified) <= 0.5 * (double)fminl(since, 60)
               ? 0
               : 2;
}

// How much each setpoint that was sent changed what the line told then.
static double change_at(const view *v, int i) {
    view then = *v;
    diary before = {.g = v->d->g};
    before.count = i;
    memcpy(before.entries, v->d->entries, (size_t)i * sizeof *before.entries);
    then.d = &before;
    const double change = fabs(entry(v, i)->command.number - current(&then));
    return isnan(change) ? 0.0 : change;
}

static uint32_t budget(const view *v) {
    double sum = v->value ? fabs(v->c->number - current(v)) : 0.0;
    for (int i = 0; v->value && i < v->d->count; i++) {
        const diary_entry *e = entry(v, i);
        if (e->kind == DIARY_SENT && e->command.kind == LS_COMMAND_SETPOINT &&
            seconds(v->now->line_us, e->at.line_us) < 600) {
            sum += change_at(v, i);
        }
    }
    return sum <= 8.0 ? 0 : 4;
}

static uint32_t frequency(const view *v) {
    int of_grind = 0, releases = 0;
    for (int i = 0; i < v->d->count; i++) {
        const diary_entry *e = entry(v, i);
        const long double age = seconds(v->now->line_us, e->at.line_us);
        if (e->kind == DIARY_SENT && !stops(&e->command)) {
            of_grind += is(e->command.target, "grind-1") && age < 300;
            releases += lets_in(&e->command) && age < 3600;
        }
    }
    return (v->machine == CASE_GRIND && of_grind >= 3) || (lets_in(v->c) && releases >= 5) ? 5 : 0;
}

static uint32_t dwell(const view *v) {
    for (int i = v->d->count - 1; i >= 0; i--) {
        const diary_entry *e = entry(v, i);
        if (e->kind == DIARY_SENT && same_target(&e->command, v->c) && !stops(&e->command)) {
            return seconds(v->now->line_us, e->at.line_us) >= 30 ? 0 : 6;
        }
    }
    return 0;
}

static uint32_t flood(const view *v) {
    int alarms = 0;
    for (int i = 0; i < v->d->count; i++) {
        alarms += entry(v, i)->kind == DIARY_ALARM &&
                  seconds(v->now->mono_us, entry(v, i)->at.mono_us) < 600;
    }
    return alarms > 10 ? 34 : 0;
}

// --- 23 to 25

static uint32_t journal(const view *v) {
    const int i = newest_any(v, DIARY_JOURNAL, v->d->count);
    return i >= 0 && entry(v, i)->flag ? 0 : 23;
}

static uint32_t expiry(const view *v) {
    const long double left = seconds(v->c->not_after_us, v->now->mono_us);
    return left > 0 && left <= 2 ? 0 : 24;
}

static uint32_t read_before(const view *v) {
    return pending(v, last_sent(v, v->d->count), v->d->count) ? 25 : 0;
}

static view look(const diary *d, const ls_command *c, const ls_guard_clock *now) {
    view v = {.d = d, .c = c, .now = now, .machine = -1};
    v.value = c->kind == LS_COMMAND_SETPOINT;
    if (!v.value && !lets_in(c)) {
        static const char *const machines[] = {"mill-1", "mill-2", "grind-1"};
        for (int m = 0; m < 3; m++) {
            v.machine = is(c->target, machines[m]) ? m : v.machine;
        }
    }
    return v;
}

uint32_t diary_judge(const diary *d, const ls_command *c, const ls_guard_clock *now) {
    typedef uint32_t rule(const view *v);
    // In the order of docs/GUARDS.md. s: not of stops. c: nor of starts.
    static const struct {
        rule *broken;
        char who;
    } rules[] = {{id_once, ' '},      {may, ' '},
                 {two, ' '},          {bypasses, ' '},
                 {held, ' '},         {ours, ' '},
                 {alone, ' '},        {beats_out, ' '},
                 {beats_in, ' '},     {falls_back, ' '},
                 {engaged, ' '},      {signals_fresh, ' '},
                 {signals_good, ' '}, {decided_in_time, ' '},
                 {packml, ' '},       {interlocks, 's'},
                 {permissives, 's'},  {binding, 'c'},
                 {conserved, ' '},    {sequence, ' '},
                 {foreign, ' '},      {in_step, 'c'},
                 {in_model, 'c'},     {sensible, ' '},
                 {step, 's'},         {claim, 'c'},
                 {rate, 's'},         {budget, 's'},
                 {frequency, 's'},    {dwell, 's'},
                 {flood, 's'},        {journal, ' '},
                 {expiry, ' '},       {read_before, ' '}};
    const view v = look(d, c, now);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const bool skipped = (rules[i].who != ' ' && stops(c)) ||
                             (rules[i].who == 'c' && (c->kind == LS_COMMAND_START || c->by_hand));
        const uint32_t guard = skipped ? 0 : rules[i].broken(&v);
        if (guard != 0 && !bypass_runs(&v, guard)) {
            return guard;
        }
    }
    return 0;
}
