// read_models.c - `models:`: what is predicted, from which tags, with which label, and the gates.
#include <math.h>
#include <string.h>

#include "plant/reader.h"

static const char *const what_names[LS_PREDICT_COUNT] = {
    "quality", "anomaly", "life", "time", "scrap", "energy", "sensor", "order",
};

const char *ls_model_what_name(ls_model_what what) {
    return what_names[what];
}

const char *ls_model_objective_name(ls_model_objective objective) {
    static const char *const names[LS_OBJECTIVE_COUNT] = {
        "auto", "number", "binary", "classes", "count", "life", "quantile", "rank",
    };
    return names[objective];
}

// A text or a list of them, into the plant.
static const char **take_texts(ls_reader *r, const ls_yaml *value, uint32_t most, const char *what,
                               uint32_t *out_count) {
    ls_rows rows;
    ls_names names;
    ls_rows_init(&rows, sizeof(const char *));
    ls_names_init(&names);
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *one = ls_yaml_nth(value, i);
        if (!ls_yaml_is_text(one)) {
            continue;  // the check has said so
        }
        if (one->text[0] == '\0') {
            ls_reader_mistake(r, one, NULL, "an empty name of a %s", what);
        } else if (ls_names_add(&names, 0, one->text, i) != UINT32_MAX) {
            ls_reader_mistake(r, one, "take one out", "the %s '%s' stands here twice", what,
                              one->text);
        } else if (rows.count == most) {
            ls_reader_mistake(r, one, NULL, "a model has at most %u %ss", most, what);
            break;
        } else {
            *(const char **)ls_rows_push(r, &rows, NULL) = ls_reader_text(r, one->text);
        }
    }
    r->form.out_of_memory = r->form.out_of_memory || names.failed;
    const char **out = ls_rows_close(r, &rows, out_count);
    ls_rows_clear(&rows);
    ls_names_clear(&names);
    return out;
}

static void take_windows(ls_reader *r, const ls_yaml *map, ls_model_plan *plan) {
    const ls_yaml *value = ls_take(r, map, "models.*.window");
    const int64_t least = 32000;  // panes of a millisecond
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *one = ls_yaml_nth(value, i);
        int64_t us = 0;
        if (!ls_yaml_is_text(one) || ls_units_time(one->text, &us, NULL) != LS_OK) {
            continue;
        }
        if (us < least) {
            ls_reader_mistake(r, one, "from 32 ms on", "a window of '%s' is too short", one->text);
        } else if (plan->window_count == LS_MODEL_WINDOWS_MAX) {
            ls_reader_mistake(r, one, NULL, "a model has at most %d windows", LS_MODEL_WINDOWS_MAX);
            return;
        } else {
            plan->windows_us[plan->window_count++] = us;
        }
    }
    if (value == NULL) {
        plan->windows_us[0] = INT64_C(600000000);
        plan->window_count = 1;
    }
}

// The bit of each word, in the order of the table's words; `otherwise` when there is none.
static uint32_t take_bits(ls_reader *r, const ls_yaml *map, const char *path, uint32_t otherwise) {
    const ls_yaml *value = ls_take(r, map, path);
    const char *words = ls_plant_schema.keys[ls_schema_find(&ls_plant_schema, path)].words;
    uint32_t bits = 0;
    for (uint32_t i = 0; i < ls_yaml_many(value); i++) {
        const ls_yaml *one = ls_yaml_nth(value, i);
        uint32_t bit = 1;
        for (const char *at = words; ls_yaml_is_text(one) && *at != '\0'; bit <<= 1) {
            const size_t length = strcspn(at, " ");
            if (strlen(one->text) == length && strncmp(one->text, at, length) == 0) {
                bits |= bit;
            }
            at += length + (at[length] == ' ');
        }
    }
    return bits != 0 ? bits : otherwise;
}

static void take_date(ls_reader *r, const ls_yaml *map, const char *path, int64_t *out_us) {
    const char *text = NULL;
    int64_t us = 0;
    if (ls_take_text(r, map, path, &text) && ls_units_date(text, &us, NULL) == LS_OK) {
        *out_us = us;
    }
}

static void read_monitor(ls_reader *r, const ls_yaml *model, ls_model_plan *plan) {
    ls_model_monitor *m = &plan->monitor;
    const ls_yaml *map = ls_take_map(r, model, "models.*.monitor");
    const ls_yaml *learner = ls_take(r, model, "models.*.learner");
    const bool is_pca = strcmp(plan->learner, "pca") == 0;
    m->is = is_pca || strcmp(plan->learner, "dpca") == 0;
    if (!m->is) {
        if (map != NULL) {
            ls_reader_mistake(r, map, "'what: anomaly, learner: dpca'",
                              "model '%s': '%s' is no monitor", plan->name, plan->learner);
        }
        return;
    }
    if (plan->what != LS_PREDICT_ANOMALY) {
        ls_reader_mistake(r, learner, "what: anomaly",
                          "model '%s': '%s' says how unusual a unit is, and nothing else",
                          plan->name, plan->learner);
    }
    m->lags = is_pca ? 0 : 2;
    m->from_us = INT64_MIN;
    m->until_us = INT64_MAX;
    if (ls_take_u32(r, map, "models.*.monitor.lags", &m->lags) && is_pca && m->lags > 0) {
        ls_reader_mistake(r, ls_take(r, map, "models.*.monitor.lags"), "learner: dpca",
                          "model '%s': 'pca' has no lags", plan->name);
    }
    ls_take_share(r, map, "models.*.monitor.share", &m->share);
    ls_take_number(r, map, "models.*.monitor.newest", &m->newest);
    ls_take_share(r, map, "models.*.monitor.false-alarms", &m->false_alarms);
    ls_take_u32(r, map, "models.*.monitor.row", &m->row);
    m->statistics = take_bits(r, map, "models.*.monitor.statistics", 4U);  // whole
    take_date(r, map, "models.*.monitor.from", &m->from_us);
    take_date(r, map, "models.*.monitor.until", &m->until_us);
    if (m->from_us >= m->until_us) {
        ls_reader_mistake(r, ls_take(r, map, "models.*.monitor.until"), NULL,
                          "model '%s': good operation ends before it begins", plan->name);
    }
    if (!(m->share > 0.0) || !(m->newest > 0.0)) {
        ls_reader_mistake(
            r,
            ls_take(r, map, m->share > 0.0 ? "models.*.monitor.newest" : "models.*.monitor.share"),
            "above 0", "model '%s': with nothing of it there is no monitor", plan->name);
    }
    if (!(m->false_alarms > 0.0) || m->false_alarms >= 0.5) {
        ls_reader_mistake(r, ls_take(r, map, "models.*.monitor.false-alarms"),
                          "above 0, below 50 %", "model '%s': no limit has so many false alarms",
                          plan->name);
    }
}

// A time, or `never`.
static void take_time_or_never(ls_reader *r, const ls_yaml *map, const char *path, int64_t *out) {
    const ls_yaml *value = ls_take(r, map, path);
    *out = LS_FOREVER;
    if (!ls_yaml_is_text(value) || strcmp(value->text, "never") != 0) {
        ls_take_time(r, map, path, out);
    }
}

static void refuse_label(ls_reader *r, const ls_yaml *model, ls_model_plan *plan) {
    plan->label = (ls_model_label){.kind = LS_LABEL_NONE, .source = ""};
    const ls_yaml *label = ls_take(r, model, "models.*.label");
    if (label != NULL) {
        ls_reader_mistake(r, label, "take it out",
                          "model '%s': a monitor learns from good operation, not from a label",
                          plan->name);
    }
    if (plan->horizon_us > 0) {
        ls_reader_mistake(r, ls_take(r, model, "models.*.horizon"), "take it out",
                          "model '%s': a monitor is about now", plan->name);
        plan->horizon_us = 0;
    }
}

static void read_label(ls_reader *r, const ls_yaml *key, const ls_yaml *model,
                       ls_model_plan *plan) {
    static const char *const keys[] = {"models.*.label.tag", "models.*.label.event",
                                       "models.*.label.file"};
    const ls_yaml *map = ls_take_map(r, model, "models.*.label");
    int found = 0;
    for (int i = 0; i < 3; i++) {
        if (ls_take_text(r, map, keys[i], &plan->label.source)) {
            plan->label.kind = (ls_model_label_kind)i;
            found++;
        }
    }
    ls_take_time(r, map, "models.*.label.delay", &plan->label.delay_us);
    take_time_or_never(r, map, "models.*.label.stale", &plan->label.stale_us);
    if (found == 1 && plan->label.kind != LS_LABEL_TAG && plan->label.stale_us != LS_FOREVER) {
        ls_reader_mistake(r, ls_take(r, map, "models.*.label.stale"), "take it out",
                          "model '%s': only a tag's value holds until the next one", plan->name);
    }
    const ls_yaml *at = map;
    for (size_t i = 0; i < model->count && at == NULL; i++) {
        const bool is_empty = model->items[i].kind == LS_YAML_NULL;  // `label:` and nothing behind
        at = is_empty && strcmp(model->keys[i].text, "label") == 0 ? &model->items[i] : NULL;
    }
    if (found != 1) {
        ls_reader_mistake(r, at != NULL ? at : key, "one of 'tag', 'event' and 'file'",
                          found == 0 ? "the label of model '%s' comes from nowhere"
                                     : "the label of model '%s' comes from several places",
                          plan->name);
    }
    if (found == 1 && (plan->what == LS_PREDICT_LIFE) != (plan->label.kind == LS_LABEL_EVENT)) {
        ls_reader_mistake(
            r, map, plan->what == LS_PREDICT_LIFE ? "label: {event: KIND}" : "what: life",
            plan->what == LS_PREDICT_LIFE ? "model '%s': a life ends with an event"
                                          : "model '%s': an event is the label of 'what: life'",
            plan->name);
    }
}

static void read_trees(ls_reader *r, const ls_yaml *model, ls_model_plan *plan) {
    const ls_yaml *map = ls_take_map(r, model, "models.*.trees");
    int64_t rounds = 0, depth = 0;
    ls_take_count(r, map, "models.*.trees.rounds", &rounds);
    ls_take_count(r, map, "models.*.trees.depth", &depth);
    plan->trees.rounds = (uint32_t)rounds;
    plan->trees.depth = (uint32_t)depth;
    ls_take_number(r, map, "models.*.trees.rate", &plan->trees.rate);
    ls_take_number(r, map, "models.*.trees.child", &plan->trees.child);
    ls_take_share(r, map, "models.*.trees.rows", &plan->trees.rows);
    ls_take_share(r, map, "models.*.trees.columns", &plan->trees.columns);
    ls_take_number(r, map, "models.*.trees.lambda", &plan->trees.lambda);
    const struct {
        double share;
        const char *path;
    } shares[] = {{plan->trees.rows, "models.*.trees.rows"},
                  {plan->trees.columns, "models.*.trees.columns"}};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        if (shares[i].share <= 0.0) {
            ls_reader_mistake(r, ls_take(r, map, shares[i].path), "above 0",
                              "model '%s': a tree would learn from nothing", plan->name);
        }
    }
}

static bool is_trees(const ls_model_plan *plan) {
    return plan->learner != NULL && strcmp(plan->learner, "trees") == 0;
}

// What is learned, and whether the learner, the label and the classes go with it.
static void read_objective(ls_reader *r, const ls_yaml *model, ls_model_plan *plan) {
    int choice = 0;
    ls_take_choice(r, model, "models.*.objective", &choice);
    plan->objective = (ls_model_objective)choice;
    plan->classes = take_texts(r, ls_take(r, model, "models.*.classes"), LS_MODEL_CLASSES_MAX,
                               "class", &plan->class_count);
    ls_take_number(r, model, "models.*.quantile", &plan->quantile);
    ls_take_u32(r, model, "models.*.top", &plan->top);
    if (plan->objective == LS_OBJECTIVE_AUTO) {
        plan->objective = plan->what == LS_PREDICT_ORDER                    ? LS_OBJECTIVE_RANK
                          : plan->class_count > 2                           ? LS_OBJECTIVE_CLASSES
                          : plan->class_count > 0                           ? LS_OBJECTIVE_BINARY
                          : plan->what == LS_PREDICT_LIFE && is_trees(plan) ? LS_OBJECTIVE_LIFE
                                                                            : LS_OBJECTIVE_NUMBER;
    }
    const ls_yaml *at = ls_take(r, model, "models.*.objective");
    at = at != NULL ? at : ls_take(r, model, "models.*.classes");
    at = at != NULL ? at : ls_take(r, model, "models.*.learner");
    at = at != NULL ? at : ls_take(r, model, "models.*.what");
    const ls_model_objective o = plan->objective;
    if (plan->monitor.is && (o != LS_OBJECTIVE_NUMBER || plan->class_count > 0)) {
        ls_reader_mistake(r, at, "take it out",
                          "model '%s': a monitor learns what is usual, and no label", plan->name);
        return;
    }
    if (o == LS_OBJECTIVE_LIFE && plan->what != LS_PREDICT_LIFE) {
        ls_reader_mistake(r, at, "what: life, label: {event: KIND}",
                          "model '%s': 'objective: life' learns when an event comes", plan->name);
    } else if ((o == LS_OBJECTIVE_CLASSES && plan->class_count < 2) ||
               (o == LS_OBJECTIVE_BINARY && plan->class_count == 1)) {
        ls_reader_mistake(r, at, "classes: [good, scrap]", "model '%s': two classes at least",
                          plan->name);
    } else if (plan->class_count > (o == LS_OBJECTIVE_CLASSES  ? LS_MODEL_CLASSES_MAX
                                    : o == LS_OBJECTIVE_BINARY ? 2U
                                                               : 0U)) {
        ls_reader_mistake(r, at,
                          o == LS_OBJECTIVE_BINARY ? "objective: classes" : "take 'classes' out",
                          "model '%s': 'objective: %s' has no use for %u classes", plan->name,
                          ls_model_objective_name(o), plan->class_count);
    } else if (o != LS_OBJECTIVE_NUMBER && plan->learner != NULL &&
               strcmp(plan->learner, "linear") == 0) {
        ls_reader_mistake(r, at, "learner: trees",
                          "model '%s': the learner 'linear' knows 'objective: number' only, not "
                          "'%s'",
                          plan->name, ls_model_objective_name(o));
    }
}

static void read_search(ls_reader *r, const ls_yaml *model, ls_model_plan *plan) {
    int64_t trials = 0;
    ls_take_count(r, model, "models.*.search", &trials);
    plan->search = (uint32_t)trials;
    ls_take_share(r, model, "models.*.validate", &plan->validate);
    if (trials > 0 && !is_trees(plan)) {
        ls_reader_mistake(r, ls_take(r, model, "models.*.search"), "learner: trees",
                          "model '%s': only settings of trees can be searched for", plan->name);
    }
    if (plan->validate < 0.05 || plan->validate > 0.8) {
        ls_reader_mistake(r, ls_take(r, model, "models.*.validate"), "5 % to 80 %",
                          "model '%s': this share leaves too little on one side", plan->name);
    }
}

static void read_key(ls_reader *r, const ls_yaml *model, ls_model_plan *plan) {
    int64_t from = 1;
    ls_take_text(r, model, "models.*.signed-by", &plan->signed_by);
    ls_take_count(r, model, "models.*.signed-from", &from);
    plan->signed_from = (uint32_t)from;
    if (from > 1 && plan->signed_by == NULL) {
        ls_reader_mistake(r, ls_take(r, model, "models.*.signed-from"), "signed-by: release.pub",
                          "model '%s': versions are withdrawn only where a key is demanded",
                          plan->name);
    }
}

// What is to be predicted may not be among the features when it is no later than they are.
static void check_leak(ls_reader *r, const ls_yaml *model, const ls_model_plan *plan) {
    const ls_yaml *tags = ls_take(r, model, "models.*.tags");
    for (uint32_t i = 0; i < ls_yaml_many(tags); i++) {
        const ls_yaml *one = ls_yaml_nth(tags, i);
        if (plan->label.source != NULL && plan->label.kind == LS_LABEL_TAG &&
            plan->horizon_us == 0 && ls_yaml_is_text(one) &&
            strcmp(one->text, plan->label.source) == 0) {
            ls_reader_mistake(r, one, "take it out, or give a 'horizon'",
                              "model '%s': the label '%s' is among the tags it is predicted from",
                              plan->name, one->text);
        }
    }
}

static void check_units(ls_reader *r, const ls_yaml *model, const ls_model_plan *plan) {
    bool names_unit = false;
    for (uint32_t i = 0; i < plan->tag_count; i++) {
        names_unit = names_unit || strstr(plan->tags[i], "{unit}") != NULL;
    }
    if (names_unit && plan->unit_count == 0) {
        ls_reader_mistake(r, ls_take(r, model, "models.*.tags"), "of: [NAME, NAME]",
                          "model '%s': '{unit}' stands for nothing, no units are named",
                          plan->name);
    } else if (!names_unit && plan->unit_count > 1) {
        ls_reader_mistake(r, ls_take(r, model, "models.*.of"), "'{unit}' in a tag stands for it",
                          "model '%s': every unit would be predicted from the same tags",
                          plan->name);
    }
}

static void read_while(ls_reader *r, const ls_yaml *model, ls_model_plan *plan) {
    const ls_yaml *map = ls_take_map(r, model, "models.*.while");
    ls_model_while *w = &plan->when;
    const char *tag = NULL;
    *w = (ls_model_while){.above = -INFINITY, .below = INFINITY};
    const bool is_above = ls_take_number(r, map, "models.*.while.above", &w->above);
    const bool is_below = ls_take_number(r, map, "models.*.while.below", &w->below);
    if (map == NULL || !ls_take_text(r, map, "models.*.while.tag", &tag)) {
        return;
    }
    while (w->tag < plan->tag_count && strcmp(plan->tags[w->tag], tag) != 0) {
        w->tag++;
    }
    w->is = w->tag < plan->tag_count;
    if (!w->is) {
        ls_reader_mistake(r, ls_take(r, map, "models.*.while.tag"),
                          "one of 'tags', letter by letter", "model '%s': '%s' is none of its tags",
                          plan->name, tag);
    } else if (!is_above && !is_below) {
        ls_reader_mistake(r, map, "as 'above: 2'", "model '%s': 'while' without a bound",
                          plan->name);
    } else if (!(w->above < w->below)) {
        ls_reader_mistake(r, ls_take(r, map, "models.*.while.below"), "above 'above'",
                          "model '%s': nothing is within these bounds", plan->name);
    } else if (plan->monitor.is) {
        ls_reader_mistake(r, map, "take it out",
                          "model '%s': a monitor hears every moment: its rows hang together",
                          plan->name);
    }
}

static void read_gates(ls_reader *r, const ls_yaml *model, ls_model_gates *gates) {
    const ls_yaml *map = ls_take_map(r, model, "models.*.gates");
    ls_take_share(r, map, "models.*.gates.level", &gates->level);
    ls_take_share(r, map, "models.*.gates.gain", &gates->gain);
    ls_take_number(r, map, "models.*.gates.worst", &gates->worst);
    ls_take_share(r, map, "models.*.gates.coverage", &gates->coverage);
    ls_take_share(r, map, "models.*.gates.interval", &gates->interval);
    ls_take_number(r, map, "models.*.gates.missing", &gates->missing);
    ls_take_share(r, map, "models.*.gates.calibration", &gates->calibration);
    ls_take_share(r, map, "models.*.gates.balance", &gates->balance);
    ls_take_time(r, map, "models.*.gates.latency", &gates->latency_us);
    ls_take_share(r, map, "models.*.gates.false-alarms", &gates->false_alarms);
    const struct {
        double value;
        const char *path;
    } levels[] = {{gates->level, "models.*.gates.level"},
                  {gates->interval, "models.*.gates.interval"}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (levels[i].value < 0.5 || levels[i].value > 0.9999) {
            ls_reader_mistake(r, ls_take(r, map, levels[i].path), "50 % to 99.99 %",
                              "this is no level to test at");
        }
    }
}

// Values of two versions can be compared one by one, orders cannot: those have no shadow.
static void read_shadow(ls_reader *r, const ls_yaml *model, ls_model_plan *plan) {
    ls_model_shadow *shadow = &plan->shadow;
    const ls_yaml *map = ls_take_map(r, model, "models.*.shadow");
    if (!ls_take_time(r, map, "models.*.shadow.for", &shadow->for_us) &&
        plan->objective == LS_OBJECTIVE_RANK) {
        shadow->for_us = 0;
    }
    ls_take_time(r, map, "models.*.shadow.most", &shadow->most_us);
    if (shadow->most_us < shadow->for_us) {
        const ls_yaml *most = ls_take(r, map, "models.*.shadow.most");
        ls_reader_mistake(r, most != NULL ? most : ls_take(r, map, "models.*.shadow.for"),
                          "'most' of at least 'for'",
                          "the longest shadow is shorter than the least");
    }
}

static void read_drift(ls_reader *r, const ls_yaml *model, ls_model_plan *plan) {
    const ls_yaml *map = ls_take_map(r, model, "models.*.drift");
    ls_take_time(r, map, "models.*.drift.window", &plan->drift.window_us);
    ls_take_number(r, map, "models.*.drift.psi", &plan->drift.psi);
    ls_take_share(r, map, "models.*.drift.false_alarms", &plan->drift.false_alarms);
    if (plan->drift.false_alarms < 1e-6 || plan->drift.false_alarms > 0.5) {
        ls_reader_mistake(r, ls_take(r, map, "models.*.drift.false_alarms"), "0.0001 % to 50 %",
                          "this is no share of false alarms to test at");
    }
    map = ls_take_map(r, model, "models.*.retrain");
    ls_take_yes(r, map, "models.*.retrain.drift", &plan->retrain.on_drift);
    take_time_or_never(r, map, "models.*.retrain.every", &plan->retrain.every_us);
    ls_take_time(r, map, "models.*.retrain.pause", &plan->retrain.pause_us);
    ls_take_count(r, map, "models.*.retrain.rows", &plan->retrain.rows);
}

static void check_split(ls_reader *r, const ls_yaml *model, const ls_model_plan *plan) {
    if (plan->train <= 0.0 || plan->train + plan->calibrate >= 1.0) {
        const ls_yaml *at = ls_take(r, model, "models.*.train");
        ls_reader_mistake(r, at != NULL ? at : ls_take(r, model, "models.*.calibrate"),
                          "as 'train: 60 %, calibrate: 20 %'", "model '%s': nothing is left to %s",
                          plan->name, plan->train <= 0.0 ? "learn from" : "test on");
    }
}

// An order is among the units of a moment: there must be several, on the same side of a cut.
static void check_order(ls_reader *r, const ls_yaml *model, const ls_model_plan *plan) {
    const bool is_rank = plan->objective == LS_OBJECTIVE_RANK && !plan->monitor.is;
    const ls_yaml *what = ls_take(r, model, "models.*.what");
    const ls_yaml *shadow = ls_take_map(r, model, "models.*.shadow");
    if (is_rank && plan->what != LS_PREDICT_ORDER) {
        ls_reader_mistake(r, ls_take(r, model, "models.*.objective"), "what: order",
                          "model '%s': 'objective: rank' learns an order, and no value",
                          plan->name);
    } else if (!is_rank && plan->what == LS_PREDICT_ORDER) {
        const ls_yaml *at = ls_take(r, model, "models.*.objective");
        ls_reader_mistake(r, at != NULL ? at : what, "objective: rank",
                          "model '%s': 'what: order' is learned as an order, not as '%s'",
                          plan->name, ls_model_objective_name(plan->objective));
    } else if (is_rank && plan->unit_count < 2) {
        const ls_yaml *of = ls_take(r, model, "models.*.of");
        ls_reader_mistake(r, of != NULL ? of : what, "of: [NAME, NAME]",
                          "model '%s': an order is among two units at least", plan->name);
    } else if (is_rank && plan->by_unit) {
        ls_reader_mistake(r, ls_take(r, model, "models.*.split"), "split: time",
                          "model '%s': an order is among all units of a moment: none stands apart",
                          plan->name);
    } else if (is_rank && plan->shadow.for_us > 0) {
        ls_reader_mistake(r, ls_take(r, shadow, "models.*.shadow.for"), "for: 0 s",
                          "model '%s': an order has no shadow: its gates alone decide", plan->name);
    }
}

static void read_model(ls_reader *r, const ls_yaml *key, const ls_yaml *map, ls_model_plan *plan) {
    int choice = 0;
    *plan = (ls_model_plan){
        .name = ls_reader_text(r, key->text), .line = key->line, .column = key->column};
    if (strlen(plan->name) > LS_MODEL_NAME_MAX || strchr(plan->name, '/') != NULL ||
        strchr(plan->name, ':') != NULL || plan->name[0] == '.') {
        const ls_yaml at = {.line = key->line, .column = key->column};
        ls_reader_mistake(r, &at, "at most 63 bytes, no '/', no ':'",
                          "'%s' cannot be the name of a model: a folder is called so", plan->name);
    }
    ls_take_choice(r, map, "models.*.what", &choice);
    plan->what = (ls_model_what)choice;
    plan->units = take_texts(r, ls_take(r, map, "models.*.of"), LS_MODEL_UNITS_MAX, "unit",
                             &plan->unit_count);
    plan->tags = take_texts(r, ls_take(r, map, "models.*.tags"), LS_MODEL_TAGS_MAX, "tag",
                            &plan->tag_count);
    ls_take_text(r, map, "models.*.learner", &plan->learner);
    read_monitor(r, map, plan);
    // What is in force is all that a monitor needs: the lags tell how it moves. Else last, mean,
    // std, slope.
    plan->kinds = take_bits(r, map, "models.*.features",
                            plan->monitor.is ? 1U : 1U | 2U | 4U | 32U);
    take_windows(r, map, plan);
    if (ls_take_time(r, map, "models.*.every", &plan->every_us) && plan->every_us < 1000) {
        ls_reader_mistake(r, ls_take(r, map, "models.*.every"), "from 1 ms on",
                          "this is too often");
    }
    ls_take_time(r, map, "models.*.horizon", &plan->horizon_us);
    read_while(r, map, plan);
    if (plan->monitor.is) {
        refuse_label(r, map, plan);
    } else {
        read_label(r, key, map, plan);
    }
    read_objective(r, map, plan);
    read_trees(r, map, plan);
    read_search(r, map, plan);
    read_key(r, map, plan);
    int64_t seed = 0;
    ls_take_count(r, map, "models.*.seed", &seed);
    plan->seed = (uint64_t)seed;
    choice = 0;
    ls_take_choice(r, map, "models.*.split", &choice);
    plan->by_unit = choice == 1;
    ls_take_share(r, map, "models.*.train", &plan->train);
    ls_take_share(r, map, "models.*.calibrate", &plan->calibrate);
    ls_take_time(r, map, "models.*.gap", &plan->gap_us);
    read_gates(r, map, &plan->gates);
    read_shadow(r, map, plan);
    read_drift(r, map, plan);
    choice = 0;
    ls_take_choice(r, map, "models.*.mode", &choice);
    plan->is_auto = choice == 1;
    check_leak(r, map, plan);
    check_units(r, map, plan);
    check_split(r, map, plan);
    check_order(r, map, plan);
}

const ls_model_plan *ls_reader_model(const ls_reader *r, const char *name, size_t length) {
    for (uint32_t i = 0; i < r->plant->model_count; i++) {
        const ls_model_plan *plan = &r->plant->models[i];
        if (strlen(plan->name) == length && memcmp(plan->name, name, length) == 0) {
            return plan;
        }
    }
    return NULL;
}

bool ls_model_says(const ls_model_plan *plan, const char *unit) {
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        if (strcmp(plan->units[i], unit) == 0) {
            return true;
        }
    }
    return false;
}

void ls_read_models(ls_reader *r) {
    const ls_yaml *map = ls_take_map(r, r->form.root, "models");
    ls_rows rows;
    ls_rows_init(&rows, sizeof(ls_model_plan));
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        if (map->items[i].kind == LS_YAML_MAP) {
            read_model(r, &map->keys[i], &map->items[i], ls_rows_push(r, &rows, NULL));
        }
    }
    r->plant->models = ls_rows_close(r, &rows, &r->plant->model_count);
    ls_rows_clear(&rows);
}
