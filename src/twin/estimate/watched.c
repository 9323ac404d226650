// watched.c - see watched.h.
#include "twin/estimate/watched.h"

#include <math.h>

#include "base/statistics.h"
#include "base/text.h"

#define SCORE_MAX 8.0
#define CONSTANT_SD 0.02

// Kinds that are watched, in the order of their numbers, and how many there are of each.
enum { KINDS = 6 };
static const ls_quantity_kind kinds[KINDS] = {LS_QUANTITY_PROCESS,   LS_QUANTITY_SETUP,
                                              LS_QUANTITY_FAILURE,   LS_QUANTITY_REPAIR,
                                              LS_QUANTITY_TRANSPORT, LS_QUANTITY_RELEASE};

static uint32_t count_of(const ls_plant *plant, int kind) {
    const uint32_t counts[KINDS] = {plant->step_count,    plant->station_count,
                                    plant->failure_count, plant->failure_count,
                                    plant->station_count, plant->release_count};
    return counts[kind];
}

uint32_t ls_watched_count(const ls_plant *plant) {
    uint32_t count = 0;
    for (int i = 0; i < KINDS; i++) {
        count += count_of(plant, i);
    }
    return count;
}

static ls_quantity_kind kind_of(const ls_plant *plant, uint32_t number, uint32_t *out_of) {
    int kind = 0;
    while (kind < KINDS - 1 && number >= count_of(plant, kind)) {
        number -= count_of(plant, kind++);
    }
    *out_of = number;
    return kinds[kind];
}

static uint32_t number_of(const ls_plant *plant, const ls_quantity_id *id) {
    uint32_t first = 0;
    int kind = 0;
    while (kind < KINDS && kinds[kind] != id->kind) {
        first += count_of(plant, kind++);
    }
    switch (id->kind) {
    case LS_QUANTITY_PROCESS: return first + id->step;
    case LS_QUANTITY_SETUP:
    case LS_QUANTITY_TRANSPORT: return first + id->station;
    case LS_QUANTITY_FAILURE:
    case LS_QUANTITY_REPAIR: return first + id->mode;
    case LS_QUANTITY_RELEASE: return first + id->release;
    default: return LS_NONE;
    }
}

void ls_watched_name(const ls_plant *plant, uint32_t number, char *out, size_t size) {
    uint32_t of = 0;
    const ls_quantity_kind kind = kind_of(plant, number, &of);
    if (kind == LS_QUANTITY_SETUP || kind == LS_QUANTITY_TRANSPORT) {
        ls_text_format(out, size, "%s %s",
                       kind == LS_QUANTITY_SETUP ? "setups of" : "transports to",
                       plant->stations[of].name);
        return;
    }
    const ls_quantity_id id = {
        .kind = kind, .step = of, .machine = LS_NONE, .mode = of, .release = of};
    ls_quantity_describe(plant, &id, out, size);
}

bool ls_watched_is_count(const ls_plant *plant, uint32_t number) {
    uint32_t of = 0;
    ls_quantity_id id = {.kind = kind_of(plant, number, &of)};
    id.mode = of;
    return ls_quantity_is_count(plant, &id);
}

double ls_watched_score(const ls_plant *plant, const ls_dist *dist, double value) {
    if (dist->kind == LS_DIST_CONST) {
        const double mean = dist->p[0];
        const double score = mean > 0.0 ? (value - mean) / (CONSTANT_SD * mean) : 0.0;
        return fmin(fmax(score, -SCORE_MAX), SCORE_MAX);
    }
    const double above = ls_dist_survival(dist, plant->tables, value);
    const double below = ls_dist_cdf(dist, plant->tables, value);
    const double score = above < below ? -ls_stat_normal_quantile(above)
                                       : ls_stat_normal_quantile(below);
    return fmin(fmax(score, -SCORE_MAX), SCORE_MAX);
}

// Of parts that are put in new before they fail only the short lives are seen.
static bool is_renewed(const ls_plant *plant, const ls_fact *fact) {
    const ls_station *st = &plant->stations[fact->station];
    for (uint32_t i = 0; i < st->failure_count; i++) {
        const ls_failure *f = &plant->failures[st->failure_at + i];
        for (uint32_t k = 0; k < f->renews_count && f->maintenance; k++) {
            if (st->failure_at + plant->indexes[f->renews_at + k] == fact->mode) {
                return true;
            }
        }
    }
    return false;
}

bool ls_watched_of_fact(const ls_plant *plant, const ls_fact *fact, ls_watched *out) {
    const char *why = NULL;
    double entered = 0.0;
    if (fact->inferred || fact->censored ||
        !ls_quantity_of_fact(plant, fact, &out->id, &out->value, &entered, &why) ||
        ls_quantity_is_share(out->id.kind) ||
        (fact->kind == LS_FACT_FAILURE && is_renewed(plant, fact))) {
        return false;
    }
    out->dist = ls_quantity_dist(plant, &out->id);
    out->expected = out->dist != NULL ? ls_dist_mean(out->dist, plant->tables) : 0.0;
    if (!(out->expected > 0.0)) {
        return false;
    }
    out->number = number_of(plant, &out->id);
    out->score = ls_watched_score(plant, out->dist, out->value);
    return true;
}
