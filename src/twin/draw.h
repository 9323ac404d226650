// draw.h - the next number of a stream.
//
// A stream's state is its position alone. Plants with few streams draw in blocks of 64
// (vectorised); the block lives in the worker's scratch and is a cache of (key, stream, position):
// same bits either way.
#pragma once

#include "twin/context.h"

LS_FN ls_i64 ls_round_us(double us) {
    return us < 9.0e18 ? (ls_i64)(us + 0.5) : LS_NEVER / 2;
}

// The block of a stream with position n in it. A block holds one kind of value, by the stream.
LS_SLOW double ls_block_fill(ls_ctx *c, ls_u32 stream, ls_u64 n) {
    double *values = c->blocks[stream].values;
    const ls_m_stream *of = c->streams + stream;
    const ls_u64 first = n & ~(ls_u64)(LS_DRAW_BLOCK - 1);
    if (of->exp != 0) {
        c->exp_firsts[stream] = first;
        ls_random_fill_exp(c->s->key, of->id, first, values, LS_DRAW_BLOCK);
    } else {
        c->firsts[stream] = first;
        ls_random_fill_uniform(c->s->key, of->id, first, values, LS_DRAW_BLOCK);
    }
    return values[n & (LS_DRAW_BLOCK - 1)];
}

LS_FN int ls_dist_by_inversion(ls_u32 kind) {
    return kind != LS_DIST_GAMMA && kind != LS_DIST_ERLANG && kind != LS_DIST_BETA;
}

LS_SLOW double ls_draw_other(ls_ctx *c, ls_u32 stream, const ls_dist *dist, ls_u64 n) {
    const ls_u32 exp = c->streams[stream].exp;
    if (dist->kind == LS_DIST_EXP) {
        if (c->blocks != 0 && exp != 0) {
            return ls_block_fill(c, stream, n) * dist->p[0];
        }
        return ls_random_exp_unit(c->s->key, c->streams[stream].id, n) * dist->p[0];
    }
    if (c->blocks != 0 && exp == 0 && ls_dist_by_inversion(dist->kind)) {
        const double u = n - c->firsts[stream] < LS_DRAW_BLOCK
                             ? c->blocks[stream].values[n & (LS_DRAW_BLOCK - 1)]
                             : ls_block_fill(c, stream, n);
        return ls_dist_from_uniform(dist, c->tables, u);
    }
    return ls_dist_sample(dist, c->tables, c->s->key, c->streams[stream].id, n);
}

// Microseconds (or a plain number), at least 0. A constant takes no position.
LS_HOT double ls_draw(ls_ctx *c, ls_u32 stream, ls_u32 dist_index) {
    const ls_dist *dist = c->dists + dist_index;
    const double first = dist->p[0];
    if (LS_UNLIKELY(dist->kind == LS_DIST_CONST)) {
        return first;
    }
    const ls_u64 n = c->position[stream];
    c->position[stream] = n + 1;
    // Only where a block of exponentials stands ready, and then every draw of the stream is
    // exponential.
    if (LS_LIKELY(n - c->exp_firsts[stream] < LS_DRAW_BLOCK)) {
        return c->blocks[stream].values[n & (LS_DRAW_BLOCK - 1)] * first;
    }
    return ls_draw_other(c, stream, dist, n);
}

LS_SLOW double ls_draw_rare(ls_ctx *c, ls_u32 stream, ls_u32 dist_index) {
    return ls_draw(c, stream, dist_index);
}

// Is the next exponential draw of this source's stream ready?
LS_HOT int ls_ahead_is_ready(const ls_ctx *c, ls_u32 source, ls_u32 stream) {
    return c->ahead[source].position == c->position[stream];
}

#define LS_AHEAD_MEAN_MAX 2.0e17  // us; a draw is at most 36.05 means, which then fits 63 bits

// A block of rounded times with position n in it. Not for streams that also draw other things.
LS_SLOW void ls_ahead_fill(ls_ctx *c, ls_u32 source, ls_u32 stream, double mean, ls_u64 n) {
    ls_ahead *ahead = c->ahead + source;
    ahead->first = LS_BLOCK_EMPTY;
    if (c->blocks == 0 || c->streams[stream].exp == 0 || !(mean < LS_AHEAD_MEAN_MAX)) {
        return;
    }
    if (n - c->exp_firsts[stream] >= LS_DRAW_BLOCK) {
        ls_block_fill(c, stream, n);
    }
    const double *values = c->blocks[stream].values;
    ls_u64 *steps = c->ahead_steps + (ls_u64)source * LS_DRAW_BLOCK;
    const ls_u32 bits = c->m->source_bits;
    const ls_i64 horizon = c->m->horizon;
    for (int i = 0; i < LS_DRAW_BLOCK; i++) {
        const ls_i64 total = (ls_i64)(values[i] * mean + 0.5);
        steps[i] = total < horizon ? (ls_u64)total << bits : LS_STEP_NONE;
    }
    ahead->first = n & ~(ls_u64)(LS_DRAW_BLOCK - 1);
}

// Makes the draw after that one ready. mean above 0.
LS_HOT void ls_ahead_make(ls_ctx *c, ls_u32 source, ls_u32 stream, double mean) {
    ls_ahead *ahead = c->ahead + source;
    const ls_u64 n = c->position[stream];
    if (LS_UNLIKELY(n - ahead->first >= LS_DRAW_BLOCK)) {
        ls_ahead_fill(c, source, stream, mean, n);
        if (ahead->first == LS_BLOCK_EMPTY) {
            return;
        }
    }
    const ls_u64 step = c->ahead_steps[(ls_u64)source * LS_DRAW_BLOCK + (n & (LS_DRAW_BLOCK - 1))];
    ahead->step = step;
    ahead->position = LS_LIKELY(step != LS_STEP_NONE) ? n : LS_BLOCK_EMPTY;
}

LS_FN double ls_draw_uniform(ls_ctx *c, ls_u32 stream) {
    const ls_u64 n = c->position[stream]++;
    return ls_random_uniform(c->s->key, c->streams[stream].id, n);
}
