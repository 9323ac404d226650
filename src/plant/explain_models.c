// explain_models.c - `models:` as the plant file says them, every default filled in.
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "plant/explain_values.h"
#include "plant/schema.h"

static void put_list(ls_buffer *out, const char *key, const char *const *texts, uint32_t count) {
    ls_buffer_printf(out, "    %s: [", key);
    for (uint32_t i = 0; i < count; i++) {
        ls_buffer_text(out, i > 0 ? ", " : "");
        ls_put_text(out, texts[i]);
    }
    ls_buffer_text(out, "]\n");
}

// The words of the key that belong to the bits.
static void put_bits(ls_buffer *out, const char *path, uint32_t bits) {
    const char *at = ls_plant_schema.keys[ls_schema_find(&ls_plant_schema, path)].words;
    uint32_t left = bits;
    for (; *at != '\0' && left != 0; left >>= 1) {
        const size_t length = strcspn(at, " ");
        if ((left & 1) != 0) {
            ls_buffer_printf(out, "%.*s%s", (int)length, at, left > 1 ? ", " : "");
        }
        at += length + (at[length] == ' ');
    }
}

static void put_features(ls_buffer *out, const ls_model_plan *m) {
    ls_buffer_text(out, "    features: [");
    put_bits(out, "models.*.features", m->kinds);
    ls_buffer_text(out, "]\n    window: [");
    for (uint32_t i = 0; i < m->window_count; i++) {
        ls_buffer_text(out, i > 0 ? ", " : "");
        ls_put_time(out, m->windows_us[i]);
    }
    ls_buffer_text(out, "]\n");
}

static void put_time(ls_buffer *out, const char *before, int64_t us) {
    ls_buffer_text(out, before);
    ls_put_time(out, us);
}

static void put_number(ls_buffer *out, const char *before, double value) {
    ls_buffer_text(out, before);
    ls_put_number(out, value);
}

static void put_gates(ls_buffer *out, const ls_model_gates *g) {
    put_number(out, "    gates: {level: ", g->level);
    put_number(out, ", gain: ", g->gain);
    put_number(out, ", worst: ", g->worst);
    put_number(out, ", coverage: ", g->coverage);
    put_number(out, ", interval: ", g->interval);
    put_number(out, ", missing: ", g->missing);
    put_number(out, ", calibration: ", g->calibration);
    put_number(out, ", balance: ", g->balance);
    put_time(out, ", latency: ", g->latency_us);
    ls_buffer_text(out, "}\n");
}

static void put_yes(ls_buffer *out, const char *before, bool yes) {
    ls_buffer_text(out, before);
    ls_buffer_text(out, yes ? "yes" : "no");
}

static void put_service(ls_buffer *out, const ls_model_plan *m) {
    put_time(out, "    shadow: {for: ", m->shadow.for_us);
    put_time(out, ", most: ", m->shadow.most_us);
    put_time(out, "}\n    drift: {window: ", m->drift.window_us);
    put_number(out, ", psi: ", m->drift.psi);
    put_number(out, ", false_alarms: ", m->drift.false_alarms);
    put_yes(out, "}\n    retrain: {drift: ", m->retrain.on_drift);
    if (m->retrain.every_us == LS_FOREVER) {
        ls_buffer_text(out, ", every: never");
    } else {
        put_time(out, ", every: ", m->retrain.every_us);
    }
    put_time(out, ", pause: ", m->retrain.pause_us);
    ls_buffer_printf(out, ", rows: %lld}\n", (long long)m->retrain.rows);
}

static void put_learning(ls_buffer *out, const ls_model_plan *m) {
    const ls_model_trees *t = &m->trees;
    ls_buffer_printf(out, "    objective: %s\n", ls_model_objective_name(m->objective));
    if (m->class_count > 0) {
        put_list(out, "classes", m->classes, m->class_count);
    }
    put_number(out, "    quantile: ", m->quantile);
    ls_buffer_printf(out, "\n    top: %u", m->top);
    ls_buffer_printf(out, "\n    trees: {rounds: %u, depth: %u", t->rounds, t->depth);
    put_number(out, ", rate: ", t->rate);
    put_number(out, ", child: ", t->child);
    put_number(out, ", rows: ", t->rows);
    put_number(out, ", columns: ", t->columns);
    put_number(out, ", lambda: ", t->lambda);
    ls_buffer_printf(out, "}\n    search: %u\n", m->search);
    put_number(out, "    validate: ", m->validate);
    ls_buffer_text(out, "\n");
}

static void put_key(ls_buffer *out, const ls_model_plan *m) {
    if (m->signed_by != NULL) {
        ls_buffer_text(out, "    signed-by: ");
        ls_put_text(out, m->signed_by);
        ls_buffer_printf(out, "\n    signed-from: %u\n", m->signed_from);
    }
}

static void put_date(ls_buffer *out, const char *before, int64_t us) {
    char text[48];
    if (us != INT64_MIN && us != INT64_MAX) {
        ls_units_print_date(us, text, sizeof text);
        ls_buffer_printf(out, "%s%s", before, text);
    }
}

static void put_monitor(ls_buffer *out, const ls_model_monitor *m) {
    ls_buffer_printf(out, "    monitor: {lags: %u", m->lags);
    put_number(out, ", share: ", m->share);
    put_number(out, ", newest: ", m->newest);
    put_number(out, ", false-alarms: ", m->false_alarms);
    ls_buffer_text(out, ", statistics: [");
    put_bits(out, "models.*.monitor.statistics", m->statistics);
    ls_buffer_printf(out, "], row: %u", m->row);
    put_date(out, ", from: ", m->from_us);
    put_date(out, ", until: ", m->until_us);
    ls_buffer_text(out, "}\n");
}

static void put_label(ls_buffer *out, const ls_model_plan *m) {
    static const char *const labels[] = {"tag", "event", "file"};
    put_time(out, "\n    horizon: ", m->horizon_us);
    ls_buffer_printf(out, "\n    label: {%s: ", labels[m->label.kind]);
    ls_put_text(out, m->label.source);
    put_time(out, ", delay: ", m->label.delay_us);
    if (m->label.kind == LS_LABEL_TAG && m->label.stale_us != LS_FOREVER) {
        put_time(out, ", stale: ", m->label.stale_us);
    }
    ls_buffer_text(out, "}");
}

static void put_while(ls_buffer *out, const ls_model_plan *m) {
    if (!m->when.is) {
        return;
    }
    ls_buffer_text(out, "\n    while: {tag: ");
    ls_put_text(out, m->tags[m->when.tag]);
    if (isfinite(m->when.above)) {
        put_number(out, ", above: ", m->when.above);
    }
    if (isfinite(m->when.below)) {
        put_number(out, ", below: ", m->when.below);
    }
    ls_buffer_text(out, "}");
}

static void put_model(ls_buffer *out, const ls_model_plan *m) {
    ls_buffer_text(out, "  ");
    ls_put_text(out, m->name);
    ls_buffer_printf(out, ":\n    what: %s\n", ls_model_what_name(m->what));
    if (m->unit_count > 0) {
        put_list(out, "of", m->units, m->unit_count);
    }
    put_list(out, "tags", m->tags, m->tag_count);
    put_features(out, m);
    put_time(out, "    every: ", m->every_us);
    put_while(out, m);
    if (!m->monitor.is) {
        put_label(out, m);
    }
    ls_buffer_text(out, "\n    learner: ");
    ls_put_text(out, m->learner);
    ls_buffer_text(out, "\n");
    if (m->monitor.is) {
        put_monitor(out, &m->monitor);
    } else {
        put_learning(out, m);
    }
    put_key(out, m);
    ls_buffer_printf(out, "    seed: %llu\n    split: %s\n", (unsigned long long)m->seed,
                     m->by_unit ? "unit" : "time");
    put_number(out, "    train: ", m->train);
    put_number(out, "\n    calibrate: ", m->calibrate);
    put_time(out, "\n    gap: ", m->gap_us);
    ls_buffer_text(out, "\n");
    if (m->monitor.is) {
        put_number(out, "    gates: {false-alarms: ", m->gates.false_alarms);
        put_time(out, ", latency: ", m->gates.latency_us);
        ls_buffer_text(out, "}\n");
    } else {
        put_gates(out, &m->gates);
    }
    put_service(out, m);
    ls_buffer_printf(out, "    mode: %s\n", m->is_auto ? "auto" : "approve");
}

void ls_explain_models(ls_buffer *out, const ls_plant *plant) {
    ls_buffer_text(out, plant->model_count > 0 ? "models:\n" : "# models: none\n");
    for (uint32_t i = 0; i < plant->model_count; i++) {
        put_model(out, &plant->models[i]);
    }
}
