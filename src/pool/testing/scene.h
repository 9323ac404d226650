// scene.h - a pool as its file says, and jobs in it, played by hand: what the scheduler says is
// done, at the time at which it says it. For tests only.
#pragma once

#include "pool/pool_file.h"
#include "pool/scheduler.h"
#include "pool/terms.h"

enum { SCENE_JOBS_MAX = 40000, SCENE_STOPS_MAX = 4096 };
#define SCENE_S INT64_C(1000000)
#define SCENE_MIN (60 * SCENE_S)
#define SCENE_H (60 * SCENE_MIN)
#define SCENE_D (24 * SCENE_H)

typedef enum scene_state { SCENE_WAITS, SCENE_RUNS, SCENE_STOPS, SCENE_OVER } scene_state;

typedef struct scene_job {
    uint32_t id, account;
    ls_shape shape;
    scene_state state;
    int64_t submitted_us, run_us, started_us, over_us;
    uint32_t starts, stops;
    ls_pool_share shares[64];  // of the first parts
} scene_job;

typedef struct scene_stop {
    uint32_t job, for_job;  // of the scene
    int64_t at_us;
    uint64_t milli;
} scene_stop;

typedef struct scene {
    ls_pool *pool;
    ls_terms terms;
    ls_scheduler *s;
    int64_t now_us;
    scene_job *jobs;
    uint32_t count;
    uint32_t of_id[SCENE_JOBS_MAX];  // job of the scene by that of the scheduler
    scene_stop stops[SCENE_STOPS_MAX];
    uint32_t stop_count;
    bool refused;
    char reason[256];
} scene;

// A fresh scene of a pool file's text; NULL: told by CHECK. scene_end gives it back.
scene *scene_of(const char *pool);
void scene_end(scene *s);
// What scene_submit submits, when it says nothing else: a job that may be stopped, needs a minute
// for it and saves nothing before, so that it loses what it has worked.
ls_pool_request scene_request(const scene *s, const char *account, uint32_t parts, uint32_t gpus);
// Submits a job that runs so long (and may run twice as long); returns its number in the scene,
// UINT32_MAX when it is refused (s->reason).
uint32_t scene_submit(scene *s, const ls_pool_request *request, int64_t run_us);
// The usual: `count` jobs of `parts` x `gpus`; returns the number of the first.
uint32_t scene_jobs(scene *s, uint32_t count, const char *account, uint32_t parts, uint32_t gpus,
                    int64_t run_us);
void scene_node(scene *s, uint32_t node, ls_node_state state);
// Carries out what is decided now.
void scene_decide(scene *s);
// Lets the time pass.
void scene_pass(scene *s, int64_t span_us);
// GPUs that the account holds, in thousandths.
uint64_t scene_held(const scene *s, const char *account);
uint32_t scene_running(const scene *s, uint32_t from, uint32_t count);
// A hash of everything that was done, and when.
uint64_t scene_hash(const scene *s);
