// why_text.c - answers in sentences.
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "pool/why_inside.h"

enum { NAME_SIZE = 96, TIME_SIZE = 64 };

typedef struct say {
    const ls_why_names *names;
    const ls_cluster *cluster;
    int64_t now_us;
    char *out;
    size_t size, length;
} say;

static void put(say *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(say *s, const char *format, ...) {
    const size_t at = s->length < s->size ? s->length : s->size;
    va_list args;
    va_start(args, format);
    s->length += ls_text_vformat(s->out + at, s->size - at, format, args);
    va_end(args);
}

// ---- names

static const char *account_name(const say *s, uint32_t account, char *room) {
    if (s->names != NULL && s->names->account != NULL) {
        return s->names->account(s->names->context, account);
    }
    ls_text_format(room, NAME_SIZE, "account %u", account);
    return room;
}

static const char *job_name(const say *s, uint32_t job, char *room) {
    if (s->names != NULL && s->names->job != NULL) {
        s->names->job(s->names->context, job, room, NAME_SIZE);
    } else {
        ls_text_format(room, NAME_SIZE, "job %u", job);
    }
    return room;
}

static const char *reservation_name(const say *s, uint32_t reservation, char *room) {
    if (s->names != NULL && s->names->reservation != NULL) {
        return s->names->reservation(s->names->context, reservation);
    }
    ls_text_format(room, NAME_SIZE, "reservation %u", reservation);
    return room;
}

static const char *span_name(int64_t us, char *room) {
    ls_units_show_time((double)us, room, TIME_SIZE);
    return room;
}

// "in 12 min", "12 min ago", "now"; or as the caller says it.
static const char *when_name(const say *s, int64_t at_us, char *room) {
    if (s->names != NULL && s->names->when != NULL) {
        s->names->when(s->names->context, at_us, s->now_us, room, TIME_SIZE);
        return room;
    }
    char span[TIME_SIZE];
    if (at_us == s->now_us) {
        return "now";
    }
    if (at_us > s->now_us) {
        ls_text_format(room, TIME_SIZE, "in %s", span_name(at_us - s->now_us, span));
    } else {
        ls_text_format(room, TIME_SIZE, "%s ago", span_name(s->now_us - at_us, span));
    }
    return room;
}

static double gpus_of(uint64_t milli) {
    return (double)milli / LS_POOL_WHOLE;
}

static const char *unit(const say *s) {
    return s->names != NULL && s->names->gpu != NULL ? s->names->gpu : "GPU";
}

static const char *plural(uint64_t milli) {
    return milli == LS_POOL_WHOLE ? "" : "s";
}

static const char *are(uint64_t milli) {
    return milli == LS_POOL_WHOLE ? "is" : "are";
}

static const char *const levels[] = {"the pool", "site",          "hall", "row",
                                     "rack",     "NVLink domain", "node"};

// ---- what is short

static void say_short(say *s, const ls_why *why) {
    char a[NAME_SIZE], b[NAME_SIZE], t[TIME_SIZE];
    const double need = gpus_of(why->need_milli);
    switch (why->what) {
    case LS_SHORT_NOTHING: put(s, "A place is free: it starts in the next round.\n"); return;
    case LS_SHORT_STOPPING:
        put(s, "Its place is being given back: others were told to stop for it.\n");
        return;
    case LS_SHORT_BUDGET:
        put(s,
            "%s has used its GPU hours of this month and starts nothing new until the next, which "
            "begins %s.\n",
            account_name(s, why->account, a), when_name(s, why->until_us, t));
        return;
    case LS_SHORT_LIMIT:
        put(s, "It needs %.6g %s%s; the limit of %s is %.6g%s%s%s, which leaves %.6g.\n", need,
            unit(s), plural(why->need_milli), account_name(s, why->account, a),
            gpus_of(why->most_milli), why->kind != LS_POOL_NONE ? " (" : "",
            why->kind != LS_POOL_NONE ? s->cluster->kinds[why->kind].name : "",
            why->kind != LS_POOL_NONE ? ")" : "", gpus_of(why->free_milli));
        return;
    case LS_SHORT_TURN:
        put(s, "A place is free, but it is the turn of %s first.\n",
            why->for_job != LS_POOL_NONE ? job_name(s, why->for_job, b) : "another job");
        return;
    case LS_SHORT_PROMISED:
        put(s, "A place is free, but kept for %s from %s on, and it may run longer than that.\n",
            why->for_job != LS_POOL_NONE ? job_name(s, why->for_job, b) : "another job",
            when_name(s, why->from_us > s->now_us ? why->from_us : s->now_us, t));
        return;
    case LS_SHORT_RESERVED:
        put(s, "A place is free, but kept by %s from %s on.\n",
            reservation_name(s, why->reservation, b),
            when_name(s, why->from_us > s->now_us ? why->from_us : s->now_us, t));
        return;
    case LS_SHORT_POWER:
        put(s, "It needs %.6g %s%s; they are free, but the power of '%s' is used up.\n", need,
            unit(s), plural(why->need_milli), s->cluster->units[why->unit].name);
        return;
    case LS_SHORT_UP:
        put(s, "Too many nodes are out of service: it would not fit even if nothing ran.\n");
        return;
    case LS_SHORT_GPUS:
        put(s, "It needs %.6g %s%s; %.6g of those that would do %s free.\n", need, unit(s),
            plural(why->need_milli), gpus_of(why->free_milli), are(why->free_milli));
        return;
    case LS_SHORT_NODES:
        if (why->need_milli == 0) {
            put(s, "No nodes have the processors and the memory for its parts free.\n");
            return;
        }
        put(s,
            "%.6g %s%s that would do %s free, and it needs %.6g, but no nodes have room for its "
            "parts.\n",
            gpus_of(why->free_milli), unit(s), plural(why->free_milli), are(why->free_milli), need);
        return;
    case LS_SHORT_UNIT:
        put(s, "%.6g %ss that would do are free, and it needs %.6g, but no one %s has them all.\n",
            gpus_of(why->free_milli), unit(s), need, levels[why->level]);
        return;
    }
}

static void say_holders(say *s, const ls_why *why) {
    char a[NAME_SIZE], b[NAME_SIZE], t[TIME_SIZE], u[TIME_SIZE];
    for (uint32_t i = 0; i < why->holder_count; i++) {
        const ls_why_holder *h = why->holders + i;
        put(s, "  %s holds %.6g in %u job%s", account_name(s, h->account, a), gpus_of(h->milli),
            h->jobs, h->jobs == 1 ? "" : "s");
        if (h->borrowed > 0) {
            put(s, " and borrows %.6g", gpus_of(h->borrowed));
        }
        put(s, "; the oldest, %s, began %s", job_name(s, h->oldest, b),
            when_name(s, h->since_us, t));
        if (h->until_us < INT64_MAX) {
            put(s, "; all are over %s at the latest",
                when_name(s, h->until_us > s->now_us ? h->until_us : s->now_us, u));
        }
        put(s, ".\n");
    }
    if (why->more_holders > 0) {
        put(s, "  %u more account%s hold%s less.\n", why->more_holders,
            why->more_holders == 1 ? "" : "s", why->more_holders == 1 ? "s" : "");
    }
}

static void say_guarantee(say *s, const ls_why *why) {
    char a[NAME_SIZE], t[TIME_SIZE];
    if (why->need_milli == 0) {
        return;
    }
    if (why->spot) {
        put(s,
            "A spot job: it starts when nobody else needs the place, and nothing is taken back for "
            "it.\n");
    } else if (why->guarantor == LS_POOL_NONE) {
        put(s, "Its guarantees are used up: it would borrow.\n");
    } else if (why->back_us == INT64_MAX) {
        put(s, "It is within the guarantee of %s.\n", account_name(s, why->guarantor, a));
    } else {
        put(s, "It is within the guarantee of %s: what others borrow %s promised back %s%s.\n",
            account_name(s, why->guarantor, a), why->back_us < s->now_us ? "was" : "is",
            when_name(s, why->back_us, t), why->back_us < s->now_us ? "" : " at the latest");
    }
}

static void say_gave_way(say *s, const ls_why *why) {
    char a[NAME_SIZE], t[TIME_SIZE], u[TIME_SIZE];
    if (why->gave_way_us != INT64_MIN) {
        put(s, "It had been promised nodes %s; %s took them back %s, within its guarantee.\n",
            when_name(s, why->gave_way_from_us, t), account_name(s, why->gave_way_to, a),
            when_name(s, why->gave_way_us, u));
    }
}

static void say_expected(say *s, const ls_why *why) {
    char t[TIME_SIZE];
    const char *at = when_name(s, why->expected_us, t);
    switch (why->expected) {
    case LS_EXPECTED_NOW: return;
    case LS_EXPECTED_UNKNOWN:
        put(s, "When it starts is not known: %s.\n",
            why->what == LS_SHORT_POWER ? "when so much power gets free"
                                        : "what is in its way says no longest time");
        return;
    case LS_EXPECTED_PROMISE:
        put(s, "Expected %s at the latest: nodes are kept for it from then on%s.\n", at,
            why->may_give_way ? ", unless others take back what they are guaranteed" : "");
        return;
    case LS_EXPECTED_STOPS:
        put(s, "Expected %s at the latest: those that were told to stop are over by then.\n", at);
        return;
    case LS_EXPECTED_RECLAIM: put(s, "Expected %s: by then it is taken back.\n", at); return;
    case LS_EXPECTED_PLAN:
        put(s,
            "Expected %s, when enough jobs have reached their longest times, if nobody goes "
            "before it%s; sooner when they end sooner.\n",
            at, why->before > 0 ? " of those that wait" : "");
        return;
    case LS_EXPECTED_MONTH:
        put(s, "Expected %s at the earliest: a new month begins.\n", at);
        return;
    }
}

static void say_help(say *s, const ls_help *h) {
    char a[NAME_SIZE], t[TIME_SIZE];
    switch (h->what) {
    case LS_HELP_LIMIT:
        put(s, "  a limit of %s greater by %.6g%s%s.\n", account_name(s, h->account, a),
            gpus_of(h->milli), h->kind != LS_POOL_NONE ? " " : "",
            h->kind != LS_POOL_NONE ? s->cluster->kinds[h->kind].name : "");
        return;
    case LS_HELP_BUDGET:
        put(s, "  a greater budget of %s.\n", account_name(s, h->account, a));
        return;
    case LS_HELP_TIME:
        put(s, "  a longest time of at most %s: it would start now.\n", span_name(h->us, t));
        return;
    case LS_HELP_ANYWHERE:
        put(s, "  to be placed over several units: it would start now.\n");
        return;
    case LS_HELP_PARTS:
        put(s, "  %u part%s instead: %s would start now.\n", h->parts, h->parts == 1 ? "" : "s",
            h->parts == 1 ? "it" : "they");
        return;
    case LS_HELP_SMALLER:
        put(s, "  %u parts of %u %s%s each, as many in all: they would start now.\n", h->parts,
            h->gpus, unit(s), h->gpus == 1 ? "" : "s");
        return;
    case LS_HELP_KINDS:
        put(s, "  %s, if the account may use them: it would start now.\n",
            s->cluster->kinds[h->kind].name);
        return;
    case LS_HELP_GUARANTEE:
        put(s, "  a guarantee of %s greater by %.6g: it could take back what others borrow.\n",
            account_name(s, h->account, a), gpus_of(h->milli));
        return;
    }
}

size_t ls_why_text(const ls_why *why, const ls_cluster *cluster, const ls_why_names *names,
                   char *out, size_t size) {
    say s = {.names = names, .cluster = cluster, .now_us = why->now_us, .out = out, .size = size};
    char a[NAME_SIZE], b[NAME_SIZE], t[TIME_SIZE];
    put(&s, "%s of %s has waited for %s.\n", job_name(&s, why->job, b),
        account_name(&s, why->account_of_job, a), span_name(why->now_us - why->since_us, t));
    say_short(&s, why);
    if (why->before > 0) {
        put(&s, "%u job%s of its account wait%s before it.\n", why->before,
            why->before == 1 ? "" : "s", why->before == 1 ? "s" : "");
    }
    say_holders(&s, why);
    say_guarantee(&s, why);
    say_gave_way(&s, why);
    say_expected(&s, why);
    if (why->help_count > 0) {
        put(&s, "What would help:\n");
    }
    for (uint32_t i = 0; i < why->help_count; i++) {
        say_help(&s, why->helps + i);
    }
    return s.length;
}

// ---- acts

static void say_reclaim(say *s, const ls_scheduler *scheduler, const ls_pool_act *act) {
    char a[NAME_SIZE], b[NAME_SIZE], c[NAME_SIZE], d[NAME_SIZE], t[TIME_SIZE];
    const uint32_t giver = scheduler->jobs[act->job].request.account;
    const uint32_t taker = scheduler->jobs[act->for_job].request.account;
    put(s, "%s of %s gives back ", job_name(s, act->job, a), account_name(s, giver, b));
    if (act->milli > 0) {
        put(s, "%.6g %s%s (%s) to ", gpus_of(act->milli), unit(s), plural(act->milli),
            s->cluster->kinds[act->gpu_kind].name);
    } else {
        put(s, "its processors and memory to ");
    }
    put(s, "%s of %s", job_name(s, act->for_job, c), account_name(s, taker, d));
    put(s, ", %s at the latest: %s borrows %.6g, ", when_name(s, act->until_us, t),
        account_name(s, act->gives, b), gpus_of(act->gives_borrowed));
    if (act->takes_borrows == 0) {
        put(s, "%s nothing with it.", account_name(s, act->takes, d));
    } else {
        put(s, "%s %.6g with it, less by weight.", account_name(s, act->takes, d),
            gpus_of(act->takes_borrows));
    }
}

size_t ls_why_act_text(const ls_scheduler *scheduler, const ls_pool_act *act,
                       const ls_why_names *names, char *out, size_t size) {
    say s = {.names = names,
             .cluster = scheduler->cluster,
             .now_us = scheduler->now_us,
             .out = out,
             .size = size};
    char a[NAME_SIZE], b[NAME_SIZE], c[NAME_SIZE], d[NAME_SIZE];
    const char *account = account_name(&s, scheduler->jobs[act->job].request.account, b);
    if (act->kind == LS_POOL_STOP && act->why == LS_WHY_RECLAIM) {
        say_reclaim(&s, scheduler, act);
        return s.length;
    }
    put(&s, "%s of %s ", job_name(&s, act->job, a), account);
    switch (act->why) {
    case LS_WHY_TURN: put(&s, "starts: it is its turn and a place is free."); break;
    case LS_WHY_BACKFILL:
        put(&s, "starts: a place is free that those before it cannot use.");
        break;
    case LS_WHY_PROMISED: put(&s, "starts on the nodes that were kept for it."); break;
    case LS_WHY_YIELD:
        put(&s, "is stopped: a spot job, it gives its place to %s of %s.",
            job_name(&s, act->for_job, c),
            account_name(&s, scheduler->jobs[act->for_job].request.account, d));
        break;
    case LS_WHY_MOVE:
        put(&s, "is stopped to go on elsewhere: so %s of %s has a place.",
            job_name(&s, act->for_job, c),
            account_name(&s, scheduler->jobs[act->for_job].request.account, d));
        break;
    case LS_WHY_BROKEN: put(&s, "is stopped: a node of it broke."); break;
    case LS_WHY_CANCEL: put(&s, "is stopped: it was cancelled."); break;
    case LS_WHY_RECLAIM: break;
    }
    return s.length;
}

// ---- words

const char *ls_short_word(ls_short what) {
    static const char *const words[] = {"nothing", "stopping", "budget",   "limit",
                                        "turn",    "promised", "reserved", "power",
                                        "up",      "gpus",     "nodes",    "unit"};
    return words[what];
}

const char *ls_expected_word(ls_expected how) {
    static const char *const words[] = {"unknown", "now",  "promise", "stops",
                                        "reclaim", "plan", "month"};
    return words[how];
}

const char *ls_help_word(ls_help_kind what) {
    static const char *const words[] = {"limit", "budget",  "time",  "anywhere",
                                        "parts", "smaller", "kinds", "guarantee"};
    return words[what];
}
