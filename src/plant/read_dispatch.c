// read_dispatch.c - dispatch rules, of the plant and of a station.
#include <assert.h>
#include <string.h>

#include "plant/reader.h"

// In the order of ls_rule; the table of keys lists the same words for people.
static const char *const rule_names[] = {"fifo",  "lifo",       "spt",      "lpt",    "edd",
                                         "slack", "cr",         "fbfs",     "lbfs",   "setup",
                                         "hot",   "queue-time", "weighted", "random", "no-setup"};

const char *ls_rule_name(ls_rule rule) {
    assert((size_t)rule < sizeof rule_names / sizeof rule_names[0]);
    return rule_names[rule];
}

static bool rule_of(const char *text, ls_rule *out) {
    for (size_t i = 0; i < sizeof rule_names / sizeof rule_names[0]; i++) {
        if (i != LS_RULE_WEIGHTED && strcmp(rule_names[i], text) == 0) {
            *out = (ls_rule)i;
            return true;
        }
    }
    return false;
}

static void read_weights(ls_reader *r, const ls_yaml *map, double *weights) {
    static const char *const paths[LS_W_COUNT] = {
        "dispatch.weighted.wait",    "dispatch.weighted.priority", "dispatch.weighted.setup",
        "dispatch.weighted.process", "dispatch.weighted.slack",    "dispatch.weighted.late",
        "dispatch.weighted.step",
    };
    for (int i = 0; i < LS_W_COUNT; i++) {
        ls_take_number(r, map, paths[i], &weights[i]);
    }
}

void ls_read_dispatch(ls_reader *r, const ls_yaml *value, uint32_t *out_at, uint32_t *out_count) {
    *out_at = r->criteria.count;
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *item = ls_yaml_nth(value, i);
        ls_criterion criterion = {.rule = LS_RULE_FIFO};
        if (item->kind == LS_YAML_MAP) {
            criterion.rule = LS_RULE_WEIGHTED;
            read_weights(r, ls_take(r, item, "dispatch.weighted"), criterion.weights);
        } else if (!ls_yaml_is_text(item) || !rule_of(item->text, &criterion.rule)) {
            continue;
        }
        *(ls_criterion *)ls_rows_push(r, &r->criteria, NULL) = criterion;
    }
    *out_count = r->criteria.count - *out_at;
}
