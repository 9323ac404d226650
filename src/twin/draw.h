// draw.h - the next number of a stream.
//
// A stream's state is its position alone. Plants with few streams draw in blocks of 64 (vectorised); the block
// lives in the worker's scratch and is a cache of (key, stream, position): same bits either way.
#pragma once

#include "twin/context.h"

LS_SLOW void ls_block_fill(ls_ctx *c, ls_u32 stream, ls_u64 n) {
    double *values = c->blocks[stream].values;
    const ls_m_stream *of = c->streams + stream;
    const ls_u64 first = n & ~(ls_u64)(LS_DRAW_BLOCK - 1);
    c->firsts[stream] = first;
    if (of->exp != 0) {
        ls_random_fill_exp(c->s->key, of->id, first, values, LS_DRAW_BLOCK);
    } else {
        ls_random_fill_uniform(c->s->key, of->id, first, values, LS_DRAW_BLOCK);
    }
}

LS_HOT double ls_block_value(ls_ctx *c, ls_u32 stream, ls_u64 n) {
    if (LS_UNLIKELY(n - c->firsts[stream] >= LS_DRAW_BLOCK)) {
        ls_block_fill(c, stream, n);
    }
    return c->blocks[stream].values[n & (LS_DRAW_BLOCK - 1)];
}

LS_FN int ls_dist_by_inversion(ls_u32 kind) {
    return kind != LS_DIST_GAMMA && kind != LS_DIST_ERLANG && kind != LS_DIST_BETA;
}

LS_SLOW double ls_draw_other(ls_ctx *c, ls_u32 stream, const ls_dist *dist, ls_u64 n) {
    if (dist->kind == LS_DIST_EXP) {
        return ls_random_exp_unit(c->s->key, c->streams[stream].id, n) * dist->p[0];
    }
    if (c->blocks != 0 && c->streams[stream].exp == 0 && ls_dist_by_inversion(dist->kind)) {
        return ls_dist_from_uniform(dist, c->tables, ls_block_value(c, stream, n));
    }
    return ls_dist_sample(dist, c->tables, c->s->key, c->streams[stream].id, n);
}

// Microseconds (or a plain number), at least 0. A constant takes no position.
LS_HOT double ls_draw(ls_ctx *c, ls_u32 stream, ls_u32 dist_index) {
    const ls_dist *dist = c->dists + dist_index;
    const ls_u32 kind = dist->kind;
    const double first = dist->p[0];
    if (LS_UNLIKELY(kind == LS_DIST_CONST)) {
        return first;
    }
    const ls_u64 n = c->position[stream];
    c->position[stream] = n + 1;
    if (LS_LIKELY(kind == LS_DIST_EXP && c->blocks != 0 && c->streams[stream].exp != 0)) {
        return ls_block_value(c, stream, n) * first;
    }
    return ls_draw_other(c, stream, dist, n);
}

LS_FN double ls_draw_uniform(ls_ctx *c, ls_u32 stream) {
    const ls_u64 n = c->position[stream]++;
    return ls_random_uniform(c->s->key, c->streams[stream].id, n);
}

LS_FN ls_i64 ls_round_us(double us) {
    return us < 9.0e18 ? (ls_i64)(us + 0.5) : LS_NEVER / 2;
}
