// few_jobs.c - see few_jobs.h.
#include "pool/testing/few_jobs.h"

#include "tests/harness.h"

ls_sim_job few_jobs_one(uint64_t tag, uint32_t account, int64_t submit_us, uint32_t parts,
                        uint32_t gpus, int64_t work_us) {
    return (ls_sim_job){.submit_us = submit_us,
                        .work_us = work_us,
                        .tag = tag,
                        .request = {.account = account,
                                    .shape = {.parts = parts, .gpus = gpus, .kinds = 1},
                                    .most_us = INT64_MAX,
                                    .restartable = true}};
}

static bool next(void *context, ls_sim_job *out) {
    few_jobs *few = context;
    if (few->at == few->count) {
        return false;
    }
    *out = few->jobs[few->at++];
    return true;
}

static bool note(void *context, const ls_sim_event *event) {
    few_jobs *few = context;
    few->grew += event->kind == LS_SIM_GREW;
    few->shrank += event->kind == LS_SIM_SHRANK;
    if (event->kind == LS_SIM_ENDED) {
        few->ended_us[event->job->tag] = event->at_us;
    }
    return true;
}

static bool note_books(void *context, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                       const ls_meter_pool *pool) {
    few_jobs *few = context;
    (void)from_us;
    (void)to_us;
    (void)pool;
    few->held += rows[0].held;
    few->lost += rows[0].lost;
    return true;
}

ls_sim_def few_jobs_sim(few_jobs *few, scene *s, const ls_sim_policy *policy) {
    return (ls_sim_def){.scheduler = {.cluster = &s->pool->cluster,
                                      .terms = s->terms.rows,
                                      .account_count = s->pool->account_count,
                                      .reclaim_us = s->terms.reclaim_us,
                                      .restore_shares = s->pool->restore_shares,
                                      .policy = LS_PLACE_OWN},
                        .policy = policy,
                        .load = {.next = next, .context = few},
                        .until_us = FEW_JOBS_HOURS * SCENE_H,
                        .on_event = note,
                        .on_close = note_books,
                        .context = few};
}

void few_jobs_run(few_jobs *few, const char *pool, const ls_sim_policy *policy,
                  ls_sim_result *out) {
    ls_error err = {0};
    scene *s = scene_of(pool);
    if (s == NULL) {
        return;
    }
    const ls_sim_def sim = few_jobs_sim(few, s, policy);
    CHECK_INT(ls_simulate(&sim, out, &err), LS_OK);
    scene_end(s);
}
