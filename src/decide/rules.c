// rules.c - see rules.h.
#include "decide/rules.h"

#include <string.h>

#include "base/text.h"
#include "twin/rebase.h"

enum { CHAIN_MAX = 2 };

typedef struct rule_row {
    const char *name;
    ls_rule chain[CHAIN_MAX];
    uint32_t count;
} rule_row;

static const rule_row rows[LS_RULES_COUNT] = {
    [LS_RULES_OWN] = {"own", {LS_RULE_FIFO}, 0},
    [LS_RULES_FIFO] = {"fifo", {LS_RULE_FIFO}, 1},
    [LS_RULES_SPT] = {"spt", {LS_RULE_SPT}, 1},
    [LS_RULES_EDD] = {"edd", {LS_RULE_EDD}, 1},
    [LS_RULES_CR] = {"cr", {LS_RULE_CR}, 1},
    [LS_RULES_SLACK] = {"slack", {LS_RULE_SLACK}, 1},
    [LS_RULES_LBFS] = {"lbfs", {LS_RULE_LBFS}, 1},
    [LS_RULES_SETUP] = {"setup", {LS_RULE_SETUP}, 1},
    [LS_RULES_SETUP_LBFS] = {"setup, lbfs", {LS_RULE_SETUP, LS_RULE_LBFS}, 2},
    [LS_RULES_SETUP_EDD] = {"setup, edd", {LS_RULE_SETUP, LS_RULE_EDD}, 2},
    [LS_RULES_NO_SETUP_SPT] = {"no-setup, spt", {LS_RULE_NO_SETUP, LS_RULE_SPT}, 2},
    [LS_RULES_NO_SETUP_LBFS] = {"no-setup, lbfs", {LS_RULE_NO_SETUP, LS_RULE_LBFS}, 2},
    [LS_RULES_NO_SETUP_EDD] = {"no-setup, edd", {LS_RULE_NO_SETUP, LS_RULE_EDD}, 2},
    [LS_RULES_NO_SETUP_SLACK] = {"no-setup, slack", {LS_RULE_NO_SETUP, LS_RULE_SLACK}, 2},
};

const char *ls_rule_kind_name(ls_rule_kind kind) {
    return (unsigned)kind < LS_RULES_COUNT ? rows[kind].name : "?";
}

static bool has_dates(const ls_plant *plant) {
    bool dated = false;
    for (uint32_t i = 0; i < plant->release_count; i++) {
        dated |= plant->releases[i].due != LS_NONE;
    }
    for (uint32_t i = 0; i < plant->order_count; i++) {
        dated |= plant->orders[i].due_us != LS_FOREVER;
    }
    for (uint32_t i = 0; i < plant->wip_count; i++) {
        dated |= plant->wip[i].due_us != LS_FOREVER;
    }
    return dated;
}

static uint32_t steps_at(const ls_plant *plant, uint32_t station) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < plant->step_count; i++) {
        count += plant->steps[i].station == station;
    }
    return count;
}

bool ls_rules_apply(const ls_plant *plant, uint32_t station, ls_rule_kind kind) {
    const bool many = steps_at(plant, station) > 1;
    switch (kind) {
    case LS_RULES_OWN:
    case LS_RULES_FIFO: return true;
    case LS_RULES_SPT:
    case LS_RULES_LBFS: return many;
    case LS_RULES_EDD: return has_dates(plant);
    case LS_RULES_CR:
    case LS_RULES_SLACK: return many && has_dates(plant);
    case LS_RULES_SETUP:
    case LS_RULES_SETUP_LBFS:
    case LS_RULES_NO_SETUP_SPT:
    case LS_RULES_NO_SETUP_LBFS: return many && plant->stations[station].setup_count > 1;
    case LS_RULES_SETUP_EDD:
    case LS_RULES_NO_SETUP_EDD:
    case LS_RULES_NO_SETUP_SLACK:
        return many && plant->stations[station].setup_count > 1 && has_dates(plant);
    default: return false;
    }
}

bool ls_rules_are_followed(const ls_plant *plant, uint32_t station) {
    bool followed = false;
    for (uint32_t i = 0; i < plant->decide.point_count && !followed; i++) {
        const ls_decide_point *p = &plant->decide.points[i];
        followed = p->station == station &&
                   (p->kind == LS_DECIDE_DISPATCH || p->kind == LS_DECIDE_BATCH ||
                    p->kind == LS_DECIDE_SETUP);
    }
    return followed;
}

bool ls_rules_have_choice(const ls_plant *plant, uint32_t station) {
    return ls_rules_are_followed(plant, station) &&
           (steps_at(plant, station) > 1 || (steps_at(plant, station) == 1 && has_dates(plant)));
}

// ---- compiling

static uint32_t put_chain(const ls_plant *plant, const ls_station *st, uint8_t rule,
                          ls_criterion *out) {
    const ls_criterion *own = &plant->criteria[st->criterion_at];
    uint32_t count = 0;
    if (rule == LS_RULES_OWN) {
        memcpy(out, own, st->criterion_count * sizeof *own);
        return st->criterion_count;
    }
    if (st->criterion_count > 0 && own->rule == LS_RULE_HOT) {
        out[count++] = *own;
    }
    for (uint32_t i = 0; i < rows[rule].count; i++) {
        out[count++] = (ls_criterion){.rule = rows[rule].chain[i]};
    }
    return count;
}

ls_status ls_rules_compile(const ls_plant *plant, const ls_twin *own, const uint8_t *rules,
                           ls_twin **out, ls_error *err) {
    *out = NULL;
    ls_plant other = *plant;
    size_t room = 1;
    for (uint32_t i = 0; i < plant->station_count; i++) {
        room += plant->stations[i].criterion_count + CHAIN_MAX + 1;
    }
    other.stations = ls_alloc(plant->station_count * sizeof *other.stations + 1);
    other.criteria = ls_alloc(room * sizeof *other.criteria);
    ls_status status = LS_OK;
    if (other.stations == NULL || other.criteria == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory: base rules");
    } else {
        other.criterion_count = 0;
        other.limits.lots = own->model->lots;  // which a rule must not change
        for (uint32_t i = 0; i < plant->station_count; i++) {
            ls_station *st = &other.stations[i];
            *st = plant->stations[i];
            st->criterion_count = put_chain(plant, &plant->stations[i], rules[i],
                                            &other.criteria[other.criterion_count]);
            st->criterion_at = other.criterion_count;
            other.criterion_count += st->criterion_count;
        }
        status = ls_twin_create(&other, out, err);
    }
    ls_free(other.stations);
    ls_free(other.criteria);
    if (status == LS_OK) {
        status = ls_twin_check_kin(own, *out, err);
        if (status != LS_OK) {
            ls_twin_destroy(*out);
            *out = NULL;
        }
    }
    return status;
}

// ---- as text

static uint8_t at_station(const ls_plant *plant, uint32_t station, ls_rule_kind kind) {
    const bool may = ls_rules_have_choice(plant, station) && ls_rules_apply(plant, station, kind);
    return (uint8_t)(may ? kind : LS_RULES_OWN);
}

void ls_rules_uniform(const ls_plant *plant, ls_rule_kind kind, uint8_t *rules) {
    for (uint32_t i = 0; i < plant->station_count; i++) {
        rules[i] = at_station(plant, i, kind);
    }
}

// Stations that do otherwise when all do `kind`.
static uint32_t exceptions(const ls_plant *plant, const uint8_t *rules, ls_rule_kind kind) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < plant->station_count; i++) {
        count += rules[i] != at_station(plant, i, kind);
    }
    return count;
}

void ls_rules_text(const ls_plant *plant, const uint8_t *rules, char *out, size_t size) {
    ls_rule_kind common = LS_RULES_OWN;
    for (int k = 1; k < LS_RULES_COUNT; k++) {
        if (exceptions(plant, rules, (ls_rule_kind)k) < exceptions(plant, rules, common)) {
            common = (ls_rule_kind)k;
        }
    }
    ls_text_format(out, size, "%s", rows[common].name);
    for (uint32_t i = 0; i < plant->station_count; i++) {
        const size_t at = strlen(out);
        if (rules[i] != at_station(plant, i, common) && at + 1 < size) {
            ls_text_format(out + at, size - at, "; %s: %s", plant->stations[i].name,
                           rows[rules[i]].name);
        }
    }
}

static int find_rule(const char *name, size_t length) {
    for (int k = 0; k < LS_RULES_COUNT; k++) {
        if (strlen(rows[k].name) == length && memcmp(rows[k].name, name, length) == 0) {
            return k;
        }
    }
    return -1;
}

// "litho: setup" for one station.
static bool parse_exception(const ls_plant *plant, const char *text, size_t length,
                            uint8_t *rules) {
    for (uint32_t i = 0; i < plant->station_count; i++) {
        const size_t name = strlen(plant->stations[i].name);
        if (length > name + 2 && memcmp(text, plant->stations[i].name, name) == 0 &&
            memcmp(text + name, ": ", 2) == 0) {
            const int kind = find_rule(text + name + 2, length - name - 2);
            if (kind >= 0) {
                rules[i] = (uint8_t)kind;
                return true;
            }
        }
    }
    return false;
}

bool ls_rules_parse(const ls_plant *plant, const char *text, uint8_t *rules) {
    const char *end = strstr(text, "; ");
    size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
    const int common = find_rule(text, length);
    if (common < 0) {
        return false;
    }
    ls_rules_uniform(plant, (ls_rule_kind)common, rules);
    while (end != NULL) {
        text = end + 2;
        end = strstr(text, "; ");
        length = end != NULL ? (size_t)(end - text) : strlen(text);
        if (!parse_exception(plant, text, length, rules)) {
            return false;
        }
    }
    return true;
}
