// intake.c - see intake.h.
#include "loop/intake.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "loop/say.h"

static int64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

ls_status ls_intake_init(ls_intake *intake, ls_error *err) {
    memset(intake, 0, sizeof *intake);
    intake->follow_def = ls_follow_def_default();
    // What an edge node kept while the broker was away comes behind its birth, minutes late, and
    // still finds its place.
    intake->follow_def.late_us = LS_INTAKE_LATE_US;
    if (pthread_mutex_init(&intake->lock, NULL) != 0) {
        return ls_fail(err, LS_ERR_MEMORY, "no lock for the intake");
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&intake->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return LS_OK;
}

void ls_intake_clear(ls_intake *intake) {
    ls_free(intake->stamped);
    intake->stamped = NULL;
    ls_running_clear(&intake->running);
    pthread_cond_destroy(&intake->news);
    pthread_mutex_destroy(&intake->lock);
}

// ---- the twin

static bool begin_follow(ls_intake *intake, int64_t plant_us) {
    ls_error err = {0};
    if (ls_running_begin(&intake->running, plant_us, &intake->follow_def, &err) == LS_OK) {
        return true;
    }
    ls_say(LS_LOG_ERROR, "follow", "", "%s", err.text);
    return false;
}

// The twin begins with the first signal that says something of the line.
static void hear_one(void *context, const ls_heard *heard) {
    ls_intake *intake = context;
    if (intake->running.follow != NULL || begin_follow(intake, heard->time_us)) {
        ls_follow_hear(intake->running.follow, heard);
        intake->meant = true;
    }
}

// One sample to mapping and follower. What belongs to history alone does not move the present.
static void follow_sample(ls_intake *intake, const ls_sample *sample) {
    ls_running *running = &intake->running;
    const int64_t plant_us = sample->time_us - running->plant->start_us;
    if ((sample->flags & LS_SAMPLE_HISTORICAL) != 0 && running->follow != NULL &&
        plant_us < ls_follow_now(running->follow) - intake->follow_def.late_us) {
        intake->figures.historical++;
    } else if (intake->order != NULL && ls_mapping_is_order(running->mapping, sample->tag)) {
        intake->order(intake->context, sample);
    } else {
        ls_mapping_sample(running->mapping, sample, hear_one, intake, NULL);
    }
}

// Other signals tell what time it is as well; but a source with a clock of its own, far from that
// of the line, says nothing of the twin's present.
static void note_time(ls_intake *intake, int64_t time_us) {
    const ls_running *running = &intake->running;
    if (running->follow == NULL) {
        return;
    }
    const int64_t now_us = running->plant->start_us + ls_follow_now(running->follow);
    if (now_us > intake->figures.newest_us) {
        intake->figures.newest_us = now_us;
    }
    if (time_us > intake->figures.newest_us &&
        time_us - now_us < intake->follow_def.clock_jump_us) {
        intake->figures.newest_us = time_us;
    }
}

// Silence is noticed by our own clock; for the twin it begins now.
static void date_silence(const ls_intake *intake, ls_sample *sample) {
    if (sample->quality == LS_QUALITY_STALE && intake->running.follow != NULL) {
        sample->time_us = intake->running.plant->start_us + ls_follow_now(intake->running.follow);
    }
}

static void follow_samples(ls_intake *intake, const ls_sample *samples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ls_sample sample = samples[i];
        date_silence(intake, &sample);
        follow_sample(intake, &sample);
        note_time(intake, sample.time_us);
    }
}

void ls_intake_hear_again(ls_intake *intake, const ls_sample *samples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        follow_sample(intake, samples + i);
    }
}

// ---- the sink

double ls_intake_bucket_bound(int bucket) {
    return bucket == LS_INTAKE_BUCKETS - 1 ? INFINITY : ldexp(1e-6 / 16.0, bucket);
}

// The bound of bucket b is 2^b sixteenths of a microsecond.
static void count_latency(ls_intake_figures *figures, int64_t ns) {
    const uint64_t sixteenths = ns > 0 ? ((uint64_t)ns * 16 + 999) / 1000 : 0;
    int bucket = 0;
    while (bucket < LS_INTAKE_BUCKETS - 1 && sixteenths > UINT64_C(1) << bucket) {
        bucket++;
    }
    figures->buckets[bucket]++;
    figures->seconds += (double)ns * 1e-9;
}

double ls_intake_quantile(const ls_intake_figures *figures, double q) {
    uint64_t all = 0;
    for (int i = 0; i < LS_INTAKE_BUCKETS; i++) {
        all += figures->buckets[i];
    }
    double below = 0.0;
    for (int i = 0; i < LS_INTAKE_BUCKETS && all > 0; i++) {
        below += (double)figures->buckets[i];
        if (below >= q * (double)all) {
            return ls_intake_bucket_bound(i);
        }
    }
    return NAN;
}

static bool keep_samples(ls_intake *intake, const ls_sample *samples, size_t count) {
    ls_error err = {0};
    if (intake->history == NULL ||
        ls_history_append(intake->history, samples, count, &err) == LS_OK) {
        if (intake->figures.refuses) {
            ls_say(LS_LOG_DEBUG, "history", "", "what is heard is taken again");
        }
        intake->figures.refuses = false;
        return true;
    }
    // Powers of ten: a full disk shall not fill the log as well.
    static const uint64_t told[] = {0, 10, 100, 1000, 10000, 100000, 1000000};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        if (intake->figures.refused == told[i]) {
            ls_say(LS_LOG_ERROR, "history", "", "%s; what is heard now is not taken (%llu batches)",
                   err.text, (unsigned long long)intake->figures.refused);
        }
    }
    intake->figures.refused++;
    intake->figures.refuses = true;
    return false;
}

// The same samples at the time of arrival, for history and twin alike: after a restart the one is
// heard from the other. NULL: out of memory.
static const ls_sample *stamp(ls_intake *intake, const ls_sample *samples, size_t count,
                              int64_t arrival_us) {
    if (count > intake->stamped_capacity) {
        ls_sample *grown = ls_realloc(intake->stamped, count * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        intake->stamped = grown;
        intake->stamped_capacity = count;
    }
    for (size_t i = 0; i < count; i++) {
        intake->stamped[i] = samples[i];
        intake->stamped[i].time_us = arrival_us;
        intake->stamped[i].flags |= LS_SAMPLE_ARRIVAL;
    }
    return intake->stamped;
}

// The oldest that nobody has looked at counts: a deadline begins with it.
static void note_news(ls_intake *intake, int64_t came_us) {
    if (intake->meant && atomic_load(&intake->news_us) == 0) {
        atomic_store(&intake->news_us, came_us);
    }
}

static bool heard(void *context, const ls_sample *samples, size_t count) {
    ls_intake *intake = context;
    const int64_t began = clock_ns(CLOCK_MONOTONIC);
    const int64_t arrival_us = clock_ns(CLOCK_REALTIME) / 1000;
    pthread_mutex_lock(&intake->lock);
    if (intake->running.plant->listen.clock_is_arrival) {
        samples = stamp(intake, samples, count, arrival_us);
    }
    const bool kept = samples != NULL && keep_samples(intake, samples, count);
    intake->meant = false;
    if (kept) {
        follow_samples(intake, samples, count);
        if (intake->kept != NULL) {
            intake->kept(intake->kept_context, samples, count, intake->figures.newest_us);
        }
        note_news(intake, began / 1000);
        intake->figures.samples += count;
        intake->figures.batches++;
        intake->figures.last_heard_us = arrival_us;
        count_latency(&intake->figures, clock_ns(CLOCK_MONOTONIC) - began);
    }
    const bool tells = intake->meant;
    pthread_mutex_unlock(&intake->lock);
    if (tells) {
        pthread_cond_broadcast(&intake->news);
    }
    return kept;
}

static void noticed(void *context, const ls_notice *notice) {
    ls_intake *intake = context;
    if (intake->noticed != NULL) {
        intake->noticed(intake->context, notice);
    }
}

ls_sink ls_intake_sink(ls_intake *intake) {
    return (ls_sink){.context = intake, .tags = intake->tags, .heard = heard, .noticed = noticed};
}
