// scene.c - see scene.h.
#include "pool/testing/scene.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

scene *scene_of(const char *pool) {
    scene *s = calloc(1, sizeof *s);
    ls_errors errors;
    ls_error err = {0};
    ls_errors_init(&errors);
    CHECK(s != NULL);
    CHECK_INT(ls_pool_read(pool, strlen(pool), "pool.yaml", NULL, &s->pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    s->jobs = calloc(SCENE_JOBS_MAX, sizeof *s->jobs);
    CHECK(s->jobs != NULL);
    CHECK_INT(ls_terms_make(s->pool, &s->terms, &err), LS_OK);
    const ls_scheduler_def def = {.cluster = &s->pool->cluster,
                                  .terms = s->terms.rows,
                                  .account_count = s->terms.count,
                                  .reclaim_us = s->terms.reclaim_us,
                                  .restore_shares = s->pool->restore_shares,
                                  .policy = LS_PLACE_OWN};
    CHECK_INT(ls_scheduler_create(&def, &s->s, &err), LS_OK);
    uint32_t spare = LS_POOL_NONE;
    for (uint32_t i = 0; i < s->pool->cluster.node_count; i++) {
        ls_scheduler_node(s->s, 0, i, (ls_node_state)s->pool->states[i], &spare);
    }
    return s;
}

void scene_end(scene *s) {
    ls_scheduler_destroy(s->s);
    ls_terms_clear(&s->terms);
    ls_pool_destroy(s->pool);
    free(s->jobs);
    free(s);
}

ls_pool_request scene_request(const scene *s, const char *account, uint32_t parts, uint32_t gpus) {
    const uint32_t at = ls_pool_account(s->pool, account);
    CHECK(at != LS_POOL_NONE);
    return (ls_pool_request){.account = at,
                             .shape = {.parts = parts,
                                       .gpus = gpus,
                                       .kinds = s->pool->accounts[at].kinds,
                                       .sites = s->pool->accounts[at].sites},
                             .most_us = INT64_MAX,
                             .stop_us = SCENE_MIN,

                             .restartable = true};
}

uint32_t scene_submit(scene *s, const ls_pool_request *request, int64_t run_us) {
    uint32_t id = 0;
    ls_error err = {0};
    ls_pool_request r = *request;
    if (r.most_us == INT64_MAX && run_us < INT64_MAX / 2) {
        r.most_us = 2 * run_us;
    }
    if (ls_scheduler_submit(s->s, s->now_us, &r, &id, &err) != LS_OK) {
        s->refused = true;
        ls_text_format(s->reason, sizeof s->reason, "%s", err.text);
        return UINT32_MAX;
    }
    CHECK(s->count < SCENE_JOBS_MAX && id < SCENE_JOBS_MAX);
    s->of_id[id] = s->count;
    s->jobs[s->count] = (scene_job){.id = id,
                                    .account = r.account,
                                    .shape = r.shape,
                                    .submitted_us = s->now_us,
                                    .run_us = run_us};
    return s->count++;
}

uint32_t scene_jobs(scene *s, uint32_t count, const char *account, uint32_t parts, uint32_t gpus,
                    int64_t run_us) {
    const ls_pool_request r = scene_request(s, account, parts, gpus);
    const uint32_t first = s->count;
    for (uint32_t i = 0; i < count; i++) {
        CHECK_INT(scene_submit(s, &r, run_us), first + i);
    }
    return first;
}

void scene_node(scene *s, uint32_t node, ls_node_state state) {
    uint32_t spare = LS_POOL_NONE;
    ls_scheduler_node(s->s, s->now_us, node, state, &spare);
}

static void start(scene *s, const ls_pool_act *act) {
    scene_job *j = s->jobs + s->of_id[act->job];
    CHECK(j->state == SCENE_WAITS);
    j->state = SCENE_RUNS;
    j->started_us = s->now_us;
    j->over_us = j->run_us > INT64_MAX - s->now_us ? INT64_MAX : s->now_us + j->run_us;
    j->starts++;
    for (uint32_t i = 0; i < j->shape.parts && i < 64; i++) {
        j->shares[i] = act->shares[i];
    }
}

static void stop(scene *s, const ls_pool_act *act) {
    scene_job *j = s->jobs + s->of_id[act->job];
    CHECK(j->state == SCENE_RUNS);
    j->state = SCENE_STOPS;
    j->stops++;
    j->over_us = act->until_us < j->over_us ? act->until_us : j->over_us;
    if (act->why == LS_WHY_RECLAIM && s->stop_count < SCENE_STOPS_MAX) {
        s->stops[s->stop_count++] = (scene_stop){.job = s->of_id[act->job],
                                                 .for_job = s->of_id[act->for_job],
                                                 .at_us = s->now_us,
                                                 .milli = ls_shape_milli(&j->shape)};
    }
}

void scene_decide(scene *s) {
    const ls_pool_act *acts = NULL;
    ls_status status = LS_OK;
    const uint32_t count = ls_scheduler_decide(s->s, s->now_us, &acts, &status);
    CHECK_INT(status, LS_OK);
    for (uint32_t i = 0; i < count; i++) {
        if (acts[i].kind == LS_POOL_START) {
            start(s, acts + i);
        } else {
            stop(s, acts + i);
        }
    }
}

static bool holds(const scene_job *j) {
    return j->state == SCENE_RUNS || j->state == SCENE_STOPS;
}

// What is over by now is told.
static bool end_some(scene *s) {
    bool some = false;
    for (uint32_t i = 0; i < s->count; i++) {
        scene_job *j = s->jobs + i;
        if (holds(j) && j->over_us <= s->now_us) {
            bool waits = false;
            ls_error err = {0};
            CHECK_INT(
                ls_scheduler_ended(s->s, s->now_us, j->id, j->state == SCENE_RUNS, &waits, &err),
                LS_OK);
            j->state = waits ? SCENE_WAITS : SCENE_OVER;
            some = true;
        }
    }
    return some;
}

void scene_pass(scene *s, int64_t span_us) {
    const int64_t until_us = s->now_us + span_us;
    scene_decide(s);
    for (;;) {
        int64_t next_us = ls_scheduler_wake(s->s);
        next_us = next_us > s->now_us ? next_us : s->now_us + 1;
        for (uint32_t i = 0; i < s->count; i++) {
            const scene_job *j = s->jobs + i;
            next_us = holds(j) && j->over_us < next_us ? j->over_us : next_us;
        }
        if (next_us > until_us) {
            break;
        }
        s->now_us = next_us;
        end_some(s);
        scene_decide(s);
    }
    s->now_us = until_us;
}

uint64_t scene_held(const scene *s, const char *account) {
    const uint32_t at = ls_pool_account(s->pool, account);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        for (uint32_t up = s->jobs[i].account; holds(s->jobs + i); up = s->terms.rows[up].parent) {
            sum += up == at ? ls_shape_milli(&s->jobs[i].shape) : 0;
            if (up == 0 || up == at) {
                break;
            }
        }
    }
    return sum;
}

uint32_t scene_running(const scene *s, uint32_t from, uint32_t count) {
    uint32_t running = 0;
    for (uint32_t i = from; i < from + count; i++) {
        running += s->jobs[i].state == SCENE_RUNS;
    }
    return running;
}

uint64_t scene_hash(const scene *s) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint32_t i = 0; i < s->count; i++) {
        const uint64_t parts[] = {s->jobs[i].state, (uint64_t)s->jobs[i].started_us,
                                  s->jobs[i].starts, s->jobs[i].stops, s->jobs[i].shares[0].node};
        for (int k = 0; k < 5; k++) {
            hash = (hash ^ parts[k]) * 0x100000001b3u;
        }
    }
    for (uint32_t i = 0; i < s->stop_count; i++) {
        hash = (hash ^ s->stops[i].job ^ (uint64_t)s->stops[i].for_job << 32) * 0x100000001b3u;
    }
    return hash;
}
