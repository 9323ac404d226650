#include "process/walk.h"

#include "process/noise.h"

// A piece lasts length_h +- length_span_h, and leads to rest +- span with no slope.
typedef struct walk_kind {
    double length_h, length_span_h, rest, span;
} walk_kind;
static const walk_kind kinds[LS_TE_WALKS] = {
    [LS_TE_WALK_A_SHARE] = {0.5, 0.2, 0.485, 0.03},
    [LS_TE_WALK_B_SHARE] = {1.0, 0.7, 0.005, 0.003},
    [LS_TE_WALK_D_FEED_C] = {0.5, 0.25, 45.0, 10.0},
    [LS_TE_WALK_C_FEED_C] = {1.0, 0.7, 45.0, 10.0},
    [LS_TE_WALK_REACTOR_WATER_C] = {0.25, 0.15, 35.0, 10.0},
    [LS_TE_WALK_CONDENSER_WATER_C] = {0.25, 0.15, 40.0, 10.0},
    [LS_TE_WALK_KINETICS_G] = {2.0, 1.0, 1.0, 0.25},
    [LS_TE_WALK_KINETICS_H] = {2.0, 1.0, 1.0, 0.25},
    [LS_TE_WALK_STEAM] = {0.5, 0.4, 0.0, 0.25},
    [LS_TE_WALK_REACTOR_FOULING] = {2.0, 1.5, 0.0, 0.0},
    [LS_TE_WALK_CONDENSER_FOULING] = {3.0, 2.0, 0.0, 0.0},
    [LS_TE_WALK_REACTOR_OUTLET] = {2.0, 1.5, 0.0, 0.0},
};
static const double first_piece_h = 0.1;
static const double pulse_fall_h = 0.1;
static const double pulse_least = 0.1;

void ls_te_walks_rest(ls_te_walk walks[LS_TE_WALKS]) {
    for (int i = 0; i < LS_TE_WALKS; i++) {
        walks[i] = (ls_te_walk){.a = kinds[i].rest, .ends_h = first_piece_h};
    }
}

// A cubic from here, value and slope, to a new value without slope.
static void wander(ls_te_walk *walk, const walk_kind *kind, double value, double slope, bool moves,
                   double *generator) {
    const double h = kind->length_span_h * ls_te_symmetric(generator) + kind->length_h;
    const double to = kind->span * ls_te_symmetric(generator) * (moves ? 1.0 : 0.0) + kind->rest;
    (void)ls_te_next(generator);  // the slope at the end: drawn as published, its span is zero
    walk->a = value;
    walk->b = slope;
    walk->c = (3.0 * (to - value) - h * (2.0 * slope)) / (h * h);
    walk->d = (2.0 * (value - to) + h * slope) / (h * h * h);
    walk->ends_h = walk->began_h + h;
}

// Back to zero within 0.1 h when there is something to bring back, else a parabola up to one.
static void pulse(ls_te_walk *walk, const walk_kind *kind, double value, double slope, bool moves,
                  double *generator) {
    if (value > pulse_least) {
        walk->a = value;
        walk->b = slope;
        walk->c = -(3.0 * value + 0.2 * slope) / 0.01;
        walk->d = (2.0 * value + 0.1 * slope) / 0.001;
        walk->ends_h = walk->began_h + pulse_fall_h;
        return;
    }
    const double h = kind->length_span_h * ls_te_symmetric(generator) + kind->length_h;
    walk->a = 0.0;
    walk->b = 0.0;
    walk->c = (moves ? 1.0 : 0.0) / (h * h);
    walk->d = 0.0;
    walk->ends_h = walk->began_h + h;
}

void ls_te_walks_advance(ls_te_walk walks[LS_TE_WALKS], double time_h, unsigned moving,
                         double *generator) {
    for (int i = 0; i < LS_TE_WALKS; i++) {
        ls_te_walk *walk = &walks[i];
        if (time_h < walk->ends_h) {
            continue;
        }
        const double h = walk->ends_h - walk->began_h;
        const double value = walk->a + h * (walk->b + h * (walk->c + h * walk->d));
        const double slope = walk->b + h * (2.0 * walk->c + 3.0 * h * walk->d);
        walk->began_h = walk->ends_h;
        const bool moves = (moving >> i & 1U) != 0;
        (i < LS_TE_WALK_REACTOR_FOULING ? wander : pulse)(walk, &kinds[i], value, slope, moves,
                                                          generator);
    }
}
