// why_help.c - what would help a job that waits: asked of the books and of the places, not guessed.
#include "pool/why_inside.h"

static void add(ls_why *why, ls_help help) {
    if (why->help_count < LS_WHY_HELPS_MAX) {
        why->helps[why->help_count++] = help;
    }
}

// Every limit on its way that is too small, by so much.
static void help_limits(const ls_scheduler *s, ls_why *why) {
    const ls_pool_request *r = &s->jobs[why->job].request;
    for (uint32_t at = r->account; at != 0 && at != LS_POOL_NONE;
         at = ls_shares_parent(s->shares, at)) {
        uint64_t least = UINT64_MAX;
        uint32_t kind = LS_POOL_NONE;
        for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
            bool of_kind = false;
            const uint64_t over = ls_why_over_limit(s, at, k, why->need_milli, &of_kind);
            if (((r->shape.kinds >> k) & 1) != 0 && over < least) {
                least = over;
                kind = of_kind ? k : LS_POOL_NONE;
            }
        }
        if (least > 0 && least != UINT64_MAX) {
            add(why, (ls_help){.what = LS_HELP_LIMIT, .account = at, .kind = kind, .milli = least});
        }
    }
}

// The longest time with which it would fit before what is promised.
static void help_time(ls_scheduler *s, ls_why *why, const ls_shape *shape) {
    const int64_t most_us = s->jobs[why->job].request.most_us;
    int64_t best_us = 0;
    for (uint32_t i = 0; i < s->reserved_count; i++) {
        const ls_reserved *r = s->reserved + i;
        const int64_t span_us = r->job != LS_POOL_NONE && r->from_us > s->now_us
                                    ? r->from_us - s->now_us
                                    : 0;
        if (span_us > best_us && span_us < most_us &&
            ls_why_find(s, why->job, shape, s->now_us + span_us)) {
            best_us = span_us;
        }
    }
    if (best_us > 0) {
        add(why, (ls_help){.what = LS_HELP_TIME, .us = best_us});
    }
}

static void help_anywhere(ls_scheduler *s, ls_why *why, ls_shape shape, int64_t until_us) {
    if (shape.must && shape.within != LS_POOL_ANYWHERE) {
        shape.must = false;
        if (ls_why_find(s, why->job, &shape, until_us)) {
            add(why, (ls_help){.what = LS_HELP_ANYWHERE});
        }
    }
}

// The same GPUs in more and smaller parts.
static void help_smaller(ls_scheduler *s, ls_why *why, ls_shape shape, int64_t until_us) {
    while (shape.gpus > 1 && shape.gpus % 2 == 0 && shape.parts <= UINT32_MAX / 2) {
        shape.gpus /= 2;
        shape.cpu_milli /= 2;
        shape.memory_mib /= 2;
        shape.parts *= 2;
        if (ls_why_find(s, why->job, &shape, until_us)) {
            add(why, (ls_help){.what = LS_HELP_SMALLER, .parts = shape.parts, .gpus = shape.gpus});
            return;
        }
    }
}

// The most parts that would start now.
static void help_parts(ls_scheduler *s, ls_why *why, ls_shape shape, int64_t until_us) {
    uint32_t fits = 0, most = shape.parts;  // `fits` parts do, `most` do not
    while (most - fits > 1) {
        shape.parts = fits + (most - fits) / 2;
        if (ls_why_find(s, why->job, &shape, until_us)) {
            fits = shape.parts;
        } else {
            most = shape.parts;
        }
    }
    if (fits > 0) {
        add(why, (ls_help){.what = LS_HELP_PARTS, .parts = fits, .gpus = shape.gpus});
    }
}

static void help_kinds(ls_scheduler *s, ls_why *why, ls_shape shape, int64_t until_us) {
    const ls_pool_request *r = &s->jobs[why->job].request;
    for (uint32_t k = 0; k < s->cluster->kind_count && r->shape.kinds != 0; k++) {
        if (((r->shape.kinds >> k) & 1) != 0 ||
            ls_shares_limited(s->shares, r->account, k, why->need_milli) != LS_POOL_NONE) {
            continue;
        }
        shape.kinds = (uint32_t)1 << k;
        if (ls_why_find(s, why->job, &shape, until_us)) {
            add(why, (ls_help){.what = LS_HELP_KINDS, .kind = k});
            return;
        }
    }
}

// With so much more guaranteed it could take back what others borrow.
static void help_guarantee(const ls_scheduler *s, ls_why *why) {
    const ls_pool_request *r = &s->jobs[why->job].request;
    bool lent = false;
    for (uint32_t i = 0; i < why->holder_count; i++) {
        lent |= why->holders[i].borrowed > 0 && why->holders[i].account != r->account;
    }
    if (!lent || why->guarantor != LS_POOL_NONE || r->account == 0) {
        return;
    }
    uint64_t least = UINT64_MAX;
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        const uint64_t over = ((r->shape.kinds >> k) & 1) != 0
                                  ? ls_shares_borrowed_with(s->shares, r->account, k,
                                                            why->need_milli)
                                  : UINT64_MAX;
        least = over < least ? over : least;
    }
    if (least > 0 && least != UINT64_MAX) {
        add(why, (ls_help){.what = LS_HELP_GUARANTEE, .account = r->account, .milli = least});
    }
}

ls_status ls_why_help(ls_scheduler *s, ls_why *why, ls_error *err) {
    const ls_pool_job *j = s->jobs + why->job;
    if (why->what == LS_SHORT_NOTHING || why->what == LS_SHORT_STOPPING ||
        why->what == LS_SHORT_TURN) {
        return LS_OK;
    }
    if (why->what == LS_SHORT_LIMIT) {
        help_limits(s, why);
        return LS_OK;
    }
    if (why->what == LS_SHORT_BUDGET) {
        add(why, (ls_help){.what = LS_HELP_BUDGET, .account = why->account});
        return LS_OK;
    }
    if (!ls_grow(&s->places, &s->places_room, sizeof *s->places, j->request.shape.parts)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    uint32_t limit = LS_POOL_NONE;
    ls_shape shape = j->request.shape;
    shape.kinds = ls_scheduler_kinds(s, j, &limit);
    const int64_t until_us = ls_pool_later(s->now_us, j->request.most_us);
    help_time(s, why, &shape);
    help_anywhere(s, why, shape, until_us);
    help_smaller(s, why, shape, until_us);
    help_parts(s, why, shape, until_us);
    help_kinds(s, why, shape, until_us);
    help_guarantee(s, why);
    return LS_OK;
}
