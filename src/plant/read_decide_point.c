// read_decide_point.c - one point of `decide:` for each target of each kind.
#include <assert.h>
#include <string.h>

#include "base/units.h"
#include "plant/decide_reader.h"

enum { NAME_SIZE_MAX = 63 };  // of ls_command.point, the guard's

// --- how often and how long

static int64_t usual_every(ls_decide_kind kind) {
    switch (kind) {
    case LS_DECIDE_MAINTENANCE: return 15 * LS_US_PER_MIN;
    case LS_DECIDE_CONWIP: return LS_US_PER_HOUR;
    case LS_DECIDE_STAFFING: return 8 * LS_US_PER_HOUR;
    case LS_DECIDE_SETPOINT: return LS_US_PER_MIN;
    case LS_DECIDE_DISPATCH:
    case LS_DECIDE_RELEASE:
    case LS_DECIDE_BATCH:
    case LS_DECIDE_SETUP:
    case LS_DECIDE_SORT:
    case LS_DECIDE_KIND_COUNT: break;
    }
    return 0;
}

static void read_when(ls_reader *r, const ls_yaml *map, ls_decide_point *p) {
    const ls_yaml *every = ls_take(r, map, "decide.dispatch.every");
    const ls_yaml *events = ls_take(r, map, "decide.dispatch.events");
    p->every_us = usual_every(p->kind);
    ls_take_time(r, map, "decide.dispatch.every", &p->every_us);
    p->on_event = usual_every(p->kind) == 0 && every == NULL;
    if (ls_yaml_is_text(events)) {
        p->on_event = ls_schema_has_word("yes true", events->text);
    }
    if (every != NULL && p->every_us == 0) {
        ls_reader_mistake(r, every, "leave it out, or 'every: 1 min'", "'every' cannot be 0");
    } else if (!p->on_event && p->every_us == 0) {
        ls_reader_mistake(r, events, "add 'every: 1 min', or take it out",
                          "without events and without 'every' it is never asked");
    }
}

static void read_limits(ls_reader *r, const ls_yaml *map, ls_decide_point *p) {
    int mode = (int)p->mode;
    ls_take_choice(r, map, "decide.dispatch.mode", &mode);
    p->mode = (ls_decide_mode)mode;
    ls_take_time(r, map, "decide.dispatch.within", &p->within_us);
    ls_take_time(r, map, "decide.dispatch.horizon", &p->horizon_us);
    const ls_yaml *horizon = ls_take(r, map, "decide.dispatch.horizon");
    if (ls_yaml_is_text(horizon) && strcmp(horizon->text, "auto") == 0) {
        p->horizon_us = 0;
    }
    ls_take_u32(r, map, "decide.dispatch.futures", &p->futures);
    ls_take_time(r, map, "decide.dispatch.approve", &p->approve_us);
    ls_take_number(r, map, "decide.dispatch.gain-min", &p->gain_min);
    ls_take_share(r, map, "decide.dispatch.level", &p->level);
}

// Reported once, where it stands: at the point or at `decide`.
static const ls_yaml *said(ls_decide_draft *d, const ls_yaml *map, const char *key) {
    const ls_yaml *own = ls_yaml_find(map, key);
    return own != NULL ? own : ls_yaml_find(d->node, key);
}

static void check_limits(ls_decide_draft *d, const ls_yaml *map, const ls_decide_point *p) {
    if (p->within_us <= 0) {
        ls_reader_mistake(d->r, said(d, map, "within"), "'within: 100 ms'",
                          "a deadline of no time leaves no answer but the line's own");
    }
    if (!(p->level >= 0.5 && p->level <= 0.9999)) {
        ls_reader_mistake(d->r, said(d, map, "level"), "'level: 95 %'",
                          "the level of an interval lies in 50 %% to 99.99 %%");
    }
    if (p->approve_us <= 0) {
        ls_reader_mistake(d->r, said(d, map, "approve"), "'approve: 10 min'",
                          "a proposal that is open for no time can never be approved");
    }
}

static void read_wait(ls_decide_draft *d, const ls_yaml *map, ls_decide_point *p) {
    const ls_yaml *wait = ls_take(d->r, map, "decide.dispatch.wait");
    const bool may = p->kind == LS_DECIDE_DISPATCH || p->kind == LS_DECIDE_BATCH ||
                     p->kind == LS_DECIDE_SETUP;
    if (may) {
        ls_take_yes(d->r, map, "decide.dispatch.wait", &p->wait);
    } else if (wait != NULL && p->station != LS_NONE) {
        ls_reader_mistake(d->r, wait, "take it out",
                          "'wait' means nothing for %s: later is always one of its answers",
                          ls_decide_kind_name(p->kind));
    }
}

// How long an order waits outside for a word, where somebody gives one.
static void read_word(ls_decide_draft *d, const ls_yaml *map, ls_decide_point *p) {
    const ls_yaml *word = ls_take(d->r, map, "decide.release.wait-for-word");
    const bool pool = p->kind == LS_DECIDE_RELEASE &&
                      LS_ROW(ls_release, d->r->releases, p->release)->pool;
    p->word_us = 0;
    if (pool && p->mode >= LS_MODE_APPROVE) {
        const int64_t people_us = p->approve_us < LS_US_PER_DAY ? p->approve_us : LS_US_PER_DAY;
        p->word_us = p->mode == LS_MODE_AUTO ? LS_US_PER_MIN : people_us;
        ls_take_time(d->r, map, "decide.release.wait-for-word", &p->word_us);
        if ((word != NULL && p->word_us <= 0) || p->word_us > LS_US_PER_DAY) {
            ls_reader_mistake(d->r, word != NULL ? word : map, "'wait-for-word: 1 min'",
                              "an order waits for a word longer than no time and at most a day");
        }
    } else if (word != NULL && !pool) {
        ls_reader_mistake(d->r, word, "take it out",
                          "'wait-for-word' means something for the release of a class with an "
                          "order pool alone");
    }
}

static void read_pure(ls_decide_draft *d, const ls_yaml *map, ls_decide_point *p) {
    const ls_yaml *pure = ls_take(d->r, map, "decide.dispatch.pure");
    const bool batches = p->station != LS_NONE &&
                         LS_ROW(ls_station, d->r->stations, p->station)->batch;
    if (batches && (p->kind == LS_DECIDE_DISPATCH || p->kind == LS_DECIDE_BATCH)) {
        ls_take_yes(d->r, map, "decide.dispatch.pure", &p->pure);
    } else if (pure != NULL && p->station != LS_NONE) {
        ls_reader_mistake(
            d->r, pure, "take it out",
            "'pure' means something for dispatch and batch at a station with 'batch'");
    }
}

// --- targets

static bool has_maintenance(const ls_reader *r, const ls_station *station) {
    for (uint32_t i = 0; i < station->failure_count; i++) {
        if (LS_ROW(ls_failure, r->failures, station->failure_at + i)->maintenance) {
            return true;
        }
    }
    return false;
}

// What a station must have for a decision of this kind.
static void check_station(ls_reader *r, const ls_yaml *at, const ls_decide_point *p) {
    const ls_station *station = LS_ROW(ls_station, r->stations, p->station);
    if (p->kind == LS_DECIDE_BATCH && !station->batch) {
        ls_reader_mistake(r, at, "a station with 'batch'", "station '%s' makes no batches",
                          at->text);
    } else if (p->kind == LS_DECIDE_SETUP && station->setup_count == 0) {
        ls_reader_mistake(r, at, "a station with 'setup'", "station '%s' has no setups", at->text);
    } else if (p->kind == LS_DECIDE_MAINTENANCE && !has_maintenance(r, station)) {
        ls_reader_mistake(r, at, "a station with 'maintenance'", "station '%s' has no maintenance",
                          at->text);
    }
}

static bool find_release(ls_reader *r, const ls_yaml *at, ls_decide_point *p) {
    p->release = ls_reader_find(r, at, &r->release_names, 0, "class", &r->releases,
                                offsetof(ls_release, name));
    if (p->release == LS_NONE) {
        return false;
    }
    if (p->kind == LS_DECIDE_CONWIP &&
        LS_ROW(ls_release, r->releases, p->release)->kind != LS_RELEASE_KEEP) {
        ls_reader_mistake(r, at, "a class with 'release: {keep: 20}'",
                          "class '%s' is not released by keeping a number of lots", at->text);
    }
    return true;
}

static bool find_measured(ls_decide_draft *d, const ls_yaml *at, ls_decide_point *p) {
    p->measured = ls_decide_measured(d, at);
    if (p->measured == LS_NONE) {
        return false;
    }
    if (d->r->plant->listen.values[p->measured].setpoint == NULL) {
        ls_reader_mistake(d->r, at, "give it 'setpoint: TAG, set: {low: 20, high: 80}'",
                          "value '%s' cannot be set", at->text);
        return false;
    }
    return true;
}

static bool find_target(ls_decide_draft *d, const ls_yaml *at, ls_decide_point *p) {
    ls_reader *r = d->r;
    switch (p->kind) {
    case LS_DECIDE_DISPATCH:
    case LS_DECIDE_MAINTENANCE:
    case LS_DECIDE_BATCH:
    case LS_DECIDE_SETUP:
    case LS_DECIDE_SORT:
        p->station = ls_reader_find(r, at, &r->station_names, 0, "station", &r->stations,
                                    offsetof(ls_station, name));
        if (p->station != LS_NONE) {
            check_station(r, at, p);
        }
        return p->station != LS_NONE;
    case LS_DECIDE_RELEASE:
    case LS_DECIDE_CONWIP: return find_release(r, at, p);
    case LS_DECIDE_STAFFING:
        p->operators = ls_reader_find(r, at, &r->operator_names, 0, "operators", &r->operators,
                                      offsetof(ls_operators, name));
        return p->operators != LS_NONE;
    case LS_DECIDE_SETPOINT: return find_measured(d, at, p);
    case LS_DECIDE_KIND_COUNT: break;
    }
    return false;
}

// --- names

static void name_point(ls_decide_draft *d, const ls_yaml *map, const ls_yaml *at, bool several,
                       ls_decide_point *p) {
    ls_reader *r = d->r;
    const ls_yaml *name = ls_take(r, map, "decide.dispatch.name");
    const ls_yaml *place = name != NULL ? name : at;
    const char *text = ls_reader_format(r, "%s %s", ls_decide_kind_name(p->kind), at->text);
    if (ls_yaml_is_text(name)) {
        text = several ? ls_reader_format(r, "%s %s", name->text, at->text) : name->text;
    }
    if (text[0] == '\0' || strlen(text) > NAME_SIZE_MAX || ls_listen_has_control(text)) {
        ls_reader_mistake(r, place, "give it a short one: 'name: grinding'",
                          "the name of a point has 1 to %d bytes and no control characters",
                          NAME_SIZE_MAX);
    }
    p->name = ls_reader_text(r, text);
    if (!r->form.out_of_memory && ls_names_add(&d->names, 0, p->name, d->points.count) != LS_NONE) {
        ls_reader_mistake(r, place, "give one of them another 'name'",
                          "two points of 'decide' have the name '%s'", p->name);
    }
}

// --- the points of one entry

static void read_point(ls_decide_draft *d, const ls_yaml *map, const ls_yaml *at, bool several,
                       ls_decide_kind kind) {
    ls_decide_point p = d->usual;
    p.kind = kind;
    p.line = at->line;
    p.column = at->column;
    if (!find_target(d, at, &p)) {
        return;
    }
    read_limits(d->r, map, &p);
    ls_decide_read_numbers(d, map, at, &p);
    ls_decide_read_sort(d, map, at, &p);
    name_point(d, map, at, several, &p);
    p.wait = p.pure = false;
    const uint32_t index = d->points.count;
    *(ls_decide_point *)ls_rows_push(d->r, &d->points, NULL) = p;
    if (d->r->form.out_of_memory) {
        return;
    }
    read_when(d->r, map, LS_ROW(ls_decide_point, d->points, index));
    read_wait(d, map, LS_ROW(ls_decide_point, d->points, index));
    read_pure(d, map, LS_ROW(ls_decide_point, d->points, index));
    read_word(d, map, LS_ROW(ls_decide_point, d->points, index));
}

static void read_entry(ls_decide_draft *d, const ls_yaml *map, ls_decide_kind kind) {
    const bool by_station = kind == LS_DECIDE_DISPATCH || kind == LS_DECIDE_MAINTENANCE ||
                            kind == LS_DECIDE_BATCH || kind == LS_DECIDE_SETUP ||
                            kind == LS_DECIDE_SORT;
    const ls_yaml *targets = by_station ? ls_take(d->r, map, "decide.dispatch.at")
                                        : ls_take(d->r, map, "decide.release.of");
    const uint32_t count = ls_yaml_many(targets);
    const uint32_t first = d->points.count;
    const size_t before = d->r->form.error_count;
    for (uint32_t i = 0; i < count && !d->r->form.out_of_memory; i++) {
        const ls_yaml *at = ls_yaml_nth(targets, i);
        // What an entry says wrong is wrong once, not for each of its targets.
        if (ls_yaml_is_text(at) && (i == 0 || d->r->form.error_count == before)) {
            read_point(d, map, at, count > 1, kind);
        }
    }
    if (d->points.count > first && !d->r->form.out_of_memory) {
        check_limits(d, map, LS_ROW(ls_decide_point, d->points, first));
    }
}

void ls_decide_read_points(ls_decide_draft *d) {
    for (unsigned kind = 0; kind < LS_DECIDE_KIND_COUNT && !d->r->form.out_of_memory; kind++) {
        const ls_yaml *value = d->node == NULL
                                   ? NULL
                                   : ls_yaml_find(d->node,
                                                  ls_decide_kind_name((ls_decide_kind)kind));
        for (uint32_t i = 0; i < ls_yaml_many(value) && !d->r->form.out_of_memory; i++) {
            const ls_yaml *entry = ls_yaml_nth(value, i);
            if (entry->kind == LS_YAML_MAP) {
                read_entry(d, entry, (ls_decide_kind)kind);
            }
        }
    }
}
